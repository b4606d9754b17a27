/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rows.h"

#include "results.h"

#include <string.h>

/* Elements of a float tensor of so many bytes. */
#define MB(n) ((int64_t)(n) << 20)
#define KB(n) ((int64_t)(n) << 10)

#define F32 .dtype = QDQ_DTYPE_F32
#define F64 .dtype = QDQ_DTYPE_F64
#define F16 .dtype = QDQ_DTYPE_F16
#define BF16 .dtype = QDQ_DTYPE_BF16
#define GIVEN .given = true
#define FLAT(bytes, size) .axis = -1, .rank = 1, .shape = {(bytes) / (size)}
#define MATRIX(axis_) .axis = axis_, .rank = 2, .shape = {4096, 4096}
#define SHAPE(axis_, a, b, c, d) .axis = axis_, .rank = 4, .shape = {a, b, c, d}

const struct row ROWS[] = {
#define GROUP .group = "per tensor, given"
    {GROUP, "float32 given 256 MB", F32, GIVEN, FLAT(MB(256), 4), .limit = LIMIT_COPY, .goal = 0.95},
    {GROUP, "float32 given 256 KB", F32, GIVEN, FLAT(KB(256), 4), .limit = LIMIT_MEMCPY, .goal = 0.95},
    {GROUP, "float64 given 256 MB", F64, GIVEN, FLAT(MB(256), 8), .limit = LIMIT_COPY, .goal = 0.95},
    {GROUP, "float64 given 256 KB", F64, GIVEN, FLAT(KB(256), 8), .limit = LIMIT_MEMCPY, .goal = 0.95},
    {GROUP, "half given 256 MB", F16, GIVEN, FLAT(MB(256), 2), .limit = LIMIT_COPY, .goal = 0.92},
    {GROUP, "half given 256 KB", F16, GIVEN, FLAT(KB(256), 2), .limit = LIMIT_MEMCPY, .goal = 0.32},
    {GROUP, "bfloat16 given 256 MB", BF16, GIVEN, FLAT(MB(256), 2), .limit = LIMIT_COPY, .goal = 0.95},
    {GROUP, "bfloat16 given 256 KB", BF16, GIVEN, FLAT(KB(256), 2), .limit = LIMIT_MEMCPY, .goal = 0.40},
#undef GROUP
#define GROUP .group = "per tensor, computed"
    {GROUP, "float32 computed 256 MB", F32, FLAT(MB(256), 4), .limit = LIMIT_READ_COPY, .goal = 0.95},
    {GROUP, "float32 computed 16 MB", F32, FLAT(MB(16), 4), .limit = LIMIT_READ_COPY, .goal = 1.0},
    {GROUP, "float32 computed 256 KB", F32, FLAT(KB(256), 4), .limit = LIMIT_READ_COPY, .goal = 1.1},
    {GROUP, "bfloat16 computed 256 MB", BF16, FLAT(MB(256), 2), .limit = LIMIT_READ_COPY, .goal = 0.95},
    {GROUP, "bfloat16 computed 256 KB", BF16, FLAT(KB(256), 2), .limit = LIMIT_READ_COPY, .goal = 0.80},
    {GROUP, "half computed 256 MB", F16, FLAT(MB(256), 2), .limit = LIMIT_READ_COPY},
    {GROUP, "half computed 256 KB", F16, FLAT(KB(256), 2), .limit = LIMIT_READ_COPY},
    {GROUP, "float64 computed 256 MB", F64, FLAT(MB(256), 8), .limit = LIMIT_READ_COPY},
    {GROUP, "float64 computed 256 KB", F64, FLAT(KB(256), 8), .limit = LIMIT_READ_COPY},
#undef GROUP
#define GROUP .group = "per axis, computed"
    {GROUP, "axis 0 of 4096x4096 computed", F32, MATRIX(0), .limit = LIMIT_COPY, .goal = 0.85},
    {GROUP, "axis 1 of 4096x4096 computed", F32, MATRIX(1), .limit = LIMIT_READ_COPY, .goal = 0.92},
    {GROUP, "axis 3 of 32x56x56x64 computed", F32, SHAPE(3, 32, 56, 56, 64), .limit = LIMIT_READ_COPY, .goal = 0.95},
    {GROUP, "axis 1 of 32x64x56x56 computed", F32, SHAPE(1, 32, 64, 56, 56), .limit = LIMIT_READ_COPY, .goal = 0.95},
    {GROUP, "axis 0 of 64x3x7x7 computed", F32, SHAPE(0, 64, 3, 7, 7), .limit = LIMIT_READ_COPY, .goal = 0.75},
#undef GROUP
#define GROUP .group = "per axis, given"
    {GROUP, "axis 3 of 32x224x224x3 given", F32, GIVEN, SHAPE(3, 32, 224, 224, 3), .limit = LIMIT_COPY, .goal = 0.95},
    {GROUP, "axis 1 of 512x512x7x7 given", F32, GIVEN, SHAPE(1, 512, 512, 7, 7), .limit = LIMIT_COPY, .goal = 0.95},
    {GROUP, "axis 1 of 4096x4096 given", F32, GIVEN, MATRIX(1), .limit = LIMIT_COPY, .goal = 0.92},
    {GROUP, "axis 1 of 4096x4096 bfloat16 given", BF16, GIVEN, MATRIX(1), .limit = LIMIT_COPY, .goal = 0.85},
    {GROUP, "axis 1 of 4096x4096 half given", F16, GIVEN, MATRIX(1), .limit = LIMIT_COPY},
    {GROUP, "axis 0 of 4096x4096 given", F32, GIVEN, MATRIX(0), .limit = LIMIT_COPY},
    {GROUP, "axis 3 of 32x56x56x64 given", F32, GIVEN, SHAPE(3, 32, 56, 56, 64), .limit = LIMIT_COPY},
    {GROUP, "axis 1 of 32x64x56x56 given", F32, GIVEN, SHAPE(1, 32, 64, 56, 56), .limit = LIMIT_COPY},
#undef GROUP
#define GROUP .function = GRADIENT, .group = "gradient"
    {GROUP, "gradient 256 MB", F32, GIVEN, FLAT(MB(256), 4), .limit = LIMIT_MERGE, .goal = 0.92},
    {GROUP, "gradient 192 KB", F32, GIVEN, FLAT(KB(192), 4), .limit = LIMIT_MERGE, .goal = 0.95},
    {GROUP, "gradient axis 1 of 4096x4096", F32, GIVEN, MATRIX(1), .limit = LIMIT_MERGE, .goal = 0.82},
#undef GROUP
#define GROUP .group = "codes and ranges"
    {GROUP, "quantize to int8 256 MB", .function = QUANTIZE, F32, GIVEN, FLAT(MB(256), 4),
     .limit = LIMIT_NARROW, .goal = 0.95},
    {GROUP, "dequantize from int8 256 MB", .function = DEQUANTIZE, F32, GIVEN, FLAT(MB(256), 4),
     .limit = LIMIT_WIDEN, .goal = 0.95},
    {GROUP, "range_update 256 MB", .function = RANGE_UPDATE, F32, FLAT(MB(256), 4),
     .limit = LIMIT_READ, .goal = 0.95},
#undef GROUP
#define GROUP .group = "views"
    {GROUP, "transposed input 4096x4096", F32, GIVEN, MATRIX(-1), .input_view = TRANSPOSED, .limit = LIMIT_COPY,
     .goal = 0.55},
    {GROUP, "transposed output 4096x4096", F32, GIVEN, MATRIX(-1), .output_view = TRANSPOSED, .limit = LIMIT_COPY,
     .goal = 0.55},
    {GROUP, "sliced input 4096x3072", F32, GIVEN, .axis = -1, .rank = 2, .shape = {4096, 3072}, .input_view = SLICED,
     .limit = LIMIT_COPY, .goal = 0.85},
    {GROUP, "sliced input and output 4096x3072", F32, GIVEN, .axis = -1, .rank = 2, .shape = {4096, 3072},
     .input_view = SLICED, .output_view = SLICED, .limit = LIMIT_COPY, .goal = 0.85},
#undef GROUP
#define GROUP .threads = 2, .group = "threads"
    {GROUP, "float32 given 256 MB, 2 threads", F32, GIVEN, FLAT(MB(256), 4), .limit = LIMIT_COPY, .goal = 0.95},
    {GROUP, "float32 given 4 MB, 2 threads", F32, GIVEN, FLAT(MB(4), 4), .limit = LIMIT_COPY, .goal = 1.0},
    {GROUP, "float32 computed 256 MB, 2 threads", F32, FLAT(MB(256), 4), .limit = LIMIT_READ_COPY},
#undef GROUP
#define GROUP .limit = LIMIT_CALL, .group = "call"
    {GROUP, "call on 64 float32 given", F32, GIVEN, FLAT(64, 1), .goal_seconds = 60e-9},
    {GROUP, "call on 64 float64 given", F64, GIVEN, FLAT(64, 1)},
    {GROUP, "call on 64 half given", F16, GIVEN, FLAT(64, 1)},
    {GROUP, "call on 64 bfloat16 given", BF16, GIVEN, FLAT(64, 1)},
    {GROUP, "call on 64 float32 computed", F32, FLAT(64, 1)},
#undef GROUP
#define GROUP .group = "misaligned"
    {GROUP, "misaligned input 256 MB", F32, GIVEN, FLAT(MB(256), 4), .input_shift = 1, .limit = LIMIT_COPY},
    {GROUP, "misaligned output 256 MB", F32, GIVEN, FLAT(MB(256), 4), .output_shift = 1, .limit = LIMIT_COPY},
    {GROUP, "misaligned both 256 MB", F32, GIVEN, FLAT(MB(256), 4), .input_shift = 1, .output_shift = 1,
     .limit = LIMIT_COPY},
    {GROUP, "misaligned both 256 KB", F32, GIVEN, FLAT(KB(256), 4), .input_shift = 1, .output_shift = 1,
     .limit = LIMIT_MEMCPY},
#undef GROUP
};
const int ROW_COUNT = sizeof ROWS / sizeof ROWS[0];
_Static_assert(sizeof ROWS / sizeof ROWS[0] <= MOST_ROWS, "the results have no room for the rows");

