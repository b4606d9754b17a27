/*
 * Everything that can be asked of the library, in all its variants: for tests of what a call does to the process rather
 * than of its result.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "../views.h"

/* One call; what it should answer. */
struct request {
    const char *name;
    const struct kind *kind;
    qdq_status expected;
    qdq_status (*run)(const struct request *request);
    enum direction direction; /* of a typed function */
    struct call typed;
    const struct function *function; /* one on views */
    struct views_call views;
};

/*
 * Visits every function on every element type, and of those that take one every layout, axis, type of codes, rounding,
 * arithmetic and kind of range; then the ways to fail that take the most. Tensors are large enough for several tasks
 * of an executor, and live until the next visit.
 */
void for_each_request(const qdq_executor *executor, void (*visit)(const struct request *request, void *data),
                      void *data);

/* Makes the request and checks the answer. */
void make_request(const struct request *request, void *unused);

#endif
