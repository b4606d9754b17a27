/* The handwritten digits of data/digits.txt; data/README.md says where they come from. */
#ifndef DIGITS_DATA_H
#define DIGITS_DATA_H

#include <stddef.h>

enum { DIGIT_PIXELS = 64, DIGIT_CLASSES = 10 };

typedef struct digits {
    size_t count;
    float *pixels;         /* [count][DIGIT_PIXELS], 0 for white to 1 for black */
    unsigned char *labels; /* [count], the digit each picture shows */
} digits;

/* Reads the whole file, or ends the program with the line that is wrong. */
digits digits_load(const char *path);
void digits_free(digits *all);

/* A view of `count` digits from `first` on, which must exist; nothing is copied. */
digits digits_slice(const digits *all, size_t first, size_t count);

#endif
