/*
 * A process at its limits: where the address space ends, or no thread can be started, a call does its work or fails with
 * QDQ_STATUS_OUT_OF_MEMORY and nothing written; with the limit gone the same call works.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _GNU_SOURCE

#include "../check.h"
#include "../memory.h"

#include <qdq.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Channels whose ranges and parameters take megabytes. */
enum { ROWS = 2, CHANNELS = 1 << 20, ELEMENTS = ROWS * CHANNELS };

static float input[ELEMENTS], output[ELEMENTS], untouched[ELEMENTS];

static int threads_asked;

/* In the C library's place, for the shared library too: there are no threads to be had. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *data)
{
    (void)thread, (void)attributes, (void)start, (void)data;
    threads_asked++;
    return EAGAIN;
}

/* With 8 bits [-128*step, 127*step] has its codes at the multiples of step. */
static void fill(void)
{
    memset(untouched, 0xa5, sizeof untouched);
    for (size_t i = 0; i < CHANNELS; i++) {
        const float step = (float)(1 << i % 4);
        input[i] = -128 * step;
        input[CHANNELS + i] = 1.25f * step;
    }
}

static int is_right(void)
{
    for (size_t i = 0; i < CHANNELS; i++) {
        const float step = (float)(1 << i % 4);
        if (output[i] != -128 * step || output[CHANNELS + i] != step) {
            return 0;
        }
    }
    return 1;
}

static qdq_status call(int32_t num_threads)
{
    static const int64_t shape[] = {ROWS, CHANNELS};
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    attrs.axis = 1;
    executor.num_threads = num_threads;
    memcpy(output, untouched, sizeof output);
    return qdq_quantize_and_dequantize_v4_f32(input, shape, 2, NULL, NULL, 0, &attrs, &executor, output);
}

static void expect_success(int32_t num_threads)
{
    CHECK_INT(call(num_threads), QDQ_STATUS_OK);
    CHECK(is_right());
}

static size_t address_space_in_use(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu", &pages) != 1) {
        abort();
    }
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Returns what it was: the host of the test may have set one itself. */
static rlim_t set_limit(rlim_t bytes)
{
    struct rlimit limit;
    rlim_t before;
    getrlimit(RLIMIT_AS, &limit);
    before = limit.rlim_cur;
    limit.rlim_cur = bytes;
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
    return before;
}

struct shortage {
    size_t left; /* of the address space */
    int32_t num_threads;
};

static void with_little_address_space(const void *data)
{
    const struct shortage *s = data;
    rlim_t before = set_limit(address_space_in_use() + s->left);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(call(s->num_threads), QDQ_STATUS_OUT_OF_MEMORY);
        CHECK_BYTES(output, untouched, sizeof output);
        CHECK_CONTAINS(qdq_last_error(), "memory");
    }
    set_limit(before);
    expect_success(s->num_threads);
}

static void without_threads(const void *unused)
{
    (void)unused;
    for (int32_t num_threads = 0; num_threads < 5; num_threads++) {
        expect_success(num_threads);
    }
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) == 1 || threads_asked > 0);
}

int main(void)
{
    static const size_t left[] = {0, 64 << 10, 1 << 20, 8 << 20};
    fill();
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        for (int32_t num_threads = 0; num_threads < 4; num_threads += 3) {
            check_about("%zu bytes left, %d threads", left[i], (int)num_threads);
            run_in_child(with_little_address_space, &(struct shortage){left[i], num_threads});
        }
    }
    check_about("no threads");
    run_in_child(without_threads, NULL);
    return check_finish();
}
