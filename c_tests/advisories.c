/*
 * The inputs of TensorFlow's security advisories for this operation and its relatives, and of the aborts that are
 * still open in TensorFlow 2.21, each of which read or wrote out of bounds or ended the process there. Here they are
 * errors that name the argument, on every function that has it, and nothing is written. docs/security.md tells them
 * one by one.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "views.h"

/* A tensor's shape, or a range's. */
struct shape {
    int32_t rank;
    int64_t sizes[4];
};

#define SCALAR ((struct shape){0, {0}})
#define SHAPED(rank, ...) ((struct shape){(rank), {__VA_ARGS__}})

/* So that a failure points to the advisory's line, not to the one below. */
#define BAD_AXIS(kind, shape, axis) expect_bad_axis((kind), (shape), (axis), __LINE__)
#define BAD_RANGE_LEN(kind, shape, axis, range_len)                                                                \
    expect_bad_range_len((kind), (shape), (axis), (range_len), __LINE__)
#define BAD_RANGES(kind, shape, axis, min, max, culprit, words)                                                    \
    expect_bad_ranges((kind), (shape), (axis), (min), (max), (culprit), (words), __LINE__)
#define BAD_BITS(kind, num_bits, words) expect_bad_bits((kind), (num_bits), (words), __LINE__)

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The axis */

static void expect_bad_axis_of_typed(const struct kind *kind, struct shape shape, int32_t axis,
                                     const char *const *words, int line)
{
    for (int range_given = 0; range_given < 2; range_given++) {
        struct fixture *f = fresh_fixture(kind);
        fixture_shape(f, shape.rank, shape.sizes, -1, range_given);
        f->attrs.axis = axis;
        expect_failure(f, FORWARD, QDQ_STATUS_INVALID_AXIS, words, __FILE__, line);
        expect_failure(f, GRADIENT, QDQ_STATUS_INVALID_AXIS, words, __FILE__, line);
    }
}

static void expect_bad_axis_of_views(const struct kind *kind, struct shape shape, int32_t axis,
                                     const char *const *words, int line)
{
    for (int function = QDQ; function <= RANGE_UPDATE; function++) {
        struct views *v = fresh_views(kind, &functions[function]);
        views_shape(v, shape.rank, shape.sizes, -1);
        v->attrs.axis = axis;
        expect_views_failure(v, QDQ_STATUS_INVALID_AXIS, words, __FILE__, line);
    }
}

/* An axis that no tensor has is refused when the quantizer is made, any other when it meets the tensor. */
static void expect_bad_axis_of_quantizer(const struct kind *kind, struct shape shape, int32_t axis,
                                         const char *const *words, int line)
{
    if (axis < -1 || axis >= QDQ_MAX_RANK) {
        struct views *v = fresh_views(kind, &functions[CREATE]);
        v->attrs.axis = axis;
        expect_views_failure(v, QDQ_STATUS_INVALID_AXIS, WORDS(words[0], "expected -1 to 63"), __FILE__, line);
        return;
    }
    for (int function = APPLY; function < FUNCTIONS; function++) {
        struct views *v = fresh_views(kind, &functions[function]);
        views_shape(v, shape.rank, shape.sizes, -1);
        v->attrs.axis = axis;
        views_prepare(v);
        expect_views_failure(v, QDQ_STATUS_INVALID_AXIS, words, __FILE__, line);
    }
}

static void expect_bad_axis(const struct kind *kind, struct shape shape, int32_t axis, int line)
{
    const char *const *words = WORDS(text("axis is %d", (int)axis), text("rank %d", (int)shape.rank));
    expect_bad_axis_of_typed(kind, shape, axis, words, line);
    expect_bad_axis_of_views(kind, shape, axis, words, line);
    expect_bad_axis_of_quantizer(kind, shape, axis, words, line);
}

/* The ranges */

/* Of the typed functions, which have one length for both ranges. */
static void expect_bad_range_len(const struct kind *kind, struct shape shape, int32_t axis, size_t range_len,
                                 int line)
{
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, shape.rank, shape.sizes, axis, 1);
    const char *const *words = WORDS(text("range_len is %zu", range_len), text("expected %zu", f->call.range_len));
    f->call.range_len = range_len;
    expect_failure(f, FORWARD, QDQ_STATUS_SIZE_MISMATCH, words, __FILE__, line);
    expect_failure(f, GRADIENT, QDQ_STATUS_SIZE_MISMATCH, words, __FILE__, line);
}

/* Of the functions on views: the range that is the culprit is named, and its shape is `words`. */
static void expect_bad_ranges(const struct kind *kind, struct shape shape, int32_t axis, struct shape min,
                              struct shape max, enum role culprit, const char *words, int line)
{
    for (int function = QDQ; function <= CREATE; function++) {
        struct views *v = fresh_views(kind, &functions[function]);
        views_shape(v, shape.rank, shape.sizes, axis);
        set_shape(&v->slots[RANGE_MIN], min.rank, min.sizes);
        set_shape(&v->slots[RANGE_MAX], max.rank, max.sizes);
        expect_views_failure(v, QDQ_STATUS_SIZE_MISMATCH,
                             WORDS(text("%s.shape is %s", functions[function].names[culprit], words), "expected"),
                             __FILE__, line);
    }
}

