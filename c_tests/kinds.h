/*
 * The four element types as data, so that each test is written once and runs for all of them.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef KINDS_H
#define KINDS_H

#include <qdq.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The arguments of the typed functions; those that only the gradient has are ignored by the operation itself. */
struct call {
    const void *gradients;
    const void *input;
    const int64_t *shape;
    int32_t rank;
    const void *input_min;
    const void *input_max;
    size_t range_len;
    const qdq_attrs *attrs;
    const qdq_executor *executor;
    void *output; /* input_backprop, of the gradient */
    void *input_min_backprop;
    void *input_max_backprop;
};

enum direction { FORWARD, GRADIENT };

struct kind {
    const char *name;
    size_t size;
    uint64_t infinity; /* the bits of +Inf: all exponent bits */
    qdq_status (*forward)(const struct call *);
    qdq_status (*gradient)(const struct call *);
    uint64_t (*bits)(double value); /* value has to be exact in the type, or NaN */
};

enum { KINDS = 4 };
extern const struct kind kinds[KINDS];

/* "forward" or "gradient", and what the function calls its output. */
const char *direction_name(enum direction direction);
const char *output_name(enum direction direction);

qdq_status run(const struct kind *kind, enum direction direction, const struct call *call);

/* Elements by index, as a number that is exact in the type, or as bits. */
void put(const struct kind *kind, void *array, size_t index, double value);
void put_bits(const struct kind *kind, void *array, size_t index, uint64_t bits);
uint64_t get_bits(const struct kind *kind, const void *array, size_t index);

/* The bits of any finite number, or of a subnormal one, which an environment may flush to zero. Not for threads. */
uint64_t random_finite(const struct kind *kind, int subnormal);

/* The element, so many of them after `base`; arithmetic on uintptr_t, for it may be misaligned or out of bounds. */
void *element(const struct kind *kind, const void *base, ptrdiff_t index);

#ifdef __cplusplus
}
#endif

#endif
