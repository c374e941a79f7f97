/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of pixels with weights: convolution, dense layers and matrix multiplication
 * are all
 *
 *     output[x][n] = finish(sum over k of (input[x][k] - zero_point) * (weights[n][k] + offset), n)
 *
 * where the k of an output pixel are the taps of its patch times the depth, in this order; taps
 * outside of the image are left out. A dense layer is an image of one row, a filter of one tap
 * and a stride of 1.
 *
 * Weights are packed into blocks of PL_GEMM_BLOCK outputs, zeros behind the last output, so that a
 * block's sums are independent accumulators side by side. How a block looks is the level's
 * business (struct pl_gemm_layout says how large it is); in c/ it is [k][PL_GEMM_BLOCK].
 * Float sums run over ascending k into one fused multiply-add accumulator per output; integer
 * sums wrap. */
#ifndef PL_KERNELS_GEMM_KERNELS_H
#define PL_KERNELS_GEMM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/patch.h"
#include "kernels/requantize.h"

enum { PL_GEMM_BLOCK = 16 };

/* How raw weights [groups][channels][depth] become packed ones. Strides are in elements. */
struct pl_gemm_pack {
    int32_t groups;
    int32_t channels; /* outputs of a group */
    int32_t depth;    /* k of a group */
    int64_t group_stride;
    int64_t channel_stride;
    int64_t depth_stride;
    /* run > 0: k come in runs of this many, depth_stride apart, which lie run_stride apart, and
     * after row_runs of them row_stride; element `first` is the first of all. */
    int32_t run;
    int32_t row_runs;
    int64_t run_stride;
    int64_t row_stride;
    int64_t first;
};

/* Where k of a channel lies behind its first element. */
static inline int64_t pl_gemm_depth_offset(const struct pl_gemm_pack *pack, int64_t k)
{
    if (pack->run == 0) return k * pack->depth_stride;
    const int64_t run = k / pack->run;
    return pack->first + run / pack->row_runs * pack->row_stride +
           run % pack->row_runs * pack->run_stride + k % pack->run * pack->depth_stride;
}

/* Blocks of a group. */
static inline int32_t pl_gemm_blocks(int32_t channels)
{
    return channels / PL_GEMM_BLOCK + (channels % PL_GEMM_BLOCK != 0);
}

/* How large a block is: k rounded up to depth_step, and what lies beside the weights. */
struct pl_gemm_layout {
    int32_t element_bytes;
    int32_t depth_step;
    int32_t extra_bytes;
};

static inline int64_t pl_gemm_block_bytes(struct pl_gemm_layout layout, int32_t depth)
{
    const int64_t steps = ((int64_t)depth + layout.depth_step - 1) / layout.depth_step;
    return steps * layout.depth_step * layout.element_bytes * PL_GEMM_BLOCK + layout.extra_bytes;
}

/* What the products of one image share. */
struct pl_gemm_shape {
    struct pl_patch patch;
    int32_t depth;         /* input channels that are read of each tap */
    int32_t channels;      /* outputs */
    int32_t output_stride; /* elements from one output pixel to the next */
    int32_t output_width;  /* pixels of an output row, if rows follow each other; 0: they do not */
};

/* Products of an output. */
static inline int64_t pl_gemm_k(const struct pl_gemm_shape *shape)
{
    return pl_patch_tap_count(&shape->patch) * shape->depth;
}

/* A plain matrix product: rows of `depth` behind each other give rows of `channels`. */
static inline struct pl_gemm_shape pl_gemm_matrix(int32_t rows, int32_t depth, int32_t channels)
{
    return (struct pl_gemm_shape){
        .patch = {.height = 1,
                  .width = rows,
                  .channels = depth,
                  .filter_height = 1,
                  .filter_width = 1,
                  .stride_y = 1,
                  .stride_x = 1,
                  .dilation_y = 1,
                  .dilation_x = 1},
        .depth = depth,
        .channels = channels,
        .output_stride = channels,
    };
}

/* The part to compute: pixels [from_x, to_x) counted from the first of row y on, across rows where
 * the shape has an output_width, and blocks [from_block, to_block) of outputs. input is the
 * image's first element (of the group), output that of output row y. */
struct pl_gemm_part {
    const void *input;
    void *output;
    int32_t y;
    int32_t from_x, to_x;
    int32_t from_block, to_block;
    void *scratch; /* for the kernels that ask for it, see `scratch` below */
};

/* Whether it is one row of a plain matrix product, of some elements, and where that is in the input, in elements. */
static inline bool pl_gemm_is_row(const struct pl_gemm_shape *shape, const struct pl_gemm_part *part)
{
    const struct pl_patch *patch = &shape->patch;
    return part->to_x - part->from_x == 1 && shape->output_width == 0 && shape->depth > 0 &&
           pl_patch_tap_count(patch) == 1 &&
           patch->before_x == 0 && patch->before_y == 0 && patch->stride_x == 1 && patch->stride_y == 1 &&
           part->from_x < patch->width && part->y < patch->height;
}

static inline int64_t pl_gemm_row_offset(const struct pl_gemm_shape *shape, const struct pl_gemm_part *part)
{
    return ((int64_t)part->y * shape->patch.width + part->from_x) * shape->patch.channels;
}

/* float: output = clamp(sum + bias). */
struct pl_gemm_float {
    const float *weights;
    const float *bias; /* NULL: none; `channels` of them */
    float low, high;
};

/* How an integer sum becomes an output. */
enum pl_gemm_rounding {
    PL_GEMM_FIXED,   /* fixed-point multiplier, two roundings, as the reference's convolutions */
    PL_GEMM_DOUBLE,  /* round(sum * scale) in double, as its dense layers */
    PL_GEMM_RAW,     /* the sum itself (int32 output) */
    PL_GEMM_FIXED_32 /* as PL_GEMM_FIXED where sums have 64 bits: they are cut to 32 first */
};

