/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_VECTOR_RECURRENT_VECTOR_H
#define PL_KERNELS_VECTOR_RECURRENT_VECTOR_H

#include "kernels/kernels.h"
#include "kernels/recurrent_kernels.h"

void PL_LEVEL(pl_add_product_float_vector)(float *sums, const float *x, const float *packed,
                                           int32_t rows, int32_t depth);

#endif
