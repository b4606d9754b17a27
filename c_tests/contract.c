/*
 * The boundary: what each wrong argument gives (the status, the words, not a byte written) and what is allowed.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof *(array))

static const size_t FIRST_MIDDLE_LAST[] = {0, CHANNELS / 2, CHANNELS - 1};

/* Pointers */

static void check_null_pointers(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    f->call.input = NULL;
    EXPECT_FAILURE(f, QDQ_STATUS_NULL_POINTER, "input is NULL", "expected");

    f = fresh_fixture(kind);
    f->call.gradients = NULL;
    EXPECT_FAILURE_OF(f, GRADIENT, QDQ_STATUS_NULL_POINTER, "gradients is NULL", "expected");

    f = fresh_fixture(kind);
    f->call.output = NULL;
    EXPECT_FAILURE_OF(f, FORWARD, QDQ_STATUS_NULL_POINTER, "output is NULL", "expected");
    EXPECT_FAILURE_OF(f, GRADIENT, QDQ_STATUS_NULL_POINTER, "input_backprop is NULL", "expected");

    f = fresh_fixture(kind);
    f->call.shape = NULL;
    EXPECT_FAILURE(f, QDQ_STATUS_NULL_POINTER, "shape is NULL", "expected");

    f = fresh_fixture(kind);
    f->call.input_min = NULL;
    EXPECT_FAILURE(f, QDQ_STATUS_NULL_POINTER, "input_min is NULL", "expected");

    f = fresh_fixture(kind);
    f->call.input_max = NULL;
    EXPECT_FAILURE(f, QDQ_STATUS_NULL_POINTER, "input_max is NULL", "expected");
}

static void check_range_gradients_may_be_null(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    f->call.input_min_backprop = NULL;
    EXPECT_SUCCESS_OF(f, GRADIENT);
    f->call.input_max_backprop = NULL;
    EXPECT_SUCCESS_OF(f, GRADIENT);
    f->call.input_min_backprop = first(&f->input_min_backprop);
    EXPECT_SUCCESS_OF(f, GRADIENT);
}

static void *shifted(const void *pointer, size_t bytes)
{
    return (void *)((uintptr_t)pointer + bytes);
}

/* `pointer`, a member of the fixture's call, is off by each number of bytes that is no multiple of its alignment. */
static void expect_misaligned(struct fixture *f, enum direction direction, void *pointer, size_t alignment,
                              const char *name)
{
    void *aligned;
    memcpy(&aligned, pointer, sizeof aligned);
    for (size_t bytes = 1; bytes < alignment; bytes++) {
        void *misaligned = shifted(aligned, bytes);
        memcpy(pointer, &misaligned, sizeof misaligned);
        EXPECT_FAILURE_OF(f, direction, QDQ_STATUS_MISALIGNED, name, "expected a multiple of",
                          text("%zu", alignment));
    }
    memcpy(pointer, &aligned, sizeof aligned);
}

static void check_alignment(const struct kind *kind, enum direction direction)
{
    struct fixture *f = fresh_fixture(kind);
    expect_misaligned(f, direction, &f->call.input, kind->size, "input is ");
    expect_misaligned(f, direction, &f->call.input_min, kind->size, "input_min is ");
    expect_misaligned(f, direction, &f->call.input_max, kind->size, "input_max is ");
    expect_misaligned(f, direction, &f->call.output, kind->size, output_name(direction));
    expect_misaligned(f, direction, &f->call.shape, alignof(int64_t), "shape is ");
    expect_misaligned(f, direction, &f->call.attrs, alignof(qdq_attrs), "attrs is ");
    expect_misaligned(f, direction, &f->call.executor, alignof(qdq_executor), "executor is ");
    if (direction == GRADIENT) {
        expect_misaligned(f, direction, &f->call.gradients, kind->size, "gradients is ");
        expect_misaligned(f, direction, &f->call.input_min_backprop, kind->size, "input_min_backprop is ");
        expect_misaligned(f, direction, &f->call.input_max_backprop, kind->size, "input_max_backprop is ");
    }
}

static void check_element_alignment_is_enough(const struct kind *kind)
{
    for (ptrdiff_t offset = 1; offset < 8; offset++) {
        struct fixture *f = fresh_fixture(kind);
        f->call.gradients = element(kind, f->call.gradients, offset);
        f->call.input = element(kind, f->call.input, 2 * offset);
        f->call.output = element(kind, f->call.output, 3 * offset);
        f->call.input_min_backprop = element(kind, f->call.input_min_backprop, offset);
        EXPECT_SUCCESS(f);
    }
}

