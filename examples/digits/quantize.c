#include "quantize.h"

#include <stdlib.h>

#include "support.h"

enum { MATRIX_RANK = 2, OUTPUT_AXIS = 0, WHOLE_TENSOR = -1 };

/* Every call of the library goes through here; the words for a failure name the argument. */
static void check(qdq_status status, const char *what)
{
    if (status != QDQ_STATUS_OK)
        fail("libqdq, given %s: %s", what, qdq_last_error());
}

/* Views have one type for what is read and what is written: the data of an input is only read. */
static qdq_tensor matrix(const float *values, const int64_t shape[2])
{
    return (qdq_tensor){.data = (void *)values, .shape = shape, .rank = MATRIX_RANK,
                        .dtype = QDQ_DTYPE_F32};
}

static qdq_tensor code_matrix(const weight_codes *encoded)
{
    return (qdq_tensor){.data = encoded->codes, .shape = encoded->shape, .rank = MATRIX_RANK,
                        .dtype = QDQ_DTYPE_I8};
}

static qdq_tensor vector(float *values, const int64_t *length)
{
    return (qdq_tensor){.data = values, .shape = length, .rank = 1, .dtype = QDQ_DTYPE_F32};
}

static qdq_attrs weight_attrs(int32_t bits, weight_ranges ranges)
{
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.num_bits = bits;
    attrs.axis = ranges == PER_AXIS ? OUTPUT_AXIS : WHOLE_TENSOR;
    attrs.narrow_range = 1; /* as many codes below zero as above: integer kernels like it so */
    return attrs;
}

void quantize_weights(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                      const float *weights, float *quantized)
{
    const qdq_attrs attrs = weight_attrs(bits, ranges);
    check(qdq_quantize_and_dequantize_v4_f32(weights, shape, MATRIX_RANK, NULL, NULL, 0, &attrs,
                                             NULL, quantized),
          "weights");
}

void quantize_weights_gradient(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                               const float *weights, float *gradients)
{
    const qdq_attrs attrs = weight_attrs(bits, ranges);
    check(qdq_quantize_and_dequantize_v4_grad_f32(gradients, weights, shape, MATRIX_RANK, NULL,
                                                  NULL, 0, &attrs, NULL, gradients, NULL, NULL),
          "the gradient of weights");
}

static void gather(const qdq_tensor *input, const qdq_attrs *attrs, const qdq_tensor *min,
                   const qdq_tensor *max)
{
    check(qdq_range_update(input, attrs, NULL, min, max), "values to gather a range of");
}

static qdq_quantizer *prepare_weights(const qdq_attrs *attrs, const int64_t shape[2],
                                      const float *weights)
{
    qdq_quantizer *prepared;
    const int64_t channels = attrs->axis == WHOLE_TENSOR ? 1 : shape[attrs->axis];
    float *least = allocate((size_t)channels, sizeof *least);
    float *greatest = allocate((size_t)channels, sizeof *greatest);
    for (int64_t i = 0; i < channels; i++) {
        least[i] = INFINITY;
        greatest[i] = -INFINITY;
    }
    const qdq_tensor input = matrix(weights, shape);
    const qdq_tensor min = vector(least, &channels), max = vector(greatest, &channels);
    gather(&input, attrs, &min, &max);
    check(qdq_quantizer_create(attrs, QDQ_DTYPE_F32, &min, &max, &prepared), "ranges of weights");
    free(least);
    free(greatest);
    return prepared;
}

weight_codes encode_weights(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                            const float *weights)
{
    const qdq_attrs attrs = weight_attrs(bits, ranges);
    const weight_codes encoded = {
        .shape = {shape[0], shape[1]},
        .codes = allocate((size_t)(shape[0] * shape[1]), sizeof *encoded.codes),
        .quantizer = prepare_weights(&attrs, shape, weights),
    };
    const qdq_tensor input = matrix(weights, shape), codes = code_matrix(&encoded);
    check(qdq_quantizer_quantize(encoded.quantizer, NULL, &input, &codes), "weights to encode");
    return encoded;
}

void decode_weights(const weight_codes *encoded, float *weights)
{
    const qdq_tensor codes = code_matrix(encoded), output = matrix(weights, encoded->shape);
    check(qdq_quantizer_dequantize(encoded->quantizer, NULL, &codes, &output), "codes of weights");
}

void weight_codes_free(weight_codes *encoded)
{
    free(encoded->codes);
    qdq_quantizer_destroy(encoded->quantizer);
    *encoded = (weight_codes){0};
}

/* A scalar: its rank is 0. */
static qdq_tensor scalar(float *value)
{
    return (qdq_tensor){.data = value, .dtype = QDQ_DTYPE_F32};
}

void gather_range(value_range *range, size_t count, const float *values)
{
    const int64_t shape[MATRIX_RANK] = {1, (int64_t)count};
    const qdq_tensor input = matrix(values, shape);
    const qdq_tensor min = scalar(&range->min), max = scalar(&range->max);
    gather(&input, NULL, &min, &max);
}

static qdq_attrs activation_attrs(int32_t bits)
{
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.num_bits = bits;
    attrs.signed_input = 0; /* pixels and what leaves a ReLU are never negative */
    attrs.range_given = 1;
    return attrs;
}

qdq_quantizer *prepare_activations(int32_t bits, value_range range)
{
    qdq_quantizer *prepared;
    const qdq_attrs attrs = activation_attrs(bits);
    const qdq_tensor min = scalar(&range.min), max = scalar(&range.max);
    check(qdq_quantizer_create(&attrs, QDQ_DTYPE_F32, &min, &max, &prepared),
          "the range of activations");
    return prepared;
}

void quantize_activations(const qdq_quantizer *prepared, const int64_t shape[2],
                          const float *values, float *quantized)
{
    const qdq_tensor input = matrix(values, shape), output = matrix(quantized, shape);
    check(qdq_quantizer_apply(prepared, NULL, &input, &output), "activations");
}

void quantize_activations_gradient(const qdq_quantizer *prepared, const int64_t shape[2],
                                   const float *values, float *gradients)
{
    const qdq_tensor input = matrix(values, shape), gradient = matrix(gradients, shape);
    check(qdq_quantizer_grad(prepared, NULL, &gradient, &input, &gradient),
          "the gradient of activations");
}
