/*
 * The boundary of the functions on views and of prepared quantizers: what each wrong argument gives (the status,
 * the words, not a byte written) and what is allowed.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "views.h"

#include <math.h>
#include <string.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof *(array))

static const int64_t SHAPE[] = {ROWS, CHANNELS};
static const size_t FIRST_MIDDLE_LAST[] = {0, CHANNELS / 2, CHANNELS - 1};

static void *shifted(const void *pointer, ptrdiff_t bytes)
{
    return (void *)((uintptr_t)pointer + (uintptr_t)bytes);
}

static int has(const struct function *function, int role)
{
    return function->names[role] != NULL;
}

static int is_output(const struct function *function, int role)
{
    return (function->outputs & 1u << role) != 0;
}

static int is_range(int role)
{
    return (OF_RANGES & 1 << role) != 0;
}

static int is_narrow(const struct kind *kind)
{
    return kind->size == 2;
}

/* One tensor of a function */

static void check_null(const struct kind *kind, const struct function *function, int role)
{
    struct views *v = fresh_views(kind, function);
    v->call.tensors[role] = NULL;
    if (role == RANGE_MIN_BACKPROP || role == RANGE_MAX_BACKPROP) {
        EXPECT_DONE(v);
    } else {
        EXPECT_REFUSED(v, QDQ_STATUS_NULL_POINTER, text("%s is NULL", function->names[role]), "expected");
    }
}

/* `pointer`, to what is called name and field, is off by each number of bytes below its alignment. */
static void expect_misaligned(struct views *v, void *pointer, size_t alignment, const char *name, const char *field)
{
    void *aligned;
    memcpy(&aligned, pointer, sizeof aligned);
    for (size_t bytes = 1; bytes < alignment; bytes++) {
        void *misaligned = shifted(aligned, (ptrdiff_t)bytes);
        memcpy(pointer, &misaligned, sizeof misaligned);
        EXPECT_REFUSED(v, QDQ_STATUS_MISALIGNED, text("%s%s is 0x", name, field),
                       text("expected a multiple of %zu", alignment));
    }
    memcpy(pointer, &aligned, sizeof aligned);
}

static void check_alignment(const struct kind *kind, const struct function *function, int role)
{
    const char *name = function->names[role];
    struct views *v = fresh_views(kind, function);
    struct slot *slot = &v->slots[role];
    expect_misaligned(v, &v->call.tensors[role], alignof(qdq_tensor), name, "");
    expect_misaligned(v, &slot->tensor.shape, alignof(int64_t), name, ".shape");
    expect_misaligned(v, &slot->tensor.data, dtype_size(slot->tensor.dtype), name, ".data");
    set_strides(slot, (const int64_t[]){is_range(role) ? 1 : CHANNELS, 1});
    expect_misaligned(v, &slot->tensor.strides, alignof(int64_t), name, ".strides");
    EXPECT_DONE(v);
}

static void check_fields(const struct kind *kind, const struct function *function, int role)
{
    static const uint64_t bad_flags[] = {1, UINT64_C(1) << 32, UINT64_MAX};
    static const qdq_dtype bad_dtypes[] = {0, -1, DTYPES + 1, INT32_MIN, INT32_MAX};
    static const int32_t bad_ranks[] = {-1, QDQ_MAX_RANK + 1, INT32_MIN, INT32_MAX};
    const char *name = function->names[role];
    struct views *v = fresh_views(kind, function);
    qdq_tensor *tensor = &v->slots[role].tensor;
    const qdq_tensor good = *tensor;

    for (size_t i = 0; i < ARRAY_LENGTH(bad_flags); i++) {
        tensor->flags = bad_flags[i];
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE,
                       text("%s.flags is 0x%llx", name, (unsigned long long)bad_flags[i]), "expected 0");
    }
    *tensor = good;
    for (size_t i = 0; i < ARRAY_LENGTH(bad_dtypes); i++) {
        tensor->dtype = bad_dtypes[i];
        EXPECT_REFUSED(v, QDQ_STATUS_UNSUPPORTED_DTYPE, text("%s.dtype is %d", name, (int)bad_dtypes[i]),
                       "expected");
    }
    *tensor = good;
    for (size_t i = 0; i < ARRAY_LENGTH(bad_ranks); i++) {
        tensor->rank = bad_ranks[i];
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE, text("%s.rank is %d", name, (int)bad_ranks[i]),
                       "expected 0 to 64");
    }
    *tensor = good;
    tensor->shape = NULL;
    EXPECT_REFUSED(v, QDQ_STATUS_NULL_POINTER, text("%s.shape is NULL", name), "expected a pointer");
    *tensor = good;
    tensor->data = NULL;
    EXPECT_REFUSED(v, QDQ_STATUS_NULL_POINTER, text("%s.data is NULL", name), "expected a pointer");
    *tensor = good;
    EXPECT_DONE(v);
}

static void check_dimensions(const struct kind *kind, const struct function *function, int role)
{
    static const int64_t negative[] = {-1, -CHANNELS, INT64_MIN};
    const char *name = function->names[role];
    struct views *v = fresh_views(kind, function);
    struct slot *slot = &v->slots[role];
    for (size_t i = 0; i < ARRAY_LENGTH(negative); i++) {
        for (int at = 0; at < 3; at++) {
            /* A zero beside it excuses nothing. */
            for (int64_t others = 0; others <= 2; others++) {
                set_shape(slot, 3, (const int64_t[]){others, others, others});
                slot->shape[at] = negative[i];
                EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE,
                               text("%s.shape[%d] is %lld", name, at, (long long)negative[i]),
                               "expected 0 or more");
            }
        }
    }

    const int64_t most = PTRDIFF_MAX / (int64_t)dtype_size(slot->tensor.dtype);
    const int64_t too_large[][3] = {
        {INT64_MAX, 1, INT64_MAX},
        {INT64_C(1) << 32, INT64_C(1) << 32, 1}, /* the product is 0 modulo 2^64 */
        {INT64_C(1) << 62, 1, 4},
        {3, most / 2, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(too_large); i++) {
        set_shape(slot, 3, too_large[i]);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE, text("%s.shape is [", name), "expected", "bytes");
        /* Strides of 0 need no memory, but elements are counted all the same. */
        set_strides(slot, (const int64_t[]){0, 0, 0});
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE, text("%s.shape is [", name), "expected", "bytes");
        slot->tensor.strides = NULL;
    }
}

