/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of functions on quantized values, computed once at prepare with libm in float, as the
 * reference does: every 8-bit value has its entry; int16 values have one every 128, and the
 * kernel interpolates. */
#ifndef PL_OPS_LOOKUP_H
#define PL_OPS_LOOKUP_H

#include <stdint.h>

#include "kernels/elementwise_kernels.h"
#include "ops/op.h"

typedef float (*pl_lookup_function)(float x, float parameter);

/* int8 or uint8, both tensors quantized per tensor. table[input byte] = output byte. */
void pl_lookup_fill_8(const struct pl_value *input, const struct pl_value *output,
                      pl_lookup_function function, float parameter, uint8_t table[PL_LOOKUP_8]);

/* int16, both tensors quantized per tensor. */
void pl_lookup_fill_16(const struct pl_value *input, const struct pl_value *output,
                       pl_lookup_function function, float parameter, int16_t table[PL_LOOKUP_16]);

/* The same in double for tables that belong to no tensor; the output's zero point is 0. */
void pl_lookup_fill_scaled(double in_scale, int32_t in_zero_point, double out_scale,
                           double (*function)(double), int16_t table[PL_LOOKUP_16]);

#endif
