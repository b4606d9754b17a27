/*
 * A few results worked by hand, enough to know that a linked library computes. Most stand on the grid of 3 signed
 * bits, where codes go from qmin = -4 to qmax = 3, with numbers that every element type holds exactly.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "check.h"
#include "kinds.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

enum { MOST = 8 };

struct operation {
    const char *name;
    qdq_attrs attrs;
    int32_t rank;
    int64_t shape[3];
    double input_min[MOST], input_max[MOST]; /* with range_given */
    double input[MOST];
    double output[MOST];
};

#define UNSIGNED(...) {.struct_size = sizeof(qdq_attrs), .num_bits = 3, __VA_ARGS__}
#define SIGNED(...) UNSIGNED(.signed_input = 1, __VA_ARGS__)

static const struct operation OPERATIONS[] = {
    /* s_lo = -4/-4 = 1, s_hi = 3/2.5 = 1.2: scale = 1, inverse = -4/-4 = 1. Only the rounding is left to see. */
    {"half to even", SIGNED(.axis = -1), 1, {7}, {0}, {0},
     {-4, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5},
     {-4, -2.0, -2.0, -0.0, 0.0, 2.0, 2.0}},
    {"half up", SIGNED(.axis = -1, .round_mode = QDQ_ROUND_HALF_UP), 1, {7}, {0}, {0},
     {-4, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5},
     {-4, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0}},

    /* As above with [-4, 2.5] given: the upper end becomes qmax * inverse = 3, and elements are clamped to [-4, 3]. */
    {"given range", SIGNED(.axis = -1, .range_given = 1), 1, {6}, {-4}, {2.5},
     {-100, -4.5, 2.75, 3, 3.5, 100},
     {-4, -4, 3, 3, 3, 3}},

    /* Narrow: qmin = -3. [-3, 1] gives s_lo = -3/-3 = 1, s_hi = 3/1 = 3: scale = 1. */
    {"narrow range", SIGNED(.axis = -1, .range_given = 1, .narrow_range = 1), 1, {4}, {-3}, {1},
     {-4, -2.25, 2.25, 4},
     {-3, -2, 2, 3}},

    /* Unsigned: qmin = 0, qmax = 7, s_lo = MAX, s_hi = 7/3.5 = 2: scale = 2, inverse = 3.5/7 = 0.5, lo = 0. */
    {"unsigned, given", UNSIGNED(.axis = -1, .range_given = 1), 1, {5}, {-1}, {3.5},
     {-1, 0.25, 0.75, 3.25, 4},
     {0, 0.0, 1.0, 3.0, 3.5}},
    /* A computed range clamps nothing: -1 * 2 = -2, * 0.5 = -1, though no unsigned code is -2. */
    {"unsigned, computed", UNSIGNED(.axis = -1), 1, {4}, {0}, {0},
     {-1, 0.25, 0.75, 3.5},
     {-1, 0.0, 1.0, 3.5}},

    /* Row 0 is [-4, 1]: scale = 1. Row 1 is [-8, 1]: scale = -4/-8 = 0.5, inverse = 2. */
    {"axis 0", SIGNED(.axis = 0), 2, {2, 3}, {0}, {0},
     {-4, 0.75, 1, -8, 0.75, 1},
     {-4, 1.00, 1, -8, 0.00, 0}},
    /* The same channels as columns. */
    {"axis 1", SIGNED(.axis = 1), 2, {3, 2}, {0}, {0},
     {-4, -8, 0.75, 0.75, 1, 1},
     {-4, -8, 1.00, 0.00, 1, 0}},
    /* The same channels in the middle, given: the adjusted upper ends are 3 and 6. */
    {"axis 1 of 3, given", SIGNED(.axis = 1, .range_given = 1), 3, {2, 2, 2}, {-4, -8}, {1, 1},
     {-5, 0.75, -9, 0.75, 3.5, 1, 7, 1},
     {-4, 1.00, -8, 0.00, 3.0, 1, 6, 0}},

    /* [3, 3]: s_lo = MAX, for qmin * lo < 0; s_hi = 3/3 = 1. */
    {"scalar", SIGNED(.axis = -1), 0, {0}, {0}, {0}, {3}, {3}},
    /* [0, 0]: scale = MAX, inverse = 0/qmax = 0. */
    {"zeros", SIGNED(.axis = -1), 1, {2}, {0}, {0}, {0, 0}, {0, 0}},
    /* Nothing but zeros is no degenerate range, computed or given. */
    {"zeros, computed", SIGNED(.axis = -1, .degenerate = QDQ_DEGENERATE_ERROR), 1, {2}, {0}, {0}, {0, 0}, {0, 0}},
    {"zeros, given", SIGNED(.axis = -1, .range_given = 1, .degenerate = QDQ_DEGENERATE_ERROR), 1, {2}, {0}, {0},
     {0, 0},
     {0, 0}},
    /* An end that is -0 counts as +0: the inverse is +0, and a product with it has the element's sign. */
    {"negative zeros", SIGNED(.axis = -1), 1, {2}, {0}, {0}, {-0.0, -0.0}, {-0.0, -0.0}},
    {"negative zeros, axis 1", SIGNED(.axis = 1), 2, {1, 2}, {0}, {0}, {-0.0, 0}, {-0.0, 0}},
    /* NaN stays where it is and is no part of the range. */
    {"NaN", SIGNED(.axis = -1), 1, {4}, {0}, {0}, {NAN, -4, 0.75, NAN}, {NAN, -4, 1, NAN}},

    /* [-4, Inf]: s_hi = 3/Inf = 0: scale = 0, inverse = Inf/3, and every number times 0 times Inf is NaN. */
    {"degenerate", SIGNED(.axis = -1), 1, {3}, {0}, {0}, {INFINITY, -4, 0.75}, {NAN, NAN, NAN}},
    {"degenerate to zero", SIGNED(.axis = -1, .degenerate = QDQ_DEGENERATE_ZERO), 1, {4}, {0}, {0},
     {INFINITY, -4, 0.75, NAN},
     {0, 0, 0, NAN}},
    /* Unsigned with nothing above zero, beside a channel that must not notice: its -1 is not clamped. */
    {"degenerate channel", UNSIGNED(.axis = 0, .degenerate = QDQ_DEGENERATE_ZERO), 2, {2, 3}, {0}, {0},
     {-1, 0.75, 3.5, -1, -2, NAN},
     {-1, 1.00, 3.5, 0, 0, NAN}},
};

