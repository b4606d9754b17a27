/*
 * A row made ready: its tensors, filled, and the library's call on them. The memory is what a program gets from
 * malloc, touched once. Elements are near a normal distribution, a given range holds nearly all of them.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef WORK_H
#define WORK_H

#include "limits.h"
#include "measure.h"
#include "rows.h"

struct work;

struct work *work_open(const struct row *row);
void work_close(struct work *work);

/* The library's call. */
struct contestant work_contestant(struct work *work);

/* The same memory, for a limit. */
struct memory work_memory(const struct work *work);

/* An empty function of the arguments of the library's call, where that is a typed function. */
struct contestant work_empty_call(struct work *work);

#endif
