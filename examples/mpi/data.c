#include "data.h"

#include <math.h>

/* SplitMix64's output for its `index`-th state. */
static uint64_t random_bits(uint64_t index)
{
    uint64_t z = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* They grow with the row and differ by column, so that no shard has the whole matrix's ranges. */
static float element(const split *how, int64_t row, int64_t column)
{
    const uint64_t bits = random_bits((uint64_t)(row * how->shape[1] + column));
    const float uniform = (float)((double)(int64_t)bits * 0x1p-63);
    const float growth = 0.25f + (float)row / (float)how->shape[0];
    if (column == 3 || bits % 251 == 0)
        return NAN;
    if (column == 4) /* its range ends in a zero, of which some are negative */
        return bits % 2 == 0 ? -0.0f : bits % 3 == 0 ? 0.0f : fabsf(uniform);
    return uniform * growth * (float)(1 + column % 13);
}

void data_fill(const split *how, const shard *part, float *elements)
{
    for (int64_t row = 0; row < part->shape[0]; row++) {
        for (int64_t column = 0; column < part->shape[1]; column++)
            *elements++ = element(how, part->first[0] + row, part->first[1] + column);
    }
}
