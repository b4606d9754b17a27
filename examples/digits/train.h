/* Adam on shuffled batches, in float32 or with quantization in the loop. */
#ifndef DIGITS_TRAIN_H
#define DIGITS_TRAIN_H

#include <stdint.h>

#include "network.h"

typedef struct training {
    int epochs;
    float learning_rate; /* of the first batch; it falls in a straight line to zero */
    uint64_t seed;       /* of the order of the images */
} training;

/* Called after each epoch with its mean loss. */
typedef struct training_observer {
    void (*epoch_done)(void *context, int epoch, int epochs, double loss);
    void *context;
} training_observer;

/*
 * With `quant`, the network computes its loss as the quantized network it shall become, and the
 * float32 weights behind it learn from that: small steps add up in them until a code changes.
 */
void train(network *net, const quantization *quant, const digits *images, const training *how,
           const training_observer *observer);

#endif
