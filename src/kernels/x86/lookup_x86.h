/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_LOOKUP_X86_H
#define PL_KERNELS_X86_LOOKUP_X86_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_lookup_8_x86)(void *out, const void *in, int64_t count,
                               const struct pl_unary_params *params);

/* For the table. */
#define PL_UNARY_BYTES_X86 .lookup_8 = PL_LEVEL(pl_lookup_8_x86),

#endif
