/*
 * Which part of a matrix is whose: each rank has some of its rows, or some of its columns. No part
 * is larger than that of the last rank, nor smaller than that of the first.
 */
#ifndef SHARDED_SHARD_H
#define SHARDED_SHARD_H

#include <stdint.h>

typedef enum sizes {
    EVEN,
    UNEVEN,     /* each rank has more than the one before */
    ONE_HAS_ALL /* the last rank; the others have nothing */
} sizes;

typedef struct split {
    int64_t shape[2]; /* of the whole matrix: { rows, columns } */
    int axis;         /* the one that is divided: 0, each rank has rows, or 1, columns */
    sizes sizes;
    int ranks;
} split;

/* first[i] to first[i] + shape[i] of both axes; a shape may have zeros. */
typedef struct shard {
    int64_t first[2], shape[2];
} shard;

shard shard_of(const split *how, int rank);
int64_t shard_elements(const shard *part);

/* Copies a dense shard to where it belongs in the whole matrix. */
void shard_place(const split *how, const shard *part, const float *elements, float *whole);

#endif
