/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "operands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

enum { MAX_BYTES = 32 << 20, PATTERN_BYTES = 64 << 10, MAX_CHANNELS = 4096 };

/* On a page: how far an array is from the next vector or line is the same in every run. */
static _Alignas(4096) unsigned char input_bytes[MAX_BYTES], output_bytes[MAX_BYTES];
static _Alignas(4096) unsigned char min_bytes[MAX_CHANNELS * sizeof(double)], max_bytes[MAX_CHANNELS * sizeof(double)];

struct format {
    size_t size;
    int mantissa_bits, exponent_bias;
};

static struct format format_of(qdq_dtype dtype)
{
    switch (dtype) {
    case QDQ_DTYPE_F64:
        return (struct format){8, 52, 1023};
    case QDQ_DTYPE_F16:
        return (struct format){2, 10, 15};
    case QDQ_DTYPE_BF16:
        return (struct format){2, 7, 127};
    default:
        return (struct format){4, 23, 127};
    }
}

/* From the first to the last in memory. */
static size_t elements_spanned(const qdq_tensor *tensor)
{
    int64_t last = 0, dense = 1;
    for (int32_t i = tensor->rank - 1; i >= 0; i--) {
        last += (tensor->shape[i] - 1) * (tensor->strides == NULL ? dense : tensor->strides[i]);
        dense *= tensor->shape[i];
    }
    return (size_t)last + 1;
}

/* Of either sign, from 1/16 to 1. */
static uint64_t number_bits(struct format format, uint64_t random)
{
    const uint64_t sign = random >> 63, exponent = (uint64_t)format.exponent_bias - 4 + (random >> 61 & 3);
    const uint64_t mantissa = (random >> 8) & ((UINT64_C(1) << format.mantissa_bits) - 1);
    return sign << (8 * format.size - 1) | exponent << format.mantissa_bits | mantissa;
}

static void put_bits(unsigned char *bytes, size_t size, uint64_t bits)
{
    switch (size) {
    case 2:
        *(uint16_t *)(void *)bytes = (uint16_t)bits;
        break;
    case 4:
        *(uint32_t *)(void *)bytes = (uint32_t)bits;
        break;
    default:
        *(uint64_t *)(void *)bytes = bits;
    }
}

/* A pattern, again and again: under the emulator every other way takes longer than what is counted. */
static void fill_input(const qdq_tensor *input)
{
    const struct format format = format_of(input->dtype);
    const size_t used = format.size * elements_spanned(input);
    uint64_t random = 1;
    for (size_t at = 0; at < PATTERN_BYTES; at += format.size) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        put_bits(input_bytes + at, format.size, number_bits(format, random));
    }
    for (size_t filled = PATTERN_BYTES; filled < used; filled *= 2) {
        memcpy(input_bytes + filled, input_bytes, filled);
    }
}

/* Ranges that differ from channel to channel, some elements outside. */
static void fill_ranges(qdq_dtype dtype, int64_t channels)
{
    for (int64_t channel = 0; channel < channels; channel++) {
        const double step = (double)(channel % 8) / 32, min = -0.5 - step, max = 0.625 + step;
        if (dtype == QDQ_DTYPE_F64) {
            ((double *)(void *)min_bytes)[channel] = min;
            ((double *)(void *)max_bytes)[channel] = max;
        } else {
            ((float *)(void *)min_bytes)[channel] = (float)min;
            ((float *)(void *)max_bytes)[channel] = (float)max;
        }
    }
}

static qdq_attrs attrs_of(const struct counted_case *what)
{
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.axis = what->axis;
    attrs.round_mode = what->round_mode;
    attrs.arithmetic = what->arithmetic;
    attrs.signed_input = !what->is_unsigned;
    attrs.range_given = what->given;
    return attrs;
}

static qdq_tensor tensor_of(const struct counted_case *what, const int64_t *shape, void *data, const int64_t *strides)
{
    const int is_dense = strides[0] == 0;
    return (qdq_tensor){
        .data = data, .shape = shape, .strides = is_dense ? NULL : strides, .rank = what->rank, .dtype = what->dtype};
}

static qdq_tensor range_of(const struct counted_case *what, const int64_t *channels, void *data)
{
    const qdq_dtype dtype = what->dtype == QDQ_DTYPE_F64 ? QDQ_DTYPE_F64 : QDQ_DTYPE_F32;
    return (qdq_tensor){.data = data, .shape = channels, .rank = 1, .dtype = dtype};
}

static qdq_tensor as_codes(qdq_tensor tensor)
{
    tensor.dtype = QDQ_DTYPE_I8;
    return tensor;
}

void prepare(struct operands *operands, const struct counted_case *what, int64_t size)
{
    struct operands *o = operands;
    *o = (struct operands){.attrs = attrs_of(what), .shape = {size, what->inner[0], what->inner[1]}};
    o->channels = what->axis == ALL_ELEMENTS ? 1 : o->shape[what->axis];
    o->input = tensor_of(what, o->shape, input_bytes, what->input_strides);
    o->output = tensor_of(what, o->shape, output_bytes, what->output_strides);
    o->input_codes = as_codes(o->input);
    o->output_codes = as_codes(o->output);
    o->range_min = range_of(what, &o->channels, min_bytes);
    o->range_max = range_of(what, &o->channels, max_bytes);
    fill_input(&o->input);
    fill_ranges(what->dtype, o->channels);
    o->given_min = what->given ? &o->range_min : NULL;
    o->given_max = what->given ? &o->range_max : NULL;
    check(qdq_quantizer_create(&o->attrs, what->dtype, &o->range_min, &o->range_max, &o->quantizer));
}

void release(struct operands *operands)
{
    qdq_quantizer_destroy(operands->quantizer);
}

int64_t element_count(const struct operands *operands)
{
    int64_t count = 1;
    for (int32_t i = 0; i < operands->input.rank; i++) {
        count *= operands->shape[i];
    }
    return count;
}

void check(qdq_status status)
{
    if (status != QDQ_STATUS_OK) {
        fprintf(stderr, "libqdq: %s\n", qdq_last_error());
        exit(1);
    }
}
