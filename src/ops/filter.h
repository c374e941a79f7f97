/* SPDX-License-Identifier: Apache-2.0 */
/* What convolutions and dense layers share: an input under a filter with an optional bias. */
#ifndef PL_OPS_FILTER_H
#define PL_OPS_FILTER_H

#include "kernels/requantize.h"
#include "ops/op.h"

/* Which inputs of the operator they are. */
struct pl_filter_places {
    int32_t input;
    int32_t filter;
    int32_t bias;
};
static const struct pl_filter_places pl_filter_usual = {0, 1, 2};

enum pl_filter_kind {
    PL_FILTER_FLOAT,     /* float32 under float32 */
    PL_FILTER_HYBRID,    /* float32 under int8, uint8 (read as int8, like the reference does), int4
                          * or int2: the input is quantized */
    PL_FILTER_INT8,      /* int8 under int8, int4 or int2 */
    PL_FILTER_UINT8,     /* uint8 under uint8 */
    PL_FILTER_INT16,     /* int16 under int8, int4 or int2 */
    PL_FILTER_INT16_WIDE /* int16 under int16 */
};

/* Which kind the types of input and filter make; PL_UNSUPPORTED if none. */
pl_status pl_filter_choose(struct pl_prepare *prepare, struct pl_filter_places places,
                           enum pl_filter_kind *kind);

/* As what pl_gemm_prepare_weights() takes the filter. */
pl_type pl_filter_weights_type(const struct pl_prepare *prepare, struct pl_filter_places places,
                               enum pl_filter_kind kind);

/* What eval needs to know of the bias. */
struct pl_filter_bias {
    bool present;
    bool wide;     /* int64 */
    int32_t input; /* of the operator */
};
/* float32 for floats, int32 for 8-bit inputs, int32 or int64 for int16; one number per channel. */
pl_status pl_filter_check_bias(struct pl_prepare *prepare, struct pl_filter_places places,
                               enum pl_filter_kind kind, int32_t channels,
                               struct pl_filter_bias *bias);
/* Its address, NULL if there is none. */
const void *pl_filter_bias(const struct pl_filter_bias *bias, const struct pl_eval *eval);

/* Checks the quantization of input, filter and output of an integer kind, and the range of the
 * output. */
pl_status pl_filter_check_quantized(struct pl_prepare *prepare, struct pl_filter_places places,
                                    enum pl_filter_kind kind, int64_t activation, int32_t channels,
                                    struct pl_output_range *range);

/* One multiplier per channel as the reference's convolutions have them. */
pl_status pl_filter_multipliers(struct pl_prepare *prepare, struct pl_filter_places places,
                                enum pl_filter_kind kind, int32_t channels,
                                const struct pl_multiplier **multipliers);

/* The filter's scale of each channel, for hybrid kinds. *uniform: they are all equal. */
pl_status pl_filter_scales(struct pl_prepare *prepare, struct pl_filter_places places,
                           int32_t channels, const float **scales, bool *uniform);

/* Whether the option that gives the bias its type (PL_TensorType_*, FLOAT32: nothing said) fits the
 * bias; *narrow: sums of int16 inputs are 32 bits wide. */
pl_status pl_filter_check_bias_type(struct pl_prepare *prepare, struct pl_filter_places places,
                                    enum pl_filter_kind kind, int64_t type, bool *narrow);

/* A constant filter of 4 or 2 bits as int8, packed once. */
pl_status pl_filter_unpack(struct pl_prepare *prepare, int32_t filter, const int8_t **unpacked);

#endif
