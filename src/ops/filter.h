/* SPDX-License-Identifier: Apache-2.0 */
/* What convolutions and dense layers share: input 0 under filter 1 with an optional bias 2. */
#ifndef PL_OPS_FILTER_H
#define PL_OPS_FILTER_H

#include "kernels/requantize.h"
#include "ops/op.h"

enum pl_filter_kind {
    PL_FILTER_FLOAT,     /* float32 under float32 */
    PL_FILTER_HYBRID,    /* float32 under int8, int4 or int2: the input is quantized */
    PL_FILTER_INT8,      /* int8 under int8, int4 or int2 */
    PL_FILTER_UINT8,     /* uint8 under uint8 */
    PL_FILTER_INT16,     /* int16 under int8, int4 or int2 */
    PL_FILTER_INT16_WIDE /* int16 under int16 */
};

/* Which kind the types of input 0 and filter 1 make; PL_UNSUPPORTED if none. */
pl_status pl_filter_choose(struct pl_prepare *prepare, enum pl_filter_kind *kind);

/* What eval needs to know of the bias. */
struct pl_filter_bias {
    bool present;
    bool wide; /* int64 */
};
/* float32 for floats, int32 for 8-bit inputs, int32 or int64 for int16; one number per channel. */
pl_status pl_filter_check_bias(struct pl_prepare *prepare, enum pl_filter_kind kind,
                               int32_t channels, struct pl_filter_bias *bias);
/* Its address, NULL if there is none. */
const void *pl_filter_bias(const struct pl_filter_bias *bias, const struct pl_eval *eval);

/* Checks the quantization of input, filter and output of an integer kind, and the range of the
 * output. */
pl_status pl_filter_check_quantized(struct pl_prepare *prepare, enum pl_filter_kind kind,
                                    int64_t activation, int32_t channels,
                                    struct pl_output_range *range);

/* One multiplier per channel as the reference's convolutions have them. */
pl_status pl_filter_multipliers(struct pl_prepare *prepare, enum pl_filter_kind kind,
                                int32_t channels, const struct pl_multiplier **multipliers);

/* The filter's scale of each channel, for hybrid kinds. *uniform: they are all equal. */
pl_status pl_filter_scales(struct pl_prepare *prepare, int32_t channels, const float **scales,
                           bool *uniform);

#endif
