/*
 * The functions on views as data: which tensors each has and what it calls them; and a call that succeeds, for tests
 * to spoil in one place. As fixture.h, for qdq_tensor.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef VIEWS_H
#define VIEWS_H

#include "fixture.h"

/* The tensors that a function can have. */
enum role { GRADIENTS, INPUT, RANGE_MIN, RANGE_MAX, OUTPUT, RANGE_MIN_BACKPROP, RANGE_MAX_BACKPROP, ROLES };

/* Sets of roles. */
enum {
    OF_ELEMENTS = 1 << GRADIENTS | 1 << INPUT | 1 << OUTPUT, /* shaped like the input; the others are ranges */
    OF_RANGES = ~OF_ELEMENTS
};

struct views_call {
    qdq_tensor *tensors[ROLES];
    const qdq_attrs *attrs;
    const qdq_executor *executor;
    const qdq_quantizer *quantizer;
    qdq_dtype dtype;         /* qdq_quantizer_create's, */
    qdq_quantizer **created; /* and where it writes */
};

struct function {
    const char *name;
    qdq_status (*run)(const struct views_call *);
    const char *names[ROLES]; /* NULL: the function has no such tensor */
    unsigned outputs;         /* the roles that it writes */
    unsigned in_place;        /* the roles that OUTPUT may be */
    unsigned codes;           /* the roles that are codes */
    int has_attrs, has_executor, has_quantizer;
};

enum { QDQ, QDQ_GRADIENT, RANGE_UPDATE, CREATE, APPLY, APPLY_GRADIENT, QUANTIZE, DEQUANTIZE, FUNCTIONS };
extern const struct function functions[FUNCTIONS];

enum { DTYPES = 12 };

qdq_dtype dtype_of(const struct kind *kind);
size_t dtype_size(qdq_dtype dtype);

/* Where element `index` (row-major) of a view is. */
void *view_element(const qdq_tensor *tensor, size_t index);
size_t view_count(const qdq_tensor *tensor);

/* A tensor, and room for its shape, strides and elements. */
struct slot {
    alignas(64) qdq_tensor tensor;
    alignas(64) int64_t shape[QDQ_MAX_RANK + 2];
    alignas(64) int64_t strides[QDQ_MAX_RANK + 2];
    struct array elements;
};

struct views {
    struct views_call call;
    const struct kind *kind;
    const struct function *function;
    struct slot slots[ROLES];
    alignas(64) qdq_attrs attrs;
    alignas(64) qdq_executor executor;
    qdq_quantizer *quantizer;
    alignas(64) qdq_quantizer *created[2];
};

/*
 * The one fixture, made anew: shape [ROWS, CHANNELS], dense, axis 1, ranges around 0 within [-1, 1], elements from -1
 * to 1, 8 bits, codes of type I8, one thread, outputs filled with a guard pattern.
 */
struct views *fresh_views(const struct kind *kind, const struct function *function);

/* Sets the shape and the axis of all tensors; dense. */
void views_shape(struct views *v, int32_t rank, const int64_t *shape, int32_t axis);

/* The fixture's quantizer made anew, by its attributes and ranges. */
void views_prepare(struct views *v);

/* The ranges taken away: they are computed, or gathered where the function asks for some. */
void views_computed(struct views *v);

void set_shape(struct slot *slot, int32_t rank, const int64_t *shape);
void set_strides(struct slot *slot, const int64_t *strides);

/* Lays a dense tensor's elements out by strides, the first one so many elements behind where it was. */
void lay_out(struct slot *slot, int64_t offset, const int64_t *strides);

/* The call must fail with `status`, change no byte that it can reach, and qdq_last_error must contain each word. */
void expect_views_failure(struct views *v, qdq_status status, const char *const *words, const char *file, int line);

/* The call must succeed and write nothing beside the elements of its outputs. */
void expect_views_success(struct views *v, const char *file, int line);

/* The fixture as it is after a call that succeeds, until the next one is kept. */
const struct views *views_result(struct views *v, const char *file, int line);

/* The call must succeed, and its outputs have the elements of such a result, whatever their layout. */
void expect_views_result(struct views *v, const struct views *result, const char *file, int line);

#define EXPECT_REFUSED(v, status, ...)                                                                             \
    expect_views_failure((v), (status), (const char *const[]){__VA_ARGS__, NULL}, __FILE__, __LINE__)
#define EXPECT_DONE(v) expect_views_success((v), __FILE__, __LINE__)
#define RESULT_OF(v) views_result((v), __FILE__, __LINE__)
#define EXPECT_RESULT(v, result) expect_views_result((v), (result), __FILE__, __LINE__)

#endif
