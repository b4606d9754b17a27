/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cases.h"

static qdq_status forward(const struct operands *o)
{
    return qdq_quantize_and_dequantize_v4(&o->input, o->given_min, o->given_max, &o->attrs, NULL, &o->output);
}

/* Dense float tensors with one given range. */
static qdq_status forward_f32(const struct operands *o)
{
    return qdq_quantize_and_dequantize_v4_f32(o->input.data, o->shape, o->input.rank, o->range_min.data,
                                              o->range_max.data, 1, &o->attrs, NULL, o->output.data);
}

/* The gradients are the elements themselves: what their values are makes no difference. */
static qdq_status gradient(const struct operands *o)
{
    return qdq_quantize_and_dequantize_v4_grad(&o->input, &o->input, o->given_min, o->given_max, &o->attrs, NULL,
                                               &o->output, NULL, NULL);
}

static qdq_status range_update(const struct operands *o)
{
    return qdq_range_update(&o->input, &o->attrs, NULL, &o->range_min, &o->range_max);
}

static qdq_status apply(const struct operands *o)
{
    return qdq_quantizer_apply(o->quantizer, NULL, &o->input, &o->output);
}

static qdq_status quantize(const struct operands *o)
{
    return qdq_quantizer_quantize(o->quantizer, NULL, &o->input, &o->output_codes);
}

static qdq_status dequantize(const struct operands *o)
{
    return qdq_quantizer_dequantize(o->quantizer, NULL, &o->input_codes, &o->output);
}

#define F32 .dtype = QDQ_DTYPE_F32
#define F64 .dtype = QDQ_DTYPE_F64
#define F16 .dtype = QDQ_DTYPE_F16
#define BF16 .dtype = QDQ_DTYPE_BF16
#define GIVEN .given = true
#define HALF_UP .round_mode = QDQ_ROUND_HALF_UP
#define NATIVE .arithmetic = QDQ_ARITHMETIC_NATIVE
#define UNSIGNED .is_unsigned = true

/* Shapes [first, inner...]; the first dimension grows. Within the caches: up to 1 MB for a tensor. */
#define FLAT .axis = ALL_ELEMENTS, .rank = 1, .size = 16 << 10, .larger = 48 << 10
#define ROWS(length, from, to) .rank = 2, .inner = {length}, .size = from, .larger = to
#define AXIS_1(channels, length, from, to) .axis = 1, .rank = 3, .inner = {channels, length}, .size = from, .larger = to
#define CALL .axis = ALL_ELEMENTS, .rank = 1, .size = 64

/* Tensors of 16 and 20 MB: twice the last-level cache that is emulated. */
#define PAST_CACHES(element_size)                                                                                      \
    .axis = ALL_ELEMENTS, .rank = 1, .size = (16 << 20) / (element_size), .larger = (20 << 20) / (element_size)

