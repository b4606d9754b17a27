#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const int64_t WIDTHS[NETWORK_LAYERS + 1] = {DIGIT_PIXELS, 64, 32, DIGIT_CLASSES};

static size_t weight_count(const layer *l)
{
    return (size_t)(l->shape[0] * l->shape[1]);
}

network network_create(void)
{
    network net = {0};
    for (int i = 0; i < NETWORK_LAYERS; i++)
        net.parameter_count += (size_t)(WIDTHS[i + 1] * (WIDTHS[i] + 1));
    net.parameters = allocate(net.parameter_count, sizeof *net.parameters);

    float *next = net.parameters;
    for (int i = 0; i < NETWORK_LAYERS; i++) {
        layer *l = &net.layers[i];
        l->shape[0] = WIDTHS[i + 1];
        l->shape[1] = WIDTHS[i];
        l->weights = next;
        l->bias = next + weight_count(l);
        next = l->bias + l->shape[0];
    }
    return net;
}

network network_copy(const network *original)
{
    network net = network_create();
    memcpy(net.parameters, original->parameters, net.parameter_count * sizeof *net.parameters);
    return net;
}

void network_free(network *net)
{
    free(net->parameters);
    *net = (network){0};
}

void network_initialize(network *net, uint64_t seed)
{
    random_source source = {seed};
    for (int i = 0; i < NETWORK_LAYERS; i++) {
        layer *l = &net->layers[i];
        /* He: this spread keeps the size of what flows through layers of ReLU. */
        const float bound = sqrtf(6.0f / (float)l->shape[1]);
        for (size_t w = 0; w < weight_count(l); w++)
            l->weights[w] = bound * random_uniform(&source);
        memset(l->bias, 0, (size_t)l->shape[0] * sizeof *l->bias);
    }
}

static float *take(float **memory, size_t count)
{
    float *taken = *memory;
    *memory += count;
    return taken;
}

batch batch_create(const network *net, size_t most_rows)
{
    batch pass = {0};
    size_t width = 0, weights = 0;
    for (int i = 0; i <= NETWORK_LAYERS; i++)
        width += (size_t)WIDTHS[i];
    for (int i = 0; i < NETWORK_LAYERS; i++)
        weights += weight_count(&net->layers[i]);
    pass.memory = allocate(3 * most_rows * width + weights, sizeof *pass.memory);

    float *next = pass.memory;
    for (int i = 0; i <= NETWORK_LAYERS; i++) {
        pass.values[i] = take(&next, most_rows * (size_t)WIDTHS[i]);
        pass.gradients[i] = take(&next, most_rows * (size_t)WIDTHS[i]);
    }
    for (int i = 0; i < NETWORK_LAYERS; i++) {
        pass.quantized_values[i] = take(&next, most_rows * (size_t)WIDTHS[i]);
        pass.quantized_weights[i] = take(&next, weight_count(&net->layers[i]));
    }
    return pass;
}

void batch_free(batch *pass)
{
    free(pass->memory);
    *pass = (batch){0};
}

quantization quantization_create(int32_t bits, const value_range ranges[NETWORK_LAYERS])
{
    quantization quant = {.bits = bits};
    for (int i = 0; i < NETWORK_LAYERS; i++)
        quant.inputs[i] = prepare_activations(bits, ranges[i]);
    return quant;
}

void quantization_free(quantization *quant)
{
    for (int i = 0; i < NETWORK_LAYERS; i++)
        qdq_quantizer_destroy(quant->inputs[i]);
    *quant = (quantization){0};
}

/* Decides what layer `i` multiplies. */
static void look_at_layer(const network *net, const quantization *quant, int i, batch *pass)
{
    const layer *l = &net->layers[i];
    pass->seen_values[i] = pass->values[i];
    pass->seen_weights[i] = l->weights;
    if (quant == NULL)
        return;
    const int64_t shape[2] = {(int64_t)pass->rows, l->shape[1]};
    quantize_activations(quant->inputs[i], shape, pass->values[i], pass->quantized_values[i]);
    if (pass->encoded != NULL)
        decode_weights(&pass->encoded[i], pass->quantized_weights[i]);
    else
        quantize_weights(quant->bits, quant->weights, l->shape, l->weights,
                         pass->quantized_weights[i]);
    pass->seen_values[i] = pass->quantized_values[i];
    pass->seen_weights[i] = pass->quantized_weights[i];
}

