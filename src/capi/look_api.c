/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: what lies where in the arena, and what runs when. */
#include "capi/handles.h"

struct pieces {
    struct plait_arena_piece *items;
    size_t capacity;
    size_t count;
};

static void add_piece(void *user, const struct pl_arena_piece *piece)
{
    struct pieces *pieces = user;
    const size_t at = pieces->count++;
    if (at >= pieces->capacity) return;
    pieces->items[at] = (struct plait_arena_piece){.tensor = piece->tensor,
                                                   .offset = piece->offset,
                                                   .bytes = piece->bytes,
                                                   .first_step = (size_t)piece->first_step,
                                                   .last_step = (size_t)piece->last_step};
}

size_t plait_model_arena(const struct plait_model *model, struct plait_arena_piece *pieces, size_t capacity)
{
    if (model == NULL || (pieces == NULL && capacity > 0)) return 0;
    struct pieces found = {pieces, capacity, 0};
    pl_entry_arena(pl_const_entry(model), add_piece, &found);
    return found.count;
}

static void tell(void *user, const struct pl_event *event)
{
    const struct plait_interpreter *api = user;
    const bool work = event->op != NULL;
    const struct plait_event told = {.model = pl_model_handle(event->entry),
                                     .name = work ? pl_operator_name(event->op) : pl_entry_name(event->entry),
                                     .operator_index = !work || event->op->index < 0 ? -1 : event->op->index,
                                     .step = event->step,
                                     .is_part = event->part,
                                     .begin_nanoseconds = event->begin_ns,
                                     .end_nanoseconds = event->end_ns,
                                     .kind = (plait_event_kind)event->kind,
                                     .class_number = event->class_number,
                                     .request = event->request};
    api->event_function(api->event_user, &told);
}

plait_status plait_trace(struct plait_interpreter *interpreter, plait_event_function function, void *user)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    interpreter->event_function = function;
    interpreter->event_user = user;
    pl_interpreter_trace(interpreter->interpreter, function != NULL ? tell : NULL, interpreter);
    return PLAIT_OK;
}
