#include "quantize.h"

#include <qdq.h>

#include "support.h"

enum { MATRIX_RANK = 2, OUTPUT_AXIS = 0, WHOLE_TENSOR = -1 };

/* Every call of the library goes through here; the words for a failure name the argument. */
static void check(qdq_status status, const char *what)
{
    if (status != QDQ_STATUS_OK)
        fail("libqdq, given %s: %s", what, qdq_last_error());
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

void gather_range(value_range *range, size_t count, const float *values)
{
    for (size_t i = 0; i < count; i++) {
        range->min = fminf(range->min, values[i]);
        range->max = fmaxf(range->max, values[i]);
    }
}

static qdq_attrs activation_attrs(int32_t bits)
{
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.num_bits = bits;
    attrs.signed_input = 0; /* pixels and what leaves a ReLU are never negative */
    attrs.range_given = 1;
    return attrs;
}

void quantize_activations(int32_t bits, value_range range, const int64_t shape[2],
                          const float *values, float *quantized)
{
    const qdq_attrs attrs = activation_attrs(bits);
    check(qdq_quantize_and_dequantize_v4_f32(values, shape, MATRIX_RANK, &range.min, &range.max, 1,
                                             &attrs, NULL, quantized),
          "activations");
}

void quantize_activations_gradient(int32_t bits, value_range range, const int64_t shape[2],
                                   const float *values, float *gradients)
{
    const qdq_attrs attrs = activation_attrs(bits);
    check(qdq_quantize_and_dequantize_v4_grad_f32(gradients, values, shape, MATRIX_RANK,
                                                  &range.min, &range.max, 1, &attrs, NULL,
                                                  gradients, NULL, NULL),
          "the gradient of activations");
}
