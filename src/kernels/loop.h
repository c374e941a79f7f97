/* SPDX-License-Identifier: Apache-2.0 */
/* What the loops of kernels share. */
#ifndef PL_KERNELS_LOOP_H
#define PL_KERNELS_LOOP_H

/* Before a loop whose output may be exactly one of its inputs: iteration i reads and writes
 * element i only, so that it can be vectorized without a look at the addresses. */
#if defined(__clang__)
#define PL_INDEPENDENT_LOOP _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored                                                                   \
    "-Wpass-failed" /* where the ISA has no such vectors the loop stays scalar */
#else
#define PL_INDEPENDENT_LOOP _Pragma("GCC ivdep")
#endif

#define PL_ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
