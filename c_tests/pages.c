/*
 * No byte outside: every argument lies once so that its highest byte is the last before a page that nobody may touch,
 * and once so that its lowest is the first behind one. A read or a write beyond is a fault, one between the elements of
 * a view changes a byte that is compared. The results are those of the same call on ordinary memory, and those worked
 * out here.
 *
 * Ranges are a whole number of steps of a power of two, [qmin*step, qmax*step] with 3 bits, and each channel has its
 * range's lower end: scale and inverse are then exactly 1/step and step, whether the range is given or computed, and
 * the result is the nearest multiple of the step.
 *
 * pages N leaves all lengths out but every N-th: for a machine that is emulated.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "check.h"
#include "views.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    NUM_BITS = 3,
    MOST_RANK = 3,
    MOST_CHANNELS = 1024,
    VECTOR = 64,            /* bytes of the widest register */
    FAR = 16 << 20,         /* bytes that no cache is expected to hold: streaming stores */
    ROOM = FAR + (1 << 20), /* for the largest tensor */
    PAGE = 1 << 16          /* a multiple of every machine's */
};

static const unsigned char GUARD = 0xa5;

/* Memory between two pages that nobody may touch */

struct edge {
    unsigned char *begin, *end;
};

/* Where in it an argument lies. */
enum place { AT_BEGIN, AT_END, PLACES };
static const char *const place_names[PLACES] = {"behind a page", "before a page"};

static struct edge new_edge(size_t size)
{
    unsigned char *memory =
        mmap(NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + PAGE, size, PROT_READ | PROT_WRITE) != 0) {
        abort();
    }
    return (struct edge){memory + PAGE, memory + PAGE + size};
}

/* The side that is not at a page has the guard pattern for so many bytes. */
enum { BESIDE = 1024 };

static unsigned char *surroundings(const struct edge *edge, enum place place, size_t size)
{
    return place == AT_BEGIN ? edge->begin : edge->end - size - BESIDE;
}

/* Room for some bytes, filled with the guard pattern, as are its surroundings. */
static unsigned char *room_at(const struct edge *edge, enum place place, size_t size)
{
    memset(surroundings(edge, place, size), GUARD, size + BESIDE);
    return place == AT_BEGIN ? edge->begin : edge->end - size;
}

/* That is so still. */
static void check_surroundings(const struct edge *edge, enum place place, size_t size)
{
    const unsigned char *first = surroundings(edge, place, size);
    CHECK(first[0] == GUARD && memcmp(first, first + 1, size + BESIDE - 1) == 0);
}

static void *copy_at(const struct edge *edge, enum place place, const void *from, size_t size)
{
    return size != 0 ? memcpy(room_at(edge, place, size), from, size) : room_at(edge, place, 0);
}

/* Everything that one tensor's struct reaches, the struct included. */
struct edges {
    struct edge elements, tensor, shape, strides;
};

static struct edges edges[ROLES];
static struct edge edge_of_attrs, edge_of_executor, edge_of_parameters;

static void make_edges(void)
{
    for (int role = 0; role < ROLES; role++) {
        edges[role] = (struct edges){new_edge(ROOM), new_edge(PAGE), new_edge(PAGE), new_edge(PAGE)};
    }
    edge_of_attrs = new_edge(PAGE);
    edge_of_executor = new_edge(PAGE);
    edge_of_parameters = new_edge(PAGE);
}

/* A fault says what was called, then is what it is: the end. */
static char subject[256];

static void report_fault(int number)
{
    const char *words = "a byte outside was touched: ";
    if (write(STDERR_FILENO, words, strlen(words)) < 0 || write(STDERR_FILENO, subject, strlen(subject)) < 0
        || write(STDERR_FILENO, "\n", 1) < 0) {
        _exit(EXIT_FAILURE);
    }
    signal(number, SIG_DFL);
    raise(number);
}

/* What is computed */

struct problem {
    const struct kind *kind;
    const struct function *function;
    qdq_attrs attrs;
    qdq_dtype codes_dtype;
    int32_t rank;
    int64_t shape[MOST_RANK];
    size_t count, channels, inner; /* inner: neighbours that share a channel */
};

static int32_t lowest_code(const struct problem *p)
{
    return p->attrs.signed_input ? -(1 << (NUM_BITS - 1)) : 0;
}

