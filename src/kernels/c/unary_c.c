/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of one input, on runs. */
#include <stdbool.h>

#include "kernels/elementwise_kernels.h"
#include "kernels/faster.h"
#include "kernels/float_math.h"
#include "kernels/loop.h"

extern const struct pl_unary_table PL_LEVEL(pl_unary_table);

/* ---- float32 --------------------------------------------------------------------------------- */

#define UNARY_FLOAT(name, expression)                                                              \
    static void name(void *out_data, const void *in_data, int64_t count,                           \
                     const struct pl_unary_params *params)                                         \
    {                                                                                              \
        float *out = out_data;                                                                     \
        const float *in = in_data;                                                                 \
        (void)params;                                                                              \
        PL_INDEPENDENT_LOOP                                                                        \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const float x = in[i];                                                                 \
            out[i] = expression;                                                                   \
        }                                                                                          \
    }

PL_ALWAYS_INLINE float gelu_by_tanh_one(float x)
{
    return 0.5f * x * (1.0f + pl_tanhf(0.797884561f * (x + 0.044715f * x * x * x)));
}

PL_ALWAYS_INLINE float hard_swish_one(float x)
{
    const float raised = x + 3.0f < 0.0f ? 0.0f : x + 3.0f;
    return x * (6.0f < raised ? 6.0f : raised) / 6.0f;
}

UNARY_FLOAT(logistic, pl_logisticf(x))
UNARY_FLOAT(hyperbolic_tangent, pl_tanhf(x))
UNARY_FLOAT(gelu, pl_geluf(x))
UNARY_FLOAT(gelu_by_tanh, gelu_by_tanh_one(x))
UNARY_FLOAT(hard_swish, hard_swish_one(x))
UNARY_FLOAT(rsqrt, 1.0f / sqrtf(x))

/* NaN stays NaN. */
static void clamp(void *out_data, const void *in_data, int64_t count,
                  const struct pl_unary_params *params)
{
    float *out = out_data;
    const float *in = in_data;
    const float low = params->low;
    const float high = params->high;
    PL_INDEPENDENT_LOOP
    for (int64_t i = 0; i < count; i++) {
        const float raised = in[i] < low ? low : in[i];
        out[i] = high < raised ? high : raised;
    }
}

/* ---- bool and tables ------------------------------------------------------------------------- */

static void logical_not(void *out_data, const void *in_data, int64_t count,
                        const struct pl_unary_params *params)
{
    uint8_t *out = out_data;
    const uint8_t *in = in_data;
    (void)params;
    PL_INDEPENDENT_LOOP
    for (int64_t i = 0; i < count; i++) out[i] = in[i] == 0;
}

static void lookup_8(void *out_data, const void *in_data, int64_t count,
                     const struct pl_unary_params *params)
{
    uint8_t *out = out_data;
    const uint8_t *in = in_data;
    const uint8_t *table = params->lookup_8;
    for (int64_t i = 0; i < count; i++) out[i] = table[in[i]];
}

static void lookup_16(void *out_data, const void *in_data, int64_t count,
                      const struct pl_unary_params *params)
{
    int16_t *out = out_data;
    const int16_t *in = in_data;
    const int16_t *table = params->lookup_16;
    for (int64_t i = 0; i < count; i++) {
        const int32_t index = 256 + (in[i] >> 7);
        const int32_t slope = (int16_t)(table[index + 1] - table[index]);
        out[i] = (int16_t)(table[index] + ((slope * (in[i] & 0x7f) + 64) >> 7));
    }
}

/* ---- int16 logistic and tanh: linear between the values of one table ------------------------- */

/* sigmoid(i / 24) in 0.16 bits, the reference's numbers. */
static const uint16_t sigmoid_table[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794,
    41432, 42064, 42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443,
    48964, 49475, 49975, 50464, 50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374,
    54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433, 57724, 58007, 58280, 58544,
    58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110, 61279,
    61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990,
    63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030,
    64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652,
    64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019,
    65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234,
    65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360,
    65367, 65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433,
    65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476,
    65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498, 65500, 65501,
    65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529,
    65529, 65530, 65530, 65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532,
    65532, 65532, 65532, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65534, 65534,
    65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
};

/* |x| at 1 / (3 * 4096), clamped far beyond the table's end. */
PL_ALWAYS_INLINE int32_t table_position(int16_t x, int64_t multiplier, int32_t shift, int64_t round)
{
    const int64_t position = (x * multiplier + round) >> shift;
    const int64_t magnitude = position < 0 ? -position : position;
    return magnitude > INT32_MAX ? INT32_MAX : (int32_t)magnitude;
}

/* The table at position / 2^bits with `bits` more bits, below its last interval. */
PL_ALWAYS_INLINE int32_t table_value(int32_t position, int32_t bits)
{
    const int32_t index = position >> bits;
    const int32_t step = sigmoid_table[index + 1] - sigmoid_table[index];
    return ((int32_t)sigmoid_table[index] << bits) + (position & ((1 << bits) - 1)) * step;
}

static void logistic_16(void *out_data, const void *in_data, int64_t count,
                        const struct pl_unary_params *params)
{
    int16_t *out = out_data;
    const int16_t *in = in_data;
    const int64_t round = params->shift > 0 ? (int64_t)1 << (params->shift - 1) : 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t position = table_position(in[i], params->multiplier, params->shift, round);
        const bool negative = (in[i] * (int64_t)params->multiplier + round) >> params->shift < 0;
        const int32_t value = (position >> 9) >= 255 ? 0x7fff << 10 : table_value(position, 9);
        const int32_t result = negative ? (1 << 25) - value + (1 << 9) - 1 : value + (1 << 9);
        out[i] = (int16_t)(result >> 10);
    }
}

/* tanh(x) = 2 sigmoid(2 x) - 1 */
static void tanh_16(void *out_data, const void *in_data, int64_t count,
                    const struct pl_unary_params *params)
{
    int16_t *out = out_data;
    const int16_t *in = in_data;
    const int64_t round = params->shift > 0 ? (int64_t)1 << (params->shift - 1) : 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t position = table_position(in[i], params->multiplier, params->shift, round);
        const bool negative = (in[i] * (int64_t)params->multiplier + round) >> params->shift < 0;
        const int32_t value = (position >> 8) >= 255 ? 0xffff << 8 : table_value(position, 8);
        const int32_t result =
            negative ? (1 << 23) - value + (1 << 7) - 1 : value - (1 << 23) + (1 << 7);
        out[i] = (int16_t)(result >> 8);
    }
}

const struct pl_unary_table PL_LEVEL(pl_unary_table) = {
    .clamp = clamp,
    .logistic = logistic,
    .tanh = hyperbolic_tangent,
    .gelu = gelu,
    .gelu_by_tanh = gelu_by_tanh,
    .hard_swish = hard_swish,
    .rsqrt = rsqrt,
    .logical_not = logical_not,
    .lookup_8 = lookup_8,
    .lookup_16 = lookup_16,
    .logistic_16 = logistic_16,
    .tanh_16 = tanh_16,
    PL_FASTER_UNARY
};
