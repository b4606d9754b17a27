/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE

#include "machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void describe_date(struct machine *machine)
{
    const time_t now = time(NULL);
    struct tm parts;
    strftime(machine->date, sizeof machine->date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}

static void describe_processor(struct machine *machine)
{
    char line[256];
    strcpy(machine->processor, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "model name : %127[^\n]", machine->processor) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static void describe_compiler(struct machine *machine)
{
#ifdef __clang__
    snprintf(machine->compiler, sizeof machine->compiler, "%s", __VERSION__);
#else
    snprintf(machine->compiler, sizeof machine->compiler, "gcc %s", __VERSION__);
#endif
}

/* One line of what the kernel knows of the first core's caches, "" where it does not say. */
static void read_cache_file(int index, const char *name, char line[32])
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    FILE *file = fopen(path, "r");
    line[0] = '\0';
    if (file != NULL) {
        if (fgets(line, 32, file) == NULL) {
            line[0] = '\0';
        }
        fclose(file);
    }
}

/* sysconf would give all third levels of the socket together. */
static void describe_caches(struct machine *machine)
{
    char level[32], type[32], kilobytes[32];
    for (int index = 0; index < 8; index++) {
        read_cache_file(index, "level", level);
        read_cache_file(index, "type", type);
        read_cache_file(index, "size", kilobytes);
        const long number = strtol(level, NULL, 10);
        if (number >= 1 && number <= 3 && strncmp(type, "Instruction", 11) != 0) {
            machine->caches[number - 1] = strtol(kilobytes, NULL, 10) * 1024;
        }
    }
}

static int usable_cores(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

struct machine machine_describe(void)
{
    struct machine machine = {.cores = usable_cores()};
    describe_date(&machine);
    describe_processor(&machine);
    describe_compiler(&machine);
    describe_caches(&machine);
    return machine;
}
