/*
 * Prepared quantizers: what they compute has the bits of the one-shot calls, they keep copies of what they were made
 * of, threads share one, and ranges gathered in pieces are those of the whole.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L /* pthread_barrier_t */

#include "check.h"
#include "views.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* More elements than the fixture has; odd sizes, a few channels in each dimension. */
enum { BATCH = 5, WIDTH = 67, DEPTH = 13, ELEMENTS = BATCH * WIDTH * DEPTH };

static const int64_t SHAPE[] = {BATCH, WIDTH, DEPTH};

struct elements {
    alignas(64) unsigned char bytes[ELEMENTS * sizeof(double)];
};

/* What a quantizer is made of, what it is given, and what the one-shot calls make of it. */
struct job {
    const struct kind *kind;
    qdq_attrs attrs;
    qdq_dtype codes_dtype;
    struct elements gradients, input, range_min, range_max;
    struct elements output, backprop, codes, dequantized;
};

static size_t channels_of(const qdq_attrs *attrs)
{
    return attrs->axis == -1 ? 1 : (size_t)SHAPE[attrs->axis];
}

static size_t channel_of(const qdq_attrs *attrs, size_t element)
{
    static const size_t behind[] = {WIDTH * DEPTH, DEPTH, 1};
    return attrs->axis == -1 ? 0 : element / behind[attrs->axis] % channels_of(attrs);
}

static qdq_tensor tensor(qdq_dtype dtype, const struct elements *elements)
{
    return (qdq_tensor){(void *)elements->bytes, SHAPE, NULL, 3, dtype, 0};
}

/* A range's shape has to live as long as the tensor. */
static qdq_tensor range(const struct job *job, const struct elements *elements, int64_t *shape)
{
    *shape = (int64_t)channels_of(&job->attrs);
    return (qdq_tensor){(void *)elements->bytes, shape, NULL, 1, dtype_of(job->kind), 0};
}

static double element_value(size_t i)
{
    return (double)((i * 37 + i / 64) % 255) / 32 - 3;
}

static double range_min_value(size_t channel)
{
    return -((double)(channel % 7) + 1) / 4;
}

static double range_max_value(size_t channel)
{
    return ((double)(channel % 5) + 1) / 2;
}

static void fill(struct job *job)
{
    const struct kind *kind = job->kind;
    for (size_t i = 0; i < ELEMENTS; i++) {
        put(kind, job->input.bytes, i, element_value(i));
        put(kind, job->gradients.bytes, i, (double)(i % 11) - 5);
        put(kind, job->range_min.bytes, i, range_min_value(i));
        put(kind, job->range_max.bytes, i, range_max_value(i));
    }
    /* Whatever stands there: NaN, infinities, zeros. */
    put(kind, job->input.bytes, 3, NAN);
    put(kind, job->input.bytes, 5, -0.0);
    if (job->attrs.range_given) {
        put(kind, job->input.bytes, 70, INFINITY);
        put(kind, job->input.bytes, 71, -INFINITY);
    }
}

static qdq_dtype narrowest(const qdq_attrs *attrs)
{
    const int32_t widths[] = {8, 16, 32};
    for (int i = 0; i < 3; i++) {
        if (attrs->num_bits <= widths[i]) {
            return QDQ_DTYPE_I8 + 2 * i + !attrs->signed_input;
        }
    }
    return attrs->signed_input ? QDQ_DTYPE_I64 : QDQ_DTYPE_U64;
}

