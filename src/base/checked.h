/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that says when it overflows. */
#ifndef PL_BASE_CHECKED_H
#define PL_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool pl_size_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

static inline bool pl_size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* Rounds up to a multiple of a power of two. */
static inline bool pl_size_round_up(size_t value, size_t alignment, size_t *rounded)
{
    if (!pl_size_add(value, alignment - 1, rounded)) return false;
    *rounded &= ~(alignment - 1);
    return true;
}

#endif
