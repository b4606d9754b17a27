/*
 * TensorFlow's own answers, bit for bit: golden FILE...
 *
 * tools/golden/README.md has the format of the files and how they are made. Each case is one call, and every bit of
 * its result is compared. There are two allowances: a NaN may be any NaN, and a zero that the case lists may have
 * either sign.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10, MOST_RANK = 8 };

static void die(const char *file, const char *why)
{
    fprintf(stderr, "%s: %s\n", file, why);
    exit(EXIT_FAILURE);
}

/* Memory for `count` things, never NULL. */
static void *allocate(const char *file, size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        die(file, "out of memory");
    }
    return memory;
}

/* A file in memory; little-endian numbers are taken off its front. */
struct reader {
    const char *file;
    unsigned char *bytes;
    size_t size, at;
};

static struct reader open_file(const char *file)
{
    struct reader r = {file, NULL, 0, 0};
    FILE *stream = fopen(file, "rb");
    if (stream == NULL || fseek(stream, 0, SEEK_END) != 0) {
        die(file, "cannot be read");
    }
    long size = ftell(stream);
    rewind(stream);
    r.size = size > 0 ? (size_t)size : 0;
    r.bytes = allocate(file, r.size, 1);
    if (fread(r.bytes, 1, r.size, stream) != r.size) {
        die(file, "cannot be read");
    }
    fclose(stream);
    return r;
}

static const unsigned char *take(struct reader *r, size_t size)
{
    if (size > r->size - r->at) {
        die(r->file, "ends too early");
    }
    r->at += size;
    return r->bytes + r->at - size;
}

static uint64_t number(struct reader *r, size_t size)
{
    const unsigned char *bytes = take(r, size);
    uint64_t value = 0;
    while (size-- > 0) {
        value = value << 8 | bytes[size];
    }
    return value;
}

static uint32_t length(struct reader *r)
{
    return (uint32_t)number(r, 4);
}

static void *elements(struct reader *r, const struct kind *kind, size_t count)
{
    void *array = allocate(r->file, count, kind->size);
    for (size_t i = 0; i < count; i++) {
        put_bits(kind, array, i, number(r, kind->size));
    }
    return array;
}

struct header {
    const struct kind *kind;
    enum direction direction;
    uint32_t cases, elements;
    char tensorflow[17];
};

static struct header read_header(struct reader *r)
{
    struct header h = {0};
    if (memcmp(take(r, 8), "QDQGOLD", 8) != 0) {
        die(r->file, "is not a golden file");
    }
    memcpy(h.tensorflow, take(r, 16), 16);
    number(r, 8); /* the seed */
    uint32_t version = length(r);
    uint32_t kind = length(r);
    if (version != 1 || kind >= KINDS) {
        die(r->file, "is of a format that this program does not know");
    }
    h.kind = &kinds[kind];
    h.direction = length(r) != 0 ? GRADIENT : FORWARD;
    h.cases = length(r);
    h.elements = length(r);
    if (h.cases == 0 || h.elements == 0) {
        die(r->file, "is empty and proves nothing");
    }
    return h;
}

/* A call, TensorFlow's result of it, and for each element whether it may be a zero of either sign. */
struct golden {
    qdq_attrs attrs;
    int64_t shape[MOST_RANK];
    int32_t rank;
    size_t count, range_len;
    void *input_min, *input_max, *input, *gradients, *expected;
    unsigned char *any_zero;
};

static void read_attrs(struct reader *r, struct golden *g)
{
    const qdq_attrs defaults = QDQ_ATTRS_INIT;
    g->attrs = defaults;
    g->attrs.num_bits = (int32_t)number(r, 1);
    g->attrs.signed_input = (int32_t)number(r, 1);
    g->attrs.range_given = (int32_t)number(r, 1);
    g->attrs.narrow_range = (int32_t)number(r, 1);
    g->attrs.round_mode = number(r, 1) != 0 ? QDQ_ROUND_HALF_UP : QDQ_ROUND_HALF_TO_EVEN;
    g->attrs.arithmetic = number(r, 1) != 0 ? QDQ_ARITHMETIC_NATIVE : QDQ_ARITHMETIC_DEFAULT;
    g->attrs.axis = (int8_t)number(r, 1);
}

static void read_shape(struct reader *r, struct golden *g)
{
    g->count = 1;
    for (int32_t i = 0; i < g->rank; i++) {
        g->shape[i] = length(r);
        g->count *= (size_t)g->shape[i];
    }
}

static struct golden read_golden(struct reader *r, const struct header *h)
{
    struct golden g = {0};
    read_attrs(r, &g);
    g.rank = (int32_t)number(r, 1);
    if (g.rank > MOST_RANK) {
        die(r->file, "has a case of too many dimensions");
    }
    g.range_len = length(r);
    uint32_t any_zero_len = length(r);
    read_shape(r, &g);
    if (g.attrs.range_given) {
        g.input_min = elements(r, h->kind, g.range_len);
        g.input_max = elements(r, h->kind, g.range_len);
    }
    g.input = elements(r, h->kind, g.count);
    if (h->direction == GRADIENT) {
        g.gradients = elements(r, h->kind, g.count);
    }
    g.expected = elements(r, h->kind, g.count);
    g.any_zero = allocate(r->file, g.count, 1);
    while (any_zero_len-- > 0) {
        uint32_t index = length(r);
        if (index >= g.count) {
            die(r->file, "lists a zero outside the tensor");
        }
        g.any_zero[index] = 1;
    }
    return g;
}

