/*
 * What a process has that a library could disturb.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stddef.h>

struct process;

/* The process as it is, to be compared with what it is later, and freed. */
struct process *process_now(void);
void process_free(struct process *process);

/* The same signal handlers, mask and stack, open files, working directory, permissions of new files and locale. */
void check_process_is(const struct process *before);

int threads_of_process(void);
int descriptors_of_process(void);
size_t resident_bytes(void);

/* Whether every thread but the calling one blocks the signals that are sent to the process. */
void check_other_threads_block_signals(void);

#endif
