#include "chart.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

/* In pixels of the picture's own size; SVG grows with the page it is on. */
enum {
    WIDTH = 900,
    HEIGHT = 550,
    LEFT = 84,
    RIGHT = 744,
    TOP = 104,
    BOTTOM = 476,
    INSET = 34,      /* between the frame and the first and last point */
    DODGE = 7,       /* between lines at one x, or equal values would hide each other */
    LABEL_ROOM = 19, /* between the labels at the lines' ends */
    LEGEND_ROW = 25,
    MOST_SERIES = 8
};

static const char INK[] = "#1f2933", SOFT_INK[] = "#5f6b7a", GRID[] = "#e4e8ee";

typedef struct drawing {
    const chart *chart;
    FILE *file;
} drawing;

static double x_of(const chart *c, int series, double x)
{
    const double first = c->x_ticks[0], last = c->x_ticks[c->x_tick_count - 1];
    const double share = (x - first) / (last - first);
    const double middle = 0.5 * (c->series_count - 1);
    return LEFT + INSET + share * (RIGHT - LEFT - 2 * INSET) + DODGE * (series - middle);
}

static double y_of(const chart *c, double y)
{
    return BOTTOM - (y - c->y_from) / (c->y_to - c->y_from) * (BOTTOM - TOP);
}

static void open_picture(const drawing *d)
{
    fprintf(d->file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\" aria-labelledby=\"title description\"\n"
            "     font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, "
            "sans-serif\" font-size=\"14\" fill=\"%s\">\n"
            "<title id=\"title\">%s</title>\n<desc id=\"description\">%s</desc>\n"
            "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, INK, d->chart->title, d->chart->subtitle, WIDTH,
            HEIGHT);
}

static void draw_titles(const drawing *d)
{
    const chart *c = d->chart;
    fprintf(d->file, "<text x=\"28\" y=\"42\" font-size=\"21\" font-weight=\"600\">%s</text>\n",
            c->title);
    fprintf(d->file, "<text x=\"28\" y=\"68\" fill=\"%s\">%s</text>\n", SOFT_INK, c->subtitle);
    fprintf(d->file, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"%s\">%s</text>\n",
            (LEFT + RIGHT) / 2, BOTTOM + 54, SOFT_INK, c->x_title);
    fprintf(d->file,
            "<text transform=\"translate(34 %d) rotate(-90)\" text-anchor=\"middle\" "
            "fill=\"%s\">%s</text>\n",
            (TOP + BOTTOM) / 2, SOFT_INK, c->y_title);
}

static void draw_axes(const drawing *d)
{
    const chart *c = d->chart;
    for (double y = c->y_from; y <= c->y_to; y += c->y_step) {
        const double at = y_of(c, y);
        fprintf(d->file, "<path d=\"M%d %.1fH%d\" stroke=\"%s\"/>\n", LEFT, at, RIGHT, GRID);
        fprintf(d->file, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 12,
                at + 5.0, y);
    }
    const int middle = c->series_count / 2;
    for (int i = 0; i < c->x_tick_count; i++) {
        const double at = x_of(c, middle, c->x_ticks[i]);
        fprintf(d->file, "<path d=\"M%.1f %dv6\" stroke=\"%s\"/>\n", at, BOTTOM, SOFT_INK);
        fprintf(d->file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", at,
                BOTTOM + 25, c->x_ticks[i]);
    }
    fprintf(d->file, "<path d=\"M%d %dH%d\" stroke=\"%s\"/>\n", LEFT, BOTTOM, RIGHT, SOFT_INK);
}

static void draw_baseline(const drawing *d)
{
    const double at = y_of(d->chart, d->chart->baseline);
    fprintf(d->file,
            "<path d=\"M%d %.1fH%d\" stroke=\"%s\" stroke-width=\"1.5\" "
            "stroke-dasharray=\"6 5\"/>\n",
            LEFT, at, RIGHT, SOFT_INK);
}

static void draw_marker(const drawing *d, const chart_series *s, double x, double y)
{
    static const char *const SHAPES[] = {
        [CHART_SQUARE] = "m-5.5 -5.5h11v11h-11z",
        [CHART_DIAMOND] = "m0 -7.5l7.5 7.5l-7.5 7.5l-7.5 -7.5z",
        [CHART_CIRCLE] = "m-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
    };
    fprintf(d->file,
            "<path d=\"M%.1f %.1f%s\" fill=\"%s\" stroke=\"#ffffff\" stroke-width=\"1.5\"/>\n", x,
            y, SHAPES[s->marker], s->colour);
}

