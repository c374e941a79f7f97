/* SPDX-License-Identifier: Apache-2.0 */
/* What of depthwise_c.c faster kernels use for cases they do not have themselves. */
#ifndef PL_KERNELS_C_DEPTHWISE_C_H
#define PL_KERNELS_C_DEPTHWISE_C_H

#include "kernels/depthwise_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_depthwise_f32_c)(const struct pl_depthwise_shape *shape,
                                  const struct pl_depthwise_float *weights, const float *input,
                                  float *output, int32_t y, int32_t rows);
void PL_LEVEL(pl_depthwise_hybrid_c)(const struct pl_depthwise_shape *shape,
                                     const struct pl_depthwise_hybrid *weights, const int8_t *input,
                                     float *output, int32_t y, int32_t rows);

pl_depthwise_rows PL_LEVEL(pl_depthwise_i8_c);
pl_depthwise_rows PL_LEVEL(pl_depthwise_u8_c);

#endif
