/*
 * What is counted: one case for each kernel and way through the plan. Adding a case is adding a line to cases.c.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef CASES_H
#define CASES_H

#include <qdq.h>
#include <stdbool.h>

#include "operands.h"

enum { CASE_RANK = 3, ALL_ELEMENTS = -1 };

struct counted_case {
    const char *name;
    qdq_status (*call)(const struct operands *);
    qdq_dtype dtype;
    int32_t round_mode, arithmetic;
    bool given; /* the range; else it is computed */
    bool is_unsigned;
    int32_t axis, rank;

    /* The first dimension, in two sizes: a count per element is the difference of the two calls, divided by the elements
     * that the larger one has more, so what a call costs of itself is not in it. Both take the same way through the plan.
     * No larger size: the count is the whole call's. */
    int64_t size, larger;

    int64_t inner[CASE_RANK - 1];                                /* the other dimensions */
    int64_t input_strides[CASE_RANK], output_strides[CASE_RANK]; /* in elements; all 0: dense */
};

extern const struct counted_case CASES[];
extern const int CASE_COUNT;

#endif
