/*
 * The arguments of the library's functions for one case, always the same.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef OPERANDS_H
#define OPERANDS_H

#include <qdq.h>

struct counted_case;

struct operands {
    qdq_attrs attrs;
    int64_t shape[3];
    qdq_tensor input, output;
    qdq_tensor input_codes, output_codes; /* the same as codes of type I8 */
    qdq_tensor range_min, range_max;
    int64_t channels;
    const qdq_tensor *given_min, *given_max; /* NULL where the range is computed */
    qdq_quantizer *quantizer;
};

/* `size` is that of the first dimension. The memory is that of every other case: one at a time. */
void prepare(struct operands *operands, const struct counted_case *what, int64_t size);
void release(struct operands *operands);

int64_t element_count(const struct operands *operands);

/* Ends the program, with the library's own words, where a call failed. */
void check(qdq_status status);

#endif
