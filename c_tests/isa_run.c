/*
 * isa_run PROGRAM ARGUMENT...: runs the program where the kernels that QDQ_ISA names are those in use, else is
 * skipped (77, to CTest), so that no test passes on other kernels than it says.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#define _POSIX_C_SOURCE 200809L

#include <qdq.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77 };

int main(int argc, char **argv)
{
    const char *wanted = getenv("QDQ_ISA");
    if (argc < 2 || wanted == NULL) {
        fprintf(stderr, "usage: QDQ_ISA=... isa_run PROGRAM ARGUMENT...\n");
        return EXIT_FAILURE;
    }
    if (strcmp(qdq_isa(), wanted) != 0) {
        printf("skipped: this processor has no %s, the library would use %s\n", wanted, qdq_isa());
        return SKIPPED;
    }
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return EXIT_FAILURE;
}
