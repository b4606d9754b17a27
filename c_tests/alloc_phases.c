/*
 * What the functions on views and prepared quantizers allocate: nothing without an axis, nothing at all once a
 * quantizer is made; what a quantizer holds is freed with it; and where memory is short a call fails in good order.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "memory.h"
#include "views.h"

#include <stdlib.h>
#include <string.h>

/* More channels than a buffer on the stack would hold, and enough elements for several tasks. */
enum { MANY_ROWS = 6, MANY_CHANNELS = 24000, MANY = MANY_ROWS * MANY_CHANNELS, MEMORY = 2 * MANY * sizeof(double) };

/* In memory that is shared with the child processes. */
struct memory {
    unsigned char elements[ROLES][MEMORY];
};

struct outcome {
    qdq_status status;
    int allocations;
    int is_null; /* what was created */
};

static struct memory *memory;
static struct outcome *outcome;
static unsigned char untouched[MEMORY];

enum layout { DENSE, TRANSPOSED, SLICED, SCATTERED, LAYOUTS };
static const char *const layout_names[LAYOUTS] = {"dense", "transposed", "sliced", "scattered"};

struct scenario {
    const struct kind *kind;
    const struct function *function;
    enum layout layout; /* of the input, and of a sliced one's output */
    int32_t axis;
    int range_given;
    int has_executor;
    int is_hosted; /* a host's pool */
    int32_t num_threads;
    int warm_up;         /* how many calls before the one that counts */
    int allowed;         /* how many allocations succeed */
};

struct arguments {
    struct views_call call;
    qdq_tensor tensors[ROLES];
    qdq_attrs attrs;
    qdq_executor executor;
    qdq_quantizer *created;
    int64_t shape[2], strides[2], range_shape[1];
};

static int is_written(const struct scenario *s, int role)
{
    return (s->function->outputs & 1u << role) != 0;
}

/* Outputs as they are before a call, ranges that are updated included. */
static void fill_outputs(const struct scenario *s)
{
    for (int role = 0; role < ROLES; role++) {
        if (is_written(s, role)) {
            memcpy(memory->elements[role], untouched, 2 * MANY * s->kind->size);
        }
    }
    for (size_t i = 0; i < MANY_CHANNELS; i++) {
        put(s->kind, memory->elements[RANGE_MIN], i, -2);
        put(s->kind, memory->elements[RANGE_MAX], i, 2);
    }
}

static void fill(const struct scenario *s)
{
    for (size_t i = 0; i < 2 * MANY; i++) {
        put(s->kind, memory->elements[GRADIENTS], i, (double)(i % 5) - 2);
        if (s->function->codes & 1u << INPUT) {
            memory->elements[INPUT][i] = (unsigned char)i;
        } else {
            put(s->kind, memory->elements[INPUT], i, (double)(i % 9) - 4);
        }
    }
    fill_outputs(s);
}

/* Strides of an input, or of an output that is laid out likewise. */
static void set_layout(struct arguments *a, enum layout layout)
{
    static const int64_t strides[LAYOUTS][2] = {
        [DENSE] = {MANY_CHANNELS, 1},
        [TRANSPOSED] = {1, MANY_ROWS},
        [SLICED] = {2 * MANY_CHANNELS, 1},
        [SCATTERED] = {2 * MANY_CHANNELS, 2},
    };
    memcpy(a->strides, strides[layout], sizeof a->strides);
    a->tensors[INPUT].strides = a->strides;
    if (layout == SLICED) {
        a->tensors[OUTPUT].strides = a->strides;
    }
}

static int32_t one_by_one(void *host, size_t task_count, qdq_task task, void *task_data)
{
    (void)host;
    for (size_t i = 0; i < task_count; i++) {
        task(task_data, i);
    }
    return 0;
}

