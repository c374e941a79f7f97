/* SPDX-License-Identifier: Apache-2.0 */
/* The table has one entry per block, sorted by address; gaps are what lies between, so neighbours
 * that are free are one gap by themselves. It grows downwards from the allocator at the top end:
 * entry i is below entry i - 1. */
#include "base/fixed_memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/at_fork.h"
#include "base/checked.h"
#include "base/memory.h"

struct block {
    size_t offset; /* from the aligned start of the buffer */
    size_t bytes;  /* a multiple of PL_ALIGNMENT */
};

/* While measuring the table lies in pages of its own, with the address of each block: NULL if it is
 * in the buffer. */
struct measured_block {
    struct block block;
    void *pages;
};

struct pl_fixed_memory {
    pthread_mutex_t mutex;
    struct pl_at_fork at_fork;
    char *base;
    size_t usable; /* from base to this struct */
    size_t lost;   /* what another buffer's alignment can cost: 0 if this one is aligned */
    size_t count;  /* of blocks */
    size_t needed; /* highest so far, without `lost` */
    struct measured_block *measured; /* NULL: not measuring */
    size_t measured_capacity;
};

enum {
    HEAD_BYTES = (sizeof(struct pl_fixed_memory) + PL_ALIGNMENT - 1) / PL_ALIGNMENT * PL_ALIGNMENT
};

/* ---- the table, in the buffer or measured ---------------------------------------------------- */

static struct block *stored_block(struct pl_fixed_memory *fixed, size_t index)
{
    return (struct block *)(void *)(fixed->base + fixed->usable) - (index + 1);
}

static struct block *block_at(struct pl_fixed_memory *fixed, size_t index)
{
    return fixed->measured != NULL ? &fixed->measured[index].block : stored_block(fixed, index);
}

static size_t end_at(struct pl_fixed_memory *fixed, size_t index)
{
    const struct block *block = block_at(fixed, index);
    return block->offset + block->bytes;
}

