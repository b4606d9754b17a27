/*
 * The executor: the library's pool and a host's give the bits that the calling thread alone gives, whatever the order
 * of the tasks and the floating-point environment of the threads, and a host that fails is told so.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "environment.h"
#include "kinds.h"

#include <fenv.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Enough for several tasks, in one dimension as in the other. */
enum { ROWS = 64, COLUMNS = 8192, COUNT = ROWS * COLUMNS, WIDTH = 4 };

static const int64_t SHAPE[] = {ROWS, COLUMNS};

/* What a host sets on its threads. */
static const struct environment HOSTILE = {.rounding = FE_UPWARD, .flush = 1, .sticky = 1};

struct arrays {
    alignas(64) unsigned char gradients[COUNT * sizeof(double)], input[COUNT * sizeof(double)];
    alignas(64) unsigned char input_min[COLUMNS * sizeof(double)], input_max[COLUMNS * sizeof(double)];
    alignas(64) unsigned char expected[COUNT * sizeof(double)], output[COUNT * sizeof(double)];
};

static struct arrays arrays;

/* Hosts */

struct host {
    pthread_t caller;
    int calls;
    size_t most_tasks;
};

static void count_call(struct host *host, size_t task_count)
{
    CHECK(pthread_equal(pthread_self(), host->caller));
    host->calls++;
    host->most_tasks = task_count > host->most_tasks ? task_count : host->most_tasks;
}

static int32_t in_order(void *host, size_t task_count, qdq_task task, void *task_data)
{
    count_call(host, task_count);
    for (size_t i = 0; i < task_count; i++) {
        task(task_data, i);
    }
    return 0;
}

static int32_t backwards(void *host, size_t task_count, qdq_task task, void *task_data)
{
    count_call(host, task_count);
    for (size_t i = task_count; i-- > 0;) {
        task(task_data, i);
    }
    return 0;
}

/* Every WIDTH-th task, on a thread of the host's. */
struct share {
    size_t first, task_count;
    qdq_task task;
    void *task_data;
    int environment_is_kept;
};

static void *run_share(void *data)
{
    struct share *share = data;
    environment_enter(&HOSTILE);
    const struct environment_state before = environment_state();
    for (size_t i = share->first; i < share->task_count; i += WIDTH) {
        share->task(share->task_data, i);
    }
    const struct environment_state after = environment_state();
    environment_leave();
    share->environment_is_kept = environment_states_are_equal(&after, &before);
    return NULL;
}

static int32_t on_threads(void *host, size_t task_count, qdq_task task, void *task_data)
{
    pthread_t threads[WIDTH];
    struct share shares[WIDTH];
    count_call(host, task_count);
    for (size_t i = 0; i < WIDTH; i++) {
        shares[i] = (struct share){i, task_count, task, task_data, 0};
        if (pthread_create(&threads[i], NULL, run_share, &shares[i]) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < WIDTH; i++) {
        pthread_join(threads[i], NULL);
        CHECK(shares[i].environment_is_kept);
    }
    return 0;
}

static int32_t run_all_and_fail(void *host, size_t task_count, qdq_task task, void *task_data)
{
    in_order(host, task_count, task, task_data);
    return -7;
}

static int32_t run_none_and_fail(void *host, size_t task_count, qdq_task task, void *task_data)
{
    (void)task, (void)task_data;
    count_call(host, task_count);
    return 1;
}

static int32_t skip_the_last(void *host, size_t task_count, qdq_task task, void *task_data)
{
    return in_order(host, task_count - 1, task, task_data);
}

static int32_t skip_all(void *host, size_t task_count, qdq_task task, void *task_data)
{
    (void)task, (void)task_data;
    count_call(host, task_count);
    return 0;
}

/* Calls */

static void fill(const struct kind *kind)
{
    const uint64_t sign = UINT64_C(1) << (8 * kind->size - 1);
    for (size_t i = 0; i < COUNT; i++) {
        put_bits(kind, arrays.gradients, i, random_finite(kind, i % 3 == 0));
        put_bits(kind, arrays.input, i, random_finite(kind, i % COLUMNS % 4 == 0));
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        const uint64_t end = random_finite(kind, i % 4 == 0) & ~sign;
        put_bits(kind, arrays.input_min, i, end | sign);
        put_bits(kind, arrays.input_max, i, end);
    }
}

static qdq_status call(const struct kind *kind, enum direction direction, const qdq_attrs *attrs,
                       const qdq_executor *executor, void *output)
{
    const int given = attrs->range_given;
    memset(output, 0xa5, COUNT * kind->size);
    const struct call arguments = {
        .gradients = arrays.gradients,
        .input = arrays.input,
        .shape = SHAPE,
        .rank = 2,
        .input_min = given ? arrays.input_min : NULL,
        .input_max = given ? arrays.input_max : NULL,
        .range_len = !given ? 0 : attrs->axis < 0 ? 1 : (size_t)SHAPE[attrs->axis],
        .attrs = attrs,
        .executor = executor,
        .output = output,
    };
    return run(kind, direction, &arguments);
}

static void check_pool(const struct kind *kind, enum direction direction, const qdq_attrs *attrs)
{
    static const int32_t num_threads[] = {0, 2, 3, 100};
    for (size_t i = 0; i < sizeof num_threads / sizeof *num_threads; i++) {
        qdq_executor executor = QDQ_EXECUTOR_INIT;
        executor.num_threads = num_threads[i];
        CHECK_INT(call(kind, direction, attrs, &executor, arrays.output), QDQ_STATUS_OK);
        CHECK_BYTES(arrays.output, arrays.expected, COUNT * kind->size);
    }
}

static void check_hosts(const struct kind *kind, enum direction direction, const qdq_attrs *attrs)
{
    static const qdq_parallel_for hosts[] = {in_order, backwards, on_threads};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct host host = {.caller = pthread_self()};
        const qdq_executor executor = {sizeof executor, WIDTH, 0, hosts[i], &host};
        CHECK_INT(call(kind, direction, attrs, &executor, arrays.output), QDQ_STATUS_OK);
        CHECK_BYTES(arrays.output, arrays.expected, COUNT * kind->size);
        CHECK(host.calls > 0 && host.most_tasks > 1);
    }
}

