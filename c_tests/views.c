/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "views.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char GUARD = 0xa5;

/* The functions */

static qdq_status run_qdq(const struct views_call *c)
{
    return qdq_quantize_and_dequantize_v4(c->tensors[INPUT], c->tensors[RANGE_MIN], c->tensors[RANGE_MAX], c->attrs,
                                          c->executor, c->tensors[OUTPUT]);
}

static qdq_status run_qdq_gradient(const struct views_call *c)
{
    return qdq_quantize_and_dequantize_v4_grad(c->tensors[GRADIENTS], c->tensors[INPUT], c->tensors[RANGE_MIN],
                                               c->tensors[RANGE_MAX], c->attrs, c->executor, c->tensors[OUTPUT],
                                               c->tensors[RANGE_MIN_BACKPROP], c->tensors[RANGE_MAX_BACKPROP]);
}

static qdq_status run_range_update(const struct views_call *c)
{
    return qdq_range_update(c->tensors[INPUT], c->attrs, c->executor, c->tensors[RANGE_MIN], c->tensors[RANGE_MAX]);
}

static qdq_status run_create(const struct views_call *c)
{
    return qdq_quantizer_create(c->attrs, c->dtype, c->tensors[RANGE_MIN], c->tensors[RANGE_MAX], c->created);
}

static qdq_status run_apply(const struct views_call *c)
{
    return qdq_quantizer_apply(c->quantizer, c->executor, c->tensors[INPUT], c->tensors[OUTPUT]);
}

static qdq_status run_apply_gradient(const struct views_call *c)
{
    return qdq_quantizer_grad(c->quantizer, c->executor, c->tensors[GRADIENTS], c->tensors[INPUT],
                              c->tensors[OUTPUT]);
}

static qdq_status run_quantize(const struct views_call *c)
{
    return qdq_quantizer_quantize(c->quantizer, c->executor, c->tensors[INPUT], c->tensors[OUTPUT]);
}

static qdq_status run_dequantize(const struct views_call *c)
{
    return qdq_quantizer_dequantize(c->quantizer, c->executor, c->tensors[INPUT], c->tensors[OUTPUT]);
}

const struct function functions[FUNCTIONS] = {
    [QDQ] = {.name = "qdq_quantize_and_dequantize_v4",
             .run = run_qdq,
             .names = {[INPUT] = "input",
                       [RANGE_MIN] = "input_min",
                       [RANGE_MAX] = "input_max",
                       [OUTPUT] = "output"},
             .outputs = 1 << OUTPUT,
             .in_place = 1 << INPUT,
             .has_attrs = 1,
             .has_executor = 1},
    [QDQ_GRADIENT] = {.name = "qdq_quantize_and_dequantize_v4_grad",
                      .run = run_qdq_gradient,
                      .names = {"gradients", "input", "input_min", "input_max", "input_backprop",
                                "input_min_backprop", "input_max_backprop"},
                      .outputs = 1 << OUTPUT | 1 << RANGE_MIN_BACKPROP | 1 << RANGE_MAX_BACKPROP,
                      .in_place = 1 << INPUT | 1 << GRADIENTS,
                      .has_attrs = 1,
                      .has_executor = 1},
    [RANGE_UPDATE] = {.name = "qdq_range_update",
                      .run = run_range_update,
                      .names = {[INPUT] = "input", [RANGE_MIN] = "range_min", [RANGE_MAX] = "range_max"},
                      .outputs = 1 << RANGE_MIN | 1 << RANGE_MAX,
                      .has_attrs = 1,
                      .has_executor = 1},
    [CREATE] = {.name = "qdq_quantizer_create",
                .run = run_create,
                .names = {[RANGE_MIN] = "input_min", [RANGE_MAX] = "input_max"},
                .has_attrs = 1},
    [APPLY] = {.name = "qdq_quantizer_apply",
               .run = run_apply,
               .names = {[INPUT] = "input", [OUTPUT] = "output"},
               .outputs = 1 << OUTPUT,
               .in_place = 1 << INPUT,
               .has_executor = 1,
               .has_quantizer = 1},
    [APPLY_GRADIENT] = {.name = "qdq_quantizer_grad",
                        .run = run_apply_gradient,
                        .names = {[GRADIENTS] = "gradients", [INPUT] = "input", [OUTPUT] = "input_backprop"},
                        .outputs = 1 << OUTPUT,
                        .in_place = 1 << INPUT | 1 << GRADIENTS,
                        .has_executor = 1,
                        .has_quantizer = 1},
    [QUANTIZE] = {.name = "qdq_quantizer_quantize",
                  .run = run_quantize,
                  .names = {[INPUT] = "input", [OUTPUT] = "codes"},
                  .outputs = 1 << OUTPUT,
                  .codes = 1 << OUTPUT,
                  .has_executor = 1,
                  .has_quantizer = 1},
    [DEQUANTIZE] = {.name = "qdq_quantizer_dequantize",
                    .run = run_dequantize,
                    .names = {[INPUT] = "codes", [OUTPUT] = "output"},
                    .outputs = 1 << OUTPUT,
                    .codes = 1 << INPUT,
                    .has_executor = 1,
                    .has_quantizer = 1},
};