static int32_t highest_code(const struct problem *p)
{
    return lowest_code(p) + (1 << NUM_BITS) - 1;
}

static size_t channel_of(const struct problem *p, size_t element)
{
    return element / p->inner % p->channels;
}

static double step_of(size_t channel)
{
    return ldexp(1, (int)(channel % 3) - 1);
}

/* An element in steps, on and between the codes; where the range is given, beyond it too. */
static double position_of(const struct problem *p, size_t element)
{
    const size_t quarters_inside = 4 * ((1 << NUM_BITS) - 1) + 1, beyond = p->attrs.range_given ? 6 : 0;
    const int is_first = element < p->inner * p->channels && element % p->inner == 0;
    const size_t quarters = (element * 7 + element / 64) % (quarters_inside + 2 * beyond);
    return is_first ? lowest_code(p) : lowest_code(p) + ((double)quarters - (double)beyond) / 4;
}

static double clamped(const struct problem *p, double position)
{
    return fmin(fmax(position, lowest_code(p)), highest_code(p));
}

static double gradient_of(size_t element)
{
    return (double)(element % 11) - 5;
}

static int is_inside(const struct problem *p, double position)
{
    return position >= lowest_code(p) && position <= highest_code(p);
}

static int is_codes(const struct problem *p, int role)
{
    return (p->function->codes & 1u << role) != 0;
}

static int is_written(const struct problem *p, int role)
{
    return (p->function->outputs & 1u << role) != 0;
}

static qdq_dtype dtype_of_role(const struct problem *p, int role)
{
    return is_codes(p, role) ? p->codes_dtype : dtype_of(p->kind);
}

static size_t count_of_role(const struct problem *p, int role)
{
    return OF_RANGES & 1 << role ? p->channels : p->count;
}

static size_t size_of_role(const struct problem *p, int role)
{
    return count_of_role(p, role) * dtype_size(dtype_of_role(p, role));
}

/* An integer of whatever size: little-endian machines alone have these kernels. */
static void put_code(const struct problem *p, unsigned char *array, size_t index, double code)
{
    const int64_t integer = (int64_t)code;
    const size_t size = dtype_size(p->codes_dtype);
    memcpy(array + index * size, &integer, size);
}

/* Dense arrays of each tensor: what goes in, and what has to come out. */
static unsigned char *given[ROLES], *expected[ROLES];

static void make_arrays(void)
{
    for (int role = 0; role < ROLES; role++) {
        given[role] = malloc(ROOM);
        expected[role] = malloc(ROOM);
        if (given[role] == NULL || expected[role] == NULL) {
            abort();
        }
    }
}

/* What a large tensor's elements repeat: a whole number of rows of check_far(). */
enum { FAR_COLUMNS = 1021, REPEATED = 64 * FAR_COLUMNS };

static size_t different(const struct problem *p)
{
    return p->count < REPEATED ? p->count : REPEATED;
}

static void repeat(const struct problem *p, unsigned char *array, int role)
{
    const size_t end = size_of_role(p, role), once = REPEATED * dtype_size(dtype_of_role(p, role));
    for (size_t at = once; at < end; at += once) {
        memcpy(array + at, array, end - at < once ? end - at : once);
    }
}

static void fill_ranges(const struct problem *p)
{
    const int is_widened = p->function == &functions[RANGE_UPDATE];
    for (size_t channel = 0; channel < p->channels; channel++) {
        const double step = step_of(channel);
        put(p->kind, given[RANGE_MIN], channel, is_widened ? INFINITY : lowest_code(p) * step);
        put(p->kind, given[RANGE_MAX], channel, is_widened ? -INFINITY : highest_code(p) * step);
    }
}

static void fill_elements(const struct problem *p)
{
    for (size_t i = 0; i < different(p); i++) {
        const double position = position_of(p, i);
        put(p->kind, given[GRADIENTS], i, gradient_of(i));
        if (is_codes(p, INPUT)) {
            put_code(p, given[INPUT], i, rint(clamped(p, position)));
        } else {
            put(p->kind, given[INPUT], i, position * step_of(channel_of(p, i)));
        }
    }
    repeat(p, given[GRADIENTS], GRADIENTS);
    repeat(p, given[INPUT], INPUT);
}

