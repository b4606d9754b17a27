#include "progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

progress progress_create(bool always)
{
    const bool live = isatty(STDERR_FILENO) != 0;
    return (progress){.live = live, .shown = live || always};
}

void progress_start(progress *p)
{
    p->tenths = 0;
}

static void draw_bar(const char *what, double share)
{
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < share * BAR_WIDTH ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    /* Back to the line's start: the next bar or the result takes its place. */
    fprintf(stderr, "  %-9s %s %3.0f %%\033[K\r", what, bar, 100.0 * share);
    if (share >= 1.0)
        fputs("\033[K", stderr);
}

void progress_show(progress *p, const char *what, int64_t done, int64_t all)
{
    const double share = (double)done / (double)all;
    const int tenths = (int)(10.0 * share);
    if (p->shown && p->live)
        draw_bar(what, share);
    else if (p->shown && tenths > p->tenths)
        fprintf(stderr, "%s: %d %%\n", what, 10 * tenths);
    p->tenths = tenths;
}