/* The one-shot calls. Their range, where it is computed, becomes the job's. */
static void compute_expected(struct job *job)
{
    const qdq_dtype dtype = dtype_of(job->kind);
    int64_t length;
    const qdq_tensor gradients = tensor(dtype, &job->gradients), input = tensor(dtype, &job->input);
    const qdq_tensor output = tensor(dtype, &job->output), backprop = tensor(dtype, &job->backprop);
    const qdq_tensor min = range(job, &job->range_min, &length), max = range(job, &job->range_max, &length);
    const int given = job->attrs.range_given;
    CHECK_INT(qdq_quantize_and_dequantize_v4(&input, given ? &min : NULL, given ? &max : NULL, &job->attrs, NULL,
                                             &output), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantize_and_dequantize_v4_grad(&gradients, &input, given ? &min : NULL, given ? &max : NULL,
                                                  &job->attrs, NULL, &backprop, NULL, NULL), QDQ_STATUS_OK);
    if (!given) {
        for (size_t i = 0; i < channels_of(&job->attrs); i++) {
            put(job->kind, job->range_min.bytes, i, INFINITY);
            put(job->kind, job->range_max.bytes, i, -INFINITY);
        }
        CHECK_INT(qdq_range_update(&input, &job->attrs, NULL, &min, &max), QDQ_STATUS_OK);
    }
}

static void make_job(struct job *job, const struct kind *kind, const qdq_attrs *attrs)
{
    memset(job, 0, sizeof *job);
    job->kind = kind;
    job->attrs = *attrs;
    job->codes_dtype = narrowest(attrs);
    fill(job);
    compute_expected(job);
}

/* Made of memory that is gone afterwards: the quantizer keeps copies. */
static qdq_quantizer *create(const struct job *job)
{
    const size_t bytes = channels_of(&job->attrs) * job->kind->size;
    struct passing {
        qdq_attrs attrs;
        qdq_tensor min, max;
        int64_t shape, stride;
        struct elements elements;
    } *passing = malloc(sizeof *passing);
    qdq_quantizer *quantizer = NULL;
    if (passing == NULL) {
        abort();
    }
    passing->attrs = job->attrs;
    passing->stride = 1;
    passing->min = passing->max = range(job, &passing->elements, &passing->shape);
    passing->min.strides = passing->max.strides = &passing->stride;
    passing->max.data = passing->elements.bytes + bytes;
    memcpy(passing->elements.bytes, job->range_min.bytes, bytes);
    memcpy(passing->elements.bytes + bytes, job->range_max.bytes, bytes);
    CHECK_INT(qdq_quantizer_create(&passing->attrs, dtype_of(job->kind), &passing->min, &passing->max, &quantizer),
              QDQ_STATUS_OK);
    memset(passing, 0xa5, sizeof *passing);
    free(passing);
    if (quantizer == NULL) {
        abort();
    }
    return quantizer;
}

/* Outputs of one user of a quantizer. */
struct outputs {
    struct elements output, backprop, codes, dequantized;
};

static void check_bits_of_one_shot(const struct job *job, const qdq_quantizer *quantizer,
                                   const qdq_executor *executor, struct outputs *out)
{
    const qdq_dtype dtype = dtype_of(job->kind);
    const qdq_tensor gradients = tensor(dtype, &job->gradients), input = tensor(dtype, &job->input);
    const qdq_tensor output = tensor(dtype, &out->output), backprop = tensor(dtype, &out->backprop);
    const size_t bytes = ELEMENTS * job->kind->size;
    memset(&out->output, 0xa5, sizeof out->output);
    memset(&out->backprop, 0xa5, sizeof out->backprop);
    CHECK_INT(qdq_quantizer_apply(quantizer, executor, &input, &output), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantizer_grad(quantizer, executor, &gradients, &input, &backprop), QDQ_STATUS_OK);
    CHECK_BYTES(out->output.bytes, job->output.bytes, bytes);
    CHECK_BYTES(out->backprop.bytes, job->backprop.bytes, bytes);
}

static void compute_codes(const struct job *job, const qdq_quantizer *quantizer, const qdq_executor *executor,
                          struct outputs *out)
{
    const qdq_tensor input = tensor(dtype_of(job->kind), &job->input);
    const qdq_tensor codes = tensor(job->codes_dtype, &out->codes);
    const qdq_tensor dequantized = tensor(dtype_of(job->kind), &out->dequantized);
    memset(&out->codes, 0xa5, sizeof out->codes);
    memset(&out->dequantized, 0xa5, sizeof out->dequantized);
    CHECK_INT(qdq_quantizer_quantize(quantizer, executor, &input, &codes), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantizer_dequantize(quantizer, executor, &codes, &dequantized), QDQ_STATUS_OK);
}

