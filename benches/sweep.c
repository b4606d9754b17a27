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

static const size_t SMALLEST = (size_t)4 << 10, LARGEST = (size_t)512 << 20;

static void call_limit(void *limit)
{
    limit_run(limit);
}

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
        {.call = call_limit, .data = &by_memcpy}, {.call = call_limit, .data = &best}, work_contestant(work)};
    struct samples samples;
    measure(contestants, 3, options->samples, &samples);
    work_close(work);

    return (struct point){
        .series = series,
        .bytes = bytes,
        .memcpy = median_seconds(&samples, 0),
        .copy = median_seconds(&samples, 1),
        .ours = median_seconds(&samples, 2),
    };
}

void sweep(const struct options *options, struct isa_results *results)
{
    for (int series = 0; series < SERIES_COUNT; series++) {
        if (strstr(SERIES[series].name, options->rows) == NULL) {
            continue;
        }
        for (size_t bytes = SMALLEST; bytes <= LARGEST; bytes *= 2) {
            struct point *point = &results->points[results->point_count++];
            *point = measure_point(options, series, bytes);
            report_point(point);
        }
    }
}

const char *sweep_series_name(int series)
{
    return SERIES[series].name;
}
