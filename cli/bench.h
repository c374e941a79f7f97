/* SPDX-License-Identifier: Apache-2.0 */
/* What plait bench measures, shown for people or for programs (report_bench.c). */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "models.h"

struct bench_times {
    uint64_t *nanoseconds; /* of every round; sorted when they are shown */
    size_t count;
};

struct bench {
    const struct models *models;
    int64_t threads;
    int64_t rounds;
    int64_t warm_up;
    struct bench_times *sets; /* by loaded_model.set; nothing of those that have no models */
    struct bench_times all;   /* of the sets together */
    bool operators;           /* each operator, not those of one name together */
};

void bench_text(struct bench *bench);
void bench_json(struct bench *bench);

#endif
