/*
 * The caller's floating-point environment: whatever it is, the results have the same bits and it is found again as it
 * was, on success and on failure. Hosts set flush-to-zero on their threads, and debug with unmasked exceptions.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "environment.h"
#include "kinds.h"

#include <fenv.h>
#include <stdalign.h>
#include <string.h>

enum { ROWS = 16, CHANNELS = 37, COUNT = ROWS * CHANNELS };

static const int64_t SHAPE[] = {ROWS, CHANNELS};

struct arrays {
    alignas(64) unsigned char input[COUNT * sizeof(double)], gradients[COUNT * sizeof(double)];
    alignas(64) unsigned char input_min[COUNT * sizeof(double)], input_max[COUNT * sizeof(double)];
    alignas(64) unsigned char output[COUNT * sizeof(double)];
    alignas(64) unsigned char range_backprop[2][COUNT * sizeof(double)];
};

/* Channels of like numbers, some all subnormal; a magnitude over the whole type would leave codes 0 and qmax only. */
static void fill(const struct kind *kind, struct arrays *arrays)
{
    const uint64_t exponent_of_1 = kind->bits(1) & kind->infinity;
    for (size_t i = 0; i < COUNT; i++) {
        const size_t channel = i % CHANNELS;
        uint64_t bits = random_finite(kind, channel % 4 == 0 || i % 5 == 0);
        if (channel % 4 == 1) {
            bits = (bits & ~kind->infinity) | exponent_of_1;
        }
        put_bits(kind, arrays->input, i, bits);
        put_bits(kind, arrays->gradients, i, random_finite(kind, i % 3 == 0));
    }
    for (size_t channel = 0; channel < COUNT; channel++) {
        const uint64_t sign = UINT64_C(1) << (8 * kind->size - 1);
        const uint64_t end = random_finite(kind, channel % 4 == 0) & ~sign;
        put_bits(kind, arrays->input_min, channel, end | sign);
        put_bits(kind, arrays->input_max, channel, end);
    }
}

static struct call call_on(struct arrays *arrays, const qdq_attrs *attrs)
{
    const int given = attrs->range_given;
    return (struct call){
        .gradients = arrays->gradients,
        .input = arrays->input,
        .shape = SHAPE,
        .rank = 2,
        .input_min = given ? arrays->input_min : NULL,
        .input_max = given ? arrays->input_max : NULL,
        .range_len = !given ? 0 : attrs->axis < 0 ? 1 : (size_t)SHAPE[attrs->axis],
        .attrs = attrs,
        .output = arrays->output,
        .input_min_backprop = arrays->range_backprop[0],
        .input_max_backprop = arrays->range_backprop[1],
    };
}

/* The results of the default environment, then those of `environment`: no difference but in the time. */
static void check_call(const struct kind *kind, enum direction direction, const struct call *call,
                       const struct environment *environment, qdq_status status)
{
    static unsigned char expected[COUNT * sizeof(double)];
    memset(call->output, 0xa5, COUNT * kind->size);
    CHECK_INT(run(kind, direction, call), status);
    memcpy(expected, call->output, COUNT * kind->size);

    memset(call->output, 0xa5, COUNT * kind->size);
    environment_enter(environment);
    const struct environment_state before = environment_state();
    const qdq_status actual = run(kind, direction, call);
    const struct environment_state after = environment_state();
    environment_leave();

    CHECK_INT(actual, status);
    CHECK(environment_states_are_equal(&after, &before));
    CHECK_BYTES(call->output, expected, COUNT * kind->size);
}

static void check_attributes(const struct kind *kind, struct arrays *arrays, qdq_attrs attrs,
                             const struct environment *environment)
{
    for (attrs.axis = -1; attrs.axis < 2; attrs.axis++) {
        const struct call call = call_on(arrays, &attrs);
        check_call(kind, FORWARD, &call, environment, QDQ_STATUS_OK);
        check_call(kind, GRADIENT, &call, environment, QDQ_STATUS_OK);
    }
}

static void check_failures(const struct kind *kind, struct arrays *arrays, const struct environment *environment)
{
    /* Refused before anything is computed. */
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    struct call call = call_on(arrays, &attrs);
    attrs.axis = 2;
    check_call(kind, FORWARD, &call, environment, QDQ_STATUS_INVALID_AXIS);
    check_call(kind, GRADIENT, &call, environment, QDQ_STATUS_INVALID_AXIS);

    /* Refused after the range was: one infinite element. */
    unsigned char element[sizeof(double)];
    attrs = (qdq_attrs)QDQ_ATTRS_INIT;
    attrs.axis = 1;
    attrs.degenerate = QDQ_DEGENERATE_ERROR;
    memcpy(element, arrays->input, sizeof element);
    put_bits(kind, arrays->input, 0, kind->infinity);
    check_call(kind, FORWARD, &call, environment, QDQ_STATUS_DEGENERATE_RANGE);
    memcpy(arrays->input, element, sizeof element);
}

static void check_environment(const struct kind *kind, const struct environment *environment)
{
    static struct arrays arrays;
    check_about("%s: rounding %x, flush %d, unmasked %d, sticky %d", kind->name, (unsigned)environment->rounding,
                environment->flush, environment->unmasked, environment->sticky);
    fill(kind, &arrays);
    for (unsigned choice = 0; choice < 32; choice++) {
        qdq_attrs attrs = QDQ_ATTRS_INIT;
        attrs.range_given = choice & 1;
        attrs.round_mode = choice & 2 ? QDQ_ROUND_HALF_UP : QDQ_ROUND_HALF_TO_EVEN;
        attrs.arithmetic = choice & 4 ? QDQ_ARITHMETIC_NATIVE : QDQ_ARITHMETIC_DEFAULT;
        attrs.signed_input = !(choice & 8);
        attrs.num_bits = choice & 16 ? 40 : 8; /* 40: the conversion of qmax to float rounds */
        check_attributes(kind, &arrays, attrs, environment);
    }
    check_failures(kind, &arrays, environment);
}

int main(void)
{
    static const int rounding[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (size_t r = 0; r < sizeof rounding / sizeof *rounding; r++) {
        for (unsigned choice = 0; choice < 8; choice++) {
            const struct environment environment = {
                .rounding = rounding[r],
                .flush = choice & 1,
                .unmasked = (choice & 2) != 0,
                .sticky = (choice & 4) != 0,
            };
            for (size_t k = 0; k < KINDS; k++) {
                check_environment(&kinds[k], &environment);
            }
        }
    }
    return check_finish();
}
