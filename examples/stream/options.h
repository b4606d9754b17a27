/* The command line. */
#ifndef STREAM_OPTIONS_H
#define STREAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "element.h"

typedef enum axis { AXIS_NONE, AXIS_FIRST, AXIS_LAST } axis;

typedef struct options {
    const char *input, *output;
    const element *type;
    int32_t bits;
    int32_t threads; /* as in qdq_executor */
    axis axis;
    int64_t columns; /* of a row; 0: not said */
    size_t memory;   /* in bytes, for data; the code and the C library come on top */
    bool progress;   /* shown even where nobody watches */
} options;

/* Ends the program with a message if the command line makes no sense. */
options options_parse(int argc, char **argv);

#endif
