/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "requests.h"

#include "../check.h"

#include <stdlib.h>
#include <string.h>

enum { REQUEST_ROWS = 12, REQUEST_COLUMNS = 12000, MANY = REQUEST_ROWS * REQUEST_COLUMNS, ROOM = 2 * MANY };

enum layout { DENSE, TRANSPOSED, SLICED, SCATTERED, LAYOUTS };
static const char *const layout_names[LAYOUTS] = {"dense", "transposed", "sliced", "scattered"};

static const int64_t STRIDES[LAYOUTS][2] = {
    [DENSE] = {REQUEST_COLUMNS, 1},
    [TRANSPOSED] = {1, REQUEST_ROWS},
    [SLICED] = {2 * REQUEST_COLUMNS, 1},
    [SCATTERED] = {2 * REQUEST_COLUMNS, 2},
};

static const int64_t SHAPE[] = {REQUEST_ROWS, REQUEST_COLUMNS};

/* What a visit lends. */
struct lent {
    alignas(64) unsigned char elements[ROLES][ROOM * sizeof(double)];
    qdq_tensor tensors[ROLES];
    int64_t channels;
    qdq_attrs attrs;
};

static struct lent lent;

struct variant {
    const struct kind *kind;
    const struct function *function;
    const qdq_executor *executor;
    qdq_dtype codes;
    enum layout layout;
    qdq_attrs attrs;
};

struct visitor {
    void (*visit)(const struct request *, void *);
    void *data;
};

static void fill(const struct kind *kind, const struct function *function)
{
    for (size_t i = 0; i < ROOM; i++) {
        put(kind, lent.elements[GRADIENTS], i, (double)(i % 5) - 2);
        put(kind, lent.elements[RANGE_MIN], i, 0);
        put(kind, lent.elements[RANGE_MAX], i, 2);
        if (function->codes & 1u << INPUT) {
            memset(lent.elements[INPUT] + i * sizeof(uint64_t), 0, sizeof(uint64_t));
        } else {
            put(kind, lent.elements[INPUT], i, (double)(i % 9) - 4);
        }
    }
}

static qdq_status run_on_views(const struct request *request)
{
    return request->function->run(&request->views);
}

static qdq_status run_typed(const struct request *request)
{
    return run(request->kind, request->direction, &request->typed);
}

static void lend_tensors(const struct variant *v)
{
    lent.attrs = v->attrs;
    lent.channels = v->attrs.axis == -1 ? 1 : SHAPE[v->attrs.axis];
    for (int role = 0; role < ROLES; role++) {
        const int is_range = (OF_RANGES & 1 << role) != 0;
        lent.tensors[role] = (qdq_tensor){
            .data = lent.elements[role],
            .shape = is_range ? &lent.channels : SHAPE,
            .strides = is_range || (role == OUTPUT && v->layout == SCATTERED) ? NULL : STRIDES[v->layout],
            .rank = is_range ? 1 : 2,
            .dtype = v->function->codes & 1u << role ? v->codes : dtype_of(v->kind),
        };
    }
}

static void visit_views(const struct variant *v, const struct visitor *visitor)
{
    struct request request = {.name = v->function->name, .kind = v->kind, .run = run_on_views};
    qdq_quantizer *quantizer = NULL, *created = NULL;
    lend_tensors(v);
    request.function = v->function;
    request.views.attrs = &lent.attrs;
    request.views.executor = v->executor;
    request.views.dtype = dtype_of(v->kind);
    request.views.created = &created;
    for (int role = 0; role < ROLES; role++) {
        const int is_computed = !v->attrs.range_given && v->function->names[OUTPUT] != NULL;
        const int is_left_out = is_computed && (role == RANGE_MIN || role == RANGE_MAX);
        request.views.tensors[role] =
            v->function->names[role] != NULL && !is_left_out ? &lent.tensors[role] : NULL;
    }
    if (v->function->has_quantizer) {
        CHECK_INT(qdq_quantizer_create(&lent.attrs, dtype_of(v->kind), &lent.tensors[RANGE_MIN],
                                       &lent.tensors[RANGE_MAX], &quantizer),
                  QDQ_STATUS_OK);
        request.views.quantizer = quantizer;
    }
    check_about("%s, %s, %s, codes %d, axis %d, range_given %d", v->function->name, v->kind->name,
                layout_names[v->layout], (int)v->codes, (int)v->attrs.axis, (int)v->attrs.range_given);
    visitor->visit(&request, visitor->data);
    qdq_quantizer_destroy(created);
    qdq_quantizer_destroy(quantizer);
}

static void visit_typed(const struct variant *v, const struct visitor *visitor)
{
    struct request request = {.name = "the typed function", .kind = v->kind, .run = run_typed};
    const int given = v->attrs.range_given;
    request.direction = v->function == &functions[QDQ] ? FORWARD : GRADIENT;
    request.typed = (struct call){
        .gradients = lent.elements[GRADIENTS],
        .input = lent.elements[INPUT],
        .shape = SHAPE,
        .rank = 2,
        .input_min = given ? lent.elements[RANGE_MIN] : NULL,
        .input_max = given ? lent.elements[RANGE_MAX] : NULL,
        .range_len = given ? (size_t)lent.channels : 0,
        .attrs = &lent.attrs,
        .executor = v->executor,
        .output = lent.elements[OUTPUT],
        .input_min_backprop = lent.elements[RANGE_MIN_BACKPROP],
        .input_max_backprop = lent.elements[RANGE_MAX_BACKPROP],
    };
    check_about("typed %s, %s, axis %d, range_given %d", direction_name(request.direction), v->kind->name,
                (int)v->attrs.axis, given);
    visitor->visit(&request, visitor->data);
}

