/* SPDX-License-Identifier: Apache-2.0 */
/* The sums of the reference's matrix products: what adds a run of k products to a tile of up to
 * TILE_ROWS pixels by one block of outputs, for every pair of types. */
#ifndef PL_KERNELS_C_GEMM_SUMS_C_H
#define PL_KERNELS_C_GEMM_SUMS_C_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/gemm_kernels.h"

enum { BLOCK = PL_GEMM_BLOCK, TILE_ROWS = 4, WIDE_RUN = 128, SHORT_RUN = 128 };

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* The sums of a tile. Integers are unsigned so that they wrap. */
union sums {
    float f32[TILE_ROWS][BLOCK];
    uint32_t i32[TILE_ROWS][BLOCK];
    uint64_t i64[TILE_ROWS][BLOCK];
};

/* k products for every sum: row r of the tile reads k numbers from input + r * row_stride on. */
struct run {
    const void *input;
    ptrdiff_t row_stride;
    const void *weights;
    int64_t k;
    int32_t zero_points[TILE_ROWS]; /* of the inputs */
    int32_t weight_offset;
};

typedef void (*add_function)(union sums *sums, const struct run *run);

/* Vectors of the compiler's own: they keep a tile's sums in registers, where arrays would go
 * through memory. */
typedef float float_lanes __attribute__((vector_size(32)));
typedef uint32_t word_lanes __attribute__((vector_size(32)));
typedef int32_t signed_lanes __attribute__((vector_size(32)));
typedef int8_t byte_lanes __attribute__((vector_size(16)));
typedef int16_t short_lanes __attribute__((vector_size(32)));
typedef int16_t half_lanes __attribute__((vector_size(16)));
enum { LANES = 8, VECTORS = BLOCK / LANES };

static ALWAYS_INLINE void multiply_add(float_lanes *sum, float x, const float_lanes *weights)
{
    float_lanes result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = fmaf(x, (*weights)[lane], (*sum)[lane]);
    *sum = result;
}

static ALWAYS_INLINE void add_f32(int rows, int vectors, union sums *sums, const struct run *run)
{
    const float *input = run->input, *weights = run->weights;
    float_lanes local[TILE_ROWS][VECTORS];
    memcpy(local, sums->f32, sizeof local);
    for (int64_t i = 0; i < run->k; i++, weights += BLOCK) {
        float_lanes w[VECTORS];
        memcpy(w, weights, sizeof w);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            const float x = input[r * run->row_stride + i];
            for (int v = 0; v < vectors; v++) multiply_add(&local[r][v], x, &w[v]);
        }
    }
    memcpy(sums->f32, local, sizeof local);
}

/* A block of int8 weights plus their offset, as words. */
static ALWAYS_INLINE void widen_weights(const int8_t *weights, int32_t offset,
                                        word_lanes words[VECTORS])
{
    byte_lanes bytes;
    memcpy(&bytes, weights, sizeof bytes);
    const short_lanes shorts = __builtin_convertvector(bytes, short_lanes);
    half_lanes halves[VECTORS];
    memcpy(halves, &shorts, sizeof shorts);
    for (int v = 0; v < VECTORS; v++) {
        const signed_lanes wide = __builtin_convertvector(halves[v], signed_lanes);
        words[v] = (word_lanes)(wide + offset);
    }
}

