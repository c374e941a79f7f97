/* SPDX-License-Identifier: Apache-2.0 */
/* The row kernels of row_c.c and log_row_c.c, for the table in reduction_c.c. */
#ifndef PL_KERNELS_C_ROW_KERNELS_C_H
#define PL_KERNELS_C_ROW_KERNELS_C_H

#include "kernels/reduction_kernels.h"

#define PL_SOFTMAX_KERNEL(name)                                                                    \
    void PL_LEVEL(name)(void *out, const void *in, int64_t rows, int64_t depth,                    \
                        const struct pl_softmax_params *params)
#define PL_LOG_SOFTMAX_KERNEL(name)                                                                \
    void PL_LEVEL(name)(void *out, const void *in, int64_t rows, int64_t depth,                    \
                        const struct pl_log_softmax_params *params)
#define PL_ROW_KERNEL(name)                                                                        \
    void PL_LEVEL(name)(void *out, const void *in, int64_t rows, int64_t depth,                    \
                        int32_t in_zero_point)

PL_SOFTMAX_KERNEL(pl_softmax_float32);
PL_SOFTMAX_KERNEL(pl_softmax_int8);
PL_SOFTMAX_KERNEL(pl_softmax_uint8);
PL_SOFTMAX_KERNEL(pl_softmax_int8_to_int16);
PL_SOFTMAX_KERNEL(pl_softmax_uint8_to_int16);
PL_SOFTMAX_KERNEL(pl_softmax_int16);
PL_SOFTMAX_KERNEL(pl_softmax_float16);
PL_LOG_SOFTMAX_KERNEL(pl_log_softmax_float32);
PL_LOG_SOFTMAX_KERNEL(pl_log_softmax_int8);
PL_LOG_SOFTMAX_KERNEL(pl_log_softmax_uint8);
void PL_LEVEL(pl_local_response)(float *out, const float *in, int64_t rows, int64_t depth,
                                 const struct pl_local_response_params *params);
PL_ROW_KERNEL(pl_l2_normalize_float32);
PL_ROW_KERNEL(pl_l2_normalize_int8);
PL_ROW_KERNEL(pl_l2_normalize_uint8);

#endif
