/*
 * Where the demo meets libqdq; no other file quantizes anything.
 *
 * Values are matrices, dense and row-major, and `shape` is { rows, columns }:
 *
 *   weights      [outputs][inputs]   signed, the range computed from the weights themselves, one
 *                                    for the matrix or one for each output (axis 0)
 *   activations  [images][inputs]    unsigned, the range given: gathered on training data, for at
 *                                    run time nobody wants to wait for a minimum and a maximum
 *
 * The range of activations stays as it is, so their quantizer is made ready once and serves every
 * batch. Weights that learn have another range after every step, and are quantized at one go;
 * weights that have learned become codes, which is what a device would store.
 *
 * The gradient functions take the gradient of the quantized values, in `gradients`, to the
 * gradient of the values before quantization, in place: rounding is treated as if it were not
 * there, and an activation outside its range gets none.
 */
#ifndef DIGITS_QUANTIZE_H
#define DIGITS_QUANTIZE_H

#include <math.h>
#include <qdq.h>
#include <stddef.h>
#include <stdint.h>

typedef enum weight_ranges { PER_TENSOR, PER_AXIS } weight_ranges;

void quantize_weights(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                      const float *weights, float *quantized);
void quantize_weights_gradient(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                               const float *weights, float *gradients);

typedef struct weight_codes {
    int64_t shape[2];
    int8_t *codes; /* a byte for each, however few of its bits the code takes */
    qdq_quantizer *quantizer;
} weight_codes;

weight_codes encode_weights(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                            const float *weights);
void decode_weights(const weight_codes *encoded, float *weights);
void weight_codes_free(weight_codes *encoded);

typedef struct value_range {
    float min, max;
} value_range;

#define VALUE_RANGE_EMPTY ((value_range){.min = INFINITY, .max = -INFINITY})

/* Widens `range` by `count` values. */
void gather_range(value_range *range, size_t count, const float *values);

/* To be destroyed with qdq_quantizer_destroy. */
qdq_quantizer *prepare_activations(int32_t bits, value_range range);
void quantize_activations(const qdq_quantizer *prepared, const int64_t shape[2],
                          const float *values, float *quantized);
void quantize_activations_gradient(const qdq_quantizer *prepared, const int64_t shape[2],
                                   const float *values, float *gradients);

#endif
