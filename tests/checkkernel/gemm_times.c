/* SPDX-License-Identifier: Apache-2.0 */
/* How long matrix products of layers take. */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/gemm_kernels.h"
#include "times.h"

/* size x size pixels of `depth` under taps x taps (taps / 2 of padding) to `channels`. */
struct layer {
    int32_t size, taps, depth, channels;
};

/* Layers of MobileNet, ResNet, a super-resolution network and a transformer; the last one is dense. */
static const struct layer layers[] = {
    {112, 1, 32, 64},  {56, 1, 128, 128}, {14, 1, 512, 512}, {7, 1, 1024, 1024}, {56, 1, 24, 144},
    {56, 1, 144, 24},  {14, 1, 96, 576},  {14, 1, 576, 96},  {112, 3, 3, 32},    {56, 3, 64, 64},
    {14, 3, 256, 256}, {7, 3, 512, 512},  {96, 3, 32, 32},   {11, 1, 256, 1024}, {1, 1, 1024, 1001}};

enum kind { INT8, UINT8, FLOATS, HYBRID };

/* One layer; what is not of its kind stays 0. */
struct timed {
    const struct pl_gemm_kernels *kernels;
    enum kind kind;
    struct pl_gemm_shape shape;
    struct pl_gemm_integer integers;
    struct pl_gemm_float floats;
    struct pl_gemm_hybrid hybrid;
    struct pl_gemm_part part;
    void *packed, *input, *columns;
    struct pl_multiplier *multipliers;
    void *bias; /* zeros: of any type */
    float *scales;
};

static void run_timed(void *context)
{
    const struct timed *timed = context;
    switch (timed->kind) {
    case INT8: timed->kernels->i8(&timed->shape, &timed->integers, &timed->part); break;
    case UINT8: timed->kernels->u8(&timed->shape, &timed->integers, &timed->part); break;
    case FLOATS: timed->kernels->f32(&timed->shape, &timed->floats, &timed->part); break;
    case HYBRID: timed->kernels->hybrid(&timed->shape, &timed->hybrid, &timed->part); break;
    }
}

static struct pl_gemm_shape shape_of(const struct layer *layer)
{
    const int32_t size = layer->size, taps = layer->taps;
    if (taps == 1) return pl_gemm_matrix(size * size, layer->depth, layer->channels);
    return (struct pl_gemm_shape){
        .patch = {size, size, layer->depth, taps, taps, 1, 1, 1, 1, taps / 2, taps / 2},
        .depth = layer->depth,
        .channels = layer->channels,
        .output_stride = layer->channels,
        .output_width = size};
}

static void pack(struct timed *timed, const struct layer *layer)
{
    const struct pl_gemm_kernels *kernels = timed->kernels;
    const int32_t k = layer->taps * layer->taps * layer->depth, channels = layer->channels;
    const struct pl_gemm_pack pack = {
        .groups = 1, .channels = channels, .depth = k, .channel_stride = k, .depth_stride = 1};
    const bool floats = timed->kind == FLOATS;
    const size_t count = (size_t)channels * (size_t)k;
    const struct pl_gemm_layout layout = floats ? kernels->layout_f32 : kernels->layout_i8;
    void *raw = floats ? (void *)times_floats(count) : times_bytes(count);
    timed->packed =
        times_zeros((size_t)pl_gemm_blocks(channels) * (size_t)pl_gemm_block_bytes(layout, k));
    (floats                  ? kernels->pack_f32
     : timed->kind == UINT8 ? kernels->pack_u8
                             : kernels->pack_i8)(timed->packed, raw, &pack);
    free(raw);
}

static void prepare_columns(struct timed *timed)
{
    const struct pl_gemm_kernels *kernels = timed->kernels;
    const int32_t blocks = pl_gemm_blocks(timed->shape.channels);
    if (kernels->prepare_columns == NULL || timed->kind == FLOATS || timed->kind == HYBRID) return;
    timed->columns = times_zeros((size_t)blocks * (size_t)kernels->column_bytes);
    kernels->prepare_columns(&timed->shape, &timed->integers, timed->kind == UINT8, timed->columns);
    timed->integers.columns = timed->columns;
}

static void prepare_operands(struct timed *timed, int32_t pixels)
{
    const bool is_unsigned = timed->kind == UINT8;
    timed->integers = (struct pl_gemm_integer){
        .weights = timed->packed,
        .bias = timed->bias,
        .multipliers = timed->multipliers,
        .input_zero_point = 3,
        .weight_offset = is_unsigned ? 7 : 0,
        .range = {0, is_unsigned ? 0 : -128, is_unsigned ? 255 : 127},
        .rounding = PL_GEMM_FIXED,
        .output = is_unsigned ? PL_GEMM_UINT8 : PL_GEMM_INT8,
    };
    timed->floats = (struct pl_gemm_float){timed->packed, timed->bias, 0.0f, 6.0f};
    timed->hybrid = (struct pl_gemm_hybrid){.weights = timed->packed,
                                            .bias = timed->bias,
                                            .weight_scales = timed->scales,
                                            .row_scales = timed->scales + timed->shape.channels,
                                            .row_zero_points = timed->bias,
                                            .row_step = 1,
                                            .low = 0.0f,
                                            .high = 6.0f};
    timed->part.to_x = pixels;
    timed->part.to_block = pl_gemm_blocks(timed->shape.channels);
    timed->part.input = timed->input;
    prepare_columns(timed);
}

static void time_layer(const struct bench *bench, enum kind kind, const struct layer *layer)
{
    const int32_t pixels = layer->size * layer->size, channels = layer->channels;
    const size_t inputs = (size_t)pixels * (size_t)layer->depth;
    const size_t per_any = (size_t)(pixels > channels ? pixels : channels);
    struct timed timed = {.kernels = bench->kernels->gemm, .kind = kind, .shape = shape_of(layer)};
    pack(&timed, layer);
    timed.input = kind == FLOATS ? (void *)times_floats(inputs) : times_bytes(inputs);
    timed.multipliers = times_multipliers(channels, -9);
    timed.bias = times_zeros(per_any * sizeof(int32_t));
    timed.scales = times_floats((size_t)channels + (size_t)pixels);
    timed.part.output = times_zeros((size_t)pixels * (size_t)channels * sizeof(float));
    prepare_operands(&timed, pixels);
    if (timed.kernels->scratch != NULL && kind != FLOATS)
        timed.part.scratch = times_zeros(timed.kernels->scratch(&timed.shape, pixels, 1));
    char what[64];
    snprintf(what, sizeof what, "%d^2 px, %d^2 taps, %d to %d", layer->size, layer->taps, layer->depth,
             channels);
    bench_time(bench, what, run_timed, &timed,
               (double)inputs * layer->taps * layer->taps * channels,
               kind == FLOATS ? bench->peak.float_macs : bench->peak.byte_macs);
    free(timed.packed);
    free(timed.input);
    free(timed.columns);
    free(timed.multipliers);
    free(timed.bias);
    free(timed.scales);
    free(timed.part.output);
    free(timed.part.scratch);
}

static void time_layers(const struct bench *bench, enum kind kind)
{
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        time_layer(bench, kind, &layers[i]);
}

void bench_gemm_i8(const struct bench *bench)
{
    time_layers(bench, INT8);
}

void bench_gemm_u8(const struct bench *bench)
{
    time_layers(bench, UINT8);
}

void bench_gemm_f32(const struct bench *bench)
{
    time_layers(bench, FLOATS);
}

void bench_gemm_hybrid(const struct bench *bench)
{
    time_layers(bench, HYBRID);
}