#define DEFINE_ADD_BYTES(name, input_type)                                                         \
    static ALWAYS_INLINE void add_offset_##name(int rows, int vectors, int32_t offset,             \
                                                union sums *sums, const struct run *run)           \
    {                                                                                              \
        const input_type *input = run->input;                                                      \
        const int8_t *weights = run->weights;                                                      \
        word_lanes local[TILE_ROWS][VECTORS];                                                      \
        memcpy(local, sums->i32, sizeof local);                                                    \
        for (int64_t from = 0; from < run->k; from += SHORT_RUN) {                                 \
            /* Inputs are widened together, so that the inner loop only spreads them. */           \
            const int64_t count = run->k - from < SHORT_RUN ? run->k - from : SHORT_RUN;           \
            int32_t x[TILE_ROWS][SHORT_RUN];                                                       \
            for (int r = 0; r < rows; r++)                                                         \
                for (int64_t i = 0; i < count; i++)                                                \
                    x[r][i] = input[r * run->row_stride + from + i] - run->zero_points[r];         \
            for (int64_t i = 0; i < count; i++, weights += BLOCK) {                                \
                word_lanes w[VECTORS];                                                             \
                widen_weights(weights, offset, w);                                                 \
                _Pragma("GCC unroll 4") for (int r = 0; r < rows; r++)                             \
                {                                                                                  \
                    for (int v = 0; v < vectors; v++) local[r][v] += w[v] * (uint32_t)x[r][i];     \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        memcpy(sums->i32, local, sizeof local);                                                    \
    }                                                                                              \
    /* Most weights have no offset, and then it costs nothing. */                                  \
    static ALWAYS_INLINE void add_##name(int rows, int vectors, union sums *sums,                  \
                                         const struct run *run)                                    \
    {                                                                                              \
        if (run->weight_offset == 0) add_offset_##name(rows, vectors, 0, sums, run);               \
        else add_offset_##name(rows, vectors, run->weight_offset, sums, run);                      \
    }

DEFINE_ADD_BYTES(i8, int8_t)
DEFINE_ADD_BYTES(u8, uint8_t)

/* A weight with its offset has 9 bits and a product 24, so WIDE_RUN of them fit into 32. */
static ALWAYS_INLINE void add_i16_i8(int rows, int vectors, union sums *sums, const struct run *run)
{
    const int16_t *input = run->input;
    const int8_t *weights = run->weights;
    for (int64_t from = 0; from < run->k; from += WIDE_RUN) {
        const int64_t to = run->k - from < WIDE_RUN ? run->k : from + WIDE_RUN;
        word_lanes local[TILE_ROWS][VECTORS] = {{{0}}};
        for (int64_t i = from; i < to; i++, weights += BLOCK) {
            word_lanes w[VECTORS];
            widen_weights(weights, run->weight_offset, w);
#pragma GCC unroll 4
            for (int r = 0; r < rows; r++) {
                const int32_t x = input[r * run->row_stride + i];
                for (int v = 0; v < vectors; v++) local[r][v] += w[v] * (uint32_t)x;
            }
        }
        for (int r = 0; r < rows; r++) {
            int32_t part[BLOCK];
            memcpy(part, local[r], sizeof part);
            for (int n = 0; n < BLOCK; n++) sums->i64[r][n] += (uint64_t)(int64_t)part[n];
        }
    }
}

static ALWAYS_INLINE void add_i16_i16(int rows, int vectors, union sums *sums,
                                      const struct run *run)
{
    const int16_t *input = run->input, *weights = run->weights;
    for (int64_t i = 0; i < run->k; i++, weights += BLOCK) {
        for (int r = 0; r < rows; r++) {
            const int64_t x = input[r * run->row_stride + i];
            for (int n = 0; n < vectors * LANES; n++)
                sums->i64[r][n] += (uint64_t)(x * (weights[n] + run->weight_offset));
        }
    }
}

/* For a whole tile and for a single row, for a whole block and for one with up to LANES outputs:
 * the numbers must be constants for the sums to stay in registers. */
#define DEFINE_ADD_ROWS(name)                                                                      \
    static void add_##name##_tile(union sums *sums, const struct run *run)                         \
    {                                                                                              \
        add_##name(TILE_ROWS, VECTORS, sums, run);                                                 \
    }                                                                                              \
    static void add_##name##_row(union sums *sums, const struct run *run)                          \
    {                                                                                              \
        add_##name(1, VECTORS, sums, run);                                                         \
    }                                                                                              \
    static void add_##name##_narrow_tile(union sums *sums, const struct run *run)                  \
    {                                                                                              \
        add_##name(TILE_ROWS, 1, sums, run);                                                       \
    }                                                                                              \
    static void add_##name##_narrow_row(union sums *sums, const struct run *run)                   \
    {                                                                                              \
        add_##name(1, 1, sums, run);                                                               \
    }
#define ADD_ROWS(name)                                                                             \
    {                                                                                              \
        add_##name##_tile, add_##name##_row, add_##name##_narrow_tile, add_##name##_narrow_row     \
    }

DEFINE_ADD_ROWS(f32)
DEFINE_ADD_ROWS(i8)
DEFINE_ADD_ROWS(u8)
DEFINE_ADD_ROWS(i16_i8)
DEFINE_ADD_ROWS(i16_i16)

struct sum_type {
    size_t input_bytes, weight_bytes; /* of an element */
    add_function add[4];              /* see DEFINE_ADD_ROWS */
};

#endif
