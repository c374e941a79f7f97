/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of tensors as numbers. */
#include <math.h>

#include "results.h"

bool type_is_number(plait_type type)
{
    switch (type) {
    case PLAIT_FLOAT32:
    case PLAIT_FLOAT64:
    case PLAIT_FLOAT16:
    case PLAIT_BOOL:
    case PLAIT_INT8:
    case PLAIT_INT16:
    case PLAIT_INT32:
    case PLAIT_INT64:
    case PLAIT_UINT8:
    case PLAIT_UINT16:
    case PLAIT_UINT32:
    case PLAIT_UINT64: return true;
    default: return false;
    }
}

static double half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double value = exponent == 31  ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(fraction + 1024, exponent - 25);
    return (half & 0x8000) != 0 ? -value : value;
}

double element_raw(const struct plait_tensor *tensor, size_t index)
{
    const void *data = plait_tensor_data(tensor);
    switch (plait_tensor_type(tensor)) {
    case PLAIT_FLOAT32: return (double)((const float *)data)[index];
    case PLAIT_FLOAT64: return ((const double *)data)[index];
    case PLAIT_FLOAT16: return half_to_double(((const uint16_t *)data)[index]);
    case PLAIT_INT8: return ((const int8_t *)data)[index];
    case PLAIT_INT16: return ((const int16_t *)data)[index];
    case PLAIT_INT32: return ((const int32_t *)data)[index];
    case PLAIT_INT64: return (double)((const int64_t *)data)[index];
    case PLAIT_BOOL:
    case PLAIT_UINT8: return ((const uint8_t *)data)[index];
    case PLAIT_UINT16: return ((const uint16_t *)data)[index];
    case PLAIT_UINT32: return ((const uint32_t *)data)[index];
    case PLAIT_UINT64: return (double)((const uint64_t *)data)[index];
    default: return 0;
    }
}

bool tensor_is_quantized(const struct plait_tensor *tensor)
{
    struct plait_quantization quantization = {0};
    plait_type type = plait_tensor_type(tensor);
    bool integer =
        type == PLAIT_INT8 || type == PLAIT_UINT8 || type == PLAIT_INT16 || type == PLAIT_INT32;
    return integer && plait_tensor_quantization(tensor, &quantization) == PLAIT_OK &&
           quantization.count == 1;
}

double element_score(const struct plait_tensor *tensor, size_t index)
{
    struct plait_quantization quantization = {0};
    double raw = element_raw(tensor, index);
    if (!tensor_is_quantized(tensor) ||
        plait_tensor_quantization(tensor, &quantization) != PLAIT_OK)
        return raw;
    return (raw - quantization.zero_point[0]) * (double)quantization.scale[0];
}
