#include "data.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* A line is the label, a space, 64 characters that each stand for a pixel, and the line's end. */
enum { LINE_LENGTH = 2 + DIGIT_PIXELS, GROWTH = 2048 };

static const char LEVELS[] = "0123456789abcdefg";
static const float BLACK = 16.0f;

static bool parse_line(const char *line, float *pixels, unsigned char *label)
{
    if (strcspn(line, "\r\n") != LINE_LENGTH || line[0] < '0' || line[0] > '9' || line[1] != ' ')
        return false;
    *label = (unsigned char)(line[0] - '0');
    for (int i = 0; i < DIGIT_PIXELS; i++) {
        const char *level = strchr(LEVELS, line[2 + i]);
        if (level == NULL)
            return false;
        pixels[i] = (float)(level - LEVELS) / BLACK;
    }
    return true;
}

static void make_room(digits *all, size_t capacity)
{
    digits grown = {
        .count = all->count,
        .pixels = allocate(capacity * DIGIT_PIXELS, sizeof *grown.pixels),
        .labels = allocate(capacity, sizeof *grown.labels),
    };
    if (all->count > 0) {
        memcpy(grown.pixels, all->pixels, all->count * DIGIT_PIXELS * sizeof *grown.pixels);
        memcpy(grown.labels, all->labels, all->count * sizeof *grown.labels);
    }
    digits_free(all);
    *all = grown;
}

digits digits_load(const char *path)
{
    digits all = {0};
    char line[LINE_LENGTH + 3];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file) != NULL) {
        if (all.count % GROWTH == 0)
            make_room(&all, all.count + GROWTH);
        if (!parse_line(line, all.pixels + all.count * DIGIT_PIXELS, all.labels + all.count))
            fail("%s:%zu: not a label and %d pixels", path, all.count + 1, DIGIT_PIXELS);
        all.count++;
    }
    if (ferror(file))
        fail("%s: cannot be read", path);
    fclose(file);
    return all;
}

void digits_free(digits *all)
{
    free(all->pixels);
    free(all->labels);
    *all = (digits){0};
}

digits digits_slice(const digits *all, size_t first, size_t count)
{
    return (digits){
        .count = count,
        .pixels = all->pixels + first * DIGIT_PIXELS,
        .labels = all->labels + first,
    };
}
