/*
 * The results, for people and for programs.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef REPORT_H
#define REPORT_H

#include "machine.h"
#include "options.h"
#include "results.h"

void report_machine(const struct machine *machine);
void report_isa(const struct isa_results *results);
void report_heading(void);
void report_result(const struct isa_results *results, const struct result *result);
void report_point(const struct point *point);

/* Writes all of it to options->json. */
void report_json(const struct options *options, const struct machine *machine, const struct isa_results *results);

#endif