static void make_arguments(struct arguments *a, const struct scenario *s)
{
    memset(a, 0, sizeof *a);
    a->shape[0] = MANY_ROWS;
    a->shape[1] = MANY_CHANNELS;
    a->range_shape[0] = s->axis == -1 ? 1 : a->shape[s->axis];
    for (int role = 0; role < ROLES; role++) {
        const int is_range = (OF_RANGES & 1 << role) != 0;
        a->tensors[role] = (qdq_tensor){
            .data = memory->elements[role],
            .shape = is_range ? a->range_shape : a->shape,
            .rank = is_range ? 1 : 2,
            .dtype = s->function->codes & 1u << role ? QDQ_DTYPE_I8 : dtype_of(s->kind),
        };
        a->call.tensors[role] = s->function->names[role] != NULL ? &a->tensors[role] : NULL;
    }
    set_layout(a, s->layout);
    a->attrs = (qdq_attrs)QDQ_ATTRS_INIT;
    a->attrs.axis = s->axis;
    a->attrs.range_given = s->range_given;
    a->executor = (qdq_executor)QDQ_EXECUTOR_INIT;
    a->executor.num_threads = s->num_threads;
    a->executor.parallel_for = s->is_hosted ? one_by_one : NULL;
    a->call.attrs = &a->attrs;
    a->call.executor = s->has_executor ? &a->executor : NULL;
    a->call.dtype = dtype_of(s->kind);
    a->call.created = &a->created;
    if (!s->range_given && !s->function->has_quantizer && s->function->names[OUTPUT] != NULL) {
        a->call.tensors[RANGE_MIN] = a->call.tensors[RANGE_MAX] = NULL;
    }
}

/* The quantizer that a phase needs is made before its allocations count. */
static void make_quantizer(struct arguments *a, const struct scenario *s)
{
    if (!s->function->has_quantizer) {
        return;
    }
    if (qdq_quantizer_create(&a->attrs, a->call.dtype, &a->tensors[RANGE_MIN], &a->tensors[RANGE_MAX], &a->created)
        != QDQ_STATUS_OK) {
        abort();
    }
    a->call.quantizer = a->created;
}

static void child(const void *data)
{
    const struct scenario *s = data;
    struct arguments a;
    make_arguments(&a, s);
    make_quantizer(&a, s);
    for (int i = 0; i < s->warm_up; i++) {
        s->function->run(&a.call);
    }
    fill_outputs(s);
    const int before = allocations_asked();
    allow_allocations(s->allowed);
    outcome->status = s->function->run(&a.call);
    outcome->allocations = allocations_asked() - before;
    outcome->is_null = a.created == NULL;
}

static void call_in_child(const struct scenario *s)
{
    check_about("%s, %s, %s, axis %d, range_given %d, %d threads%s, %d calls before, %d allowed", s->function->name,
                s->kind->name, layout_names[s->layout], (int)s->axis, s->range_given, (int)s->num_threads,
                s->is_hosted ? " of a host" : "", s->warm_up, s->allowed);
    *outcome = (struct outcome){.status = -1, .allocations = -1};
    run_in_child(child, s);
}

static void expect_untouched_outputs(const struct scenario *s)
{
    for (int role = 0; role < ROLES; role++) {
        if (!is_written(s, role)) {
            continue;
        }
        if (role != RANGE_MIN && role != RANGE_MAX) {
            CHECK_BYTES(memory->elements[role], untouched, 2 * MANY * s->kind->size);
            continue;
        }
        for (size_t i = 0; i < MANY_CHANNELS; i += 997) {
            CHECK_BITS(get_bits(s->kind, memory->elements[role], i), s->kind->bits(role == RANGE_MIN ? -2 : 2));
        }
    }
}

static void expect_no_allocation(struct scenario s)
{
    for (int layout = 0; layout < LAYOUTS; layout++) {
        s.layout = layout;
        call_in_child(&s);
        CHECK_INT(outcome->status, QDQ_STATUS_OK);
        CHECK_INT(outcome->allocations, 0);
    }
    s.layout = DENSE;
    s.has_executor = 1;
    s.num_threads = 1;
    call_in_child(&s);
    CHECK_INT(outcome->allocations, 0);
    /* Once the pool has started, and on a host's. */
    s.num_threads = 4;
    s.warm_up = 1;
    call_in_child(&s);
    CHECK_INT(outcome->allocations, 0);
    s.warm_up = 0;
    s.is_hosted = 1;
    call_in_child(&s);
    CHECK_INT(outcome->allocations, 0);
}

