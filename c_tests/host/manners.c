/*
 * A guest in the process: whatever is asked of the library, no signal handler, mask, open file or other state of the
 * process changes, nothing is printed, no thread is there before an executor asks for one, and of the environment no
 * variable is read but QDQ_ISA.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _GNU_SOURCE

#include "../check.h"
#include "../memory.h"
#include "process.h"
#include "requests.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The environment: asked for by name it is noted what for, looked at directly it is a fault */

static atomic_int times_asked;

static char *answer(const char *name)
{
    static char isa[32];
    atomic_fetch_add(&times_asked, 1);
    CHECK_STRING(name, "QDQ_ISA");
    return strcmp(name, "QDQ_ISA") == 0 ? isa : NULL;
}

/* In the C library's place, for the shared library too. */
char *getenv(const char *name)
{
    return answer(name);
}

char *secure_getenv(const char *name)
{
    return answer(name);
}

static void take_the_environment_away(void)
{
    void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (nothing == MAP_FAILED) {
        abort();
    }
    for (size_t i = 0; environ[i] != NULL; i++) {
        if (strncmp(environ[i], "QDQ_ISA=", 8) == 0) {
            strncpy(answer("QDQ_ISA"), environ[i] + 8, 31);
        }
    }
    atomic_store(&times_asked, 0);
    environ = nothing;
}

/* Everything that a library can be asked, on the calling thread or otherwise */

static int cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void ask_everything(const qdq_executor *executor)
{
    struct process *before = process_now();
    for_each_request(executor, make_request, NULL);
    check_process_is(before);
    process_free(before);
}

static void without_an_executor(const void *unused)
{
    (void)unused;
    take_the_environment_away();
    ask_everything(NULL);
    CHECK_INT(threads_of_process(), 1);
    CHECK_INT(times_asked, 1);
}

static void with_one_thread(const void *unused)
{
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    (void)unused;
    executor.num_threads = 1;
    take_the_environment_away();
    ask_everything(&executor);
    CHECK_INT(threads_of_process(), 1);
}

static int32_t one_by_one(void *host, size_t task_count, qdq_task task, void *task_data)
{
    (void)host;
    for (size_t i = 0; i < task_count; i++) {
        task(task_data, i);
    }
    return 0;
}

static void with_a_host(const void *unused)
{
    const qdq_executor executor = {sizeof executor, 4, 0, one_by_one, NULL};
    (void)unused;
    take_the_environment_away();
    ask_everything(&executor);
    CHECK_INT(threads_of_process(), 1);
}

/* As many threads as there are cores at the most, the calling one included, however many are asked for. */
static void with_the_pool(const void *unused)
{
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    (void)unused;
    executor.num_threads = 1000;
    take_the_environment_away();
    ask_everything(&executor);
    const int threads = threads_of_process();
    CHECK(threads <= cores());
    CHECK(threads > 1 || cores() == 1);
    check_other_threads_block_signals();
    ask_everything(NULL);
    CHECK_INT(threads_of_process(), threads);
}

int main(void)
{
    run_in_child(without_an_executor, NULL);
    run_in_child(with_one_thread, NULL);
    run_in_child(with_a_host, NULL);
    run_in_child(with_the_pool, NULL);
    return check_finish();
}
