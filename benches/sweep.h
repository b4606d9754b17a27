/*
 * Throughput against size: 4 KB to 512 MB, beside memcpy and the best copy.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "options.h"
#include "results.h"

void sweep(const struct options *options, struct isa_results *results);

const char *sweep_series_name(int series);

#endif
