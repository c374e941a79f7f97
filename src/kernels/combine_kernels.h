/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that work an array into another one: reductions over windows and segments, scattered
 * updates, and the StableHLO operators of two inputs. */
#ifndef PL_KERNELS_COMBINE_KERNELS_H
#define PL_KERNELS_COMBINE_KERNELS_H

#include <stdint.h>

/* Integers wrap; of bool, ADD is "or" and MULTIPLY is "and". */
enum pl_combine {
    PL_COMBINE_ADD,
    PL_COMBINE_MULTIPLY,
    PL_COMBINE_MAXIMUM, /* the old value stays unless the new one is larger */
    PL_COMBINE_MINIMUM,
    PL_COMBINE_BITWISE_AND,
    PL_COMBINE_SHIFT_LEFT,
    PL_COMBINE_LOGICAL_AND,
    PL_COMBINE_LOGICAL_OR,
    PL_COMBINE_LATER_MAXIMUM, /* the new value stays unless the old one is as large: other NaNs */
    PL_COMBINE_LATER_MINIMUM,
    PL_COMBINE_COUNT
};

enum pl_combine_kind {
    PL_COMBINE_FLOAT32,
    PL_COMBINE_FLOAT64,
    PL_COMBINE_FLOAT16,
    PL_COMBINE_INT8,
    PL_COMBINE_UINT8,
    PL_COMBINE_INT16,
    PL_COMBINE_UINT16,
    PL_COMBINE_INT32,
    PL_COMBINE_UINT32,
    PL_COMBINE_INT64,
    PL_COMBINE_UINT64,
    PL_COMBINE_BOOL,
    PL_COMBINE_KIND_COUNT
};

/* to[i] = operation(to[i], from[i * step]) for count elements; both do not overlap. */
typedef void (*pl_combine_kernel)(void *to, const void *from, int64_t count, int64_t step);

struct pl_combine_kernels {
    pl_combine_kernel kernels[PL_COMBINE_COUNT][PL_COMBINE_KIND_COUNT]; /* NULL: none */
};

#endif
