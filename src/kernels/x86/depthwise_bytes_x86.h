/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_DEPTHWISE_BYTES_X86_H
#define PL_KERNELS_X86_DEPTHWISE_BYTES_X86_H

#include "kernels/depthwise_kernels.h"
#include "kernels/kernels.h"

pl_depthwise_rows PL_LEVEL(pl_depthwise_i8_x86);
pl_depthwise_rows PL_LEVEL(pl_depthwise_u8_x86);

#endif