int64_t row_elements(const struct row *row)
{
    int64_t elements = 1;
    for (int i = 0; i < row->rank; i++) {
        elements *= row->shape[i];
    }
    return elements;
}

size_t row_bytes(const struct row *row)
{
    return (size_t)row_elements(row) * dtype_size(row->dtype);
}

size_t dtype_size(qdq_dtype dtype)
{
    switch (dtype) {
    case QDQ_DTYPE_I8:
        return 1;
    case QDQ_DTYPE_F16:
    case QDQ_DTYPE_BF16:
        return 2;
    case QDQ_DTYPE_F64:
        return 8;
    default:
        return 4;
    }
}

/* Inside the caches, 16-bit types are bound by instructions, of which AVX2 needs more. */
static bool is_bound_by_conversions(const struct row *row)
{
    return dtype_size(row->dtype) == 2 && row_bytes(row) <= (1 << 20);
}

double row_goal(const struct row *row, const char *isa)
{
    if (strcmp(isa, "avx512") == 0) {
        return row->goal;
    }
    return strcmp(isa, "avx2") == 0 && !is_bound_by_conversions(row) ? 0.85 * row->goal : 0;
}

double row_goal_seconds(const struct row *row, const char *isa)
{
    return strcmp(isa, "scalar") == 0 ? 0 : row->goal_seconds;
}