/* The bits, with narrow_range */

static void expect_bad_bits(const struct kind *kind, int32_t num_bits, const char *words, int line)
{
    static const int with_bits[] = {QDQ, QDQ_GRADIENT, CREATE};
    const char *const *both = WORDS(text("num_bits is %d", (int)num_bits), words);
    struct fixture *f = fresh_fixture(kind);
    f->attrs.num_bits = num_bits;
    f->attrs.narrow_range = 1;
    expect_failure(f, FORWARD, QDQ_STATUS_INVALID_ATTRIBUTE, both, __FILE__, line);
    expect_failure(f, GRADIENT, QDQ_STATUS_INVALID_ATTRIBUTE, both, __FILE__, line);
    for (int i = 0; i < 3; i++) {
        struct views *v = fresh_views(kind, &functions[with_bits[i]]);
        v->attrs.num_bits = num_bits;
        v->attrs.narrow_range = 1;
        expect_views_failure(v, QDQ_STATUS_INVALID_ATTRIBUTE, both, __FILE__, line);
    }
}

/* Advisories of QuantizeAndDequantize */

/* V2: an axis beyond the rank. */
static void cve_2020_15265(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(1, 2), 10);
}

/* V4Grad: ranges of rank 2. */
static void cve_2021_29544(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(1, 1), 0, SHAPED(2, 1, 1), SHAPED(2, 1, 1), RANGE_MIN, "[1, 1]");
    BAD_RANGES(kind, SHAPED(1, 4), 0, SHAPED(1, 4), SHAPED(2, 4, 1), RANGE_MAX, "[4, 1]");
    BAD_RANGES(kind, SHAPED(2, 2, 3), -1, SHAPED(2, 1, 1), SCALAR, RANGE_MIN, "[1, 1]");
    BAD_RANGE_LEN(kind, SHAPED(2, 2, 3), 1, 3 * 2);
}

/* V3: an axis beyond the rank. */
static void cve_2021_29553(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(1, 4), 3);
    BAD_AXIS(kind, SHAPED(2, 2, 3), 2);
}

/* V2: an axis just below -1. */
static void cve_2021_29610(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(1, 1), -2);
    BAD_AXIS(kind, SHAPED(2, 2, 3), -2);
}

/* V4Grad: an axis far below -1, which became the size of an allocation. */
static void cve_2021_37645(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(1, 2), -100);
    BAD_AXIS(kind, SHAPED(1, 2), INT32_MIN);
}

/* V2, V3, V4 and V4Grad: an axis far below -1, in the inference of shapes. */
static void cve_2021_41205(const struct kind *kind)
{
    BAD_AXIS(kind, SCALAR, -100);
    BAD_AXIS(kind, SHAPED(1, 2), -100);
    BAD_AXIS(kind, SHAPED(1, 0), -100);
}

/* V4Grad: an empty range. */
static void cve_2022_29192(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(2, 2, 2), -1, SHAPED(1, 0), SCALAR, RANGE_MIN, "[0]");
    BAD_RANGES(kind, SHAPED(2, 2, 2), -1, SCALAR, SHAPED(1, 0), RANGE_MAX, "[0]");
    for (int32_t axis = -1; axis < 2; axis++) {
        BAD_RANGE_LEN(kind, SHAPED(2, 2, 2), axis, 0);
    }
}

/* V3: num_bits is an empty tensor, of which nothing is left here but "no bits". */
static void cve_2022_36026(const struct kind *kind)
{
    BAD_BITS(kind, 0, "expected 1 to 61");
}

/* V2: an axis whose successor overflows. What else the advisory passes is an error of its own: 1 bit, narrow. */
static void cve_2022_41910(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 1, (const int64_t[]){1}, -1, 1);
    f->attrs.num_bits = 1;
    f->attrs.narrow_range = 1;
    f->attrs.axis = INT32_MAX;
    EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, "num_bits is 1", "expected 2 or more");
    BAD_BITS(kind, 1, "expected 2 or more");
    BAD_AXIS(kind, SHAPED(1, 1), INT32_MAX);
}

/* V2, V3, V4 and V4Grad: the same, in the inference of shapes. */
static void cve_2023_25668(const struct kind *kind)
{
    BAD_AXIS(kind, SCALAR, INT32_MAX);
    BAD_AXIS(kind, SHAPED(2, 0, 3), INT32_MAX);
    BAD_AXIS(kind, SHAPED(1, 1), INT32_MAX - 1);
}

/* Without an advisory */

/* V2 to V4, reported from 2.10 on, open for V3 in 2.21: ranges at axis -1 that are not one element. */
static void ranges_of_another_size(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(1, 10), -1, SCALAR, SHAPED(1, 2), RANGE_MAX, "[2]");
    BAD_RANGES(kind, SHAPED(1, 4), -1, SHAPED(3, 3, 2, 2), SCALAR, RANGE_MIN, "[3, 2, 2]");
    BAD_RANGES(kind, SCALAR, -1, SHAPED(2, 0, 5), SHAPED(3, 1, 8, 5), RANGE_MIN, "[0, 5]");
    BAD_RANGE_LEN(kind, SHAPED(1, 10), -1, 0);
    BAD_RANGE_LEN(kind, SHAPED(1, 10), -1, 2);
    BAD_RANGE_LEN(kind, SHAPED(1, 10), -1, 12);
}

