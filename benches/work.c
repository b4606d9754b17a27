/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "work.h"

#include "fail.h"
#include "fill.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A tensor with what it points to. */
struct block {
    void *memory;
    int64_t shape[4], strides[4];
    qdq_tensor tensor;
};

struct work {
    const struct row *row;
    qdq_attrs attrs;
    qdq_executor executor;
    struct block input, gradients, output, minima, maxima;
    qdq_quantizer *quantizer;
};

/* Memory. */

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory == NULL) {
        fail("no memory for %zu bytes", bytes);
    }
    return memory;
}

/* Sets the strides; returns how many elements of memory the view spans. */
static int64_t lay_out(struct block *block, enum view view)
{
    const int64_t *shape = block->shape;
    switch (view) {
    case SLICED:
        block->strides[0] = shape[1] / 3 * 4;
        block->strides[1] = 1;
        return shape[0] * block->strides[0];
    case TRANSPOSED:
        block->strides[0] = 1;
        block->strides[1] = shape[0];
        return shape[0] * shape[1];
    case DENSE:
        break;
    }
    int64_t elements = 1;
    for (int i = block->tensor.rank - 1; i >= 0; i--) {
        block->strides[i] = elements;
        elements *= shape[i];
    }
    return elements;
}

/* How many elements were laid out, from `shift` elements after an aligned address on; block->memory is theirs. */
static int64_t make_block(struct block *block, qdq_dtype dtype, const struct row *row, enum view view, int shift)
{
    memcpy(block->shape, row->shape, sizeof block->shape);
    block->tensor = (qdq_tensor){.shape = block->shape, .rank = row->rank, .dtype = dtype};
    const int64_t elements = lay_out(block, view);
    block->tensor.strides = view == DENSE ? NULL : block->strides;
    block->memory = allocate((size_t)(elements + shift) * dtype_size(dtype));
    block->tensor.data = (char *)block->memory + (size_t)shift * dtype_size(dtype);
    return elements;
}

static void make_input(struct block *block, qdq_dtype dtype, const struct row *row)
{
    const int64_t elements = make_block(block, dtype, row, row->input_view, row->input_shift);
    fill_normal(block->tensor.data, dtype, (size_t)elements);
}

static void make_output(struct block *block, qdq_dtype dtype, const struct row *row)
{
    const int64_t elements = make_block(block, dtype, row, row->output_view, row->output_shift);
    memset(block->tensor.data, 0, (size_t)elements * dtype_size(dtype));
}

/* One end of each channel's range: `end`, a little nearer to zero from channel to channel. */
static void make_ends(struct block *block, const struct row *row, double end)
{
    const int64_t channels = row->axis < 0 ? 1 : row->shape[row->axis];
    block->shape[0] = channels;
    block->memory = allocate((size_t)channels * dtype_size(row->dtype));
    block->tensor = (qdq_tensor){.data = block->memory, .shape = block->shape, .rank = 1, .dtype = row->dtype};
    for (int64_t i = 0; i < channels; i++) {
        fill_one(block->memory, row->dtype, (size_t)i, end * (1 - (double)(i % 7) / 64));
    }
}

static void make_ranges(struct work *work)
{
    const struct row *row = work->row;
    if (row->given) {
        make_ends(&work->minima, row, -2.5);
        make_ends(&work->maxima, row, 2.5);
    } else if (row->function == RANGE_UPDATE) {
        make_ends(&work->minima, row, INFINITY);
        make_ends(&work->maxima, row, -INFINITY);
    }
}

/* The library's calls. */

static void check(qdq_status status)
{
    if (status != QDQ_STATUS_OK) {
        fail("%s", qdq_last_error());
    }
}

static const qdq_tensor *end_or_null(const struct block *ends)
{
    return ends->memory != NULL ? &ends->tensor : NULL;
}

static size_t range_len(const struct work *work)
{
    return work->row->given ? (size_t)work->minima.shape[0] : 0;
}

static const qdq_executor *executor_or_null(const struct work *work)
{
    return work->row->threads > 1 ? &work->executor : NULL;
}

static void call_on_views(void *data)
{
    struct work *w = data;
    check(qdq_quantize_and_dequantize_v4(&w->input.tensor, end_or_null(&w->minima), end_or_null(&w->maxima),
                                         &w->attrs, executor_or_null(w), &w->output.tensor));
}

static void call_gradient(void *data)
{
    struct work *w = data;
    check(qdq_quantize_and_dequantize_v4_grad(&w->gradients.tensor, &w->input.tensor, end_or_null(&w->minima),
                                              end_or_null(&w->maxima), &w->attrs, executor_or_null(w),
                                              &w->output.tensor, NULL, NULL));
}

static void call_quantize(void *data)
{
    struct work *w = data;
    check(qdq_quantizer_quantize(w->quantizer, executor_or_null(w), &w->input.tensor, &w->output.tensor));
}