/* A code as a number of 64 bits. */
static int64_t code_at(qdq_dtype dtype, const void *codes, size_t index)
{
    switch (dtype) {
    case QDQ_DTYPE_I8: return ((const int8_t *)codes)[index];
    case QDQ_DTYPE_U8: return ((const uint8_t *)codes)[index];
    case QDQ_DTYPE_I16: return ((const int16_t *)codes)[index];
    case QDQ_DTYPE_U16: return ((const uint16_t *)codes)[index];
    case QDQ_DTYPE_I32: return ((const int32_t *)codes)[index];
    case QDQ_DTYPE_U32: return ((const uint32_t *)codes)[index];
    default: return ((const int64_t *)codes)[index];
    }
}

static int is_nan(const struct kind *kind, uint64_t bits)
{
    const uint64_t sign = UINT64_C(1) << (8 * kind->size - 1);
    return (bits & ~sign) > kind->infinity;
}

/* Dequantized codes are the applied elements but for the sign of zero; the ends may have been saturated. */
static void check_codes(const struct job *job, const struct outputs *out)
{
    const uint64_t sign = UINT64_C(1) << (8 * job->kind->size - 1);
    const int64_t qmax = (INT64_C(1) << (job->attrs.num_bits - !!job->attrs.signed_input)) - 1;
    const int64_t qmin = job->attrs.signed_input ? -qmax - !job->attrs.narrow_range : 0;
    for (size_t i = 0; i < ELEMENTS; i++) {
        const int64_t code = code_at(job->codes_dtype, out->codes.bytes, i);
        const uint64_t applied = get_bits(job->kind, job->output.bytes, i);
        const uint64_t dequantized = get_bits(job->kind, out->dequantized.bytes, i);
        CHECK(qmin <= code && code <= qmax);
        if (is_nan(job->kind, get_bits(job->kind, job->input.bytes, i))) {
            CHECK_INT(code, 0);
        } else if (code == qmin || code == qmax || is_nan(job->kind, applied)) {
            continue;
        } else if ((applied & ~sign) == 0) {
            CHECK_BITS(dequantized & ~sign, 0);
        } else {
            CHECK_BITS(dequantized, applied);
        }
    }
}

/* Parameters */

static double got(const struct kind *kind, const void *values, size_t channel)
{
    float narrow;
    double wide;
    if (kind->size == sizeof wide) {
        memcpy(&wide, (const double *)values + channel, sizeof wide);
        return wide;
    }
    memcpy(&narrow, (const float *)values + channel, sizeof narrow);
    return narrow;
}

/* The result of one operation on floats, done in double, is that of float once it is rounded. */
static double rounded(const struct kind *kind, double value)
{
    return kind->size == sizeof(double) ? value : (float)value;
}