/* Tensors */

/* The kinds stand in the order of their dtypes. */
qdq_dtype dtype_of(const struct kind *kind)
{
    return QDQ_DTYPE_F32 + (qdq_dtype)(kind - kinds);
}

size_t dtype_size(qdq_dtype dtype)
{
    static const size_t sizes[DTYPES] = {4, 8, 2, 2, 1, 1, 2, 2, 4, 4, 8, 8};
    return sizes[dtype - 1];
}

size_t view_count(const qdq_tensor *tensor)
{
    size_t count = 1;
    for (int32_t i = 0; i < tensor->rank; i++) {
        count *= (size_t)tensor->shape[i];
    }
    return count;
}

void *view_element(const qdq_tensor *tensor, size_t index)
{
    int64_t at = 0, dense = 1;
    for (int32_t i = tensor->rank; i-- > 0;) {
        const int64_t size = tensor->shape[i];
        const int64_t stride = tensor->strides != NULL ? tensor->strides[i] : dense;
        if (size > 1) {
            at += (int64_t)(index % (size_t)size) * stride;
        }
        index /= (size_t)size;
        dense *= size;
    }
    return (void *)((uintptr_t)tensor->data + (uintptr_t)at * dtype_size(tensor->dtype));
}

void set_shape(struct slot *slot, int32_t rank, const int64_t *shape)
{
    for (int32_t i = 0; i < rank; i++) {
        slot->shape[i] = shape[i];
    }
    slot->tensor.rank = rank;
    slot->tensor.shape = slot->shape;
}

void set_strides(struct slot *slot, const int64_t *strides)
{
    for (int32_t i = 0; i < slot->tensor.rank; i++) {
        slot->strides[i] = strides[i];
    }
    slot->tensor.strides = slot->strides;
}

void lay_out(struct slot *slot, int64_t offset, const int64_t *strides)
{
    const size_t size = dtype_size(slot->tensor.dtype), count = view_count(&slot->tensor);
    unsigned char dense[COUNT * sizeof(double)];
    memcpy(dense, slot->tensor.data, count * size);
    slot->tensor.data = (unsigned char *)slot->tensor.data + offset * (int64_t)size;
    set_strides(slot, strides);
    for (size_t i = 0; i < count; i++) {
        memcpy(view_element(&slot->tensor, i), dense + i * size, size);
    }
}

/* The fixture */

static int is_codes(const struct views *v, int role)
{
    return (v->function->codes & 1u << role) != 0;
}

