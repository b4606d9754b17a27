/*
 * reloading LIBRARY: loaded, used and unloaded a thousand times, in turn by the main thread and by one that ends, the
 * library leaves no more behind than the first times: no thread, no open file, no memory.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _GNU_SOURCE

#include "../check.h"
#include "process.h"

#include <qdq.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 1000, WARM = 20, CHANNELS = 1000, ROWS = 100, ELEMENTS = ROWS * CHANNELS };

/* What arenas and the loader may take more, once. */
enum { TOLERATED = 512 << 10 };

static const char *path;

/* -128 to 127 are the codes themselves: the scale is 1. Every row and every column has a -128. */
static void fill(float *tensor)
{
    for (size_t i = 0; i < ELEMENTS; i++) {
        tensor[i] = i < CHANNELS ? -128 : (float)(i % 256) - 128;
    }
}

static void use(void *library)
{
    static float input[ELEMENTS], output[ELEMENTS];
    static const int64_t shape[] = {ROWS, CHANNELS};
    qdq_status (*call)(const float *, const int64_t *, int32_t, const float *, const float *, size_t,
                       const qdq_attrs *, const qdq_executor *, float *);
    const char *(*last_error)(void);
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    qdq_executor pool = QDQ_EXECUTOR_INIT;
    size_t wrong = 0;
    *(void **)&call = dlsym(library, "qdq_quantize_and_dequantize_v4_f32");
    *(void **)&last_error = dlsym(library, "qdq_last_error");
    fill(input);
    for (attrs.axis = -1; attrs.axis < 2; attrs.axis++) {
        CHECK_INT(call(input, shape, 2, NULL, NULL, 0, &attrs, &pool, output), QDQ_STATUS_OK);
        for (size_t i = 0; i < ELEMENTS; i++) {
            wrong += output[i] != input[i];
        }
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(call(input, shape, 2, NULL, NULL, 0, &attrs, &pool, output), QDQ_STATUS_INVALID_AXIS);
    CHECK_CONTAINS(last_error(), "axis is 2");
}

static void *load_and_use(void *unused)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    (void)unused;
    CHECK(library != NULL);
    if (library != NULL) {
        use(library);
        CHECK_INT(dlclose(library), 0);
    }
    return NULL;
}

static void on_a_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, load_and_use, NULL) != 0) {
        abort();
    }
    pthread_join(thread, NULL);
}

static void rounds(int count)
{
    for (int round = 0; round < count; round++) {
        if (round % 2 == 0) {
            load_and_use(NULL);
        } else {
            on_a_thread();
        }
    }
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: reloading LIBRARY\n");
        return EXIT_FAILURE;
    }
    path = arguments[1];
    rounds(WARM);
    const int threads = threads_of_process(), descriptors = descriptors_of_process();
    const size_t memory = resident_bytes();
    rounds(ROUNDS - WARM);
    CHECK_INT(threads_of_process(), threads);
    CHECK_INT(descriptors_of_process(), descriptors);
    CHECK(resident_bytes() <= memory + TOLERATED);
    return check_finish();
}
