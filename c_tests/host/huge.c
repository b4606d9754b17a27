/*
 * Tensors of more than 2^31 and of more than 2^32 elements: no count, index or stride is cut to 32 bits. One tensor of
 * bfloat16, 8 GB, on which everything works in place. What is alike everywhere is written as a block that repeats; what
 * decides a range stands at the very end alone, where a count of 32 bits does not reach. scripts/huge.sh runs it.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "../check.h"
#include "../kinds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { SKIPPED = 77, COLUMNS = 1021, BLOCK = 64 * COLUMNS };

static const size_t ELEMENTS = (((size_t)1 << 32) / BLOCK + 2) * BLOCK; /* whole blocks, more than 2^32 */
static const size_t NEEDED = (size_t)12 << 30;                          /* bytes free, with some for others */

static const struct kind *const BF16 = &kinds[QDQ_DTYPE_BF16 - QDQ_DTYPE_F32];

static uint16_t *tensor;

/* With 3 bits [-4*step, 3*step] has its codes at the multiples of step. Elements are within [-2, 1.5] steps, quarters. */
enum { LOWEST = -4, HIGHEST = 3 };

static double position(size_t i)
{
    return (double)(i * 7 % 15) / 4 - 2;
}

static double step_of(size_t channel)
{
    return ldexp(1, (int)(channel % 3) - 1);
}

/* Blocks: how many steps an element is, and what each is of. */
struct block {
    uint16_t elements[BLOCK];
};

static struct block before, after;

static double itself(double steps)
{
    return steps;
}

static double masked(double steps)
{
    return steps * (fabs(steps) <= 1);
}

static void make_block(struct block *block, double (*work)(double), size_t channels)
{
    for (size_t i = 0; i < BLOCK; i++) {
        block->elements[i] = (uint16_t)BF16->bits(work(position(i)) * step_of(i % channels));
    }
}

static void scale_block(struct block *block, double (*work)(double), double step)
{
    for (size_t i = 0; i < BLOCK; i++) {
        block->elements[i] = (uint16_t)BF16->bits(work(position(i)) * step);
    }
}

static void tile(size_t from, size_t to, const struct block *block)
{
    for (size_t at = from; at < to; at += BLOCK) {
        memcpy(tensor + at, block, (to - at < BLOCK ? to - at : BLOCK) * sizeof *tensor);
    }
}

static void check_tiles(size_t from, size_t to, const struct block *block)
{
    for (size_t at = from; at < to; at += BLOCK) {
        const size_t bytes = (to - at < BLOCK ? to - at : BLOCK) * sizeof *tensor;
        if (memcmp(tensor + at, block, bytes) != 0) {
            fprintf(stderr, "the block at element %zu:\n", at);
            CHECK_BYTES(tensor + at, block, bytes);
            return;
        }
    }
}

static void put_steps(size_t at, double steps, double step)
{
    put(BF16, tensor, at, steps * step);
}

static void check_steps(size_t at, double steps, double step)
{
    CHECK_BITS(tensor[at], BF16->bits(steps * step));
}

/* Calls, in place */

static qdq_attrs attributes(int32_t axis, int range_given)
{
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.num_bits = 3;
    attrs.axis = axis;
    attrs.range_given = range_given;
    return attrs;
}

static void run_in_place(enum direction direction, const int64_t *shape, int32_t rank, const qdq_attrs *attrs,
                         const uint16_t *min, const uint16_t *max, size_t len, int32_t num_threads)
{
    qdq_executor executor = QDQ_EXECUTOR_INIT;
    executor.num_threads = num_threads;
    const struct call call = {
        .gradients = tensor, .input = tensor, .shape = shape, .rank = rank, .input_min = min, .input_max = max,
        .range_len = len, .attrs = attrs, .executor = &executor, .output = tensor,
    };
    CHECK_INT(run(BF16, direction, &call), QDQ_STATUS_OK);
}

static void make_ranges(uint16_t *min, uint16_t *max, size_t channels, double lowest, double highest)
{
    for (size_t channel = 0; channel < channels; channel++) {
        put(BF16, min, channel, lowest * step_of(channel));
        put(BF16, max, channel, highest * step_of(channel));
    }
}

/* One range */

