/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_SOFTMAX_BYTES_X86_H
#define PL_KERNELS_X86_SOFTMAX_BYTES_X86_H

#include "kernels/kernels.h"
#include "kernels/reduction_kernels.h"

void PL_LEVEL(pl_softmax_int8_x86)(void *out, const void *in, int64_t rows, int64_t depth,
                                   const struct pl_softmax_params *params);
void PL_LEVEL(pl_softmax_uint8_x86)(void *out, const void *in, int64_t rows, int64_t depth,
                                    const struct pl_softmax_params *params);

/* For the table. */
#define PL_SOFTMAX_BYTES_X86                                                                       \
    .softmax_int8 = PL_LEVEL(pl_softmax_int8_x86), .softmax_uint8 = PL_LEVEL(pl_softmax_uint8_x86),

#endif
