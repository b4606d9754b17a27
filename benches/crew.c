/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE

#include "crew.h"

#include "fail.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

enum { MOST = 256 };

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;

static int started = 1;       /* threads that exist */
static atomic_int wanted;     /* those that shall spin, the caller counted; less than 2: all rest */
static atomic_int spinning;   /* those that do, the caller not counted */
static atomic_uint turn;      /* how much work there has been */
static atomic_int finished;   /* those that are done with the last of it */
static cpu_set_t usual_cores; /* the caller's, when it is not at work */
static void (*current_work)(void *data, int part);
static void *current_data;

static void relax(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

/* As long as another pool's threads may go on spinning after their work. */
static void let_others_fall_asleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Two threads that spin on the same core would take turns of milliseconds: each gets a core of its own, while there
   are. */
static void move_to_own_core(int part)
{
    cpu_set_t own;
    int left = part % CPU_COUNT(&usual_cores), core = 0;
    while (!CPU_ISSET(core, &usual_cores) || left-- > 0) {
        core++;
    }
    CPU_ZERO(&own);
    CPU_SET(core, &own);
    pthread_setaffinity_np(pthread_self(), sizeof own, &own);
}

static void sleep_until_wanted(int part)
{
    pthread_mutex_lock(&door);
    while (part >= atomic_load(&wanted)) {
        pthread_cond_wait(&opened, &door);
    }
    pthread_mutex_unlock(&door);
}

/* Does what there is to do until all rest. */
static void serve(int part)
{
    unsigned seen = atomic_load(&turn);
    atomic_fetch_add(&spinning, 1);
    while (part < atomic_load_explicit(&wanted, memory_order_relaxed)) {
        if (atomic_load_explicit(&turn, memory_order_acquire) != seen) {
            seen++;
            current_work(current_data, part);
            atomic_fetch_add_explicit(&finished, 1, memory_order_release);
        }
        relax();
    }
    atomic_fetch_sub(&spinning, 1);
}

static void *live(void *part)
{
    move_to_own_core((int)(intptr_t)part);
    for (;;) {
        sleep_until_wanted((int)(intptr_t)part);
        serve((int)(intptr_t)part);
    }
    return NULL;
}

static void start_until(int threads)
{
    for (; started < threads; started++) {
        pthread_t thread;
        if (started >= MOST || pthread_create(&thread, NULL, live, (void *)(intptr_t)started) != 0) {
            fail("cannot start %d threads", threads);
        }
        pthread_detach(thread);
    }
}

static void want(int threads)
{
    pthread_mutex_lock(&door);
    atomic_store(&wanted, threads);
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&door);
    while (atomic_load(&spinning) != (threads > 1 ? threads - 1 : 0)) {
        relax();
    }
}

void crew_wake(int threads)
{
    let_others_fall_asleep();
    pthread_getaffinity_np(pthread_self(), sizeof usual_cores, &usual_cores);
    move_to_own_core(0);
    start_until(threads);
    want(threads);
}

void crew_rest(void)
{
    want(0);
    pthread_setaffinity_np(pthread_self(), sizeof usual_cores, &usual_cores);
}

void crew_run(void (*work)(void *data, int part), void *data)
{
    current_work = work;
    current_data = data;
    atomic_store_explicit(&finished, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&turn, 1, memory_order_release);
    work(data, 0);
    while (atomic_load_explicit(&finished, memory_order_acquire) != atomic_load(&wanted) - 1) {
        relax();
    }
}
