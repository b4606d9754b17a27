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
 * The gradient functions take the gradient of the quantized values, in `gradients`, to the
 * gradient of the values before quantization, in place: rounding is treated as if it were not
 * there, and an activation outside its range gets none.
 */
#ifndef DIGITS_QUANTIZE_H
#define DIGITS_QUANTIZE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef enum weight_ranges { PER_TENSOR, PER_AXIS } weight_ranges;

void quantize_weights(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                      const float *weights, float *quantized);
void quantize_weights_gradient(int32_t bits, weight_ranges ranges, const int64_t shape[2],
                               const float *weights, float *gradients);

typedef struct value_range {
    float min, max;
} value_range;

#define VALUE_RANGE_EMPTY ((value_range){.min = INFINITY, .max = -INFINITY})

/* Widens `range` by `count` values. */
void gather_range(value_range *range, size_t count, const float *values);

void quantize_activations(int32_t bits, value_range range, const int64_t shape[2],
                          const float *values, float *quantized);
void quantize_activations_gradient(int32_t bits, value_range range, const int64_t shape[2],
                                   const float *values, float *gradients);

#endif
