/*
 * TensorFlow's own answers, bit for bit: golden FILE...
 *
 * Each case is one call, and every bit of its result is compared, with the allowances of golden_file.h.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "golden_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10 };

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
    struct reader r = open_golden_file(file);
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
    close_golden_file(&r, &h, compared);
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
