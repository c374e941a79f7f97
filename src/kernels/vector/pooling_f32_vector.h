/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_VECTOR_POOLING_F32_VECTOR_H
#define PL_KERNELS_VECTOR_POOLING_F32_VECTOR_H

#include "kernels/kernels.h"
#include "kernels/pooling_kernels.h"

void PL_LEVEL(pl_average_pool_f32_vector)(const struct pl_pooling_shape *shape, const void *input,
                                          void *output, int32_t y);
void PL_LEVEL(pl_max_pool_f32_vector)(const struct pl_pooling_shape *shape, const void *input,
                                      void *output, int32_t y);

/* For the table. */
#define PL_POOLING_F32_VECTOR                                                                      \
    .average_f32 = PL_LEVEL(pl_average_pool_f32_vector),                                           \
    .max_f32 = PL_LEVEL(pl_max_pool_f32_vector),

#endif
