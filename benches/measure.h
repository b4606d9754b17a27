/*
 * Times, taken in turn: one sample of each contestant, then again, so that what disturbs the machine disturbs all
 * alike. A sample is one call, or as many as fill 200 microseconds.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>

enum { MOST_CONTESTANTS = 16, MOST_SAMPLES = 64 };

struct contestant {
    void (*call)(void *data);
    void *data;
    int crew;       /* threads of the crew that it runs on; 0 and 1: it has none */
    size_t repeats; /* of a sample; set by measure */
};

struct samples {
    int count;
    double seconds[MOST_CONTESTANTS][MOST_SAMPLES]; /* of one call */
};

/* So many samples of each of the contestants. */
void measure(struct contestant *contestants, int count, int sample_count, struct samples *samples);

double least_seconds(const struct samples *samples, int contestant);
double median_seconds(const struct samples *samples, int contestant);

/* The median of the quotients of two contestants' samples that were taken beside each other. */
double median_ratio(const struct samples *samples, int numerator, int denominator);

#endif
