/*
 * Many threads at once: each call's result is that of the same call made alone, and each thread has its own last error.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L /* pthread_barrier_t */

#include "check.h"
#include "kinds.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, ROUNDS = 25, MOST = 1 << 16 };

/* What one thread does over and over. */
struct job {
    const struct kind *kind;
    enum direction direction;
    int64_t shape[3];
    qdq_attrs attrs;
    qdq_executor executor;
    unsigned char *gradients, *input, *range, *expected, *output; /* MOST elements each */
    struct call call;
    size_t count;
    int number;
};

static struct job jobs[THREADS];
static pthread_barrier_t all_ready, all_failed;

static unsigned char *elements(const struct kind *kind)
{
    unsigned char *array = calloc(MOST, kind->size);
    if (array == NULL) {
        abort();
    }
    return array;
}

static void fill(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        const double step = (double)((i * 37 + (size_t)job->number) % 255) - 127;
        put(job->kind, job->gradients, i, step);
        put(job->kind, job->input, i, step / 32);
    }
    /* One array serves as both ends: an empty interval is a range. */
    for (size_t i = 0; i < MOST; i++) {
        put(job->kind, job->range, i, 1.5);
    }
}

/* No two of the jobs are alike. */
static void make_job(struct job *job, int number)
{
    job->number = number;
    job->kind = &kinds[number % KINDS];
    job->direction = number / KINDS % 2 == 0 ? FORWARD : GRADIENT;
    job->shape[0] = 1 + number % 3;
    job->shape[1] = 7 + number;
    job->shape[2] = number % 5 == 0 ? 250 : 10;
    job->count = (size_t)(job->shape[0] * job->shape[1] * job->shape[2]);

    job->attrs = (qdq_attrs)QDQ_ATTRS_INIT;
    job->attrs.axis = number % 4 - 1;
    job->attrs.num_bits = 2 + number % 15;
    job->attrs.range_given = number % 7 < 2;
    job->attrs.round_mode = number % 2;
    /* The calling thread, or the library's pool, which all share. */
    job->executor = (qdq_executor)QDQ_EXECUTOR_INIT;
    job->executor.num_threads = number % 3;

    job->gradients = elements(job->kind);
    job->input = elements(job->kind);
    job->range = elements(job->kind);
    job->expected = elements(job->kind);
    job->output = elements(job->kind);
    fill(job);

    job->call = (struct call){
        .gradients = job->gradients,
        .input = job->input,
        .shape = job->shape,
        .rank = 3,
        .attrs = &job->attrs,
        .output = job->expected,
    };
    if (job->attrs.range_given) {
        job->call.input_min = job->call.input_max = job->range;
        job->call.range_len = job->attrs.axis == -1 ? 1 : (size_t)job->shape[job->attrs.axis];
    }
}

static void free_job(struct job *job)
{
    free(job->gradients);
    free(job->input);
    free(job->range);
    free(job->expected);
    free(job->output);
}

static void check_results(struct job *job)
{
    const size_t bytes = job->count * job->kind->size;
    for (int round = 0; round < ROUNDS; round++) {
        memset(job->output, 0xa5, bytes);
        CHECK_INT(run(job->kind, job->direction, &job->call), QDQ_STATUS_OK);
        CHECK_BYTES(job->output, job->expected, bytes);
    }
}

/* Every thread fails in its own way and asks why before any of them reads the answer. */
static void check_last_error(struct job *job)
{
    char expected[32];
    CHECK_STRING(qdq_last_error(), "");
    job->attrs.num_bits = 1000 + job->number;
    CHECK_INT(run(job->kind, job->direction, &job->call), QDQ_STATUS_INVALID_ATTRIBUTE);
    const char *words = qdq_last_error();
    pthread_barrier_wait(&all_failed);
    snprintf(expected, sizeof expected, "num_bits is %d;", 1000 + job->number);
    CHECK_CONTAINS(words, expected);
}

static void *thread(void *data)
{
    struct job *job = data;
    check_about("thread %d, %s %s", job->number, job->kind->name, direction_name(job->direction));
    pthread_barrier_wait(&all_ready);
    check_results(job);
    check_last_error(job);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&all_ready, NULL, THREADS);
    pthread_barrier_init(&all_failed, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        make_job(&jobs[i], i);
        CHECK_INT(run(jobs[i].kind, jobs[i].direction, &jobs[i].call), QDQ_STATUS_OK);
        jobs[i].call.output = jobs[i].output;
        jobs[i].call.executor = &jobs[i].executor;
    }
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, thread, &jobs[i]) != 0) {
            abort(); /* the others would wait for it for ever */
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        free_job(&jobs[i]);
    }
    return check_finish();
}
