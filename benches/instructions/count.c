/*
 * Runs every case of cases.c for callgrind, which counts the instructions of the calls alone and hands them out under the
 * case's name and number of elements. guard.py starts it and reads the counts; without callgrind it just runs.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "cases.h"

/* An unavailable set of kernels falls back to another one, whose counts would be compared with the wrong ones. */
static void check_isa(void)
{
    const char *wanted = getenv("QDQ_ISA");
    if (wanted == NULL || strcmp(wanted, qdq_isa()) != 0) {
        fprintf(stderr, "QDQ_ISA is %s, but the kernels in use here are %s\n", wanted ? wanted : "not set", qdq_isa());
        exit(1);
    }
}

/* What a first call does once, the dynamic linker too, is not to be counted. */
static void warm_up(const struct counted_case *what)
{
    struct operands operands;
    prepare(&operands, what, 1);
    check(what->call(&operands));
    release(&operands);
}

static void count(const struct counted_case *what, int64_t size)
{
    struct operands operands;
    prepare(&operands, what, size);
    CALLGRIND_TOGGLE_COLLECT;
    const qdq_status status = what->call(&operands);
    CALLGRIND_TOGGLE_COLLECT;
    check(status);
    char label[128];
    snprintf(label, sizeof label, "%s: %lld", what->name, (long long)element_count(&operands));
    CALLGRIND_DUMP_STATS_AT(label);
    release(&operands);
}

static void count_all(void)
{
    for (int i = 0; i < CASE_COUNT; i++) {
        warm_up(&CASES[i]);
        count(&CASES[i], CASES[i].size);
        if (CASES[i].larger != 0) {
            count(&CASES[i], CASES[i].larger);
        }
    }
}

/* Where the stack begins depends on the environment and the program's path. The padding brings it to the same place within
 * a page: how far the library's own arrays are from the next vector changes what clearing and copying them takes. */
int main(void)
{
    char start;
    volatile char padding[1 + (uintptr_t)&start % 4096];
    padding[0] = 0;
    check_isa();
    count_all();
    return padding[0];
}
