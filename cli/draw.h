/* SPDX-License-Identifier: Apache-2.0 */
/* plait inspect --svg: models and what links them (draw_models.c), the arena over time (draw_arena.c), and what all of
 * it takes (draw_memory.c). */
#ifndef CLI_DRAW_H
#define CLI_DRAW_H

#include "arena_map.h"
#include "models.h"
#include "svg.h"

/* Writes the picture of models that are allocated. Returns an exit code. */
int draw(const struct models *models, const char *path);

/* Parts of it: each is drawn below what is there. */
void draw_models(struct svg *svg, const struct models *models);
void draw_arena(struct svg *svg, const struct models *models, const struct arena_map *map);
void draw_memory(struct svg *svg, const struct models *models);

#endif