static void call_dequantize(void *data)
{
    struct work *w = data;
    check(qdq_quantizer_dequantize(w->quantizer, executor_or_null(w), &w->input.tensor, &w->output.tensor));
}

static void call_range_update(void *data)
{
    struct work *w = data;
    check(qdq_range_update(&w->input.tensor, &w->attrs, executor_or_null(w), &w->minima.tensor, &w->maxima.tensor));
}

/* The typed functions, and empty ones of the same arguments. */
#define DENSE_ARGUMENTS(w)                                                                                           \
    (w)->input.tensor.data, (w)->input.shape, (w)->row->rank, (w)->minima.memory, (w)->maxima.memory,                \
        range_len(w), &(w)->attrs, executor_or_null(w), (w)->output.tensor.data
#define DENSE_FUNCTION(suffix)                                                                                       \
    static void call_##suffix(void *data)                                                                            \
    {                                                                                                                \
        struct work *w = data;                                                                                       \
        check(qdq_quantize_and_dequantize_v4_##suffix(DENSE_ARGUMENTS(w)));                                          \
    }
DENSE_FUNCTION(f32)
DENSE_FUNCTION(f64)
DENSE_FUNCTION(f16)
DENSE_FUNCTION(bf16)

__attribute__((noinline)) static qdq_status empty(const void *input, const int64_t *shape, int32_t rank,
                                                  const void *input_min, const void *input_max, size_t range_len,
                                                  const qdq_attrs *attrs, const qdq_executor *executor, void *output)
{
    /* Nothing, but the compiler must not know. */
    __asm__ volatile("" : : "r"(input), "r"(shape), "r"(rank), "r"(input_min), "r"(input_max), "r"(range_len));
    __asm__ volatile("" : : "r"(attrs), "r"(executor), "r"(output) : "memory");
    return QDQ_STATUS_OK;
}

static void call_empty(void *data)
{
    struct work *w = data;
    check(empty(DENSE_ARGUMENTS(w)));
}

static void (*dense_call(qdq_dtype dtype))(void *data)
{
    switch (dtype) {
    case QDQ_DTYPE_F64:
        return call_f64;
    case QDQ_DTYPE_F16:
        return call_f16;
    case QDQ_DTYPE_BF16:
        return call_bf16;
    default:
        return call_f32;
    }
}

struct contestant work_contestant(struct work *work)
{
    static void (*const CALLS[])(void *) = {
        [APPLY] = call_on_views,        [GRADIENT] = call_gradient,         [QUANTIZE] = call_quantize,
        [DEQUANTIZE] = call_dequantize, [RANGE_UPDATE] = call_range_update,
    };
    const struct row *row = work->row;
    const bool is_typed = row->function == APPLY && row->input_view == DENSE && row->output_view == DENSE;
    return (struct contestant){.call = is_typed ? dense_call(row->dtype) : CALLS[row->function], .data = work};
}

struct contestant work_empty_call(struct work *work)
{
    return (struct contestant){.call = call_empty, .data = work};
}

struct memory work_memory(const struct work *work)
{
    return (struct memory){
        .input = work->input.tensor.data,
        .second_input = work->gradients.tensor.data,
        .output = work->output.tensor.data,
        .bytes = row_bytes(work->row),
        .threads = work->row->threads > 1 ? work->row->threads : 1,
    };
}

/* Opening and closing. */

static void make_tensors(struct work *work)
{
    const struct row *row = work->row;
    make_input(&work->input, row->function == DEQUANTIZE ? QDQ_DTYPE_I8 : row->dtype, row);
    if (row->function == GRADIENT) {
        make_input(&work->gradients, row->dtype, row);
    }
    if (row->function != RANGE_UPDATE) {
        make_output(&work->output, row->function == QUANTIZE ? QDQ_DTYPE_I8 : row->dtype, row);
    }
}

struct work *work_open(const struct row *row)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        fail("no memory for a row");
    }
    work->row = row;
    work->attrs = (qdq_attrs)QDQ_ATTRS_INIT;
    work->attrs.axis = row->axis;
    work->attrs.range_given = row->given;
    work->executor = (qdq_executor)QDQ_EXECUTOR_INIT;
    work->executor.num_threads = row->threads;
    make_tensors(work);
    make_ranges(work);
    if (row->function == QUANTIZE || row->function == DEQUANTIZE) {
        check(qdq_quantizer_create(&work->attrs, row->dtype, &work->minima.tensor, &work->maxima.tensor,
                                   &work->quantizer));
    }
    return work;
}

void work_close(struct work *work)
{
    qdq_quantizer_destroy(work->quantizer);
    struct block *const blocks[] = {&work->input, &work->gradients, &work->output, &work->minima, &work->maxima};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        free(blocks[i]->memory);
    }
    free(work);
}
