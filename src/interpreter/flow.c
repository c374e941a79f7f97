/* SPDX-License-Identifier: Apache-2.0 */
/* Running linked models of which some take windows. It goes in passes over the models, producers first. In each pass a
 * model runs at most once: one without links in the first pass, one with windows when hop new rows came for each of them,
 * any other when one that it is linked from ran. When nothing runs any more, all that came has been used. */
#include <string.h>

#include "interpreter/interpreter_internal.h"

struct flow {
    struct pl_interpreter *interpreter;
    const struct pl_unit_plan *plan;
    struct pl_lane *lane;
    int32_t workers;
    bool sources; /* models that nothing feeds run too */
    struct pl_error *error;
};

/* ---- windows ------------------------------------------------------------------------------------------------------ */

struct pl_window_state *pl_window_find(const struct pl_instance *instance, int32_t tensor)
{
    struct pl_window_state *window = instance->windows;
    while (window != NULL && window->tensor != tensor) window = window->next;
    return window;
}

struct pl_window_state *pl_window_add(struct pl_instance *instance, int32_t tensor)
{
    struct pl_window_state *window = pl_window_find(instance, tensor);
    if (window == NULL) {
        window = pl_region_allocate(&instance->region, sizeof *window);
        if (window == NULL) return NULL;
        window->next = instance->windows;
        window->tensor = tensor;
        instance->windows = window;
    }
    window->begun = false;
    return window;
}

void pl_windows_reset(struct pl_instance *instance)
{
    for (struct pl_window_state *window = instance->windows; window != NULL; window = window->next) window->begun = false;
    for (const struct pl_buffer *buffer = instance->buffers; buffer != NULL; buffer = buffer->next)
        if (pl_slot_is_rows(&buffer->slot)) pl_buffer_reset(buffer);
    instance->ran = 0;
}

static const struct pl_joined_link *link_at(const struct pl_unit_plan *plan, int32_t index)
{
    return &plan->unit->program->graph->links[index];
}

static struct pl_window_state *window_of(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    const struct pl_graph *graph = plan->unit->program->graph;
    return pl_window_find(plan->component->members[link->to_member], link->to - graph->member_tensors[link->to_member]);
}

static const struct pl_planned_tensor *tensor_at(const struct pl_unit_plan *plan, int32_t tensor)
{
    return &plan->unit->program->block->tensors[tensor];
}

static char *bytes_of(const struct pl_unit_plan *plan, int32_t tensor)
{
    const struct pl_location *location = &tensor_at(plan, tensor)->location;
    return (char *)plan->unit->bases[location->base] + location->offset;
}

static size_t row_bytes(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    return tensor_at(plan, link->rows)->bytes / (size_t)link->hop;
}

/* What does not fill a hop at the beginning of the first window: so that it is full just when a hop is. */
static int32_t rows_before_first(const struct pl_joined_link *link)
{
    return (link->hop - link->window_rows % link->hop) % link->hop;
}

/* The rows of nothing that come first are no part of any window. */
static struct pl_window_state *begun_window(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *window = window_of(plan, link);
    if (window->begun) return window;
    *window = (struct pl_window_state){.next = window->next,
                                       .tensor = window->tensor,
                                       .filled = rows_before_first(link),
                                       .missing = link->window_rows + rows_before_first(link),
                                       .zeros = link->zero_rows,
                                       .begun = true};
    return window;
}

static int zero_byte(const struct pl_tensor *tensor)
{
    const bool bytes = tensor->type == PL_INT8 || tensor->type == PL_UINT8;
    return bytes && tensor->quantization.count > 0 ? tensor->quantization.zero_points[0] : 0;
}

/* Takes rows until there are hop of them, first those of zeros. Returns how many of the `count` at `data` it took. */
static size_t take_rows(const struct pl_unit_plan *plan, const struct pl_joined_link *link, const char *data, size_t count)
{
    struct pl_window_state *window = begun_window(plan, link);
    const size_t bytes = row_bytes(plan, link);
    char *rows = bytes_of(plan, link->rows);
    int32_t zeros = link->hop - window->filled < window->zeros ? link->hop - window->filled : window->zeros;
    memset(rows + (size_t)window->filled * bytes, zero_byte(tensor_at(plan, link->rows)->value.tensor), (size_t)zeros * bytes);
    window->filled += zeros;
    window->zeros -= zeros;
    size_t taken = (size_t)(link->hop - window->filled);
    if (taken > count) taken = count;
    if (taken > 0) memcpy(rows + (size_t)window->filled * bytes, data, taken * bytes);
    window->filled += (int32_t)taken;
    return taken;
}

