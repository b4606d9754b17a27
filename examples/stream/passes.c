#include "passes.h"

#include <math.h>
#include <stdlib.h>

#include "support.h"

enum {
    BLOCK_RANK = 2,
    /* Numbers for each range: least and greatest, and what the library makes of them. */
    NUMBERS_KEPT = 2,
    NUMBERS_OF_LIBRARY = 6
};

/* The bytes of a row and of its ranges are still an int64_t. */
static const int64_t MOST_COLUMNS = INT64_MAX / 128;

static int64_t row_bytes(const options *o, const division *parts)
{
    return parts->columns * (int64_t)o->type->size;
}

static void require_rows(const options *o, const division *parts, const file *input)
{
    if (input->size % row_bytes(o, parts) != 0)
        fail("%s: %lld bytes, not rows of %lld elements of %zu bytes", input->path,
             (long long)input->size, (long long)parts->columns, o->type->size);
}

division divide(const options *o, const file *input)
{
    division parts = {.columns = o->axis == AXIS_NONE ? 1 : o->columns};
    if (parts.columns > MOST_COLUMNS)
        fail("--columns %lld: expected at most %lld", (long long)parts.columns,
             (long long)MOST_COLUMNS);
    require_rows(o, &parts, input);
    parts.rows = input->size / row_bytes(o, &parts);
    parts.channels = o->axis == AXIS_LAST ? parts.columns : o->axis == AXIS_NONE;

    const int64_t number = (int64_t)o->type->range_size;
    const int64_t fixed = parts.channels * (NUMBERS_KEPT + NUMBERS_OF_LIBRARY) * number;
    const int64_t each = row_bytes(o, &parts) +
                         (o->axis == AXIS_FIRST ? NUMBERS_OF_LIBRARY * number : 0);
    if ((int64_t)o->memory < fixed + each)
        fail("--memory %zu: ranges and a single row take %lld bytes", o->memory,
             (long long)(fixed + each));
    parts.at_once = ((int64_t)o->memory - fixed) / each;
    if (parts.at_once > parts.rows)
        parts.at_once = parts.rows;
    return parts;
}

/* What one run works with. */
typedef struct run {
    const options *options;
    const division *parts;
    const file *input, *output;
    progress *progress;
    void *block;
    qdq_attrs attrs;
    qdq_executor executor;
    qdq_tensor range_min, range_max;
    qdq_quantizer *quantizer;
} run;

static qdq_attrs attrs_of(const options *o)
{
    static const int32_t AXES[] = {[AXIS_NONE] = -1, [AXIS_FIRST] = 0, [AXIS_LAST] = 1};
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.num_bits = o->bits;
    attrs.axis = AXES[o->axis];
    return attrs;
}

static qdq_executor executor_of(const options *o)
{
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    executor.num_threads = o->threads;
    return executor;
}

/* One end of `count` ranges. */
static qdq_tensor range_tensor(const options *o, void *ends, const int64_t *count)
{
    return (qdq_tensor){.data = ends, .shape = count, .rank = 1, .dtype = o->type->range_dtype};
}

static qdq_tensor allocate_range(const run *r, double start)
{
    const element *type = r->options->type;
    const size_t count = (size_t)r->parts->channels;
    void *ends = allocate(count * type->range_size);
    element_fill_range(type, ends, count, start);
    return range_tensor(r->options, ends, &r->parts->channels);
}

/* What a pass does to a block in memory. */
typedef void block_work(run *r, const qdq_tensor *block);

static void widen_ranges(run *r, const qdq_tensor *block)
{
    check(qdq_range_update(block, &r->attrs, &r->executor, &r->range_min, &r->range_max));
}

static void apply_quantizer(run *r, const qdq_tensor *block)
{
    check(qdq_quantizer_apply(r->quantizer, &r->executor, block, block));
    file_append(r->output, r->block, (size_t)(block->shape[0] * row_bytes(r->options, r->parts)));
}

static void quantize_rows(run *r, const qdq_tensor *block)
{
    check(qdq_quantize_and_dequantize_v4(block, NULL, NULL, &r->attrs, &r->executor, block));
    file_append(r->output, r->block, (size_t)(block->shape[0] * row_bytes(r->options, r->parts)));
}

/* Gives how long it took, in seconds. */
static double pass(run *r, const char *name, block_work *work)
{
    const division *parts = r->parts;
    const int64_t bytes = row_bytes(r->options, parts);
    const double start = seconds_now();
    progress_start(r->progress);
    for (int64_t first = 0; first < parts->rows; first += parts->at_once) {
        const int64_t left = parts->rows - first;
        const int64_t shape[] = {left < parts->at_once ? left : parts->at_once, parts->columns};
        const qdq_tensor block = {.data = r->block, .shape = shape, .rank = BLOCK_RANK,
                                  .dtype = r->options->type->dtype};
        file_read(r->input, first * bytes, r->block, (size_t)(shape[0] * bytes));
        work(r, &block);
        progress_show(r->progress, name, first + shape[0], parts->rows);
    }
    return seconds_now() - start;
}

static durations two_passes(run *r)
{
    durations took;
    r->range_min = allocate_range(r, INFINITY);
    r->range_max = allocate_range(r, -INFINITY);
    took.ranges = pass(r, "ranges", widen_ranges);
    check(qdq_quantizer_create(&r->attrs, r->options->type->dtype, &r->range_min, &r->range_max,
                               &r->quantizer));
    free(r->range_min.data);
    free(r->range_max.data);
    took.quantize = pass(r, "quantize", apply_quantizer);
    qdq_quantizer_destroy(r->quantizer);
    return took;
}

/* A quantizer of no number at all: wrong attributes are better found now than after a pass. */
static void require_attrs(const options *o)
{
    static const int64_t one = 1;
    double least, greatest;
    qdq_quantizer *unused;
    const qdq_attrs attrs = attrs_of(o);
    element_fill_range(o->type, &least, 1, INFINITY);
    element_fill_range(o->type, &greatest, 1, -INFINITY);
    const qdq_tensor min = range_tensor(o, &least, &one), max = range_tensor(o, &greatest, &one);
    check(qdq_quantizer_create(&attrs, o->type->dtype, &min, &max, &unused));
    qdq_quantizer_destroy(unused);
}

durations quantize_file(const options *o, const division *parts, progress *shown, const file *input)
{
    require_attrs(o);
    file output = file_open_output(o->output, input);
    run r = {
        .options = o,
        .parts = parts,
        .input = input,
        .output = &output,
        .progress = shown,
        .block = allocate((size_t)(parts->at_once * row_bytes(o, parts))),
        .attrs = attrs_of(o),
        .executor = executor_of(o),
    };
    durations took = {0};
    if (o->axis == AXIS_FIRST)
        took.quantize = pass(&r, "quantize", quantize_rows);
    else
        took = two_passes(&r);
    free(r.block);
    file_close(&output);
    remove_when_failing(NULL);
    return took;
}