struct gradient {
    const char *name;
    qdq_attrs attrs;
    int32_t rank;
    int64_t shape[3];
    double input_min[MOST], input_max[MOST];
    double gradients[MOST], input[MOST];
    double input_backprop[MOST];
};

static const struct gradient GRADIENTS[] = {
    /* The ends are inside, NaN is not; a negative gradient times 0 is -0, an infinite one NaN. */
    {"given range", SIGNED(.axis = -1, .range_given = 1), 1, {8}, {-1}, {1},
     {1, 2, 3, 4, 5, 6, -7, INFINITY},
     {-2, -1, 0, 1, 2, NAN, 2, 2},
     {0, 2, 3, 4, 0, 0, -0.0, NAN}},
    /* The operation clamps to the adjusted end 3, the gradient's mask knows the given 2.5 only. */
    {"not the adjusted range", SIGNED(.axis = -1, .range_given = 1), 1, {3}, {-4}, {2.5},
     {1, 2, 3},
     {2.5, 2.75, 3},
     {1, 0, 0}},
    {"computed range", SIGNED(.axis = -1), 1, {4}, {0}, {0},
     {1, -2, 3, 4},
     {-100, 0, 100, NAN},
     {1, -2, 3, 0}},
    {"axis 0", SIGNED(.axis = 0, .range_given = 1), 2, {2, 3}, {-1, -2}, {1, 2},
     {1, 2, 3, 4, 5, 6},
     {0, 1.5, 3, 0, 1.5, 3},
     {1, 0, 0, 4, 5, 0}},
    {"axis 1", SIGNED(.axis = 1, .range_given = 1), 2, {3, 2}, {-1, -2}, {1, 2},
     {1, 4, 2, 5, 3, 6},
     {0, 0, 1.5, 1.5, 3, 3},
     {1, 4, 0, 5, 0, 0}},
    {"scalar", SIGNED(.axis = -1), 0, {0}, {0}, {0}, {5}, {3}, {5}},
};

struct arrays {
    alignas(double) unsigned char gradients[MOST * sizeof(double)], input[MOST * sizeof(double)];
    alignas(double) unsigned char input_min[MOST * sizeof(double)], input_max[MOST * sizeof(double)];
    alignas(double) unsigned char output[MOST * sizeof(double)];
    alignas(double) unsigned char range_backprop[2][MOST * sizeof(double)];
};

static void put_all(const struct kind *kind, void *array, const double *values)
{
    for (size_t i = 0; i < MOST; i++) {
        put(kind, array, i, values[i]);
    }
}

static size_t product(int32_t rank, const int64_t *shape)
{
    size_t count = 1;
    for (int32_t i = 0; i < rank; i++) {
        count *= (size_t)shape[i];
    }
    return count;
}

static struct call call_on(struct arrays *arrays, const qdq_attrs *attrs, int32_t rank, const int64_t *shape)
{
    const int given = attrs->range_given;
    return (struct call){
        .gradients = arrays->gradients,
        .input = arrays->input,
        .shape = shape,
        .rank = rank,
        .input_min = given ? arrays->input_min : NULL,
        .input_max = given ? arrays->input_max : NULL,
        .range_len = !given ? 0 : attrs->axis == -1 ? 1 : (size_t)shape[attrs->axis],
        .attrs = attrs,
        .output = arrays->output,
        .input_min_backprop = arrays->range_backprop[0],
        .input_max_backprop = arrays->range_backprop[1],
    };
}

