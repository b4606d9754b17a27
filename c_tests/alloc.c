/*
 * What the library allocates: nothing for a range of the whole tensor, from the first call of a process on; scratch
 * for channels, and where that cannot be had the call fails without a write, a word or an abort.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "kinds.h"
#include "memory.h"

#include <string.h>

/* More channels than a buffer on the stack would hold. */
enum { CHANNELS = 20000, ROWS = 3, COUNT = ROWS * CHANNELS, ARRAY_BYTES = COUNT * sizeof(double) };

struct arrays {
    unsigned char gradients[ARRAY_BYTES], input[ARRAY_BYTES];
    unsigned char input_min[ARRAY_BYTES], input_max[ARRAY_BYTES];
    unsigned char output[ARRAY_BYTES];
};

/* What a child process tells. */
struct outcome {
    qdq_status status;
    int allocations;
};

/* In memory that is shared with the child processes. */
static struct arrays *arrays;
static struct outcome *outcome;
static unsigned char untouched[ARRAY_BYTES];

struct scenario {
    const struct kind *kind;
    enum direction direction;
    int32_t axis;
    int range_given;
    int32_t num_threads;
};

static void fill(const struct kind *kind)
{
    for (size_t i = 0; i < COUNT; i++) {
        put(kind, arrays->input, i, (double)(i % 9) - 4);
        put(kind, arrays->gradients, i, (double)(i % 5) - 2);
        put(kind, arrays->input_min, i, -2);
        put(kind, arrays->input_max, i, 2);
    }
    memcpy(arrays->output, untouched, sizeof untouched);
}

static qdq_status make_call(const struct scenario *scenario)
{
    static const int64_t shape[] = {ROWS, CHANNELS};
    const int given = scenario->range_given;
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    attrs.axis = scenario->axis;
    attrs.range_given = given;
    executor.num_threads = scenario->num_threads;
    const struct call call = {
        .gradients = arrays->gradients,
        .input = arrays->input,
        .shape = shape,
        .rank = 2,
        .input_min = given ? arrays->input_min : NULL,
        .input_max = given ? arrays->input_max : NULL,
        .range_len = !given ? 0 : scenario->axis == -1 ? 1 : (size_t)shape[scenario->axis],
        .attrs = &attrs,
        .executor = &executor,
        .output = arrays->output,
    };
    return run(scenario->kind, scenario->direction, &call);
}

struct child {
    const struct scenario *scenario;
    int allowed;
};

static void child(const void *data)
{
    const struct child *child = data;
    const int before = allocations_asked();
    allow_allocations(child->allowed);
    outcome->status = make_call(child->scenario);
    outcome->allocations = allocations_asked() - before;
}

/* The call as the first of its process, while so many allocations succeed (NEVER: all). */
static void call_in_child(const struct scenario *scenario, int allowed)
{
    check_about("%s %s, axis %d, range_given %d, %d threads, allowed %d", scenario->kind->name,
                direction_name(scenario->direction), (int)scenario->axis, scenario->range_given,
                (int)scenario->num_threads, allowed);
    fill(scenario->kind);
    *outcome = (struct outcome){.status = -1, .allocations = -1};
    run_in_child(child, &(struct child){scenario, allowed});
}

static void check_per_tensor(struct scenario scenario)
{
    scenario.num_threads = 1;
    for (scenario.range_given = 0; scenario.range_given < 2; scenario.range_given++) {
        call_in_child(&scenario, NEVER);
        CHECK_INT(outcome->status, QDQ_STATUS_OK);
        CHECK_INT(outcome->allocations, 0);
    }
}

/* A failure is told without memory. */
static void check_refusal(struct scenario scenario)
{
    scenario.num_threads = 1;
    scenario.axis = 2;
    call_in_child(&scenario, NEVER);
    CHECK_INT(outcome->status, QDQ_STATUS_INVALID_AXIS);
    CHECK_INT(outcome->allocations, 0);
}

/* One allocation after the other fails, until all that the call needs are granted. */
static void check_per_axis(struct scenario scenario)
{
    call_in_child(&scenario, NEVER);
    CHECK_INT(outcome->status, QDQ_STATUS_OK);
    const int needed = outcome->allocations;
    CHECK(needed <= 8); /* a few for all channels, not some for each */

    for (int allowed = 0; allowed < needed; allowed++) {
        call_in_child(&scenario, allowed);
        CHECK_INT(outcome->status, QDQ_STATUS_OUT_OF_MEMORY);
        CHECK_BYTES(arrays->output, untouched, sizeof untouched);
    }
}

/* Where not even a thread can be had, the caller's own does the work, or the call fails in good order. */
static void check_threads(struct scenario scenario)
{
    scenario.num_threads = 4;
    call_in_child(&scenario, 0);
    CHECK(outcome->status == QDQ_STATUS_OK || outcome->status == QDQ_STATUS_OUT_OF_MEMORY);
    if (outcome->status != QDQ_STATUS_OK) {
        CHECK_BYTES(arrays->output, untouched, sizeof untouched);
    }
}

static void check_scenarios(const struct kind *kind, enum direction direction)
{
    struct scenario scenario = {.kind = kind, .direction = direction, .axis = -1};
    check_per_tensor(scenario);
    check_refusal(scenario);
    check_threads(scenario);
    scenario.num_threads = 1;
    for (scenario.axis = 0; scenario.axis < 2; scenario.axis++) {
        for (scenario.range_given = 0; scenario.range_given < 2; scenario.range_given++) {
            check_per_axis(scenario);
        }
        check_threads(scenario);
    }
}

/* The counters would say nothing if the library's allocations passed them by. */
static void check_that_allocations_are_seen(void)
{
    const struct scenario scenario = {.kind = &kinds[0], .axis = 1, .num_threads = 1};
    call_in_child(&scenario, NEVER);
    CHECK(outcome->allocations > 0);
}

int main(void)
{
    arrays = shared_memory(sizeof *arrays);
    outcome = shared_memory(sizeof *outcome);
    memset(untouched, 0xa5, sizeof untouched);
    check_that_allocations_are_seen();
    for (size_t i = 0; i < KINDS; i++) {
        check_scenarios(&kinds[i], FORWARD);
        check_scenarios(&kinds[i], GRADIENT);
    }
    return check_finish();
}
