/*
 * The limits: loops that move as many bytes as a piece of work must, and do nothing else. A limit is as fast as the
 * machine allows: of each loop there are variants (vector width, plain or streaming stores, with and without
 * prefetching), and before a row is measured the fastest of them on the row's own buffers is chosen.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef LIMITS_H
#define LIMITS_H

#include "measure.h"

#include <stddef.h>

enum limit {
    LIMIT_COPY,      /* memcpy or streaming stores */
    LIMIT_MEMCPY,    /* memcpy alone */
    LIMIT_READ,      /* a maximum over the input */
    LIMIT_READ_COPY, /* one after the other */
    LIMIT_MERGE,     /* two reads, one write */
    LIMIT_NARROW,    /* reads 4 bytes for each that it writes */
    LIMIT_WIDEN,     /* writes 4 bytes for each that it reads */
    LIMIT_CALL,      /* an empty function */
};

/* What a loop runs over. bytes are those of the larger side; the smaller side of NARROW and WIDEN has a quarter. */
struct memory {
    const char *input, *second_input;
    char *output;
    size_t bytes;
    int threads;
};

struct variant {
    const char *name;
    void (*run)(const struct memory *memory);
};

/* A limit with its loops' variants chosen. */
struct chosen_limit {
    struct memory memory;
    int count;
    const struct loop *loops[2];
    const struct variant *variants[2];
};

struct chosen_limit limit_choose(enum limit limit, const struct memory *memory, int rounds);
struct contestant limit_contestant(struct chosen_limit *chosen);
const char *limit_name(enum limit limit);

/* What the limit reads and writes. */
double limit_bytes(enum limit limit, size_t bytes);

#endif