/* Elements that would lie outside of the address space. */
static void check_reach(const struct kind *kind, const struct function *function, int role)
{
    struct views *v = fresh_views(kind, function);
    struct slot *slot = &v->slots[role];
    const int64_t size = (int64_t)dtype_size(slot->tensor.dtype);
    const int64_t below = -(int64_t)((uintptr_t)slot->tensor.data / (uintptr_t)size) - 1;
    const int64_t bad[] = {INT64_MAX, INT64_MIN, -INT64_MAX, INT64_MAX / size, INT64_MIN / 4, below};
    const int64_t channel = is_range(role) ? 0 : 1;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        for (int64_t at = 0; at <= channel; at++) {
            set_strides(slot, (const int64_t[]){at == 0 ? bad[i] : 0, at == 1 ? bad[i] : 0});
            EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE, text("%s.strides is [", function->names[role]),
                           text("%lld", (long long)bad[i]), "expected", "address space");
        }
    }
    if (!is_range(role)) {
        /* Neither stride is too much, both are. */
        set_strides(slot, (const int64_t[]){INT64_MAX / size - 1000, 1000});
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE, text("%s.strides is [", function->names[role]), "expected");
        set_strides(slot, (const int64_t[]){INT64_MIN / size + 1000, 1000});
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE, text("%s.strides is [", function->names[role]), "expected");
    }
    /* The sentence has its end even where the numbers are long. */
    int64_t shape[QDQ_MAX_RANK], strides[QDQ_MAX_RANK];
    for (size_t i = 0; i < QDQ_MAX_RANK; i++) {
        shape[i] = i == 0 ? 2 : 1;
        strides[i] = INT64_MIN;
    }
    set_shape(slot, QDQ_MAX_RANK, shape);
    set_strides(slot, strides);
    EXPECT_REFUSED(v, QDQ_STATUS_INVALID_SHAPE, text("%s.strides is [", function->names[role]), "expected");
}

static void check_one_tensor(const struct kind *kind, const struct function *function, int role)
{
    check_null(kind, function, role);
    check_alignment(kind, function, role);
    check_fields(kind, function, role);
    check_dimensions(kind, function, role);
    check_reach(kind, function, role);
}

/* Shapes */

/* The strides of dimensions of 0 or 1 are ignored, and NULL strides are those of a dense tensor. */
static void check_strides(const struct kind *kind, const struct function *function)
{
    static const int64_t wild[] = {INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX};
    struct views *v = fresh_views(kind, function);
    const struct views *dense = RESULT_OF(v);
    v = fresh_views(kind, function);
    for (int role = 0; role < ROLES; role++) {
        set_strides(&v->slots[role], (const int64_t[]){is_range(role) ? 1 : CHANNELS, 1});
    }
    EXPECT_RESULT(v, dense);

    v = fresh_views(kind, function);
    views_shape(v, 4, (const int64_t[]){1, ROWS, 1, CHANNELS}, 3);
    for (int role = 0; role < ROLES; role++) {
        if (!is_range(role)) {
            set_strides(&v->slots[role], (const int64_t[]){INT64_MIN, CHANNELS, INT64_MAX, 1});
        }
    }
    EXPECT_RESULT(v, dense);

    v = fresh_views(kind, function);
    views_shape(v, 4, (const int64_t[]){1, 1, 1, 1}, 2);
    const struct views *single = RESULT_OF(v);
    v = fresh_views(kind, function);
    views_shape(v, 4, (const int64_t[]){1, 1, 1, 1}, 2);
    for (int role = 0; role < ROLES; role++) {
        set_strides(&v->slots[role], wild);
    }
    EXPECT_RESULT(v, single);
}

static void check_nothing(const struct kind *kind, const struct function *function)
{
    static const struct {
        int32_t rank;
        int64_t shape[3];
    } empty[] = {{1, {0}},       {2, {0, 3}},    {2, {3, 0}},           {3, {2, 0, 3}},
                 {3, {0, 0, 0}}, {3, {0, 7, 1}}, {3, {INT64_MAX, 0, 3}}};
    static const int64_t wild[] = {INT64_MIN, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++) {
        for (int32_t axis = -1; axis < empty[i].rank; axis++) {
            if (axis >= 0 && empty[i].shape[axis] == INT64_MAX) {
                continue; /* so many ranges do not exist */
            }
            struct views *v = fresh_views(kind, function);
            views_shape(v, empty[i].rank, empty[i].shape, axis);
            EXPECT_DONE(v);
            for (int role = 0; role < ROLES; role++) {
                if (view_count(&v->slots[role].tensor) == 0) {
                    v->slots[role].tensor.data = NULL;
                }
            }
            EXPECT_DONE(v);
            for (int role = 0; role < ROLES; role++) {
                if (view_count(&v->slots[role].tensor) == 0) {
                    v->slots[role].tensor.data = shifted(NULL, 1);
                    set_strides(&v->slots[role], wild);
                }
            }
            EXPECT_DONE(v);
        }
    }
}

static void check_scalar(const struct kind *kind, const struct function *function)
{
    struct views *v = fresh_views(kind, function);
    views_shape(v, 1, (const int64_t[]){1}, -1);
    const struct views *one = RESULT_OF(v);
    v = fresh_views(kind, function);
    views_shape(v, 0, NULL, -1);
    EXPECT_RESULT(v, one);

    /* A range may be a scalar, too, and a scalar needs neither shape nor strides. */
    v = fresh_views(kind, function);
    views_shape(v, 0, NULL, -1);
    for (int role = 0; role < ROLES; role++) {
        set_shape(&v->slots[role], 0, NULL);
        v->slots[role].tensor.shape = NULL;
    }
    EXPECT_RESULT(v, one);
    for (int role = 0; role < ROLES; role++) {
        v->slots[role].tensor.shape = shifted(NULL, 1);
        v->slots[role].tensor.strides = shifted(NULL, 1);
    }
    EXPECT_DONE(v);
}

static void check_rank_64(const struct kind *kind, const struct function *function)
{
    int64_t shape[QDQ_MAX_RANK];
    for (size_t i = 0; i < QDQ_MAX_RANK; i++) {
        shape[i] = 1;
    }
    shape[5] = ROWS;
    shape[QDQ_MAX_RANK - 1] = CHANNELS;
    struct views *v = fresh_views(kind, function);
    const struct views *dense = RESULT_OF(v);
    v = fresh_views(kind, function);
    views_shape(v, QDQ_MAX_RANK, shape, QDQ_MAX_RANK - 1);
    EXPECT_RESULT(v, dense);
}

/* Tensors of elements have the input's shape. */
static void check_shape_mismatch(const struct kind *kind, const struct function *function)
{
    static const struct {
        int32_t rank;
        int64_t shape[3];
        const char *words;
    } bad[] = {{2, {CHANNELS, ROWS}, "[67, 2]"},
               {2, {ROWS, CHANNELS - 1}, "[2, 66]"},
               {2, {1, CHANNELS}, "[1, 67]"},
               {2, {0, CHANNELS}, "[0, 67]"},
               {1, {COUNT}, "[134]"},
               {0, {0}, "[]"},
               {3, {1, ROWS, CHANNELS}, "[1, 2, 67]"},
               {3, {ROWS, CHANNELS, 1}, "[2, 67, 1]"}};
    for (int role = 0; role < ROLES; role++) {
        if (!has(function, role) || is_range(role) || role == INPUT) {
            continue;
        }
        for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
            struct views *v = fresh_views(kind, function);
            set_shape(&v->slots[role], bad[i].rank, bad[i].shape);
            EXPECT_REFUSED(v, QDQ_STATUS_SIZE_MISMATCH, text("%s.shape is %s", function->names[role], bad[i].words),
                           "expected [2, 67]");
        }
    }
}

