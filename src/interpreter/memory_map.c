/* SPDX-License-Identifier: Apache-2.0 */
/* What lies where in the arena, and from which step to which: read off the finished program, which keeps no lifetimes. */
#include "interpreter/run.h"

struct map {
    const struct pl_block *block;
    struct pl_segment steps;
    void (*found)(void *user, const struct pl_arena_piece *piece);
    void *user;
};

static bool in_arena(const struct map *map, struct pl_location location)
{
    return location.base == map->block->arena_base;
}

static bool overlaps(const struct pl_arena_piece *piece, uint64_t offset, size_t bytes)
{
    return offset < piece->offset + piece->bytes && piece->offset < offset + bytes;
}

static size_t bytes_of(const struct map *map, int32_t tensor)
{
    return tensor < 0 ? 0 : map->block->tensors[tensor].bytes;
}

/* Whether the step reads bytes of the piece. */
static bool reads(const struct map *map, const struct pl_step *step, const struct pl_arena_piece *piece)
{
    for (int32_t i = 0; i < step->input_count; i++)
        if (in_arena(map, step->locations[i]) &&
            overlaps(piece, step->locations[i].offset, bytes_of(map, step->op->inputs[i])))
            return true;
    return false;
}

/* Whether it writes something else there. */
static bool writes(const struct map *map, const struct pl_step *step, const struct pl_arena_piece *piece)
{
    const struct pl_location *at = step->locations + step->input_count;
    for (int32_t i = 0; i < step->output_count; i++, at++)
        if (in_arena(map, *at) && overlaps(piece, at->offset, bytes_of(map, step->op->outputs[i]))) return true;
    for (int32_t i = 0; i < step->scratch_count; i++, at++)
        if (in_arena(map, *at) && overlaps(piece, at->offset, step->scratch_bytes[i])) return true;
    return false;
}

/* The last step that reads what this one wrote. */
static int32_t last_reader(const struct map *map, int32_t writer, const struct pl_arena_piece *piece)
{
    int32_t last = map->block->steps[writer].number;
    for (int32_t s = writer + 1; s < map->steps.end_step; s++) {
        const struct pl_step *step = &map->block->steps[s];
        if (step->op_def == NULL) continue;
        if (reads(map, step, piece)) last = step->number;
        if (writes(map, step, piece)) break;
    }
    return last;
}

static void find_in_step(const struct map *map, int32_t index)
{
    const struct pl_step *step = &map->block->steps[index];
    const struct pl_location *at = step->locations + step->input_count;
    for (int32_t i = 0; i < step->output_count; i++, at++) {
        const int32_t tensor = step->op->outputs[i];
        if (tensor < 0 || bytes_of(map, tensor) == 0 || !in_arena(map, *at)) continue;
        struct pl_arena_piece piece = {.tensor = map->block->tensors[tensor].value.tensor->name,
                                       .offset = (size_t)at->offset,
                                       .bytes = bytes_of(map, tensor),
                                       .first_step = step->number};
        piece.last_step = last_reader(map, index, &piece);
        map->found(map->user, &piece);
    }
    for (int32_t i = 0; i < step->scratch_count; i++, at++) {
        const struct pl_arena_piece piece = {NULL, (size_t)at->offset, step->scratch_bytes[i], step->number, step->number};
        if (piece.bytes > 0) map->found(map->user, &piece);
    }
}

void pl_entry_arena(const struct pl_entry *entry, void (*found)(void *user, const struct pl_arena_piece *piece), void *user)
{
    if (entry->unit->program == NULL) return;
    const struct map map = {entry->unit->program->block, pl_entry_steps(entry), found, user};
    for (int32_t s = map.steps.first_step; s < map.steps.end_step; s++)
        if (map.block->steps[s].op_def != NULL) find_in_step(&map, s);
}
