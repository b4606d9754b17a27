/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "golden_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *file, const char *why)
{
    fprintf(stderr, "%s: %s\n", file, why);
    exit(EXIT_FAILURE);
}

void *allocate(const char *file, size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        die(file, "out of memory");
    }
    return memory;
}

struct reader open_golden_file(const char *file)
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

/* Little-endian numbers are taken off the front. */
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

struct header read_header(struct reader *r)
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

struct golden read_golden(struct reader *r, const struct header *h)
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

void free_golden(struct golden *g)
{
    free(g->input_min);
    free(g->input_max);
    free(g->input);
    free(g->gradients);
    free(g->expected);
    free(g->any_zero);
}

void close_golden_file(struct reader *r, const struct header *h, size_t compared)
{
    if (r->at != r->size || compared != h->elements) {
        die(r->file, "does not hold what its header says");
    }
    free(r->bytes);
}

int allows(const struct kind *kind, int any_zero, uint64_t expected, uint64_t got)
{
    const uint64_t sign = (uint64_t)1 << (8 * kind->size - 1);
    const uint64_t magnitude = got & ~sign;
    const uint64_t expected_magnitude = expected & ~sign;
    return got == expected || (magnitude > kind->infinity && expected_magnitude > kind->infinity) ||
           (any_zero && magnitude == 0 && expected_magnitude == 0);
}