static double expected_number(const struct problem *p, size_t element)
{
    const double position = position_of(p, element), step = step_of(channel_of(p, element));
    if (p->function == &functions[QDQ_GRADIENT] || p->function == &functions[APPLY_GRADIENT]) {
        return gradient_of(element) * is_inside(p, position);
    }
    if (is_codes(p, INPUT)) {
        return (double)(int64_t)rint(clamped(p, position)) * step; /* a code has no -0 */
    }
    return rint(p->attrs.range_given ? clamped(p, position) : position) * step;
}

static void expect_elements(const struct problem *p)
{
    for (size_t i = 0; i < different(p); i++) {
        if (is_codes(p, OUTPUT)) {
            put_code(p, expected[OUTPUT], i, rint(clamped(p, position_of(p, i))));
        } else {
            put(p->kind, expected[OUTPUT], i, expected_number(p, i));
        }
    }
    repeat(p, expected[OUTPUT], OUTPUT);
}

/* Positions come first: a step is a power of two, so the extremes of the elements are those of the positions. */
static void expect_ranges(const struct problem *p)
{
    static double lowest[MOST_CHANNELS], highest[MOST_CHANNELS];
    memset(expected[RANGE_MIN_BACKPROP], 0, size_of_role(p, RANGE_MIN_BACKPROP));
    memset(expected[RANGE_MAX_BACKPROP], 0, size_of_role(p, RANGE_MAX_BACKPROP));
    for (size_t channel = 0; channel < p->channels; channel++) {
        lowest[channel] = INFINITY;
        highest[channel] = -INFINITY;
    }
    for (size_t i = 0; i < different(p); i++) {
        const size_t channel = channel_of(p, i);
        lowest[channel] = fmin(lowest[channel], position_of(p, i));
        highest[channel] = fmax(highest[channel], position_of(p, i));
    }
    for (size_t channel = 0; channel < p->channels; channel++) {
        /* A zero counts as +0. */
        put(p->kind, expected[RANGE_MIN], channel, lowest[channel] * step_of(channel) + 0.0);
        put(p->kind, expected[RANGE_MAX], channel, highest[channel] * step_of(channel) + 0.0);
    }
}

/* How tensors are laid out */

enum layout { DENSE, SLICED, TRANSPOSED, BACKWARDS, APART };
static const char *const layout_names[] = {"dense", "sliced", "transposed", "backwards", "apart"};

struct arrangement {
    enum layout input, output; /* gradients are laid out as the input */
    int is_in_place;
    enum place place;
};

static void set_strides_of(const struct problem *p, enum layout layout, int64_t *strides)
{
    int64_t stride = layout == BACKWARDS ? -1 : layout == APART ? 2 : 1;
    for (int32_t n = 0; n < p->rank; n++) {
        const int32_t i = layout == TRANSPOSED ? n : p->rank - 1 - n;
        strides[i] = stride;
        stride *= p->shape[i] + (layout == SLICED && n == 0 ? 3 : 0);
    }
}

static enum layout layout_of(const struct arrangement *a, int role)
{
    return OF_RANGES & 1 << role ? DENSE : role == OUTPUT ? a->output : a->input;
}

/* A tensor's lowest element and how many bytes there are from it to the end of the highest. */
struct extent {
    size_t below, bytes;
};

static struct extent extent_of(const struct problem *p, const int64_t *strides, size_t size)
{
    int64_t below = 0, above = 0;
    for (int32_t i = 0; i < p->rank; i++) {
        const int64_t reach = (p->shape[i] - 1) * strides[i];
        below += reach < 0 ? -reach : 0;
        above += reach > 0 ? reach : 0;
    }
    return p->count != 0 ? (struct extent){(size_t)below * size, (size_t)(below + above + 1) * size}
                         : (struct extent){0, 0};
}

/* Places a tensor and all that its struct reaches; its elements are the guard pattern. */
static qdq_tensor *place_tensor(const struct problem *p, const struct arrangement *a, int role)
{
    const size_t size = dtype_size(dtype_of_role(p, role));
    const struct edges *edge = &edges[role];
    const int64_t channels = (int64_t)p->channels;
    const int is_range = (OF_RANGES & 1 << role) != 0;
    int64_t strides[MOST_RANK] = {1};
    qdq_tensor tensor = {.rank = is_range ? 1 : p->rank, .dtype = dtype_of_role(p, role)};
    const size_t bytes_of_shape = (size_t)tensor.rank * sizeof(int64_t);
    tensor.shape = copy_at(&edge->shape, a->place, is_range ? &channels : p->shape, bytes_of_shape);

    struct extent extent = {0, p->channels * size};
    if (!is_range) {
        set_strides_of(p, layout_of(a, role), strides);
        extent = extent_of(p, strides, size);
    }
    tensor.data = room_at(&edge->elements, a->place, extent.bytes) + extent.below;
    if (layout_of(a, role) != DENSE) {
        tensor.strides = copy_at(&edge->strides, a->place, strides, bytes_of_shape);
    }
    return copy_at(&edge->tensor, a->place, &tensor, sizeof tensor);
}

