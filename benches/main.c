/*
 * qdq-bench: libqdq beside the limits of the machine, row by row. `qdq-bench --help` lists the options.
 *
 * The library picks its kernels once in a process, so each set of kernels is measured by a child, which writes what
 * it found to memory that it shares with its parent.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _GNU_SOURCE

#include "fail.h"
#include "machine.h"
#include "measure.h"
#include "options.h"
#include "report.h"
#include "results.h"
#include "rows.h"
#include "sweep.h"
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void name_loops(const struct chosen_limit *limit, struct result *result)
{
    for (int i = 0; i < limit->count; i++) {
        strcat(result->loop, i > 0 ? " + " : "");
        strcat(result->loop, limit->variants[i]->name);
    }
}

static struct result measure_row(const struct options *options, int index)
{
    const struct row *row = &ROWS[index];
    struct result result = {.row = index};
    struct work *work = work_open(row);
    const struct memory memory = work_memory(work);
    struct chosen_limit limit = limit_choose(row->limit, &memory, options->rounds);
    struct contestant contestants[] = {
        row->limit == LIMIT_CALL ? work_empty_call(work) : limit_contestant(&limit),
        work_contestant(work),
    };
    struct samples samples;
    measure(contestants, 2, options->samples, &samples);
    work_close(work);

    name_loops(&limit, &result);
    result.limit = median_seconds(&samples, 0);
    result.ours = median_seconds(&samples, 1);
    result.ratio = median_ratio(&samples, 0, 1);
    return result;
}

static void measure_rows(const struct options *options, struct isa_results *results)
{
    report_heading();
    for (int i = 0; i < ROW_COUNT; i++) {
        if (strstr(ROWS[i].name, options->rows) == NULL && strstr(ROWS[i].group, options->rows) == NULL) {
            continue;
        }
        struct result *result = &results->results[results->result_count++];
        *result = measure_row(options, i);
        report_result(results, result);
    }
}

/* In the child. */
static void measure_isa(const struct options *options, const char *isa, struct isa_results *results)
{
    if (isa[0] != '\0') {
        setenv("QDQ_ISA", isa, 1);
        if (strcmp(qdq_isa(), isa) != 0) {
            printf("\n%s: not on this processor\n", isa);
            return;
        }
    }
    snprintf(results->isa, sizeof results->isa, "%s", qdq_isa());
    snprintf(results->version, sizeof results->version, "%s", qdq_version());
    report_isa(results);
    if (options->sweep) {
        sweep(options, results);
    } else {
        measure_rows(options, results);
    }
    if (results->result_count + results->point_count == 0) {
        fail("--rows %s: no row has such a name", options->rows);
    }
}

static void measure_in_child(const struct options *options, const char *isa, struct isa_results *results)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        measure_isa(options, isa, results);
        exit(EXIT_SUCCESS);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        fail("the measurement ended early");
    }
    if (WEXITSTATUS(status) != EXIT_SUCCESS) {
        exit(EXIT_FAILURE); /* the child has said why */
    }
}

static struct isa_results *shared_results(int count)
{
    const size_t size = (size_t)count * sizeof(struct isa_results);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fail("no memory for the results");
    }
    return memory;
}

int main(int argc, char **argv)
{
    const struct options options = options_parse(argc, argv);
    const struct machine machine = machine_describe();
    struct isa_results *results = shared_results(options.isa_count);
    report_machine(&machine);
    for (int i = 0; i < options.isa_count; i++) {
        measure_in_child(&options, options.isas[i], &results[i]);
    }
    if (options.json != NULL) {
        report_json(&options, &machine, results);
    }
    return EXIT_SUCCESS;
}
