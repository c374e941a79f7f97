/* SPDX-License-Identifier: Apache-2.0 */
#include "arena_map.h"

#include <stdlib.h>

#include "heap.h"

struct place {
    size_t set, depth, index;
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->set != b->set) return a->set < b->set ? -1 : 1;
    if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* The number of the first model of the same set. */
static size_t first_of_set(const struct models *models, size_t index)
{
    size_t first = 0;
    while (models->items[first].set != models->items[index].set) first++;
    return first;
}

static int compare_offsets(const void *left, const void *right)
{
    const struct plait_arena_piece *a = *(const struct plait_arena_piece *const *)left;
    const struct plait_arena_piece *b = *(const struct plait_arena_piece *const *)right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* What is in use at one step; pieces can overlap where one is written over another. */
static void look_at_step(struct arena_model *model, size_t step, const struct plait_arena_piece **alive)
{
    size_t count = 0, top = 0;
    for (size_t i = 0; i < model->count; i++)
        if (model->pieces[i].first_step <= step && step <= model->pieces[i].last_step) alive[count++] = &model->pieces[i];
    if (count > 0) qsort(alive, count, sizeof *alive, compare_offsets);
    for (size_t i = 0; i < count; i++) {
        const size_t end = alive[i]->offset + alive[i]->bytes, begin = alive[i]->offset > top ? alive[i]->offset : top;
        if (end <= top) continue;
        model->bytes[step] += end - begin;
        top = end;
    }
    model->tops[step] = top;
}

static void make_model(struct arena_model *model, struct plait_model *handle)
{
    plait_profile_enable(handle, true);
    model->steps = plait_profile_count(handle);
    model->count = plait_model_arena(handle, NULL, 0);
    model->pieces = heap_array(model->count, sizeof *model->pieces);
    plait_model_arena(handle, model->pieces, model->count);
    model->tops = heap_array(model->steps, sizeof *model->tops);
    model->bytes = heap_array(model->steps, sizeof *model->bytes);
    const struct plait_arena_piece **alive = heap_array(model->count, sizeof *alive);
    for (size_t step = 0; step < model->steps; step++) look_at_step(model, step, alive);
    free(alive);
}

void arena_map_make(struct arena_map *map, const struct models *models)
{
    struct place *places = heap_array(models->count, sizeof *places);
    size_t *depths = models_depths(models);
    for (size_t i = 0; i < models->count; i++) places[i] = (struct place){first_of_set(models, i), depths[i], i};
    qsort(places, models->count, sizeof *places, compare_places);
    *map = (struct arena_map){.models = heap_array(models->count, sizeof *map->models), .count = models->count};
    for (size_t i = 0; i < map->count; i++) {
        struct arena_model *model = &map->models[i];
        model->index = places[i].index;
        make_model(model, models->items[model->index].model);
        map->steps += model->steps;
        struct plait_memory memory = {0};
        plait_model_memory(models->items[model->index].model, &memory);
        if (memory.arena_bytes > map->arena_bytes) map->arena_bytes = memory.arena_bytes;
    }
    free(depths);
    free(places);
}

void arena_map_free(struct arena_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free(map->models[i].pieces);
        free(map->models[i].tops);
        free(map->models[i].bytes);
    }
    free(map->models);
}
