/*
 * Calls at the end: from the destructors of a thread's keys, after the language's own thread-local state is gone, and
 * from what runs after main().
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include "../check.h"

#include <qdq.h>

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ELEMENTS = 1 << 17, THREADS = 16 };

static pthread_key_t made_before, made_after; /* the library's first use */
static atomic_int destructions;

/* -128 to 127 are the codes themselves: the scale is 1. */
static int is_right(const float *output)
{
    for (size_t i = 0; i < ELEMENTS; i++) {
        if (output[i] != (float)(i % 256) - 128) {
            return 0;
        }
    }
    return 1;
}

static void call(int32_t num_threads)
{
    const int64_t shape[] = {ELEMENTS};
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    float *tensor = malloc(ELEMENTS * sizeof *tensor);
    if (tensor == NULL) {
        abort();
    }
    for (size_t i = 0; i < ELEMENTS; i++) {
        tensor[i] = (float)(i % 256) - 128;
    }
    executor.num_threads = num_threads;
    CHECK_INT(qdq_quantize_and_dequantize_v4_f32(tensor, shape, 1, NULL, NULL, 0, NULL, &executor, tensor),
              QDQ_STATUS_OK);
    CHECK(is_right(tensor));
    free(tensor);
}

static void fail(int num_bits)
{
    char expected[32];
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    float number = 1;
    attrs.num_bits = num_bits;
    CHECK_INT(qdq_quantize_and_dequantize_v4_f32(&number, NULL, 0, NULL, NULL, 0, &attrs, NULL, &number),
              QDQ_STATUS_INVALID_ATTRIBUTE);
    snprintf(expected, sizeof expected, "num_bits is %d;", num_bits);
    CHECK_CONTAINS(qdq_last_error(), expected);
}

/* The thread's last error is there still; another takes its place. */
static void destroy(void *data)
{
    static _Thread_local int rounds;
    const char *before = data;
    atomic_fetch_add(&destructions, 1);
    CHECK_CONTAINS(qdq_last_error(), before);
    call(1);
    call(2);
    CHECK_CONTAINS(qdq_last_error(), before);
    fail(1001);
    /* Again, after the destructors of all keys. */
    if (rounds++ < 2 * (PTHREAD_DESTRUCTOR_ITERATIONS - 1)) {
        pthread_setspecific(rounds % 2 ? made_before : made_after, "num_bits is 1001;");
    }
}

static void *fail_and_end(void *unused)
{
    (void)unused;
    fail(1000);
    pthread_setspecific(made_before, "num_bits is 1000;");
    return NULL;
}

/* The first call that this thread makes is in the destructor. */
static void *end(void *unused)
{
    (void)unused;
    pthread_setspecific(made_after, "");
    return NULL;
}

static void run_threads(void *(*work)(void *))
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
            abort();
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* After main() the exit status is decided, so a failure ends the process here. */
static void call_after_main(void)
{
    call(2);
    fail(1002);
    if (check_finish() != EXIT_SUCCESS) {
        _exit(EXIT_FAILURE);
    }
}

__attribute__((destructor)) static void call_after_exit_handlers(void)
{
    call_after_main();
}

int main(void)
{
    atexit(call_after_main);
    pthread_key_create(&made_before, destroy);
    call(1);
    pthread_key_create(&made_after, destroy);
    call(2);
    atexit(call_after_main);
    run_threads(fail_and_end);
    run_threads(end);
    CHECK(destructions > 2 * THREADS);
    return check_finish();
}
