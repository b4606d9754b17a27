/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "measure.h"

#include "crew.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double SAMPLE_SECONDS = 200e-6;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double time_calls(const struct contestant *contestant, size_t repeats)
{
    const double start = now();
    for (size_t i = 0; i < repeats; i++) {
        contestant->call(contestant->data);
    }
    return now() - start;
}

static void begin(const struct contestant *contestant)
{
    if (contestant->crew > 1) {
        crew_wake(contestant->crew);
    }
}

static void end(const struct contestant *contestant)
{
    if (contestant->crew > 1) {
        crew_rest();
    }
}

/* Finds out how many calls make a sample. */
static void prepare(struct contestant *contestant)
{
    size_t repeats = 1;
    double seconds;
    begin(contestant);
    contestant->call(contestant->data);
    while ((seconds = time_calls(contestant, repeats)) < SAMPLE_SECONDS / 2) {
        repeats *= 2;
    }
    end(contestant);
    contestant->repeats = (size_t)((double)repeats * SAMPLE_SECONDS / seconds) + 1;
}

/* Seconds of a call. The calls before, which are not timed, find the caches as the contestant before left them, and
   threads asleep. Where a call is a whole sample it is so long that neither matters. */
static double take_sample(struct contestant *contestant)
{
    begin(contestant);
    if (contestant->repeats > 1) {
        time_calls(contestant, contestant->repeats);
    }
    const double seconds = time_calls(contestant, contestant->repeats);
    end(contestant);
    return seconds / (double)contestant->repeats;
}

void measure(struct contestant *contestants, int count, int sample_count, struct samples *samples)
{
    for (int i = 0; i < count; i++) {
        prepare(&contestants[i]);
    }
    samples->count = sample_count;
    for (int sample = 0; sample < sample_count; sample++) {
        for (int i = 0; i < count; i++) {
            samples->seconds[i][sample] = take_sample(&contestants[i]);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
    double sorted[MOST_SAMPLES];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double least_seconds(const struct samples *samples, int contestant)
{
    const double *seconds = samples->seconds[contestant];
    double least = seconds[0];
    for (int i = 1; i < samples->count; i++) {
        least = seconds[i] < least ? seconds[i] : least;
    }
    return least;
}

double median_seconds(const struct samples *samples, int contestant)
{
    return median(samples->seconds[contestant], samples->count);
}

double median_ratio(const struct samples *samples, int numerator, int denominator)
{
    double ratios[MOST_SAMPLES];
    for (int i = 0; i < samples->count; i++) {
        ratios[i] = samples->seconds[numerator][i] / samples->seconds[denominator][i];
    }
    return median(ratios, samples->count);
}
