/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "options.h"

#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
    "usage: qdq-bench [options]\n"
    "\n"
    "Measures libqdq beside the limits of the machine.\n"
    "\n"
    "  --isa LIST       kernels to measure, one after the other: scalar,avx2,avx512,neon or all;\n"
    "                   default: those that the library picks\n"
    "  --rows PART      only rows whose name or group contains PART\n"
    "  --json FILE      the results, too\n"
    "  --quick          fewer samples\n"
    "  --sweep          throughput against size instead of the rows\n";

static void parse_isas(struct options *options, const char *list)
{
    if (strcmp(list, "all") == 0) {
        list = "scalar,avx2,avx512,neon";
    }
    for (options->isa_count = 0; *list != '\0'; options->isa_count++) {
        const size_t length = strcspn(list, ",");
        if (options->isa_count == MOST_ISAS || length == 0 || length >= ISA_NAME_SIZE) {
            fail("--isa: expected names of instruction sets with commas between them, or all");
        }
        memcpy(options->isas[options->isa_count], list, length);
        options->isas[options->isa_count][length] = '\0';
        list += length + (list[length] == ',');
    }
}

static const char *next_value(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) {
        fail("%s needs a value", argv[*i]);
    }
    return argv[++*i];
}

/* The option at `*i`, which is moved on past its value. */
static void parse_option(struct options *options, int argc, char **argv, int *i)
{
    const char *name = argv[*i];
    if (strcmp(name, "--help") == 0) {
        fputs(USAGE, stdout);
        exit(EXIT_SUCCESS);
    } else if (strcmp(name, "--isa") == 0) {
        parse_isas(options, next_value(argc, argv, i));
    } else if (strcmp(name, "--rows") == 0) {
        options->rows = next_value(argc, argv, i);
    } else if (strcmp(name, "--json") == 0) {
        options->json = next_value(argc, argv, i);
    } else if (strcmp(name, "--quick") == 0) {
        options->quick = true;
    } else if (strcmp(name, "--sweep") == 0) {
        options->sweep = true;
    } else {
        fail("%s: no such option; --help lists them", name);
    }
}

struct options options_parse(int argc, char **argv)
{
    struct options options = {.isa_count = 1, .rows = ""};
    for (int i = 1; i < argc; i++) {
        parse_option(&options, argc, argv, &i);
    }
    options.samples = options.quick ? 5 : 21;
    options.rounds = options.quick ? 2 : 4;
    return options;
}
