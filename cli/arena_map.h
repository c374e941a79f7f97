/* SPDX-License-Identifier: Apache-2.0 */
/* The joint arena over time: the models' steps one after the other, as a run of everything has them, and what lies where
 * at each. */
#ifndef CLI_ARENA_MAP_H
#define CLI_ARENA_MAP_H

#include "models.h"

struct arena_model {
    size_t index; /* among the models */
    size_t steps;
    struct plait_arena_piece *pieces;
    size_t count;
    size_t *tops;  /* by step: where the highest piece ends, */
    size_t *bytes; /* and how many bytes of the arena are in use */
};

struct arena_map {
    struct arena_model *models; /* in the order in which they run */
    size_t count;
    size_t steps;
    size_t arena_bytes; /* the high-water mark */
};

/* Of models that are allocated; turns their profiles on, which clears them. */
void arena_map_make(struct arena_map *map, const struct models *models);
void arena_map_free(struct arena_map *map);

#endif