enum pl_gemm_output { PL_GEMM_INT8, PL_GEMM_UINT8, PL_GEMM_INT16, PL_GEMM_INT32 };

struct pl_gemm_integer {
    const void *weights;
    const int32_t *bias;      /* NULL: none */
    const int64_t *wide_bias; /* NULL: none; kernels with 64-bit sums take either */
    int32_t input_zero_point;
    int32_t weight_offset; /* added to every packed weight */
    struct pl_output_range range;
    enum pl_gemm_rounding rounding;
    enum pl_gemm_output output;
    const struct pl_multiplier *multipliers; /* PL_GEMM_FIXED: one per channel */
    const double *scales;                    /* PL_GEMM_DOUBLE: one per channel */
    const void *columns; /* what prepare_columns made of all this, aligned to 64; NULL: nothing */
};

/* Quantized floats times int8 weights: output = clamp(sum * (row_scale * weight_scale) + bias). */
struct pl_gemm_hybrid {
    const int8_t *weights;
    const float *bias;          /* NULL: none */
    const float *weight_scales; /* one per channel */
    const float *row_scales;    /* of input row x * row_step */
    const int32_t *row_zero_points;
    int32_t row_step; /* 1: every pixel of the row was quantized by itself; 0: all together */
    float low, high;
};

/* Float sums that begin before all of their inputs are there, and go on later: rows of floats that overlap, row r from
 * input + r * step on, times k [from_k, to_k) of the packed weights. sums[r * PL_GEMM_SUMS + n] goes on for output n of
 * the blocks from `block` on. */
enum { PL_GEMM_SUM_ROWS = 4, PL_GEMM_SUM_BLOCKS = 4, PL_GEMM_SUMS = PL_GEMM_SUM_BLOCKS * PL_GEMM_BLOCK };

struct pl_gemm_sums {
    const float *weights;
    int32_t depth; /* k of a block of weights */
    int32_t from_k, to_k;
    const float *input;
    int64_t step;
    int32_t rows;   /* 1 to PL_GEMM_SUM_ROWS */
    int32_t block;
    int32_t blocks; /* 1 to PL_GEMM_SUM_BLOCKS */
    float *sums;
};

/* Packs blocks [from, to), counted over all groups, to where they belong in `packed`. */
typedef void (*pl_gemm_pack_blocks)(void *packed, const void *raw, const struct pl_gemm_pack *pack,
                                    int64_t from, int64_t to);

struct pl_gemm_kernels {
    /* Packers. Weights of 2 and 4 bits become int8; uint8 by subtracting 128. The packers of
     * whole constants take a const struct pl_gemm_pack * as context. */
    void (*pack_f32)(void *packed, const void *raw, const void *pack);
    void (*pack_i2)(void *packed, const void *raw, const void *pack);
    void (*pack_i4)(void *packed, const void *raw, const void *pack);
    void (*pack_i8)(void *packed, const void *raw, const void *pack);
    void (*pack_u8)(void *packed, const void *raw, const void *pack);
    void (*pack_i16)(void *packed, const void *raw, const void *pack);
    pl_gemm_pack_blocks pack_blocks_f32;
    pl_gemm_pack_blocks pack_blocks_i2;
    pl_gemm_pack_blocks pack_blocks_i4;
    pl_gemm_pack_blocks pack_blocks_i8;
    pl_gemm_pack_blocks pack_blocks_u8;
    pl_gemm_pack_blocks pack_blocks_i16;
    struct pl_gemm_layout layout_f32;
    struct pl_gemm_layout layout_i8; /* of all that become int8 */
    struct pl_gemm_layout layout_i16;

    /* Bytes of scratch, aligned to 64, that kernels with int8 weights want for parts of up to
     * `pixels` pixels of elements of so many bytes; NULL: none. */
    size_t (*scratch)(const struct pl_gemm_shape *shape, int64_t pixels, int64_t element_bytes);

    /* What i8 (u8: is_unsigned) otherwise computes of weights, bias and multipliers in every call,
     * for where they are constant: column_bytes for each block; NULL: nothing. */
    int32_t column_bytes;
    void (*prepare_columns)(const struct pl_gemm_shape *shape,
                            const struct pl_gemm_integer *weights, bool is_unsigned, void *columns);

    void (*f32)(const struct pl_gemm_shape *shape, const struct pl_gemm_float *weights,
                const struct pl_gemm_part *part);
    /* Sums as f32 has them, without what comes behind them. */
    void (*add_f32)(const struct pl_gemm_sums *sums);
    /* Inputs int8 or uint8, weights int8, 32-bit sums. */
    void (*i8)(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
               const struct pl_gemm_part *part);
    void (*u8)(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
               const struct pl_gemm_part *part);
    /* Inputs int16, weights int8 or int16, 64-bit sums, input_zero_point 0. */
    void (*i16_i8)(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                   const struct pl_gemm_part *part);
    void (*i16_i16)(const struct pl_gemm_shape *shape, const struct pl_gemm_integer *weights,
                    const struct pl_gemm_part *part);
    void (*hybrid)(const struct pl_gemm_shape *shape, const struct pl_gemm_hybrid *weights,
                   const struct pl_gemm_part *part);

    /* Floats to int8 with a scale and a zero point of their own: values = scale * (quantized -
     * zero_point). */
    void (*quantize_symmetric)(const float *values, int64_t count, int8_t *quantized, float *scale,
                               int32_t *zero_point);
    void (*quantize_asymmetric)(const float *values, int64_t count, int8_t *quantized, float *scale,
                                int32_t *zero_point);
};

#endif
