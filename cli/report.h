/* SPDX-License-Identifier: Apache-2.0 */
/* Results of a run on stdout, for people (report_text.c) or for programs (report_json.c). */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>

#include "labels.h"
#include "models.h"
#include "results.h"

struct report {
    const struct models *models;
    const struct results *results;
    const struct labels *labels;
    bool profile; /* show the time each operator took */
};

void report_text(const struct report *report);
void report_json(const struct report *report);

/* Adds what its model gave just now to result->runs. */
void report_json_run(struct result *result, const struct labels *labels);

/* Whether a profile has the time of this operator. */
bool profile_has(const struct plait_model *model, size_t operator_index);

#endif