/* output[row][o] = bias[o] + sum of weights[o][k] * input[row][k] */
static void multiply(const layer *l, const float *weights, const float *input, size_t rows,
                     float *output)
{
    const int64_t outputs = l->shape[0], inputs = l->shape[1];
    for (size_t row = 0; row < rows; row++, input += inputs, output += outputs) {
        for (int64_t o = 0; o < outputs; o++) {
            float sum = l->bias[o];
            for (int64_t k = 0; k < inputs; k++)
                sum += weights[o * inputs + k] * input[k];
            output[o] = sum;
        }
    }
}

static void relu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] > 0.0f ? values[i] : 0.0f;
}

void network_forward(const network *net, const quantization *quant, const digits *images,
                     batch *pass)
{
    pass->rows = images->count;
    memcpy(pass->values[0], images->pixels, images->count * DIGIT_PIXELS * sizeof(float));
    for (int i = 0; i < NETWORK_LAYERS; i++) {
        look_at_layer(net, quant, i, pass);
        multiply(&net->layers[i], pass->seen_weights[i], pass->seen_values[i], pass->rows,
                 pass->values[i + 1]);
        if (i + 1 < NETWORK_LAYERS)
            relu(pass->values[i + 1], pass->rows * (size_t)WIDTHS[i + 1]);
    }
}

/* One image's cross-entropy; `gradient` becomes its softmax minus the wanted answer, scaled. */
static float cross_entropy(const float *scores, int label, float scale, float *gradient)
{
    float highest = scores[0], sum = 0.0f;
    for (int c = 1; c < DIGIT_CLASSES; c++)
        highest = fmaxf(highest, scores[c]);
    for (int c = 0; c < DIGIT_CLASSES; c++)
        sum += gradient[c] = expf(scores[c] - highest);
    for (int c = 0; c < DIGIT_CLASSES; c++)
        gradient[c] = scale * (gradient[c] / sum - (c == label ? 1.0f : 0.0f));
    return logf(sum) - (scores[label] - highest);
}

static float batch_loss(const digits *images, batch *pass)
{
    const float scale = 1.0f / (float)pass->rows;
    float loss = 0.0f;
    for (size_t row = 0; row < pass->rows; row++)
        loss += cross_entropy(pass->values[NETWORK_LAYERS] + row * DIGIT_CLASSES,
                              images->labels[row], scale,
                              pass->gradients[NETWORK_LAYERS] + row * DIGIT_CLASSES);
    return loss * scale;
}

/* The gradient by a layer's bias and by the weights it saw. */
static void parameters_backward(const float *output_gradient, const float *input, size_t rows,
                                layer *gradient)
{
    const int64_t outputs = gradient->shape[0], inputs = gradient->shape[1];
    memset(gradient->weights, 0, weight_count(gradient) * sizeof *gradient->weights);
    memset(gradient->bias, 0, (size_t)outputs * sizeof *gradient->bias);
    for (size_t row = 0; row < rows; row++, output_gradient += outputs, input += inputs) {
        for (int64_t o = 0; o < outputs; o++) {
            const float g = output_gradient[o];
            float *restrict to = gradient->weights + o * inputs;
            gradient->bias[o] += g;
            for (int64_t k = 0; k < inputs; k++)
                to[k] += g * input[k];
        }
    }
}

/* The gradient by what a layer saw as its input. */
static void input_backward(const layer *l, const float *weights, const float *output_gradient,
                           size_t rows, float *restrict input_gradient)
{
    const int64_t outputs = l->shape[0], inputs = l->shape[1];
    memset(input_gradient, 0, rows * (size_t)inputs * sizeof *input_gradient);
    for (size_t row = 0; row < rows; row++, output_gradient += outputs, input_gradient += inputs) {
        for (int64_t o = 0; o < outputs; o++) {
            for (int64_t k = 0; k < inputs; k++)
                input_gradient[k] += output_gradient[o] * weights[o * inputs + k];
        }
    }
}

