/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "limits.h"

#include "crew.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* How far ahead of its loads a loop prefetches. */
enum { AHEAD = 2048 };

/* The loops, for each instruction set that the machine may have. */

#ifdef __x86_64__
#include <immintrin.h>

#define FENCE() _mm_sfence()

#define ISA sse2
#define TARGET
#define VECTOR __m128i
#define LOAD(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define STORE(p, v) _mm_storeu_si128((__m128i *)(void *)(p), v)
#define STREAM(p, v) _mm_stream_si128((__m128i *)(void *)(p), v)
#define MAX(a, b) _mm_max_epi16(a, b)
#include "loops.h"

#define ISA avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR __m256i
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define STREAM(p, v) _mm256_stream_si256((__m256i *)(void *)(p), v)
#define MAX(a, b) _mm256_max_epi32(a, b)
#include "loops.h"

#define ISA avx512
#define TARGET __attribute__((target("avx512f")))
#define VECTOR __m512i
#define LOAD(p) _mm512_loadu_si512((const void *)(p))
#define STORE(p, v) _mm512_storeu_si512((void *)(p), v)
#define STREAM(p, v) _mm512_stream_si512((__m512i *)(void *)(p), v)
#define MAX(a, b) _mm512_max_epi32(a, b)
#include "loops.h"

