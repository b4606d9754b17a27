/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sweep.h"

#include "measure.h"
#include "report.h"
#include "rows.h"
#include "work.h"

#include <string.h>

static const struct row SERIES[] = {
    {.name = "float32 given", .dtype = QDQ_DTYPE_F32, .given = true},
    {.name = "half given", .dtype = QDQ_DTYPE_F16, .given = true},
    {.name = "bfloat16 given", .dtype = QDQ_DTYPE_BF16, .given = true},
    {.name = "float32 computed", .dtype = QDQ_DTYPE_F32},
};
enum { SERIES_COUNT = sizeof SERIES / sizeof SERIES[0] };

/* 4 KB, and each the double of the last. */
enum { SIZES = 18 };
_Static_assert(SERIES_COUNT * SIZES <= MOST_POINTS, "the results have no room for the sweep");

static struct point measure_point(const struct options *options, int series, size_t bytes)
{
    struct row row = SERIES[series];
    row.axis = -1;
    row.rank = 1;
    row.shape[0] = (int64_t)(bytes / dtype_size(row.dtype));

    struct work *work = work_open(&row);
    const struct memory memory = work_memory(work);
    struct chosen_limit by_memcpy = limit_choose(LIMIT_MEMCPY, &memory, options->rounds);
    struct chosen_limit best = limit_choose(LIMIT_COPY, &memory, options->rounds);
    struct contestant contestants[] = {
        limit_contestant(&by_memcpy), limit_contestant(&best), work_contestant(work)};
    struct samples samples;
    measure(contestants, 3, options->samples, &samples);
    work_close(work);

    /* A variant that was chosen as the fastest may, between the other two, lose to memcpy. */
    const double by_memcpy_seconds = median_seconds(&samples, 0), best_seconds = median_seconds(&samples, 1);
    return (struct point){
        .series = series,
        .bytes = bytes,
        .memcpy = by_memcpy_seconds,
        .copy = best_seconds < by_memcpy_seconds ? best_seconds : by_memcpy_seconds,
        .ours = median_seconds(&samples, 2),
    };
}

void sweep(const struct options *options, struct isa_results *results)
{
    for (int series = 0; series < SERIES_COUNT; series++) {
        if (strstr(SERIES[series].name, options->rows) == NULL) {
            continue;
        }
        for (int i = 0; i < SIZES; i++) {
            struct point *point = &results->points[results->point_count++];
            *point = measure_point(options, series, (size_t)4096 << i);
            report_point(point);
        }
    }
}

const char *sweep_series_name(int series)
{
    return SERIES[series].name;
}
