/* SPDX-License-Identifier: Apache-2.0 */
/* checkkernel [--level=NAME] [--kernel=NAME] [--cases=N] [--seed=N] [--plant] [--bench] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

struct options {
    const char *level, *kernel;
    int64_t cases;
    uint64_t seed; /* 0: all */
    bool plant, bench;
};

struct entry {
    const char *name;
    void (*check)(struct check *check);
    void (*bench)(const struct bench *bench);
};

static const struct entry entries[] = {
#define CHECK(entry) {.name = #entry, .check = check_##entry},
#define BENCH(entry) {.name = #entry, .bench = bench_##entry},
#include "checks.def"
#undef CHECK
#undef BENCH
};

static bool wanted(const char *asked, const char *name)
{
    return asked == NULL || strcmp(asked, name) == 0;
}

/* True if all cases are as they should be: equal, or, with a fault in each, different. */
static bool run_check(const struct options *options, const struct entry *entry,
                      const struct pl_kernels *reference, const struct pl_kernels *tested)
{
    struct check check = {.name = entry->name,
                          .reference = reference,
                          .tested = tested,
                          .plant = options->plant};
    for (int64_t i = 0; i < options->cases; i++) {
        check.seed = options->seed != 0 ? options->seed : (uint64_t)i + 1;
        check.random = check.seed * 0x9e3779b97f4a7c15u;
        check.differs = false;
        entry->check(&check);
        memory_release();
        check.cases++;
        if (check.differs) check.wrong++;
        if (options->seed != 0) break;
    }
    const bool good = check.wrong == (options->plant ? check.cases : 0);
    printf("%-12s %-24s %lld cases, %lld %s%s\n", tested->level, entry->name,
           (long long)check.cases, (long long)check.wrong,
           options->plant ? "faults seen" : "wrong", good ? "" : "  <-- FAILED");
    return good;
}

static bool run_level(const struct options *options, const struct pl_kernels *reference,
                      const struct pl_kernels *tested)
{
    bool good = true;
    struct bench bench = {.kernels = tested};
    if (options->bench) bench.peak = bench_peak(tested->level);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        const struct entry *entry = &entries[i];
        if (!wanted(options->kernel, entry->name)) continue;
        bench.name = entry->name;
        if (options->bench && entry->bench != NULL) entry->bench(&bench);
        if (!options->bench && entry->check != NULL)
            good &= run_check(options, entry, reference, tested);
    }
    return good;
}

static bool read_options(int count, char **arguments, struct options *options)
{
    for (int i = 1; i < count; i++) {
        const char *argument = arguments[i], *equals = strchr(argument, '=');
        const char *value = equals != NULL ? equals + 1 : "";
        if (strncmp(argument, "--level=", 8) == 0) options->level = value;
        else if (strncmp(argument, "--kernel=", 9) == 0) options->kernel = value;
        else if (strncmp(argument, "--cases=", 8) == 0) options->cases = atoll(value);
        else if (strncmp(argument, "--seed=", 7) == 0) options->seed = strtoull(value, NULL, 10);
        else if (strcmp(argument, "--plant") == 0) options->plant = true;
        else if (strcmp(argument, "--bench") == 0) options->bench = true;
        else return false;
    }
    return true;
}

int main(int count, char **arguments)
{
    struct options options = {.cases = 400};
    if (!read_options(count, arguments, &options)) {
        fprintf(stderr, "checkkernel [--level=NAME] [--kernel=NAME] [--cases=N] [--seed=N] "
                        "[--plant] [--bench]\n");
        return 2;
    }
    const struct pl_kernels *levels[PL_KERNELS_MAX_LEVELS];
    const int32_t level_count = pl_kernels_list(levels);
    bool good = true;
    for (int32_t i = 0; i < level_count; i++) {
        /* c against itself still proves that what is outside of the memory is left alone. */
        if (wanted(options.level, levels[i]->level))
            good &= run_level(&options, levels[0], levels[i]);
    }
    return good ? 0 : 1;
}
