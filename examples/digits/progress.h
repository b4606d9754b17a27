/* A table that grows while the networks train, with a live line where stdout is a terminal. */
#ifndef DIGITS_PROGRESS_H
#define DIGITS_PROGRESS_H

#include <stdbool.h>

typedef struct progress {
    bool live;
} progress;

progress progress_create(void);
void progress_row(const progress *p, const char *label);
void progress_cell(const progress *p, double percent);

/* Shaped for a training_observer, whose context is a progress. */
void progress_epoch(void *context, int epoch, int epochs, double loss);

#endif
