/* SPDX-License-Identifier: Apache-2.0 */
/* Scales of blocks become floats when a model is imported: see block_scales.h. */
#include "graph/block_scales.h"

#include <math.h>
#include <string.h>

static float from_half(uint16_t half)
{
    const int32_t exponent = half >> 10 & 31, fraction = half & 1023;
    const float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
    if (exponent == 0) return sign * ldexpf((float)fraction, -24);
    if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
    return sign * ldexpf((float)(1024 + fraction), exponent - 25);
}

pl_status pl_block_scales_import(struct pl_region *region, const struct pl_record *record,
                                 const struct pl_subgraph *subgraph, struct pl_tensor *tensor,
                                 struct pl_error *error)
{
    const struct pl_record *quantization = pl_record_child(record, PL_Tensor_quantization);
    const struct pl_record *details =
        pl_record_child(quantization, PL_QuantizationParameters_details);
    if (details == NULL || details->table != PL_TABLE_BlockwiseQuantization) return PL_OK;
    const int64_t index = pl_record_integer(details, PL_BlockwiseQuantization_scales);
    const int64_t size = pl_record_integer(details, PL_BlockwiseQuantization_block_size);
    if (index < 0 || index >= subgraph->tensor_count || size < 1 || size > INT32_MAX) return PL_OK;
    const struct pl_tensor *scales = &subgraph->tensors[index];
    if (scales->type != PL_FLOAT16 || scales->constant == NULL) return PL_OK;
    const int64_t count = pl_shape_count(&scales->shape);
    float *floats = pl_region_array(region, (size_t)count, sizeof *floats);
    if (floats == NULL)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for the scales of tensor '%s'",
                       tensor->name);
    const char *halves = scales->constant->raw->data;
    for (int64_t i = 0; i < count; i++, halves += sizeof(uint16_t)) {
        uint16_t half;
        memcpy(&half, halves, sizeof half);
        floats[i] = from_half(half);
    }
    tensor->quantization.block_size = (int32_t)size;
    tensor->quantization.block_count = count;
    tensor->quantization.block_scales = floats;
    return PL_OK;
}
