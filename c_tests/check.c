/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong check_count;
static atomic_ulong check_failures;
static _Thread_local char check_subject[256];

void check_about(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check_subject, sizeof check_subject, format, arguments);
    va_end(arguments);
}

/* Counts a check; 1 when it failed and the caller has to print the values. */
static int check_failed(int passed, const char *file, int line, const char *what)
{
    atomic_fetch_add(&check_count, 1);
    if (passed) {
        return 0;
    }
    atomic_fetch_add(&check_failures, 1);
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, check_subject, what);
    return 1;
}

void check_int(intmax_t actual, intmax_t expected, const char *file, int line, const char *what)
{
    if (check_failed(actual == expected, file, line, what)) {
        fprintf(stderr, "    is %" PRIdMAX ", expected %" PRIdMAX "\n", actual, expected);
    }
}

void check_bits(uintmax_t actual, uintmax_t expected, const char *file, int line, const char *what)
{
    if (check_failed(actual == expected, file, line, what)) {
        fprintf(stderr, "    is 0x%" PRIxMAX ", expected 0x%" PRIxMAX "\n", actual, expected);
    }
}

void check_string(const char *actual, const char *expected, const char *file, int line, const char *what)
{
    if (check_failed(actual != NULL && strcmp(actual, expected) == 0, file, line, what)) {
        fprintf(stderr, "    is \"%s\", expected \"%s\"\n", actual != NULL ? actual : "(NULL)", expected);
    }
}

void check_contains(const char *text, const char *part, const char *file, int line, const char *what)
{
    if (check_failed(text != NULL && strstr(text, part) != NULL, file, line, what)) {
        fprintf(stderr, "    is \"%s\", expected \"%s\" in it\n", text != NULL ? text : "(NULL)", part);
    }
}

void check_bytes(const void *actual, const void *expected, size_t size, const char *file, int line,
                 const char *what)
{
    const unsigned char *a = actual;
    const unsigned char *e = expected;
    if (!check_failed(memcmp(a, e, size) == 0, file, line, what)) {
        return;
    }
    size_t at = 0;
    while (a[at] == e[at]) {
        at++;
    }
    fprintf(stderr, "    byte %zu of %zu is 0x%02x, expected 0x%02x\n", at, size, a[at], e[at]);
}

void check_that(int passed, const char *file, int line, const char *what)
{
    check_failed(passed, file, line, what);
}

int check_finish(void)
{
    unsigned long failures = atomic_load(&check_failures);
    if (failures != 0) {
        fprintf(stderr, "%lu of %lu checks failed\n", failures, atomic_load(&check_count));
        return EXIT_FAILURE;
    }
    printf("%lu checks passed\n", atomic_load(&check_count));
    return EXIT_SUCCESS;
}
