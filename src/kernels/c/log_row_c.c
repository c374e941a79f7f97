/* SPDX-License-Identifier: Apache-2.0 */
/* Logarithmic softmax, softmax of 16-bit floats and local response normalization, by rows. Output
 * rows may be the input rows, but of the last. */
#include <float.h>

#include "kernels/c/row_kernels_c.h"
#include "kernels/fixed_functions.h"
#include "kernels/float_range.h"
#include "kernels/float_sum.h"
#include "kernels/half_float.h"
#include "kernels/loop.h"
#include "kernels/wide_math.h"

enum { BLOCK = 256 }; /* a multiple of the partial sums */

/* ---- logarithmic softmax of floats ----------------------------------------------------------- */

PL_LOG_SOFTMAX_KERNEL(pl_log_softmax_float32)
{
    (void)params;
    for (int64_t row = 0; row < rows; row++) {
        const float *x = (const float *)in + row * depth;
        float *y = (float *)out + row * depth;
        const float largest = pl_float_largest(x, depth, -FLT_MAX);
        pl_partial_sums sums = {0};
        for (int64_t from = 0; from < depth; from += BLOCK) {
            const int64_t count = depth - from < BLOCK ? depth - from : BLOCK;
            float powers[BLOCK];
            for (int64_t i = 0; i < count; i++) powers[i] = pl_expf(x[from + i] - largest);
            pl_partial_add(&sums, powers, count);
        }
        const float log_sum = pl_logf(pl_partial_total(&sums));
        PL_INDEPENDENT_LOOP
        for (int64_t i = 0; i < depth; i++) y[i] = x[i] - largest - log_sum;
    }
}

/* ---- logarithmic softmax of 8-bit values ----------------------------------------------------- */

enum { SUM_BITS = 12, DIFFERENCE_BITS = 5, OUT_BITS = 4 };

/* The differences from a row's largest value that do not leave the output at its lowest are above
 * this one. */
static int32_t lowest_difference(int32_t log_sum, const struct pl_log_softmax_params *params)
{
    const int32_t rest = pl_multiply(pl_fixed_add(log_sum, INT32_MIN), params->back);
    return params->smallest - 1 > rest ? params->smallest - 1 : rest;
}

/* Every difference that there is has one output: zero_point is that of difference 0. */
#define LOG_SOFTMAX_8(name, type, zero_point, low, high)                                           \
    PL_LOG_SOFTMAX_KERNEL(name)                                                                    \
    {                                                                                              \
        for (int64_t row = 0; row < rows; row++) {                                                 \
            const type *x = (const type *)in + row * depth;                                        \
            type *y = (type *)out + row * depth;                                                   \
            type largest = x[0];                                                                   \
            for (int64_t i = 1; i < depth; i++) largest = largest < x[i] ? x[i] : largest;         \
            int64_t sum = 0;                                                                       \
            for (int64_t i = 0; i < depth; i++)                                                    \
                sum += pl_rounding_shift_right(params->exp[largest - x[i]], SUM_BITS);             \
            const int32_t limited = sum > INT32_MAX ? INT32_MAX : (int32_t)sum;                    \
            const int32_t log_sum = pl_fixed_log(limited, SUM_BITS, DIFFERENCE_BITS);              \
            const int32_t lowest = lowest_difference(log_sum, params);                             \
            for (int64_t i = 0; i < depth; i++) {                                                  \
                const int32_t distance = largest - x[i];                                           \
                const int32_t value = pl_fixed_subtract(params->difference[distance], log_sum);    \
                const int32_t scaled =                                                             \
                    pl_rounding_shift_right(value, 31 - DIFFERENCE_BITS - OUT_BITS);               \
                const int32_t placed = pl_clamp(scaled + (zero_point), low, high);                 \
                y[i] = (type)(-distance > lowest ? placed : (low));                                \
            }                                                                                      \
        }                                                                                          \
    }

LOG_SOFTMAX_8(pl_log_softmax_int8, int8_t, INT8_MAX, INT8_MIN, INT8_MAX)
LOG_SOFTMAX_8(pl_log_softmax_uint8, uint8_t, UINT8_MAX, 0, UINT8_MAX)

/* ---- softmax of halves ----------------------------------------------------------------------- */

/* Powers are kept as halves, their sum is not: as in the reference. */
PL_SOFTMAX_KERNEL(pl_softmax_float16)
{
    for (int64_t row = 0; row < rows; row++) {
        const uint16_t *x = (const uint16_t *)in + row * depth;
        uint16_t *y = (uint16_t *)out + row * depth;
        float largest = -65504.0f;
        for (int64_t i = 0; i < depth; i++) {
            const float value = pl_float_from_half(x[i]);
            largest = largest < value ? value : largest;
        }
        pl_partial_sums sums = {0};
        for (int64_t from = 0; from < depth; from += BLOCK) {
            const int64_t count = depth - from < BLOCK ? depth - from : BLOCK;
            float powers[BLOCK];
            for (int64_t i = 0; i < count; i++) {
                const float value = pl_float_from_half(x[from + i]);
                powers[i] = pl_expf((value - largest) * params->beta);
                y[from + i] = pl_half_from_float(powers[i]);
            }
            pl_partial_add(&sums, powers, count);
        }
        const float sum = pl_partial_total(&sums);
        for (int64_t i = 0; i < depth; i++)
            y[i] = pl_half_from_float(pl_float_from_half(y[i]) / sum);
    }
}

/* ---- local response normalization ------------------------------------------------------------ */

void PL_LEVEL(pl_local_response)(float *out, const float *in, int64_t rows, int64_t depth,
                                 const struct pl_local_response_params *params)
{
    for (int64_t row = 0; row < rows; row++) {
        const float *x = in + row * depth;
        float *y = out + row * depth;
        for (int64_t i = 0; i < depth; i++) {
            const int64_t from = i < params->radius ? 0 : i - params->radius;
            const int64_t to = depth - i <= params->radius ? depth : i + params->radius + 1;
            float sum = 0.0f;
            for (int64_t k = from; k < to; k++) sum = fmaf(x[k], x[k], sum);
            y[i] = x[i] * pl_powf(params->bias + params->alpha * sum, -params->beta);
        }
    }
}
