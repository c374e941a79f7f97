/* SPDX-License-Identifier: Apache-2.0 */
/* What arm/ has for the levels of 64-bit Arm, as initializers of a family's table
 * that follow those of c/: PL_FASTER_GEMM is a list like ".i8 = PL_LEVEL(pl_gemm_i8_neon),". Which of
 * them a level has is asked with the compiler's own macros (__ARM_FEATURE_DOTPROD). */
#ifndef PL_KERNELS_ARM_FASTER_ARM_H
#define PL_KERNELS_ARM_FASTER_ARM_H

#include "kernels/arm/binary_bytes_neon.h"
#include "kernels/arm/depthwise_bytes_neon.h"
#include "kernels/arm/gemm_neon.h"
#include "kernels/arm/lookup_neon.h"
#include "kernels/arm/pooling_bytes_neon.h"
#include "kernels/arm/recurrent_neon.h"
#include "kernels/vector/cast_vector.h"
#include "kernels/vector/depthwise_f32_vector.h"
#include "kernels/vector/gemm_add_vector.h"
#include "kernels/vector/gemm_f32_vector.h"
#include "kernels/vector/pooling_f32_vector.h"
#include "kernels/vector/recurrent_vector.h"

#define PL_FASTER_GEMM                                                                             \
    .f32 = PL_LEVEL_OF_FLOATS(pl_gemm_f32_vector), .add_f32 = PL_LEVEL(pl_gemm_add_f32_vector),    \
    PL_GEMM_BYTES_NEON
#define PL_FASTER_DEPTHWISE                                                                        \
    .f32 = PL_LEVEL_OF_FLOATS(pl_depthwise_f32_vector),                                            \
    .hybrid = PL_LEVEL_OF_FLOATS(pl_depthwise_hybrid_vector),                                      \
    .i8 = PL_LEVEL(pl_depthwise_i8_neon), .u8 = PL_LEVEL(pl_depthwise_u8_neon),
#define PL_FASTER_POOLING PL_POOLING_F32_VECTOR PL_POOLING_BYTES_NEON
#define PL_FASTER_BINARY  PL_BINARY_BYTES_NEON
#define PL_FASTER_UNARY   .lookup_8 = PL_LEVEL(pl_lookup_8_neon),
#define PL_FASTER_CONVERT PL_CAST_VECTOR
#define PL_FASTER_FFT
#define PL_FASTER_REDUCTION
#define PL_FASTER_MOVEMENT
#define PL_FASTER_SIGNAL
#define PL_FASTER_RECURRENT                                                                        \
    .add_product_float = PL_LEVEL(pl_add_product_float_vector), PL_RECURRENT_NEON

#endif