static void check_failing_hosts(const struct kind *kind, enum direction direction, const qdq_attrs *attrs)
{
    static const qdq_parallel_for hosts[] = {run_all_and_fail, run_none_and_fail, skip_the_last, skip_all};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct host host = {.caller = pthread_self()};
        const qdq_executor executor = {sizeof executor, WIDTH, 0, hosts[i], &host};
        CHECK_INT(call(kind, direction, attrs, &executor, arrays.output), QDQ_STATUS_EXECUTOR);
        CHECK_CONTAINS(qdq_last_error(), "parallel_for");
        CHECK_CONTAINS(qdq_last_error(), "expected");
        CHECK_INT(host.calls, 1); /* no use in asking again */
    }
}

/* With one thread asked for there is nothing to share. */
static void check_one_thread(const struct kind *kind, enum direction direction, const qdq_attrs *attrs)
{
    const qdq_executor executor = {sizeof executor, 1, 0, run_none_and_fail, NULL};
    CHECK_INT(call(kind, direction, attrs, &executor, arrays.output), QDQ_STATUS_OK);
    CHECK_BYTES(arrays.output, arrays.expected, COUNT * kind->size);
}

/* The pool's threads inherit the environment of the thread that makes the first call to use it. */
static void start_pool_in_a_hostile_environment(void)
{
    const qdq_attrs attrs = QDQ_ATTRS_INIT;
    const qdq_executor executor = QDQ_EXECUTOR_INIT;
    check_about("the pool's start");
    fill(&kinds[0]);
    environment_enter(&HOSTILE);
    const qdq_status status = call(&kinds[0], FORWARD, &attrs, &executor, arrays.output);
    environment_leave();
    CHECK_INT(status, QDQ_STATUS_OK);
}

int main(void)
{
    start_pool_in_a_hostile_environment();
    for (size_t k = 0; k < KINDS; k++) {
        fill(&kinds[k]);
        for (unsigned choice = 0; choice < 12; choice++) {
            const enum direction direction = choice % 2 ? GRADIENT : FORWARD;
            qdq_attrs attrs = QDQ_ATTRS_INIT;
            attrs.axis = (int32_t)(choice / 2 % 3) - 1;
            attrs.range_given = choice >= 6;
            check_about("%s %s, axis %d, range_given %d", kinds[k].name, direction_name(direction), (int)attrs.axis,
                        (int)attrs.range_given);
            CHECK_INT(call(&kinds[k], direction, &attrs, NULL, arrays.expected), QDQ_STATUS_OK);
            check_pool(&kinds[k], direction, &attrs);
            check_hosts(&kinds[k], direction, &attrs);
            check_failing_hosts(&kinds[k], direction, &attrs);
            check_one_thread(&kinds[k], direction, &attrs);
        }
    }
    return check_finish();
}
