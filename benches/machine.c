/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE

#include "machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

static long cache_size(int name)
{
    const long size = sysconf(name);
    return size > 0 ? size : 0;
}

static int usable_cores(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

struct machine machine_describe(void)
{
    struct machine machine = {
        .level1 = cache_size(_SC_LEVEL1_DCACHE_SIZE),
        .level2 = cache_size(_SC_LEVEL2_CACHE_SIZE),
        .level3 = cache_size(_SC_LEVEL3_CACHE_SIZE),
        .cores = usable_cores(),
    };
    describe_date(&machine);
    describe_processor(&machine);
    describe_compiler(&machine);
    return machine;
}
