/*
 * A call that succeeds, for tests to spoil in one place: all that its pointers reach lies in one struct, so that
 * "nothing was written" is one comparison.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "kinds.h"

#include <stdalign.h>

/* More channels than any vector has lanes, and no multiple of one. */
enum {
    ROWS = 2,
    CHANNELS = 67,
    COUNT = ROWS * CHANNELS,
    ARRAY_BYTES = 3 * COUNT * sizeof(double), /* the elements, in the middle third: overlaps reach to both sides */
    UNKNOWN_BYTES = 24                        /* of a struct from a later version of the header */
};

struct array {
    alignas(64) unsigned char bytes[ARRAY_BYTES];
};

struct fixture {
    struct call call;
    const struct kind *kind;
    struct array gradients, input, input_min, input_max;
    struct array output, input_min_backprop, input_max_backprop;
    alignas(64) int64_t shape[QDQ_MAX_RANK + 2];
    alignas(64) qdq_attrs attrs;
    unsigned char attrs_unknown[UNKNOWN_BYTES];
    alignas(64) qdq_executor executor;
    unsigned char executor_unknown[UNKNOWN_BYTES];
};

/*
 * The one fixture, made anew: shape [ROWS, CHANNELS], axis 1, every channel's range [-1, 1], elements from -1 to 1,
 * one thread, outputs filled with a guard pattern.
 */
struct fixture *fresh_fixture(const struct kind *kind);

/* Sets the shape, axis and attributes' range_given of a fixture, with as many ranges [-1, 1] as these ask for. */
void fixture_shape(struct fixture *f, int32_t rank, const int64_t *shape, int32_t axis, int range_given);

/* Takes the range away: it is computed. */
void fixture_computed(struct fixture *f);

/* The first element of an array of the fixture. */
void *first(struct array *array);

/* sprintf into one of a few static buffers: for the words of one check. */
const char *text(const char *format, ...);

/*
 * The call must fail with `status` in this direction, change no byte that it can reach, and qdq_last_error must
 * contain each of `words` (which NULL ends).
 */
void expect_failure(struct fixture *f, enum direction direction, qdq_status status, const char *const *words,
                    const char *file, int line);

/* The call must succeed in this direction and write its outputs, nothing beside them. */
void expect_success(struct fixture *f, enum direction direction, const char *file, int line);

#define EXPECT_FAILURE_OF(f, direction, status, ...)                                                               \
    expect_failure((f), (direction), (status), (const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)
#define EXPECT_SUCCESS_OF(f, direction) expect_success((f), (direction), __FILE__, __LINE__)

/* Both directions. */
#define EXPECT_FAILURE(f, status, ...)                                                                             \
    (EXPECT_FAILURE_OF(f, FORWARD, status, __VA_ARGS__), EXPECT_FAILURE_OF(f, GRADIENT, status, __VA_ARGS__))
#define EXPECT_SUCCESS(f) (EXPECT_SUCCESS_OF(f, FORWARD), EXPECT_SUCCESS_OF(f, GRADIENT))

#endif
