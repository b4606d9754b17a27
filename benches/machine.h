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
    char compiler[128]; /* that compiled the limits */
    long caches[3];     /* for data, of the first core, in bytes; 0: unknown */
    int cores;          /* that this process may use */
};

struct machine machine_describe(void);

#endif