static void draw_series(const drawing *d, int index)
{
    const chart *c = d->chart;
    const chart_series *s = &c->series[index];
    fprintf(d->file, "<g>\n<path d=\"");
    for (int i = 0; i < s->count; i++)
        fprintf(d->file, "%c%.1f %.1f", i == 0 ? 'M' : 'L', x_of(c, index, s->points[i].x),
                y_of(c, s->points[i].y));
    fprintf(d->file,
            "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2.5\" stroke-linejoin=\"round\"/>\n",
            s->colour);
    for (int i = 0; i < s->count; i++) {
        const chart_point *p = &s->points[i];
        const double x = x_of(c, index, p->x);
        fprintf(d->file, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", x,
                y_of(c, p->low), y_of(c, p->high), s->colour);
        draw_marker(d, s, x, y_of(c, p->y));
    }
    fprintf(d->file, "</g>\n");
}

typedef struct label {
    const char *name, *colour;
    double value, at;
} label;

static void sort_from_the_top(label *labels, int count)
{
    for (int i = 1; i < count; i++) {
        for (int j = i; j > 0 && labels[j].at < labels[j - 1].at; j--) {
            const label lower = labels[j - 1];
            labels[j - 1] = labels[j];
            labels[j] = lower;
        }
    }
}

/* What each line, and the baseline, ended at; pushed down where labels would overlap. */
static void draw_end_labels(const drawing *d)
{
    const chart *c = d->chart;
    label labels[MOST_SERIES + 1];
    int count = 0;
    labels[count++] = (label){c->baseline_name, SOFT_INK, c->baseline, y_of(c, c->baseline)};
    for (int i = 0; i < c->series_count; i++) {
        const chart_series *s = &c->series[i];
        const double last = s->points[s->count - 1].y;
        labels[count++] = (label){s->short_name, s->colour, last, y_of(c, last)};
    }
    sort_from_the_top(labels, count);
    for (int i = 0; i < count; i++) {
        if (i > 0)
            labels[i].at = fmax(labels[i].at, labels[i - 1].at + LABEL_ROOM);
        fprintf(d->file,
                "<text x=\"%d\" y=\"%.1f\" fill=\"%s\">"
                "<tspan font-weight=\"600\">%.1f%s</tspan> %s</text>\n",
                RIGHT + 10, labels[i].at + 5.0, labels[i].colour, labels[i].value, c->unit,
                labels[i].name);
    }
}

static void draw_legend_line(const drawing *d, double at, const char *colour, bool dashed)
{
    fprintf(d->file, "<path d=\"M%d %.1fh36\" stroke=\"%s\" stroke-width=\"%s\"%s/>\n", LEFT + 24,
            at, colour, dashed ? "1.5" : "2.5", dashed ? " stroke-dasharray=\"6 5\"" : "");
}

static void draw_legend(const drawing *d)
{
    const chart *c = d->chart;
    for (int row = 0; row <= c->series_count; row++) {
        const double at = BOTTOM - 24 - (c->series_count - row) * LEGEND_ROW;
        const chart_series *s = row == 0 ? NULL : &c->series[c->series_count - row];
        draw_legend_line(d, at, s == NULL ? SOFT_INK : s->colour, s == NULL);
        if (s != NULL)
            draw_marker(d, s, LEFT + 42, at);
        /* The white outline keeps the grid out of the words. */
        fprintf(d->file,
                "<text x=\"%d\" y=\"%.1f\" stroke=\"#ffffff\" stroke-width=\"6\" "
                "paint-order=\"stroke\">%s</text>\n",
                LEFT + 72, at + 5.0, s == NULL ? c->baseline_name : s->name);
    }
}

void chart_write(const chart *c, const char *path)
{
    if (c->series_count > MOST_SERIES)
        fail("a chart of %d lines, more than %d", c->series_count, MOST_SERIES);
    const drawing d = {c, fopen(path, "w")};
    if (d.file == NULL)
        fail("%s: %s", path, strerror(errno));
    open_picture(&d);
    draw_titles(&d);
    draw_axes(&d);
    draw_baseline(&d);
    for (int i = 0; i < c->series_count; i++)
        draw_series(&d, i);
    draw_end_labels(&d);
    draw_legend(&d);
    fprintf(d.file, "</svg>\n");
    const bool written = !ferror(d.file);
    if (fclose(d.file) != 0 || !written)
        fail("%s: cannot be written", path);
}
