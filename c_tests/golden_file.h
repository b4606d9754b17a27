/*
 * The golden files: TensorFlow's own answers. tools/golden/README.md has their format and how they are made.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef GOLDEN_FILE_H
#define GOLDEN_FILE_H

#include "kinds.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MOST_RANK = 8 };

/* Ends the program: a test that cannot read its goldens has failed. */
void die(const char *file, const char *why);

/* Memory for `count` things, never NULL. */
void *allocate(const char *file, size_t count, size_t size);

/* A file in memory, from which the cases are taken one by one. */
struct reader {
    const char *file;
    unsigned char *bytes;
    size_t size, at;
};

struct header {
    const struct kind *kind;
    enum direction direction;
    uint32_t cases, elements;
    char tensorflow[17];
};

/* A call, TensorFlow's result of it, and for each element whether it may be a zero of either sign. */
struct golden {
    qdq_attrs attrs;
    int64_t shape[MOST_RANK];
    int32_t rank;
    size_t count, range_len;
    void *input_min, *input_max, *input, *gradients, *expected;
    unsigned char *any_zero;
};

struct reader open_golden_file(const char *file);
struct header read_header(struct reader *r);
struct golden read_golden(struct reader *r, const struct header *h);
void free_golden(struct golden *g);

/* After the last case: the file held what its header says. */
void close_golden_file(struct reader *r, const struct header *h, size_t compared);

/* Whether the bits are right. A NaN may be any NaN, and a zero that the case lists may have either sign. */
int allows(const struct kind *kind, int any_zero, uint64_t expected, uint64_t got);

#ifdef __cplusplus
}
#endif

#endif
