/*
 * A line chart as an SVG file, by hand: points with their spread, a dashed baseline, a legend in
 * the lower left, which falling lines leave free, and each line's last value and name at its end.
 *
 * Texts are written as they are: no '&', '<' or '"' in them.
 */
#ifndef DIGITS_CHART_H
#define DIGITS_CHART_H

typedef struct chart_point {
    double x, y;
    double low, high; /* the ends of a bar through the point */
} chart_point;

/* Lines differ by shape as well as by colour, for those who cannot tell the colours. */
typedef enum chart_marker { CHART_SQUARE, CHART_DIAMOND, CHART_CIRCLE } chart_marker;

typedef struct chart_series {
    const char *name;       /* in the legend */
    const char *short_name; /* at the line's end */
    const char *colour;
    chart_marker marker;
    const chart_point *points; /* ordered as x_ticks */
    int count;
} chart_series;

typedef struct chart {
    const char *title, *subtitle, *x_title, *y_title;
    const char *unit;   /* after values written out */
    const int *x_ticks; /* from left to right, rising or falling */
    int x_tick_count;
    double y_from, y_to, y_step;
    const char *baseline_name;
    double baseline;
    const chart_series *series;
    int series_count;
} chart;

/* Ends the program with a message if the file cannot be written. */
void chart_write(const chart *c, const char *path);

#endif