/* The formulas, on a range given. */
static void check_parameters(const struct job *job, const qdq_quantizer *quantizer)
{
    static double values[QDQ_PARAM_RANGE_MAX + 1][WIDTH];
    const struct kind *kind = job->kind;
    const size_t channels = channels_of(&job->attrs);
    const double qmax = ldexp(1, job->attrs.num_bits - !!job->attrs.signed_input) - 1;
    const double qmin = job->attrs.signed_input ? -qmax - !job->attrs.narrow_range : 0;
    const double most = kind->size == sizeof(double) ? 0x1.fffffffffffffp1023 : 0x1.fffffep127;
    for (int32_t param = QDQ_PARAM_SCALE; param <= QDQ_PARAM_RANGE_MAX; param++) {
        CHECK_INT(qdq_quantizer_get(quantizer, param, values[param], channels), QDQ_STATUS_OK);
    }
    if (!job->attrs.range_given || job->attrs.arithmetic == QDQ_ARITHMETIC_NATIVE || qmax >= 1 << 24) {
        return;
    }
    for (size_t c = 0; c < channels; c++) {
        double lo = range_min_value(c), hi = range_max_value(c), scale, inverse;
        CHECK(got(kind, values[QDQ_PARAM_RANGE_MIN], c) == lo);
        CHECK(got(kind, values[QDQ_PARAM_RANGE_MAX], c) == hi);
        const double scale_lo = qmin * lo > 0 ? rounded(kind, qmin / lo) : most;
        const double scale_hi = qmax * hi > 0 ? rounded(kind, qmax / hi) : most;
        if (scale_lo < scale_hi) {
            scale = scale_lo;
            inverse = rounded(kind, lo / qmin);
            hi = rounded(kind, qmax * inverse);
        } else {
            scale = scale_hi;
            inverse = rounded(kind, hi / qmax);
            lo = rounded(kind, qmin * inverse);
        }
        CHECK(got(kind, values[QDQ_PARAM_SCALE], c) == scale);
        CHECK(got(kind, values[QDQ_PARAM_INVERSE_SCALE], c) == inverse);
        CHECK(got(kind, values[QDQ_PARAM_CLAMP_MIN], c) == lo);
        CHECK(got(kind, values[QDQ_PARAM_CLAMP_MAX], c) == hi);
    }
}

/* The codes by the parameters, where a float's rounding is the type's. */
static void check_codes_by_parameters(const struct job *job, const qdq_quantizer *quantizer,
                                      const struct outputs *out)
{
    static double scales[WIDTH], mins[WIDTH], maxs[WIDTH];
    const struct kind *kind = job->kind;
    const size_t channels = channels_of(&job->attrs);
    if (!job->attrs.range_given || job->attrs.arithmetic == QDQ_ARITHMETIC_NATIVE || job->attrs.num_bits > 16) {
        return;
    }
    CHECK_INT(qdq_quantizer_get(quantizer, QDQ_PARAM_SCALE, scales, channels), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantizer_get(quantizer, QDQ_PARAM_CLAMP_MIN, mins, channels), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantizer_get(quantizer, QDQ_PARAM_CLAMP_MAX, maxs, channels), QDQ_STATUS_OK);
    for (size_t i = 72; i < ELEMENTS; i++) {
        const size_t c = channel_of(&job->attrs, i);
        const double lo = got(kind, mins, c), hi = got(kind, maxs, c);
        double v = element_value(i);
        v = v > hi ? hi : v;
        v = v < lo ? lo : v;
        v = rounded(kind, v * got(kind, scales, c));
        v = job->attrs.round_mode == QDQ_ROUND_HALF_UP ? floor(rounded(kind, v + 0.5)) : rint(v);
        CHECK_INT(code_at(job->codes_dtype, out->codes.bytes, i), (int64_t)v);
    }
}

/* Attributes of every sort. */
static qdq_attrs attrs_of(unsigned choice)
{
    static const int32_t bits[] = {8, 4, 2, 16, 24, 32, 40, 12};
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.axis = (int32_t)(choice % 4) - 1;
    attrs.range_given = choice / 4 % 2 != 0;
    attrs.num_bits = bits[choice / 8 % 8];
    attrs.signed_input = choice % 3 != 0;
    attrs.round_mode = choice / 2 % 2 != 0;
    attrs.narrow_range = choice % 5 == 0;
    attrs.arithmetic = choice % 7 == 0 ? QDQ_ARITHMETIC_NATIVE : QDQ_ARITHMETIC_DEFAULT;
    attrs.degenerate = choice % 2 != 0 ? QDQ_DEGENERATE_ZERO : QDQ_DEGENERATE_TENSORFLOW;
    return attrs;
}

