/* SPDX-License-Identifier: Apache-2.0 */
/* One tile of a float matrix product, and even tiles behind each other: see gemm_f32_vector.c. */
#ifndef PL_KERNELS_VECTOR_GEMM_F32_TILE_H
#define PL_KERNELS_VECTOR_GEMM_F32_TILE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/gemm_kernels.h"
#include "kernels/vector/floats.h"

/* As many sums as there are registers for, beside the weights of one k. */
#if defined(__AVX512F__)
enum { TILE_ROWS = 12, TILE_BLOCKS = 2, MAX_BLOCKS = 4 };
#elif defined(__aarch64__)
enum { TILE_ROWS = 5, TILE_BLOCKS = 1, MAX_BLOCKS = 4 };
#else
enum { TILE_ROWS = 6, TILE_BLOCKS = 1, MAX_BLOCKS = 4 };
#endif

/* Taps that lie behind each other in memory. */
struct runs {
    int32_t rows, columns;                       /* how many */
    int64_t length;                              /* floats of one */
    int64_t row_step, column_step;               /* in the image, from one to the next */
    int64_t first_weight;                        /* in k */
    int64_t weight_row_step, weight_column_step; /* in k */
};

/* What is fetched meanwhile: `share` floats beside every AHEAD_K of a tile, for a core waits for few lines at a time. */
enum { AHEAD_K = 32 };
struct ahead {
    const float *from, *end;
    int64_t share;
};

struct tile {
    const float *rows[TILE_ROWS]; /* where each pixel's first tap is; of even tiles: the first's */
    float *outputs[TILE_ROWS];    /* output 0 of each pixel, or of the first */
    int64_t row_step;             /* of even tiles: bytes from one pixel to the next */
    int64_t output_step;          /* the same of outputs, in floats */
    int32_t repeat;               /* even tiles behind each other */
    const struct runs *runs;
    const float *weights; /* of the first block */
    int64_t block_floats; /* from one block to the next */
    const float *bias;    /* of the first block, or NULL */
    int32_t first;        /* output */
    int32_t last_count;   /* outputs of the last block of this tile */
    bool clamped;
    float low, high;
    struct ahead ahead;
};

/* What is known of a tile when it is compiled: `blocks` whole blocks and, if `half`, one of up to
 * eight outputs. */
struct form {
    int rows, blocks;
    bool half;
    bool even;     /* all pixels lie evenly apart */
    bool fetching; /* the next weights meanwhile */
};

struct sums {
    struct pl_floats wide[TILE_ROWS][MAX_BLOCKS];
    struct pl_half half[TILE_ROWS];
};

/* Where the rows of an even tile are: every third one, and how far it is from there to the next two. */
enum { THIRDS = (TILE_ROWS + 2) / 3 };
struct even_rows {
    const char *thirds[THIRDS];
    int64_t one, two;
};

/* Each is a number of its own to the compiler, or it makes a pointer for every row again. */
PL_ALWAYS_INLINE struct even_rows find_rows(const float *first, int64_t step)
{
    struct even_rows rows = {.one = step, .two = 2 * step};
    __asm__("" : "+r"(rows.two));
#pragma GCC unroll 4
    for (int i = 0; i < THIRDS; i++) {
        rows.thirds[i] = (const char *)first + 3 * i * step;
        __asm__("" : "+r"(rows.thirds[i]));
    }
    return rows;
}

PL_ALWAYS_INLINE float load_row(const struct even_rows *rows, int r)
{
    const int64_t offset = r % 3 == 0 ? 0 : r % 3 == 1 ? rows->one : rows->two;
    return *(const float *)(const void *)(rows->thirds[r / 3] + offset);
}

PL_ALWAYS_INLINE float *output_of(struct form form, const struct tile *tile, float *first, int r)
{
    return form.even ? first + r * tile->output_step : tile->outputs[r] + tile->first;
}

PL_ALWAYS_INLINE void clear(struct form form, struct sums *sums)
{
#pragma GCC unroll 12
    for (int r = 0; r < form.rows; r++) {
#pragma GCC unroll 4
        for (int b = 0; b < form.blocks; b++) sums->wide[r][b] = pl_floats_set(0.0f);
        if (form.half) sums->half[r] = pl_half_set(0.0f);
    }
}

static void fetch_share(struct ahead *ahead)
{
    const float *end = ahead->end - ahead->from > ahead->share ? ahead->from + ahead->share : ahead->end;
    for (; ahead->from < end; ahead->from += PL_GEMM_BLOCK) __builtin_prefetch(ahead->from, 0, 2);
}

/* One k of all rows, whose weights are here. */
PL_ALWAYS_INLINE void add_products(struct form form, const struct tile *tile, struct even_rows *rows, int64_t k,
                                   const float *weights, struct sums *sums)
{
    const int64_t step = tile->block_floats;
    struct pl_floats w[MAX_BLOCKS];
    struct pl_half last = pl_half_set(0.0f);
#pragma GCC unroll 4
    for (int b = 0; b < form.blocks; b++) w[b] = pl_floats_load(weights + b * step);
    if (form.half) last = pl_half_load(weights + form.blocks * step);
#pragma GCC unroll 12
    for (int r = 0; r < form.rows; r++) {
        const float input = form.even ? load_row(rows, r) : tile->rows[r][k];
        const struct pl_floats x = pl_floats_set(input);
#pragma GCC unroll 4
        for (int b = 0; b < form.blocks; b++) sums->wide[r][b] = pl_floats_fma(x, w[b], sums->wide[r][b]);
        if (form.half) {
            const struct pl_half y = form.blocks > 0 ? pl_floats_lower(x) : pl_half_set(input);
            sums->half[r] = pl_half_fma(y, last, sums->half[r]);
        }
    }
    if (form.even) {
#pragma GCC unroll 4
        for (int i = 0; i < THIRDS; i++) rows->thirds[i] += sizeof(float);
    }
}