/* A range has an element for each channel, and rank 1; one element of rank 0 or 1 without an axis. */
static void check_range_shapes(const struct kind *kind, const struct function *function, int role)
{
    static const struct {
        int32_t rank;
        int64_t shape[2];
        const char *words;
    } bad_with_axis[] = {{0, {0}, "[]"},
                         {1, {1}, "[1]"},
                         {1, {0}, "[0]"},
                         {1, {CHANNELS - 1}, "[66]"},
                         {1, {CHANNELS + 1}, "[68]"},
                         {1, {ROWS}, "[2]"},
                         {2, {1, CHANNELS}, "[1, 67]"},
                         {2, {CHANNELS, 1}, "[67, 1]"},
                         {2, {ROWS, CHANNELS}, "[2, 67]"}},
      bad_without[] = {{1, {0}, "[0]"}, {1, {2}, "[2]"}, {1, {CHANNELS}, "[67]"}, {2, {1, 1}, "[1, 1]"}};
    const char *name = function->names[role];
    struct views *v = fresh_views(kind, function);
    for (size_t i = 0; i < ARRAY_LENGTH(bad_with_axis); i++) {
        set_shape(&v->slots[role], bad_with_axis[i].rank, bad_with_axis[i].shape);
        if (function == &functions[CREATE] && role == RANGE_MIN && bad_with_axis[i].rank == 1) {
            /* The number of channels is that of the first range: the second one is wrong. */
            EXPECT_REFUSED(v, QDQ_STATUS_SIZE_MISMATCH, "input_max.shape is [67]",
                           text("expected %s", bad_with_axis[i].words));
        } else {
            EXPECT_REFUSED(v, QDQ_STATUS_SIZE_MISMATCH, text("%s.shape is %s", name, bad_with_axis[i].words),
                           "expected");
        }
    }
    v = fresh_views(kind, function);
    views_shape(v, 2, SHAPE, -1);
    for (size_t i = 0; i < ARRAY_LENGTH(bad_without); i++) {
        set_shape(&v->slots[role], bad_without[i].rank, bad_without[i].shape);
        EXPECT_REFUSED(v, QDQ_STATUS_SIZE_MISMATCH, text("%s.shape is %s", name, bad_without[i].words),
                       "expected one element");
    }
}

/* Element types */

/* The right type of a tensor, or what a range may have beside it. */
static int is_right_dtype(const struct kind *kind, int role, qdq_dtype dtype)
{
    return dtype == dtype_of(kind) || (is_range(role) && is_narrow(kind) && dtype == QDQ_DTYPE_F32);
}

/* Where nothing but the ranges stands beside it. */
static int is_narrow_beside_float_ranges(const struct kind *kind, const struct function *function, int role,
                                         qdq_dtype dtype)
{
    return function == &functions[RANGE_UPDATE] && role == INPUT && dtype_of(kind) == QDQ_DTYPE_F32
           && (dtype == QDQ_DTYPE_F16 || dtype == QDQ_DTYPE_BF16);
}

static void check_dtypes(const struct kind *kind, const struct function *function, int role)
{
    const char *name = function->names[role];
    if (function->codes & 1u << role) {
        return; /* see check_codes_dtypes */
    }
    for (qdq_dtype dtype = 1; dtype <= DTYPES; dtype++) {
        struct views *v = fresh_views(kind, function);
        if (is_right_dtype(kind, role, dtype) || is_narrow_beside_float_ranges(kind, function, role, dtype)) {
            continue; /* see check_float_ranges */
        }
        v->slots[role].tensor.dtype = dtype;
        if (role != INPUT || function->has_quantizer || dtype > QDQ_DTYPE_BF16) {
            EXPECT_REFUSED(v, QDQ_STATUS_UNSUPPORTED_DTYPE, text("%s.dtype is %d", name, (int)dtype), "expected");
        } else {
            /* Another float type is possible in itself: either of the two may be wrong. */
            EXPECT_REFUSED(v, QDQ_STATUS_UNSUPPORTED_DTYPE, ".dtype is ", "expected");
        }
    }
}

/* All tensors alike are still no floats. */
static void check_codes_for_floats(const struct kind *kind, const struct function *function)
{
    for (qdq_dtype dtype = QDQ_DTYPE_I8; dtype <= QDQ_DTYPE_U64; dtype++) {
        struct views *v = fresh_views(kind, function);
        for (int role = 0; role < ROLES; role++) {
            v->slots[role].tensor.dtype = dtype;
        }
        v->call.dtype = dtype;
        EXPECT_REFUSED(v, QDQ_STATUS_UNSUPPORTED_DTYPE, text("dtype is %d", (int)dtype), "expected");
    }
}

/* Ranges of half and bfloat16 may be floats, each of them. */
static void check_float_ranges(const struct kind *kind, const struct function *function)
{
    const struct kind *f32 = &kinds[0];
    struct views *v = fresh_views(kind, function);
    const struct views *result = RESULT_OF(v);
    if (!is_narrow(kind) || function == &functions[RANGE_UPDATE]) {
        return; /* what range_update writes is then another type: see quantizer.c */
    }
    for (unsigned which = 1; which < 16; which++) {
        v = fresh_views(kind, function);
        for (int role = 0, bit = 0; role < ROLES; role++) {
            if (!is_range(role) || !(which & 1u << bit++)) {
                continue;
            }
            struct slot *slot = &v->slots[role];
            slot->tensor.dtype = QDQ_DTYPE_F32;
            for (size_t i = 0; i < CHANNELS && !is_output(function, role); i++) {
                const double fourths = role == RANGE_MIN ? -((double)(i % 3) + 1) : (double)(i % 4) + 1;
                put(f32, slot->tensor.data, i, fourths / 4);
            }
        }
        EXPECT_DONE(v);
        if (has(function, OUTPUT)) {
            CHECK_BYTES(v->slots[OUTPUT].tensor.data, result->slots[OUTPUT].elements.bytes + COUNT * sizeof(double),
                        COUNT * kind->size);
        }
        for (int role = RANGE_MIN_BACKPROP; role < ROLES && has(function, role); role++) {
            for (size_t i = 0; i < CHANNELS; i++) {
                const qdq_tensor *tensor = &v->slots[role].tensor;
                CHECK_BITS(get_bits(tensor->dtype == QDQ_DTYPE_F32 ? f32 : kind, tensor->data, i), 0);
            }
        }
    }
}

/* Whether a type holds the codes of so many bits. */
static int holds(qdq_dtype dtype, int is_signed, int32_t bits)
{
    static const int widths[DTYPES] = {0, 0, 0, 0, 8, 8, 16, 16, 32, 32, 64, 64};
    static const int signs[DTYPES] = {0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0};
    const int width = widths[dtype - 1], type_is_signed = signs[dtype - 1];
    if (is_signed) {
        return type_is_signed && bits <= width;
    }
    return bits <= width - type_is_signed;
}

