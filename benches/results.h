/*
 * What was measured. A plain block of memory: each set of kernels is measured by a process of its own, which writes
 * here.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef RESULTS_H
#define RESULTS_H

#include "options.h"

#include <stddef.h>

enum { MOST_ROWS = 128, MOST_POINTS = 128 };

/* Of one row. */
struct result {
    int row;            /* of ROWS */
    char loop[64];      /* the variants of the limit that were fastest */
    double limit, ours; /* seconds */
    double ratio;       /* the median of limit / ours of each pair */
};

/* Of one size in a sweep. */
struct point {
    int series;
    size_t bytes;               /* of the tensor */
    double memcpy, copy, ours;  /* seconds */
};

struct isa_results {
    char isa[ISA_NAME_SIZE]; /* those that were used; "": none, the machine has not what was asked for */
    char version[32];        /* of the library */
    int result_count, point_count;
    struct result results[MOST_ROWS];
    struct point points[MOST_POINTS];
};

#endif
