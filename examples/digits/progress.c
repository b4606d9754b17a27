#include "progress.h"

#include <stdio.h>
#ifdef _WIN32
#include <io.h>
#define isatty _isatty
#else
#include <unistd.h>
#endif

enum { STDOUT_DESCRIPTOR = 1, BAR_WIDTH = 10 };

progress progress_create(void)
{
    return (progress){.live = isatty(STDOUT_DESCRIPTOR) != 0};
}

void progress_row(const progress *p, const char *label)
{
    (void)p;
    printf("  %-10s", label);
    fflush(stdout);
}

void progress_cell(const progress *p, double percent)
{
    /* Erases what is left of the bar, to the line's end. */
    printf("%8.2f%s", percent, p->live ? "\033[K" : "");
    fflush(stdout);
}

void progress_epoch(void *context, int epoch, int epochs, double loss)
{
    const progress *p = context;
    char bar[BAR_WIDTH + 1];
    if (!p->live)
        return;
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i * epochs < epoch * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    /* Short enough for 80 columns; then back, for the next bar or the result to take its place. */
    const int length = printf("  %s %d/%d, loss %.3f", bar, epoch, epochs, loss);
    printf("\033[K\033[%dD", length);
    fflush(stdout);
}