static void check_life(const struct kind *kind)
{
    static struct job job;
    static struct outputs out;
    for (unsigned choice = 0; choice < 64; choice++) {
        const qdq_attrs attrs = attrs_of(choice);
        check_about("%s, choice %u: axis %d, range_given %d, %d bits", kind->name, choice, (int)attrs.axis,
                    (int)attrs.range_given, (int)attrs.num_bits);
        make_job(&job, kind, &attrs);
        qdq_quantizer *quantizer = create(&job);
        check_bits_of_one_shot(&job, quantizer, NULL, &out);
        compute_codes(&job, quantizer, NULL, &out);
        check_codes(&job, &out);
        check_parameters(&job, quantizer);
        check_codes_by_parameters(&job, quantizer, &out);
        check_bits_of_one_shot(&job, quantizer, NULL, &out); /* as often as one likes */
        qdq_quantizer_destroy(quantizer);
    }
    qdq_quantizer_destroy(NULL);
}

/* A quantizer knows its channels, not the tensor's other dimensions. */
static void check_other_shapes(const struct kind *kind)
{
    static struct job job;
    static struct outputs out;
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.axis = 1;
    attrs.range_given = 1;
    check_about("%s, other shapes", kind->name);
    make_job(&job, kind, &attrs);
    qdq_quantizer *quantizer = create(&job);
    for (int64_t batch = 0; batch <= BATCH; batch++) {
        const int64_t shape[] = {batch, WIDTH, DEPTH};
        qdq_tensor input = tensor(dtype_of(kind), &job.input), output = tensor(dtype_of(kind), &out.output);
        const size_t bytes = (size_t)batch * WIDTH * DEPTH * kind->size;
        unsigned char guard[64];
        input.shape = output.shape = shape;
        memset(&out.output, 0xa5, sizeof out.output);
        memset(guard, 0xa5, sizeof guard);
        CHECK_INT(qdq_quantizer_apply(quantizer, NULL, &input, &output), QDQ_STATUS_OK);
        CHECK_BYTES(out.output.bytes, job.output.bytes, bytes);
        if (batch < BATCH) {
            CHECK_BYTES(out.output.bytes + bytes, guard, sizeof guard);
        }
    }
    qdq_quantizer_destroy(quantizer);
}

/* Ranges as floats, interleaved and backwards: the quantizer is the same. */
static void check_range_layouts(const struct kind *kind)
{
    static struct job job;
    static struct outputs out;
    static struct elements both;
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.axis = 1;
    attrs.range_given = 1;
    check_about("%s, layouts of ranges", kind->name);
    make_job(&job, kind, &attrs);

    /* Both in one array, each maximum behind its minimum; the first channel last. */
    const struct kind *range_kind = kind->size == 2 ? &kinds[0] : kind;
    void *memory = both.bytes;
    for (size_t c = 0; c < WIDTH; c++) {
        put(range_kind, memory, 2 * (WIDTH - 1 - c), range_min_value(c));
        put(range_kind, memory, 2 * (WIDTH - 1 - c) + 1, range_max_value(c));
    }
    const int64_t shape[] = {WIDTH}, stride[] = {-2};
    const qdq_dtype dtype = dtype_of(range_kind);
    const qdq_tensor min = {element(range_kind, memory, 2 * (WIDTH - 1)), shape, stride, 1, dtype, 0};
    const qdq_tensor max = {element(range_kind, memory, 2 * WIDTH - 1), shape, stride, 1, dtype, 0};
    qdq_quantizer *quantizer = NULL;
    CHECK_INT(qdq_quantizer_create(&attrs, dtype_of(kind), &min, &max, &quantizer), QDQ_STATUS_OK);
    check_bits_of_one_shot(&job, quantizer, NULL, &out);
    qdq_quantizer_destroy(quantizer);
}

/* Streams */

/* The piece's part of a tensor, from index `from` of a dimension to before `to`. */
static qdq_tensor part(const qdq_tensor *whole, const int64_t *dense, int64_t *shape, int dimension, int64_t from,
                       int64_t to)
{
    qdq_tensor piece = *whole;
    memcpy(shape, SHAPE, sizeof SHAPE);
    shape[dimension] = to - from;
    piece.shape = shape;
    piece.strides = dense;
    piece.data = (unsigned char *)piece.data + (size_t)(from * dense[dimension]) * dtype_size(piece.dtype);
    return piece;
}

