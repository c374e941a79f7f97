/* SPDX-License-Identifier: Apache-2.0 */
/* Running linked models of which some take windows, wait for conditions, or run for each box. It goes in passes over the
 * models, producers first. In each pass a model runs at most once: one without links in the first pass, one with windows when
 * hop new rows came for each of them, one with boxes while some are left, any other when one that it is linked from ran. When nothing runs any more, all that came has been used. */
#include <string.h>

#include "interpreter/flow/flow_internal.h"

struct flow {
    struct pl_interpreter *interpreter;
    const struct pl_unit_plan *plan;
    struct pl_lane *lane;
    int32_t workers;
    bool sources; /* models that nothing feeds run too */
    struct pl_error *error;
};

/* ---- passes ------------------------------------------------------------------------------------------------------- */

/* Whether the consumer is to run on what the producer gave last. */
static bool holds(const struct pl_unit_plan *plan, const struct pl_joined_link *link, const struct pl_instance *producer)
{
    if (link->when.kind == PL_CONDITION_NONE) return true;
    const struct pl_values values = values_of(plan, link->when.tensor);
    struct pl_window_state *state = window_of(plan, link);
    state->held = pl_condition_holds(&link->when, values.tensor, values.data, values.bytes, producer->ran,
                                     state->begun && state->held);
    state->begun = true;
    return state->held;
}

static bool is_ready(const struct flow *flow, int32_t member, int32_t pass)
{
    const struct pl_graph *graph = flow->plan->unit->program->graph;
    bool fed = false;
    bool ready = false;
    for (int32_t i = 0; i < graph->link_count; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->to_member != member || (link->given && link->crop == NULL)) continue;
        fed = true;
        if (link->rows >= 0) {
            if (!pl_window_has_hop(flow->plan, link)) return false;
            ready = true;
            continue;
        }
        const struct pl_instance *producer = flow->plan->component->members[member_of(graph, link->from)];
        if ((producer->ran == 0 && !link->given) || !holds(flow->plan, link, producer)) return false;
        if (link->crop != NULL && pl_crop_left(flow->plan, link) == 0) return false;
        ready = ready || link->crop != NULL || producer->ran_pass == pass;
    }
    return fed ? ready : flow->sources && pass == 0;
}

/* Whether what a link makes comes from this member: its rows; or the picture, or the boxes that are cut out of it. */
static bool is_offered_by(const struct pl_graph *graph, const struct pl_joined_link *link, int32_t member)
{
    const bool from = link->from >= 0 && member_of(graph, link->from) == member;
    return link->crop != NULL ? from || member_of(graph, link->crop->boxes.boxes) == member : link->rows >= 0 && from;
}

/* Windows behind the member take what is left of the rows that it gave last, as far as they can. Whether some is left even
 * so, or boxes are: the models of these have to run first. */
static bool has_rows_left(const struct flow *flow, int32_t member)
{
    const struct pl_graph *graph = flow->plan->unit->program->graph;
    bool left = false;
    for (int32_t i = 0; i < graph->link_count; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (!is_offered_by(graph, link, member)) continue;
        if (link->rows >= 0) (void)pl_window_has_hop(flow->plan, link);
        left = left || (link->rows >= 0 ? pl_window_left(flow->plan, link) > 0 : pl_crop_left(flow->plan, link) > 0);
    }
    return left;
}

/* What the member gave is there for the windows behind it, and so are the boxes that it found. Boxes that nobody cut out are
 * those of another picture now. */
static pl_status offer(const struct flow *flow, int32_t member)
{
    const struct pl_graph *graph = flow->plan->unit->program->graph;
    for (int32_t i = 0; i < graph->link_count; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->crop != NULL && member_of(graph, link->crop->boxes.boxes) == member) pl_crop_offer(flow->plan, link);
        if (link->rows < 0 || !is_offered_by(graph, link, member)) continue;
        if (pl_window_left(flow->plan, link) > 0)
            return pl_fail(flow->error, PL_RUN_ERROR, "its rows come faster than model '%s' can take them, which waits for "
                           "those of another window", flow->plan->component->members[link->to_member]->name);
        pl_window_offer(flow->plan, link);
    }
    return PL_OK;
}

