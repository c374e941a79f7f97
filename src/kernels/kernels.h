/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel table: inner loops on plain numbers, one const table per level of the CPU, one chosen
 * per interpreter. Kernels know no graph, allocate nothing and never read or write past what they
 * are given.
 *
 * A family is a header here (its struct of functions), a line below and the reference in c/, which
 * ends in the family's table. Everything in c/ is compiled once per level of levels.def, with the
 * flags of that level: every sum of floats has one defined order with explicit fused multiply-adds
 * and no contraction, so all levels give the same bits. c and c-x86v3 have nothing else.
 *
 * To add a faster kernel: write it in x86/ (NAME_x86.c, compiled for avx2 and all above; inside,
 * __AVX512VNNI__ and the like are as the level has them), in arm/ (NAME_neon.c, for all of Arm), or
 * in vector/, for all of these, if the names of vector/floats.h are enough for it, with its name in PL_LEVEL(), and put it into the list of its family in x86/faster_x86.h
 * or arm/faster_arm.h. That list follows the initializers of c/ in the table of the same level and
 * replaces them; what it leaves out stays as c/ has it. A function of c/ that a faster kernel wants
 * for its rest gets a name in PL_LEVEL() and a header in c/. tests/checkkernel runs every level
 * against c. */
#ifndef PL_KERNELS_KERNELS_H
#define PL_KERNELS_KERNELS_H

#include <stdint.h>

/* F(family, level): kernels/<family>_kernels.h declares struct pl_<family>_kernels, c/<family>_c.c
 * defines PL_LEVEL(pl_<family>_kernels); all files of a family of products begin with its name. */
#define PL_PRODUCT_FAMILY_LIST(F, level)                                                           \
    F(gemm, level)      /* matrix products with bias, activation, requantization */                \
    F(depthwise, level) /* depthwise convolution */                                                \
    F(recurrent, level) /* LSTM cells */
#define PL_OTHER_FAMILY_LIST(F, level)                                                             \
    F(pooling, level)     /* average and max pooling */                                            \
    F(elementwise, level) /* arithmetic, comparison, activation, conversion on runs */             \
    F(reduction, level)   /* sums, softmax, norms, arg max along an axis */                        \
    F(movement, level)    /* copies with strides: transpose, resize, gather */                     \
    F(combine, level)     /* arrays worked into others: windows, segments, updates */              \
    F(fft, level)         /* Fourier transforms */                                                 \
    F(signal, level)      /* integer arithmetic of audio front ends */
#define PL_KERNEL_FAMILY_LIST(F, level)                                                            \
    PL_PRODUCT_FAMILY_LIST(F, level) PL_OTHER_FAMILY_LIST(F, level)

#define DECLARE_FAMILY(family, level) struct pl_##family##_kernels;
PL_KERNEL_FAMILY_LIST(DECLARE_FAMILY, )
#undef DECLARE_FAMILY

struct pl_kernels {
    const char *level; /* "c", "c-x86v3", ... */
#define MEMBER_OF_FAMILY(family, level) const struct pl_##family##_kernels *family;
    PL_KERNEL_FAMILY_LIST(MEMBER_OF_FAMILY, )
#undef MEMBER_OF_FAMILY
};

/* The best table this CPU can run, not above `highest` in levels.def (NULL or "": no limit); NULL
 * if there is no level of that name. */
const struct pl_kernels *pl_kernels_choose(const char *highest);

/* All tables this CPU can run, from the portable one up; returns how many. */
enum { PL_KERNELS_MAX_LEVELS = 8 };
int32_t pl_kernels_list(const struct pl_kernels *list[PL_KERNELS_MAX_LEVELS]);

/* Symbols carry the level they are compiled for:
 * const struct pl_gemm_kernels PL_LEVEL(pl_gemm_kernels) = {...}; */
#ifndef PL_KERNEL_LEVEL
#define PL_KERNEL_LEVEL c
#endif
#define PL_LEVEL_JOIN(name, level)   name##_##level
#define PL_LEVEL_EXPAND(name, level) PL_LEVEL_JOIN(name, level)
#define PL_LEVEL(name)               PL_LEVEL_EXPAND(name, PL_KERNEL_LEVEL)
/* Products of floats are of a level below where only dot products of integers are new. */
#ifndef PL_FLOAT_LEVEL
#define PL_FLOAT_LEVEL PL_KERNEL_LEVEL
#endif
#define PL_LEVEL_OF_FLOATS(name) PL_LEVEL_EXPAND(name, PL_FLOAT_LEVEL)

#endif
