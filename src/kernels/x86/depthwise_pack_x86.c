/* SPDX-License-Identifier: Apache-2.0 */
/* Packing of filters for depthwise convolution of bytes: see depthwise_bytes_x86.h. */
#include "kernels/x86/depthwise_bytes_x86.h"
#include "kernels/x86/requantize_sure_x86.h"

enum { MOST_TAPS = 1 << 14 /* whose products fit into 32 bits */ };

size_t PL_LEVEL(pl_depthwise_bytes_x86)(const struct pl_depthwise_pack *pack)
{
    const struct pl_depthwise_shape *shape = &pack->shape;
    const int64_t taps = pl_patch_tap_count(&shape->patch);
    if (taps < 1 || taps > MOST_TAPS || shape->channels < 1) return 0;
    const struct pl_depthwise_axis_x86 axis = pl_depthwise_along_x_x86(&shape->patch);
    if (pl_depthwise_strip_pixels_x86(shape->channels, &axis) < PL_DEPTHWISE_ENOUGH) return 0;
    /* 255 is no sum of two parts; filters without a negative weight are rare. */
    if (pack->is_unsigned && pack->weight_zero_point == 0) return 0;
    return (size_t)pl_depthwise_blocks_x86(shape->channels) *
           (size_t)pl_depthwise_block_bytes_x86(&shape->patch, pack->is_unsigned);
}

/* ---- weights --------------------------------------------------------------------------------- */

/* Less the zero point. */
static int32_t weight_at(const struct pl_depthwise_pack *pack, const void *raw, int64_t index)
{
    if (pack->is_unsigned) return ((const uint8_t *)raw)[index] - pack->weight_zero_point;
    const int32_t in_byte = 8 / pack->bits;
    const int32_t above = 8 - pack->bits - (int32_t)(index % in_byte) * pack->bits;
    const int32_t raised = (int8_t)(((const uint8_t *)raw)[index / in_byte] << above);
    return raised >> (8 - pack->bits);
}

static void pack_tap(struct pl_depthwise_block_x86 *block, const struct pl_depthwise_pack *pack,
                     const void *raw, int32_t first, int32_t row, int32_t column)
{
    const struct pl_depthwise_shape *shape = &pack->shape;
    const struct pl_patch *patch = &shape->patch;
    const int64_t tap = (int64_t)row * patch->filter_width + column;
    const int64_t part = (int64_t)pl_depthwise_terms_x86(patch) * PL_DEPTHWISE_VECTOR;
    const int64_t term = (int64_t)(row / PL_DEPTHWISE_DEEP) * patch->filter_width + column;
    int8_t *to = block->weights + term * PL_DEPTHWISE_VECTOR + row % PL_DEPTHWISE_DEEP;
    for (int32_t lane = 0; lane < PL_LANES; lane++, to += PL_DEPTHWISE_DEEP) {
        const int32_t channel = (first + lane) % shape->channels;
        const int32_t weight = weight_at(pack, raw, tap * shape->channels + channel);
        const int32_t near = weight < -128 ? -128 : weight > 127 ? 127 : weight;
        block->sums[lane] += weight;
        to[0] = (int8_t)near;
        if (pack->is_unsigned) to[part] = (int8_t)(weight - near);
        if (weight != near) block->is_wide = 1;
    }
}

void PL_LEVEL(pl_depthwise_pack_x86)(void *packed, const void *raw, const void *context)
{
    const struct pl_depthwise_pack *pack = context;
    const struct pl_patch *patch = &pack->shape.patch;
    const int32_t channels = pack->shape.channels;
    const int64_t block_bytes = pl_depthwise_block_bytes_x86(patch, pack->is_unsigned);
    const int32_t blocks = pl_depthwise_blocks_x86(channels);
    memset(packed, 0, (size_t)(blocks * block_bytes));
    for (int32_t b = 0; b < blocks; b++) {
        struct pl_depthwise_block_x86 *block = (void *)((char *)packed + b * block_bytes);
        for (int32_t row = 0; row < patch->filter_height; row++)
            for (int32_t column = 0; column < patch->filter_width; column++)
                pack_tap(block, pack, raw, pl_depthwise_block_first_x86(channels, b), row, column);
    }
}

/* ---- outputs --------------------------------------------------------------------------------- */

size_t PL_LEVEL(pl_depthwise_finish_bytes_x86)(const struct pl_depthwise_pack *pack)
{
    return (size_t)pl_depthwise_blocks_x86(pack->shape.channels) *
           sizeof(struct pl_depthwise_finish_x86);
}

static void finish_block(struct pl_depthwise_finish_x86 *finish,
                         const struct pl_depthwise_pack *pack,
                         const struct pl_depthwise_integer *weights,
                         const struct pl_depthwise_block_x86 *block)
{
    const int32_t channels = pack->shape.channels, first = finish->first;
    const struct pl_requantizer_x86 requantizer = {.multipliers = weights->multipliers,
                                                   .range = weights->range,
                                                   .is_unsigned = pack->is_unsigned,
                                                   .bias = weights->bias,
                                                   .bound =
                                                       pl_patch_tap_count(&pack->shape.patch) * 255 * 255};
    const int32_t count = channels < PL_LANES ? channels : PL_LANES;
    struct pl_requantize_block_x86 numbers;
    struct pl_sure_x86 sure;
    finish->fits = pl_requantize_prepare_x86(&requantizer, first, count, &numbers);
    finish->is_sure = pl_requantize_surely_x86(&requantizer, first, count, &sure);
    /* Inputs are lifted to be unsigned. */
    const int32_t lift = pack->is_unsigned ? 0 : 128;
    for (int32_t lane = 0; lane < PL_LANES; lane++) {
        const int32_t n = lane % channels;
        const uint32_t bias = weights->bias != NULL ? (uint32_t)weights->bias[first + n] : 0;
        finish->starts[lane] =
            (int32_t)(bias - (uint32_t)((weights->input_zero_point + lift) * block->sums[lane]));
        finish->scales[lane] = numbers.scale[n]; /* which is sure.scale, too */
        finish->nudges[lane] = finish->is_sure ? sure.offset[n] : numbers.nudge[n];
    }
}

void PL_LEVEL(pl_depthwise_prepare_finish_x86)(void *finish, const struct pl_depthwise_pack *pack,
                                               const struct pl_depthwise_integer *weights)
{
    const int32_t channels = pack->shape.channels;
    const int64_t block_bytes = pl_depthwise_block_bytes_x86(&pack->shape.patch, pack->is_unsigned);
    struct pl_depthwise_finish_x86 *blocks = finish;
    for (int32_t b = 0; b < pl_depthwise_blocks_x86(channels); b++) {
        blocks[b].first = pl_depthwise_block_first_x86(channels, b);
        finish_block(&blocks[b], pack, weights,
                     (const void *)((const char *)weights->packed + b * block_bytes));
    }
}
