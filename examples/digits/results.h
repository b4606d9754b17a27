/* What the demo measures: accuracies, gathered over runs that differ only in their random start. */
#ifndef DIGITS_RESULTS_H
#define DIGITS_RESULTS_H

#include <stdbool.h>

enum { BIT_WIDTHS = 5, BITS_TRAINED_IN_LOOP = 4 };
extern const int BITS[BIT_WIDTHS]; /* falling */

typedef enum method {
    AFTERWARDS_PER_TENSOR, /* trained in float32, then quantized, one range for a layer's weights */
    AFTERWARDS_PER_AXIS,   /* the same, one range for each output's weights */
    IN_THE_LOOP,           /* trained further with quantization in the loop, ranges per output */
    METHODS
} method;

typedef struct score {
    int runs;
    double sum, lowest, highest; /* percent of the test images */
} score;

void score_add(score *s, double percent);
double score_mean(const score *s);

typedef struct results {
    score float32;
    score float32_longer; /* trained as long as IN_THE_LOOP was altogether */
    score quantized[BIT_WIDTHS][METHODS]; /* no runs: not measured */
} results;

void results_print(const results *all);

/* Whether the numbers are what quantization done right gives; says so line by line. */
bool results_check(const results *all);

#endif