/* Shapes */

static void check_rank(const struct kind *kind)
{
    static const int32_t bad[] = {-1, -2, QDQ_MAX_RANK + 1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct fixture *f = fresh_fixture(kind);
        f->call.rank = bad[i];
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_SHAPE, text("rank is %d", (int)bad[i]), "expected 0 to 64");
    }

    int64_t ones[QDQ_MAX_RANK];
    for (size_t i = 0; i < QDQ_MAX_RANK; i++) {
        ones[i] = 1;
    }
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, QDQ_MAX_RANK, ones, QDQ_MAX_RANK - 1, 1);
    EXPECT_SUCCESS(f);
}

static void check_negative_dimensions(const struct kind *kind)
{
    static const int64_t bad[] = {-1, -CHANNELS, INT64_MIN};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        for (int at = 0; at < 3; at++) {
            /* A zero beside it excuses nothing. */
            for (int64_t others = 0; others <= 2; others++) {
                struct fixture *f = fresh_fixture(kind);
                fixture_shape(f, 3, (const int64_t[]){others, others, others}, -1, 1);
                f->shape[at] = bad[i];
                EXPECT_FAILURE(f, QDQ_STATUS_INVALID_SHAPE, text("shape[%d] is %lld", at, (long long)bad[i]),
                               "expected 0 or more");
            }
        }
    }
}

static void check_too_many_elements(const struct kind *kind)
{
    const int64_t too_many = PTRDIFF_MAX / (int64_t)kind->size + 1;
    const int64_t bad[][3] = {
        {too_many, 1, 1},
        {1, 1, too_many},
        {INT64_MAX, 1, INT64_MAX},
        {INT64_C(1) << 32, INT64_C(1) << 32, 1}, /* the product is 0 modulo 2^64 */
        {INT64_C(1) << 62, 1, 4},
        {3, INT64_MAX / 2, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct fixture *f = fresh_fixture(kind);
        fixture_shape(f, 3, bad[i], -1, 1);
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_SHAPE, "shape", "expected", "bytes");
    }
}

static void check_zero_dimensions(const struct kind *kind)
{
    static const struct {
        int32_t rank;
        int64_t shape[3];
    } empty[] = {{1, {0}},       {2, {0, 3}},    {2, {3, 0}},    {3, {2, 0, 3}},
                 {3, {0, 0, 0}}, {3, {0, 7, 1}}, {3, {INT64_MAX, 0, 3}}};
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++) {
        for (int32_t axis = -1; axis < empty[i].rank; axis++) {
            if (axis >= 0 && empty[i].shape[axis] == INT64_MAX) {
                continue; /* so many ranges do not exist */
            }
            for (int range_given = 0; range_given < 2; range_given++) {
                struct fixture *f = fresh_fixture(kind);
                fixture_shape(f, empty[i].rank, empty[i].shape, axis, range_given);
                EXPECT_SUCCESS(f);
                f->call.gradients = f->call.input = f->call.output = NULL;
                EXPECT_SUCCESS(f);
            }
        }
    }
}

/* The range's gradient is per channel: it exists where the tensor has no element. */
static void check_range_gradient_of_nothing(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 2, (const int64_t[]){0, 3}, 1, 1);
    f->call.gradients = f->call.input = f->call.output = NULL;
    EXPECT_SUCCESS_OF(f, GRADIENT);
    for (size_t i = 0; i < 3; i++) {
        CHECK_BITS(get_bits(kind, f->call.input_min_backprop, i), 0);
        CHECK_BITS(get_bits(kind, f->call.input_max_backprop, i), 0);
    }
}

static void check_scalar(const struct kind *kind)
{
    for (int range_given = 0; range_given < 2; range_given++) {
        struct fixture *f = fresh_fixture(kind);
        fixture_shape(f, 0, NULL, -1, range_given);
        EXPECT_SUCCESS(f);
        f->call.shape = NULL;
        EXPECT_SUCCESS(f);
    }
}

/* Attributes */

static void check_axis(const struct kind *kind)
{
    static const int32_t bad[] = {-2, -3, 2, 3, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct fixture *f = fresh_fixture(kind);
        f->attrs.axis = bad[i];
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_AXIS, text("axis is %d", (int)bad[i]), "expected -1 to 1", "rank 2");
        fixture_computed(f);
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_AXIS, text("axis is %d", (int)bad[i]), "expected -1 to 1", "rank 2");
    }

    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 0, NULL, -1, 0);
    f->attrs.axis = 0;
    EXPECT_FAILURE(f, QDQ_STATUS_INVALID_AXIS, "axis is 0", "expected -1", "rank 0");
}