static bool has_sse2(void)
{
    return true;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

#define EACH_ISA(list, loop) list(sse2, loop) list(avx2, loop) list(avx512, loop)

#else

/* What the compiler makes of vectors of 16 bytes. It has no streaming stores: those variants store plainly. */
typedef uint32_t vec16 __attribute__((vector_size(16), aligned(1), may_alias));

#define FENCE() ((void)0)

#define ISA vec16
#define TARGET
#define VECTOR vec16
#define LOAD(p) (*(const vec16 *)(const void *)(p))
#define STORE(p, v) (*(vec16 *)(void *)(p) = (v))
#define STREAM(p, v) STORE(p, v)
#define MAX(a, b) ((a) | (b))
#include "loops.h"

static bool has_vec16(void)
{
    return true;
}

#define EACH_ISA(list, loop) list(vec16, loop)

#endif

/* Their variants, in lists that end with a NULL name. */

struct candidate {
    struct variant variant;
    bool (*is_available)(void);
};

#define CANDIDATE(isa, loop, way, words) {{#isa words, isa##_##loop##_##way}, has_##isa},
#define PLAIN(isa, loop) CANDIDATE(isa, loop, plain, "") CANDIDATE(isa, loop, plain_ahead, " prefetch")
#define STREAMING(isa, loop)                                                                                         \
    CANDIDATE(isa, loop, stream, " stream") CANDIDATE(isa, loop, stream_ahead, " stream prefetch")

static bool always(void)
{
    return true;
}

static void copy_memcpy(const struct memory *m)
{
    memcpy(m->output, m->input, m->bytes);
}

static const struct candidate MEMCPY_LIST[] = {{{"memcpy", copy_memcpy}, always}, {{NULL, NULL}, NULL}};
static const struct candidate COPY_LIST[] = {
    {{"memcpy", copy_memcpy}, always}, EACH_ISA(STREAMING, copy){{NULL, NULL}, NULL}};
static const struct candidate READ_LIST[] = {EACH_ISA(PLAIN, read){{NULL, NULL}, NULL}};
static const struct candidate MERGE_LIST[] = {
    EACH_ISA(PLAIN, merge) EACH_ISA(STREAMING, merge){{NULL, NULL}, NULL}};
static const struct candidate NARROW_LIST[] = {
    EACH_ISA(PLAIN, narrow) EACH_ISA(STREAMING, narrow){{NULL, NULL}, NULL}};
static const struct candidate WIDEN_LIST[] = {
    EACH_ISA(PLAIN, widen) EACH_ISA(STREAMING, widen){{NULL, NULL}, NULL}};

struct loop {
    const struct candidate *candidates;
    int input_share, output_share; /* the larger side's bytes, divided by its own */
};

static const struct loop COPY = {COPY_LIST, 1, 1};
static const struct loop MEMCPY = {MEMCPY_LIST, 1, 1};
static const struct loop READ = {READ_LIST, 1, 1};
static const struct loop MERGE = {MERGE_LIST, 1, 1};
static const struct loop NARROW = {NARROW_LIST, 1, 4};
static const struct loop WIDEN = {WIDEN_LIST, 4, 1};

/* The limits. */

static const struct {
    const char *name;
    double moved; /* bytes, for each of the larger side */
    const struct loop *loops[2];
} LIMITS[] = {
    [LIMIT_COPY] = {"copy", 2, {&COPY}},
    [LIMIT_MEMCPY] = {"memcpy", 2, {&MEMCPY}},
    [LIMIT_READ] = {"read", 1, {&READ}},
    [LIMIT_READ_COPY] = {"read + copy", 3, {&READ, &COPY}},
    [LIMIT_MERGE] = {"2 reads, 1 write", 3, {&MERGE}},
    [LIMIT_NARROW] = {"read 4, write 1", 1.25, {&NARROW}},
    [LIMIT_WIDEN] = {"read 1, write 4", 1.25, {&WIDEN}},
    [LIMIT_CALL] = {"empty call", 0, {NULL}},
};

const char *limit_name(enum limit limit)
{
    return LIMITS[limit].name;
}

double limit_bytes(enum limit limit, size_t bytes)
{
    return LIMITS[limit].moved * (double)bytes;
}

/* Running one, on its threads. */

struct shared_run {
    const struct memory *memory;
    const struct loop *loop;
    const struct variant *variant;
};

/* Where a thread's part begins: whole pages, so that streaming stores stay aligned. */
static size_t part_start(const struct memory *memory, int part)
{
    const size_t pages = memory->bytes / 4096;
    return part == memory->threads ? memory->bytes : pages * (size_t)part / (size_t)memory->threads * 4096;
}

static void run_part(void *data, int part)
{
    const struct shared_run *run = data;
    const struct memory *all = run->memory;
    const size_t start = part_start(all, part);
    struct memory own = *all;
    own.input += start / (size_t)run->loop->input_share;
    own.output += start / (size_t)run->loop->output_share;
    own.second_input += own.second_input != NULL ? start : 0;
    own.bytes = part_start(all, part + 1) - start;
    run->variant->run(&own);
}

static void run_loop(const struct memory *memory, const struct loop *loop, const struct variant *variant)
{
    if (memory->threads == 1) {
        variant->run(memory);
        return;
    }
    struct shared_run run = {memory, loop, variant};
    crew_run(run_part, &run);
}

static void call_loops(void *data)
{
    const struct chosen_limit *chosen = data;
    for (int i = 0; i < chosen->count; i++) {
        run_loop(&chosen->memory, chosen->loops[i], chosen->variants[i]);
    }
}

struct contestant limit_contestant(struct chosen_limit *chosen)
{
    return (struct contestant){.call = call_loops, .data = chosen, .crew = chosen->memory.threads};
}

/* Choosing. */

/* The index of the contestant with the fastest sample: whatever else the machine does only adds to a time. */
static int fastest_of(struct contestant *contestants, int count, int rounds)
{
    struct samples samples;
    measure(contestants, count, rounds, &samples);
    int fastest = 0;
    for (int i = 1; i < count; i++) {
        fastest = least_seconds(&samples, i) < least_seconds(&samples, fastest) ? i : fastest;
    }
    return fastest;
}

static const struct variant *fastest_variant(const struct memory *memory, const struct loop *loop, int rounds)
{
    struct chosen_limit choices[MOST_CONTESTANTS];
    struct contestant contestants[MOST_CONTESTANTS];
    int count = 0;
    for (const struct candidate *c = loop->candidates; c->variant.name != NULL; c++) {
        if (c->is_available()) {
            choices[count] = (struct chosen_limit){*memory, 1, {loop}, {&c->variant}};
            contestants[count] = limit_contestant(&choices[count]);
            count++;
        }
    }
    return choices[count == 1 ? 0 : fastest_of(contestants, count, rounds)].variants[0];
}

struct chosen_limit limit_choose(enum limit limit, const struct memory *memory, int rounds)
{
    struct chosen_limit chosen = {.memory = *memory};
    for (int i = 0; i < 2 && LIMITS[limit].loops[i] != NULL; i++) {
        chosen.loops[i] = LIMITS[limit].loops[i];
        chosen.variants[i] = fastest_variant(memory, chosen.loops[i], rounds);
        chosen.count++;
    }
    return chosen;
}
