/*
 * The program's test: makes a file, has it quantized in little memory, and compares.
 *
 *     stream_check STREAM f32|f64|f16|bf16 none|first|last FILE_MIB MEMORY_MIB
 *
 * It fails unless every bit is that of the operation on the whole tensor at once, and the peak
 * memory stayed within MEMORY_MIB and what a program takes that does nothing.
 */
#include <math.h>
#include <qdq.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "element.h"
#include "support.h"

enum {
    COLUMNS = 999, /* rows that end anywhere in a vector, a page and a block */
    BITS = 7,
    IDLE_MIB = 6,
    PIECE = COLUMNS * 64 /* elements of the file that the test itself has in memory */
};

typedef struct test {
    const char *program, *axis;
    const element *type;
    int64_t shape[2];
    long memory_mib;
    char input[64], output[64];
} test;

static size_t element_count(const test *t)
{
    return (size_t)(t->shape[0] * t->shape[1]);
}

/* SplitMix64's output for its `index`-th state. */
static uint64_t random_bits(uint64_t index)
{
    uint64_t z = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* They grow towards the file's end, so that no block has the file's range, and differ by column. */
static double value_at(const test *t, size_t index)
{
    const uint64_t bits = random_bits(index);
    const size_t column = index % COLUMNS;
    const double growth = 0.25 + (double)index / (double)element_count(t);
    const double uniform = (double)(int64_t)bits * 0x1p-63;
    if (column == 7 || bits % 65521 == 0)
        return (double)NAN; /* one column has no number at all */
    if (column == 8 || bits % 65521 == 1)
        return -0.0;
    if (column == 9)
        return fabs(uniform) + 0.5;
    if (strcmp(t->axis, "last") == 0 && (index == 4 || index + COLUMNS - 5 == element_count(t)))
        return index == 4 ? (double)-INFINITY : (double)INFINITY; /* columns 4 and 5 */
    return uniform * growth * (double)(1 + column % 17);
}

/* What a float's leading bits make of a half; where it would be subnormal, a zero. */
static qdq_f16 half_bits(uint32_t single)
{
    const uint32_t sign = single >> 16 & 0x8000, exponent = single >> 23 & 0xff;
    if (exponent == 0xff)
        return (qdq_f16)(sign | 0x7c00 | ((single & 0x7fffff) != 0 ? 0x200 : 0));
    if (exponent <= 127 - 15)
        return (qdq_f16)sign;
    return (qdq_f16)(sign | (exponent - (127 - 15)) << 10 | (single & 0x7fffff) >> 13);
}

static void put_value(const element *type, void *elements, size_t index, double value)
{
    uint32_t single;
    const float rounded = (float)value;
    memcpy(&single, &rounded, sizeof single);
    switch (type->dtype) {
    case QDQ_DTYPE_F64:
        ((double *)elements)[index] = value;
        break;
    case QDQ_DTYPE_F32:
        ((float *)elements)[index] = rounded;
        break;
    case QDQ_DTYPE_F16:
        ((qdq_f16 *)elements)[index] = half_bits(single);
        break;
    default:
        ((qdq_bf16 *)elements)[index] = (qdq_bf16)(single >> 16 | ((single & 0xffff) != 0));
    }
}

static void make_input(const test *t)
{
    void *piece = allocate(PIECE * t->type->size);
    FILE *file = fopen(t->input, "wb");
    const size_t count = element_count(t);
    if (file == NULL)
        fail("%s: cannot be opened", t->input);
    for (size_t first = 0; first < count; first += PIECE) {
        const size_t length = count - first < PIECE ? count - first : PIECE;
        for (size_t i = 0; i < length; i++)
            put_value(t->type, piece, i, value_at(t, first + i));
        if (fwrite(piece, t->type->size, length, file) != length)
            fail("%s: cannot be written", t->input);
    }
    if (fclose(file) != 0)
        fail("%s: cannot be written", t->input);
    free(piece);
}

static void become_program(const test *t)
{
    char bits[16], columns[16], memory[24];
    snprintf(bits, sizeof bits, "%d", BITS);
    snprintf(columns, sizeof columns, "%d", COLUMNS);
    snprintf(memory, sizeof memory, "%ldM", t->memory_mib);
    execl(t->program, t->program, "--dtype", t->type->name, "--bits", bits, "--axis", t->axis,
          "--columns", columns, "--memory", memory, "--progress", t->input, t->output,
          (char *)NULL);
    _exit(127);
}

/* Gives its peak memory in KiB. */
static long run_program(const test *t)
{
    int status;
    struct rusage usage;
    const pid_t child = fork();
    if (child == 0)
        become_program(t);
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        fail("%s: cannot be run", t->program);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
        fail("%s: failed, status %d", t->program, status);
#ifdef __APPLE__
    return usage.ru_maxrss / 1024;
#else
    return usage.ru_maxrss;
#endif
}

static void *read_whole(const test *t, const char *path)
{
    const size_t count = element_count(t);
    void *all = allocate(count * t->type->size);
    FILE *file = fopen(path, "rb");
    if (file == NULL || fread(all, t->type->size, count, file) != count || getc(file) != EOF)
        fail("%s: not %zu elements", path, count);
    fclose(file);
    return all;
}

static void quantize_at_once(const test *t, void *elements)
{
    qdq_attrs attrs = QDQ_ATTRS_INIT;
    attrs.num_bits = BITS;
    attrs.axis = strcmp(t->axis, "none") == 0 ? -1 : strcmp(t->axis, "last") == 0;
    const qdq_tensor all = {.data = elements, .shape = t->shape, .rank = 2,
                            .dtype = t->type->dtype};
    check(qdq_quantize_and_dequantize_v4(&all, NULL, NULL, &attrs, NULL, &all));
}

static uint64_t bits_at(const element *type, const void *elements, size_t index)
{
    switch (type->size) {
    case sizeof(uint64_t):
        return ((const uint64_t *)elements)[index];
    case sizeof(uint32_t):
        return ((const uint32_t *)elements)[index];
    default:
        return ((const uint16_t *)elements)[index];
    }
}

static bool is_nan(const element *type, uint64_t bits)
{
    const bool brain = type->dtype == QDQ_DTYPE_BF16;
    switch (type->size) {
    case sizeof(uint64_t):
        return (bits & UINT64_C(0x7fffffffffffffff)) > UINT64_C(0x7ff0000000000000);
    case sizeof(uint32_t):
        return (bits & 0x7fffffff) > 0x7f800000;
    default:
        return (bits & 0x7fff) > (brain ? 0x7f80u : 0x7c00u);
    }
}

/* Which NaN a NaN is nobody promises. */
static void require_same(const test *t, const void *expected, const void *found)
{
    size_t numbers = 0;
    for (size_t i = 0; i < element_count(t); i++) {
        const uint64_t want = bits_at(t->type, expected, i), have = bits_at(t->type, found, i);
        if (want != have && !(is_nan(t->type, want) && is_nan(t->type, have)))
            fail("element %zu is %#llx; at once it is %#llx", i, (unsigned long long)have,
                 (unsigned long long)want);
        numbers += !is_nan(t->type, have);
    }
    printf("  same bits: %zu elements, %zu of them numbers\n", element_count(t), numbers);
    if (numbers < element_count(t) / 2)
        fail("the test's own data is mostly NaN");
}

static void check_result(const test *t)
{
    void *expected = read_whole(t, t->input), *found = read_whole(t, t->output);
    quantize_at_once(t, expected);
    require_same(t, expected, found);
    free(expected);
    free(found);
}

static test parse(int argc, char **argv)
{
    if (argc != 6 || element_named(argv[2]) == NULL)
        fail("usage: stream_check STREAM DTYPE AXIS FILE_MIB MEMORY_MIB");
    test t = {.program = argv[1], .axis = argv[3], .type = element_named(argv[2])};
    const int64_t bytes = atol(argv[4]) * (int64_t)(1 << 20);
    t.shape[0] = bytes / COLUMNS / (int64_t)t.type->size;
    t.shape[1] = COLUMNS;
    t.memory_mib = atol(argv[5]);
    snprintf(t.input, sizeof t.input, "%s.%s.input", argv[2], argv[3]);
    snprintf(t.output, sizeof t.output, "%s.%s.output", argv[2], argv[3]);
    return t;
}

int main(int argc, char **argv)
{
    const test t = parse(argc, argv);
    const long most = (t.memory_mib + IDLE_MIB) * 1024;
    make_input(&t);
    /* Started while this program is small: a child begins with the peak of its parent. */
    const long peak = run_program(&t);
    printf("  peak memory: %ld KiB, at most %ld\n", peak, most);
    if (peak > most)
        fail("it took more than it was allowed");
    check_result(&t);
    remove(t.input);
    remove(t.output);
    return EXIT_SUCCESS;
}