static void check_num_bits(const struct kind *kind)
{
    for (int32_t is_signed = 0; is_signed < 2; is_signed++) {
        const int32_t most = is_signed ? 61 : 62;
        const int32_t bad[] = {0, -1, -8, most + 1, 63, 64, 65, INT32_MIN, INT32_MAX};
        struct fixture *f = fresh_fixture(kind);
        f->attrs.signed_input = is_signed;
        for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
            f->attrs.num_bits = bad[i];
            EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, text("num_bits is %d", (int)bad[i]),
                           text("expected 1 to %d", (int)most), is_signed ? " signed" : " unsigned");
        }
        for (f->attrs.num_bits = 1; f->attrs.num_bits <= most; f->attrs.num_bits++) {
            EXPECT_SUCCESS(f);
        }
    }
}

static void check_narrow_range(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    f->attrs.narrow_range = 1;
    f->attrs.num_bits = 1;
    EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, "num_bits is 1", "expected 2", "narrow_range");
    f->attrs.num_bits = 2;
    EXPECT_SUCCESS(f);

    /* Unsigned codes know no narrow range. */
    f->attrs.num_bits = 1;
    f->attrs.signed_input = 0;
    EXPECT_SUCCESS(f);
}

static void expect_constant(struct fixture *f, int32_t *attribute, const char *name, int32_t largest)
{
    const int32_t bad[] = {-1, largest + 1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        *attribute = bad[i];
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, text("%s is %d", name, (int)bad[i]), "expected");
    }
    for (*attribute = largest; *attribute > 0; --*attribute) {
        EXPECT_SUCCESS(f);
    }
}

static void check_constants(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    expect_constant(f, &f->attrs.round_mode, "round_mode", QDQ_ROUND_HALF_UP);
    expect_constant(f, &f->attrs.arithmetic, "arithmetic", QDQ_ARITHMETIC_NATIVE);
    expect_constant(f, &f->attrs.degenerate, "degenerate", QDQ_DEGENERATE_ERROR);
}

static void expect_same_output(struct fixture *f, const qdq_attrs *attrs, const qdq_executor *executor)
{
    unsigned char expected[COUNT * sizeof(double)];
    EXPECT_SUCCESS_OF(f, FORWARD);
    memcpy(expected, f->call.output, sizeof expected);
    memset(f->call.output, 0x5a, sizeof expected);
    f->call.attrs = attrs;
    f->call.executor = executor;
    EXPECT_SUCCESS_OF(f, FORWARD);
    CHECK_BYTES(f->call.output, expected, COUNT * f->kind->size);
}

/* Booleans are 0 or not 0. */
static void check_booleans(const struct kind *kind)
{
    static const int32_t truths[] = {2, 256, -1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(truths); i++) {
        struct fixture *f = fresh_fixture(kind);
        f->attrs.narrow_range = 1;
        qdq_attrs attrs = f->attrs;
        attrs.signed_input = attrs.range_given = attrs.narrow_range = truths[i];
        expect_same_output(f, &attrs, &f->executor);
    }
}

static void check_defaults(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 2, (const int64_t[]){ROWS, CHANNELS}, -1, 0);
    expect_same_output(f, NULL, NULL);
    EXPECT_SUCCESS_OF(f, GRADIENT);

    /* A computed range is the default: another one was forgotten, not asked for. */
    f = fresh_fixture(kind);
    f->call.attrs = NULL;
    EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, "input_min", "range_given");
}

/* Structs of other versions */

static void expect_struct_sizes(struct fixture *f, size_t *struct_size, size_t size, unsigned char *unknown,
                                const char *name)
{
    const size_t small[] = {0, 1, sizeof(size_t), size - 1};
    for (size_t i = 0; i < ARRAY_LENGTH(small); i++) {
        *struct_size = small[i];
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, name, text("struct_size is %zu", small[i]),
                       text("expected %zu", size));
    }

    for (size_t extra = 1; extra <= UNKNOWN_BYTES; extra++) {
        *struct_size = size + extra;
        EXPECT_SUCCESS(f);
        /* What lies behind the struct is not its part. */
        if (extra < UNKNOWN_BYTES) {
            unknown[extra] = 1;
            EXPECT_SUCCESS(f);
            unknown[extra] = 0;
        }
        unknown[extra - 1] = 0x80;
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, name, "expected");
        unknown[extra - 1] = 0;
    }
}

