/* SPDX-License-Identifier: Apache-2.0 */
/* Thresholds of outputs: on or off, by what each run of a model gave and by what the runs before it gave. */
#include "interpreter/flow/flow_internal.h"

pl_status pl_handle_add_threshold(struct pl_tensor_handle *output, struct pl_threshold *threshold, struct pl_error *error)
{
    struct pl_interpreter *interpreter = output->entry->interpreter;
    PL_TRY(pl_condition_check(&threshold->when, pl_handle_tensor(output), error));
    threshold->output = output;
    pl_lock(interpreter);
    struct pl_instance *instance = output->entry->instance;
    threshold->next = instance->thresholds;
    instance->thresholds = threshold;
    pthread_mutex_unlock(&interpreter->lock);
    return PL_OK;
}

struct pl_threshold_state pl_threshold_read(struct pl_threshold *threshold)
{
    struct pl_interpreter *interpreter = threshold->output->entry->interpreter;
    pl_lock(interpreter);
    const struct pl_threshold_state state = threshold->state;
    pthread_mutex_unlock(&interpreter->lock);
    return state;
}

void pl_thresholds_reset(struct pl_instance *instance)
{
    for (struct pl_threshold *threshold = instance->thresholds; threshold != NULL; threshold = threshold->next)
        threshold->state = (struct pl_threshold_state){0};
}

pl_status pl_thresholds_follow(const struct pl_instance *old, const struct pl_instance *fresh, const int32_t *to,
                               struct pl_error *error)
{
    for (const struct pl_threshold *threshold = old->thresholds; threshold != NULL; threshold = threshold->next) {
        const struct pl_tensor *tensor = &fresh->graph->subgraphs[0].tensors[to[threshold->output->index]];
        if (pl_condition_check(&threshold->when, tensor, error) != PL_OK)
            return pl_fail_at(error, "threshold of output '%s' of model '%s'", tensor->name, fresh->name);
    }
    return PL_OK;
}

/* The tensor that it looks at in what ran; -1: that is of a file which the model no longer has. */
static int32_t find_tensor(struct pl_interpreter *interpreter, const struct pl_instance *instance,
                           const struct pl_threshold *threshold)
{
    pl_lock(interpreter);
    const struct pl_tensor_handle *output = threshold->output;
    const int32_t tensor = output->entry->instance == instance ? output->index : -1;
    pthread_mutex_unlock(&interpreter->lock);
    return tensor;
}

static void set(struct pl_interpreter *interpreter, struct pl_threshold *threshold, bool on)
{
    pl_lock(interpreter);
    threshold->state.changed = on != threshold->state.on;
    threshold->state.on = on;
    threshold->state.changes += threshold->state.changed;
    pthread_mutex_unlock(&interpreter->lock);
}

/* Nobody else writes their states meanwhile: what hangs together runs once at a time. */
void pl_thresholds_look(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, int32_t member)
{
    const struct pl_instance *instance = plan->component->members[member];
    const int32_t *first = plan->unit->program->graph->member_tensors;
    if (plan->unit != &plan->component->unit) return; /* another subgraph, whose outputs no threshold is of */
    for (struct pl_threshold *threshold = instance->thresholds; threshold != NULL; threshold = threshold->next) {
        const int32_t tensor = find_tensor(interpreter, instance, threshold);
        if (tensor < 0) continue;
        const struct pl_values values = values_of(plan, (first != NULL ? first[member] : 0) + tensor);
        set(interpreter, threshold,
            values.data != NULL && pl_condition_holds(&threshold->when, values.tensor, values.data, values.bytes, 0,
                                                      threshold->state.on));
    }
}
