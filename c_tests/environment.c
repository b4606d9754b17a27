/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE /* feenableexcept */

#include "environment.h"

#include <fenv.h>

#if defined(__x86_64__)
#include <immintrin.h>
enum { FLUSH_AND_DAZ = 0x8040, STICKY_FLAGS = 0x3f }; /* of MXCSR */
#endif

void environment_enter(const struct environment *environment)
{
    fesetround(environment->rounding);
#if defined(__x86_64__)
    /* Not feraiseexcept: it raises some in the x87 unit too, which traps on them once they are unmasked. */
    _mm_setcsr(_mm_getcsr() | (environment->flush ? FLUSH_AND_DAZ : 0) | (environment->sticky ? STICKY_FLAGS : 0));
#else
    if (environment->sticky) {
        feraiseexcept(FE_ALL_EXCEPT);
    }
#endif
    if (environment->unmasked) {
        feenableexcept(FE_ALL_EXCEPT);
    }
}

void environment_leave(void)
{
    fesetenv(FE_DFL_ENV);
}

struct environment_state environment_state(void)
{
    struct environment_state state = {
        .rounding = fegetround(),
        .unmasked = fegetexcept(),
        .sticky = fetestexcept(FE_ALL_EXCEPT),
    };
#if defined(__x86_64__)
    unsigned short control;
    __asm__ volatile("fnstcw %0" : "=m"(control));
    state.x87 = control;
    state.sse = _mm_getcsr();
#endif
    return state;
}

int environment_states_are_equal(const struct environment_state *a, const struct environment_state *b)
{
    return a->sse == b->sse && a->x87 == b->x87 && a->rounding == b->rounding && a->unmasked == b->unmasked
           && a->sticky == b->sticky;
}
