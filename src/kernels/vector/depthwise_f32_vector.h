/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_VECTOR_DEPTHWISE_F32_VECTOR_H
#define PL_KERNELS_VECTOR_DEPTHWISE_F32_VECTOR_H

#include "kernels/depthwise_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL_OF_FLOATS(pl_depthwise_f32_vector)(const struct pl_depthwise_shape *shape,
                                                 const struct pl_depthwise_float *weights,
                                                 const float *input, float *output, int32_t y,
                                                 int32_t rows);
void PL_LEVEL_OF_FLOATS(pl_depthwise_hybrid_vector)(const struct pl_depthwise_shape *shape,
                                                    const struct pl_depthwise_hybrid *weights,
                                                    const int8_t *input, float *output, int32_t y,
                                                    int32_t rows);

#endif
