/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel table: inner loops on plain numbers, one const table per level of the CPU, one chosen per interpreter.
 * Kernels know no graph, allocate nothing and never read or write past what they are given.
 *
 * c/ is the reference. It is compiled for the baseline and, where the compiler can, once more per x86-64 level with the
 * same source: every float sum has one defined order with explicit fused multiply-adds and no contraction, so all levels
 * give the same bits. A family is one header here (its struct of functions), one file in c/, one line below. */
#ifndef PL_KERNELS_KERNELS_H
#define PL_KERNELS_KERNELS_H

#include <stdint.h>

/* PL_KERNEL_FAMILY(name): kernels/<name>_kernels.h declares struct pl_<name>_kernels, c/<name>_c.c defines them. */
#define PL_KERNEL_FAMILY_LIST(PL_KERNEL_FAMILY) \
    PL_KERNEL_FAMILY(gemm)        /* matrix products with bias, activation, requantization: conv, dense, matmul */ \
    PL_KERNEL_FAMILY(depthwise)   /* depthwise convolution */ \
    PL_KERNEL_FAMILY(pooling)     /* average and max pooling */ \
    PL_KERNEL_FAMILY(elementwise) /* arithmetic, comparison, activation, conversion on runs of elements */ \
    PL_KERNEL_FAMILY(reduction)   /* sums, softmax, norms, arg max along an axis */ \
    PL_KERNEL_FAMILY(movement)    /* copies with strides: transpose, resize, gather */ \
    PL_KERNEL_FAMILY(recurrent)   /* LSTM cells */

#define PL_KERNEL_FAMILY(name) struct pl_##name##_kernels;
PL_KERNEL_FAMILY_LIST(PL_KERNEL_FAMILY)
#undef PL_KERNEL_FAMILY

struct pl_kernels {
    const char *level; /* "c", "c-x86v3", ... */
#define PL_KERNEL_FAMILY(name) const struct pl_##name##_kernels *name;
    PL_KERNEL_FAMILY_LIST(PL_KERNEL_FAMILY)
#undef PL_KERNEL_FAMILY
};

/* The best table this CPU can run, not above `highest` (NULL or "": no limit); NULL if there is no level of that name. */
const struct pl_kernels *pl_kernels_choose(const char *highest);

/* All tables this CPU can run, from the portable one up; returns how many. */
int32_t pl_kernels_list(const struct pl_kernels *const **list);

/* Symbols of c/ carry the level they are compiled for: const struct pl_gemm_kernels PL_LEVEL(pl_gemm_kernels) = {...}; */
#ifndef PL_KERNEL_LEVEL
#define PL_KERNEL_LEVEL c
#endif
#define PL_LEVEL_JOIN(name, level) name##_##level
#define PL_LEVEL_EXPAND(name, level) PL_LEVEL_JOIN(name, level)
#define PL_LEVEL(name) PL_LEVEL_EXPAND(name, PL_KERNEL_LEVEL)

#endif
