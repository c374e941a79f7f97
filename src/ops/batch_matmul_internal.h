/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of BATCH_MATMUL: batch_matmul.c checks, batch_matmul_run.c computes. */
#ifndef PL_OPS_BATCH_MATMUL_INTERNAL_H
#define PL_OPS_BATCH_MATMUL_INTERNAL_H

#include "ops/gemm.h"

enum { PL_BATCH_MATMUL_LEFT, PL_BATCH_MATMUL_RIGHT };

enum pl_batch_matmul_kind {
    PL_BATCH_MATMUL_FLOAT,
    PL_BATCH_MATMUL_HYBRID,
    PL_BATCH_MATMUL_INT8,
    PL_BATCH_MATMUL_INT16,
    PL_BATCH_MATMUL_INT16_INT8
};

struct pl_batch_matmul {
    struct pl_gemm_operands operands; /* first: the stages of gemm.c read it */
    enum pl_batch_matmul_kind kind;
    struct pl_gemm_shape shape; /* of one product; the pixels are the rows */
    struct pl_shape batches;    /* leading dimensions of the output */
    /* From one index of a leading dimension to the next, in matrices; 0: broadcast. */
    int64_t left_steps[PL_MAX_RANK];
    int64_t right_steps[PL_MAX_RANK];
    int32_t turned_scratch; /* the left side transposed; -1: not needed */
    int32_t element_bytes;  /* of the left side */
    int32_t output_bytes;   /* of an output element */
    union {
        struct pl_gemm_float floats;
        struct pl_gemm_hybrid hybrid;
        struct pl_gemm_integer integers;
    };
};

pl_status pl_batch_matmul_eval_turn(const struct pl_eval *eval, int64_t from, int64_t to);
pl_status pl_batch_matmul_eval_product(const struct pl_eval *eval, int64_t from, int64_t to);

#endif