static pl_status run_member(const struct flow *flow, int32_t member, int32_t pass)
{
    const struct pl_program *program = flow->plan->unit->program;
    struct pl_segment *segment = &program->segments[member];
    struct pl_instance *instance = flow->plan->component->members[member];
    bool full = true;
    for (int32_t i = 0; i < program->graph->link_count; i++)
        if (link_at(flow->plan, i)->to_member == member && link_at(flow->plan, i)->rows >= 0)
            full = pl_window_use_hop(flow->plan, link_at(flow->plan, i)) && full;
    for (int32_t i = 0; i < program->graph->link_count && full; i++)
        if (link_at(flow->plan, i)->to_member == member && link_at(flow->plan, i)->crop != NULL)
            pl_crop_take(flow->plan, link_at(flow->plan, i));
    const struct pl_step_range whole = {segment->first_step, segment->end_step, &segment->outlook};
    const struct pl_step_range rows = {segment->first_step, segment->row_end, &segment->row_outlook};
    PL_TRY(pl_unit_run(flow->interpreter, flow->plan, flow->lane, full ? &whole : &rows, flow->workers, flow->error));
    if (!full) return PL_OK;
    instance->ran++;
    instance->ran_pass = pass;
    PL_TRY(offer(flow, member));
    pl_thresholds_look(flow->interpreter, flow->plan, member);
    struct plait_model *model = (struct plait_model *)(void *)instance->primary;
    pl_lock(flow->interpreter);
    const pl_ran_function function = instance->ran_function;
    void *user = instance->ran_user;
    pthread_mutex_unlock(&flow->interpreter->lock);
    if (function != NULL) function(user, model);
    return PL_OK;
}

struct pass {
    int32_t number;
    bool hold; /* who gives rows waits until those it gave before are taken */
    bool held; /* somebody does */
    bool ran;
};

static pl_status run_pass(const struct flow *flow, struct pass *pass)
{
    const struct pl_component *component = flow->plan->component;
    pass->held = pass->ran = false;
    for (int32_t m = 0; m < component->member_count; m++) {
        if (!is_ready(flow, m, pass->number)) continue;
        if (pass->hold && has_rows_left(flow, m)) {
            pass->held = true;
            continue;
        }
        pass->ran = true;
        if (run_member(flow, m, pass->number) != PL_OK)
            return pl_fail_at(flow->error, "model '%s'", component->members[m]->name);
    }
    return PL_OK;
}

/* *progress: some model ran. Where nobody runs because all wait, those who give rows no longer do, and the one whose rows
 * cannot be taken says so. In the first pass there is nothing to wait for: all that came before was used as far as it can. */
static pl_status run_passes(const struct flow *flow, bool *progress)
{
    const struct pl_component *component = flow->plan->component;
    for (int32_t m = 0; m < component->member_count; m++) component->members[m]->ran_pass = -1;
    struct pass pass = {0};
    *progress = false;
    do {
        PL_TRY(run_pass(flow, &pass));
        *progress = *progress || pass.ran;
        pass.hold = pass.ran;
        pass.number++;
    } while (pass.ran || pass.held);
    return PL_OK;
}

pl_status pl_flow_run(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                      int32_t workers, struct pl_error *error)
{
    const struct flow flow = {interpreter, plan, lane, workers, true, error};
    bool progress = false;
    return run_passes(&flow, &progress);
}

/* NULL if the input is no window, or its rows are not pushed. */
static const struct pl_joined_link *find_pushed(const struct pl_unit_plan *plan, const struct pl_rows_pushed *pushed)
{
    const struct pl_graph *graph = plan->unit->program->graph;
    for (int32_t i = 0; i < graph->link_count; i++)
        if (graph->links[i].rows >= 0 && graph->links[i].from < 0 &&
            graph->links[i].to == graph->member_tensors[pushed->member] + pushed->tensor)
            return &graph->links[i];
    return NULL;
}

pl_status pl_flow_push(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                       int32_t workers, const struct pl_rows_pushed *pushed, struct pl_error *error)
{
    const struct flow flow = {interpreter, plan, lane, workers, false, error};
    const struct pl_joined_link *link = find_pushed(plan, pushed);
    const char *data = pushed->data;
    const size_t bytes = link != NULL ? row_bytes(plan, link) : 0;
    if (link == NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "input '%s' is no window of rows that are pushed",
                       pushed->name);
    if (bytes == 0 || pushed->bytes % bytes != 0)
        return pl_fail(error, PL_INVALID_ARGUMENT, "a row has %zu bytes, found %zu, which is no number of rows", bytes,
                       pushed->bytes);
    size_t rows = pushed->bytes / bytes;
    do {
        bool progress = false;
        const size_t taken = pl_window_take(plan, link, data, rows);
        data += taken * bytes;
        rows -= taken;
        PL_TRY(run_passes(&flow, &progress));
        if (taken == 0 && rows > 0 && !progress)
            return pl_fail(error, PL_RUN_ERROR, "a window has hop new rows already and waits for those of another one");
    } while (rows > 0);
    return PL_OK;
}
