/* SPDX-License-Identifier: Apache-2.0 */
#include "interpreter/tally.h"

#include <string.h>

#include "interpreter/models/models.h"

/* The highest bit of a time says which doubling, the two below it which of its four buckets. */
int32_t pl_tally_bucket(uint64_t nanoseconds)
{
    int32_t doubling = 0;
    while (nanoseconds >> doubling > 1) doubling++;
    const int32_t quarter = (int32_t)(doubling >= 2 ? nanoseconds >> (doubling - 2) : nanoseconds << (2 - doubling)) & 3;
    const int32_t bucket = doubling * PL_TALLY_PER_DOUBLING + quarter;
    return bucket < PL_TALLY_BUCKETS ? bucket : PL_TALLY_BUCKETS - 1;
}

uint64_t pl_tally_bucket_end(int32_t bucket)
{
    const int32_t doubling = bucket / PL_TALLY_PER_DOUBLING;
    const uint64_t quarters = (uint64_t)(PL_TALLY_PER_DOUBLING + bucket % PL_TALLY_PER_DOUBLING + 1);
    return doubling >= 2 ? quarters << (doubling - 2) : (quarters + (1u << (2 - doubling)) - 1) >> (2 - doubling);
}

void pl_tally_add(struct pl_tally *tally, uint64_t nanoseconds, bool failed)
{
    tally->runs++;
    tally->failed += failed;
    tally->latencies[pl_tally_bucket(nanoseconds)]++;
}

bool pl_interpreter_look(struct pl_interpreter *interpreter, size_t index, struct pl_model_look *look)
{
    pl_change_begin(interpreter);
    const bool there = index < interpreter->instance_count;
    if (there) {
        struct pl_instance *instance = interpreter->instances[index];
        struct pl_tally *fresh =
            instance->tally != NULL ? NULL : pl_allocate_zero(interpreter->memory, sizeof *fresh);
        pl_entry_measure(instance->primary, &look->memory);
        struct pl_request *oldest = NULL;
        pl_lock(interpreter);
        if (instance->tally == NULL) instance->tally = fresh;
        look->tally = instance->tally != NULL ? *instance->tally : (struct pl_tally){0};
        look->running = instance->component->busy;
        look->waiting = pl_queue_of(&interpreter->requests, instance->primary, &oldest);
        look->class_number = pl_component_class(instance->component);
        pthread_mutex_unlock(&interpreter->lock);
        strncpy(look->name, instance->name, sizeof look->name - 1);
        look->name[sizeof look->name - 1] = '\0';
    }
    pl_change_end(interpreter);
    return there;
}
