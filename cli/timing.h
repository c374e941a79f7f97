/* SPDX-License-Identifier: Apache-2.0 */
/* How long sets of models take and wait, measured by running them: plait inspect --timing and plait plan. */
#ifndef CLI_TIMING_H
#define CLI_TIMING_H

#include "models.h"
#include "options.h"
#include "sets.h"

struct timing_row {
    const struct loaded_model *first; /* of the set, */
    char *name;                       /* and what it is called */
    struct plait_timing timing;
    const struct timing_row *blocker; /* has the longest part of all lower classes; NULL: there is none */
};

struct timing {
    struct timing_row *rows;
    size_t count;
    int64_t lanes;
    int64_t rounds;
    struct plait_machine machine;
};

/* Takes an option of the form MODEL=REST apart. Returns an exit code. */
int timing_option(const struct models *models, const char *option, const char *value, const char *form,
                  const struct loaded_model **model, const char **rest);

/* A row for each set of models that are loaded and linked, with what the options say: --lanes, --rounds, --class MODEL=N.
 * Returns an exit code; timing_free() in any case. */
int timing_begin(struct timing *timing, const struct models *models, const struct options *options);
/* Looks at the machine, feeds and plans the models, runs every set by itself, each time after another pause, since what was
 * not asked for a while takes longer, and then all together. */
int timing_measure(struct timing *timing, struct models *models, const struct options *options);
void timing_free(struct timing *timing);

/* What was seen of the machine: a line, an object. */
void timing_machine_text(const struct timing *timing);
struct json_t *timing_machine_json(const struct timing *timing);
/* As `plait inspect` shows it. */
void timing_text(const struct timing *timing, const struct models *models);
struct json_t *timing_json(const struct timing *timing);

#endif