static void fill_elements(struct views *v)
{
    void *elements[ROLES];
    for (int role = 0; role < ROLES; role++) {
        elements[role] = first(&v->slots[role].elements);
        if (v->function->outputs & 1u << role) {
            memset(&v->slots[role].elements, GUARD, sizeof v->slots[role].elements);
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        put(v->kind, elements[GRADIENTS], i, (double)(i % 5) + 1);
        put(v->kind, elements[RANGE_MIN], i, -((double)(i % 3) + 1) / 4);
        put(v->kind, elements[RANGE_MAX], i, ((double)(i % 4) + 1) / 4);
        if (is_codes(v, INPUT)) {
            ((int8_t *)elements[INPUT])[i] = (int8_t)(i % 251 - 125);
        } else {
            put(v->kind, elements[INPUT], i, ((double)(i % 9) - 4) / 4);
        }
    }
}

struct views *fresh_views(const struct kind *kind, const struct function *function)
{
    static struct views fixture;
    struct views *v = &fixture;
    qdq_quantizer_destroy(v->quantizer);
    memset(v, 0, sizeof *v);
    v->kind = kind;
    v->function = function;
    v->attrs = (qdq_attrs)QDQ_ATTRS_INIT;
    v->attrs.range_given = 1;
    v->executor = (qdq_executor)QDQ_EXECUTOR_INIT;
    v->executor.num_threads = 1;
    fill_elements(v);
    for (int role = 0; role < ROLES; role++) {
        struct slot *slot = &v->slots[role];
        slot->tensor.data = first(&slot->elements);
        slot->tensor.dtype = is_codes(v, role) ? QDQ_DTYPE_I8 : dtype_of(kind);
        v->call.tensors[role] = function->names[role] != NULL ? &slot->tensor : NULL;
    }
    memset(v->created, GUARD, sizeof v->created);
    v->call.attrs = &v->attrs;
    v->call.executor = &v->executor;
    v->call.dtype = dtype_of(kind);
    v->call.created = &v->created[0];
    views_shape(v, 2, (const int64_t[]){ROWS, CHANNELS}, 1);
    return v;
}

void views_shape(struct views *v, int32_t rank, const int64_t *shape, int32_t axis)
{
    for (int role = 0; role < ROLES; role++) {
        struct slot *slot = &v->slots[role];
        if (OF_ELEMENTS & 1 << role) {
            set_shape(slot, rank, shape);
        } else {
            set_shape(slot, 1, (const int64_t[]){axis == -1 ? 1 : shape[axis]});
        }
        slot->tensor.strides = NULL;
    }
    v->attrs.axis = axis;
    views_prepare(v);
}

void views_prepare(struct views *v)
{
    qdq_tensor range[2];
    if (!v->function->has_quantizer) {
        return;
    }
    qdq_quantizer_destroy(v->quantizer);
    for (int i = 0; i < 2; i++) {
        struct slot *slot = &v->slots[RANGE_MIN + i];
        range[i] = (qdq_tensor){first(&slot->elements), slot->shape, NULL, slot->tensor.rank, dtype_of(v->kind), 0};
    }
    if (qdq_quantizer_create(&v->attrs, dtype_of(v->kind), &range[0], &range[1], &v->quantizer) != QDQ_STATUS_OK) {
        abort();
    }
    v->call.quantizer = v->quantizer;
}

void views_computed(struct views *v)
{
    v->attrs.range_given = 0;
    if (!v->function->has_quantizer && v->function->run != run_create) {
        v->call.tensors[RANGE_MIN] = v->call.tensors[RANGE_MAX] = NULL;
    }
    views_prepare(v);
}

/* Expectations */

static struct views *snapshot(const struct views *v)
{
    static struct views before;
    /* Not an assignment: padding counts too. */
    memcpy(&before, v, sizeof before);
    return &before;
}

static void about(const struct views *v)
{
    check_about("%s, %s", v->function->name, v->kind->name);
}

void expect_views_failure(struct views *v, qdq_status status, const char *const *words, const char *file, int line)
{
    about(v);
    /* Another failure first, so that the words are not those of an earlier call. */
    const qdq_status other = qdq_attrs_init(NULL, sizeof(qdq_attrs));
    check_int(other, QDQ_STATUS_NULL_POINTER, file, line, "status of another call");

    struct views *before = snapshot(v);
    if (v->function->run == run_create && v->call.created == &v->created[0]) {
        before->created[0] = NULL;
    }
    check_int(v->function->run(&v->call), status, file, line, "status");
    check_bytes(v, before, sizeof *v, file, line, "everything in reach");
    for (; *words != NULL; words++) {
        check_contains(qdq_last_error(), *words, file, line, "qdq_last_error()");
    }
}

/* The quantizer that a call created is no more than seen. */
static void accept_created(struct views *v, struct views *before, const char *file, int line)
{
    if (v->function->run == run_create) {
        check_that(v->created[0] != NULL && v->created[0] != before->created[0], file, line, "a new quantizer");
        qdq_quantizer_destroy(v->created[0]);
        v->created[0] = before->created[0];
    }
}

void expect_views_success(struct views *v, const char *file, int line)
{
    about(v);
    struct views *before = snapshot(v);
    const qdq_status status = v->function->run(&v->call);
    check_int(status, QDQ_STATUS_OK, file, line, "status");
    if (status != QDQ_STATUS_OK) {
        check_string(qdq_last_error(), "", file, line, "qdq_last_error()");
        return;
    }
    accept_created(v, before, file, line);
    /* Where the call may write: the bytes there are taken over into `before`. */
    for (int role = 0; role < ROLES; role++) {
        const qdq_tensor *tensor = v->call.tensors[role];
        if (tensor == NULL || !(v->function->outputs & 1u << role)) {
            continue;
        }
        for (size_t i = 0; i < view_count(tensor); i++) {
            const void *at = view_element(tensor, i);
            memcpy((unsigned char *)before + ((uintptr_t)at - (uintptr_t)v), at, dtype_size(tensor->dtype));
        }
    }
    check_bytes(v, before, sizeof *v, file, line, "everything beside the outputs");
}

const struct views *views_result(struct views *v, const char *file, int line)
{
    static struct views result;
    expect_views_success(v, file, line);
    memcpy(&result, v, sizeof result);
    return &result;
}

/* Where the copy of a fixture has what `pointer` of the fixture points to. */
static void *moved(const struct views *copy, const struct views *v, const void *pointer)
{
    return (void *)((uintptr_t)pointer - (uintptr_t)v + (uintptr_t)copy);
}

/* A tensor of the copy, which is in the fixture's terms, in the copy's. */
static qdq_tensor tensor_of_copy(const struct views *copy, const struct views *v, int role)
{
    qdq_tensor tensor = copy->slots[role].tensor;
    tensor.data = moved(copy, v, tensor.data);
    tensor.shape = moved(copy, v, tensor.shape);
    tensor.strides = tensor.strides != NULL ? moved(copy, v, tensor.strides) : NULL;
    return tensor;
}

void expect_views_result(struct views *v, const struct views *result, const char *file, int line)
{
    expect_views_success(v, file, line);
    for (int role = 0; role < ROLES; role++) {
        const qdq_tensor *tensor = v->call.tensors[role];
        if (tensor == NULL || !(v->function->outputs & 1u << role)) {
            continue;
        }
        const qdq_tensor expected = tensor_of_copy(result, v, role);
        for (size_t i = 0; i < view_count(tensor); i++) {
            check_bytes(view_element(tensor, i), view_element(&expected, i), dtype_size(tensor->dtype), file, line,
                        v->function->names[role]);
        }
    }
}