static void check_codes_dtypes(const struct kind *kind, const struct function *function)
{
    const int role = function->codes == 1u << OUTPUT ? OUTPUT : INPUT;
    for (int choice = 0; choice < 4; choice++) {
        const int is_signed = choice & 1, narrow = choice >> 1;
        for (int32_t bits = 1 + (is_signed && narrow); bits <= (is_signed ? 61 : 62); bits++) {
            const int64_t most = (INT64_C(1) << (bits - is_signed)) - 1;
            const int64_t least = is_signed ? -most - !narrow : 0;
            struct views *v = fresh_views(kind, function);
            v->attrs.num_bits = bits;
            v->attrs.signed_input = is_signed;
            v->attrs.narrow_range = narrow;
            views_prepare(v);
            for (qdq_dtype dtype = 1; dtype <= DTYPES; dtype++) {
                v->slots[role].tensor.dtype = dtype;
                if (holds(dtype, is_signed, bits)) {
                    EXPECT_DONE(v);
                } else {
                    EXPECT_REFUSED(v, QDQ_STATUS_UNSUPPORTED_DTYPE,
                                   text("%s.dtype is %d", function->names[role], (int)dtype),
                                   text("%lld to %lld", (long long)least, (long long)most));
                }
            }
        }
    }
}

/* Attributes */

static void check_axis(const struct kind *kind, const struct function *function)
{
    static const int32_t bad[] = {-2, 2, 3, INT32_MIN, INT32_MAX};
    struct views *v = fresh_views(kind, function);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        v->attrs.axis = bad[i];
        if (function->has_attrs && function != &functions[CREATE]) {
            EXPECT_REFUSED(v, QDQ_STATUS_INVALID_AXIS, text("axis is %d", (int)bad[i]), "expected -1 to 1",
                           "rank 2");
        }
    }
}

/* What the axis of a quantizer can be does not depend on a tensor yet. */
static void check_axis_of_a_quantizer(const struct kind *kind)
{
    static const int32_t bad[] = {-2, QDQ_MAX_RANK, INT32_MIN, INT32_MAX};
    struct views *v = fresh_views(kind, &functions[CREATE]);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        v->attrs.axis = bad[i];
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_AXIS, text("axis is %d", (int)bad[i]), "expected -1 to 63");
    }
    for (v->attrs.axis = 0; v->attrs.axis < QDQ_MAX_RANK; v->attrs.axis++) {
        EXPECT_DONE(v);
    }
}

/* The tensor's rank and its channels are those of the quantizer. */
static void check_channels_of_a_quantizer(const struct kind *kind, const struct function *function)
{
    const char *input = function->names[INPUT];
    static const struct {
        int32_t rank;
        int64_t shape[3];
    } bad[] = {{2, {CHANNELS, ROWS}}, {2, {ROWS, CHANNELS - 1}}, {2, {ROWS, CHANNELS + 1}}, {2, {ROWS, 1}},
               {2, {ROWS, 0}},        {2, {0, 0}},               {3, {1, ROWS, 33}}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct views *v = fresh_views(kind, function);
        for (int role = 0; role < ROLES; role++) {
            if (!is_range(role)) {
                set_shape(&v->slots[role], bad[i].rank, bad[i].shape);
            }
        }
        EXPECT_REFUSED(v, QDQ_STATUS_SIZE_MISMATCH, text("%s.shape is [%d, ", input, (int)bad[i].shape[0]),
                       "expected 67 in dimension 1");
    }
    for (int32_t rank = 0; rank < 2; rank++) {
        struct views *v = fresh_views(kind, function);
        for (int role = 0; role < ROLES; role++) {
            if (!is_range(role)) {
                set_shape(&v->slots[role], rank, (const int64_t[]){CHANNELS});
            }
        }
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_AXIS, "axis is 1", text("rank %d", (int)rank), "expected -1");
    }

    /* One range for the whole tensor fits any. */
    struct views *v = fresh_views(kind, function);
    views_shape(v, 2, SHAPE, -1);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        for (int role = 0; role < ROLES; role++) {
            if (!is_range(role)) {
                set_shape(&v->slots[role], bad[i].rank, bad[i].shape);
            }
        }
        EXPECT_DONE(v);
    }
}

static void check_attrs(const struct kind *kind, const struct function *function)
{
    struct views *v = fresh_views(kind, function);
    expect_misaligned(v, &v->call.attrs, alignof(qdq_attrs), "attrs", "");
    v->attrs.struct_size--;
    EXPECT_REFUSED(v, QDQ_STATUS_INVALID_ATTRIBUTE, text("attrs.struct_size is %zu", sizeof(qdq_attrs) - 1),
                   text("expected %zu", sizeof(qdq_attrs)));
    v->attrs.struct_size++;

    int32_t *const fields[] = {&v->attrs.num_bits, &v->attrs.round_mode, &v->attrs.arithmetic,
                               &v->attrs.degenerate};
    static const char *const names[] = {"num_bits", "round_mode", "arithmetic", "degenerate"};
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
        const int32_t good = *fields[i];
        *fields[i] = 77;
        if (function == &functions[RANGE_UPDATE]) {
            EXPECT_DONE(v); /* only the axis matters */
        } else {
            EXPECT_REFUSED(v, QDQ_STATUS_INVALID_ATTRIBUTE, text("%s is 77", names[i]), "expected");
        }
        *fields[i] = good;
    }
}

static void check_default_attrs(const struct kind *kind, const struct function *function)
{
    struct views *v = fresh_views(kind, function);
    views_shape(v, 2, SHAPE, -1);
    views_computed(v);
    if (function == &functions[RANGE_UPDATE]) {
        v->call.tensors[RANGE_MIN] = &v->slots[RANGE_MIN].tensor;
        v->call.tensors[RANGE_MAX] = &v->slots[RANGE_MAX].tensor;
    }
    const struct views *result = RESULT_OF(v);
    v->call.attrs = NULL;
    v->call.executor = NULL;
    EXPECT_RESULT(v, result);
}

static void check_executor(const struct kind *kind, const struct function *function)
{
    struct views *v = fresh_views(kind, function);
    expect_misaligned(v, &v->call.executor, alignof(qdq_executor), "executor", "");
    v->executor.struct_size--;
    EXPECT_REFUSED(v, QDQ_STATUS_INVALID_ATTRIBUTE, text("executor.struct_size is %zu", sizeof(qdq_executor) - 1),
                   text("expected %zu", sizeof(qdq_executor)));
    v->executor.struct_size++;
    v->executor.reserved = 1;
    EXPECT_REFUSED(v, QDQ_STATUS_INVALID_ATTRIBUTE, "executor.reserved is 1", "expected 0");
    v->executor.reserved = 0;
    v->executor.num_threads = -1;
    EXPECT_REFUSED(v, QDQ_STATUS_INVALID_ATTRIBUTE, "executor.num_threads is -1", "expected 0 or more");
}

/* Values of ranges */

/* Of two failures the first is told, in its own words. */
static void check_both_ends_null(const struct kind *kind, const struct function *function)
{
    struct views *v = fresh_views(kind, function);
    v->call.tensors[RANGE_MIN] = NULL;
    v->call.tensors[RANGE_MAX] = NULL;
    EXPECT_REFUSED(v, QDQ_STATUS_NULL_POINTER, text("%s is NULL", function->names[RANGE_MIN]), "expected");
}

