/*
 * The inputs of TensorFlow's security advisories for this operation, each of which read or wrote out of bounds or
 * aborted the process: here they are errors, and the output stays as it was.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "fixture.h"

static const int64_t VECTOR[] = {4};
static const int64_t MATRIX[] = {ROWS, CHANNELS};

static void expect_bad_axis(const struct kind *kind, int32_t rank, const int64_t *shape, int32_t axis)
{
    for (int range_given = 0; range_given < 2; range_given++) {
        struct fixture *f = fresh_fixture(kind);
        fixture_shape(f, rank, shape, -1, range_given);
        f->attrs.axis = axis;
        EXPECT_FAILURE(f, QDQ_STATUS_INVALID_AXIS, text("axis is %d", (int)axis), text("rank %d", (int)rank));
    }
}

static void expect_bad_range_len(const struct kind *kind, int32_t axis, size_t range_len)
{
    struct fixture *f = fresh_fixture(kind);
    fixture_shape(f, 2, MATRIX, axis, 1);
    f->call.range_len = range_len;
    EXPECT_FAILURE(f, QDQ_STATUS_SIZE_MISMATCH, text("range_len is %zu", range_len), "expected");
}

/* QuantizeAndDequantizeV2: an axis beyond the rank. */
static void cve_2020_15265(const struct kind *kind)
{
    expect_bad_axis(kind, 1, VECTOR, 10);
}

/* QuantizeAndDequantizeV4Grad: ranges of rank 2, more values than channels. */
static void cve_2021_29544(const struct kind *kind)
{
    expect_bad_range_len(kind, -1, 2 * 2);
    expect_bad_range_len(kind, 0, ROWS * 2);
    expect_bad_range_len(kind, 1, CHANNELS * 2);
}

/* QuantizeAndDequantizeV3: an axis beyond the rank. */
static void cve_2021_29553(const struct kind *kind)
{
    expect_bad_axis(kind, 1, VECTOR, 3);
}

/* QuantizeAndDequantizeV2: an axis below -1. */
static void cve_2021_29610(const struct kind *kind)
{
    expect_bad_axis(kind, 1, VECTOR, -2);
    expect_bad_axis(kind, 2, MATRIX, -2);
}

/* QuantizeAndDequantizeV4Grad: an axis far below -1. */
static void cve_2021_37645(const struct kind *kind)
{
    expect_bad_axis(kind, 2, MATRIX, -100);
}

/* The V2 to V4 operations: an axis far below -1, shapes included. */
static void cve_2021_41205(const struct kind *kind)
{
    expect_bad_axis(kind, 0, NULL, -100);
    expect_bad_axis(kind, 1, VECTOR, -100);
}

/* QuantizeAndDequantizeV4Grad: empty ranges. */
static void cve_2022_29192(const struct kind *kind)
{
    for (int32_t axis = -1; axis < 2; axis++) {
        expect_bad_range_len(kind, axis, 0);
    }
}

/* QuantizeAndDequantizeV3: num_bits is an empty tensor, of which nothing is left here but "no bits". */
static void cve_2022_36026(const struct kind *kind)
{
    struct fixture *f = fresh_fixture(kind);
    f->attrs.num_bits = 0;
    EXPECT_FAILURE(f, QDQ_STATUS_INVALID_ATTRIBUTE, "num_bits is 0", "expected 1 to 61");
}

/* QuantizeAndDequantizeV2: an axis whose successor overflows. */
static void cve_2022_41910(const struct kind *kind)
{
    expect_bad_axis(kind, 1, VECTOR, 0x7fffffff);
}

/* QuantizeAndDequantizeV2: the same, for a tensor without elements as well. */
static void cve_2023_25668(const struct kind *kind)
{
    expect_bad_axis(kind, 2, MATRIX, 0x7fffffff);
    expect_bad_axis(kind, 2, (const int64_t[]){0, CHANNELS}, 0x7fffffff);
}

/* QuantizeAndDequantizeV3, without an advisory: ranges of more or fewer than one element at axis -1. */
static void v3_range_size(const struct kind *kind)
{
    expect_bad_range_len(kind, -1, 0);
    expect_bad_range_len(kind, -1, 2);
    expect_bad_range_len(kind, -1, CHANNELS);
}

/* QuantizeAndDequantizeV3, without an advisory: an axis from -rank to -2. */
static void v3_negative_axis(const struct kind *kind)
{
    const int64_t shape[] = {2, 2, 2, 2};
    for (int32_t axis = -4; axis <= -2; axis++) {
        expect_bad_axis(kind, 4, shape, axis);
    }
}

int main(void)
{
    static void (*const advisories[])(const struct kind *) = {
        cve_2020_15265, cve_2021_29544, cve_2021_29553, cve_2021_29610, cve_2021_37645, cve_2021_41205,
        cve_2022_29192, cve_2022_36026, cve_2022_41910, cve_2023_25668, v3_range_size,  v3_negative_axis,
    };
    for (size_t i = 0; i < sizeof advisories / sizeof *advisories; i++) {
        for (size_t k = 0; k < KINDS; k++) {
            advisories[i](&kinds[k]);
        }
    }
    return check_finish();
}
