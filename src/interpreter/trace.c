/* SPDX-License-Identifier: Apache-2.0 */
/* Telling who asks what runs when. */
#include "base/clock.h"
#include "interpreter/run.h"

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

static uint64_t request_of(const struct pl_turn *turn)
{
    return turn->request != NULL ? turn->request->answer.number : 0;
}

static void tell(const struct pl_interpreter *interpreter, const struct pl_event *event)
{
    interpreter->event_function(interpreter->event_user, event);
}

void pl_trace(const struct pl_frame *frame, bool part, uint64_t begin_ns)
{
    const struct pl_turn *turn = frame->run->turn;
    const struct pl_event event = {PL_EVENT_WORK, entry_of(frame), frame->step->op, frame->number, part,
                                   turn->class_number, request_of(turn), begin_ns, pl_clock_ns()};
    tell(frame->run->interpreter, &event);
}

void pl_trace_time(struct pl_entry *entry, enum pl_event_kind kind, const struct pl_turn *turn, uint64_t begin_ns,
                   uint64_t end_ns)
{
    const struct pl_event event = {kind, entry, NULL, -1, false, turn->class_number, request_of(turn), begin_ns, end_ns};
    tell(entry->interpreter, &event);
}

void pl_trace_interruption(const struct pl_run *run, uint64_t begin_ns, uint64_t end_ns)
{
    const struct pl_unit_plan *plan = run->plan;
    struct pl_entry *entry = plan->entry != NULL ? plan->entry : plan->component->members[0]->primary;
    pl_trace_time(entry, PL_EVENT_INTERRUPTION, run->turn, begin_ns, end_ns);
}
