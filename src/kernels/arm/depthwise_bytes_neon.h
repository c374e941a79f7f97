/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_ARM_DEPTHWISE_BYTES_NEON_H
#define PL_KERNELS_ARM_DEPTHWISE_BYTES_NEON_H

#include "kernels/depthwise_kernels.h"
#include "kernels/kernels.h"

pl_depthwise_rows PL_LEVEL(pl_depthwise_i8_neon);
pl_depthwise_rows PL_LEVEL(pl_depthwise_u8_neon);

#endif
