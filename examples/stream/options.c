#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char USAGE[] =
    "usage: stream [options] INPUT OUTPUT\n"
    "\n"
    "Fake-quantizes a file of raw elements, row after row, whatever its size.\n"
    "\n"
    "  --dtype f32           type of the elements: " ELEMENT_NAMES "\n"
    "  --bits 8              width of the codes\n"
    "  --axis none           one range for the file, or for each index of the last axis\n"
    "                        (every column) or of the first (every row)\n"
    "  --columns N           elements of a row; needed with an axis\n"
    "  --memory 16M          what the data may take at a time (K, M, G: powers of 1024)\n"
    "  --threads 1           0: every core\n"
    "  --progress            show it even if stderr is not a terminal\n";

static const char *next_value(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc)
        fail("%s needs a value", argv[*i]);
    return argv[++*i];
}

/* A whole number of at least `least`, with K, M or G behind it where `units` is true. */
static int64_t parse_number(const char *name, const char *text, int64_t least, bool units)
{
    static const char UNITS[] = "KMG";
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    const char *unit = units && *end != '\0' ? strchr(UNITS, *end) : NULL;
    const int shift = unit == NULL ? 0 : 10 * (int)(unit - UNITS + 1);
    if (end == text || end[unit != NULL] != '\0' || errno != 0 || number < least ||
        number > (INT64_MAX >> shift))
        fail("%s %s: expected a whole number from %lld on%s", name, text, (long long)least,
             units ? ", such as 16M" : "");
    return number * ((int64_t)1 << shift);
}

static int32_t parse_int32(const char *name, const char *text)
{
    const int64_t number = parse_number(name, text, 0, false);
    if (number > INT32_MAX)
        fail("%s %s: too large", name, text);
    return (int32_t)number;
}

static const element *parse_type(const char *name)
{
    const element *type = element_named(name);
    if (type == NULL)
        fail("--dtype %s: expected " ELEMENT_NAMES, name);
    return type;
}

static axis parse_axis(const char *name)
{
    static const char *const NAMES[] = {"none", "first", "last"};
    for (int i = AXIS_NONE; i <= AXIS_LAST; i++) {
        if (strcmp(name, NAMES[i]) == 0)
            return (axis)i;
    }
    fail("--axis %s: expected none, first or last", name);
}

/* The option at `*i`, which is moved on past its value. */
static void parse_option(options *o, int argc, char **argv, int *i)
{
    const char *name = argv[*i];
    if (strcmp(name, "--progress") == 0)
        o->progress = true;
    else if (strcmp(name, "--dtype") == 0)
        o->type = parse_type(next_value(argc, argv, i));
    else if (strcmp(name, "--bits") == 0)
        o->bits = parse_int32(name, next_value(argc, argv, i));
    else if (strcmp(name, "--axis") == 0)
        o->axis = parse_axis(next_value(argc, argv, i));
    else if (strcmp(name, "--columns") == 0)
        o->columns = parse_number(name, next_value(argc, argv, i), 1, false);
    else if (strcmp(name, "--memory") == 0)
        o->memory = (size_t)parse_number(name, next_value(argc, argv, i), 1, true);
    else if (strcmp(name, "--threads") == 0)
        o->threads = parse_int32(name, next_value(argc, argv, i));
    else
        fail("%s: no such option; stream --help lists them", name);
}

options options_parse(int argc, char **argv)
{
    const char *paths[2];
    int path_count = 0;
    options o = {.type = element_named("f32"), .bits = 8, .threads = 1, .memory = 16 << 20};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(USAGE, stdout);
            exit(EXIT_SUCCESS);
        } else if (strncmp(argv[i], "--", 2) == 0)
            parse_option(&o, argc, argv, &i);
        else if (path_count < 2)
            paths[path_count++] = argv[i];
        else
            fail("%s: a third file; expected INPUT and OUTPUT", argv[i]);
    }
    if (path_count < 2)
        fail("expected INPUT and OUTPUT; stream --help says more");
    if (o.axis != AXIS_NONE && o.columns == 0)
        fail("an axis needs --columns, the elements of a row");
    o.input = paths[0];
    o.output = paths[1];
    return o;
}
