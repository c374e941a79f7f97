/* SPDX-License-Identifier: Apache-2.0 */
/* What faster kernels share with c/ or leave to it. */
#ifndef PL_KERNELS_C_REDUCTION_C_H
#define PL_KERNELS_C_REDUCTION_C_H

#include "kernels/fixed_functions.h"
#include "kernels/reduction_kernels.h"

#define PL_DECLARE_ARG_C(name)                                                                     \
    void PL_LEVEL(pl_##name##_c)(int32_t * index, const void *in, int64_t count, int64_t axis,     \
                                 int64_t stride);
PL_DECLARE_ARG_C(arg_max_int8)
PL_DECLARE_ARG_C(arg_max_uint8)
PL_DECLARE_ARG_C(arg_min_int8)
PL_DECLARE_ARG_C(arg_min_uint8)
#undef PL_DECLARE_ARG_C

/* TensorFlow Lite leaves raw zeros where there is nothing to reduce. Its means are fixed-point,
 * its sums float: the reference's own fixed-point sums are wrong, all other kernels agree on
 * this. */
static inline int32_t pl_reduce_finish_quantized(int32_t sum, const struct pl_reduce_params *p)
{
    if (p->count == 0) return 0;
    if (p->mean) {
        const int32_t centered = (int32_t)(sum - p->in_offset);
        return pl_clamp(pl_fixed_add(pl_multiply(centered, p->multiplier), p->out_offset), p->low,
                        p->high);
    }
    const float value = roundf((float)sum * p->scale + p->bias) + (float)p->out_offset;
    return !(value > (float)p->low) ? p->low : value > (float)p->high ? p->high : (int32_t)value;
}

#endif
