/*
 * The process's memory, watched: malloc and its like are replaced, for the shared library too, to count allocations
 * and to refuse them; and child processes, in which a call is the first one and may do its worst.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { NEVER = -1 };

/* How many allocations were asked for so far, and how many blocks are held now. */
int allocations_asked(void);
int blocks_held(void);

/* From now on so many allocations succeed before all fail (NEVER: none fails). */
void allow_allocations(int count);

/* Zeroed memory that child processes share. */
void *shared_memory(size_t size);

/* Runs work in a child process; it must end in good order and print nothing. What is checked there prints when it fails. */
void run_in_child(void (*work)(const void *data), const void *data);

#ifdef __cplusplus
}
#endif

#endif
