/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of linked models, run again and again: what commands do that measure. */
#ifndef CLI_SETS_H
#define CLI_SETS_H

#include "feeding.h"
#include "models.h"

/* What a stream gets in every round. */
struct pushed {
    struct plait_tensor *input;
    const void *rows;
    void *own; /* of random ones */
    size_t bytes;
    size_t set;
};

struct streams {
    struct pushed *items;
    size_t count;
};

/* Feeds and plans models that are loaded and linked: inputs get what files hold or random numbers, streams get that, or
 * random rows for one run. Returns an exit code; feeding_free() and streams_free() in any case. */
int sets_prepare(struct models *models, struct feeding *feeding, struct streams *streams, const struct options *options);
void streams_free(struct streams *streams);

/* Runs the set of this model once, or pushes what its streams get. */
plait_status sets_run(const struct loaded_model *first, const struct streams *streams);

/* Whether it has streams. */
bool sets_are_pushed(const struct loaded_model *first, const struct streams *streams);

/* Whether no model before this one is of its set. */
bool sets_begin_at(const struct models *models, size_t index);

/* "trunk + head", the beginning alone of many. To be freed. */
char *sets_name(const struct models *models, size_t set);

#endif
