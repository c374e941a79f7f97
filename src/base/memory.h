/* SPDX-License-Identifier: Apache-2.0 */
/* The one door to memory: every byte of an interpreter comes through a struct pl_memory, which counts and limits.
 * On top of it, a region: many small objects that end together. */
#ifndef PL_BASE_MEMORY_H
#define PL_BASE_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PL_ALIGNMENT = 64 };

/* See plait_allocate_function in plait.h: new_bytes == 0 frees, pointer == NULL allocates. */
typedef void *(*pl_allocate_function)(void *user, void *pointer, size_t old_bytes, size_t new_bytes, size_t alignment);

struct pl_memory {
    pl_allocate_function allocate;
    void *user;
    size_t limit_bytes;
    atomic_size_t bytes; /* allocated now */
    atomic_size_t peak_bytes;
    atomic_uint_fast64_t calls; /* allocations so far */
    atomic_uint_fast64_t refusals; /* so often the limit was in the way of one, */
    atomic_size_t missing_bytes;   /* the last time by so much; 0: nothing that is given back could help */
    atomic_bool refused;        /* the same since the last look, */
    atomic_bool measuring;      /* and is not now, for this thread */
    pthread_t measurer;
    size_t measured_bytes;      /* allocated at most meanwhile */
};

/* malloc and free. */
void *pl_memory_system(void *user, void *pointer, size_t old_bytes, size_t new_bytes, size_t alignment);

void pl_memory_init(struct pl_memory *memory, pl_allocate_function allocate, void *user, size_t limit_bytes);

/* To learn what limit would have been enough for what this one refused: for this thread there is none until it is turned off.
 * False if nothing was refused since the last time, or another thread measures. */
bool pl_memory_measure(struct pl_memory *memory);
/* Ends it; the least limit that all meanwhile would have fit in. */
size_t pl_memory_measured(struct pl_memory *memory);

/* Aligned to PL_ALIGNMENT, not cleared; NULL if there is no more. bytes == 0 gives a pointer that must be freed too. */
void *pl_allocate(struct pl_memory *memory, size_t bytes);
/* The same, all zero. */
void *pl_allocate_zero(struct pl_memory *memory, size_t bytes);
/* bytes as allocated; NULL is allowed. */
void pl_free(struct pl_memory *memory, void *pointer, size_t bytes);

size_t pl_page_bytes(void);
/* Whether a block of this size is pages of its own, of which some can go before the rest. */
bool pl_gives_back_pages(const struct pl_memory *memory, size_t bytes);
/* Whole pages of such a block, or its end; then the block itself, of which so much went before. */
void pl_give_back(struct pl_memory *memory, void *pages, size_t bytes);
void pl_free_rest(struct pl_memory *memory, void *pointer, size_t bytes, size_t given_back);
/* Pages that were given back are about to be written again; false: the limit is in the way. */
bool pl_take_back(struct pl_memory *memory, size_t bytes);
/* All of a fresh block is about to be written: its pages come at once and large, where the system has such, since a
 * fault for each costs more than reading what belongs into it. */
void pl_prefault(void *pointer, size_t bytes);

/* A region hands out small pieces and frees them all at once. Not for concurrent use. */
struct pl_region {
    struct pl_memory *memory;
    struct pl_region_chunk *chunks;
    size_t chunk_bytes; /* of the next chunk, grows */
};

void pl_region_init(struct pl_region *region, struct pl_memory *memory);
/* Zeroed, aligned to 16; NULL if there is no more. */
void *pl_region_allocate(struct pl_region *region, size_t bytes);
/* An array: NULL also where count * item_bytes overflows. */
void *pl_region_array(struct pl_region *region, size_t count, size_t item_bytes);
/* A copy of bytes; a copy of text of known length with a 0 behind it. */
void *pl_region_copy(struct pl_region *region, const void *data, size_t bytes);
char *pl_region_text(struct pl_region *region, const char *text, size_t length);
/* Frees all; the region can be used again. */
void pl_region_clear(struct pl_region *region);
/* Forgets all, to be filled anew with about as much: after two rounds no more memory is asked for. */
void pl_region_rewind(struct pl_region *region);

#endif
