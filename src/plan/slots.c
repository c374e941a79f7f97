/* SPDX-License-Identifier: Apache-2.0 */
/* The growing lists of a program under construction: slots and folded constants. */
#include <string.h>

#include "plan/builder.h"

pl_status pl_builder_no_memory(struct pl_builder *builder)
{
    return pl_fail(builder->error, PL_OUT_OF_MEMORY, "no memory left to plan");
}

static bool same_slot(const struct pl_slot *a, const struct pl_slot *b)
{
    if (a->member != b->member || a->tensor != b->tensor || a->sized != b->sized) return false;
    if (a->state_key != NULL && b->state_key != NULL) return strcmp(a->state_key, b->state_key) == 0;
    return a->state_key == b->state_key && a->subgraph == b->subgraph && a->operator_index == b->operator_index &&
           a->state_index == b->state_index;
}

/* A list in a region grows by doubling; the old part stays until the region ends. */
static void *grow(struct pl_region *region, const void *items, int32_t count, int32_t *capacity, size_t item_bytes)
{
    const int32_t more = *capacity == 0 ? 8 : *capacity * 2;
    void *fresh = pl_region_array(region, (size_t)more, item_bytes);
    if (fresh == NULL) return NULL;
    if (count > 0) memcpy(fresh, items, (size_t)count * item_bytes);
    *capacity = more;
    return fresh;
}

int32_t pl_builder_slot(struct pl_builder *builder, const struct pl_slot *wanted)
{
    struct pl_program *program = builder->program;
    for (int32_t i = 0; i < program->slot_count; i++) {
        struct pl_slot *slot = &program->slots[i];
        if (!same_slot(slot, wanted)) continue;
        if (slot->bytes >= wanted->bytes) return i;
        slot->bytes = wanted->bytes;
        return i;
    }
    if (program->slot_count == builder->slot_capacity) {
        struct pl_slot *slots = grow(&program->region, program->slots, program->slot_count, &builder->slot_capacity,
                                     sizeof *slots);
        if (slots == NULL) {
            pl_builder_no_memory(builder);
            return -1;
        }
        program->slots = slots;
    }
    program->slots[program->slot_count] = *wanted;
    program->slots[program->slot_count].base = program->base_count++;
    return program->slot_count++;
}

pl_status pl_builder_add_folded(struct pl_builder *builder, struct pl_constant *constant)
{
    struct pl_program *program = builder->program;
    if (program->folded_count == builder->folded_capacity) {
        struct pl_constant **folded = grow(&program->region, program->folded, program->folded_count,
                                           &builder->folded_capacity, sizeof *folded);
        if (folded == NULL) return pl_builder_no_memory(builder);
        program->folded = folded;
    }
    program->folded[program->folded_count++] = constant;
    return PL_OK;
}