static void check_struct_sizes(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    expect_struct_sizes(f, &f->attrs.struct_size, sizeof f->attrs, f->attrs_unknown, "attrs");
    f = fresh_fixture(kind);
    expect_struct_sizes(f, &f->executor.struct_size, sizeof f->executor, f->executor_unknown, "executor");
}

static void check_executor(const struct kind *kind)
{
    static const int32_t bad_reserved[] = {1, -1, INT32_MIN};
    static const int32_t bad_threads[] = {-1, -4, INT32_MIN};
    for (size_t i = 0; i < ARRAY_LENGTH(bad_reserved); i++) {
        struct fixture *f = fresh_fixture(kind);
        f->executor.reserved = bad_reserved[i];
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, "executor", text("reserved is %d", (int)bad_reserved[i]),
                       "expected 0");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad_threads); i++) {
        struct fixture *f = fresh_fixture(kind);
        f->executor.num_threads = bad_threads[i];
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, "executor", text("num_threads is %d", (int)bad_threads[i]),
                       "expected 0 or more");
    }
}

static void check_executors_agree(const struct kind *kind)
{
    for (int32_t threads = 0; threads < 5; threads++) {
        struct fixture *f = fresh_fixture(kind);
        qdq_executor executor = QDQ_EXECUTOR_INIT;
        executor.num_threads = threads;
        expect_same_output(f, &f->attrs, &executor);
    }
}

/* Ranges */

static void check_range_without_range_given(const struct kind *kind)
{
    for (int32_t axis = -1; axis < 2; axis++) {
        struct fixture *f = fresh_fixture(kind);
        const void *range = f->call.input_min;
        fixture_shape(f, 2, (const int64_t[]){ROWS, CHANNELS}, axis, 0);

        f->call.input_min = range;
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, "input_min", "expected NULL", "range_given");
        f->call.input_min = NULL;
        f->call.input_max = range;
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, "input_max", "expected NULL", "range_given");
        f->call.input_max = NULL;
        f->call.range_len = 1;
        EXPECT_FAILURE(f, QDQ_STATUS_SIZE_MISMATCH, "range_len is 1", "expected 0", "range_given");
        f->call.input_min = f->call.input_max = range;
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, "input_min", "expected NULL", "range_given");
    }
}

static void check_range_len(const struct kind *kind)
{
    static const int64_t shape[] = {ROWS, CHANNELS};
    for (int32_t axis = -1; axis < 2; axis++) {
        const size_t right = axis == -1 ? 1 : (size_t)shape[axis];
        const size_t bad[] = {0, right - 1, right + 1, 2 * right, COUNT, SIZE_MAX};
        for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
            struct fixture *f = fresh_fixture(kind);
            fixture_shape(f, 2, shape, axis, 1);
            f->call.range_len = bad[i];
            EXPECT_FAILURE(f, QDQ_STATUS_SIZE_MISMATCH, text("range_len is %zu", bad[i]),
                           text("expected %zu", right));
        }
    }
}

static void check_range_values(const struct kind *kind)
{
    static const struct {
        double value;
        const char *name;
    } bad[] = {{NAN, "NaN"}, {INFINITY, "inf"}, {-INFINITY, "-inf"}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        for (size_t c = 0; c < ARRAY_LENGTH(FIRST_MIDDLE_LAST); c++) {
            const size_t channel = FIRST_MIDDLE_LAST[c];
            struct fixture *f = fresh_fixture(kind);
            put(kind, first(&f->input_min), channel, bad[i].value);
            EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, text("input_min[%zu] is %s", channel, bad[i].name),
                           "expected a finite number");

            f = fresh_fixture(kind);
            put(kind, first(&f->input_max), channel, bad[i].value);
            EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, text("input_max[%zu] is %s", channel, bad[i].name),
                           "expected a finite number");

            /* Equal ends are in order; infinite ones are still no range. */
            put(kind, first(&f->input_min), channel, bad[i].value);
            EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, text("[%zu] is %s", channel, bad[i].name),
                           "expected a finite number");
        }
        struct fixture *f = fresh_fixture(kind);
        fixture_shape(f, 2, (const int64_t[]){ROWS, CHANNELS}, -1, 1);
        put(kind, first(&f->input_max), 0, bad[i].value);
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, "input_max", text("is %s", bad[i].name),
                       "expected a finite number");
    }
}

