/*
 * The checks of the C tests. A check that fails prints where, what and the values, and the program goes on:
 * one run shows all that is wrong. main() ends with `return check_finish();`.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>
#include <stdint.h>

#define CHECK(condition) check_that((condition) != 0, __FILE__, __LINE__, #condition)
#define CHECK_INT(actual, expected) check_int((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_BITS(actual, expected) check_bits((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_STRING(actual, expected) check_string((actual), (expected), __FILE__, __LINE__, #actual)
#define CHECK_CONTAINS(text, part) check_contains((text), (part), __FILE__, __LINE__, #text)
#define CHECK_BYTES(actual, expected, size) check_bytes((actual), (expected), (size), __FILE__, __LINE__, #actual)

#ifdef __cplusplus
extern "C" {
#endif

/* What the calling thread tests now, as printf would print it; stands beside each failure. */
void check_about(const char *format, ...);

/* What the macros call, on any thread. */
void check_that(int passed, const char *file, int line, const char *what);
void check_int(intmax_t actual, intmax_t expected, const char *file, int line, const char *what);
void check_bits(uintmax_t actual, uintmax_t expected, const char *file, int line, const char *what);
void check_string(const char *actual, const char *expected, const char *file, int line, const char *what);
void check_contains(const char *text, const char *part, const char *file, int line, const char *what);
void check_bytes(const void *actual, const void *expected, size_t size, const char *file, int line,
                 const char *what);

/* Prints the sum; the exit status of the program. */
int check_finish(void);

#ifdef __cplusplus
}
#endif

#endif
