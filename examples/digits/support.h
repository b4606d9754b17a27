/* What every part of the demo needs: a way to give up, memory, and random numbers. */
#ifndef DIGITS_SUPPORT_H
#define DIGITS_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define DIGITS_PRINTF(text, values) __attribute__((format(printf, text, values)))
#else
#define DIGITS_PRINTF(text, values)
#endif

/* Prints the message on stderr and ends the program. A demo has nobody to hand an error to. */
_Noreturn void fail(const char *format, ...) DIGITS_PRINTF(1, 2);

/* `count` zeroed objects of `size` bytes; release with free(). */
void *allocate(size_t count, size_t size);

/* SplitMix64. The C library's rand() differs between systems, and the runs should not. */
typedef struct random_source {
    uint64_t state;
} random_source;

float random_uniform(random_source *source);               /* in [-1, 1) */
size_t random_below(random_source *source, size_t bound);  /* in [0, bound) */

#endif