/* Elementwise minimum and maximum, as two machines would do. */
static void merge(const struct kind *kind, struct elements *into, const struct elements *from, size_t count,
                  double (*extreme)(double, double))
{
    for (size_t i = 0; i < count; i++) {
        put(kind, into->bytes, i, extreme(got(kind, into->bytes, i), got(kind, from->bytes, i)));
    }
}

/* Pieces along one dimension go to two machines in turns; each has ranges of its own, of float for 16-bit types. */
static void check_stream(const struct job *job, int dimension, int64_t step)
{
    static struct elements mins[2], maxs[2];
    static struct outputs out;
    static const int64_t dense[] = {WIDTH * DEPTH, DEPTH, 1};
    const struct kind *range_kind = job->kind->size == 2 ? &kinds[0] : job->kind;
    const size_t channels = channels_of(&job->attrs);
    const int along_axis = dimension == job->attrs.axis;
    const qdq_tensor whole = tensor(dtype_of(job->kind), &job->input);
    for (size_t i = 0; i < 2 * channels; i++) {
        put(range_kind, mins[i % 2].bytes, i / 2, INFINITY);
        put(range_kind, maxs[i % 2].bytes, i / 2, -INFINITY);
    }
    int machine = 0;
    for (int64_t from = 0; from < SHAPE[dimension]; from += step, machine = !machine) {
        const int64_t to = from + step < SHAPE[dimension] ? from + step : SHAPE[dimension];
        int64_t shape[3], length[] = {along_axis ? to - from : (int64_t)channels};
        const qdq_tensor piece = part(&whole, dense, shape, dimension, from, to);
        const ptrdiff_t first_channel = along_axis ? (ptrdiff_t)from : 0;
        const qdq_tensor min = {element(range_kind, mins[machine].bytes, first_channel), length, NULL, 1,
                                dtype_of(range_kind), 0};
        const qdq_tensor max = {element(range_kind, maxs[machine].bytes, first_channel), length, NULL, 1,
                                dtype_of(range_kind), 0};
        CHECK_INT(qdq_range_update(&piece, &job->attrs, NULL, &min, &max), QDQ_STATUS_OK);
    }
    merge(range_kind, &mins[0], &mins[1], channels, fmin);
    merge(range_kind, &maxs[0], &maxs[1], channels, fmax);

    const int64_t length[] = {(int64_t)channels};
    const qdq_tensor min = {mins[0].bytes, length, NULL, 1, dtype_of(range_kind), 0};
    const qdq_tensor max = {maxs[0].bytes, length, NULL, 1, dtype_of(range_kind), 0};
    qdq_quantizer *quantizer = NULL;
    CHECK_INT(qdq_quantizer_create(&job->attrs, dtype_of(job->kind), &min, &max, &quantizer), QDQ_STATUS_OK);
    check_bits_of_one_shot(job, quantizer, NULL, &out);
    qdq_quantizer_destroy(quantizer);
}

static void check_streams(const struct kind *kind)
{
    static struct job job;
    for (int32_t axis = -1; axis < 3; axis++) {
        qdq_attrs attrs = QDQ_ATTRS_INIT;
        attrs.axis = axis;
        make_job(&job, kind, &attrs);
        /* A channel without any number, and one of zeros. */
        for (size_t i = 0; i < ELEMENTS; i++) {
            if (axis >= 0 && channel_of(&attrs, i) == 2) {
                put(kind, job.input.bytes, i, NAN);
            } else if (axis >= 0 && channel_of(&attrs, i) == 3) {
                put(kind, job.input.bytes, i, i % 2 ? -0.0 : 0.0);
            }
        }
        compute_expected(&job);
        for (int dimension = 0; dimension < 3; dimension++) {
            for (int64_t step = 1; step <= SHAPE[dimension]; step = 2 * step + 1) {
                check_about("%s, axis %d, pieces of %d along %d", kind->name, (int)axis, (int)step, dimension);
                check_stream(&job, dimension, step);
            }
        }
    }
}

