/* How far a pass over the file has come, on stderr: a live line, or one for every tenth. */
#ifndef STREAM_PROGRESS_H
#define STREAM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    bool live, shown;
    int tenths; /* shown of this pass */
} progress;

/* Shown where stderr is a terminal, or always. */
progress progress_create(bool always);
void progress_start(progress *p);
void progress_show(progress *p, const char *what, int64_t done, int64_t all);

#endif
