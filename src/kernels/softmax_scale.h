/* SPDX-License-Identifier: Apache-2.0 */
/* The last steps of a softmax of 8-bit values. */
#ifndef PL_KERNELS_SOFTMAX_SCALE_H
#define PL_KERNELS_SOFTMAX_SCALE_H

#include "kernels/fixed_functions.h"

enum { PL_SOFTMAX_SUM_BITS = 12 }; /* integer bits of the sum of a row */

/* What turns an exp() into an output value. */
struct pl_softmax_scale {
    int32_t reciprocal; /* of the sum, Q0 */
    int32_t shift;
};

static inline struct pl_softmax_scale pl_softmax_scale_of(uint64_t sum, int32_t out_bits)
{
    struct pl_softmax_scale scale;
    int32_t bits = 0;
    scale.reciprocal = pl_fixed_reciprocal((int32_t)(uint32_t)(sum > UINT32_MAX ? UINT32_MAX : sum),
                                           PL_SOFTMAX_SUM_BITS, &bits);
    scale.shift = bits + 31 - out_bits;
    return scale;
}

#endif
