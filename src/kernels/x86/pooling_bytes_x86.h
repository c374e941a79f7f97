/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_POOLING_BYTES_X86_H
#define PL_KERNELS_X86_POOLING_BYTES_X86_H

#include "kernels/kernels.h"
#include "kernels/pooling_kernels.h"

#define PL_POOLING_BYTES_LIST_X86(F) F(max_i8) F(max_u8) F(average_i8) F(average_u8)
#define PL_DECLARE_POOLING_X86(name)                                                               \
    void PL_LEVEL(pl_##name##_x86)(const struct pl_pooling_shape *shape, const void *input,        \
                                   void *output, int32_t y);
PL_POOLING_BYTES_LIST_X86(PL_DECLARE_POOLING_X86)
#undef PL_DECLARE_POOLING_X86

/* For the table. */
#define PL_POOLING_BYTES_X86                                                                       \
    .max_i8 = PL_LEVEL(pl_max_i8_x86), .max_u8 = PL_LEVEL(pl_max_u8_x86),                          \
    .average_i8 = PL_LEVEL(pl_average_i8_x86), .average_u8 = PL_LEVEL(pl_average_u8_x86),

#endif
