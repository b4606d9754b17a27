/*
 * What is measured: one row for each piece of work. Adding a row is adding a line to rows.c.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef ROWS_H
#define ROWS_H

#include "limits.h"

#include <qdq.h>
#include <stdbool.h>

/* The function of the library that a row calls. */
enum function {
    APPLY,        /* qdq_quantize_and_dequantize_v4_f32 and its kin; on views qdq_quantize_and_dequantize_v4 */
    GRADIENT,     /* qdq_quantize_and_dequantize_v4_grad */
    QUANTIZE,     /* qdq_quantizer_quantize, to int8 */
    DEQUANTIZE,   /* qdq_quantizer_dequantize, from int8 */
    RANGE_UPDATE, /* qdq_range_update */
};

/* How a tensor lies in memory. */
enum view {
    DENSE,
    SLICED,     /* the left three quarters of each row of a matrix */
    TRANSPOSED, /* of a matrix */
};

struct row {
    const char *group, *name;
    enum function function;
    qdq_dtype dtype;
    bool given; /* the range; else it is computed */
    int axis, rank;
    int64_t shape[4];
    enum view input_view, output_view;
    int input_shift, output_shift; /* in elements, from a multiple of 64 bytes */
    int threads;                   /* 0 is 1 */
    enum limit limit;
    double goal;         /* limit time / our time, at least; 0: none */
    double goal_seconds; /* of a call, at most; 0: none */
};

extern const struct row ROWS[];
extern const int ROW_COUNT;

int64_t row_elements(const struct row *row);
size_t row_bytes(const struct row *row); /* of the input or the output, whichever is larger */
size_t dtype_size(qdq_dtype dtype);

/* The goal on a set of kernels, 0 for none. */
double row_goal(const struct row *row, const char *isa);
double row_goal_seconds(const struct row *row, const char *isa);

#endif