static void check_range_order(const struct kind *kind)
{
    for (size_t c = 0; c < ARRAY_LENGTH(FIRST_MIDDLE_LAST); c++) {
        const size_t channel = FIRST_MIDDLE_LAST[c];
        struct fixture *f = fresh_fixture(kind);
        put(kind, first(&f->input_min), channel, 2.5);
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, text("input_min[%zu] is 2.5", channel),
                       text("input_max[%zu]", channel), "expected");

        /* An empty interval is a range, and so is one that excludes zero. */
        put(kind, first(&f->input_max), channel, 2.5);
        EXPECT_SUCCESS(f);
    }

    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 0, NULL, -1, 1);
    put(kind, first(&f->input_min), 0, 2.5);
    EXPECT_FAILURE(f, QDQ_STATUS_INVALID_RANGE, "input_min", "2.5", "input_max", "expected");
}

/* Overlaps */

/* `output` overlaps `other`, which has so many elements, in every way that two arrays of COUNT and `length` can. */
static void expect_overlaps(struct fixture *f, enum direction direction, void **output, size_t output_length,
                            const char *output_name_, const void *other, size_t length, const char *name,
                            int same_is_allowed)
{
    const ptrdiff_t places[] = {0, 1, (ptrdiff_t)length - 1, -1, -((ptrdiff_t)output_length - 1)};
    void *apart = *output;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        /* A single element has one place only. */
        if (places[i] >= (ptrdiff_t)length || -places[i] >= (ptrdiff_t)output_length
            || (places[i] == 0 && same_is_allowed)) {
            continue;
        }
        *output = element(f->kind, other, places[i]);
        EXPECT_FAILURE_OF(f, direction, QDQ_STATUS_OVERLAP, output_name_, "overlaps", name);
    }

    /* Neighbours share nothing. */
    *output = element(f->kind, other, (ptrdiff_t)length);
    EXPECT_SUCCESS_OF(f, direction);
    *output = element(f->kind, other, -(ptrdiff_t)output_length);
    EXPECT_SUCCESS_OF(f, direction);
    *output = apart;
}

static void check_output_overlaps(const struct kind *kind, enum direction direction, int32_t axis)
{
    static const int64_t shape[] = {ROWS, CHANNELS};
    const size_t channels = axis == -1 ? 1 : (size_t)shape[axis];
    const char *name = output_name(direction);
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 2, shape, axis, 1);
    void **output = &f->call.output;
    expect_overlaps(f, direction, output, COUNT, name, f->call.input, COUNT, "input", 1);
    expect_overlaps(f, direction, output, COUNT, name, f->call.input_min, channels, "input_min", 0);
    expect_overlaps(f, direction, output, COUNT, name, f->call.input_max, channels, "input_max", 0);
    if (direction == GRADIENT) {
        expect_overlaps(f, direction, output, COUNT, name, f->call.gradients, COUNT, "gradients", 1);
    }
}

static void expect_range_gradient_overlaps(struct fixture *f, void **output, size_t channels, const char *name,
                                           const void *twin, const char *twin_name)
{
    const struct call *call = &f->call;
    expect_overlaps(f, GRADIENT, output, channels, name, call->gradients, COUNT, "gradients", 0);
    expect_overlaps(f, GRADIENT, output, channels, name, call->input, COUNT, "input", 0);
    expect_overlaps(f, GRADIENT, output, channels, name, call->input_min, channels, "input_min", 0);
    expect_overlaps(f, GRADIENT, output, channels, name, call->input_max, channels, "input_max", 0);
    expect_overlaps(f, GRADIENT, output, channels, name, call->output, COUNT, "input_backprop", 0);
    expect_overlaps(f, GRADIENT, output, channels, name, twin, channels, twin_name, 0);
}

static void check_range_gradient_overlaps(const struct kind *kind, int32_t axis)
{
    static const int64_t shape[] = {ROWS, CHANNELS};
    const size_t channels = axis == -1 ? 1 : (size_t)shape[axis];
    struct fixture *f = fresh_fixture(kind);
    struct call *call = &f->call;
    fixture_shape(f, 2, shape, axis, 1);
    expect_range_gradient_overlaps(f, &call->input_min_backprop, channels, "input_min_backprop",
                                   call->input_max_backprop, "input_max_backprop");
    expect_range_gradient_overlaps(f, &call->input_max_backprop, channels, "input_max_backprop",
                                   call->input_min_backprop, "input_min_backprop");
}

/* In place of one argument is not in place of both. */
static void check_in_place_beside_an_overlap(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    f->call.output = first(&f->gradients);
    f->call.input = element(kind, f->call.output, 1);
    EXPECT_FAILURE_OF(f, GRADIENT, QDQ_STATUS_OVERLAP, "input_backprop", "overlaps", "input");

    f->call.output = (void *)f->call.input;
    EXPECT_FAILURE_OF(f, GRADIENT, QDQ_STATUS_OVERLAP, "input_backprop", "overlaps", "gradients");
}

