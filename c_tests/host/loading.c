/*
 * loading LIBRARY EMPTY: to load the library does nothing. No thread starts, no file is opened, no variable of the
 * environment is read, no signal handler set, nothing printed, and no more memory is taken than for EMPTY, a shared
 * library without a line of code that needs the same others.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _GNU_SOURCE

#include "../check.h"
#include "../memory.h"
#include "process.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In the C library's place, for constructors too: whatever they ask for is noted */

static int is_watched;

static void note(const char *what, const char *of)
{
    if (is_watched) {
        fprintf(stderr, "%s %s\n", what, of);
    }
}

char *getenv(const char *name)
{
    note("getenv", name);
    return NULL;
}

char *secure_getenv(const char *name)
{
    note("secure_getenv", name);
    return NULL;
}

int open(const char *path, int flags, ...)
{
    (void)flags;
    note("open", path);
    errno = ENOENT;
    return -1;
}

int open64(const char *path, int flags, ...)
{
    (void)flags;
    note("open64", path);
    errno = ENOENT;
    return -1;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *data)
{
    (void)thread, (void)attributes, (void)start, (void)data;
    note("pthread_create", "");
    return EAGAIN;
}

/* What loading takes */

struct loading {
    const char *path;
    struct cost {
        int allocations, blocks, threads, is_loaded;
    } *cost; /* shared with the child */
};

static void load(const void *data)
{
    const struct loading *loading = data;
    struct process *before = process_now();
    const int allocations = allocations_asked(), blocks = blocks_held();
    is_watched = 1;
    loading->cost->is_loaded = dlopen(loading->path, RTLD_NOW | RTLD_LOCAL) != NULL;
    is_watched = 0;
    loading->cost->allocations = allocations_asked() - allocations;
    loading->cost->blocks = blocks_held() - blocks;
    loading->cost->threads = threads_of_process();
    check_process_is(before);
    process_free(before);
}

static struct cost cost_of(const char *path)
{
    struct loading loading = {path, shared_memory(sizeof *loading.cost)};
    check_about("%s", path);
    run_in_child(load, &loading);
    CHECK(loading.cost->is_loaded);
    return *loading.cost;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: loading LIBRARY EMPTY\n");
        return EXIT_FAILURE;
    }
    const struct cost empty = cost_of(arguments[2]), cost = cost_of(arguments[1]);
    CHECK_INT(cost.threads, 1);
    CHECK_INT(cost.allocations, empty.allocations);
    CHECK_INT(cost.blocks, empty.blocks);
    return check_finish();
}