/* Index of the first block at or behind this offset. */
static size_t find_index(struct pl_fixed_memory *fixed, size_t offset)
{
    size_t low = 0;
    size_t high = fixed->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (block_at(fixed, middle)->offset < offset) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* First fit: the lowest gap that is large enough, or the end. Returns the new block's index. */
static size_t place(struct pl_fixed_memory *fixed, size_t bytes, size_t *offset)
{
    size_t end = 0;
    for (size_t i = 0; i < fixed->count; i++) {
        if (block_at(fixed, i)->offset - end >= bytes) {
            *offset = end;
            return i;
        }
        end = end_at(fixed, i);
    }
    *offset = end;
    return fixed->count;
}

static void insert(struct pl_fixed_memory *fixed, size_t index, struct block block, void *pages)
{
    const size_t behind = fixed->count - index;
    fixed->count++;
    if (fixed->measured != NULL) {
        struct measured_block *entry = &fixed->measured[index];
        memmove(entry + 1, entry, behind * sizeof *entry);
        *entry = (struct measured_block){block, pages};
    } else {
        struct block *last = stored_block(fixed, fixed->count - 1);
        memmove(last, last + 1, behind * sizeof *last);
        *stored_block(fixed, index) = block;
    }
}

static void take_out(struct pl_fixed_memory *fixed, size_t index)
{
    const size_t behind = fixed->count - 1 - index;
    if (fixed->measured != NULL) {
        struct measured_block *entry = &fixed->measured[index];
        memmove(entry, entry + 1, behind * sizeof *entry);
    } else {
        struct block *last = stored_block(fixed, fixed->count - 1);
        memmove(last + 1, last, behind * sizeof *last);
    }
    fixed->count--;
}

/* ---- allocating ------------------------------------------------------------------------------ */

/* What the buffer must hold above `base` with one block more, whose end is at block_end. */
static bool need_with(struct pl_fixed_memory *fixed, size_t block_end, size_t *need)
{
    const size_t highest = fixed->count == 0 ? 0 : end_at(fixed, fixed->count - 1);
    size_t table = 0;
    return pl_size_multiply(fixed->count + 1, sizeof(struct block), &table) &&
           pl_size_add(block_end > highest ? block_end : highest, table, need);
}

/* Room for one entry more in the measured table. */
static bool grow_measured(struct pl_fixed_memory *fixed)
{
    if (fixed->count < fixed->measured_capacity) return true;
    const size_t capacity = 2 * fixed->measured_capacity;
    struct measured_block *larger = mmap(NULL, capacity * sizeof *larger, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (larger == MAP_FAILED) return false;
    memcpy(larger, fixed->measured, fixed->count * sizeof *larger);
    munmap(fixed->measured, fixed->measured_capacity * sizeof *larger);
    fixed->measured = larger;
    fixed->measured_capacity = capacity;
    return true;
}

/* Whether this many entries of the table and a block that ends there have room in the buffer. */
static bool has_room(const struct pl_fixed_memory *fixed, size_t count, size_t block_end)
{
    return block_end <= fixed->usable && count <= (fixed->usable - block_end) / sizeof(struct block);
}

/* The address of a new block that was placed: in the buffer, or while measuring pages where it has no room there. A
 * block that outlives the measuring, say a list that grew, is then one like any other. */
static void *address_of_new(struct pl_fixed_memory *fixed, struct block block, size_t need)
{
    char *place_in_buffer = fixed->base + block.offset;
    if (fixed->measured == NULL) return need <= fixed->usable ? place_in_buffer : NULL;
    if (!grow_measured(fixed)) return NULL;
    if (has_room(fixed, fixed->count + 1, block.offset + block.bytes)) return place_in_buffer;
    void *pages =
        mmap(NULL, block.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

static bool is_inside(const struct pl_fixed_memory *fixed, const void *pointer)
{
    const uintptr_t address = (uintptr_t)pointer;
    const uintptr_t base = (uintptr_t)fixed->base;
    return address >= base && address - base < fixed->usable;
}

static void *allocate_block(struct pl_fixed_memory *fixed, size_t bytes)
{
    struct block block = {0};
    size_t end = 0;
    size_t need = 0;
    if (!pl_size_round_up(bytes, PL_ALIGNMENT, &block.bytes)) return NULL;
    const size_t index = place(fixed, block.bytes, &block.offset);
    if (!pl_size_add(block.offset, block.bytes, &end) || !need_with(fixed, end, &need)) return NULL;
    void *address = address_of_new(fixed, block, need);
    if (address == NULL) return NULL;
    insert(fixed, index, block, is_inside(fixed, address) ? NULL : address);
    if (need > fixed->needed) fixed->needed = need;
    return address;
}

static size_t find_measured(const struct pl_fixed_memory *fixed, const void *pages)
{
    size_t index = 0;
    while (index < fixed->count && fixed->measured[index].pages != pages) index++;
    return index;
}

static void free_block(struct pl_fixed_memory *fixed, void *pointer)
{
    const bool inside = is_inside(fixed, pointer);
    const size_t index = inside ? find_index(fixed, (size_t)((char *)pointer - fixed->base))
                                : find_measured(fixed, pointer);
    assert(index < fixed->count);
    if (!inside) munmap(pointer, fixed->measured[index].block.bytes);
    take_out(fixed, index);
}

void *pl_fixed_memory_allocate(void *user, void *pointer, size_t old_bytes, size_t new_bytes,
                               size_t alignment)
{
    struct pl_fixed_memory *fixed = user;
    (void)old_bytes;
    void *address = NULL;
    pthread_mutex_lock(&fixed->mutex);
    if (new_bytes > 0 && alignment <= PL_ALIGNMENT) address = allocate_block(fixed, new_bytes);
    else if (new_bytes == 0 && pointer != NULL) free_block(fixed, pointer);
    pthread_mutex_unlock(&fixed->mutex);
    return address;
}

/* ---- the whole ------------------------------------------------------------------------------- */

pl_status pl_fixed_memory_create(void *buffer, size_t bytes, struct pl_fixed_memory **fixed)
{
    const uintptr_t from = (uintptr_t)buffer;
    uintptr_t base = 0;
    uintptr_t end = 0;
    if (buffer == NULL || __builtin_add_overflow(from, bytes, &end)) return PL_INVALID_ARGUMENT;
    if (!pl_size_round_up(from, PL_ALIGNMENT, &base)) return PL_INVALID_ARGUMENT;
    end &= ~(uintptr_t)(PL_ALIGNMENT - 1);
    if (end < base || end - base < HEAD_BYTES) return PL_OUT_OF_MEMORY;
    char *aligned = (char *)buffer + (base - from);
    struct pl_fixed_memory *made =
        (struct pl_fixed_memory *)(void *)(aligned + (end - base - HEAD_BYTES));
    memset(made, 0, sizeof *made);
    pthread_mutex_init(&made->mutex, NULL);
    made->base = aligned;
    made->usable = end - base - HEAD_BYTES;
    made->lost = base == from ? 0 : PL_ALIGNMENT;
    if (pl_at_fork_add(&made->at_fork, &pl_at_fork_mutex, &made->mutex)) {
        *fixed = made;
        return PL_OK;
    }
    pthread_mutex_destroy(&made->mutex);
    return PL_OUT_OF_MEMORY;
}

void pl_fixed_memory_destroy(struct pl_fixed_memory *fixed)
{
    assert(fixed->count == 0 && fixed->measured == NULL);
    pl_at_fork_remove(&fixed->at_fork);
    pthread_mutex_destroy(&fixed->mutex);
}

static bool start_measuring(struct pl_fixed_memory *fixed)
{
    const size_t capacity = fixed->count < 128 ? 256 : 2 * fixed->count;
    struct measured_block *table = mmap(NULL, capacity * sizeof *table, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (table == MAP_FAILED) return false;
    for (size_t i = 0; i < fixed->count; i++) table[i].block = *stored_block(fixed, i);
    fixed->measured = table;
    fixed->measured_capacity = capacity;
    return true;
}

static bool stop_measuring(struct pl_fixed_memory *fixed)
{
    struct measured_block *table = fixed->measured;
    for (size_t i = 0; i < fixed->count; i++)
        if (table[i].pages != NULL) return false;
    if (fixed->count > 0 && !has_room(fixed, fixed->count, end_at(fixed, fixed->count - 1))) return false;
    for (size_t i = 0; i < fixed->count; i++) *stored_block(fixed, i) = table[i].block;
    munmap(table, fixed->measured_capacity * sizeof *table);
    fixed->measured = NULL;
    fixed->measured_capacity = 0;
    return true;
}

bool pl_fixed_memory_measure(struct pl_fixed_memory *fixed, bool on)
{
    bool done = true;
    pthread_mutex_lock(&fixed->mutex);
    if (on && fixed->measured == NULL) done = start_measuring(fixed);
    else if (!on && fixed->measured != NULL) done = stop_measuring(fixed);
    pthread_mutex_unlock(&fixed->mutex);
    return done;
}

size_t pl_fixed_memory_needed(struct pl_fixed_memory *fixed)
{
    pthread_mutex_lock(&fixed->mutex);
    const size_t above_base = (fixed->needed + PL_ALIGNMENT - 1) / PL_ALIGNMENT * PL_ALIGNMENT;
    const size_t needed = above_base + HEAD_BYTES + fixed->lost;
    pthread_mutex_unlock(&fixed->mutex);
    return needed;
}
