/*
 * What a call takes of the stack: less than 128 KB, on the calling thread and on those of a host. Each one runs on a
 * stack of that size with a page below it that nobody may touch, and what it wrote of it is measured.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_STACK */

#include "../check.h"
#include "requests.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK = 128 << 10, PAGE = 64 << 10 };

static const unsigned char UNUSED = 0x5a;

/* A stack, and what runs on it. */
struct stack {
    unsigned char *lowest;
    ucontext_t outside, inside;
    void (*work)(void *data);
    void *data;
    size_t deepest;
    char of[256];
};

/* Of the calls themselves, and of tasks on a host's threads. */
static struct stack calls, tasks;

static void make_stack(struct stack *stack)
{
    unsigned char *memory = mmap(NULL, PAGE + STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + PAGE, STACK, PROT_READ | PROT_WRITE) != 0) {
        abort();
    }
    stack->lowest = memory + PAGE;
}

static void enter(unsigned high, unsigned low)
{
    struct stack *stack = (struct stack *)((uintptr_t)high << 16 << 16 | low);
    stack->work(stack->data);
}

/* Runs work on the stack, as a thread of its own would; how much of it was written. */
static size_t run_on(struct stack *stack, void (*work)(void *data), void *data)
{
    size_t untouched = 0;
    memset(stack->lowest, UNUSED, STACK);
    stack->work = work;
    stack->data = data;
    getcontext(&stack->inside);
    stack->inside.uc_stack = (stack_t){.ss_sp = stack->lowest, .ss_size = STACK};
    stack->inside.uc_link = &stack->outside;
    makecontext(&stack->inside, (void (*)(void))enter, 2, (unsigned)((uintptr_t)stack >> 16 >> 16),
                (unsigned)(uintptr_t)stack);
    swapcontext(&stack->outside, &stack->inside);
    while (untouched < STACK && stack->lowest[untouched] == UNUSED) {
        untouched++;
    }
    return STACK - untouched;
}

static void note(struct stack *stack, size_t depth, const struct request *request)
{
    if (depth > stack->deepest) {
        stack->deepest = depth;
        snprintf(stack->of, sizeof stack->of, "%s, %s", request->name, request->kind->name);
    }
}

/* A fault says what was called, on the stack that is left for it, then is what it is: the end. */
static const struct request *current;

static void report_fault(int number)
{
    const char *words = "more stack than 128 KB: ";
    if (write(STDERR_FILENO, words, strlen(words)) < 0 || write(STDERR_FILENO, current->name, strlen(current->name)) < 0
        || write(STDERR_FILENO, "\n", 1) < 0) {
        _exit(EXIT_FAILURE);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void watch_for_faults(void)
{
    static unsigned char room[64 << 10];
    const stack_t other = {.ss_sp = room, .ss_size = sizeof room};
    struct sigaction action = {.sa_handler = report_fault, .sa_flags = SA_ONSTACK};
    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* A call on the calling thread */

struct making {
    const struct request *request;
    qdq_status status;
};

static void make(void *data)
{
    struct making *making = data;
    making->status = making->request->run(making->request);
}

static void make_on_small_stack(const struct request *request, void *unused)
{
    struct making making = {.request = request};
    (void)unused;
    current = request;
    note(&calls, run_on(&calls, make, &making), request);
    CHECK_INT(making.status, request->expected);
}

/* A host whose tasks have a small stack each; the call itself has the program's */

struct task_to_run {
    qdq_task task;
    void *task_data;
    size_t index;
};

static void run_task(void *data)
{
    const struct task_to_run *t = data;
    t->task(t->task_data, t->index);
}

static int32_t on_small_stacks(void *host, size_t task_count, qdq_task task, void *task_data)
{
    size_t *tasks_run = host;
    for (size_t i = 0; i < task_count; i++) {
        struct task_to_run t = {task, task_data, i};
        note(&tasks, run_on(&tasks, run_task, &t), current);
    }
    *tasks_run += task_count;
    return 0;
}

static void make_with_tasks_on_small_stacks(const struct request *request, void *unused)
{
    current = request;
    make_request(request, unused);
}

int main(void)
{
    size_t tasks_run = 0;
    const qdq_executor host = {sizeof host, 4, 0, on_small_stacks, &tasks_run};
    /* Its tasks run where it is called: on the stack of the call. */
    qdq_executor pool = QDQ_EXECUTOR_INIT;
    make_stack(&calls);
    make_stack(&tasks);
    watch_for_faults();
    for_each_request(NULL, make_on_small_stack, NULL);
    for_each_request(&pool, make_on_small_stack, NULL);
    for_each_request(&host, make_with_tasks_on_small_stacks, NULL);
    CHECK(tasks_run > 0);
    CHECK(calls.deepest < STACK && tasks.deepest < STACK);
    printf("deepest call: %zu bytes (%s)\ndeepest task: %zu bytes (%s)\n", calls.deepest, calls.of, tasks.deepest,
           tasks.of);
    return check_finish();
}
