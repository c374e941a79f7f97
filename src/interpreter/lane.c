/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes. One arena serves all models in turn: it is as large as the largest program, not as their sum. */
#include <string.h>

#include "interpreter/interpreter_internal.h"

static void destroy_lane(struct pl_interpreter *interpreter, struct pl_lane *lane)
{
    if (lane == NULL) return;
    pl_free(interpreter->memory, lane->arena, lane->arena_bytes);
    pl_free(interpreter->memory, lane->pointers, (size_t)lane->pointer_count * sizeof(void *));
    pl_free(interpreter->memory, lane, sizeof *lane);
}

static struct pl_lane *create_lane(struct pl_interpreter *interpreter, size_t arena_bytes, int32_t pointer_count)
{
    struct pl_lane *lane = pl_allocate_zero(interpreter->memory, sizeof *lane);
    if (lane == NULL) return NULL;
    lane->arena_bytes = arena_bytes;
    lane->pointer_count = pointer_count;
    lane->arena = pl_allocate(interpreter->memory, arena_bytes);
    lane->pointers = pl_allocate(interpreter->memory, (size_t)pointer_count * sizeof(void *));
    if (lane->arena != NULL && lane->pointers != NULL) return lane;
    destroy_lane(interpreter, lane);
    return NULL;
}

static bool holds(const struct pl_lane *lane, size_t arena_bytes, int32_t pointer_count)
{
    return lane->arena_bytes >= arena_bytes && lane->pointer_count >= pointer_count;
}

struct pl_lane *pl_lane_take(struct pl_interpreter *interpreter, const struct pl_program *program,
                             struct pl_error *error)
{
    const size_t arena_bytes = program->block->arena_bytes;
    struct pl_lane *lane = interpreter->lanes;
    while (lane != NULL && (lane->busy || lane->retired || !holds(lane, arena_bytes, program->pointer_count)))
        lane = lane->next;
    if (lane == NULL) {
        /* More callers than lanes: the one case in which invoking allocates. The lane stays. */
        size_t most_bytes = 0;
        int32_t most_pointers = 0;
        pl_lanes_needed(interpreter, &most_bytes, &most_pointers);
        lane = create_lane(interpreter, most_bytes, most_pointers);
        if (lane == NULL) {
            pl_fail(error, PL_OUT_OF_MEMORY, "all lanes are in use and there is no memory for another one of %zu bytes",
                    most_bytes);
            return NULL;
        }
        lane->next = interpreter->lanes;
        interpreter->lanes = lane;
    }
    lane->busy = true;
    return lane;
}

static void remove_lane(struct pl_interpreter *interpreter, struct pl_lane *lane)
{
    struct pl_lane **at = &interpreter->lanes;
    while (*at != lane) at = &(*at)->next;
    *at = lane->next;
    destroy_lane(interpreter, lane);
}

void pl_lane_give_back(struct pl_interpreter *interpreter, struct pl_lane *lane)
{
    lane->busy = false;
    if (lane->retired) remove_lane(interpreter, lane);
}

static void need(const struct pl_unit *unit, size_t *arena_bytes, int32_t *pointer_count)
{
    const struct pl_program *program = unit->next_program != NULL ? unit->next_program : unit->program;
    if (program == NULL) return;
    if (program->block->arena_bytes > *arena_bytes) *arena_bytes = program->block->arena_bytes;
    if (program->pointer_count > *pointer_count) *pointer_count = program->pointer_count;
}

void pl_lanes_needed(const struct pl_interpreter *interpreter, size_t *arena_bytes, int32_t *pointer_count)
{
    *arena_bytes = 0;
    *pointer_count = 0;
    for (size_t i = 0; i < interpreter->instance_count; i++) {
        struct pl_instance *instance = interpreter->instances[i];
        need(&instance->component->unit, arena_bytes, pointer_count);
        for (int32_t k = 0; pl_instance_unit(instance, k) != NULL; k++)
            need(pl_instance_unit(instance, k), arena_bytes, pointer_count);
    }
}

static bool exact(const struct pl_lane *lane, size_t arena_bytes, int32_t pointer_count)
{
    return lane->arena_bytes == arena_bytes && lane->pointer_count == pointer_count;
}

static void destroy_lanes(struct pl_interpreter *interpreter, struct pl_lane *lane)
{
    while (lane != NULL) {
        struct pl_lane *next = lane->next;
        destroy_lane(interpreter, lane);
        lane = next;
    }
}

/* What is missing for options.lanes lanes of these sizes, as a list. */
static pl_status create_missing(struct pl_interpreter *interpreter, size_t arena_bytes, int32_t pointer_count,
                                struct pl_lane **fresh, struct pl_error *error)
{
    int32_t good = 0;
    for (const struct pl_lane *lane = interpreter->lanes; lane != NULL; lane = lane->next)
        good += !lane->retired && exact(lane, arena_bytes, pointer_count);
    for (; good < interpreter->options.lanes; good++) {
        struct pl_lane *lane = create_lane(interpreter, arena_bytes, pointer_count);
        if (lane == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for an arena of %zu bytes", arena_bytes);
        lane->next = *fresh;
        *fresh = lane;
    }
    return PL_OK;
}

/* New lanes first, old ones go only when nothing can fail any more. Busy lanes end with their invocation. */
pl_status pl_lanes_fit(struct pl_interpreter *interpreter, bool keep, struct pl_error *error)
{
    size_t arena_bytes = 0;
    int32_t pointer_count = 0;
    pl_lanes_needed(interpreter, &arena_bytes, &pointer_count);
    struct pl_lane *fresh = NULL;
    const pl_status status = create_missing(interpreter, arena_bytes, pointer_count, &fresh, error);
    if (status != PL_OK || !keep) {
        destroy_lanes(interpreter, fresh);
        return status;
    }
    for (struct pl_lane *lane = interpreter->lanes, *next = NULL; lane != NULL; lane = next) {
        next = lane->next;
        if (exact(lane, arena_bytes, pointer_count)) continue;
        if (lane->busy) lane->retired = true;
        else remove_lane(interpreter, lane);
    }
    while (fresh != NULL) {
        struct pl_lane *next = fresh->next;
        fresh->next = interpreter->lanes;
        interpreter->lanes = fresh;
        fresh = next;
    }
    return PL_OK;
}

void pl_lanes_destroy(struct pl_interpreter *interpreter)
{
    while (interpreter->lanes != NULL) remove_lane(interpreter, interpreter->lanes);
}

void pl_interpreter_poison(struct pl_interpreter *interpreter, int byte)
{
    pthread_mutex_lock(&interpreter->lock);
    for (const struct pl_lane *lane = interpreter->lanes; lane != NULL; lane = lane->next)
        if (!lane->busy) memset(lane->arena, byte, lane->arena_bytes);
    pthread_mutex_unlock(&interpreter->lock);
}