static bool has_hop(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *window = begun_window(plan, link);
    if (link->from >= 0) {
        const char *data = bytes_of(plan, link->from) + window->taken * row_bytes(plan, link);
        window->taken += take_rows(plan, link, data, window->offered - window->taken);
    } else {
        (void)take_rows(plan, link, NULL, 0);
    }
    return window->filled == link->hop;
}

/* The hop is used. Returns whether the window is full. */
static bool use_hop(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *window = window_of(plan, link);
    window->filled = 0;
    window->missing = window->missing > link->hop ? window->missing - link->hop : 0;
    return window->missing == 0;
}

/* ---- passes ------------------------------------------------------------------------------------------------------- */

/* Which member a tensor of the join belongs to. */
static int32_t member_of(const struct pl_graph *graph, int32_t tensor)
{
    int32_t member = graph->member_count - 1;
    while (graph->member_tensors[member] > tensor) member--;
    return member;
}

/* Whether the consumer is to run on what the producer gave last. */
static bool holds(const struct pl_unit_plan *plan, const struct pl_joined_link *link, const struct pl_instance *producer)
{
    if (link->when.kind == PL_CONDITION_NONE) return true;
    const struct pl_planned_tensor *planned = tensor_at(plan, link->when.tensor);
    const void *data = bytes_of(plan, link->when.tensor);
    size_t bytes = planned->bytes;
    if (planned->late >= 0) { /* its shape and place are those of the run */
        const struct pl_late_value *value = &plan->unit->late->slots[planned->late]->value;
        if (!value->known || planned->slot < 0) data = NULL;
        else data = plan->unit->bases[plan->unit->program->slots[planned->slot].base];
        bytes = data != NULL ? value->bytes : 0;
    }
    struct pl_window_state *state = window_of(plan, link);
    state->held = pl_condition_holds(&link->when, planned->value.tensor, data, bytes, producer->ran, state->begun && state->held);
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
        if (link->to_member != member || link->given) continue;
        fed = true;
        if (link->rows >= 0) {
            if (!has_hop(flow->plan, link)) return false;
            ready = true;
            continue;
        }
        const struct pl_instance *producer = flow->plan->component->members[member_of(graph, link->from)];
        if (producer->ran == 0 || !holds(flow->plan, link, producer)) return false;
        ready = ready || producer->ran_pass == pass;
    }
    return fed ? ready : flow->sources && pass == 0;
}

/* Windows behind the member take what is left of the rows that it gave last, as far as they can. Whether some is left even
 * so: the models of these have to run first. */
static bool has_rows_left(const struct flow *flow, int32_t member)
{
    const struct pl_graph *graph = flow->plan->unit->program->graph;
    bool left = false;
    for (int32_t i = 0; i < graph->link_count; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->rows < 0 || link->from < 0 || member_of(graph, link->from) != member) continue;
        (void)has_hop(flow->plan, link);
        const struct pl_window_state *window = window_of(flow->plan, link);
        left = left || window->taken < window->offered;
    }
    return left;
}

/* What the member gave is there for the windows behind it. */
static pl_status offer_rows(const struct flow *flow, int32_t member)
{
    const struct pl_graph *graph = flow->plan->unit->program->graph;
    for (int32_t i = 0; i < graph->link_count; i++) {
        const struct pl_joined_link *link = &graph->links[i];
        if (link->rows < 0 || link->from < 0 || member_of(graph, link->from) != member) continue;
        struct pl_window_state *window = begun_window(flow->plan, link);
        if (window->taken < window->offered)
            return pl_fail(flow->error, PL_RUN_ERROR, "its rows come faster than model '%s' can take them, which waits for "
                           "those of another window", flow->plan->component->members[link->to_member]->name);
        window->offered = tensor_at(flow->plan, link->from)->bytes / row_bytes(flow->plan, link);
        window->taken = 0;
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
            full = use_hop(flow->plan, link_at(flow->plan, i)) && full;
    const struct pl_step_range whole = {segment->first_step, segment->end_step, &segment->outlook};
    const struct pl_step_range rows = {segment->first_step, segment->row_end, &segment->row_outlook};
    PL_TRY(pl_unit_run(flow->interpreter, flow->plan, flow->lane, full ? &whole : &rows, flow->workers, flow->error));
    if (!full) return PL_OK;
    instance->ran++;
    instance->ran_pass = pass;
    PL_TRY(offer_rows(flow, member));
    struct plait_model *model = (struct plait_model *)(void *)instance->primary;
    pthread_mutex_lock(&flow->interpreter->lock);
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
        const size_t taken = take_rows(plan, link, data, rows);
        data += taken * bytes;
        rows -= taken;
        PL_TRY(run_passes(&flow, &progress));
        if (taken == 0 && rows > 0 && !progress)
            return pl_fail(error, PL_RUN_ERROR, "a window has hop new rows already and waits for those of another one");
    } while (rows > 0);
    return PL_OK;
}