/* How far an element is from the first, in elements. */
static int64_t offset_of(const qdq_tensor *tensor, size_t index)
{
    int64_t offset = 0;
    for (int32_t i = tensor->rank; i-- > 0;) {
        offset += (int64_t)(index % (size_t)tensor->shape[i]) * tensor->strides[i];
        index /= (size_t)tensor->shape[i];
    }
    return offset;
}

/* Calls work with the place of each element of a view, and where it is in a dense array. */
static void for_each_element(const qdq_tensor *tensor, unsigned char *dense,
                             void (*work)(unsigned char *element, unsigned char *dense, size_t size))
{
    const size_t size = dtype_size(tensor->dtype), count = view_count(tensor);
    unsigned char *first = tensor->data;
    if (tensor->strides == NULL) {
        work(first, dense, count * size); /* all at once */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        work(first + offset_of(tensor, i) * (int64_t)size, dense + i * size, size);
    }
}

static void put_element(unsigned char *element, unsigned char *dense, size_t size)
{
    memcpy(element, dense, size);
}

/* Takes an element out, and puts the guard pattern in its place. */
static void take_element(unsigned char *element, unsigned char *dense, size_t size)
{
    memcpy(dense, element, size);
    memset(element, GUARD, size);
}

static void scatter(const qdq_tensor *tensor, unsigned char *dense)
{
    for_each_element(tensor, dense, put_element);
}

static void gather(const qdq_tensor *tensor, unsigned char *dense)
{
    for_each_element(tensor, dense, take_element);
}

/* Calls */

static int has_role(const struct problem *p, int role)
{
    const int is_range = role == RANGE_MIN || role == RANGE_MAX;
    const int is_computed = !p->attrs.range_given && p->function->names[OUTPUT] != NULL;
    return p->function->names[role] != NULL && !(is_range && is_computed);
}

static qdq_quantizer *new_quantizer(const struct problem *p)
{
    const int64_t shape[] = {(int64_t)p->channels};
    const qdq_tensor min = {given[RANGE_MIN], shape, NULL, 1, dtype_of(p->kind), 0};
    const qdq_tensor max = {given[RANGE_MAX], shape, NULL, 1, dtype_of(p->kind), 0};
    qdq_quantizer *quantizer = NULL;
    if (p->function->has_quantizer) {
        CHECK_INT(qdq_quantizer_create(&p->attrs, dtype_of(p->kind), &min, &max, &quantizer), QDQ_STATUS_OK);
    }
    return quantizer;
}

/* Before a call, an output that is read too has its elements; others have the guard pattern. */
static unsigned char *contents_before(const struct problem *p, int role)
{
    const int is_updated = p->function == &functions[RANGE_UPDATE];
    return is_written(p, role) && !is_updated ? NULL : given[role];
}

/* Blocks of the very size, where checkers of memory see what is read or written beside them or before it was written. */
static unsigned char *new_block(const struct problem *p, int role)
{
    const size_t size = size_of_role(p, role);
    const unsigned char *before = contents_before(p, role);
    unsigned char *block = malloc(size != 0 ? size : 1);
    if (block == NULL) {
        abort();
    }
    return before != NULL ? memcpy(block, before, size) : block;
}

