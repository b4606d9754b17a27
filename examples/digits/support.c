#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fail(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fputs("digits: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL)
        fail("out of memory: %zu objects of %zu bytes", count, size);
    return memory;
}

static uint64_t random_bits(random_source *source)
{
    uint64_t z = (source->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

float random_uniform(random_source *source)
{
    return (float)(random_bits(source) >> 40) * 0x1p-23f - 1.0f;
}

size_t random_below(random_source *source, size_t bound)
{
    return (size_t)(random_bits(source) % bound);
}