const struct counted_case CASES[] = {
    {"f32 given", forward, F32, GIVEN, FLAT},
    {"f64 given", forward, F64, GIVEN, FLAT},
    {"f16 given", forward, F16, GIVEN, FLAT},
    {"bf16 given", forward, BF16, GIVEN, FLAT},
    {"f32 given, half up", forward, F32, GIVEN, HALF_UP, FLAT},
    {"f32 given, unsigned", forward, F32, GIVEN, UNSIGNED, FLAT},
    {"f16 given, native", forward, F16, GIVEN, NATIVE, FLAT},
    {"bf16 given, native", forward, BF16, GIVEN, NATIVE, FLAT},

    {"f32 computed", forward, F32, FLAT},
    {"f64 computed", forward, F64, FLAT},
    {"f16 computed", forward, F16, FLAT},
    {"bf16 computed", forward, BF16, FLAT},
    {"f32 computed, half up", forward, F32, HALF_UP, FLAT},
    {"bf16 computed, native", forward, BF16, NATIVE, FLAT},

    {"f32 given, past the caches", forward, F32, GIVEN, PAST_CACHES(4)},
    {"f16 given, past the caches", forward, F16, GIVEN, PAST_CACHES(2)},
    {"bf16 given, past the caches", forward, BF16, GIVEN, PAST_CACHES(2)},
    {"f32 computed, past the caches", forward, F32, PAST_CACHES(4)},
    {"f32 gradient, past the caches", gradient, F32, GIVEN, PAST_CACHES(4)},
    {"f32 given, 4096 columns, past the caches", forward, F32, GIVEN, .axis = 1, ROWS(4096, 1024, 1280)},
    {"f32 computed, 4096 columns, past the caches", forward, F32, .axis = 1, ROWS(4096, 1024, 1280)},

    {"f32 given, rows of 1024", forward, F32, GIVEN, .axis = 0, ROWS(1024, 16, 48)},
    {"f32 computed, rows of 1024", forward, F32, .axis = 0, ROWS(1024, 16, 48)},
    {"bf16 computed, rows of 1024", forward, BF16, .axis = 0, ROWS(1024, 16, 48)},
    {"f32 computed, rows of 147", forward, F32, .axis = 0, ROWS(147, 64, 192)},

    {"f32 given, 4096 columns", forward, F32, GIVEN, .axis = 1, ROWS(4096, 16, 48)},
    {"f64 given, 4096 columns", forward, F64, GIVEN, .axis = 1, ROWS(4096, 16, 32)},
    {"f16 given, 4096 columns", forward, F16, GIVEN, .axis = 1, ROWS(4096, 16, 48)},
    {"bf16 given, 4096 columns", forward, BF16, GIVEN, .axis = 1, ROWS(4096, 16, 48)},
    {"f32 computed, 4096 columns", forward, F32, .axis = 1, ROWS(4096, 16, 48)},
    {"bf16 computed, 4096 columns", forward, BF16, .axis = 1, ROWS(4096, 16, 48)},

    {"f32 given, 3 columns", forward, F32, GIVEN, .axis = 1, ROWS(3, 8192, 24576)},
    {"f32 computed, 3 columns", forward, F32, .axis = 1, ROWS(3, 8192, 24576)},
    {"bf16 given, 3 columns", forward, BF16, GIVEN, .axis = 1, ROWS(3, 8192, 24576)},
    {"f32 given, 64 columns", forward, F32, GIVEN, .axis = 1, ROWS(64, 512, 1536)},
    {"f32 computed, 64 columns", forward, F32, .axis = 1, ROWS(64, 512, 1536)},
    {"bf16 given, 64 columns", forward, BF16, GIVEN, .axis = 1, ROWS(64, 512, 1536)},

    {"f32 given, 64 channels of 7x7", forward, F32, GIVEN, AXIS_1(64, 49, 8, 24)},
    {"f32 computed, 64 channels of 7x7", forward, F32, AXIS_1(64, 49, 8, 24)},
    {"f32 given, 16 channels of 56x56", forward, F32, GIVEN, AXIS_1(16, 3136, 1, 3)},
    {"f32 computed, 16 channels of 56x56", forward, F32, AXIS_1(16, 3136, 1, 3)},

    {"f32 gradient", gradient, F32, GIVEN, FLAT},
    {"f64 gradient", gradient, F64, GIVEN, FLAT},
    {"f16 gradient", gradient, F16, GIVEN, FLAT},
    {"bf16 gradient", gradient, BF16, GIVEN, FLAT},
    {"f32 gradient, computed", gradient, F32, FLAT},
    {"f32 gradient, 4096 columns", gradient, F32, GIVEN, .axis = 1, ROWS(4096, 16, 48)},
    {"bf16 gradient, 4096 columns", gradient, BF16, GIVEN, .axis = 1, ROWS(4096, 16, 48)},

    {"f32 range_update", range_update, F32, FLAT},
    {"f64 range_update", range_update, F64, FLAT},
    {"f16 range_update", range_update, F16, FLAT},
    {"bf16 range_update", range_update, BF16, FLAT},
    {"f32 range_update, 4096 columns", range_update, F32, .axis = 1, ROWS(4096, 16, 48)},

    {"f32 quantize", quantize, F32, GIVEN, FLAT},
    {"f64 quantize", quantize, F64, GIVEN, FLAT},
    {"f16 quantize", quantize, F16, GIVEN, FLAT},
    {"bf16 quantize", quantize, BF16, GIVEN, FLAT},
    {"f32 quantize, 4096 columns", quantize, F32, GIVEN, .axis = 1, ROWS(4096, 16, 48)},
    {"f32 dequantize", dequantize, F32, GIVEN, FLAT},
    {"f64 dequantize", dequantize, F64, GIVEN, FLAT},
    {"f16 dequantize", dequantize, F16, GIVEN, FLAT},
    {"bf16 dequantize", dequantize, BF16, GIVEN, FLAT},
    {"f32 dequantize, 4096 columns", dequantize, F32, GIVEN, .axis = 1, ROWS(4096, 16, 48)},

    {"f32 given, transposed input", forward, F32, GIVEN, .axis = ALL_ELEMENTS, ROWS(256, 64, 192),
     .input_strides = {1, 1024}},
    {"f32 given, transposed output", forward, F32, GIVEN, .axis = ALL_ELEMENTS, ROWS(256, 64, 192),
     .output_strides = {1, 1024}},
    {"bf16 given, transposed input", forward, BF16, GIVEN, .axis = ALL_ELEMENTS, ROWS(256, 64, 192),
     .input_strides = {1, 1024}},
    {"f32 given, rows of 192 sliced from 256", forward, F32, GIVEN, .axis = ALL_ELEMENTS, ROWS(192, 64, 192),
     .input_strides = {256, 1}},
    {"f32 given, every second element", forward, F32, GIVEN, FLAT, .input_strides = {2}},

    {"call: f32 given, dense", forward_f32, F32, GIVEN, CALL},
    {"call: f32 given", forward, F32, GIVEN, CALL},
    {"call: f32 computed", forward, F32, CALL},
    {"call: bf16 given", forward, BF16, GIVEN, CALL},
    {"call: f32 gradient", gradient, F32, GIVEN, CALL},
    {"call: f32 range_update", range_update, F32, CALL},
    {"call: f32 quantizer_apply", apply, F32, GIVEN, CALL},
    {"call: f32 quantize", quantize, F32, GIVEN, CALL},
    {"call: f32 dequantize", dequantize, F32, GIVEN, CALL},
    {"call: f32 computed, rows of 8", forward, F32, .axis = 0, .rank = 2, .inner = {8}, .size = 8},
};
const int CASE_COUNT = sizeof CASES / sizeof CASES[0];
