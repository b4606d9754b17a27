/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

enum { MOST_ISAS = 8, ISA_NAME_SIZE = 16 };

struct options {
    char isas[MOST_ISAS][ISA_NAME_SIZE]; /* "": whatever the library picks */
    int isa_count;
    const char *rows; /* a part of the names of those to measure */
    const char *json; /* a path, or NULL */
    int samples;      /* of each contestant */
    int rounds;       /* of each variant of a limit, to choose the fastest */
    bool quick, sweep;
};

/* Ends the program where the arguments are wrong. */
struct options options_parse(int argc, char **argv);

#endif