static const int64_t FLAT[] = {(int64_t)((((size_t)1 << 32) / BLOCK + 2) * BLOCK)};

static void check_given(int32_t num_threads)
{
    const qdq_attrs attrs = attributes(-1, 1);
    uint16_t min[1], max[1];
    make_ranges(min, max, 1, LOWEST, HIGHEST);
    make_block(&before, itself, 1);
    make_block(&after, rint, 1);
    tile(0, ELEMENTS, &before);
    put_steps(ELEMENTS - 1, 100, 1); /* clamped to 3 */
    run_in_place(FORWARD, FLAT, 1, &attrs, min, max, 1, num_threads);
    check_steps(ELEMENTS - 1, HIGHEST, step_of(0));
    tensor[ELEMENTS - 1] = after.elements[BLOCK - 1];
    check_tiles(0, ELEMENTS, &after);
}

static void check_computed(int32_t num_threads)
{
    const qdq_attrs attrs = attributes(-1, 0);
    make_block(&before, itself, 1);
    make_block(&after, rint, 1);
    tile(0, ELEMENTS, &before);
    put_steps(ELEMENTS - 1, LOWEST, step_of(0));
    run_in_place(FORWARD, FLAT, 1, &attrs, NULL, NULL, 0, num_threads);
    check_steps(ELEMENTS - 1, LOWEST, step_of(0));
    tensor[ELEMENTS - 1] = after.elements[BLOCK - 1];
    check_tiles(0, ELEMENTS, &after);
}

static void check_range_update(void)
{
    const int64_t one[] = {1};
    float min = INFINITY, max = -INFINITY;
    const qdq_executor executor = QDQ_EXECUTOR_INIT;
    const qdq_tensor input = {tensor, FLAT, NULL, 1, QDQ_DTYPE_BF16, 0};
    const qdq_tensor range_min = {&min, one, NULL, 1, QDQ_DTYPE_F32, 0};
    const qdq_tensor range_max = {&max, one, NULL, 1, QDQ_DTYPE_F32, 0};
    make_block(&before, itself, 1);
    tile(0, ELEMENTS, &before);
    put_steps(ELEMENTS - 1, -1000, 1);
    put_steps(ELEMENTS - 2, 2000, 1);
    CHECK_INT(qdq_range_update(&input, NULL, &executor, &range_min, &range_max), QDQ_STATUS_OK);
    CHECK(min == -1000 && max == 2000);
}

static void check_gradient(void)
{
    const qdq_attrs attrs = attributes(-1, 1);
    uint16_t min[1], max[1];
    make_ranges(min, max, 1, -1, 1);
    make_block(&before, itself, 1);
    make_block(&after, masked, 1);
    tile(0, ELEMENTS, &before);
    run_in_place(GRADIENT, FLAT, 1, &attrs, min, max, 1, 0);
    check_tiles(0, ELEMENTS, &after);
}

/* Rows of more than 2^31 elements, a range for each */

static void check_rows(int range_given)
{
    const size_t row = ELEMENTS / 2;
    const int64_t shape[] = {2, (int64_t)row};
    const qdq_attrs attrs = attributes(0, range_given);
    uint16_t min[2], max[2];
    make_ranges(min, max, 2, LOWEST, HIGHEST);
    for (size_t channel = 0; channel < 2; channel++) {
        scale_block(&before, itself, step_of(channel));
        tile(channel * row, (channel + 1) * row, &before);
        put_steps((channel + 1) * row - 1, LOWEST, step_of(channel));
    }
    run_in_place(FORWARD, shape, 2, &attrs, range_given ? min : NULL, range_given ? max : NULL, range_given ? 2 : 0, 0);
    for (size_t channel = 0; channel < 2; channel++) {
        const size_t last = (channel + 1) * row - 1;
        scale_block(&after, rint, step_of(channel));
        check_steps(last, LOWEST, step_of(channel));
        tensor[last] = after.elements[(row - 1) % BLOCK];
        check_tiles(channel * row, last + 1, &after);
    }
}

/* Columns with a range each */