static void call_on_ordinary_memory(const struct problem *p, const qdq_quantizer *quantizer)
{
    const int64_t channels[] = {(int64_t)p->channels};
    unsigned char *blocks[ROLES] = {NULL};
    qdq_tensor tensors[ROLES];
    struct views_call call = {.attrs = &p->attrs, .quantizer = quantizer};
    for (int role = 0; role < ROLES; role++) {
        const int is_range = (OF_RANGES & 1 << role) != 0;
        if (has_role(p, role)) {
            blocks[role] = new_block(p, role);
            tensors[role] = (qdq_tensor){blocks[role], is_range ? channels : p->shape, NULL, is_range ? 1 : p->rank,
                                         dtype_of_role(p, role), 0};
            call.tensors[role] = &tensors[role];
        }
    }
    CHECK_INT(p->function->run(&call), QDQ_STATUS_OK);
    for (int role = 0; role < ROLES; role++) {
        if (is_written(p, role)) {
            CHECK_BYTES(blocks[role], expected[role], size_of_role(p, role));
        }
        free(blocks[role]);
    }
}

static void check_output(const struct problem *p, const struct arrangement *a, const qdq_tensor *tensor, int role)
{
    static unsigned char *result;
    if (result == NULL && (result = malloc(ROOM)) == NULL) {
        abort();
    }
    int64_t dense[MOST_RANK] = {1};
    set_strides_of(p, layout_of(a, role), dense);
    const size_t size = dtype_size(tensor->dtype);
    const size_t bytes = OF_RANGES & 1 << role ? p->channels * size : extent_of(p, dense, size).bytes;
    /* In place, the elements lie where the input does. */
    const int home = a->is_in_place && role == OUTPUT ? INPUT : role;
    gather(tensor, result);
    /* The elements wiped out, nothing is left but the pattern. */
    CHECK_BYTES(result, expected[role], size_of_role(p, role));
    check_surroundings(&edges[home].elements, a->place, bytes);
}

static void about(const struct problem *p, const struct arrangement *a)
{
    char shape[64] = "";
    for (int32_t i = 0; i < p->rank; i++) {
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%d", i != 0 ? ", " : "", (int)p->shape[i]);
    }
    snprintf(subject, sizeof subject, "%s, %s, codes %d, [%s], axis %d, range_given %d, %s to %s%s, %s",
             p->function->name, p->kind->name, (int)p->codes_dtype, shape, (int)p->attrs.axis,
             (int)p->attrs.range_given, layout_names[a->input], layout_names[a->output],
             a->is_in_place ? " in place" : "", place_names[a->place]);
    check_about("%s", subject);
}

static void call_at_edges(const struct problem *p, const struct arrangement *a, const qdq_quantizer *quantizer)
{
    const qdq_executor serial = {sizeof serial, 1, 0, NULL, NULL};
    struct views_call call = {.quantizer = quantizer};
    about(p, a);
    call.attrs = copy_at(&edge_of_attrs, a->place, &p->attrs, sizeof p->attrs);
    call.executor = copy_at(&edge_of_executor, a->place, &serial, sizeof serial);
    for (int role = 0; role < ROLES; role++) {
        if (!has_role(p, role)) {
            continue;
        }
        if (a->is_in_place && role == OUTPUT) {
            call.tensors[role] = call.tensors[INPUT];
            continue;
        }
        call.tensors[role] = place_tensor(p, a, role);
        if (contents_before(p, role) != NULL) {
            scatter(call.tensors[role], contents_before(p, role));
        }
    }
    CHECK_INT(p->function->run(&call), QDQ_STATUS_OK);
    for (int role = 0; role < ROLES; role++) {
        if (is_written(p, role)) {
            check_output(p, a, call.tensors[role], role);
        }
    }
}

/* The typed function, whose arguments are pointers to elements. */
static void call_typed_at_edges(const struct problem *p, const struct arrangement *a)
{
    void *elements[ROLES] = {NULL};
    qdq_tensor tensors[ROLES];
    about(p, a);
    for (int role = 0; role < ROLES; role++) {
        if (has_role(p, role)) {
            tensors[role] = *place_tensor(p, a, role);
            elements[role] = tensors[role].data;
            if (contents_before(p, role) != NULL) {
                scatter(&tensors[role], contents_before(p, role));
            }
        }
    }
    const struct call call = {
        .gradients = elements[GRADIENTS],
        .input = elements[INPUT],
        .shape = tensors[INPUT].shape,
        .rank = p->rank,
        .input_min = elements[RANGE_MIN],
        .input_max = elements[RANGE_MAX],
        .range_len = elements[RANGE_MIN] != NULL ? p->channels : 0,
        .attrs = copy_at(&edge_of_attrs, a->place, &p->attrs, sizeof p->attrs),
        .output = elements[OUTPUT],
        .input_min_backprop = elements[RANGE_MIN_BACKPROP],
        .input_max_backprop = elements[RANGE_MAX_BACKPROP],
    };
    const enum direction direction = p->function == &functions[QDQ] ? FORWARD : GRADIENT;
    CHECK_INT(run(p->kind, direction, &call), QDQ_STATUS_OK);
    for (int role = 0; role < ROLES; role++) {
        if (is_written(p, role)) {
            check_output(p, a, &tensors[role], role);
        }
    }
}