/* Threads */

enum { THREADS = 8, ROUNDS = 12 };

struct user {
    const struct job *job;
    const qdq_quantizer *quantizer;
    int number;
    struct outputs out;
};

static struct user users[THREADS];
static pthread_barrier_t all_ready;

static void *use(void *data)
{
    struct user *user = data;
    const struct job *job = user->job;
    const size_t bytes = ELEMENTS * job->kind->size, code_bytes = ELEMENTS * dtype_size(job->codes_dtype);
    alignas(double) unsigned char values[WIDTH * sizeof(double)], expected[sizeof values] = {0};
    const size_t value_bytes = channels_of(&job->attrs) * (job->kind->size == 8 ? sizeof(double) : sizeof(float));
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    executor.num_threads = 1 + user->number % 3;
    check_about("%s, thread %d", job->kind->name, user->number);
    CHECK_INT(qdq_quantizer_get(user->quantizer, QDQ_PARAM_SCALE, expected, channels_of(&job->attrs)),
              QDQ_STATUS_OK);
    pthread_barrier_wait(&all_ready);
    for (int round = 0; round < ROUNDS; round++) {
        check_bits_of_one_shot(job, user->quantizer, round % 2 ? &executor : NULL, &user->out);
        compute_codes(job, user->quantizer, round % 2 ? &executor : NULL, &user->out);
        CHECK_BYTES(user->out.codes.bytes, job->codes.bytes, code_bytes);
        CHECK_BYTES(user->out.dequantized.bytes, job->dequantized.bytes, bytes);
        CHECK_INT(qdq_quantizer_get(user->quantizer, QDQ_PARAM_SCALE, values, channels_of(&job->attrs)),
                  QDQ_STATUS_OK);
        CHECK_BYTES(values, expected, value_bytes);
    }
    return NULL;
}