static void check_columns(int range_given)
{
    const size_t rows = ELEMENTS / COLUMNS, last = ELEMENTS - COLUMNS;
    const int64_t shape[] = {(int64_t)rows, COLUMNS};
    const qdq_attrs attrs = attributes(1, range_given);
    uint16_t min[COLUMNS], max[COLUMNS];
    make_ranges(min, max, COLUMNS, LOWEST, HIGHEST);
    make_block(&before, itself, COLUMNS);
    make_block(&after, rint, COLUMNS);
    tile(0, ELEMENTS, &before);
    for (size_t channel = 0; channel < COLUMNS; channel++) {
        put_steps(last + channel, LOWEST, step_of(channel));
    }
    run_in_place(FORWARD, shape, 2, &attrs, range_given ? min : NULL, range_given ? max : NULL,
                 range_given ? COLUMNS : 0, 0);
    for (size_t channel = 0; channel < COLUMNS; channel++) {
        check_steps(last + channel, LOWEST, step_of(channel));
    }
    memcpy(tensor + last, after.elements + BLOCK - COLUMNS, COLUMNS * sizeof *tensor);
    check_tiles(0, ELEMENTS, &after);
}

/* Views with strides that 32 bits do not hold */

struct view {
    const char *name;
    size_t first;
    int64_t shape[2], strides[2];
};

static const int64_t FAR = INT64_C(1) << 31;

static size_t place_in(const struct view *view, int64_t row, int64_t column)
{
    return (size_t)((int64_t)view->first + row * view->strides[0] + column * view->strides[1]);
}

/* The elements of the view are computed, no other changes. */
static void check_view(const struct view *view)
{
    const qdq_attrs attrs = attributes(-1, 1);
    const qdq_executor executor = QDQ_EXECUTOR_INIT;
    float min = LOWEST * 0.5f, max = HIGHEST * 0.5f;
    const qdq_tensor range_min = {&min, NULL, NULL, 0, QDQ_DTYPE_F32, 0};
    const qdq_tensor range_max = {&max, NULL, NULL, 0, QDQ_DTYPE_F32, 0};
    const qdq_tensor all = {tensor + view->first, view->shape, view->strides, 2, QDQ_DTYPE_BF16, 0};
    size_t wrong = 0;
    check_about("%s", view->name);
    CHECK_INT(qdq_quantize_and_dequantize_v4(&all, &range_min, &range_max, &attrs, &executor, &all), QDQ_STATUS_OK);
    for (int64_t row = 0; row < view->shape[0]; row++) {
        for (int64_t column = 0; column < view->shape[1]; column++) {
            const size_t at = place_in(view, row, column);
            wrong += tensor[at] != after.elements[at % BLOCK];
            tensor[at] = before.elements[at % BLOCK];
        }
    }
    CHECK_INT(wrong, 0);
}

static void check_views(void)
{
    const struct view views[] = {
        {"rows 2^31 apart", 5, {3, 50000}, {FAR, 1}},
        {"rows 2^31 apart, backwards", (size_t)2 * FAR + 5, {3, 50000}, {-FAR, 1}},
        {"neighbours 2^31 apart", 5, {50000, 3}, {1, FAR}},
        {"neighbours 2^31 apart, backwards", (size_t)2 * FAR + 60000, {50000, 3}, {-1, -FAR}},
        {"scattered, 2^31 apart", 5, {3, 20000}, {FAR, 3}},
    };
    make_block(&before, itself, 1);
    make_block(&after, rint, 1);
    tile(0, ELEMENTS, &before);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        check_view(&views[i]);
    }
    check_tiles(0, ELEMENTS, &before);
}

/* Every second element: more than 2^31 of them, and those between stay. */
static void check_every_second(void)
{
    const int64_t shape[] = {(int64_t)ELEMENTS / 2}, strides[] = {2};
    const qdq_attrs attrs = attributes(-1, 0);
    const qdq_executor executor = QDQ_EXECUTOR_INIT;
    const qdq_tensor all = {tensor, shape, strides, 1, QDQ_DTYPE_BF16, 0};
    make_block(&before, itself, 1);
    make_block(&after, rint, 1);
    tile(0, ELEMENTS, &before);
    put_steps(ELEMENTS - 2, LOWEST, step_of(0));
    CHECK_INT(qdq_quantize_and_dequantize_v4(&all, NULL, NULL, &attrs, &executor, &all), QDQ_STATUS_OK);
    check_steps(ELEMENTS - 2, LOWEST, step_of(0));
    for (size_t i = 1; i < BLOCK; i += 2) {
        after.elements[i] = before.elements[i];
    }
    tensor[ELEMENTS - 2] = after.elements[BLOCK - 2];
    check_tiles(0, ELEMENTS, &after);
}

