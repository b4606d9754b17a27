/*
 * Fake-quantizes a file of raw elements, row after row, that may be larger than memory.
 *
 *     stream [--dtype f32] [--bits 8] [--axis none|first|last] [--columns N] [--memory 16M]
 *            [--threads 1] [--progress] INPUT OUTPUT
 *
 * The elements are in the machine's own byte order, the rows without gaps. OUTPUT gets as many
 * elements of the same type, with the bits that the operation on the whole tensor would have given.
 */
#include <qdq.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "file.h"
#include "options.h"
#include "passes.h"
#include "progress.h"

static const double MEBI = 1024.0 * 1024.0;

/* In bytes. On Linux it starts at what the parent had when it started this program. */
static double peak_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
    return (double)usage.ru_maxrss;
#else
    return 1024.0 * (double)usage.ru_maxrss;
#endif
}

static void print_task(const options *o, const division *parts, double size)
{
    printf("libqdq %s (%s): %.1f MiB of %s at %d bits, ", qdq_version(), qdq_isa(), size / MEBI,
           o->type->name, o->bits);
    if (o->axis == AXIS_NONE)
        printf("one range for %lld elements\n", (long long)parts->rows);
    else
        printf("%lld x %lld, a range for each %s\n", (long long)parts->rows,
               (long long)parts->columns, o->axis == AXIS_LAST ? "column" : "row");
}

static void print_pass(const char *name, double seconds, double size)
{
    printf("  %-9s%8.3f s %8.0f MiB/s\n", name, seconds, size / MEBI / seconds);
}

static void print_result(const options *o, const durations *took, double size)
{
    if (took->ranges > 0.0) {
        print_pass("ranges", took->ranges, size);
        print_pass("quantize", took->quantize, size);
    }
    print_pass("all", took->ranges + took->quantize, size);
    printf("  peak memory %.1f MiB (%.1f allowed for data), the file %.1f MiB\n",
           peak_memory() / MEBI, (double)o->memory / MEBI, size / MEBI);
}

int main(int argc, char **argv)
{
    const options o = options_parse(argc, argv);
    file input = file_open_input(o.input);
    const double size = (double)input.size;
    const division parts = divide(&o, &input);
    progress shown = progress_create(o.progress);
    print_task(&o, &parts, size);
    fflush(stdout);
    const durations took = quantize_file(&o, &parts, &shown, &input);
    print_result(&o, &took, size);
    file_close(&input);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
