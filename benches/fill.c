/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fill.h"

#include "rows.h"

#include <stdint.h>
#include <string.h>

/* So many are made, the rest repeats them: no time depends on a longer period. */
enum { PERIOD = 1 << 16 };

/* Marsaglia's xorshift64*, to [0, 1). */
static double uniform(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(2685821657736338717)) >> 11) * 0x1p-53;
}

/* Twelve uniform numbers have a variance of 1 together. */
static double normal(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        sum += uniform(state);
    }
    return sum;
}

static uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* What is too small for a normal half becomes 0, what is too large an infinity. */
static uint16_t half_bits(float value)
{
    const uint32_t bits = float_bits(value), sign = bits >> 16 & 0x8000;
    const int exponent = (int)(bits >> 23 & 0xff) - 127 + 15;
    if (exponent <= 0) {
        return (uint16_t)sign;
    }
    return (uint16_t)(exponent >= 31 ? sign | 0x7c00 : sign | (uint32_t)exponent << 10 | (bits >> 13 & 0x3ff));
}

void fill_one(void *elements, qdq_dtype dtype, size_t index, double value)
{
    switch (dtype) {
    case QDQ_DTYPE_I8:
        ((int8_t *)elements)[index] = (int8_t)(21 * value);
        break;
    case QDQ_DTYPE_F16:
        ((uint16_t *)elements)[index] = half_bits((float)value);
        break;
    case QDQ_DTYPE_BF16:
        ((uint16_t *)elements)[index] = (uint16_t)(float_bits((float)value) >> 16);
        break;
    case QDQ_DTYPE_F64:
        ((double *)elements)[index] = value;
        break;
    default:
        ((float *)elements)[index] = (float)value;
    }
}

void fill_normal(void *elements, qdq_dtype dtype, size_t count)
{
    const size_t made = count < PERIOD ? count : PERIOD, size = dtype_size(dtype);
    uint64_t state = 20261123;
    for (size_t i = 0; i < made; i++) {
        fill_one(elements, dtype, i, normal(&state));
    }
    for (size_t done = made; done < count;) {
        const size_t part = count - done < PERIOD ? count - done : PERIOD;
        memcpy((char *)elements + done * size, elements, part * size);
        done += part;
    }
}