/* V3, open in 2.21: an axis from -rank to -2. */
static void negative_axis(const struct kind *kind)
{
    for (int32_t axis = -4; axis <= -2; axis++) {
        BAD_AXIS(kind, SHAPED(4, 1, 2, 3, 2), axis);
    }
}

/* FakeQuantWithMinMaxVarsPerChannel and its gradient, open in 2.21: a scalar has no dimension of channels. */
static void channels_of_a_scalar(const struct kind *kind)
{
    BAD_AXIS(kind, SCALAR, 0);
}

/* Advisories of relatives: the same arguments, left unchecked in the same way */

/* FakeQuantWithMinMaxVars: ranges that are no scalars. */
static void cve_2022_35971(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(2, 2, 3), -1, SHAPED(2, 2, 3), SHAPED(2, 2, 3), RANGE_MIN, "[2, 3]");
}

/* FakeQuantWithMinMaxVarsPerChannelGradient: ranges of rank 2. */
static void cve_2022_35990(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(2, 1, 1), 1, SHAPED(2, 1, 1), SHAPED(2, 1, 1), RANGE_MIN, "[1, 1]");
}

/* FakeQuantWithMinMaxVarsGradient: ranges that are no scalars. */
static void cve_2022_36005(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(2, 2, 2), -1, SHAPED(2, 2, 2), SHAPED(2, 2, 2), RANGE_MIN, "[2, 2]");
}

/* FakeQuantWithMinMaxVarsPerChannel: a range of rank 3 without elements. */
static void cve_2022_36019(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(1, 4), 0, SHAPED(3, 4, 0, 0), SHAPED(1, 4), RANGE_MIN, "[4, 0, 0]");
}

/* Dequantize: ranges of different sizes. */
static void cve_2021_29582(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(2, 5, 10), -1, SHAPED(1, 1), SHAPED(1, 0), RANGE_MAX, "[0]");
    BAD_RANGES(kind, SHAPED(2, 5, 10), 0, SHAPED(1, 5), SHAPED(1, 1), RANGE_MAX, "[1]");
}

/* QuantizeV2: empty ranges, ranges of different sizes, and of another size than the dimension. */
static void cve_2021_37663(const struct kind *kind)
{
    BAD_RANGES(kind, SHAPED(2, 2, 3), -1, SHAPED(1, 0), SHAPED(1, 0), RANGE_MIN, "[0]");
    BAD_RANGES(kind, SHAPED(2, 2, 3), 1, SHAPED(1, 3), SHAPED(1, 2), RANGE_MAX, "[2]");
    BAD_RANGE_LEN(kind, SHAPED(2, 2, 3), 1, 2);
    for (int function = APPLY; function < FUNCTIONS; function++) {
        struct views *v = fresh_views(kind, &functions[function]);
        views_shape(v, 2, (const int64_t[]){2, 3}, 1);
        set_shape(&v->slots[RANGE_MIN], 1, (const int64_t[]){4});
        set_shape(&v->slots[RANGE_MAX], 1, (const int64_t[]){4});
        views_prepare(v);
        EXPECT_REFUSED(v, QDQ_STATUS_SIZE_MISMATCH, ".shape is [2, 3]", "expected 4 in dimension 1");
    }
}

/* Dequantize: an axis below -1. */
static void cve_2021_37677(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(2, 2, 3), -100);
}

/* QuantizeV2: an axis below -1. */
static void cve_2021_41211(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(2, 2, 3), -2);
}

/* Dequantize: an axis beyond the rank. */
static void cve_2022_21726(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(2, 2, 3), 2);
    BAD_AXIS(kind, SHAPED(2, 2, 3), QDQ_MAX_RANK);
}

/* Dequantize: an axis whose successor overflows. */
static void cve_2022_21727(const struct kind *kind)
{
    BAD_AXIS(kind, SHAPED(2, 2, 3), INT32_MAX);
}

int main(void)
{
    static void (*const replays[])(const struct kind *) = {
        /* of the operation */
        cve_2020_15265, cve_2021_29544, cve_2021_29553, cve_2021_29610, cve_2021_37645, cve_2021_41205,
        cve_2022_29192, cve_2022_36026, cve_2022_41910, cve_2023_25668,
        /* without an advisory */
        ranges_of_another_size, negative_axis, channels_of_a_scalar,
        /* of relatives */
        cve_2021_29582, cve_2021_37663, cve_2021_37677, cve_2021_41211, cve_2022_21726, cve_2022_21727,
        cve_2022_35971, cve_2022_35990, cve_2022_36005, cve_2022_36019,
    };
    for (size_t i = 0; i < sizeof replays / sizeof *replays; i++) {
        for (size_t k = 0; k < KINDS; k++) {
            replays[i](&kinds[k]);
        }
    }
    return check_finish();
}
