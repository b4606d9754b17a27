/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE

#include "process.h"

#include "../check.h"

#include <dirent.h>
#include <inttypes.h>
#include <locale.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIGNALS = 65 }; /* 1 to 64 */

struct process {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
    stack_t stack;
    mode_t permissions;
    int descriptors;
    char directory[PATH_MAX];
    char locale[256];
};

static int entries(const char *directory)
{
    int count = 0;
    DIR *list = opendir(directory);
    if (list == NULL) {
        abort();
    }
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(list);
    return count;
}

int threads_of_process(void)
{
    return entries("/proc/self/task");
}

int descriptors_of_process(void)
{
    return entries("/proc/self/fd");
}

size_t resident_bytes(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*s %zu", &pages) != 1) {
        abort();
    }
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

struct process *process_now(void)
{
    struct process *p = calloc(1, sizeof *p);
    if (p == NULL) {
        abort();
    }
    for (int number = 1; number < SIGNALS; number++) {
        sigaction(number, NULL, &p->actions[number]); /* those that the C library keeps for itself stay 0 */
    }
    pthread_sigmask(SIG_SETMASK, NULL, &p->mask);
    sigaltstack(NULL, &p->stack);
    p->permissions = umask(0);
    umask(p->permissions);
    p->descriptors = descriptors_of_process();
    CHECK(getcwd(p->directory, sizeof p->directory) != NULL);
    snprintf(p->locale, sizeof p->locale, "%s", setlocale(LC_ALL, NULL));
    return p;
}

void process_free(struct process *process)
{
    free(process);
}

void check_process_is(const struct process *before)
{
    struct process *now = process_now();
    for (int number = 1; number < SIGNALS; number++) {
        CHECK(now->actions[number].sa_handler == before->actions[number].sa_handler);
        CHECK_INT(now->actions[number].sa_flags, before->actions[number].sa_flags);
        CHECK_INT(sigismember(&now->mask, number), sigismember(&before->mask, number));
    }
    CHECK(now->stack.ss_sp == before->stack.ss_sp && now->stack.ss_flags == before->stack.ss_flags);
    CHECK_INT(now->permissions, before->permissions);
    CHECK_INT(now->descriptors, before->descriptors);
    CHECK_STRING(now->directory, before->directory);
    CHECK_STRING(now->locale, before->locale);
    process_free(now);
}

/* The mask of blocked signals of a thread, bit i that of signal i + 1. */
static uint64_t blocked_by(const char *thread)
{
    char path[PATH_MAX], line[256];
    uint64_t blocked = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        abort();
    }
    while (fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "SigBlk: %" SCNx64, &blocked);
    }
    fclose(file);
    return blocked;
}

void check_other_threads_block_signals(void)
{
    static const int sent[] = {SIGHUP, SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGUSR2, SIGPROF, SIGWINCH};
    DIR *list = opendir("/proc/self/task");
    if (list == NULL) {
        abort();
    }
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == gettid()) {
            continue;
        }
        const uint64_t blocked = blocked_by(entry->d_name);
        for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
            CHECK(blocked >> (sent[i] - 1) & 1);
        }
    }
    closedir(list);
}
