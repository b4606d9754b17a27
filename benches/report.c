/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "report.h"

#include "fail.h"
#include "rows.h"
#include "sweep.h"

#include <stdio.h>
#include <string.h>

void report_machine(const struct machine *machine)
{
    printf("%s: %s, %d cores, caches of %ld KB, %ld KB, %ld KB\n", machine->date, machine->processor, machine->cores,
           machine->caches[0] >> 10, machine->caches[1] >> 10, machine->caches[2] >> 10);
    fflush(stdout);
}

void report_isa(const struct isa_results *results)
{
    printf("\nlibqdq %s, %s\n", results->version, results->isa);
    fflush(stdout);
}

void report_heading(void)
{
    printf("%-36s %-16s %12s %12s %7s %7s\n", "", "limit", "limit", "libqdq", "ratio", "goal");
    fflush(stdout);
}

/* The table. */

static void print_call(const struct row *row, const struct result *result, double goal)
{
    printf("%-36s %-16s %9.1f ns %9.1f ns %7s", row->name, limit_name(row->limit), 1e9 * result->limit,
           1e9 * result->ours, "");
    if (goal > 0) {
        printf(" %4.0f ns%s\n", 1e9 * goal, result->ours <= goal ? "" : "  missed");
    } else {
        printf(" %7s\n", "-");
    }
}

static void print_row(const struct row *row, const struct result *result, double goal)
{
    const double moved = 1e-9 * limit_bytes(row->limit, row_bytes(row));
    printf("%-36s %-16s %7.1f GB/s %7.1f GB/s %7.3f", row->name, limit_name(row->limit), moved / result->limit,
           moved / result->ours, result->ratio);
    if (goal > 0) {
        printf(" %7.2f%s\n", goal, result->ratio >= goal ? "" : "  missed");
    } else {
        printf(" %7s\n", "-");
    }
}

void report_result(const struct isa_results *results, const struct result *result)
{
    const struct row *row = &ROWS[result->row];
    if (row->limit == LIMIT_CALL) {
        print_call(row, result, row_goal_seconds(row, results->isa));
    } else {
        print_row(row, result, row_goal(row, results->isa));
    }
    fflush(stdout);
}

void report_point(const struct point *point)
{
    const double moved = 2e-9 * (double)point->bytes;
    printf("%-18s %7zu KB: memcpy %6.1f, copy %6.1f, libqdq %6.1f GB/s\n", sweep_series_name(point->series),
           point->bytes >> 10, moved / point->memcpy, moved / point->copy, moved / point->ours);
    fflush(stdout);
}

/* JSON. */

static void write_string(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            putc('\\', file);
        }
        putc(*text, file);
    }
    putc('"', file);
}

static void write_member(FILE *file, const char *name, const char *value)
{
    fprintf(file, "\"%s\": ", name);
    write_string(file, value);
}

/* 0 stands for none. */
static void write_optional(FILE *file, const char *name, double value)
{
    if (value > 0) {
        fprintf(file, ", \"%s\": %.4g", name, value);
    } else {
        fprintf(file, ", \"%s\": null", name);
    }
}

static void write_result(FILE *file, const char *isa, const struct result *result)
{
    const struct row *row = &ROWS[result->row];
    fputs("{", file);
    write_member(file, "group", row->group);
    fputs(", ", file);
    write_member(file, "name", row->name);
    fprintf(file, ", \"threads\": %d, \"bytes\": %.0f, ", row->threads > 1 ? row->threads : 1,
            limit_bytes(row->limit, row_bytes(row)));
    write_member(file, "limit", limit_name(row->limit));
    fputs(", ", file);
    write_member(file, "loop", result->loop);
    fprintf(file, ", \"limit_seconds\": %.6g, \"seconds\": %.6g", result->limit, result->ours);
    write_optional(file, "ratio", row->limit == LIMIT_CALL ? 0 : result->ratio);
    write_optional(file, "goal", row_goal(row, isa));
    write_optional(file, "goal_seconds", row_goal_seconds(row, isa));
    fputs("}", file);
}

static void write_point(FILE *file, const struct point *point)
{
    fputs("{", file);
    write_member(file, "series", sweep_series_name(point->series));
    fprintf(file, ", \"bytes\": %zu, \"memcpy_seconds\": %.6g, \"copy_seconds\": %.6g, \"seconds\": %.6g}",
            point->bytes, point->memcpy, point->copy, point->ours);
}

static void write_isa(FILE *file, const struct isa_results *results)
{
    fputs("    {", file);
    write_member(file, "isa", results->isa);
    fputs(", ", file);
    write_member(file, "version", results->version);
    fputs(", \"rows\": [", file);
    for (int i = 0; i < results->result_count; i++) {
        fputs(i > 0 ? ",\n      " : "\n      ", file);
        write_result(file, results->isa, &results->results[i]);
    }
    fputs("], \"sweep\": [", file);
    for (int i = 0; i < results->point_count; i++) {
        fputs(i > 0 ? ",\n      " : "\n      ", file);
        write_point(file, &results->points[i]);
    }
    fputs("]}", file);
}

static void write_machine(FILE *file, const struct machine *machine)
{
    fputs("  ", file);
    write_member(file, "date", machine->date);
    fputs(",\n  ", file);
    write_member(file, "processor", machine->processor);
    fprintf(file, ",\n  \"cores\": %d,\n  \"caches\": [%ld, %ld, %ld],\n  ", machine->cores, machine->caches[0],
            machine->caches[1], machine->caches[2]);
    write_member(file, "compiler", machine->compiler);
    fputs(",\n", file);
}

void report_json(const struct options *options, const struct machine *machine, const struct isa_results *results)
{
    FILE *file = fopen(options->json, "w");
    if (file == NULL) {
        fail("%s: cannot be written", options->json);
    }
    fputs("{\n", file);
    write_machine(file, machine);
    fprintf(file, "  \"samples\": %d,\n  \"isas\": [", options->samples);
    const char *separator = "\n";
    for (int i = 0; i < options->isa_count; i++) {
        if (results[i].isa[0] != '\0') {
            fputs(separator, file);
            write_isa(file, &results[i]);
            separator = ",\n";
        }
    }
    fputs("\n  ]\n}\n", file);
    if (fclose(file) != 0) {
        fail("%s: cannot be written", options->json);
    }
}