static void check_in_place(const struct kind *kind, enum direction direction, struct array *array)
{
    unsigned char expected[COUNT * sizeof(double)];
    struct fixture *f = fresh_fixture(kind);
    EXPECT_SUCCESS_OF(f, direction);
    memcpy(expected, f->call.output, sizeof expected);
    f->call.output = first(array);
    EXPECT_SUCCESS_OF(f, direction);
    CHECK_BYTES(f->call.output, expected, COUNT * kind->size);
}

static void check_allowed_overlaps(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    check_in_place(kind, FORWARD, &f->input);
    check_in_place(kind, GRADIENT, &f->input);
    check_in_place(kind, GRADIENT, &f->gradients);

    /* What is only read may be one thing. */
    f = fresh_fixture(kind);
    f->call.gradients = f->call.input;
    f->call.input_min = f->call.input_max;
    EXPECT_SUCCESS(f);
    f->call.gradients = element(kind, f->call.input, 1);
    EXPECT_SUCCESS(f);
}

/* Exactly the same place: in place is for elements, not for ranges. */
static void check_overlap_with_ranges_of_a_scalar(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 0, NULL, -1, 1);
    f->call.output = first(&f->input_min);
    EXPECT_FAILURE_OF(f, FORWARD, QDQ_STATUS_OVERLAP, "output", "overlaps", "input_min");
    EXPECT_FAILURE_OF(f, GRADIENT, QDQ_STATUS_OVERLAP, "input_backprop", "overlaps", "input_min");
}

/* Degenerate ranges */

static void fill_channel(struct fixture *f, size_t channel, uint64_t bits)
{
    for (size_t row = 0; row < ROWS; row++) {
        put_bits(f->kind, first(&f->input), row * CHANNELS + channel, bits);
    }
}

/* The fixture's range is degenerate: an error where asked for, and for the operation only. */
static void expect_degenerate(struct fixture *f, const char *what)
{
    f->attrs.degenerate = QDQ_DEGENERATE_ERROR;
    EXPECT_FAILURE_OF(f, FORWARD, QDQ_STATUS_DEGENERATE_RANGE, what, "expected");
    EXPECT_SUCCESS_OF(f, GRADIENT);
    f->attrs.degenerate = QDQ_DEGENERATE_ZERO;
    EXPECT_SUCCESS(f);
    f->attrs.degenerate = QDQ_DEGENERATE_TENSORFLOW;
    EXPECT_SUCCESS(f);
}

static void check_degenerate_channel(const struct kind *kind, size_t channel)
{
    const char *name = text("channel %zu", channel);
    struct fixture *f = fresh_fixture(kind);
    fixture_computed(f);
    f->attrs.degenerate = QDQ_DEGENERATE_ERROR;
    EXPECT_SUCCESS(f);

    /* The reciprocal of the smallest number overflows; half's does in its own arithmetic only. */
    fill_channel(f, channel, 1);
    f->attrs.arithmetic = QDQ_ARITHMETIC_NATIVE;
    expect_degenerate(f, name);

    f->attrs.arithmetic = QDQ_ARITHMETIC_DEFAULT;
    fill_channel(f, channel, kind->infinity);
    expect_degenerate(f, name);

    /* One bit, signed: the codes are -1 and 0, a positive range has no scale. */
    for (size_t other = 0; other < CHANNELS; other++) {
        fill_channel(f, other, kind->bits(-1));
    }
    fill_channel(f, channel, kind->bits(1));
    f->attrs.num_bits = 1;
    expect_degenerate(f, name);

    /* Unsigned: nothing above zero. */
    for (size_t other = 0; other < CHANNELS; other++) {
        fill_channel(f, other, kind->bits(1));
    }
    fill_channel(f, channel, kind->bits(-1));
    f->attrs.num_bits = 8;
    f->attrs.signed_input = 0;
    expect_degenerate(f, name);
}

static void check_degenerate_tensor(const struct kind *kind)
{
    static const int64_t shape[] = {COUNT};
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 1, shape, -1, 0);
    put_bits(kind, first(&f->input), COUNT - 1, kind->infinity);
    expect_degenerate(f, "range");

    /* A given range can be as bad: unsigned codes, and its upper end below zero. */
    f = fresh_fixture(kind);
    fixture_shape(f, 1, shape, -1, 1);
    put(kind, first(&f->input_max), 0, -0.5);
    f->attrs.signed_input = 0;
    expect_degenerate(f, "range");
}

