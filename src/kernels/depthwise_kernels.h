/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution: output channel c * multiplier + j is input channel c under filter c *
 * multiplier + j. Weights are as in the file, [filter_height][filter_width][channels]: the
 * channels are side by side already. Taps outside of the image are left out; float sums run over
 * the taps in row order, one fused multiply-add each. */
#ifndef PL_KERNELS_DEPTHWISE_KERNELS_H
#define PL_KERNELS_DEPTHWISE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/patch.h"
#include "kernels/requantize.h"

struct pl_depthwise_shape {
    struct pl_patch patch; /* its channels are the input's */
    int32_t multiplier;
    int32_t channels; /* of the output: patch.channels * multiplier */
    int32_t output_width;
};

struct pl_depthwise_float {
    const float *weights;
    const float *bias; /* NULL: none; `channels` of them */
    float low, high;
};

struct pl_depthwise_integer {
    const void *weights;      /* int8 or, with uint8 inputs, uint8; not read if there is `packed` */
    const void *packed;       /* NULL: not packed */
    const void *finish;       /* with `packed`: made by prepare_finish */
    const int32_t *bias;      /* NULL: none */
    const int64_t *wide_bias; /* NULL: none; int16 inputs take either */
    int32_t input_zero_point;
    int32_t weight_zero_point;
    struct pl_output_range range;            /* of an output of the input's type */
    const struct pl_multiplier *multipliers; /* `channels` of them */
};

/* Quantized floats times int8 weights: output = clamp(sum * (weight_scale * input_scale) +
 * bias). */
struct pl_depthwise_hybrid {
    const int8_t *weights;
    const float *bias;          /* NULL: none */
    const float *weight_scales; /* `channels` of them */
    float input_scale;
    int32_t input_zero_point;
    float low, high;
};

/* Output rows [y, y + rows) of the image `input`, behind each other to `output`. */
typedef void pl_depthwise_rows(const struct pl_depthwise_shape *shape,
                               const struct pl_depthwise_integer *weights, const void *input,
                               void *output, int32_t y, int32_t rows);

/* How a filter of bytes lies in the file. */
struct pl_depthwise_pack {
    struct pl_depthwise_shape shape;
    bool is_unsigned;
    int32_t bits; /* of an element: 8, 4 or 2 */
    int32_t weight_zero_point;
};

/* What a level makes once of a filter of bytes, and of what else an operator knows of its outputs.
 * All NULL: it takes them as they are. */
struct pl_depthwise_packer {
    size_t (*bytes)(const struct pl_depthwise_pack *pack); /* 0: filters of this shape stay */
    void (*pack)(void *packed, const void *raw, const void *pack);
    size_t (*finish_bytes)(const struct pl_depthwise_pack *pack);
    /* `weights` as i8 and u8 will be given it, but for `finish`. */
    void (*prepare_finish)(void *finish, const struct pl_depthwise_pack *pack,
                           const struct pl_depthwise_integer *weights);
};

struct pl_depthwise_kernels {
    /* Output rows [y, y + rows) of the image `input`, behind each other to `output`. */
    void (*f32)(const struct pl_depthwise_shape *shape, const struct pl_depthwise_float *weights,
                const float *input, float *output, int32_t y, int32_t rows);
    void (*hybrid)(const struct pl_depthwise_shape *shape,
                   const struct pl_depthwise_hybrid *weights, const int8_t *input, float *output,
                   int32_t y, int32_t rows);

    /* Input, weights and output are int8 or uint8, or input and output int16 and weights int8. */
    pl_depthwise_rows *i8;
    pl_depthwise_rows *u8;
    pl_depthwise_rows *i16;
    struct pl_depthwise_packer packer; /* for i8 and u8 */
};

#endif
