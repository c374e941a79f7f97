/* SPDX-License-Identifier: Apache-2.0 */
/* Whether several runs of a model can be one with more rows. */
#include "interpreter/models/models.h"

/* One that is run by itself, on what it is fed alone. */
static pl_status check_alone(const struct pl_entry *entry, struct pl_error *error)
{
    const struct pl_instance *instance = entry->instance;
    if (!pl_unit_is_ready(entry->unit)) return pl_fail(error, PL_NOT_ALLOCATED, "model '%s' is not allocated", entry->name);
    if (instance->nodes.first != NULL)
        return pl_fail(error, PL_UNSUPPORTED, "model '%s': it has operators of users, of which nothing is known", entry->name);
    bool linked = instance->component->member_count > 1;
    for (int32_t i = 0; i < entry->interpreter->link_count; i++)
        linked = linked || entry->interpreter->links[i].to == instance;
    return linked ? pl_fail(error, PL_UNSUPPORTED, "model '%s': it is linked", entry->name) : PL_OK;
}

static pl_status check_rows(const struct pl_entry *entry, int32_t times, struct pl_shape *shapes, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    const struct pl_instance *instance = entry->instance;
    const struct pl_plan_request request = {.graph = instance->graph,
                                            .subgraph = entry->subgraph,
                                            .input_shapes = shapes,
                                            .kernels = interpreter->options.kernels,
                                            .workers = 1,
                                            .tensor_limit_bytes = interpreter->options.tensor_limit_bytes,
                                            .registry = instance->registry};
    const int32_t count = instance->graph->subgraphs[entry->subgraph].input_count;
    for (int32_t i = 0; i < count; i++) {
        shapes[i] = entry->unit->program->input_shapes[i];
        if (shapes[i].rank == 0 || shapes[i].dims[0] > INT32_MAX / times)
            return pl_fail(error, PL_UNSUPPORTED, "input %d has no rows, or too many", (int)i);
        shapes[i].dims[0] *= times;
    }
    return pl_plan_check_batch(interpreter->memory, &request, times, error);
}

static pl_status check_batch(const struct pl_entry *entry, int32_t times, struct pl_error *error)
{
    PL_TRY(check_alone(entry, error));
    struct pl_region work;
    pl_region_init(&work, entry->interpreter->memory);
    struct pl_shape *shapes = pl_region_array(
        &work, (size_t)entry->instance->graph->subgraphs[entry->subgraph].input_count, sizeof *shapes);
    pl_status status = shapes == NULL ? pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to look at rows")
                                      : check_rows(entry, times, shapes, error);
    pl_region_clear(&work);
    return status == PL_OK ? status : pl_fail_at(error, "model '%s', %d runs in one", entry->name, (int)times);
}

pl_status pl_entry_check_batch(const struct pl_entry *entry, int32_t times, struct pl_error *error)
{
    pl_change_begin(entry->interpreter);
    const pl_status status = check_batch(entry, times, error);
    pl_change_end(entry->interpreter);
    return status;
}
