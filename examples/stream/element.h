/* The types of elements a file can have, by name. */
#ifndef STREAM_ELEMENT_H
#define STREAM_ELEMENT_H

#include <qdq.h>
#include <stddef.h>

typedef struct element {
    const char *name;
    qdq_dtype dtype;
    size_t size;
    /* Of the numbers that its ranges are kept in: what the library computes in. */
    qdq_dtype range_dtype;
    size_t range_size;
} element;

#define ELEMENT_NAMES "f32, f64, f16 or bf16"

/* NULL: there is none of that name. */
const element *element_named(const char *name);

/* Fills `count` ends of ranges with one value. */
void element_fill_range(const element *type, void *range, size_t count, double value);

#endif
