/*
 * A multilayer perceptron, 64-64-32-10 with ReLU between its layers, in float32, whose weights and
 * activations can be seen through quantization: pass a `quantization`, or NULL for plain float32.
 */
#ifndef DIGITS_NETWORK_H
#define DIGITS_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "data.h"
#include "quantize.h"

enum { NETWORK_LAYERS = 3 };

typedef struct layer {
    int64_t shape[2]; /* { outputs, inputs } */
    float *weights;   /* [outputs][inputs] */
    float *bias;      /* [outputs]; never quantized: it joins the sum, which is wide */
} layer;

typedef struct network {
    layer layers[NETWORK_LAYERS];
    size_t parameter_count;
    float *parameters; /* the memory of all weights and biases, in one piece for the optimizer */
} network;

typedef struct quantization {
    int32_t bits;
    weight_ranges weights;
    qdq_quantizer *inputs[NETWORK_LAYERS]; /* of what enters each layer */
} quantization;

/* `ranges` are those that network_gather_ranges gives; release with quantization_free. */
quantization quantization_create(int32_t bits, const value_range ranges[NETWORK_LAYERS]);
void quantization_free(quantization *quant);

network network_create(void); /* all zero */
network network_copy(const network *original);
void network_free(network *net);

/* Fresh random weights, biases zero; the same for the same seed. */
void network_initialize(network *net, uint64_t seed);

/* The numbers of one pass of a batch through the network, kept for the way back. */
typedef struct batch {
    size_t rows;
    float *values[NETWORK_LAYERS + 1];    /* [0] the pixels, [i] what leaves layer i - 1 */
    float *gradients[NETWORK_LAYERS + 1]; /* of the loss, by those */
    float *quantized_values[NETWORK_LAYERS];
    float *quantized_weights[NETWORK_LAYERS];
    const float *seen_values[NETWORK_LAYERS]; /* what each layer multiplies: as is, or quantized */
    const float *seen_weights[NETWORK_LAYERS];
    const weight_codes *encoded; /* each layer's, of weights that have learned; NULL: they learn */
    float *memory;
} batch;

batch batch_create(const network *net, size_t most_rows);
void batch_free(batch *pass);

/* From pixels to the ten scores of each image, in values[NETWORK_LAYERS]. */
void network_forward(const network *net, const quantization *quant, const digits *images,
                     batch *pass);

/* After network_forward: the mean cross-entropy, and its gradient in a network's shape. */
float network_backward(const network *net, const quantization *quant, const digits *images,
                       batch *pass, network *gradient);

/*
 * The share of images whose highest score is their label's, in percent. With `quant`, weights are
 * encoded first and the network runs on what their codes stand for, as it would on a device.
 */
double network_accuracy(const network *net, const quantization *quant, const digits *images);

/* The ranges of what enters each layer in float32, over all the images. */
void network_gather_ranges(const network *net, const digits *images,
                           value_range ranges[NETWORK_LAYERS]);

/* What the weights of all layers take once quantized, in bytes. */
typedef struct weight_bytes {
    size_t codes;  /* packed, each in as many bits as it has */
    size_t scales; /* a float for each range */
} weight_bytes;

weight_bytes network_weight_bytes(int32_t bits, weight_ranges ranges);

#endif
