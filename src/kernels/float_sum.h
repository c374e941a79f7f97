/* SPDX-License-Identifier: Apache-2.0 */
/* The order of float sums over a whole axis: 16 partial sums, element i goes to i % 16, then a
 * fixed tree. */
#ifndef PL_KERNELS_FLOAT_SUM_H
#define PL_KERNELS_FLOAT_SUM_H

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { PL_PARTIAL_SUMS = 16 };

typedef float pl_partial_sums __attribute__((vector_size(64)));

/* Adds count elements; a new run begins at partial sum 0 again. */
static inline __attribute__((always_inline)) void pl_partial_add(pl_partial_sums *sums,
                                                                 const float *x, int64_t count)
{
    pl_partial_sums total = *sums;
    int64_t i = 0;
    for (; i + PL_PARTIAL_SUMS <= count; i += PL_PARTIAL_SUMS) {
        pl_partial_sums block;
        memcpy(&block, x + i, sizeof block);
        total += block;
    }
    for (int32_t j = 0; i + j < count; j++) total[j] += x[i + j];
    *sums = total;
}

/* The same for rows of so many elements behind each other, each with sums of its own: side by side, since a sum is waited
 * for before the next number is added. */
enum { PL_ROWS_TOGETHER = 4 };
static inline __attribute__((always_inline)) void pl_partial_add_rows(pl_partial_sums *sums, const float *x,
                                                                      int64_t count)
{
    pl_partial_sums totals[PL_ROWS_TOGETHER];
    memcpy(totals, sums, sizeof totals);
    int64_t i = 0;
    for (; i + PL_PARTIAL_SUMS <= count; i += PL_PARTIAL_SUMS) {
        for (int32_t row = 0; row < PL_ROWS_TOGETHER; row++) {
            pl_partial_sums block;
            memcpy(&block, x + row * count + i, sizeof block);
            totals[row] += block;
        }
    }
    for (int32_t row = 0; row < PL_ROWS_TOGETHER; row++)
        for (int32_t j = 0; i + j < count; j++) totals[row][j] += x[row * count + i + j];
    memcpy(sums, totals, sizeof totals);
}

/* Adds count squares, each in one rounding. */
static inline __attribute__((always_inline)) void
pl_partial_add_squares(pl_partial_sums *sums, const float *x, int64_t count)
{
    float total[PL_PARTIAL_SUMS];
    memcpy(total, sums, sizeof total);
    int64_t i = 0;
    for (; i + PL_PARTIAL_SUMS <= count; i += PL_PARTIAL_SUMS)
        for (int32_t j = 0; j < PL_PARTIAL_SUMS; j++) total[j] = fmaf(x[i + j], x[i + j], total[j]);
    for (int32_t j = 0; i + j < count; j++) total[j] = fmaf(x[i + j], x[i + j], total[j]);
    memcpy(sums, total, sizeof total);
}

static inline __attribute__((always_inline)) float pl_partial_total(const pl_partial_sums *sums)
{
    float total[PL_PARTIAL_SUMS];
    memcpy(total, sums, sizeof total);
    for (int32_t half = PL_PARTIAL_SUMS / 2; half > 0; half /= 2)
        for (int32_t j = 0; j < half; j++) total[j] += total[j + half];
    return total[0];
}

#endif