/* A quantizer reads its ranges, and gives its parameters to an array. */
static void check_create(struct problem *p, enum place place)
{
    const struct arrangement a = {.place = place};
    const size_t size = p->kind == &kinds[QDQ_DTYPE_F64 - QDQ_DTYPE_F32] ? sizeof(double) : sizeof(float);
    qdq_quantizer *quantizer = NULL;
    about(p, &a);
    const qdq_tensor *min = place_tensor(p, &a, RANGE_MIN), *max = place_tensor(p, &a, RANGE_MAX);
    scatter(min, given[RANGE_MIN]);
    scatter(max, given[RANGE_MAX]);
    const qdq_attrs *attrs = copy_at(&edge_of_attrs, place, &p->attrs, sizeof p->attrs);
    CHECK_INT(qdq_quantizer_create(attrs, dtype_of(p->kind), min, max, &quantizer), QDQ_STATUS_OK);
    unsigned char *values = room_at(&edge_of_parameters, place, p->channels * size);
    CHECK_INT(qdq_quantizer_get(quantizer, QDQ_PARAM_INVERSE_SCALE, values, p->channels), QDQ_STATUS_OK);
    for (size_t channel = 0; channel < p->channels; channel++) {
        const struct kind *kind = &kinds[size == sizeof(double)];
        CHECK_BITS(get_bits(kind, values, channel), kind->bits(step_of(channel)));
        memset(values + channel * size, GUARD, size);
    }
    check_surroundings(&edge_of_parameters, place, p->channels * size);
    qdq_quantizer_destroy(quantizer);
}

/* Which problems */

static const struct arrangement ARRANGEMENTS[] = {
    {DENSE, DENSE, 0, 0},           {DENSE, DENSE, 1, 0},      {SLICED, SLICED, 0, 0},
    {TRANSPOSED, TRANSPOSED, 0, 0}, {TRANSPOSED, DENSE, 0, 0}, {DENSE, TRANSPOSED, 0, 0},
    {BACKWARDS, BACKWARDS, 0, 0},   {BACKWARDS, DENSE, 0, 0},  {APART, APART, 0, 0},
    {SLICED, SLICED, 1, 0},
};

static int is_possible(const struct problem *p, const struct arrangement *a)
{
    const int is_transposed = a->input == TRANSPOSED || a->output == TRANSPOSED;
    return (!a->is_in_place || p->function->in_place & 1 << INPUT) && (!is_transposed || p->rank > 1);
}

static void check_problem(struct problem *p)
{
    p->count = 1;
    for (int32_t i = 0; i < p->rank; i++) {
        p->count *= (size_t)p->shape[i];
    }
    p->channels = p->attrs.axis == -1 ? 1 : (size_t)p->shape[p->attrs.axis];
    p->inner = 1;
    for (int32_t i = p->attrs.axis + 1; i < p->rank; i++) {
        p->inner *= (size_t)p->shape[i];
    }
    fill_ranges(p);
    if (p->function == &functions[CREATE]) {
        check_create(p, AT_BEGIN);
        check_create(p, AT_END);
        return;
    }
    fill_elements(p);
    expect_elements(p);
    expect_ranges(p);
    qdq_quantizer *quantizer = new_quantizer(p);
    const int is_far = p->count * dtype_size(dtype_of(p->kind)) >= FAR;
    about(p, &ARRANGEMENTS[0]);
    call_on_ordinary_memory(p, quantizer);
    for (size_t i = 0; i < (is_far ? 2 : sizeof ARRANGEMENTS / sizeof *ARRANGEMENTS); i++) {
        struct arrangement a = ARRANGEMENTS[i];
        for (a.place = 0; a.place < PLACES && is_possible(p, &a); a.place++) {
            call_at_edges(p, &a, quantizer);
        }
    }
    if (p->function == &functions[QDQ] || p->function == &functions[QDQ_GRADIENT]) {
        call_typed_at_edges(p, &(struct arrangement){.place = AT_BEGIN});
        call_typed_at_edges(p, &(struct arrangement){.place = AT_END});
    }
    qdq_quantizer_destroy(quantizer);
}