/* Nothing to quantize is not degenerate: zeros, NaN, no element at all. */
static void check_not_degenerate(const struct kind *kind)
{
    static const double values[] = {0.0, -0.0, NAN};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        struct fixture *f = fresh_fixture(kind);
        fixture_computed(f);
        f->attrs.degenerate = QDQ_DEGENERATE_ERROR;
        fill_channel(f, CHANNELS / 2, kind->bits(values[i]));
        EXPECT_SUCCESS(f);
    }
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 2, (const int64_t[]){0, CHANNELS}, 1, 0);
    f->attrs.degenerate = QDQ_DEGENERATE_ERROR;
    EXPECT_SUCCESS(f);
}

/* One signed bit has qmax = 0, so that zeros give the inverse 0/0; where there is no number it does not matter. */
static void check_degenerate_zeros(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    fixture_computed(f);
    for (size_t channel = 0; channel < CHANNELS; channel++) {
        fill_channel(f, channel, kind->bits(NAN));
    }
    f->attrs.num_bits = 1;
    f->attrs.degenerate = QDQ_DEGENERATE_ERROR;
    EXPECT_SUCCESS(f);
    fill_channel(f, CHANNELS / 2, 0);
    expect_degenerate(f, text("channel %d", CHANNELS / 2));
}

/* The functions without a tensor */

static void check_attrs_init(void)
{
    static const qdq_attrs defaults = QDQ_ATTRS_INIT;
    struct {
        qdq_attrs attrs;
        unsigned char unknown[UNKNOWN_BYTES];
    } s;
    check_about("qdq_attrs_init");
    CHECK_INT(defaults.num_bits, 8);
    CHECK_INT(defaults.axis, -1);
    CHECK_INT(defaults.signed_input, 1);
    for (size_t size = sizeof s.attrs; size <= sizeof s; size++) {
        unsigned char expected[sizeof s] = {0};
        qdq_attrs sized = defaults;
        sized.struct_size = size;
        memcpy(expected, &sized, sizeof sized);
        memset(expected + size, 0xa5, sizeof expected - size);

        memset(&s, 0xa5, sizeof s);
        CHECK_INT(qdq_attrs_init(&s.attrs, size), QDQ_STATUS_OK);
        CHECK_BYTES(&s, expected, sizeof s);
    }
}

static void check_attrs_init_failures(void)
{
    unsigned char guard[2 * sizeof(qdq_attrs)];
    alignas(qdq_attrs) unsigned char bytes[sizeof guard];
    check_about("qdq_attrs_init");
    memset(guard, 0xa5, sizeof guard);
    memcpy(bytes, guard, sizeof guard);

    for (size_t size = 0; size < sizeof(qdq_attrs); size++) {
        CHECK_INT(qdq_attrs_init((qdq_attrs *)(void *)bytes, size), QDQ_STATUS_INVALID_ATTRIBUTE);
        CHECK_CONTAINS(qdq_last_error(), text("struct_size is %zu", size));
        CHECK_CONTAINS(qdq_last_error(), text("expected %zu", sizeof(qdq_attrs)));
    }
    CHECK_INT(qdq_attrs_init(NULL, sizeof(qdq_attrs)), QDQ_STATUS_NULL_POINTER);
    CHECK_CONTAINS(qdq_last_error(), "attrs is NULL");
    CHECK_INT(qdq_attrs_init(shifted(bytes, 4), sizeof(qdq_attrs)), QDQ_STATUS_MISALIGNED);
    CHECK_CONTAINS(qdq_last_error(), "attrs is ");
    CHECK_BYTES(bytes, guard, sizeof guard);
}

static void check_status_strings(void)
{
    static const char *const names[] = {
        "QDQ_STATUS_OK",
        "QDQ_STATUS_NULL_POINTER",
        "QDQ_STATUS_INVALID_ATTRIBUTE",
        "QDQ_STATUS_INVALID_AXIS",
        "QDQ_STATUS_INVALID_SHAPE",
        "QDQ_STATUS_INVALID_RANGE",
        "QDQ_STATUS_SIZE_MISMATCH",
        "QDQ_STATUS_UNSUPPORTED_DTYPE",
        "QDQ_STATUS_MISALIGNED",
        "QDQ_STATUS_OVERLAP",
        "QDQ_STATUS_DEGENERATE_RANGE",
        "QDQ_STATUS_OUT_OF_MEMORY",
        "QDQ_STATUS_INTERNAL",
        "QDQ_STATUS_EXECUTOR",
    };
    static const qdq_status unknown[] = {ARRAY_LENGTH(names), -1, INT32_MIN, INT32_MAX};
    check_about("qdq_status_string");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        CHECK_STRING(qdq_status_string((qdq_status)i), names[i]);
        CHECK(qdq_status_string((qdq_status)i) == qdq_status_string((qdq_status)i));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(unknown); i++) {
        CHECK_STRING(qdq_status_string(unknown[i]), "unknown status");
    }
    CHECK_INT(QDQ_STATUS_OK, 0);
    CHECK_INT(QDQ_STATUS_EXECUTOR, ARRAY_LENGTH(names) - 1);
}

