/*
 * Elements to measure with.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef FILL_H
#define FILL_H

#include <qdq.h>

/* Near a normal distribution around 0 of deviation 1, the same each time; for int8, of deviation 21. */
void fill_normal(void *elements, qdq_dtype dtype, size_t count);

/* Stores the value, rounded towards zero, as the element of an index. */
void fill_one(void *elements, qdq_dtype dtype, size_t index, double value);

#endif