/* A dimension of n stands where the shape has a 0. */
struct form {
    int32_t axis, rank;
    int64_t shape[MOST_RANK];
};

static const struct form FORMS[] = {
    {-1, 1, {0}},     /* per tensor */
    {0, 2, {3, 0}},   /* the outermost dimension: runs */
    {1, 2, {3, 0}},   /* the innermost: columns */
    {1, 3, {2, 3, 0}},
    {1, 3, {2, 0, 3}}, /* in the middle: few neighbours share a channel */
    {-1, 2, {17, 0}},  /* transposed: higher than most vectors */
};

static void check_form(struct problem *p, const struct form *form, size_t n)
{
    p->attrs.axis = form->axis;
    p->rank = form->rank;
    for (int32_t i = 0; i < form->rank; i++) {
        p->shape[i] = form->shape[i] != 0 ? form->shape[i] : (int64_t)n;
    }
    check_problem(p);
}

/* Every length up to two vectors and one more, and those around a block of four. */
static size_t every = 1;

static void check_lengths(struct problem *p, const struct form *form)
{
    size_t size = dtype_size(dtype_of(p->kind));
    if (p->function->codes != 0 && dtype_size(p->codes_dtype) < size) {
        size = dtype_size(p->codes_dtype);
    }
    const size_t lanes = VECTOR / size;
    for (size_t n = 0; n <= 2 * lanes + 1; n += every) {
        check_form(p, form, n);
    }
    for (size_t n = 4 * lanes - 1; n <= 4 * lanes + 1; n += every) {
        check_form(p, form, n);
    }
}

static int is_signed(qdq_dtype codes)
{
    return (codes - QDQ_DTYPE_I8) % 2 == 0;
}

static struct problem problem_of(const struct kind *kind, const struct function *function, qdq_dtype codes,
                                 int range_given)
{
    struct problem p = {.kind = kind, .function = function, .codes_dtype = codes, .attrs = QDQ_ATTRS_INIT};
    p.attrs.num_bits = NUM_BITS;
    p.attrs.range_given = range_given;
    p.attrs.signed_input = is_signed(codes);
    return p;
}

static void check_function(const struct kind *kind, const struct function *function)
{
    const qdq_dtype last = function->codes != 0 ? QDQ_DTYPE_U64 : QDQ_DTYPE_I8;
    for (qdq_dtype codes = QDQ_DTYPE_I8; codes <= last; codes++) {
        /* Without a given range codes differ in nothing that their type could change. */
        for (int range_given = codes != QDQ_DTYPE_I8; range_given < 2; range_given++) {
            struct problem p = problem_of(kind, function, codes, range_given);
            for (size_t i = 0; i < sizeof FORMS / sizeof *FORMS; i++) {
                check_lengths(&p, &FORMS[i]);
            }
        }
    }
}

/* Large enough for streaming stores, with an odd end. */
static void check_far(const struct kind *kind, const struct function *function)
{
    static const struct form flat = {-1, 1, {0}}, columns = {1, 2, {0, FAR_COLUMNS}};
    struct problem p = problem_of(kind, function, QDQ_DTYPE_I8, function != &functions[RANGE_UPDATE]);
    check_form(&p, &flat, FAR / kind->size + 5);
    if (function == &functions[QDQ]) {
        check_form(&p, &columns, FAR / kind->size / FAR_COLUMNS + 2);
        p.attrs.range_given = 0;
        check_form(&p, &flat, FAR / kind->size + 5);
        check_form(&p, &columns, FAR / kind->size / FAR_COLUMNS + 2);
    }
}

int main(int count, char **arguments)
{
    if (count == 2 && atoi(arguments[1]) > 0) {
        every = (size_t)atoi(arguments[1]);
    }
    signal(SIGSEGV, report_fault);
    signal(SIGBUS, report_fault);
    make_edges();
    make_arrays();
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t f = 0; f < FUNCTIONS; f++) {
            check_function(&kinds[k], &functions[f]);
            if (f != CREATE && f != APPLY_GRADIENT && f != APPLY) {
                check_far(&kinds[k], &functions[f]);
            }
        }
    }
    return check_finish();
}
