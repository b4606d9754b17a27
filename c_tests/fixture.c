/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fixture.h"

#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const unsigned char GUARD = 0xa5;

void *first(struct array *array)
{
    return array->bytes + COUNT * sizeof(double);
}

const char *text(const char *format, ...)
{
    static char buffers[8][128];
    static unsigned next;
    char *buffer = buffers[next++ % 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(buffer, sizeof buffers[0], format, arguments);
    va_end(arguments);
    return buffer;
}

static void fill_elements(struct fixture *f)
{
    for (size_t i = 0; i < COUNT; i++) {
        put(f->kind, first(&f->gradients), i, (double)(i % 5) + 1);
        put(f->kind, first(&f->input), i, ((double)(i % 9) - 4) / 4);
    }
    for (size_t i = 0; i < COUNT; i++) {
        put(f->kind, first(&f->input_min), i, -1);
        put(f->kind, first(&f->input_max), i, 1);
    }
    memset(&f->output, GUARD, sizeof f->output);
    memset(&f->input_min_backprop, GUARD, sizeof f->input_min_backprop);
    memset(&f->input_max_backprop, GUARD, sizeof f->input_max_backprop);
}

struct fixture *fresh_fixture(const struct kind *kind)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    f->kind = kind;
    f->attrs = (qdq_attrs)QDQ_ATTRS_INIT;
    f->executor = (qdq_executor)QDQ_EXECUTOR_INIT;
    f->executor.num_threads = 1;
    fill_elements(f);
    f->call = (struct call){
        .gradients = first(&f->gradients),
        .input = first(&f->input),
        .attrs = &f->attrs,
        .executor = &f->executor,
        .output = first(&f->output),
        .input_min_backprop = first(&f->input_min_backprop),
        .input_max_backprop = first(&f->input_max_backprop),
    };
    fixture_shape(f, 2, (const int64_t[]){ROWS, CHANNELS}, 1, 1);
    return f;
}

void fixture_shape(struct fixture *f, int32_t rank, const int64_t *shape, int32_t axis, int range_given)
{
    for (int32_t i = 0; i < rank; i++) {
        f->shape[i] = shape[i];
    }
    f->call.shape = f->shape;
    f->call.rank = rank;
    f->attrs.axis = axis;
    f->attrs.range_given = 1;
    f->call.input_min = first(&f->input_min);
    f->call.input_max = first(&f->input_max);
    f->call.range_len = axis == -1 ? 1 : (size_t)shape[axis];
    if (!range_given) {
        fixture_computed(f);
    }
}

void fixture_computed(struct fixture *f)
{
    f->attrs.range_given = 0;
    f->call.input_min = NULL;
    f->call.input_max = NULL;
    f->call.range_len = 0;
}

static struct fixture *snapshot(const struct fixture *f)
{
    static struct fixture before;
    /* Not an assignment: padding counts too. */
    memcpy(&before, f, sizeof before);
    return &before;
}

void expect_failure(struct fixture *f, enum direction direction, qdq_status status, const char *const *words,
                    const char *file, int line)
{
    check_about("%s %s", f->kind->name, direction_name(direction));
    /* Another failure first, so that the words are not those of an earlier call. */
    check_int(qdq_attrs_init(NULL, sizeof(qdq_attrs)), QDQ_STATUS_NULL_POINTER, file, line, "status of another call");

    const struct fixture *before = snapshot(f);
    check_int(run(f->kind, direction, &f->call), status, file, line, "status");
    check_bytes(f, before, sizeof *f, file, line, "everything in reach");
    for (; *words != NULL; words++) {
        check_contains(qdq_last_error(), *words, file, line, "qdq_last_error()");
    }
}

/* Where the call may write: the bytes there are taken over into `before`. */
static void accept_output(const struct fixture *f, struct fixture *before, void *output, size_t count)
{
    if (output != NULL) {
        memcpy((unsigned char *)before + ((uintptr_t)output - (uintptr_t)f), output, count * f->kind->size);
    }
}

void expect_success(struct fixture *f, enum direction direction, const char *file, int line)
{
    check_about("%s %s", f->kind->name, direction_name(direction));
    struct fixture *before = snapshot(f);
    check_int(run(f->kind, direction, &f->call), QDQ_STATUS_OK, file, line, "status");

    size_t count = 1;
    for (int32_t i = 0; i < f->call.rank; i++) {
        count *= (size_t)f->call.shape[i];
    }
    const int32_t axis = f->call.attrs != NULL ? f->attrs.axis : -1;
    accept_output(f, before, f->call.output, count);
    if (direction == GRADIENT) {
        const size_t channels = axis == -1 ? 1 : (size_t)f->call.shape[axis];
        accept_output(f, before, f->call.input_min_backprop, channels);
        accept_output(f, before, f->call.input_max_backprop, channels);
    }
    check_bytes(f, before, sizeof *f, file, line, "everything beside the outputs");
}