static void check_range_without_range_given(const struct kind *kind, const struct function *function)
{
    for (int role = RANGE_MIN; role <= RANGE_MAX; role++) {
        const char *words = text("%s is 0x", function->names[role]);
        struct views *v = fresh_views(kind, function);
        views_computed(v);
        EXPECT_DONE(v);
        v->call.tensors[role] = &v->slots[role].tensor;
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, words, "expected NULL", "range_given");
        /* Whatever it is. */
        v->slots[role].tensor = (qdq_tensor){0};
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, words, "expected NULL", "range_given");
        v->call.tensors[role] = shifted(NULL, 1);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, words, "expected NULL", "range_given");
    }
}

static void check_given_range_values(const struct kind *kind, const struct function *function)
{
    static const struct {
        double value;
        const char *name;
    } bad[] = {{NAN, "NaN"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}};
    for (size_t c = 0; c < ARRAY_LENGTH(FIRST_MIDDLE_LAST); c++) {
        const size_t channel = FIRST_MIDDLE_LAST[c];
        for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
            for (int role = RANGE_MIN; role <= RANGE_MAX; role++) {
                struct views *v = fresh_views(kind, function);
                put(kind, v->slots[role].tensor.data, channel, bad[i].value);
                EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE,
                               text("%s[%zu] is %s", function->names[role], channel, bad[i].name),
                               "expected a finite number");
                /* Wherever the element is. */
                v = fresh_views(kind, function);
                lay_out(&v->slots[role], CHANNELS - 1, (const int64_t[]){-1});
                put(kind, view_element(&v->slots[role].tensor, channel), 0, bad[i].value);
                EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE,
                               text("%s[%zu] is %s", function->names[role], channel, bad[i].name),
                               "expected a finite number");
            }
        }
        struct views *v = fresh_views(kind, function);
        put(kind, v->slots[RANGE_MIN].tensor.data, channel, 2.5);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, text("input_min[%zu] is 2.5", channel), "expected",
                       text("input_max[%zu]", channel));
        put(kind, v->slots[RANGE_MAX].tensor.data, channel, 2.5);
        EXPECT_DONE(v); /* an empty interval is a range */
    }
    struct views *v = fresh_views(kind, function);
    views_shape(v, 0, NULL, -1);
    put(kind, v->slots[RANGE_MAX].tensor.data, 0, -3);
    EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, "input_min", "expected", "input_max", "-3");
}

/* The ends of a channel's range, where they are. */
static void put_range(struct views *v, size_t channel, double min, double max)
{
    put(v->kind, v->slots[RANGE_MIN].tensor.data, channel, min);
    put(v->kind, v->slots[RANGE_MAX].tensor.data, channel, max);
}

static void check_updated_range_values(const struct kind *kind)
{
    const struct function *function = &functions[RANGE_UPDATE];
    for (size_t c = 0; c < ARRAY_LENGTH(FIRST_MIDDLE_LAST); c++) {
        const size_t channel = FIRST_MIDDLE_LAST[c];
        for (int role = RANGE_MIN; role <= RANGE_MAX; role++) {
            struct views *v = fresh_views(kind, function);
            put(kind, v->slots[role].tensor.data, channel, NAN);
            EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, text("%s[%zu] is NaN", function->names[role], channel),
                           "expected a number");
        }
        /* Infinities and any order are what a range can start with. */
        struct views *v = fresh_views(kind, function);
        put_range(v, channel, INFINITY, -INFINITY);
        EXPECT_DONE(v);
        put_range(v, channel, -INFINITY, INFINITY);
        EXPECT_DONE(v);
        put_range(v, channel, 3, -3);
        EXPECT_DONE(v);
    }
}

static void check_gathered_range_values(const struct kind *kind)
{
    const struct function *function = &functions[CREATE];
    static const double good[][2] = {{INFINITY, -INFINITY}, {-INFINITY, INFINITY}, {-INFINITY, 1},
                                     {-1, INFINITY},        {INFINITY, INFINITY},  {-INFINITY, -INFINITY},
                                     {0, 0},                {1, 1}};
    for (size_t c = 0; c < ARRAY_LENGTH(FIRST_MIDDLE_LAST); c++) {
        const size_t channel = FIRST_MIDDLE_LAST[c];
        struct views *v = fresh_views(kind, function);
        views_computed(v);
        for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
            put_range(v, channel, good[i][0], good[i][1]);
            EXPECT_DONE(v);
        }
        put_range(v, channel, NAN, 1);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, text("input_min[%zu] is NaN", channel), "expected a number");
        put_range(v, channel, -1, NAN);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, text("input_max[%zu] is NaN", channel), "expected a number");
        put_range(v, channel, INFINITY, 1);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, text("input_min[%zu] is inf", channel), "expected",
                       text("input_max[%zu]", channel));
        put_range(v, channel, 2, 1);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, text("input_min[%zu] is 2", channel), "expected");

        /* Given, it is no range. */
        v->attrs.range_given = 1;
        put_range(v, channel, INFINITY, -INFINITY);
        EXPECT_REFUSED(v, QDQ_STATUS_INVALID_RANGE, text("input_min[%zu] is inf", channel),
                       "expected a finite number");
    }
}

/* Degenerate ranges */

/* An unsigned code has nothing for a range that ends below zero. */
static void make_degenerate(struct views *v, size_t channel)
{
    v->attrs.signed_input = 0;
    put_range(v, channel, -2, -1);
}

static void check_degenerate(const struct kind *kind, const struct function *function)
{
    const int is_operation = function == &functions[QDQ] || function == &functions[CREATE];
    for (size_t c = 0; c < ARRAY_LENGTH(FIRST_MIDDLE_LAST); c++) {
        const size_t channel = FIRST_MIDDLE_LAST[c];
        struct views *v = fresh_views(kind, function);
        make_degenerate(v, channel);
        EXPECT_DONE(v);
        v->attrs.degenerate = QDQ_DEGENERATE_ZERO;
        EXPECT_DONE(v);
        v->attrs.degenerate = QDQ_DEGENERATE_ERROR;
        if (is_operation) {
            EXPECT_REFUSED(v, QDQ_STATUS_DEGENERATE_RANGE, text("channel %zu", channel), "[-2", "expected");
        } else {
            EXPECT_DONE(v);
        }
    }
}

/* Only what was gathered can be of no number at all; that has nothing to quantize. */
static void check_gathered_degenerate(const struct kind *kind)
{
    struct views *v = fresh_views(kind, &functions[CREATE]);
    views_computed(v);
    v->attrs.degenerate = QDQ_DEGENERATE_ERROR;
    put_range(v, 5, INFINITY, -INFINITY);
    EXPECT_DONE(v);
    put_range(v, 7, -INFINITY, INFINITY);
    EXPECT_REFUSED(v, QDQ_STATUS_DEGENERATE_RANGE, "channel 7", "inf", "expected");
    /* One signed bit has no scale for zeros, unless there are none of these either. */
    v = fresh_views(kind, &functions[CREATE]);
    views_computed(v);
    for (size_t channel = 0; channel < CHANNELS; channel++) {
        put_range(v, channel, INFINITY, -INFINITY);
    }
    v->attrs.num_bits = 1;
    v->attrs.degenerate = QDQ_DEGENERATE_ERROR;
    EXPECT_DONE(v);
    put_range(v, 9, 0, 0);
    EXPECT_REFUSED(v, QDQ_STATUS_DEGENERATE_RANGE, "channel 9", "expected");
}

