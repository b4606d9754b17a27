/*
 * Floating-point environments that a caller may have.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

struct environment {
    int rounding; /* a FE_ constant */
    int flush;    /* flush to zero, and denormals are zero */
    int unmasked; /* every exception traps */
    int sticky;   /* every flag is raised */
};

/* What a call must leave as it was. */
struct environment_state {
    unsigned sse; /* modes, masks and sticky flags, all of MXCSR */
    unsigned x87; /* the control word */
    int rounding, unmasked, sticky;
};

/* Enters an environment from the default one, and returns to that. */
void environment_enter(const struct environment *environment);
void environment_leave(void);

struct environment_state environment_state(void);
int environment_states_are_equal(const struct environment_state *a, const struct environment_state *b);

#endif
