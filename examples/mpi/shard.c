#include "shard.h"

#include <string.h>

/* Where the part of `rank` begins, and that of the rank before ends. */
static int64_t boundary(const split *how, int rank)
{
    const int64_t length = how->shape[how->axis], ranks = how->ranks;
    switch (how->sizes) {
    case EVEN:
        return length * rank / ranks;
    case UNEVEN:
        return length * rank * rank / (ranks * ranks);
    case ONE_HAS_ALL:
        break;
    }
    return rank < how->ranks ? 0 : length;
}

shard shard_of(const split *how, int rank)
{
    shard part = {.shape = {how->shape[0], how->shape[1]}};
    part.first[how->axis] = boundary(how, rank);
    part.shape[how->axis] = boundary(how, rank + 1) - boundary(how, rank);
    return part;
}

int64_t shard_elements(const shard *part)
{
    return part->shape[0] * part->shape[1];
}

void shard_place(const split *how, const shard *part, const float *elements, float *whole)
{
    const size_t row_bytes = (size_t)part->shape[1] * sizeof *whole;
    for (int64_t row = 0; row < part->shape[0]; row++)
        memcpy(whole + (part->first[0] + row) * how->shape[1] + part->first[1],
               elements + row * part->shape[1], row_bytes);
}