/* The gradient of a quantizer masks by its range, degenerate or not. */
static void check_degenerate_gradient(const struct kind *kind)
{
    const struct views *result = NULL;
    for (int32_t degenerate = QDQ_DEGENERATE_TENSORFLOW; degenerate < QDQ_DEGENERATE_ERROR; degenerate++) {
        struct views *v = fresh_views(kind, &functions[APPLY_GRADIENT]);
        make_degenerate(v, 3);
        v->attrs.degenerate = degenerate;
        views_prepare(v);
        if (result == NULL) {
            result = RESULT_OF(v);
        } else {
            EXPECT_RESULT(v, result);
        }
    }
}

/* Layouts */

/* Each tensor in turn, laid out anew: the bits are those of dense ones. */
static void check_layouts(const struct kind *kind, const struct function *function, int role)
{
    static const struct {
        int64_t offset, strides[2];
    } layouts[] = {
        {0, {CHANNELS, 1}},       /* dense */
        {0, {1, ROWS}},           /* transposed */
        {0, {CHANNELS + 3, 1}},   /* rows apart */
        {0, {2 * CHANNELS, 2}},   /* every second element */
        {0, {3, 2}},              /* interleaved with itself */
        {COUNT - 1, {-CHANNELS, -1}},
        {CHANNELS, {-CHANNELS, 1}},
        {CHANNELS - 1, {CHANNELS, -1}},
    };
    static const struct {
        int64_t offset, stride;
    } ranges[] = {{0, 1}, {0, 2}, {1, 3}, {CHANNELS - 1, -1}, {2 * CHANNELS, -2}};
    struct views *v = fresh_views(kind, function);
    const struct views *dense = RESULT_OF(v);
    for (size_t i = 0; i < (is_range(role) ? ARRAY_LENGTH(ranges) : ARRAY_LENGTH(layouts)); i++) {
        v = fresh_views(kind, function);
        if (is_range(role)) {
            lay_out(&v->slots[role], ranges[i].offset, &ranges[i].stride);
        } else {
            lay_out(&v->slots[role], layouts[i].offset, layouts[i].strides);
        }
        EXPECT_RESULT(v, dense);
    }
}

/* What is only read may repeat its elements. */
static void check_repeated_elements(const struct kind *kind, const struct function *function, int role)
{
    static const int64_t repeated[][2] = {{0, 1}, {1, 0}, {0, 0}, {1, 1}, {2, 1}, {-1, 1}};
    if (is_output(function, role)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(repeated); i++) {
        struct views *v = fresh_views(kind, function);
        struct slot *slot = &v->slots[role];
        if (is_range(role)) {
            set_strides(slot, (const int64_t[]){0});
        } else {
            set_strides(slot, repeated[i]);
            slot->tensor.data = shifted(slot->tensor.data, (ptrdiff_t)dtype_size(slot->tensor.dtype));
        }
        /* The same elements, written out. */
        unsigned char elements[COUNT * sizeof(double)];
        const size_t size = dtype_size(slot->tensor.dtype), count = view_count(&slot->tensor);
        for (size_t e = 0; e < count; e++) {
            memcpy(elements + e * size, view_element(&slot->tensor, e), size);
        }
        const struct views *result = RESULT_OF(v);
        memcpy(slot->tensor.data, elements, count * size);
        slot->tensor.strides = NULL;
        EXPECT_RESULT(v, result);
    }
}

/* Overlaps */

/* Two elements of an output in the same place. */
static void check_output_with_itself(const struct kind *kind, const struct function *function, int role)
{
    static const int64_t bad[][2] = {
        {0, 1}, {CHANNELS, 0}, {0, 0}, {1, 1}, {-1, 1}, {CHANNELS - 1, 1}, {-(CHANNELS - 1), 1}, {4, 2},
    };
    static const int64_t bad_ranges[] = {0};
    struct views *v = fresh_views(kind, function);
    struct slot *slot = &v->slots[role];
    for (size_t i = 0; i < (is_range(role) ? ARRAY_LENGTH(bad_ranges) : ARRAY_LENGTH(bad)); i++) {
        set_strides(slot, is_range(role) ? bad_ranges : bad[i]);
        EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, text("%s.strides is [", function->names[role]), "expected",
                       "same memory");
    }
}

/* The output's dense memory, moved over that of `other` in every way. */
static void check_dense_overlaps(const struct kind *kind, const struct function *function, int role, int other)
{
    const char *name = function->names[role], *other_name = function->names[other];
    const int in_place = role == OUTPUT && (function->in_place & 1u << other);
    struct views *v = fresh_views(kind, function);
    qdq_tensor *tensor = &v->slots[role].tensor;
    const size_t size = dtype_size(tensor->dtype);
    const ptrdiff_t bytes = (ptrdiff_t)(view_count(tensor) * size);
    const qdq_tensor *under = &v->slots[other].tensor;
    const size_t under_size = dtype_size(under->dtype);
    const ptrdiff_t under_bytes = (ptrdiff_t)(view_count(under) * under_size);
    const ptrdiff_t last = under_bytes - (ptrdiff_t)under_size;
    const ptrdiff_t places[] = {0, (ptrdiff_t)size, last / (ptrdiff_t)size * (ptrdiff_t)size, -(ptrdiff_t)size,
                                (ptrdiff_t)size - bytes};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        if (places[i] >= under_bytes || places[i] <= -bytes || (places[i] == 0 && in_place)) {
            continue;
        }
        tensor->data = shifted(under->data, places[i]);
        if (is_output(function, other)) {
            EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, name, " overlaps ", other_name, "expected separate memory");
        } else {
            EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, text("%s.data is 0x", name), text(" overlaps %s at 0x", other_name),
                           "expected separate memory");
        }
    }
    /* Neighbours share nothing. */
    tensor->data = shifted(under->data, -bytes);
    EXPECT_DONE(v);
    tensor->data = shifted(under->data, (under_bytes + (ptrdiff_t)size - 1) / (ptrdiff_t)size * (ptrdiff_t)size);
    EXPECT_DONE(v);
}