static void check_version(void)
{
    check_about("qdq_version");
    CHECK_STRING(qdq_version(), text("%d.%d.%d", QDQ_VERSION_MAJOR, QDQ_VERSION_MINOR, QDQ_VERSION_PATCH));
    CHECK_INT(qdq_version_number(), QDQ_VERSION_MAJOR << 16 | QDQ_VERSION_MINOR << 8 | QDQ_VERSION_PATCH);
}

static void check_isa(void)
{
    const char *isa = qdq_isa();
    check_about("qdq_isa");
    CHECK(strcmp(isa, "scalar") == 0 || strcmp(isa, "avx2") == 0 || strcmp(isa, "avx512") == 0
          || strcmp(isa, "neon") == 0);
    CHECK(isa == qdq_isa());
}

static void check_last_error(void)
{
    check_about("qdq_last_error");
    CHECK_STRING(qdq_last_error(), "");
    CHECK_INT(qdq_attrs_init(NULL, sizeof(qdq_attrs)), QDQ_STATUS_NULL_POINTER);
    const char *words = qdq_last_error();
    char copy[256];
    snprintf(copy, sizeof copy, "%s", words);

    /* Success leaves it, and the buffer is always the same one. */
    struct fixture *f = fresh_fixture(&kinds[0]);
    CHECK_INT(run(f->kind, FORWARD, &f->call), QDQ_STATUS_OK);
    CHECK(qdq_last_error() == words);
    CHECK_STRING(qdq_last_error(), copy);
    f->attrs.axis = 2;
    CHECK_INT(run(f->kind, FORWARD, &f->call), QDQ_STATUS_INVALID_AXIS);
    CHECK(qdq_last_error() == words);
    CHECK_CONTAINS(words, "axis is 2");

    /* A shorter sentence ends where it did, whatever was said before it. */
    CHECK(strlen(words) > strlen(copy));
    CHECK_INT(qdq_attrs_init(NULL, sizeof(qdq_attrs)), QDQ_STATUS_NULL_POINTER);
    CHECK_STRING(words, copy);
}

static void check_kind(const struct kind *kind)
{
    check_null_pointers(kind);
    check_range_gradients_may_be_null(kind);
    check_alignment(kind, FORWARD);
    check_alignment(kind, GRADIENT);
    check_element_alignment_is_enough(kind);

    check_rank(kind);
    check_negative_dimensions(kind);
    check_too_many_elements(kind);
    check_zero_dimensions(kind);
    check_range_gradient_of_nothing(kind);
    check_scalar(kind);

    check_axis(kind);
    check_num_bits(kind);
    check_narrow_range(kind);
    check_constants(kind);
    check_booleans(kind);
    check_defaults(kind);
    check_struct_sizes(kind);
    check_executor(kind);
    check_executors_agree(kind);

    check_range_without_range_given(kind);
    check_range_len(kind);
    check_range_values(kind);
    check_range_order(kind);

    for (int32_t axis = -1; axis < 2; axis++) {
        check_output_overlaps(kind, FORWARD, axis);
        check_output_overlaps(kind, GRADIENT, axis);
        check_range_gradient_overlaps(kind, axis);
    }
    check_in_place_beside_an_overlap(kind);
    check_allowed_overlaps(kind);
    check_overlap_with_ranges_of_a_scalar(kind);

    for (size_t i = 0; i < ARRAY_LENGTH(FIRST_MIDDLE_LAST); i++) {
        check_degenerate_channel(kind, FIRST_MIDDLE_LAST[i]);
    }
    check_degenerate_tensor(kind);
    check_not_degenerate(kind);
    check_degenerate_zeros(kind);
}

int main(void)
{
    check_last_error(); /* first: nothing may have failed before */
    check_attrs_init();
    check_attrs_init_failures();
    check_status_strings();
    check_version();
    check_isa();
    for (size_t i = 0; i < KINDS; i++) {
        check_kind(&kinds[i]);
    }
    return check_finish();
}