/* k of a single row in one turn of the loop: it has few products. */
enum { TOGETHER = 4 };

/* `count` k from `offset` on. */
PL_ALWAYS_INLINE void add_run(struct form form, const struct tile *tile, const float *first,
                              int64_t offset, int64_t count, const float *weights, struct sums *sums)
{
    const int64_t end = offset + count;
    struct even_rows rows;
    int64_t k = offset;
    if (form.even) rows = find_rows(first + offset, tile->row_step);
    if (form.rows == 1) {
        for (; end - k >= TOGETHER; k += TOGETHER, weights += TOGETHER * PL_GEMM_BLOCK) {
#pragma GCC unroll 4
            for (int i = 0; i < TOGETHER; i++)
                add_products(form, tile, &rows, k + i, weights + i * PL_GEMM_BLOCK, sums);
        }
    }
    for (; k < end; k++, weights += PL_GEMM_BLOCK) add_products(form, tile, &rows, k, weights, sums);
}

/* The same in pieces, before each of which some of the next weights are fetched. */
PL_ALWAYS_INLINE void add_pieces(struct form form, struct tile *tile, const float *first, int64_t offset,
                                 const float *weights, struct sums *sums)
{
    const int64_t length = tile->runs->length;
    for (int64_t k = 0; k < length; k += AHEAD_K) {
        const int64_t count = length - k < AHEAD_K ? length - k : AHEAD_K;
        fetch_share(&tile->ahead);
        add_run(form, tile, first, offset + k, count, weights + k * PL_GEMM_BLOCK, sums);
    }
}

/* Block b of the tile, whole or its first last_count outputs. */
PL_ALWAYS_INLINE void finish_block(struct form form, int b, bool whole, const struct tile *tile,
                                   float *first, struct sums *sums)
{
    const struct pl_floats low = pl_floats_set(tile->low), high = pl_floats_set(tile->high);
    const struct pl_floats_mask mask = pl_floats_first(tile->last_count);
    const int64_t channel = tile->first + (int64_t)b * PL_GEMM_BLOCK;
    const bool clamped = tile->clamped;
    struct pl_floats bias = pl_floats_set(0.0f);
    if (tile->bias != NULL) {
        bias = whole ? pl_floats_load(tile->bias + channel)
                     : pl_floats_load_masked(tile->bias + channel, mask);
    }
#pragma GCC unroll 12
    for (int r = 0; r < form.rows; r++) {
        float *output = output_of(form, tile, first, r) + b * PL_GEMM_BLOCK;
        struct pl_floats result = pl_floats_add(sums->wide[r][b], bias);
        if (clamped) result = pl_floats_clamp(result, low, high);
        if (whole) pl_floats_store(output, result);
        else pl_floats_store_masked(output, result, mask);
    }
}

PL_ALWAYS_INLINE void finish_half(struct form form, const struct tile *tile, float *first,
                                  struct sums *sums)
{
    const struct pl_half low = pl_half_set(tile->low), high = pl_half_set(tile->high);
    const int32_t count = tile->last_count;
    const int64_t channel = tile->first + (int64_t)form.blocks * PL_GEMM_BLOCK;
    const bool clamped = tile->clamped;
    struct pl_half bias = pl_half_set(0.0f);
    if (tile->bias != NULL) bias = pl_half_load_first(tile->bias + channel, count);
#pragma GCC unroll 12
    for (int r = 0; r < form.rows; r++) {
        struct pl_half result = pl_half_add(sums->half[r], bias);
        if (clamped) result = pl_half_clamp(result, low, high);
        pl_half_store_first(output_of(form, tile, first, r) + form.blocks * PL_GEMM_BLOCK, result,
                            count);
    }
}

/* The tile whose first pixel is at `input`; of an even tile output `first` of that pixel goes to
 * `output`. */
PL_ALWAYS_INLINE void run_tile(struct form form, struct tile *tile, const float *input,
                               float *output)
{
    struct sums sums;
    clear(form, &sums);
    const struct runs *runs = tile->runs;
    for (int32_t j = 0; j < runs->rows; j++) {
        for (int32_t i = 0; i < runs->columns; i++) {
            const int64_t k =
                runs->first_weight + j * runs->weight_row_step + i * runs->weight_column_step;
            const int64_t offset = j * runs->row_step + i * runs->column_step;
            const float *weights = tile->weights + k * PL_GEMM_BLOCK;
            if (form.fetching) add_pieces(form, tile, input, offset, weights, &sums);
            else add_run(form, tile, input, offset, runs->length, weights, &sums);
        }
    }
    const int last = form.blocks - 1;
    for (int b = 0; b < last; b++) finish_block(form, b, true, tile, output, &sums);
    if (form.half) {
        if (form.blocks > 0) finish_block(form, last, true, tile, output, &sums);
        finish_half(form, tile, output, &sums);
    } else if (tile->last_count == PL_GEMM_BLOCK) {
        finish_block(form, last, true, tile, output, &sums);
    } else {
        finish_block(form, last, false, tile, output, &sums);
    }
}

/* Even tiles behind each other. */
PL_ALWAYS_INLINE void run_tiles(struct form form, struct tile *tile)
{
    const float *input = tile->rows[0];
    float *output = tile->outputs[0] + tile->first;
    const int64_t input_step = form.rows * (tile->row_step / (int64_t)sizeof(float));
    for (int32_t i = 0; i < tile->repeat; i++) {
        run_tile(form, tile, input, output);
        input += input_step;
        output += form.rows * tile->output_step;
    }
}

#endif
