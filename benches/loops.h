/*
 * The bodies of the limits' loops, for one vector width. limits.c includes this file once for each instruction set,
 * with these defined:
 *
 *     ISA         what the names of the functions begin with
 *     TARGET      the function attribute that allows its instructions
 *     VECTOR      the type of a vector
 *     LOAD(p), STORE(p, v), STREAM(p, v)   unaligned, unaligned, aligned and past the caches
 *     MAX(a, b)   of any integers: it only has to need both
 *
 * A step is four vectors. What does not fill a step at the end, fewer than 256 bytes, is left out: a limit may only err
 * by being too fast. A copy leaves out what lies before the output's first multiple of 64, too; the other loops are
 * given outputs that begin with one.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */

#define INLINE static inline __attribute__((always_inline)) TARGET
#define WIDTH sizeof(VECTOR)
#define STEP (4 * WIDTH)
#define PASTE(a, b) a##_##b
#define NAMED(a, b) PASTE(a, b)
#define FN(name) NAMED(ISA, name)

/* Asks for what a loop will read `ahead` bytes from here, 0 for not at all. */
INLINE void FN(prefetch)(const char *from, size_t ahead)
{
    for (size_t line = 0; ahead != 0 && line < STEP; line += 64) {
        __builtin_prefetch(from + ahead + line, 0, 3);
    }
}

INLINE void FN(put)(char *to, VECTOR value, int streaming)
{
    if (streaming) {
        STREAM(to, value);
    } else {
        STORE(to, value);
    }
}

INLINE VECTOR FN(max4)(const char *from)
{
    return MAX(MAX(LOAD(from), LOAD(from + WIDTH)), MAX(LOAD(from + 2 * WIDTH), LOAD(from + 3 * WIDTH)));
}

INLINE void FN(copy)(const struct memory *m, size_t ahead, int streaming)
{
    const size_t skipped = -(uintptr_t)m->output & 63;
    for (size_t i = skipped; i + STEP <= m->bytes; i += STEP) {
        FN(prefetch)(m->input + i, ahead);
        for (size_t j = i; j < i + STEP; j += WIDTH) {
            FN(put)(m->output + j, LOAD(m->input + j), streaming);
        }
    }
}

INLINE void FN(read)(const struct memory *m, size_t ahead, int streaming)
{
    (void)streaming;
    VECTOR most[4] = {LOAD(m->input), LOAD(m->input), LOAD(m->input), LOAD(m->input)};
    for (size_t i = 0; i + STEP <= m->bytes; i += STEP) {
        FN(prefetch)(m->input + i, ahead);
        for (size_t j = 0; j < 4; j++) {
            most[j] = MAX(most[j], LOAD(m->input + i + j * WIDTH));
        }
    }
    VECTOR result = MAX(MAX(most[0], most[1]), MAX(most[2], most[3]));
    /* Somebody might look at it. */
    __asm__ volatile("" : : "r"(&result) : "memory");
}

INLINE void FN(merge)(const struct memory *m, size_t ahead, int streaming)
{
    for (size_t i = 0; i + STEP <= m->bytes; i += STEP) {
        FN(prefetch)(m->input + i, ahead);
        FN(prefetch)(m->second_input + i, ahead);
        for (size_t j = i; j < i + STEP; j += WIDTH) {
            FN(put)(m->output + j, MAX(LOAD(m->input + j), LOAD(m->second_input + j)), streaming);
        }
    }
}

INLINE void FN(narrow)(const struct memory *m, size_t ahead, int streaming)
{
    for (size_t i = 0; i + STEP <= m->bytes; i += STEP) {
        FN(prefetch)(m->input + i, ahead);
        FN(put)(m->output + i / 4, FN(max4)(m->input + i), streaming);
    }
}

INLINE void FN(widen)(const struct memory *m, size_t ahead, int streaming)
{
    for (size_t i = 0; i + STEP <= m->bytes; i += STEP) {
        /* Every fourth time would do. */
        if (ahead != 0) {
            __builtin_prefetch(m->input + i / 4 + ahead, 0, 3);
        }
        const VECTOR value = LOAD(m->input + i / 4);
        for (size_t j = i; j < i + STEP; j += WIDTH) {
            FN(put)(m->output + j, value, streaming);
        }
    }
}

/* A name for each way to run a loop. */
#define WAY(loop, name, ahead, streaming)                                                                            \
    TARGET static void NAMED(FN(loop), name)(const struct memory *m)                                                 \
    {                                                                                                                \
        FN(loop)(m, ahead, streaming);                                                                               \
        FENCE();                                                                                                     \
    }
#define WAYS(loop)                                                                                                   \
    WAY(loop, plain, 0, 0)                                                                                           \
    WAY(loop, plain_ahead, AHEAD, 0)                                                                                 \
    WAY(loop, stream, 0, 1)                                                                                          \
    WAY(loop, stream_ahead, AHEAD, 1)

WAY(copy, stream, 0, 1)
WAY(copy, stream_ahead, AHEAD, 1)
WAY(read, plain, 0, 0)
WAY(read, plain_ahead, AHEAD, 0)
WAYS(merge)
WAYS(narrow)
WAYS(widen)

#undef ISA
#undef TARGET
#undef VECTOR
#undef LOAD
#undef STORE
#undef STREAM
#undef MAX
#undef INLINE
#undef WIDTH
#undef STEP
#undef PASTE
#undef NAMED
#undef FN
#undef WAY
#undef WAYS