static void relu_backward(const float *values, float *gradients, size_t count)
{
    for (size_t i = 0; i < count; i++)
        gradients[i] = values[i] > 0.0f ? gradients[i] : 0.0f;
}

/* From the gradient of a layer's output to those of its parameters and of its input. */
static void layer_backward(const network *net, const quantization *quant, int i, batch *pass,
                           layer *gradient)
{
    const layer *l = &net->layers[i];
    parameters_backward(pass->gradients[i + 1], pass->seen_values[i], pass->rows, gradient);
    if (quant != NULL)
        quantize_weights_gradient(quant->bits, quant->weights, l->shape, l->weights,
                                  gradient->weights);
    if (i == 0)
        return; /* nobody trains the pixels */
    input_backward(l, pass->seen_weights[i], pass->gradients[i + 1], pass->rows,
                   pass->gradients[i]);
    const int64_t shape[2] = {(int64_t)pass->rows, l->shape[1]};
    if (quant != NULL)
        quantize_activations_gradient(quant->inputs[i], shape, pass->values[i],
                                      pass->gradients[i]);
    relu_backward(pass->values[i], pass->gradients[i], pass->rows * (size_t)l->shape[1]);
}

float network_backward(const network *net, const quantization *quant, const digits *images,
                       batch *pass, network *gradient)
{
    const float loss = batch_loss(images, pass);
    for (int i = NETWORK_LAYERS - 1; i >= 0; i--)
        layer_backward(net, quant, i, pass, &gradient->layers[i]);
    return loss;
}

static int best_class(const float *scores)
{
    int best = 0;
    for (int c = 1; c < DIGIT_CLASSES; c++)
        best = scores[c] > scores[best] ? c : best;
    return best;
}

static size_t count_right(const digits *images, const batch *pass)
{
    size_t right = 0;
    for (size_t row = 0; row < images->count; row++)
        right += best_class(pass->values[NETWORK_LAYERS] + row * DIGIT_CLASSES) ==
                 images->labels[row];
    return right;
}

double network_accuracy(const network *net, const quantization *quant, const digits *images)
{
    weight_codes encoded[NETWORK_LAYERS] = {0};
    batch pass = batch_create(net, images->count);
    for (int i = 0; quant != NULL && i < NETWORK_LAYERS; i++)
        encoded[i] = encode_weights(quant->bits, quant->weights, net->layers[i].shape,
                                    net->layers[i].weights);
    pass.encoded = encoded;
    network_forward(net, quant, images, &pass);
    const size_t right = count_right(images, &pass);
    for (int i = 0; i < NETWORK_LAYERS; i++)
        weight_codes_free(&encoded[i]);
    batch_free(&pass);
    return 100.0 * (double)right / (double)images->count;
}

void network_gather_ranges(const network *net, const digits *images,
                           value_range ranges[NETWORK_LAYERS])
{
    batch pass = batch_create(net, images->count);
    network_forward(net, NULL, images, &pass);
    for (int i = 0; i < NETWORK_LAYERS; i++) {
        ranges[i] = VALUE_RANGE_EMPTY;
        gather_range(&ranges[i], pass.rows * (size_t)WIDTHS[i], pass.values[i]);
    }
    batch_free(&pass);
}

weight_bytes network_weight_bytes(int32_t bits, weight_ranges ranges)
{
    weight_bytes all = {0};
    for (int i = 0; i < NETWORK_LAYERS; i++) {
        const size_t weights = (size_t)(WIDTHS[i + 1] * WIDTHS[i]);
        all.codes += (weights * (size_t)bits + 7) / 8;
        all.scales += (ranges == PER_AXIS ? (size_t)WIDTHS[i + 1] : 1) * sizeof(float);
    }
    return all;
}