/* One allocation after the other fails, until all that the call needs are granted. */
static void expect_refusals(struct scenario s)
{
    s.allowed = NEVER;
    call_in_child(&s);
    CHECK_INT(outcome->status, QDQ_STATUS_OK);
    const int needed = outcome->allocations;
    CHECK(needed > 0 && needed <= 8); /* a few for all channels, not some for each */
    for (s.allowed = 0; s.allowed < needed; s.allowed++) {
        call_in_child(&s);
        CHECK_INT(outcome->status, QDQ_STATUS_OUT_OF_MEMORY);
        CHECK(s.function != &functions[CREATE] || outcome->is_null);
        expect_untouched_outputs(&s);
    }
}

/* Whether each channel's elements are neighbours, and its range, parameters and elements are done in turn. */
static int is_channel_by_channel(const struct scenario *s)
{
    return s->function == &functions[QDQ] && s->axis == 0 && !s->range_given && s->layout == DENSE;
}

/* Whether a call needs memory for channels. A gradient without a range has none: its elements are all inside. */
static int needs_memory(const struct scenario *s)
{
    if (s->function == &functions[CREATE]) {
        return 1;
    }
    return !s->function->has_quantizer && s->axis != -1
           && !(s->function == &functions[QDQ_GRADIENT] && !s->range_given);
}

static void check_allocations(const struct kind *kind, const struct function *function)
{
    struct scenario s = {.kind = kind, .function = function, .allowed = NEVER};
    fill(&s);
    for (int range_given = 0; range_given < 2; range_given++) {
        s.range_given = range_given;
        for (s.axis = -1; s.axis < 2; s.axis++) {
            if (is_channel_by_channel(&s)) {
                call_in_child(&s);
                CHECK_INT(outcome->status, QDQ_STATUS_OK);
                CHECK_INT(outcome->allocations, 0);
            } else if (needs_memory(&s)) {
                expect_refusals(s);
            } else {
                expect_no_allocation(s);
            }
        }
    }
}

/* A failure is told without memory. */
static void check_refusal(const struct kind *kind, const struct function *function)
{
    struct scenario s = {.kind = kind, .function = function, .axis = -1, .range_given = 1, .has_executor = 1};
    s.num_threads = -1;
    fill(&s);
    if (!function->has_executor) {
        return;
    }
    call_in_child(&s);
    CHECK_INT(outcome->status, QDQ_STATUS_INVALID_ATTRIBUTE);
    CHECK_INT(outcome->allocations, 0);
}

/* Where not even a thread can be had, the caller's own does the work: only memory for channels can be missed. */
static void expect_good_order(const struct scenario *s)
{
    call_in_child(s);
    if (needs_memory(s) && outcome->status != QDQ_STATUS_OK) {
        CHECK_INT(outcome->status, QDQ_STATUS_OUT_OF_MEMORY);
        expect_untouched_outputs(s);
    } else {
        CHECK_INT(outcome->status, QDQ_STATUS_OK);
    }
}

static void check_threads(const struct kind *kind, const struct function *function)
{
    struct scenario s = {.kind = kind, .function = function, .range_given = 1, .has_executor = 1};
    if (!function->has_executor) {
        return;
    }
    fill(&s);
    for (s.axis = -1; s.axis < 2; s.axis++) {
        for (s.warm_up = 0; s.warm_up < 3; s.warm_up++) {
            /* Every core, which are to be counted first, or a number. */
            for (s.num_threads = 0; s.num_threads <= 4; s.num_threads += 4) {
                expect_good_order(&s);
            }
        }
    }
}

