/*
 * What results depend on beside the code.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef MACHINE_H
#define MACHINE_H

struct machine {
    char date[32]; /* UTC, ISO 8601 */
    char processor[128];
    char compiler[128]; /* of the limits */
    long level1, level2, level3; /* data caches in bytes, as one core sees them; 0: unknown */
    int cores;                   /* that this process may use */
};

struct machine machine_describe(void);

#endif