/* Which NaN a NaN is does not matter. */
static void check_elements(const struct kind *kind, const void *actual, const double *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (isnan(expected[i])) {
            CHECK((get_bits(kind, actual, i) & kind->infinity) == kind->infinity);
            CHECK((get_bits(kind, actual, i) & (kind->infinity ^ kind->bits(NAN))) != 0);
        } else {
            CHECK_BITS(get_bits(kind, actual, i), kind->bits(expected[i]));
        }
    }
}

static void check_operation(const struct kind *kind, const struct operation *operation)
{
    struct arrays arrays;
    put_all(kind, arrays.input, operation->input);
    put_all(kind, arrays.input_min, operation->input_min);
    put_all(kind, arrays.input_max, operation->input_max);
    struct call call = call_on(&arrays, &operation->attrs, operation->rank, operation->shape);
    const size_t count = product(operation->rank, operation->shape);

    check_about("%s %s", kind->name, operation->name);
    CHECK_INT(kind->forward(&call), QDQ_STATUS_OK);
    check_elements(kind, call.output, operation->output, count);

    check_about("%s %s, in place", kind->name, operation->name);
    call.output = arrays.input;
    CHECK_INT(kind->forward(&call), QDQ_STATUS_OK);
    check_elements(kind, call.output, operation->output, count);
}

static void check_gradient_into(const struct kind *kind, const struct gradient *gradient, struct arrays *arrays,
                                void *output, const char *place)
{
    static const double zeros[MOST] = {0};
    put_all(kind, arrays->gradients, gradient->gradients);
    put_all(kind, arrays->input, gradient->input);
    put_all(kind, arrays->input_min, gradient->input_min);
    put_all(kind, arrays->input_max, gradient->input_max);
    memset(arrays->range_backprop, 0xa5, sizeof arrays->range_backprop);
    struct call call = call_on(arrays, &gradient->attrs, gradient->rank, gradient->shape);
    call.output = output;

    check_about("%s gradient, %s, %s", kind->name, gradient->name, place);
    CHECK_INT(kind->gradient(&call), QDQ_STATUS_OK);
    check_elements(kind, output, gradient->input_backprop, product(gradient->rank, gradient->shape));
    const int32_t axis = gradient->attrs.axis;
    const size_t channels = axis == -1 ? 1 : (size_t)gradient->shape[axis];
    check_elements(kind, call.input_min_backprop, zeros, channels);
    check_elements(kind, call.input_max_backprop, zeros, channels);
}

static void check_gradient(const struct kind *kind, const struct gradient *gradient)
{
    struct arrays arrays;
    check_gradient_into(kind, gradient, &arrays, arrays.output, "out of place");
    check_gradient_into(kind, gradient, &arrays, arrays.gradients, "in place of gradients");
    check_gradient_into(kind, gradient, &arrays, arrays.input, "in place of input");
}

/*
 * 8 bits and [-1, 1]: s_lo = 128, s_hi = 127, so scale = 127 and inverse = 1/127, which in binary is 0.0000001
 * with 0000001 over and over: rounded down to 2^-7 * 1.00000010000001000000100 as a float. 0.5 * 127 = 63.5 rounds
 * to 64, so the result is 2^6 * inverse; half and bfloat16 keep 10 and 7 bits of it.
 */
static void check_inexact_inverse(const struct kind *kind, uint64_t expected)
{
    alignas(double) unsigned char input[3 * sizeof(double)], output[3 * sizeof(double)];
    static const int64_t shape[] = {3};
    put(kind, input, 0, -1);
    put(kind, input, 1, 0.5);
    put(kind, input, 2, 1);
    const struct call call = {.input = input, .shape = shape, .rank = 1, .output = output};
    check_about("%s 64/127", kind->name);
    CHECK_INT(kind->forward(&call), QDQ_STATUS_OK);
    CHECK_BITS(get_bits(kind, output, 1), expected);
}

int main(void)
{
    static const uint64_t bits_of_64_by_127[KINDS] = {0x3f010204, 0x3fe0204081020408, 0x3808, 0x3f01};
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t i = 0; i < sizeof OPERATIONS / sizeof *OPERATIONS; i++) {
            check_operation(&kinds[k], &OPERATIONS[i]);
        }
        for (size_t i = 0; i < sizeof GRADIENTS / sizeof *GRADIENTS; i++) {
            check_gradient(&kinds[k], &GRADIENTS[i]);
        }
        check_inexact_inverse(&kinds[k], bits_of_64_by_127[k]);
    }
    return check_finish();
}
