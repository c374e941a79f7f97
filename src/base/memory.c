/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PL_HEAP_IS_WATCHED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define PL_HEAP_IS_WATCHED
#endif

/* From here on a block can hold a large page of the system (x86: 2 MiB). */
enum { HUGE_BYTES = 2 * 1024 * 1024 };

/* Blocks from this size on are pages of their own, given back when they are freed. A heap that has grown for constants
 * which are then packed keeps what the raw ones took: with five 3 MB models, two thirds more than is in use. */
static bool has_pages(size_t bytes)
{
#ifdef PL_HEAP_IS_WATCHED
    (void)bytes; /* the heap that finds errors serves all */
    return false;
#else
    return bytes >= 32 * 1024;
#endif
}

void *pl_memory_system(void *user, void *pointer, size_t old_bytes, size_t new_bytes, size_t alignment)
{
    (void)user;
    if (new_bytes == 0) {
        if (has_pages(old_bytes)) munmap(pointer, old_bytes);
        else free(pointer);
        return NULL;
    }
    void *fresh = NULL;
    if (!has_pages(new_bytes)) return posix_memalign(&fresh, alignment, new_bytes) == 0 ? fresh : NULL;
    assert(alignment <= 4096);
    fresh = mmap(NULL, new_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return fresh != MAP_FAILED ? fresh : NULL;
}

void pl_memory_init(struct pl_memory *memory, pl_allocate_function allocate, void *user, size_t limit_bytes)
{
    memory->allocate = allocate;
    memory->user = user;
    memory->limit_bytes = limit_bytes;
    atomic_init(&memory->bytes, 0);
    atomic_init(&memory->peak_bytes, 0);
    atomic_init(&memory->calls, 0);
    atomic_init(&memory->refusals, 0);
    atomic_init(&memory->missing_bytes, 0);
    atomic_init(&memory->refused, false);
    atomic_init(&memory->measuring, false);
}

bool pl_memory_measure(struct pl_memory *memory)
{
    bool measuring = false;
    if (!atomic_exchange(&memory->refused, false)) return false;
    if (!atomic_compare_exchange_strong(&memory->measuring, &measuring, true)) return false;
    memory->measurer = pthread_self();
    memory->measured_bytes = atomic_load(&memory->bytes);
    return true;
}

size_t pl_memory_measured(struct pl_memory *memory)
{
    const size_t bytes = memory->measured_bytes;
    atomic_store(&memory->measuring, false);
    return bytes;
}

/* Where one thread measures, there is no limit for it alone. */
static bool may_have(struct pl_memory *memory, size_t before, size_t asked)
{
    if (before <= memory->limit_bytes && asked <= memory->limit_bytes - before) return true;
    const bool measured = atomic_load(&memory->measuring) && pthread_equal(memory->measurer, pthread_self());
    if (measured) return true;
    const size_t room = memory->limit_bytes > before ? memory->limit_bytes - before : 0;
    const size_t over = before > memory->limit_bytes ? before - memory->limit_bytes : 0;
    const bool never = asked > memory->limit_bytes;
    atomic_store(&memory->missing_bytes, never ? 0 : asked - room + over);
    atomic_fetch_add(&memory->refusals, 1);
    atomic_store(&memory->refused, true);
    return false;
}

static void note_measured(struct pl_memory *memory, size_t now)
{
    if (!atomic_load_explicit(&memory->measuring, memory_order_relaxed)) return;
    if (pthread_equal(memory->measurer, pthread_self()) && now > memory->measured_bytes) memory->measured_bytes = now;
}

static void note_more(struct pl_memory *memory, size_t now)
{
    note_measured(memory, now);
    size_t peak = atomic_load(&memory->peak_bytes);
    while (now > peak && !atomic_compare_exchange_weak(&memory->peak_bytes, &peak, now)) continue;
}

void *pl_allocate(struct pl_memory *memory, size_t bytes)
{
    const size_t asked = bytes == 0 ? 1 : bytes;
    const size_t before = atomic_fetch_add(&memory->bytes, asked);
    void *pointer = NULL;
    if (may_have(memory, before, asked))
        pointer = memory->allocate(memory->user, NULL, 0, asked, PL_ALIGNMENT);
    atomic_fetch_add(&memory->calls, 1);
    if (pointer == NULL) {
        atomic_fetch_sub(&memory->bytes, asked);
        return NULL;
    }
    note_more(memory, before + asked);
    return pointer;
}

void *pl_allocate_zero(struct pl_memory *memory, size_t bytes)
{
    void *pointer = pl_allocate(memory, bytes);
    /* Fresh pages are zero. */
    if (pointer != NULL && !pl_gives_back_pages(memory, bytes)) memset(pointer, 0, bytes);
    return pointer;
}

void pl_free(struct pl_memory *memory, void *pointer, size_t bytes)
{
    pl_free_rest(memory, pointer, bytes, 0);
}

void pl_free_rest(struct pl_memory *memory, void *pointer, size_t bytes, size_t given_back)
{
    if (pointer == NULL) return;
    const size_t asked = bytes == 0 ? 1 : bytes;
    assert(given_back <= asked && atomic_load(&memory->bytes) >= asked - given_back);
    memory->allocate(memory->user, pointer, asked, 0, PL_ALIGNMENT);
    atomic_fetch_sub(&memory->bytes, asked - given_back);
}

size_t pl_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

bool pl_gives_back_pages(const struct pl_memory *memory, size_t bytes)
{
    return memory->allocate == pl_memory_system && has_pages(bytes);
}

void pl_give_back(struct pl_memory *memory, void *pages, size_t bytes)
{
    madvise(pages, bytes, MADV_DONTNEED);
    atomic_fetch_sub(&memory->bytes, bytes);
}

bool pl_take_back(struct pl_memory *memory, size_t bytes)
{
    const size_t before = atomic_fetch_add(&memory->bytes, bytes);
    if (may_have(memory, before, bytes)) {
        note_more(memory, before + bytes);
        return true;
    }
    atomic_fetch_sub(&memory->bytes, bytes);
    return false;
}

void pl_prefault(void *pointer, size_t bytes)
{
    const size_t page = pl_page_bytes(), before = (page - (uintptr_t)pointer % page) % page;
    if (!has_pages(bytes) || bytes - before < page) return;
    char *first = (char *)pointer + before;
    const size_t whole = (bytes - before) / page * page;
    if (whole >= HUGE_BYTES) madvise(first, whole, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
    madvise(first, whole, MADV_POPULATE_WRITE); /* refused by old kernels: then the faults come one by one */
#endif
}

enum { FIRST_CHUNK_BYTES = 1024, LARGEST_CHUNK_BYTES = 64 * 1024, PIECE_ALIGNMENT = 16 };

struct pl_region_chunk {
    struct pl_region_chunk *next;
    size_t bytes; /* of the whole chunk */
    size_t used;  /* this head included */
};

enum { HEAD_BYTES = (sizeof(struct pl_region_chunk) + PIECE_ALIGNMENT - 1) / PIECE_ALIGNMENT * PIECE_ALIGNMENT };

void pl_region_init(struct pl_region *region, struct pl_memory *memory)
{
    region->memory = memory;
    region->chunks = NULL;
    region->chunk_bytes = FIRST_CHUNK_BYTES;
}

static struct pl_region_chunk *add_chunk(struct pl_region *region, size_t piece_bytes)
{
    size_t bytes = 0;
    if (!pl_size_add(piece_bytes, 2 * PIECE_ALIGNMENT, &bytes)) return NULL;
    if (bytes < region->chunk_bytes) bytes = region->chunk_bytes;
    struct pl_region_chunk *chunk = pl_allocate(region->memory, bytes);
    if (chunk == NULL) return NULL;
    chunk->bytes = bytes;
    chunk->used = HEAD_BYTES;
    chunk->next = region->chunks;
    region->chunks = chunk;
    if (region->chunk_bytes < LARGEST_CHUNK_BYTES) region->chunk_bytes *= 2;
    return chunk;
}

void *pl_region_allocate(struct pl_region *region, size_t bytes)
{
    size_t rounded = 0;
    if (!pl_size_round_up(bytes == 0 ? 1 : bytes, PIECE_ALIGNMENT, &rounded)) return NULL;
    struct pl_region_chunk *chunk = region->chunks;
    if (chunk == NULL || chunk->bytes - chunk->used < rounded) chunk = add_chunk(region, rounded);
    if (chunk == NULL) return NULL;
    void *piece = (char *)chunk + chunk->used;
    chunk->used += rounded;
    return memset(piece, 0, rounded);
}

void *pl_region_array(struct pl_region *region, size_t count, size_t item_bytes)
{
    size_t bytes = 0;
    return pl_size_multiply(count, item_bytes, &bytes) ? pl_region_allocate(region, bytes) : NULL;
}

void *pl_region_copy(struct pl_region *region, const void *data, size_t bytes)
{
    void *copy = pl_region_allocate(region, bytes);
    if (copy != NULL && bytes > 0) memcpy(copy, data, bytes);
    return copy;
}

char *pl_region_text(struct pl_region *region, const char *text, size_t length)
{
    size_t bytes = 0;
    char *copy = pl_size_add(length, 1, &bytes) ? pl_region_allocate(region, bytes) : NULL;
    if (copy != NULL && length > 0) memcpy(copy, text, length);
    return copy;
}

void pl_region_clear(struct pl_region *region)
{
    while (region->chunks != NULL) {
        struct pl_region_chunk *chunk = region->chunks;
        region->chunks = chunk->next;
        pl_free(region->memory, chunk, chunk->bytes);
    }
    region->chunk_bytes = FIRST_CHUNK_BYTES;
}

void pl_region_rewind(struct pl_region *region)
{
    if (region->chunks == NULL) return;
    if (region->chunks->next == NULL) {
        region->chunks->used = HEAD_BYTES;
        return;
    }
    size_t total = 0; /* of memory that is there: no overflow */
    for (const struct pl_region_chunk *chunk = region->chunks; chunk != NULL; chunk = chunk->next)
        total += chunk->bytes;
    pl_region_clear(region);
    region->chunk_bytes = total;
}
