/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that lives wholly inside one buffer of the caller's: blocks from the bottom up,
 * first fit by address; their table and the allocator itself at the top end. It never calls malloc.
 * Thread-safe.
 *
 * If the buffer is too small it can say what would have been enough: repeat the failed operation
 * while measuring. Then placements are decided as if the buffer had no end (first fit does not
 * depend on its size), new blocks get pages of the operating system, and the highest need is
 * noted. */
#ifndef PL_BASE_FIXED_MEMORY_H
#define PL_BASE_FIXED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct pl_fixed_memory;

/* *fixed lies inside the buffer. PL_OUT_OF_MEMORY if not even that fits. */
pl_status pl_fixed_memory_create(void *buffer, size_t bytes, struct pl_fixed_memory **fixed);

/* Ends it; the buffer is the caller's again. Every block must be freed and measuring off. */
void pl_fixed_memory_destroy(struct pl_fixed_memory *fixed);

/* A pl_allocate_function; user is the struct pl_fixed_memory. Alignment up to PL_ALIGNMENT. */
void *pl_fixed_memory_allocate(void *user, void *pointer, size_t old_bytes, size_t new_bytes,
                               size_t alignment);

/* Turns measuring on or off. Turning it off needs every block that was allocated meanwhile, and has
 * no room in the buffer, to be freed (others may be freed or kept); otherwise it stays on and false
 * is returned.
 * Turning it on fails if the operating system has no page. */
bool pl_fixed_memory_measure(struct pl_fixed_memory *fixed, bool on);

/* How large the buffer must be for everything allocated so far, at its highest; a multiple of 64,
 * exact for a buffer aligned to 64, and enough for any address otherwise. */
size_t pl_fixed_memory_needed(struct pl_fixed_memory *fixed);

#endif
