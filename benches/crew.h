/*
 * Threads for the limits. Awake, they spin on a counter, so that handing them work costs less than any pool that
 * sleeps; at rest they leave the cores to whoever is measured next.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef CREW_H
#define CREW_H

/* Starts what is missing of `threads`, the caller being one, and returns when all spin. */
void crew_wake(int threads);

/* Returns when none spins. */
void crew_rest(void);

/* On a crew that is awake: work(data, part) for each part, one on each thread; the caller has part 0. */
void crew_run(void (*work)(void *data, int part), void *data);

#endif
