/*
 * A defect of the library is a status of the call: nothing aborts, nothing is printed, and the next call works. There
 * is none to be had for the asking, so the C library is made to lie: read() claims to have read more than there was
 * room for, which the library, counting the cores, trips over.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _GNU_SOURCE

#include "../check.h"
#include "../environment.h"
#include "../memory.h"
#include "process.h"
#include "requests.h"

#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int is_lying;

/* In the C library's place, for the shared library too. */
ssize_t read(int descriptor, void *buffer, size_t size)
{
    const ssize_t count = syscall(SYS_read, descriptor, buffer, size);
    return atomic_load(&is_lying) ? (ssize_t)size + 1 : count;
}

/* What a host sets on its threads; it has to be found again. */
static const struct environment OF_THE_HOST = {.rounding = FE_UPWARD, .flush = 1, .sticky = 1};

static int has_executor(const struct request *request)
{
    return request->function != NULL ? request->function->has_executor : request->typed.input != NULL;
}

/* Cores are counted for a call with an executor, whatever it computes. */
static void expect_internal(const struct request *request, void *unused)
{
    (void)unused;
    if (!has_executor(request)) {
        make_request(request, NULL);
        return;
    }
    environment_enter(&OF_THE_HOST);
    const struct environment_state before = environment_state();
    const qdq_status status = request->run(request);
    const struct environment_state after = environment_state();
    environment_leave();
    CHECK_INT(status, QDQ_STATUS_INTERNAL);
    CHECK(environment_states_are_equal(&after, &before));
    CHECK_CONTAINS(qdq_last_error(), "a defect of the library");
}

static void every_function(const void *unused)
{
    const qdq_executor executor = QDQ_EXECUTOR_INIT;
    struct process *before = process_now();
    (void)unused;
    atomic_store(&is_lying, 1);
    for_each_request(&executor, expect_internal, NULL);
    atomic_store(&is_lying, 0);
    check_process_is(before);
    CHECK_INT(threads_of_process(), 1);
    for_each_request(&executor, make_request, NULL);
    process_free(before);
}

/* Calls whose result is known */

enum { MANY = 1 << 18 };

struct numbers {
    float input[MANY], output[MANY];
};

static void check_result(const struct numbers *numbers)
{
    size_t wrong = 0;
    for (size_t i = 0; i < MANY; i++) {
        wrong += numbers->output[i] != numbers->input[i];
    }
    CHECK_INT(wrong, 0);
}

/* -128 to 127 are the codes themselves: the scale is 1. */
static struct numbers *new_numbers(void)
{
    struct numbers *numbers = calloc(1, sizeof *numbers);
    if (numbers == NULL) {
        abort();
    }
    for (size_t i = 0; i < MANY; i++) {
        numbers->input[i] = (float)(i % 256) - 128;
    }
    return numbers;
}

static qdq_status call(struct numbers *numbers, int32_t num_threads)
{
    static const int64_t shape[] = {MANY};
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    executor.num_threads = num_threads;
    return qdq_quantize_and_dequantize_v4_f32(numbers->input, shape, 1, NULL, NULL, 0, NULL, &executor,
                                              numbers->output);
}

/* Here the cores are counted when the pool starts, in the middle of the work. */
static void the_start_of_the_pool(const void *unused)
{
    struct numbers *numbers = new_numbers();
    (void)unused;
    atomic_store(&is_lying, 1);
    CHECK_INT(call(numbers, 4), QDQ_STATUS_INTERNAL);
    atomic_store(&is_lying, 0);
    for (int32_t num_threads = 0; num_threads < 5; num_threads++) {
        memset(numbers->output, 0xa5, sizeof numbers->output);
        CHECK_INT(call(numbers, num_threads), QDQ_STATUS_OK);
        check_result(numbers);
    }
    free(numbers);
}

static void *call_on_thread(void *data)
{
    struct numbers *numbers = new_numbers();
    pthread_barrier_t *both = data;
    for (int round = 0; round < 50; round++) {
        CHECK_INT(call(numbers, 0), QDQ_STATUS_INTERNAL);
        CHECK_CONTAINS(qdq_last_error(), "a defect of the library");
    }
    pthread_barrier_wait(both);
    pthread_barrier_wait(both); /* the truth in between */
    CHECK_INT(call(numbers, 0), QDQ_STATUS_OK);
    check_result(numbers);
    free(numbers);
    return NULL;
}

static void several_threads_at_once(const void *unused)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    pthread_barrier_t both;
    (void)unused;
    pthread_barrier_init(&both, NULL, THREADS + 1);
    atomic_store(&is_lying, 1);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, call_on_thread, &both) != 0) {
            abort();
        }
    }
    pthread_barrier_wait(&both);
    atomic_store(&is_lying, 0);
    pthread_barrier_wait(&both);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* A host whose task makes a call of its own, which stumbles: the task's call does not. */
static int32_t with_calls_of_its_own(void *host, size_t task_count, qdq_task task, void *task_data)
{
    for (size_t i = 0; i < task_count; i++) {
        atomic_store(&is_lying, 1);
        CHECK_INT(call(host, 0), QDQ_STATUS_INTERNAL);
        atomic_store(&is_lying, 0);
        task(task_data, i);
    }
    return 0;
}

static void inside_another_call(const void *unused)
{
    static const int64_t shape[] = {MANY};
    struct numbers *numbers = new_numbers(), *others = new_numbers();
    const qdq_executor executor = {sizeof executor, 4, 0, with_calls_of_its_own, others};
    (void)unused;
    CHECK_INT(qdq_quantize_and_dequantize_v4_f32(numbers->input, shape, 1, NULL, NULL, 0, NULL, &executor,
                                                 numbers->output),
              QDQ_STATUS_OK);
    check_result(numbers);
    free(numbers);
    free(others);
}

int main(void)
{
    setenv("RUST_BACKTRACE", "full", 1); /* what makes Rust say more than usual */
    run_in_child(every_function, NULL);
    run_in_child(the_start_of_the_pool, NULL);
    run_in_child(several_threads_at_once, NULL);
    run_in_child(inside_another_call, NULL);
    return check_finish();
}
