#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { BATCH_ROWS = 32 };

typedef struct adam {
    network mean, square; /* running averages of the gradient and of its square */
    double mean_left, square_left; /* how much of their start at zero is still in them */
} adam;

static adam adam_create(void)
{
    return (adam){network_create(), network_create(), 1.0, 1.0};
}

static void adam_free(adam *optimizer)
{
    network_free(&optimizer->mean);
    network_free(&optimizer->square);
}

static void adam_step(adam *optimizer, network *net, const network *gradient, float learning_rate)
{
    const float keep_mean = 0.9f, keep_square = 0.999f, epsilon = 1e-8f;
    optimizer->mean_left *= keep_mean;
    optimizer->square_left *= keep_square;
    const float mean_scale = (float)(1.0 / (1.0 - optimizer->mean_left));
    const float square_scale = (float)(1.0 / (1.0 - optimizer->square_left));

    float *mean = optimizer->mean.parameters, *square = optimizer->square.parameters;
    for (size_t i = 0; i < net->parameter_count; i++) {
        const float g = gradient->parameters[i];
        mean[i] = keep_mean * mean[i] + (1.0f - keep_mean) * g;
        square[i] = keep_square * square[i] + (1.0f - keep_square) * g * g;
        net->parameters[i] -= learning_rate * (mean_scale * mean[i]) /
                              (sqrtf(square_scale * square[i]) + epsilon);
    }
}

static void shuffle(size_t *order, size_t count, random_source *source)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = random_below(source, i);
        const size_t swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}

/* Copies the images that `order` names. */
static void collect(const digits *images, const size_t *order, size_t count, digits *chosen)
{
    chosen->count = count;
    for (size_t i = 0; i < count; i++) {
        memcpy(chosen->pixels + i * DIGIT_PIXELS, images->pixels + order[i] * DIGIT_PIXELS,
               DIGIT_PIXELS * sizeof *chosen->pixels);
        chosen->labels[i] = images->labels[order[i]];
    }
}

/* What a run of training needs beside the network. */
typedef struct trainer {
    const quantization *quant;
    const digits *images;
    size_t *order;
    digits chosen;
    batch pass;
    network gradient;
    adam optimizer;
    random_source source;
} trainer;

static trainer trainer_create(const network *net, const quantization *quant, const digits *images,
                              uint64_t seed)
{
    trainer t = {
        .quant = quant,
        .images = images,
        .order = allocate(images->count, sizeof *t.order),
        .chosen.pixels = allocate(BATCH_ROWS * DIGIT_PIXELS, sizeof *t.chosen.pixels),
        .chosen.labels = allocate(BATCH_ROWS, sizeof *t.chosen.labels),
        .pass = batch_create(net, BATCH_ROWS),
        .gradient = network_create(),
        .optimizer = adam_create(),
        .source = {seed},
    };
    for (size_t i = 0; i < images->count; i++)
        t.order[i] = i;
    return t;
}

static void trainer_free(trainer *t)
{
    free(t->order);
    digits_free(&t->chosen);
    batch_free(&t->pass);
    network_free(&t->gradient);
    adam_free(&t->optimizer);
}

/* One pass over all images, the learning rate falling on the way; gives the mean loss. */
static double train_epoch(trainer *t, network *net, float rate_from, float rate_to)
{
    const size_t count = t->images->count;
    double loss = 0.0;
    shuffle(t->order, count, &t->source);
    for (size_t first = 0; first < count; first += BATCH_ROWS) {
        const size_t rows = count - first < BATCH_ROWS ? count - first : BATCH_ROWS;
        const float done = (float)first / (float)count;
        collect(t->images, t->order + first, rows, &t->chosen);
        network_forward(net, t->quant, &t->chosen, &t->pass);
        loss += (double)rows *
                network_backward(net, t->quant, &t->chosen, &t->pass, &t->gradient);
        adam_step(&t->optimizer, net, &t->gradient, rate_from + done * (rate_to - rate_from));
    }
    return loss / (double)count;
}

void train(network *net, const quantization *quant, const digits *images, const training *how,
           const training_observer *observer)
{
    trainer t = trainer_create(net, quant, images, how->seed);
    const float step = how->learning_rate / (float)how->epochs;
    for (int epoch = 0; epoch < how->epochs; epoch++) {
        const float left = (float)(how->epochs - epoch);
        const double loss = train_epoch(&t, net, left * step, (left - 1.0f) * step);
        observer->epoch_done(observer->context, epoch + 1, how->epochs, loss);
    }
    trainer_free(&t);
}
