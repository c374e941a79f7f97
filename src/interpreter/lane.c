/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes. One arena serves all models of a class in turn: it is as large as the largest program, not as their sum. */
#include <string.h>

#include "interpreter/allocate.h"
#include "interpreter/models/models.h"

static void destroy_lane(struct pl_interpreter *interpreter, struct pl_lane *lane)
{
    if (lane == NULL) return;
    pl_free(interpreter->memory, lane->arena, lane->arena_bytes);
    pl_free(interpreter->memory, lane->pointers, (size_t)lane->pointer_count * sizeof(void *));
    for (int32_t i = 0; lane->memories != NULL && i < lane->memory_count; i++)
        pl_sized_clear(interpreter->memory, &lane->memories[i]);
    pl_free(interpreter->memory, lane->memories, (size_t)lane->memory_count * sizeof lane->memories[0]);
    pl_free(interpreter->memory, lane, sizeof *lane);
}

static struct pl_lane *create_lane(struct pl_interpreter *interpreter, int32_t class_number,
                                   const struct pl_lane_need *need)
{
    struct pl_lane *lane = pl_allocate_zero(interpreter->memory, sizeof *lane);
    if (lane == NULL) return NULL;
    lane->class_number = class_number;
    lane->arena_bytes = need->arena_bytes;
    lane->pointer_count = need->pointer_count;
    lane->memory_count = need->memory_count;
    lane->arena = pl_allocate(interpreter->memory, need->arena_bytes);
    lane->pointers = pl_allocate(interpreter->memory, (size_t)need->pointer_count * sizeof(void *));
    lane->memories = pl_allocate_zero(interpreter->memory, (size_t)need->memory_count * sizeof lane->memories[0]);
    if (lane->arena != NULL && lane->pointers != NULL && lane->memories != NULL) return lane;
    destroy_lane(interpreter, lane);
    return NULL;
}

static bool holds(const struct pl_lane *lane, const struct pl_program *program)
{
    return lane->arena_bytes >= program->block->arena_bytes && lane->pointer_count >= program->pointer_count &&
           lane->memory_count >= program->late_memory_count;
}

static bool is_free(const struct pl_lane *lane, int32_t class_number, const struct pl_program *program)
{
    return !lane->busy && !lane->retired && lane->class_number == class_number && holds(lane, program);
}

struct pl_lane *pl_lane_take(struct pl_interpreter *interpreter, int32_t class_number, const struct pl_program *program,
                             struct pl_error *error)
{
    struct pl_lane *lane = interpreter->lanes;
    while (lane != NULL && !is_free(lane, class_number, program)) lane = lane->next;
    if (lane == NULL) {
        /* More callers than lanes: the one case in which invoking allocates. The lane stays. */
        const struct pl_lane_needs needs = pl_lanes_needed(interpreter);
        const struct pl_lane_need *most = &needs.of_class[class_number];
        lane = create_lane(interpreter, class_number, most);
        if (lane == NULL) {
            pl_fail(error, PL_OUT_OF_MEMORY, "all lanes are in use and there is no memory for another one of %zu bytes",
                    most->arena_bytes);
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

static void raise_need(const struct pl_unit *unit, struct pl_lane_need *need)
{
    const struct pl_program *program = unit->next_program != NULL ? unit->next_program : unit->program;
    if (program == NULL) return;
    need->used = true;
    if (program->block->arena_bytes > need->arena_bytes) need->arena_bytes = program->block->arena_bytes;
    if (program->pointer_count > need->pointer_count) need->pointer_count = program->pointer_count;
    if (program->late_memory_count > need->memory_count) need->memory_count = program->late_memory_count;
}

void pl_lane_need_of(struct pl_instance *instance, struct pl_lane_needs *needs)
{
    struct pl_lane_need *need = &needs->of_class[pl_component_class(instance->component)];
    raise_need(&instance->component->unit, need);
    for (int32_t k = 0; pl_instance_unit(instance, k) != NULL; k++) raise_need(pl_instance_unit(instance, k), need);
}

struct pl_lane_needs pl_lanes_needed(const struct pl_interpreter *interpreter)
{
    struct pl_lane_needs needs = interpreter->settled_needs;
    for (size_t i = interpreter->settled; i < interpreter->instance_count; i++)
        pl_lane_need_of(interpreter->instances[i], &needs);
    if (interpreter->incoming != NULL) pl_lane_need_of(interpreter->incoming, &needs);
    return needs;
}

/* Whether it is just what its class needs. */
static bool fits(const struct pl_lane *lane, const struct pl_lane_needs *needs)
{
    const struct pl_lane_need *need = &needs->of_class[lane->class_number];
    return need->used && lane->arena_bytes == need->arena_bytes && lane->pointer_count == need->pointer_count &&
           lane->memory_count == need->memory_count;
}

static void destroy_lanes(struct pl_interpreter *interpreter, struct pl_lane *lane)
{
    while (lane != NULL) {
        struct pl_lane *next = lane->next;
        destroy_lane(interpreter, lane);
        lane = next;
    }
}

/* What is missing for options.lanes lanes of a class, as a list. */
static pl_status create_missing(struct pl_interpreter *interpreter, int32_t class_number,
                                const struct pl_lane_needs *needs, struct pl_lane **fresh, struct pl_error *error)
{
    const struct pl_lane_need *need = &needs->of_class[class_number];
    int32_t good = need->used ? 0 : interpreter->options.lanes;
    for (const struct pl_lane *lane = interpreter->lanes; lane != NULL; lane = lane->next)
        good += !lane->retired && lane->class_number == class_number && fits(lane, needs);
    for (; good < interpreter->options.lanes; good++) {
        struct pl_lane *lane = create_lane(interpreter, class_number, need);
        if (lane == NULL)
            return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for an arena of %zu bytes", need->arena_bytes);
        lane->next = *fresh;
        *fresh = lane;
    }
    return PL_OK;
}

/* New lanes first, old ones go only when nothing can fail any more. Busy lanes end with their invocation. */
pl_status pl_lanes_fit(struct pl_interpreter *interpreter, bool keep, struct pl_error *error)
{
    const struct pl_lane_needs needs = pl_lanes_needed(interpreter);
    struct pl_lane *fresh = NULL;
    pl_status status = PL_OK;
    for (int32_t c = 0; c <= PL_MOST_CLASS && status == PL_OK; c++)
        status = create_missing(interpreter, c, &needs, &fresh, error);
    if (status != PL_OK || !keep) {
        destroy_lanes(interpreter, fresh);
        return status;
    }
    for (struct pl_lane *lane = interpreter->lanes, *next = NULL; lane != NULL; lane = next) {
        next = lane->next;
        if (fits(lane, &needs)) continue;
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
    pl_lock(interpreter);
    for (const struct pl_lane *lane = interpreter->lanes; lane != NULL; lane = lane->next) {
        if (lane->busy) continue;
        memset(lane->arena, byte, lane->arena_bytes);
        for (int32_t i = 0; i < lane->memory_count; i++)
            if (lane->memories[i].data != NULL) memset(lane->memories[i].data, byte, lane->memories[i].capacity);
    }
    pthread_mutex_unlock(&interpreter->lock);
}
