/* SPDX-License-Identifier: Apache-2.0 */
/* What the operators on the matrix kernels share: weights that are packed once if they are
 * constant and at every run if they are not, and inputs that are quantized on the way. The
 * params of such an operator begin with a struct pl_gemm_operands, which the stages added here
 * read. */
#ifndef PL_OPS_GEMM_H
#define PL_OPS_GEMM_H

#include "kernels/gemm_kernels.h"
#include "ops/op.h"

/* Kernels compute tiles of pixels, and read all weights for a part of whatever size. So parts have so many pixels, and
 * few pixels are cut by blocks of outputs, each worker reading its own weights. Fewer are, if weights are so small that
 * they stay in every worker's cache: then what a worker makes of its pixels stays there as well for what comes next. */
enum { PL_GEMM_LEAST_PIXELS = 16, PL_GEMM_FEW_PIXELS = 96, PL_GEMM_SMALL_BYTES = 256 * 1024 };

static inline bool pl_gemm_cut_by_blocks(int64_t pixels, int32_t blocks, int64_t weight_bytes)
{
    const bool small = weight_bytes <= PL_GEMM_SMALL_BYTES;
    return pixels < (small ? 2 * PL_GEMM_LEAST_PIXELS : PL_GEMM_FEW_PIXELS) && blocks > 1;
}

struct pl_gemm_weights {
    int32_t input;        /* the raw weights */
    int32_t scratch;      /* where they are packed at run time; -1: constant */
    const void *constant; /* the packed constant, NULL if there is none */
    int64_t group_bytes;  /* of a packed group */
    struct pl_gemm_pack pack;
    pl_gemm_pack_blocks pack_blocks;
};

/* Rows of floats that become int8 with a scale and a zero point each. */
struct pl_gemm_rows {
    int32_t source_scratch; /* rows are read from there; -1: from an input */
    int32_t source_input;   /* 0 unless the operator says another one */
    int64_t length;
    bool asymmetric;
    int32_t values_scratch;      /* int8_t[count][length] */
    int32_t scales_scratch;      /* float[count] */
    int32_t zero_points_scratch; /* int32_t[count] */
};

/* Those three (bits). */
static inline uint32_t pl_gemm_row_scratches(const struct pl_gemm_rows *rows)
{
    return 1u << rows->values_scratch | 1u << rows->scales_scratch | 1u << rows->zero_points_scratch;
}

struct pl_gemm_operands {
    const struct pl_gemm_kernels *kernels;
    struct pl_gemm_weights weights;
    struct pl_gemm_rows rows;
    const char *columns;   /* of all groups, what the kernels made of constants; NULL: nothing */
    int64_t group_columns; /* bytes of those of a group */
    int32_t part_scratch;  /* of the parts; -1: none */
};

/* Packs input `input`, taken as float32, int2, int4, int8, uint8 or int16, or adds the stage
 * that does. */
pl_status pl_gemm_prepare_weights(struct pl_prepare *prepare, int32_t input, pl_type type,
                                  const struct pl_gemm_pack *pack,
                                  struct pl_gemm_operands *operands);
/* The packed weights of a group. */
const void *pl_gemm_packed(const struct pl_gemm_operands *operands, const struct pl_eval *eval,
                           int64_t group);

/* Lets the kernels with int8 weights prepare the outputs of `groups` groups, if weights and bias
 * (of the input `bias`, -1: none) are constants. `weights` is as eval has it, of the first group
 * and without weights and bias. */
pl_status pl_gemm_prepare_columns(struct pl_prepare *prepare, const struct pl_gemm_shape *shape,
                                  int32_t groups, const struct pl_gemm_integer *weights,
                                  int32_t bias, bool is_unsigned,
                                  struct pl_gemm_operands *operands);
/* Those of a group. */
const void *pl_gemm_columns(const struct pl_gemm_operands *operands, int64_t group);

/* Bytes of scratch that the kernels with int8 weights want for parts of up to `pixels` pixels of
 * elements of so many bytes. */
size_t pl_gemm_part_bytes(const struct pl_gemm_operands *operands,
                          const struct pl_gemm_shape *shape, int64_t pixels, int64_t element_bytes);
/* Asks for so many (0: none); to be called by every operator that has parts. */
void pl_gemm_prepare_parts(struct pl_prepare *prepare, size_t bytes,
                           struct pl_gemm_operands *operands);
/* For struct pl_gemm_part. */
void *pl_gemm_part_scratch(const struct pl_gemm_operands *operands, const struct pl_eval *eval);

/* Adds the stage that quantizes `count` rows of `length` floats of input 0, or of a scratch (-1:
 * none). */
pl_status pl_gemm_prepare_rows(struct pl_prepare *prepare, int64_t count, int64_t length,
                               bool asymmetric, int32_t source_scratch,
                               struct pl_gemm_operands *operands);

#endif
