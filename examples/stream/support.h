/* What every part of the program needs: a way to give up, memory, and the time. */
#ifndef STREAM_SUPPORT_H
#define STREAM_SUPPORT_H

#include <qdq.h>
#include <stddef.h>

#if defined(__GNUC__)
#define STREAM_PRINTF(text, values) __attribute__((format(printf, text, values)))
#else
#define STREAM_PRINTF(text, values)
#endif

/* Prints the message on stderr and ends the program, having removed the file named last. */
_Noreturn void fail(const char *format, ...) STREAM_PRINTF(1, 2);

/* NULL: failing removes nothing any more. The text must stay as it is. */
void remove_when_failing(const char *path);

/* Ends the program with the library's own words on any status but OK. */
void check(qdq_status status);

/* `size` bytes at an address that suits vectors; release with free(). */
void *allocate(size_t size);

/* Of a clock that nobody sets; the difference of two is a duration. */
double seconds_now(void);

#endif
