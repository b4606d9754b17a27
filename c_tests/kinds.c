/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "kinds.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static uint64_t bits_f64(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t bits_f32(double value)
{
    float narrow = (float)value;
    uint32_t bits;
    assert(isnan(value) || narrow == value);
    memcpy(&bits, &narrow, sizeof bits);
    return bits;
}

/* A 16-bit type with so many bits of mantissa; the other 15 are the exponent's. */
static uint64_t bits_16(double value, int mantissa_bits)
{
    const int bias = (1 << (14 - mantissa_bits)) - 1;
    const uint64_t infinity = (0x7fffu >> mantissa_bits) << mantissa_bits;
    const uint64_t sign = signbit(value) ? 0x8000u : 0;
    int exponent;

    if (isnan(value)) {
        return infinity | 1u << (mantissa_bits - 1);
    }
    if (isinf(value)) {
        return sign | infinity;
    }
    frexp(value, &exponent);
    exponent = value == 0 || exponent - 1 < 1 - bias ? 1 - bias : exponent - 1;
    /* The leading one, which a subnormal number lacks, adds 1 to the exponent's field. */
    double mantissa = ldexp(fabs(value), mantissa_bits - exponent);
    assert(mantissa == floor(mantissa) && exponent <= bias);
    return sign | (((uint64_t)(exponent + bias - 1) << mantissa_bits) + (uint64_t)mantissa);
}

static uint64_t bits_f16(double value)
{
    return bits_16(value, 10);
}

static uint64_t bits_bf16(double value)
{
    return bits_16(value, 7);
}

#define DEFINE_CALLS(SUFFIX)                                                                                       \
    static qdq_status forward_##SUFFIX(const struct call *c)                                                       \
    {                                                                                                              \
        return qdq_quantize_and_dequantize_v4_##SUFFIX(c->input, c->shape, c->rank, c->input_min, c->input_max,    \
                                                       c->range_len, c->attrs, c->executor, c->output);            \
    }                                                                                                              \
    static qdq_status gradient_##SUFFIX(const struct call *c)                                                      \
    {                                                                                                              \
        return qdq_quantize_and_dequantize_v4_grad_##SUFFIX(                                                       \
            c->gradients, c->input, c->shape, c->rank, c->input_min, c->input_max, c->range_len, c->attrs,         \
            c->executor, c->output, c->input_min_backprop, c->input_max_backprop);                                 \
    }

DEFINE_CALLS(f32)
DEFINE_CALLS(f64)
DEFINE_CALLS(f16)
DEFINE_CALLS(bf16)

const struct kind kinds[KINDS] = {
    {"f32", 4, 0x7f800000, forward_f32, gradient_f32, bits_f32},
    {"f64", 8, 0x7ff0000000000000, forward_f64, gradient_f64, bits_f64},
    {"f16", 2, 0x7c00, forward_f16, gradient_f16, bits_f16},
    {"bf16", 2, 0x7f80, forward_bf16, gradient_bf16, bits_bf16},
};

const char *direction_name(enum direction direction)
{
    return direction == FORWARD ? "forward" : "gradient";
}

const char *output_name(enum direction direction)
{
    return direction == FORWARD ? "output" : "input_backprop";
}

qdq_status run(const struct kind *kind, enum direction direction, const struct call *call)
{
    return direction == FORWARD ? kind->forward(call) : kind->gradient(call);
}

void put_bits(const struct kind *kind, void *array, size_t index, uint64_t bits)
{
    unsigned char *at = (unsigned char *)array + index * kind->size;
    const uint16_t bits16 = (uint16_t)bits;
    const uint32_t bits32 = (uint32_t)bits;
    switch (kind->size) {
    case sizeof bits16: memcpy(at, &bits16, sizeof bits16); break;
    case sizeof bits32: memcpy(at, &bits32, sizeof bits32); break;
    default: memcpy(at, &bits, sizeof bits); break;
    }
}

void put(const struct kind *kind, void *array, size_t index, double value)
{
    put_bits(kind, array, index, kind->bits(value));
}

uint64_t get_bits(const struct kind *kind, const void *array, size_t index)
{
    const unsigned char *at = (const unsigned char *)array + index * kind->size;
    uint16_t bits16;
    uint32_t bits32;
    uint64_t bits64;
    switch (kind->size) {
    case sizeof bits16: memcpy(&bits16, at, sizeof bits16); return bits16;
    case sizeof bits32: memcpy(&bits32, at, sizeof bits32); return bits32;
    default: memcpy(&bits64, at, sizeof bits64); return bits64;
    }
}

static uint64_t next_random(void)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 11 ^ state << 29;
}

uint64_t random_finite(const struct kind *kind, int subnormal)
{
    const uint64_t sign = UINT64_C(1) << (8 * kind->size - 1);
    const uint64_t bits = next_random() & (2 * sign - 1);
    const int is_finite = (bits & kind->infinity) != kind->infinity;
    return is_finite && !subnormal ? bits : bits & ~kind->infinity;
}

void *element(const struct kind *kind, const void *base, ptrdiff_t index)
{
    return (void *)((uintptr_t)base + (uintptr_t)index * kind->size);
}
