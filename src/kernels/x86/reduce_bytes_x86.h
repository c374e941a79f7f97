/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_REDUCE_BYTES_X86_H
#define PL_KERNELS_X86_REDUCE_BYTES_X86_H

#include "kernels/kernels.h"
#include "kernels/reduction_kernels.h"

#define PL_DECLARE_ACROSS_X86(name)                                                                \
    void PL_LEVEL(pl_##name##_x86)(void *out, const void *in, int64_t count,                       \
                                   const struct pl_reduce_params *params);
PL_DECLARE_ACROSS_X86(across_int8)
PL_DECLARE_ACROSS_X86(across_uint8)
#undef PL_DECLARE_ACROSS_X86

#define PL_DECLARE_ARG_X86(name)                                                                   \
    void PL_LEVEL(pl_##name##_x86)(int32_t * index, const void *in, int64_t count, int64_t axis,   \
                                   int64_t stride);
PL_DECLARE_ARG_X86(arg_max_int8)
PL_DECLARE_ARG_X86(arg_max_uint8)
PL_DECLARE_ARG_X86(arg_min_int8)
PL_DECLARE_ARG_X86(arg_min_uint8)
#undef PL_DECLARE_ARG_X86

/* For the table. */
#define PL_REDUCE_BYTES_X86                                                                        \
    .reduce_across[PL_REDUCE_INT8] = PL_LEVEL(pl_across_int8_x86),                                 \
    .reduce_across[PL_REDUCE_UINT8] = PL_LEVEL(pl_across_uint8_x86),                               \
    .arg_max[PL_ARG_INT8] = PL_LEVEL(pl_arg_max_int8_x86),                                         \
    .arg_max[PL_ARG_UINT8] = PL_LEVEL(pl_arg_max_uint8_x86),                                       \
    .arg_min[PL_ARG_INT8] = PL_LEVEL(pl_arg_min_int8_x86),                                         \
    .arg_min[PL_ARG_UINT8] = PL_LEVEL(pl_arg_min_uint8_x86),

#endif
