/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest and largest of many floats, in several vectors of the compiler's own: a single chain
 * of comparisons would wait for each of them. */
#ifndef PL_KERNELS_FLOAT_RANGE_H
#define PL_KERNELS_FLOAT_RANGE_H

#include <stdint.h>
#include <string.h>

#include "kernels/loop.h"

typedef float pl_range_lanes __attribute__((vector_size(32)));
typedef int32_t pl_range_mask __attribute__((vector_size(32)));
enum {
    PL_RANGE_LANES = 8,
    PL_RANGE_VECTORS = 4,
    PL_RANGE_STEP = PL_RANGE_LANES * PL_RANGE_VECTORS
};

#define PL_CHOOSE_LANES(mask, a, b)                                                                \
    ((pl_range_lanes)(((mask) & (pl_range_mask)(a)) | (~(mask) & (pl_range_mask)(b))))

/* The largest of `start` and those values that are greater than it: not-a-number is passed over. */
PL_ALWAYS_INLINE float pl_float_largest(const float *values, int64_t count, float start)
{
    const pl_range_lanes starts = start - (pl_range_lanes){0};
    pl_range_lanes lanes[PL_RANGE_VECTORS] = {starts, starts, starts, starts};
    int64_t i = 0;
    for (; i + PL_RANGE_STEP <= count; i += PL_RANGE_STEP) {
#pragma GCC unroll 4
        for (int v = 0; v < PL_RANGE_VECTORS; v++) {
            pl_range_lanes x;
            memcpy(&x, values + i + v * PL_RANGE_LANES, sizeof x);
            const pl_range_mask above = x > lanes[v];
            lanes[v] = PL_CHOOSE_LANES(above, x, lanes[v]);
        }
    }
    float largest = start;
#pragma GCC unroll 4
    for (int v = 0; v < PL_RANGE_VECTORS; v++) {
        for (int j = 0; j < PL_RANGE_LANES; j++)
            largest = lanes[v][j] > largest ? lanes[v][j] : largest;
    }
    for (; i < count; i++) largest = values[i] > largest ? values[i] : largest;
    return largest;
}

/* Both ends; 0 of none. Not-a-number is passed over, but for the first value. */
PL_ALWAYS_INLINE void pl_float_range(const float *values, int64_t count, float *low, float *high)
{
    const float first = count > 0 ? values[0] : 0.0f;
    const pl_range_lanes start = first - (pl_range_lanes){0};
    pl_range_lanes lows[PL_RANGE_VECTORS] = {start, start, start, start};
    pl_range_lanes highs[PL_RANGE_VECTORS] = {start, start, start, start};
    int64_t i = 0;
    for (; i + PL_RANGE_STEP <= count; i += PL_RANGE_STEP) {
#pragma GCC unroll 4
        for (int v = 0; v < PL_RANGE_VECTORS; v++) {
            pl_range_lanes x;
            memcpy(&x, values + i + v * PL_RANGE_LANES, sizeof x);
            const pl_range_mask below = x<lows[v], above = x> highs[v];
            lows[v] = PL_CHOOSE_LANES(below, x, lows[v]);
            highs[v] = PL_CHOOSE_LANES(above, x, highs[v]);
        }
    }
    *low = *high = first;
#pragma GCC unroll 4
    for (int v = 0; v < PL_RANGE_VECTORS; v++) {
        for (int j = 0; j < PL_RANGE_LANES; j++) {
            *low = lows[v][j] < *low ? lows[v][j] : *low;
            *high = highs[v][j] > *high ? highs[v][j] : *high;
        }
    }
    for (; i < count; i++) {
        *low = values[i] < *low ? values[i] : *low;
        *high = values[i] > *high ? values[i] : *high;
    }
}

#endif
