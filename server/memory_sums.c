/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_sums.h"

static void add_model(struct plait_memory *sum, const struct plait_model *model)
{
    struct plait_memory memory;
    if (plait_model_memory(model, &memory) != PLAIT_OK) return;
    if (sum->arena_bytes < memory.arena_bytes) sum->arena_bytes = memory.arena_bytes;
    sum->constant_bytes += memory.constant_bytes;
    sum->io_bytes += memory.io_bytes;
    sum->state_bytes += memory.state_bytes;
}

void memory_of(const struct served *served, struct plait_memory *memory)
{
    struct plait_pipeline_model part;
    *memory = (struct plait_memory){0};
    if (served->model != NULL) add_model(memory, served->model);
    for (size_t i = 0; served->pipeline != NULL && plait_pipeline_model_at(served->pipeline, i, &part) == PLAIT_OK; i++)
        add_model(memory, part.model);
}

static void add_stats(struct plait_stats *sum, const struct plait_interpreter *interpreter)
{
    struct plait_stats stats;
    if (plait_get_stats(interpreter, &stats) != PLAIT_OK) return;
    sum->arena_bytes += stats.arena_bytes * stats.lanes;
    sum->arena_sum_bytes += stats.arena_sum_bytes;
    sum->constant_bytes += stats.constant_bytes;
    sum->constant_sum_bytes += stats.constant_sum_bytes;
    sum->io_bytes += stats.io_bytes;
    sum->state_bytes += stats.state_bytes;
    sum->memory_bytes += stats.memory_bytes;
    sum->memory_peak_bytes += stats.memory_peak_bytes;
    sum->sleeping += stats.sleeping;
    sum->sleeping_bytes += stats.sleeping_bytes;
    sum->wakes += stats.wakes;
    sum->cpu = stats.cpu;
}

struct plait_stats memory_of_all(const struct server *server, struct served *const *all, size_t count)
{
    struct plait_stats sum = {.cpu = ""};
    for (size_t i = 0; i < count; i++)
        if (all[i]->owns_interpreter) add_stats(&sum, all[i]->interpreter);
    add_stats(&sum, server->interpreter);
    return sum;
}
