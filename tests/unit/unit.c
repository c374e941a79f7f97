/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

static void *allocate(void *user, void *pointer, size_t old_bytes, size_t new_bytes,
                      size_t alignment)
{
    struct unit_memory *unit = user;
    if (new_bytes == 0) {
        if (pointer != NULL) atomic_fetch_sub(&unit->live, (int64_t)old_bytes);
    } else {
        if (++unit->calls == unit->fail_at) return NULL;
        atomic_fetch_add(&unit->live, (int64_t)new_bytes);
    }
    return pl_memory_system(NULL, pointer, old_bytes, new_bytes, alignment);
}

void unit_memory_init(struct unit_memory *unit, int64_t fail_at)
{
    pl_memory_init(&unit->memory, allocate, unit, SIZE_MAX);
    atomic_init(&unit->live, 0);
    unit->calls = 0;
    unit->fail_at = fail_at;
}
