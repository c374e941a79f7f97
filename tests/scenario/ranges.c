/* SPDX-License-Identifier: Apache-2.0 */
/* Any cutting of any operator's work into ranges, on 1, 2 and 5 threads, gives the bits of the uncut run. Random numbers may
 * be no indices or shapes: a run that fails must fail with any cutting, say in which operator, and is the last. */
#include <stdio.h>
#include <string.h>

#include "interpreter/interpreter.h"
#include "scenario.h"

enum { RUNS = 3 };

struct cutter {
    struct scenario_random random;
    uint64_t parts;
    int32_t fixed; /* 1: never cut; else at random */
};

/* Random cuts, among them parts of a single unit and cuts near both ends. */
static int32_t cut(void *context, int64_t units, int32_t max_parts, int64_t *bounds)
{
    struct cutter *cutter = context;
    int32_t parts = 0;
    int64_t at = 0;
    bounds[0] = 0;
    while (at < units) {
        int64_t rest = units - at;
        if (cutter->fixed != 1 && parts + 1 < max_parts) {
            const uint32_t kind = scenario_pick(&cutter->random, 4);
            const int64_t mean = units / max_parts + 1;
            const int64_t longest = kind == 0 ? 1 : kind == 1 ? mean : kind == 2 ? 3 * mean : rest;
            const int64_t taken = 1 + (int64_t)(scenario_next(&cutter->random) % (uint64_t)longest);
            rest = taken < rest ? taken : rest;
        }
        at += rest;
        bounds[++parts] = at;
    }
    cutter->parts += (uint64_t)parts;
    return parts;
}

/* Answers of all signatures in turn, digested; state goes on from run to run. */
static uint64_t answers(const char *path, int32_t threads, struct cutter *cutter, int *failed)
{
    struct plait_options options;
    plait_options_default(&options);
    options.threads = threads;
    struct plait_model *model;
    struct plait_interpreter *interpreter = scenario_open_with(&options, path, &model);
    OK(interpreter, plait_set_threads(model, threads));
    pl_interpreter_set_cutter(scenario_inside(interpreter), cut, cutter);
    const size_t signatures = plait_signature_count(model);
    uint64_t digest = 0;
    bool good = true;
    for (uint64_t run = 0; run < RUNS && good; run++) {
        struct plait_model *target = model;
        if (signatures > 1)
            target = plait_signature(model, plait_signature_key(model, run % signatures));
        uint64_t answer = 1;
        good = scenario_try_answer(interpreter, target, run + 1, &answer);
        digest = digest * 31 + answer;
        *failed += !good;
        CHECK(good || strstr(plait_last_error(interpreter), "operator ") != NULL, "%s: '%s' does not say where", path,
              plait_last_error(interpreter));
    }
    plait_close(interpreter);
    return digest;
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 2);
    static const int32_t threads[] = {1, 2, 5};
    for (int k = 0; k < arguments.path_count; k++) {
        struct cutter whole = {.fixed = 1};
        int failed = 0;
        const uint64_t expected = answers(arguments.paths[k], 1, &whole, &failed);
        uint64_t parts = 0;
        for (int round = 0; round < arguments.count * 3; round++) {
            struct cutter random = {.random = {arguments.seed + (uint64_t)round}};
            const uint64_t found = answers(arguments.paths[k], threads[round % 3], &random, &failed);
            CHECK(found == expected, "%s: other bits with %d threads, round %d", arguments.paths[k],
                  threads[round % 3], round);
            parts += random.parts;
        }
        CHECK(parts >= whole.parts * (uint64_t)arguments.count * 3, "%s: nothing was cut", arguments.paths[k]);
        printf("%s: %d rounds, %.1f parts per stage%s\n", arguments.paths[k], arguments.count * 3,
               (double)parts / (double)(whole.parts ? whole.parts : 1) / (arguments.count * 3),
               failed > 0 ? ", not what random numbers may be" : "");
    }
    return 0;
}