static void check_threads(const struct kind *kind, unsigned choice)
{
    static struct job job;
    static struct outputs alone;
    pthread_t threads[THREADS];
    const qdq_attrs attrs = attrs_of(choice);
    check_about("%s, choice %u, alone", kind->name, choice);
    make_job(&job, kind, &attrs);
    qdq_quantizer *quantizer = create(&job);
    compute_codes(&job, quantizer, NULL, &alone);
    job.codes = alone.codes;
    job.dequantized = alone.dequantized;
    pthread_barrier_init(&all_ready, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        users[i].job = &job;
        users[i].quantizer = quantizer;
        users[i].number = i;
        if (pthread_create(&threads[i], NULL, use, &users[i]) != 0) {
            abort(); /* the others would wait for it for ever */
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&all_ready);
    qdq_quantizer_destroy(quantizer);
}

/* What is of no number at all is told as [0, 0]. */
static void check_range_of_nothing(const struct kind *kind)
{
    static struct job job;
    alignas(double) unsigned char values[sizeof(double)];
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    check_about("%s, no number", kind->name);
    job.kind = kind;
    job.attrs = attrs;
    put(kind, job.range_min.bytes, 0, INFINITY);
    put(kind, job.range_max.bytes, 0, -INFINITY);
    qdq_quantizer *quantizer = create(&job);
    for (int32_t param = QDQ_PARAM_RANGE_MIN; param <= QDQ_PARAM_RANGE_MAX; param++) {
        CHECK_INT(qdq_quantizer_get(quantizer, param, values, 1), QDQ_STATUS_OK);
        CHECK(got(kind, values, 0) == 0);
    }
    qdq_quantizer_destroy(quantizer);
}

/* A gathered zero is +0, whichever there was. */
static void check_gathered_zeros(const struct kind *kind)
{
    static struct elements zeros, min, max;
    const struct kind *range_kinds[] = {kind, kind->size == 2 ? &kinds[0] : kind};
    for (size_t i = 0; i < ELEMENTS; i++) {
        put(kind, zeros.bytes, i, -0.0);
    }
    for (int32_t axis = -1; axis < 3; axis++) {
        qdq_attrs attrs = QDQ_ATTRS_INIT;
        attrs.axis = axis;
        check_about("%s, axis %d, zeros", kind->name, (int)axis);
        for (int i = 0; i < 2; i++) {
            const struct kind *range_kind = range_kinds[i];
            const int64_t length[] = {(int64_t)channels_of(&attrs)};
            const qdq_tensor input = tensor(dtype_of(kind), &zeros);
            const qdq_tensor range_min = {min.bytes, length, NULL, 1, dtype_of(range_kind), 0};
            const qdq_tensor range_max = {max.bytes, length, NULL, 1, dtype_of(range_kind), 0};
            for (size_t c = 0; c < channels_of(&attrs); c++) {
                put(range_kind, min.bytes, c, INFINITY);
                put(range_kind, max.bytes, c, -INFINITY);
            }
            CHECK_INT(qdq_range_update(&input, &attrs, NULL, &range_min, &range_max), QDQ_STATUS_OK);
            for (size_t c = 0; c < channels_of(&attrs); c++) {
                CHECK_BITS(get_bits(range_kind, min.bytes, c), 0);
                CHECK_BITS(get_bits(range_kind, max.bytes, c), 0);
            }
        }
    }
}

/* What lies outside of a range that was given is clamped; of one that was gathered, only codes end at its ends. */
static void check_outside_of_the_range(const struct kind *kind)
{
    static struct job job;
    static struct outputs out;
    for (int32_t given = 0; given < 2; given++) {
        check_about("%s, outside of a range, range_given %d", kind->name, (int)given);
        memset(&job, 0, sizeof job);
        job.kind = kind;
        job.codes_dtype = QDQ_DTYPE_I8;
        job.attrs = (qdq_attrs)QDQ_ATTRS_INIT;
        job.attrs.range_given = given;
        /* The codes are -1, 0 and 1, and the range is [-1, 1]: a number's code is the number rounded. */
        job.attrs.num_bits = 2;
        job.attrs.narrow_range = 1;
        put(kind, job.range_min.bytes, 0, -1);
        put(kind, job.range_max.bytes, 0, 1);
        for (size_t i = 0; i < ELEMENTS; i++) {
            put(kind, job.input.bytes, i, i % 2 ? -4 : 4);
        }
        qdq_quantizer *quantizer = create(&job);
        const qdq_tensor input = tensor(dtype_of(kind), &job.input), output = tensor(dtype_of(kind), &out.output);
        CHECK_INT(qdq_quantizer_apply(quantizer, NULL, &input, &output), QDQ_STATUS_OK);
        compute_codes(&job, quantizer, NULL, &out);
        for (size_t i = 0; i < ELEMENTS; i++) {
            const double end = i % 2 ? -1 : 1;
            CHECK_BITS(get_bits(kind, out.output.bytes, i), kind->bits(given ? end : 4 * end));
            CHECK_INT(code_at(job.codes_dtype, out.codes.bytes, i), (int64_t)end);
            CHECK_BITS(get_bits(kind, out.dequantized.bytes, i), kind->bits(end));
        }
        qdq_quantizer_destroy(quantizer);
    }
}

int main(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        check_life(&kinds[i]);
        check_other_shapes(&kinds[i]);
        check_range_layouts(&kinds[i]);
        check_streams(&kinds[i]);
        check_gathered_zeros(&kinds[i]);
        check_range_of_nothing(&kinds[i]);
        check_outside_of_the_range(&kinds[i]);
        for (unsigned choice = 1; choice < 24; choice += 3) {
            check_threads(&kinds[i], choice);
        }
    }
    return check_finish();
}
