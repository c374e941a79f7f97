/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_BINARY_BYTES_X86_H
#define PL_KERNELS_X86_BINARY_BYTES_X86_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

#define PL_BINARY_BYTES_X86(F)                                                                     \
    F(add_i8) F(add_u8) F(sub_i8) F(sub_u8) F(mul_i8) F(mul_u8) F(squared_difference_i8)
#define PL_DECLARE_BINARY_X86(name)                                                                \
    void PL_LEVEL(pl_##name##_x86)(const struct pl_binary_run *run,                                \
                                   const struct pl_binary_params *params);
PL_BINARY_BYTES_X86(PL_DECLARE_BINARY_X86)
#undef PL_DECLARE_BINARY_X86

#endif
