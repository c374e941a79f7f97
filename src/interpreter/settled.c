/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps loading as quick with ten thousand models as with ten: the first models, as many as `settled` says, have
 * nothing to allocate, and what they need of a lane at most is known. Whatever changes one of them forgets all that. */
#include "interpreter/allocate.h"
#include "interpreter/models/models.h"

static bool is_stale(struct pl_instance *instance)
{
    if (instance->component->unit.stale) return true;
    for (int32_t i = 0; pl_instance_unit(instance, i) != NULL; i++)
        if (pl_instance_unit(instance, i)->stale) return true;
    return false;
}

void pl_settled_forget(struct pl_interpreter *interpreter)
{
    interpreter->settled = 0;
    interpreter->settled_needs = (struct pl_lane_needs){0};
}

void pl_settled_advance(struct pl_interpreter *interpreter)
{
    while (interpreter->settled < interpreter->instance_count) {
        struct pl_instance *instance = interpreter->instances[interpreter->settled];
        if (is_stale(instance)) return;
        pl_lane_need_of(instance, &interpreter->settled_needs);
        interpreter->settled++;
    }
}

void pl_settled_leave(struct pl_interpreter *interpreter, struct pl_instance *instance)
{
    size_t at = 0;
    while (interpreter->instances[at] != instance) at++;
    if (at >= interpreter->settled) return;
    struct pl_lane_needs needs = {0};
    pl_lane_need_of(instance, &needs);
    const int32_t class_number = pl_component_class(instance->component);
    const struct pl_lane_need *need = &needs.of_class[class_number];
    const struct pl_lane_need *most = &interpreter->settled_needs.of_class[class_number];
    if (need->arena_bytes >= most->arena_bytes || need->pointer_count >= most->pointer_count ||
        (need->memory_count > 0 && need->memory_count >= most->memory_count))
        pl_settled_forget(interpreter);
    else interpreter->settled--;
}
