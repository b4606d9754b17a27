/* What every part of the program needs: a way to give up, on all ranks at once, and memory. */
#ifndef SHARDED_SUPPORT_H
#define SHARDED_SUPPORT_H

#include <qdq.h>
#include <stddef.h>

#if defined(__GNUC__)
#define SHARDED_PRINTF(text, values) __attribute__((format(printf, text, values)))
#else
#define SHARDED_PRINTF(text, values)
#endif

/* Prints the message on stderr and ends the program on every rank: the others would wait for ever. */
_Noreturn void fail(const char *format, ...) SHARDED_PRINTF(1, 2);

/* Ends the program with the library's own words on any status but OK. */
void check(qdq_status status);

/* `count` zeroed objects of `size` bytes; never NULL, for 0 neither. Release with free(). */
void *allocate(size_t count, size_t size);

#endif