/* Codes: more than 2^31, in the memory behind as many elements. */
static void check_codes(void)
{
    const size_t count = (((size_t)1 << 31) / BLOCK + 1) * BLOCK;
    const int64_t shape[] = {(int64_t)count}, one[] = {1};
    const qdq_attrs attrs = attributes(-1, 1);
    const qdq_executor executor = QDQ_EXECUTOR_INIT;
    static int8_t expected[BLOCK];
    float min = LOWEST * 0.5f, max = HIGHEST * 0.5f;
    int8_t *codes = (int8_t *)(tensor + count);
    const qdq_tensor range_min = {&min, one, NULL, 1, QDQ_DTYPE_F32, 0};
    const qdq_tensor range_max = {&max, one, NULL, 1, QDQ_DTYPE_F32, 0};
    const qdq_tensor elements = {tensor, shape, NULL, 1, QDQ_DTYPE_BF16, 0};
    const qdq_tensor integers = {codes, shape, NULL, 1, QDQ_DTYPE_I8, 0};
    qdq_quantizer *quantizer;
    make_block(&before, itself, 1);
    for (size_t i = 0; i < BLOCK; i++) {
        expected[i] = (int8_t)rint(position(i));
        after.elements[i] = (uint16_t)BF16->bits(expected[i] * step_of(0)); /* no -0 */
    }
    tile(0, count, &before);
    CHECK_INT(qdq_quantizer_create(&attrs, QDQ_DTYPE_BF16, &range_min, &range_max, &quantizer), QDQ_STATUS_OK);
    CHECK_INT(qdq_quantizer_quantize(quantizer, &executor, &elements, &integers), QDQ_STATUS_OK);
    check_tiles(0, count, &before);
    for (size_t at = 0; at < count; at += BLOCK) {
        CHECK_BYTES(codes + at, expected, BLOCK);
    }
    CHECK_INT(qdq_quantizer_dequantize(quantizer, &executor, &integers, &elements), QDQ_STATUS_OK);
    check_tiles(0, count, &after);
    qdq_quantizer_destroy(quantizer);
}

static size_t bytes_available(void)
{
    char line[128];
    size_t kilobytes = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "MemAvailable: %zu", &kilobytes);
    }
    if (file != NULL) {
        fclose(file);
    }
    return kilobytes << 10;
}

static void timed(const char *name, void (*check)(int), int argument)
{
    struct timespec start, end;
    check_about("%s", name);
    clock_gettime(CLOCK_MONOTONIC, &start);
    check(argument);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%s: %.1f s\n", name, (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec));
    fflush(stdout);
}

static void others(int which)
{
    static void (*const checks[])(void) = {check_range_update, check_gradient, check_views, check_every_second,
                                           check_codes};
    checks[which]();
}

int main(void)
{
    if (bytes_available() < NEEDED) {
        printf("skipped: %zu MB available, %zu needed\n", bytes_available() >> 20, NEEDED >> 20);
        return SKIPPED;
    }
    tensor = mmap(NULL, ELEMENTS * sizeof *tensor, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
    if (tensor == MAP_FAILED) {
        perror("8 GB");
        return EXIT_FAILURE;
    }
    madvise(tensor, ELEMENTS * sizeof *tensor, MADV_HUGEPAGE);
    timed("one range, given", check_given, 0);
    timed("one range, given, one thread", check_given, 1);
    timed("one range, computed", check_computed, 0);
    timed("one range, computed, one thread", check_computed, 1);
    timed("rows of 2^31, given", check_rows, 1);
    timed("rows of 2^31, computed", check_rows, 0);
    timed("columns, given", check_columns, 1);
    timed("columns, computed", check_columns, 0);
    timed("ranges gathered", others, 0);
    timed("gradient", others, 1);
    timed("views with strides of 2^31", others, 2);
    timed("every second element", others, 3);
    timed("codes", others, 4);
    return check_finish();
}