static void free_golden(struct golden *g)
{
    free(g->input_min);
    free(g->input_max);
    free(g->input);
    free(g->gradients);
    free(g->expected);
    free(g->any_zero);
}

static int allows(const struct kind *kind, int any_zero, uint64_t expected, uint64_t got)
{
    const uint64_t sign = (uint64_t)1 << (8 * kind->size - 1);
    const uint64_t magnitude = got & ~sign;
    const uint64_t expected_magnitude = expected & ~sign;
    return got == expected || (magnitude > kind->infinity && expected_magnitude > kind->infinity) ||
           (any_zero && magnitude == 0 && expected_magnitude == 0);
}

static void describe(const struct header *h, const struct golden *g, uint32_t at)
{
    const qdq_attrs *a = &g->attrs;
    fprintf(stderr, "  case %" PRIu32 ": %s %s, num_bits %d, signed_input %d, range_given %d, narrow_range %d, ", at,
            h->kind->name, direction_name(h->direction), (int)a->num_bits, (int)a->signed_input, (int)a->range_given,
            (int)a->narrow_range);
    fprintf(stderr, "round_mode %d, arithmetic %d, axis %d, shape [", (int)a->round_mode, (int)a->arithmetic,
            (int)a->axis);
    for (int32_t i = 0; i < g->rank; i++) {
        fprintf(stderr, i == 0 ? "%" PRId64 : ", %" PRId64, g->shape[i]);
    }
    fprintf(stderr, "]\n");
}

/* Compares one array with what it must be (`expected` NULL: zeros) and returns the number of wrong elements. */
static size_t compare(const struct header *h, const struct golden *g, const void *got, const void *expected,
                      size_t count, size_t shown)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t is = get_bits(h->kind, got, i);
        uint64_t want = expected != NULL ? get_bits(h->kind, expected, i) : 0;
        if (allows(h->kind, expected != NULL && g->any_zero[i], want, is)) {
            continue;
        }
        if (shown + wrong++ < SHOWN) {
            fprintf(stderr, "    element %zu: 0x%" PRIx64 ", TensorFlow 0x%" PRIx64 "\n", i, is, want);
        }
    }
    return wrong;
}

/* Outputs start as something that no case expects. */
static void *unwritten(const struct reader *r, const struct kind *kind, size_t count)
{
    void *array = allocate(r->file, count, kind->size);
    memset(array, 0x5a, count * kind->size);
    return array;
}

/* Runs a case and returns the number of wrong elements. */
static size_t check(const struct reader *r, const struct header *h, struct golden *g, size_t shown)
{
    struct call call = {.gradients = g->gradients,
                        .input = g->input,
                        .shape = g->shape,
                        .rank = g->rank,
                        .input_min = g->input_min,
                        .input_max = g->input_max,
                        .range_len = g->range_len,
                        .attrs = &g->attrs,
                        .output = unwritten(r, h->kind, g->count),
                        .input_min_backprop = unwritten(r, h->kind, g->range_len),
                        .input_max_backprop = unwritten(r, h->kind, g->range_len)};
    size_t wrong = 0;
    qdq_status status = run(h->kind, h->direction, &call);
    if (status != QDQ_STATUS_OK) {
        fprintf(stderr, "    %s: %s\n", qdq_status_string(status), qdq_last_error());
        wrong = g->count + 1;
    } else {
        wrong = compare(h, g, call.output, g->expected, g->count, shown);
        if (h->direction == GRADIENT) {
            wrong += compare(h, g, call.input_min_backprop, NULL, g->range_len, shown + wrong);
            wrong += compare(h, g, call.input_max_backprop, NULL, g->range_len, shown + wrong);
        }
    }
    free(call.output);
    free(call.input_min_backprop);
    free(call.input_max_backprop);
    return wrong;
}

/* 1 when every element of the file is right. */
static int check_file(const char *file)
{
    struct reader r = open_file(file);
    struct header h = read_header(&r);
    size_t compared = 0, wrong = 0;
    for (uint32_t i = 0; i < h.cases; i++) {
        struct golden g = read_golden(&r, &h);
        size_t found = check(&r, &h, &g, wrong);
        if (found != 0 && wrong < SHOWN) {
            describe(&h, &g, i);
        }
        wrong += found;
        compared += g.count;
        free_golden(&g);
    }
    if (r.at != r.size || compared != h.elements) {
        die(file, "does not hold what its header says");
    }
    free(r.bytes);
    printf("%s: %" PRIu32 " cases, %zu elements, %zu differ from TensorFlow %s\n", file, h.cases, compared, wrong,
           h.tensorflow);
    return wrong == 0;
}

int main(int argc, char **argv)
{
    int passed = argc > 1;
    if (argc < 2) {
        fprintf(stderr, "usage: golden FILE...\n");
    }
    for (int i = 1; i < argc; i++) {
        passed &= check_file(argv[i]);
    }
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