/* In place: the same data and strides, dense or not. */
static void check_in_place(const struct kind *kind, const struct function *function, int other)
{
    static const int64_t layouts[][2] = {{CHANNELS, 1}, {1, ROWS}, {2 * CHANNELS, 2}, {-CHANNELS, 1}};
    const size_t size = kind->size;
    struct views *v = fresh_views(kind, function);
    const struct views *apart = RESULT_OF(v);
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        v = fresh_views(kind, function);
        lay_out(&v->slots[other], layouts[i][0] < 0 ? CHANNELS : 0, layouts[i]);
        v->slots[OUTPUT].tensor.data = v->slots[other].tensor.data;
        set_strides(&v->slots[OUTPUT], layouts[i]);
        EXPECT_RESULT(v, apart);
    }
    /* Strides that do not count need not be the same. */
    v = fresh_views(kind, function);
    views_shape(v, 3, (const int64_t[]){ROWS, 1, CHANNELS}, 2);
    v->slots[OUTPUT].tensor.data = v->slots[other].tensor.data;
    set_strides(&v->slots[OUTPUT], (const int64_t[]){CHANNELS, 1000, 1});
    set_strides(&v->slots[other], (const int64_t[]){CHANNELS, INT64_MIN, 1});
    EXPECT_RESULT(v, apart);

    /* The same memory in another order is not in place. */
    static const struct {
        int64_t offset, strides[2];
    } bad[] = {{0, {1, ROWS}},
               {COUNT - 1, {-CHANNELS, -1}},
               {CHANNELS, {-CHANNELS, 1}},
               {0, {CHANNELS + 1, 1}},
               {0, {2 * CHANNELS, 2}}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        v = fresh_views(kind, function);
        v->slots[OUTPUT].tensor.data = shifted(v->slots[other].tensor.data, bad[i].offset * (ptrdiff_t)size);
        set_strides(&v->slots[OUTPUT], bad[i].strides);
        EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, text("%s.data is 0x", function->names[OUTPUT]),
                       text(" overlaps %s at 0x", function->names[other]), "expected separate memory");
    }
    if (function->in_place == (1 << INPUT | 1 << GRADIENTS)) {
        /* In place of one argument is not in place of both. */
        v = fresh_views(kind, function);
        const int both[] = {GRADIENTS, INPUT};
        const int third = both[other == GRADIENTS];
        v->slots[OUTPUT].tensor.data = v->slots[other].tensor.data;
        v->slots[third].tensor.data = shifted(v->slots[other].tensor.data, (ptrdiff_t)size);
        EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, text("%s.data is 0x", function->names[OUTPUT]),
                       text(" overlaps %s at 0x", function->names[third]));
    }
}

/* Elements of two tensors that alternate: the ranges of their addresses overlap, no byte is shared. */
static void check_interleaved(const struct kind *kind, const struct function *function, int role, int other)
{
    const int64_t apart[] = {is_range(other) ? 2 : 2 * CHANNELS, 2};
    struct views *v = fresh_views(kind, function);
    const struct views *dense = RESULT_OF(v);
    v = fresh_views(kind, function);
    struct slot *slot = &v->slots[role], *under = &v->slots[other];
    const ptrdiff_t under_size = (ptrdiff_t)dtype_size(under->tensor.dtype);
    const ptrdiff_t size = (ptrdiff_t)dtype_size(slot->tensor.dtype);
    lay_out(under, 0, apart);
    if (size > under_size) {
        return; /* the gaps are too small */
    }
    /* In the gaps behind each element; in units of the narrower type, a gap comes every 2 * ratio. */
    const int64_t ratio = under_size / size;
    const int64_t strides[] = {is_range(role) ? 2 * ratio : 2 * ratio * CHANNELS, 2 * ratio};
    for (ptrdiff_t place = under_size; place <= 2 * under_size - size; place += size) {
        const qdq_tensor keep = slot->tensor;
        const unsigned char *from = slot->tensor.data;
        unsigned char *to = shifted(under->tensor.data, place);
        /* Where the tensor is read, too, its elements move along. */
        for (size_t i = 0; i < view_count(&keep); i++) {
            slot->tensor.data = to;
            set_strides(slot, strides);
            memcpy(view_element(&slot->tensor, i), from + i * (size_t)size, (size_t)size);
        }
        EXPECT_RESULT(v, dense);
        slot->tensor = keep;
        if (is_output(function, RANGE_MIN)) {
            return; /* what was updated is no start for another round */
        }
    }
    /* One step aside they meet. */
    slot->tensor.data = shifted(under->tensor.data, under_size - size);
    set_strides(slot, strides);
    if (size < under_size || !(role == OUTPUT && function->in_place & 1u << other)) {
        EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, function->names[role], " overlaps ", function->names[other]);
    }
    slot->tensor.data = shifted(under->tensor.data, 2 * under_size);
    EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, function->names[role], " overlaps ", function->names[other]);
}

static void check_overlaps(const struct kind *kind, const struct function *function, int role)
{
    check_output_with_itself(kind, function, role);
    for (int other = 0; other < ROLES; other++) {
        if (!has(function, other) || other == role) {
            continue;
        }
        check_dense_overlaps(kind, function, role, other);
        check_interleaved(kind, function, role, other);
        if (role == OUTPUT && function->in_place & 1u << other) {
            check_in_place(kind, function, other);
        }
    }
}

/* What is only read may be one thing. */
static void check_shared_inputs(const struct kind *kind, const struct function *function)
{
    struct views *v = fresh_views(kind, function);
    v->slots[GRADIENTS].tensor.data = v->slots[INPUT].tensor.data;
    if (!is_output(function, RANGE_MIN)) {
        v->slots[RANGE_MIN].tensor.data = v->slots[RANGE_MAX].tensor.data;
    }
    EXPECT_DONE(v);
    if (has(function, GRADIENTS)) {
        v->call.tensors[GRADIENTS] = v->call.tensors[INPUT];
        EXPECT_DONE(v);
    }
    if (has(function, RANGE_MIN) && !is_output(function, RANGE_MIN)) {
        v->call.tensors[RANGE_MIN] = v->call.tensors[RANGE_MAX];
        EXPECT_DONE(v);
    }
    /* In place, the struct may be the same, too. */
    if (function->in_place & 1u << INPUT) {
        v->call.tensors[OUTPUT] = v->call.tensors[INPUT];
        EXPECT_DONE(v);
    }
}

static void check_same_range(const struct kind *kind)
{
    struct views *v = fresh_views(kind, &functions[RANGE_UPDATE]);
    v->call.tensors[RANGE_MIN] = v->call.tensors[RANGE_MAX];
    EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, "range_max", " overlaps ", "range_min", "expected separate memory");
}

/* In place is for elements, not for ranges, though a scalar's are as large. */
static void check_scalars_in_place(const struct kind *kind, const struct function *function)
{
    for (int other = RANGE_MIN; other <= RANGE_MAX; other++) {
        struct views *v = fresh_views(kind, function);
        views_shape(v, 0, NULL, -1);
        set_shape(&v->slots[other], 0, NULL);
        v->slots[OUTPUT].tensor.data = v->slots[other].tensor.data;
        EXPECT_REFUSED(v, QDQ_STATUS_OVERLAP, text("%s.data is 0x", function->names[OUTPUT]),
                       text(" overlaps %s at 0x", function->names[other]));
    }
}

/* Quantizers as arguments */

static void check_quantizer_pointer(const struct kind *kind, const struct function *function)
{
    struct views *v = fresh_views(kind, function);
    v->call.quantizer = NULL;
    EXPECT_REFUSED(v, QDQ_STATUS_NULL_POINTER, "quantizer is NULL", "expected a pointer");
    v->call.quantizer = shifted(v->quantizer, 1);
    EXPECT_REFUSED(v, QDQ_STATUS_MISALIGNED, "quantizer is 0x", "expected a multiple of");
}

static void check_created_pointer(const struct kind *kind)
{
    struct views *v = fresh_views(kind, &functions[CREATE]);
    v->call.created = NULL;
    EXPECT_REFUSED(v, QDQ_STATUS_NULL_POINTER, "quantizer is NULL", "expected a pointer");
    v->call.created = &v->created[0];
    expect_misaligned(v, &v->call.created, alignof(qdq_quantizer *), "quantizer", "");
}