/* Memory that ends while threads start, or just after: many times, for it is a matter of luck. */
static void check_threads_that_start(const struct kind *kind)
{
    struct scenario s = {.kind = kind, .function = &functions[QDQ], .axis = 1, .range_given = 1};
    s.has_executor = 1;
    fill(&s);
    for (int i = 0; i < 400; i++) {
        s.function = &functions[i % 2 ? QDQ : APPLY];
        s.num_threads = 2 + i % 3;
        s.warm_up = i / 2 % 2;
        s.allowed = i / 4 % 20;
        expect_good_order(&s);
    }
}

/* What only tells something. */
static void check_questions(const struct kind *kind)
{
    struct scenario s = {.kind = kind, .function = &functions[CREATE], .axis = 0, .range_given = 1};
    struct arguments a;
    double values[MANY_ROWS];
    qdq_attrs attrs;
    check_about("%s, questions", kind->name);
    fill(&s);
    make_arguments(&a, &s);
    CHECK_INT(functions[CREATE].run(&a.call), QDQ_STATUS_OK);
    const int before = allocations_asked();
    for (int32_t param = QDQ_PARAM_SCALE; param <= QDQ_PARAM_RANGE_MAX; param++) {
        CHECK_INT(qdq_quantizer_get(a.created, param, values, MANY_ROWS), QDQ_STATUS_OK);
    }
    CHECK_INT(qdq_attrs_init(&attrs, sizeof attrs), QDQ_STATUS_OK);
    CHECK(qdq_status_string(1) != NULL && qdq_last_error() != NULL && qdq_isa() != NULL);
    CHECK(qdq_version() != NULL && qdq_version_number() != 0);
    qdq_quantizer_destroy(a.created);
    CHECK_INT(allocations_asked(), before);
}

/* What a quantizer holds is freed with it, and what could not be made holds nothing. */
static void check_blocks(const struct kind *kind)
{
    for (int32_t axis = -1; axis < 2; axis++) {
        struct scenario s = {.kind = kind, .function = &functions[CREATE], .axis = axis, .range_given = 1};
        struct arguments a;
        check_about("%s, axis %d, create and destroy", kind->name, (int)axis);
        fill(&s);
        make_arguments(&a, &s);
        a.range_shape[0] = axis == -1 ? 1 : 40;
        const int before = blocks_held();
        int failures = 0;
        for (int i = 0; i < 10000; i++) {
            failures += functions[CREATE].run(&a.call) != QDQ_STATUS_OK;
            failures += blocks_held() <= before;
            qdq_quantizer_destroy(a.created);
            failures += blocks_held() != before;
        }
        CHECK_INT(failures, 0);

        /* It fails late: after all that it needs is allocated, or some. */
        a.attrs.degenerate = QDQ_DEGENERATE_ERROR;
        a.attrs.num_bits = 1;
        put(kind, memory->elements[RANGE_MIN], 0, 1);
        CHECK_INT(functions[CREATE].run(&a.call), QDQ_STATUS_DEGENERATE_RANGE);
        CHECK(a.created == NULL);
        CHECK_INT(blocks_held(), before);
        a.attrs.degenerate = QDQ_DEGENERATE_ZERO;
        for (int allowed = 0; allowed < 8; allowed++) {
            allow_allocations(allowed);
            const qdq_status status = functions[CREATE].run(&a.call);
            allow_allocations(NEVER);
            CHECK((status == QDQ_STATUS_OK) == (a.created != NULL));
            CHECK(status == QDQ_STATUS_OK || status == QDQ_STATUS_OUT_OF_MEMORY);
            qdq_quantizer_destroy(a.created);
            CHECK_INT(blocks_held(), before);
        }
    }
}

int main(void)
{
    memory = shared_memory(sizeof *memory);
    outcome = shared_memory(sizeof *outcome);
    memset(untouched, 0xa5, sizeof untouched);
    for (size_t i = 0; i < KINDS; i++) {
        for (size_t f = 0; f < FUNCTIONS; f++) {
            check_allocations(&kinds[i], &functions[f]);
            check_refusal(&kinds[i], &functions[f]);
            check_threads(&kinds[i], &functions[f]);
        }
        check_questions(&kinds[i]);
        check_blocks(&kinds[i]);
    }
    check_threads_that_start(&kinds[0]);
    return check_finish();
}
