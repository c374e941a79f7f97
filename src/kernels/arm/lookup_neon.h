/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_ARM_LOOKUP_NEON_H
#define PL_KERNELS_ARM_LOOKUP_NEON_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_lookup_8_neon)(void *out, const void *in, int64_t count,
                                const struct pl_unary_params *params);

#endif
