/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE

#include "memory.h"

#include "check.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The C library's own, under names that cannot be replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static atomic_int asked;
static atomic_int held;
static atomic_int left = NEVER; /* how many succeed before all fail */

/* Counts an allocation; whether it may succeed. */
static int allow(void)
{
    atomic_fetch_add(&asked, 1);
    int before = atomic_load(&left);
    while (before > 0 && !atomic_compare_exchange_weak(&left, &before, before - 1)) {
    }
    if (before == 0) {
        errno = ENOMEM;
    }
    return before != 0;
}

static void *counted(void *block)
{
    atomic_fetch_add(&held, block != NULL);
    return block;
}

void *malloc(size_t size)
{
    return allow() ? counted(__libc_malloc(size)) : NULL;
}

void *calloc(size_t count, size_t size)
{
    return allow() ? counted(__libc_calloc(count, size)) : NULL;
}

void *realloc(void *block, size_t size)
{
    if (!allow()) {
        return NULL;
    }
    return block != NULL ? __libc_realloc(block, size) : counted(__libc_realloc(block, size));
}

void *memalign(size_t alignment, size_t size)
{
    return allow() ? counted(__libc_memalign(alignment, size)) : NULL;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    *block = memalign(alignment, size);
    return *block != NULL ? 0 : ENOMEM;
}

void free(void *block)
{
    atomic_fetch_sub(&held, block != NULL);
    __libc_free(block);
}

int allocations_asked(void)
{
    return atomic_load(&asked);
}

int blocks_held(void)
{
    return atomic_load(&held);
}

void allow_allocations(int count)
{
    atomic_store(&left, count);
}

void *shared_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        abort();
    }
    return memory;
}

void run_in_child(void (*work)(const void *data), const void *data)
{
    int ends[2], exit_status;
    char said[1024] = "", unheard[1024];
    size_t length = 0;
    ssize_t more;
    if (pipe(ends) != 0) {
        abort();
    }
    const pid_t process = fork();
    if (process == 0) {
        dup2(ends[1], STDERR_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        work(data);
        _exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    while ((more = read(ends[0], said + length, sizeof said - 1 - length)) > 0) {
        length += (size_t)more;
    }
    /* However much more it has to say, it does not wait for someone to listen. */
    while (read(ends[0], unheard, sizeof unheard) > 0) {
    }
    close(ends[0]);
    CHECK(waitpid(process, &exit_status, 0) == process);
    CHECK_INT(exit_status, 0);
    CHECK_STRING(said, "");
}
