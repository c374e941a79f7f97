/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_ARM_POOLING_BYTES_NEON_H
#define PL_KERNELS_ARM_POOLING_BYTES_NEON_H

#include "kernels/kernels.h"
#include "kernels/pooling_kernels.h"

#define PL_POOLING_BYTES_LIST(F) F(average_i8) F(average_u8) F(max_i8) F(max_u8)
#define PL_DECLARE_POOLING(name)                                                                   \
    void PL_LEVEL(pl_##name##_neon)(const struct pl_pooling_shape *shape, const void *input,       \
                                    void *output, int32_t y);
PL_POOLING_BYTES_LIST(PL_DECLARE_POOLING)
#undef PL_DECLARE_POOLING

/* For the table. */
#define PL_POOLING_BYTES_NEON                                                                      \
    .average_i8 = PL_LEVEL(pl_average_i8_neon), .average_u8 = PL_LEVEL(pl_average_u8_neon),        \
    .max_i8 = PL_LEVEL(pl_max_i8_neon), .max_u8 = PL_LEVEL(pl_max_u8_neon),

#endif
