/* SPDX-License-Identifier: Apache-2.0 */
/* What arm/ has for the levels of 64-bit Arm, as initializers of a family's table
 * that follow those of c/: PL_FASTER_GEMM is a list like ".i8 = PL_LEVEL(pl_gemm_i8_arm),". Which of
 * them a level has is asked with the compiler's own macros (__AVX512F__, ...). */
#ifndef PL_KERNELS_ARM_FASTER_ARM_H
#define PL_KERNELS_ARM_FASTER_ARM_H

#define PL_FASTER_GEMM
#define PL_FASTER_DEPTHWISE
#define PL_FASTER_POOLING
#define PL_FASTER_BINARY
#define PL_FASTER_UNARY
#define PL_FASTER_CONVERT
#define PL_FASTER_REDUCTION
#define PL_FASTER_MOVEMENT
#define PL_FASTER_RECURRENT

#endif