static void visit_variant(const struct variant *v, const struct visitor *visitor)
{
    visit_views(v, visitor);
    if (v->layout == DENSE && (v->function == &functions[QDQ] || v->function == &functions[QDQ_GRADIENT])) {
        visit_typed(v, visitor);
    }
}

/* Ways to compute: the default, and each attribute otherwise. */
enum { WAYS = 5 };

static void set_way(qdq_attrs *attrs, int way)
{
    attrs->round_mode = way == 1 ? QDQ_ROUND_HALF_UP : QDQ_ROUND_HALF_TO_EVEN;
    attrs->arithmetic = way == 2 ? QDQ_ARITHMETIC_NATIVE : QDQ_ARITHMETIC_DEFAULT;
    attrs->degenerate = way == 3   ? QDQ_DEGENERATE_ERROR
                        : way == 4 ? QDQ_DEGENERATE_ZERO
                                   : QDQ_DEGENERATE_TENSORFLOW;
}

static void visit_layouts(struct variant *v, const struct visitor *visitor)
{
    for (int layout = 0; layout < LAYOUTS; layout++) {
        v->layout = layout;
        for (v->attrs.axis = -1; v->attrs.axis < 2; v->attrs.axis++) {
            for (int way = 0; way < (layout == DENSE ? WAYS : 1); way++) {
                set_way(&v->attrs, way);
                visit_variant(v, visitor);
            }
        }
    }
}

static void visit_function(struct variant *v, const struct visitor *visitor)
{
    const qdq_dtype last = v->function->codes != 0 ? QDQ_DTYPE_U64 : QDQ_DTYPE_I8;
    fill(v->kind, v->function);
    for (v->codes = QDQ_DTYPE_I8; v->codes <= last; v->codes++) {
        /* Codes of 0 to 127 fit them all. */
        v->attrs = (qdq_attrs)QDQ_ATTRS_INIT;
        v->attrs.num_bits = 7;
        v->attrs.signed_input = 0;
        for (v->attrs.range_given = 0; v->attrs.range_given < 2; v->attrs.range_given++) {
            visit_layouts(v, visitor);
        }
    }
}

/* Failures */

static qdq_status refuse_axis(const struct request *request)
{
    int64_t shape[QDQ_MAX_RANK];
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    for (int i = 0; i < QDQ_MAX_RANK; i++) {
        shape[i] = INT64_MAX;
    }
    attrs.axis = INT32_MAX;
    struct call call = {.input = shape, .gradients = shape, .shape = shape, .rank = QDQ_MAX_RANK, .attrs = &attrs};
    call.output = lent.elements[OUTPUT];
    return run(request->kind, request->direction, &call);
}

/*
 * Two views of so many dimensions that whether they share memory, or one with itself, cannot be found in reasonable time:
 * every stride but one is a multiple of 6, and the search for a sum in between goes as deep as there are dimensions.
 */
static qdq_status search_for_overlap(const struct request *request)
{
    enum { RANK = 59 }; /* 2^59 doubles are still a possible size */
    int64_t shape[RANK], strides[RANK];
    for (int64_t i = 0; i < RANK; i++) {
        shape[i] = 2;
        strides[i] = i == 0 ? 1 : 6 * ((INT64_C(1) << 40) + i * i * i * 7919);
    }
    const qdq_dtype dtype = dtype_of(request->kind);
    const qdq_tensor input = {lent.elements[INPUT], shape, strides, RANK, dtype, 0};
    const qdq_tensor output = {lent.elements[INPUT] + 2 * request->kind->size, shape, strides, RANK, dtype, 0};
    return qdq_quantize_and_dequantize_v4(&input, NULL, NULL, NULL, NULL, &output);
}

static qdq_status ask_the_rest(const struct request *request)
{
    qdq_attrs attrs;
    (void)request;
    if (qdq_status_string(QDQ_STATUS_OK) == NULL || qdq_last_error() == NULL || qdq_version() == NULL
        || qdq_version_number() == 0 || qdq_isa() == NULL) {
        return QDQ_STATUS_INTERNAL;
    }
    return qdq_attrs_init(&attrs, sizeof attrs);
}

static void visit_others(const struct kind *kind, const struct visitor *visitor)
{
    const struct request others[] = {
        {.name = "axis", .run = refuse_axis, .expected = QDQ_STATUS_INVALID_AXIS},
        {.name = "axis", .run = refuse_axis, .direction = GRADIENT, .expected = QDQ_STATUS_INVALID_AXIS},
        {.name = "a search for overlap", .run = search_for_overlap, .expected = QDQ_STATUS_OVERLAP},
        {.name = "functions without tensors", .run = ask_the_rest},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct request request = others[i];
        request.kind = kind;
        check_about("%s, %s", request.name, kind->name);
        visitor->visit(&request, visitor->data);
    }
}

void for_each_request(const qdq_executor *executor, void (*visit)(const struct request *, void *), void *data)
{
    const struct visitor visitor = {visit, data};
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t f = 0; f < FUNCTIONS; f++) {
            struct variant v = {.kind = &kinds[k], .function = &functions[f], .executor = executor};
            visit_function(&v, &visitor);
        }
        visit_others(&kinds[k], &visitor);
    }
}

void make_request(const struct request *request, void *unused)
{
    (void)unused;
    CHECK_INT(request->run(request), request->expected);
}
