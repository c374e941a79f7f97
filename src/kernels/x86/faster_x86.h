/* SPDX-License-Identifier: Apache-2.0 */
/* What x86/ has for the levels avx2 and above, as initializers of a family's table
 * that follow those of c/: PL_FASTER_GEMM is a list like ".i8 = PL_LEVEL(pl_gemm_i8_x86),". Which of
 * them a level has is asked with the compiler's own macros (__AVX512F__, ...). */
#ifndef PL_KERNELS_X86_FASTER_X86_H
#define PL_KERNELS_X86_FASTER_X86_H

#include "kernels/vector/cast_vector.h"
#include "kernels/vector/depthwise_f32_vector.h"
#include "kernels/vector/gemm_add_vector.h"
#include "kernels/vector/gemm_f32_vector.h"
#include "kernels/vector/pooling_f32_vector.h"
#include "kernels/vector/recurrent_vector.h"
#include "kernels/x86/binary_bytes_x86.h"
#include "kernels/x86/depthwise_bytes_x86.h"
#include "kernels/x86/exp_runs_x86.h"
#include "kernels/x86/fft_i16_x86.h"
#include "kernels/x86/recurrent_gates_x86.h"
#include "kernels/x86/gemm_pack_x86.h"
#include "kernels/x86/gemm_quantize_x86.h"
#include "kernels/x86/gemm_x86.h"
#include "kernels/x86/hard_swish_x86.h"
#include "kernels/x86/lookup_x86.h"
#include "kernels/x86/pooling_bytes_x86.h"
#include "kernels/x86/recurrent_float_x86.h"
#include "kernels/x86/recurrent_x86.h"
#include "kernels/x86/reduce_bytes_x86.h"
#include "kernels/x86/resize_x86.h"
#include "kernels/x86/runs_x86.h"
#include "kernels/x86/signal_channels_x86.h"
#include "kernels/x86/signal_x86.h"
#include "kernels/x86/softmax_bytes_x86.h"

#define PL_FASTER_GEMM                                                                             \
    .f32 = PL_LEVEL_OF_FLOATS(pl_gemm_f32_vector), .add_f32 = PL_LEVEL(pl_gemm_add_f32_vector),    \
    PL_GEMM_PACK_X86 PL_GEMM_QUANTIZE_X86 PL_GEMM_BYTES_X86
#define PL_FASTER_DEPTHWISE                                                                        \
    .f32 = PL_LEVEL_OF_FLOATS(pl_depthwise_f32_vector),                                            \
    .hybrid = PL_LEVEL_OF_FLOATS(pl_depthwise_hybrid_vector),                                      \
    .i8 = PL_LEVEL(pl_depthwise_i8_x86), .u8 = PL_LEVEL(pl_depthwise_u8_x86),                      \
    .packer = {PL_LEVEL(pl_depthwise_bytes_x86), PL_LEVEL(pl_depthwise_pack_x86),                  \
               PL_LEVEL(pl_depthwise_finish_bytes_x86), PL_LEVEL(pl_depthwise_prepare_finish_x86)},
#define PL_FASTER_POOLING PL_POOLING_F32_VECTOR PL_POOLING_BYTES_X86
#define PL_FASTER_BINARY                                                                           \
    [PL_BINARY_ADD][PL_KIND_QUANTIZED_INT8] = PL_LEVEL(pl_add_i8_x86),                             \
    [PL_BINARY_ADD][PL_KIND_QUANTIZED_UINT8] = PL_LEVEL(pl_add_u8_x86),                            \
    [PL_BINARY_SUB][PL_KIND_QUANTIZED_INT8] = PL_LEVEL(pl_sub_i8_x86),                             \
    [PL_BINARY_SUB][PL_KIND_QUANTIZED_UINT8] = PL_LEVEL(pl_sub_u8_x86),                            \
    [PL_BINARY_MUL][PL_KIND_QUANTIZED_INT8] = PL_LEVEL(pl_mul_i8_x86),                             \
    [PL_BINARY_MUL][PL_KIND_QUANTIZED_UINT8] = PL_LEVEL(pl_mul_u8_x86),                            \
    [PL_BINARY_SQUARED_DIFFERENCE][PL_KIND_QUANTIZED_INT8] =                                       \
        PL_LEVEL(pl_squared_difference_i8_x86),
#define PL_FASTER_UNARY PL_UNARY_BYTES_X86 PL_UNARY_FLOAT_X86 PL_HARD_SWISH_X86
#define PL_FASTER_CONVERT   PL_CAST_VECTOR
#define PL_FASTER_FFT       PL_FFT_I16_X86
#define PL_FASTER_REDUCTION PL_REDUCE_BYTES_X86 PL_SOFTMAX_BYTES_X86 PL_SOFTMAX_FLOAT_X86
#define PL_FASTER_MOVEMENT  PL_RESIZE_X86 PL_RUNS_X86
#define PL_FASTER_SIGNAL    PL_SIGNAL_X86 PL_SIGNAL_CHANNELS_X86
#define PL_FASTER_RECURRENT                                                                        \
    .add_product_float = PL_LEVEL(pl_add_product_float_vector),                                    \
    PL_RECURRENT_FLOAT_X86 PL_GATES_X86 PL_RECURRENT_X86

#endif
