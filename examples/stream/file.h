/* Files read and written in blocks. What fails ends the program with the file's name. */
#ifndef STREAM_FILE_H
#define STREAM_FILE_H

#include <stddef.h>
#include <stdint.h>

typedef struct file {
    const char *path;
    int descriptor;
    int64_t size; /* of an input, in bytes */
} file;

file file_open_input(const char *path);

/* Empties the file, which must not be the input, and removes it if the program fails before its end. */
file file_open_output(const char *path, const file *input);

void file_close(file *f);

void file_read(const file *f, int64_t offset, void *data, size_t size);

/* Behind what has been written before. */
void file_append(const file *f, const void *data, size_t size);

#endif
