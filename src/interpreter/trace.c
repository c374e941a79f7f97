/* SPDX-License-Identifier: Apache-2.0 */
/* Telling who asks what runs when. */
#include "base/clock.h"
#include "interpreter/interpreter_internal.h"

void pl_interpreter_trace(struct pl_interpreter *interpreter, pl_event_function function, void *user)
{
    interpreter->event_function = function;
    interpreter->event_user = user;
}

static struct pl_entry *entry_of(const struct pl_frame *frame)
{
    const struct pl_unit_plan *plan = frame->run->plan;
    if (plan->entry != NULL) return plan->entry;
    const int32_t member = frame->block->nested ? frame->block->member : frame->step->op->member;
    return plan->component->members[plan->component->member_count > 1 ? member : 0]->primary;
}

void pl_trace(const struct pl_frame *frame, bool part, uint64_t begin_ns)
{
    const struct pl_event event = {entry_of(frame), frame->step->op, frame->number, part, begin_ns, pl_clock_ns()};
    frame->run->interpreter->event_function(frame->run->interpreter->event_user, &event);
}
