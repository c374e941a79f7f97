/* SPDX-License-Identifier: Apache-2.0 */
/* Quantization parameters as the reference's prepare functions compute them: which products are
 * taken in float and which in double decides the last bit of a multiplier. Inputs are assumed to
 * have passed pl_check_quantized*(). */
#ifndef PL_OPS_QUANTIZE_H
#define PL_OPS_QUANTIZE_H

#include "kernels/fixed_point.h"
#include "ops/op.h"

/* The clamp of a fused activation (PL_ActivationFunctionType_*) on floats; NONE, TANH and
 * SIGN_BIT give the largest finite range, as the reference does. Fails on an unknown number. */
pl_status pl_quantize_float_range(struct pl_prepare *prepare, int64_t activation, float *low,
                                  float *high);

/* The values an int8, uint8 or int16 can have. */
void pl_quantize_type_range(pl_type type, int32_t *low, int32_t *high);

/* The clamp of a fused activation on the quantized output (int8, uint8 or int16). */
pl_status pl_quantize_activation_range(struct pl_prepare *prepare, int64_t activation,
                                       const struct pl_value *output, int32_t *low, int32_t *high);

/* A multiplier for a real factor, which must be a number >= 0 (PL_INVALID_MODEL if not). */
pl_status pl_quantize_multiplier(struct pl_prepare *prepare, double real,
                                 struct pl_multiplier *multiplier);

/* input_scale * filter_scale / output_scale, the product taken in float; bias (may be NULL) must
 * have about the product as its scale. For operators with one scale for all of the filter. */
pl_status pl_quantize_product_scale(struct pl_prepare *prepare, const struct pl_value *input,
                                    const struct pl_value *filter, const struct pl_value *bias,
                                    const struct pl_value *output, double *real);

/* One multiplier per output channel: double products; a filter with one scale gives `channels`
 * equal ones. */
pl_status pl_quantize_channel_multipliers(struct pl_prepare *prepare, const struct pl_value *input,
                                          const struct pl_value *filter,
                                          const struct pl_value *output, int32_t channels,
                                          struct pl_multiplier *multipliers);

#endif
