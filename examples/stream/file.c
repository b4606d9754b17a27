#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static _Noreturn void fail_with_reason(const file *f)
{
    fail("%s: %s", f->path, strerror(errno));
}

static struct stat status_of(const file *f)
{
    struct stat status;
    if (fstat(f->descriptor, &status) != 0)
        fail_with_reason(f);
    return status;
}

file file_open_input(const char *path)
{
    file f = {.path = path, .descriptor = open(path, O_RDONLY)};
    if (f.descriptor < 0)
        fail_with_reason(&f);
    const struct stat status = status_of(&f);
    if (!S_ISREG(status.st_mode))
        fail("%s: not a regular file, and it must be read twice", path);
    f.size = status.st_size;
    return f;
}

/* Opened without O_TRUNC: the input under another name must not be emptied before it is known. */
file file_open_output(const char *path, const file *input)
{
    const file f = {.path = path, .descriptor = open(path, O_WRONLY | O_CREAT, 0666)};
    if (f.descriptor < 0)
        fail_with_reason(&f);
    const struct stat status = status_of(&f), other = status_of(input);
    if (status.st_dev == other.st_dev && status.st_ino == other.st_ino)
        fail("%s: is the input; expected another file", path);
    if (!S_ISREG(status.st_mode))
        return f;
    remove_when_failing(path);
    if (ftruncate(f.descriptor, 0) != 0)
        fail_with_reason(&f);
    return f;
}

void file_close(file *f)
{
    if (close(f->descriptor) != 0)
        fail_with_reason(f);
    f->descriptor = -1;
}

void file_read(const file *f, int64_t offset, void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t got = pread(f->descriptor, (char *)data + done, size - done,
                                  (off_t)(offset + (int64_t)done));
        if (got == 0)
            fail("%s: became shorter while it was read", f->path);
        if (got < 0 && errno != EINTR)
            fail_with_reason(f);
        done += got > 0 ? (size_t)got : 0;
    }
}

void file_append(const file *f, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t put = write(f->descriptor, (const char *)data + done, size - done);
        if (put < 0 && errno != EINTR)
            fail_with_reason(f);
        done += put > 0 ? (size_t)put : 0;
    }
}