static void check_created_dtype(const struct kind *kind)
{
    static const qdq_dtype bad[] = {0, -1, 5, 6, 7, 8, 9, 10, 11, 12, 13, INT32_MIN, INT32_MAX};
    struct views *v = fresh_views(kind, &functions[CREATE]);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        v->call.dtype = bad[i];
        EXPECT_REFUSED(v, QDQ_STATUS_UNSUPPORTED_DTYPE, text("dtype is %d", (int)bad[i]), "expected 1 to 4");
    }
}

/* qdq_quantizer_get has no tensor: the values are plain numbers, with room for one more at each end. */
enum { VALUES_BYTES = (CHANNELS + 2) * sizeof(double) };
static struct {
    alignas(64) unsigned char bytes[VALUES_BYTES];
} values;

static void expect_get_refused(const qdq_quantizer *quantizer, int32_t param, void *to, size_t len, qdq_status status,
                               const char *word, const char *expectation)
{
    unsigned char before[VALUES_BYTES];
    memcpy(before, values.bytes, VALUES_BYTES);
    CHECK_INT(qdq_attrs_init(NULL, sizeof(qdq_attrs)), QDQ_STATUS_NULL_POINTER);
    CHECK_INT(qdq_quantizer_get(quantizer, param, to, len), status);
    CHECK_BYTES(values.bytes, before, VALUES_BYTES);
    CHECK_CONTAINS(qdq_last_error(), word);
    CHECK_CONTAINS(qdq_last_error(), expectation);
}

static void check_get_refusals(const struct kind *kind)
{
    static const int32_t bad_params[] = {0, -1, 7, INT32_MIN, INT32_MAX};
    static const size_t bad_lens[] = {0, 1, CHANNELS - 1, CHANNELS + 1, SIZE_MAX};
    const size_t size = kind->size == sizeof(double) ? sizeof(double) : sizeof(float);
    const qdq_quantizer *quantizer = fresh_views(kind, &functions[APPLY])->quantizer;
    check_about("qdq_quantizer_get, %s", kind->name);
    memset(values.bytes, 0xa5, VALUES_BYTES);
    for (size_t i = 0; i < ARRAY_LENGTH(bad_params); i++) {
        expect_get_refused(quantizer, bad_params[i], values.bytes, CHANNELS, QDQ_STATUS_INVALID_ATTRIBUTE,
                           text("param is %d", (int)bad_params[i]), "expected");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad_lens); i++) {
        expect_get_refused(quantizer, QDQ_PARAM_SCALE, values.bytes, bad_lens[i], QDQ_STATUS_SIZE_MISMATCH,
                           text("len is %zu", bad_lens[i]), "expected 67");
    }
    for (size_t off = 1; off < size; off++) {
        expect_get_refused(quantizer, QDQ_PARAM_SCALE, values.bytes + off, CHANNELS, QDQ_STATUS_MISALIGNED,
                           "values is 0x", text("expected a multiple of %zu", size));
    }
    expect_get_refused(quantizer, QDQ_PARAM_SCALE, NULL, CHANNELS, QDQ_STATUS_NULL_POINTER, "values is NULL",
                       "expected a pointer");
    expect_get_refused(NULL, QDQ_PARAM_SCALE, values.bytes, CHANNELS, QDQ_STATUS_NULL_POINTER, "quantizer is NULL",
                       "expected a pointer");
    expect_get_refused(shifted(quantizer, 1), QDQ_PARAM_SCALE, values.bytes, CHANNELS, QDQ_STATUS_MISALIGNED,
                       "quantizer is 0x", "expected a multiple of");
}

static void check_get(const struct kind *kind)
{
    const size_t size = kind->size == sizeof(double) ? sizeof(double) : sizeof(float);
    const size_t end = size + CHANNELS * size;
    struct views *v = fresh_views(kind, &functions[APPLY]);
    check_about("qdq_quantizer_get, %s", kind->name);
    /* So many numbers, not one more. */
    for (int32_t param = QDQ_PARAM_SCALE; param <= QDQ_PARAM_RANGE_MAX; param++) {
        unsigned char guard[VALUES_BYTES];
        memset(values.bytes, 0xa5, VALUES_BYTES);
        memset(guard, 0xa5, VALUES_BYTES);
        CHECK_INT(qdq_quantizer_get(v->quantizer, param, values.bytes + size, CHANNELS), QDQ_STATUS_OK);
        CHECK_BYTES(values.bytes, guard, size);
        CHECK_BYTES(values.bytes + end, guard, VALUES_BYTES - end);
        CHECK(memcmp(values.bytes + end - size, guard, size) != 0);
    }

    /* Of no channel there is nothing to write. */
    views_shape(v, 2, (const int64_t[]){3, 0}, 1);
    CHECK_INT(qdq_quantizer_get(v->quantizer, QDQ_PARAM_SCALE, NULL, 0), QDQ_STATUS_OK);
}

static void check_function(const struct kind *kind, const struct function *function)
{
    for (int role = 0; role < ROLES; role++) {
        if (!has(function, role)) {
            continue;
        }
        check_one_tensor(kind, function, role);
        check_dtypes(kind, function, role);
        check_layouts(kind, function, role);
        check_repeated_elements(kind, function, role);
        if (is_range(role)) {
            check_range_shapes(kind, function, role);
        }
        if (is_output(function, role)) {
            check_overlaps(kind, function, role);
        }
    }
    check_strides(kind, function);
    check_nothing(kind, function);
    check_scalar(kind, function);
    check_rank_64(kind, function);
    check_shape_mismatch(kind, function);
    check_codes_for_floats(kind, function);
    check_float_ranges(kind, function);
    check_shared_inputs(kind, function);
    if (function->has_attrs) {
        check_axis(kind, function);
        check_attrs(kind, function);
        check_default_attrs(kind, function);
        check_degenerate(kind, function);
    }
    if (function->has_executor) {
        check_executor(kind, function);
    }
    if (function->has_quantizer) {
        check_channels_of_a_quantizer(kind, function);
        check_quantizer_pointer(kind, function);
    }
    if (function->codes != 0) {
        check_codes_dtypes(kind, function);
    }
    if (has(function, OUTPUT) && has(function, RANGE_MIN)) {
        check_range_without_range_given(kind, function);
        check_scalars_in_place(kind, function);
    }
    if (has(function, RANGE_MIN)) {
        check_both_ends_null(kind, function);
    }
    if (has(function, RANGE_MIN) && function != &functions[RANGE_UPDATE]) {
        check_given_range_values(kind, function);
    }
}

static void check_kind(const struct kind *kind)
{
    for (size_t i = 0; i < FUNCTIONS; i++) {
        check_function(kind, &functions[i]);
    }
    check_updated_range_values(kind);
    check_same_range(kind);
    check_axis_of_a_quantizer(kind);
    check_gathered_range_values(kind);
    check_gathered_degenerate(kind);
    check_degenerate_gradient(kind);
    check_created_pointer(kind);
    check_created_dtype(kind);
    check_get_refusals(kind);
    check_get(kind);
}

int main(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        check_kind(&kinds[i]);
    }
    return check_finish();
}
