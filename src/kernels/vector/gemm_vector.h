/* SPDX-License-Identifier: Apache-2.0 */
/* Matrix products of bytes: how weights lie, and what the files share that are written once for the
 * vectors of all ISAs.
 *
 * A block of 16 outputs is int8_t [steps][16][PL_GEMM_STEP], zeros behind the last k, then int32_t [16],
 * the sum of each output's weights. Inputs are taken as bytes u of the sign that the dot products
 * of the ISA want, so they are flipped, u = x - low, or not (low = 0), or as words, which hold either
 * sign; with z the zero point less low,
 *
 *     sum (x - zero_point) (w + offset) = sum u w - z sum w + offset (sum u - k z)
 *
 * so a column starts at its bias - z * (sum of its weights), a row adds offset * (sum u - k z), and
 * what lies outside of the image is u = z. */
#ifndef PL_KERNELS_VECTOR_GEMM_VECTOR_H
#define PL_KERNELS_VECTOR_GEMM_VECTOR_H

#include <stdbool.h>

#include "kernels/gemm_kernels.h"
#include "kernels/kernels.h"

/* A step is the k of an output that one product takes: four bytes, or two words where the level has no instruction that sums
 * up products of bytes without saturating. */
#if defined(PL_KERNELS_X86) && !defined(__AVX512F__) && !defined(__AVXVNNI__)
#define PL_GEMM_WORDS
enum { PL_GEMM_STEP = 2, PL_GEMM_INPUT_BYTES = 2 };
#else
enum { PL_GEMM_STEP = 4, PL_GEMM_INPUT_BYTES = 1 };
#endif
enum { PL_GEMM_SUM_BYTES = PL_GEMM_BLOCK * (int)sizeof(int32_t) };

/* k up to whole steps. */
static inline int64_t pl_gemm_padded(int64_t k)
{
    return (k + PL_GEMM_STEP - 1) / PL_GEMM_STEP * PL_GEMM_STEP;
}

static inline int64_t pl_gemm_packed_bytes(int64_t k)
{
    return pl_gemm_padded(k) * PL_GEMM_BLOCK + PL_GEMM_SUM_BYTES;
}

/* The packed weights and the sums of a block. */
static inline const int8_t *pl_gemm_packed_block(const void *packed, int64_t block, int64_t k)
{
    return (const int8_t *)packed + block * pl_gemm_packed_bytes(k);
}

static inline const int32_t *pl_gemm_packed_sums(const void *packed, int64_t block, int64_t k)
{
    return (const int32_t *)(const void *)(pl_gemm_packed_block(packed, block, k) +
                                           pl_gemm_padded(k) * PL_GEMM_BLOCK);
}

#define PL_DECLARE_PACK(name)                                                                      \
    void PL_LEVEL(pl_gemm_pack_##name##_vector)(void *packed, const void *raw, const void *pack);  \
    void PL_LEVEL(pl_gemm_pack_blocks_##name##_vector)(                                            \
        void *packed, const void *raw, const struct pl_gemm_pack *pack, int64_t from, int64_t to);
PL_DECLARE_PACK(i2)
PL_DECLARE_PACK(i4)
PL_DECLARE_PACK(i8)
PL_DECLARE_PACK(u8)
#undef PL_DECLARE_PACK

/* ---- rows of inputs -------------------------------------------------------------------------- */

/* The inputs of some pixels as rows of bytes u or of words, k padded by zeros to whole steps. */
struct pl_gemm_rows {
    const uint8_t *rows;
    int64_t stride;
};

/* What makes rows of an image. */
struct pl_gemm_source {
    const struct pl_gemm_shape *shape;
    const struct pl_gemm_part *part;
    int64_t element_bytes;      /* of the image; bytes are copied into PL_GEMM_INPUT_BYTES */
    uint8_t flip;               /* 128 makes int8 unsigned and uint8 signed, 0 leaves them */
    bool is_signed;             /* bytes that become words */
    const int32_t *zero_points; /* of pixel i of the part: [i * zero_step], what is outside of it */
    int32_t zero_step;
};

/* Rows of pixels [from, to) of the part, in `memory` of (to - from) * stride bytes where they must
 * be copied. */
struct pl_gemm_rows PL_LEVEL(pl_gemm_make_rows)(const struct pl_gemm_source *source, int32_t from,
                                                int32_t to, uint8_t *memory);
/* From one copied row to the next. */
int64_t PL_LEVEL(pl_gemm_row_stride)(const struct pl_gemm_shape *shape, int64_t element_bytes);
/* How many are made together, and the memory for that. element_bytes is that of copies, and for the memory that of the image. */
enum { PL_GEMM_MAX_ROWS = 112 };
int32_t PL_LEVEL(pl_gemm_rows_at_once)(const struct pl_gemm_shape *shape, int64_t element_bytes);
size_t PL_LEVEL(pl_gemm_scratch)(const struct pl_gemm_shape *shape, int64_t pixels,
                                 int64_t element_bytes);

void PL_LEVEL(pl_gemm_i16_i8_vector)(const struct pl_gemm_shape *shape,
                                     const struct pl_gemm_integer *weights,
                                     const struct pl_gemm_part *part);

/* For the table. */
#define PL_GEMM_PACK_VECTOR                                                                        \
    .pack_i2 = PL_LEVEL(pl_gemm_pack_i2_vector), .pack_i4 = PL_LEVEL(pl_gemm_pack_i4_vector),      \
    .pack_i8 = PL_LEVEL(pl_gemm_pack_i8_vector), .pack_u8 = PL_LEVEL(pl_gemm_pack_u8_vector),      \
    .pack_blocks_i2 = PL_LEVEL(pl_gemm_pack_blocks_i2_vector),                                     \
    .pack_blocks_i4 = PL_LEVEL(pl_gemm_pack_blocks_i4_vector),                                     \
    .pack_blocks_i8 = PL_LEVEL(pl_gemm_pack_blocks_i8_vector),                                     \
    .pack_blocks_u8 = PL_LEVEL(pl_gemm_pack_blocks_u8_vector),                                     \
    .layout_i8 = {1, PL_GEMM_STEP, PL_GEMM_SUM_BYTES}, .scratch = PL_LEVEL(pl_gemm_scratch),       \
    .i16_i8 = PL_LEVEL(pl_gemm_i16_i8_vector),

#endif
