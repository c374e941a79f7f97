/* SPDX-License-Identifier: Apache-2.0 */
/* What of pooling_c.c faster kernels use for cases they do not have themselves. */
#ifndef PL_KERNELS_C_POOLING_C_H
#define PL_KERNELS_C_POOLING_C_H

#include "kernels/kernels.h"
#include "kernels/pooling_kernels.h"

void PL_LEVEL(pl_average_i8_c)(const struct pl_pooling_shape *shape, const void *input,
                               void *output, int32_t y);
void PL_LEVEL(pl_average_u8_c)(const struct pl_pooling_shape *shape, const void *input,
                               void *output, int32_t y);

#endif
