/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef FAIL_H
#define FAIL_H

/* Prints why, as printf would, and ends the program. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
