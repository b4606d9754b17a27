#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CACHE_LINE = 64 };

static const char *unfinished;

void fail(const char *format, ...)
{
    va_list arguments;
    fflush(stdout);
    fputs("stream: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (unfinished != NULL)
        remove(unfinished);
    exit(EXIT_FAILURE);
}

void remove_when_failing(const char *path)
{
    unfinished = path;
}

void check(qdq_status status)
{
    if (status != QDQ_STATUS_OK)
        fail("libqdq: %s", qdq_last_error());
}

void *allocate(size_t size)
{
    void *memory = NULL;
    if (posix_memalign(&memory, CACHE_LINE, size) != 0)
        fail("out of memory: %zu bytes", size);
    return memory;
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
