/* SPDX-License-Identifier: Apache-2.0 */
/* Running BATCH_MATMUL: see batch_matmul_internal.h. */
#include "ops/batch_matmul_internal.h"

#define DEFINE_TURN(type)                                                                          \
    static void turn_##type(type *to, const type *from, int32_t rows, int32_t depth)               \
    {                                                                                              \
        for (int64_t row = 0; row < rows; row++) {                                                 \
            for (int64_t k = 0; k < depth; k++) to[row * depth + k] = from[k * rows + row];        \
        }                                                                                          \
    }

DEFINE_TURN(uint8_t)
DEFINE_TURN(uint16_t)
DEFINE_TURN(uint32_t)

/* A unit is a matrix of the left side. */
pl_status pl_batch_matmul_eval_turn(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_batch_matmul *product = eval->params;
    const int32_t rows = product->shape.patch.width, depth = product->shape.depth;
    const int64_t bytes = (int64_t)rows * depth * product->element_bytes;
    for (int64_t unit = from; unit < to; unit++) {
        const void *source = (const char *)eval->inputs[PL_BATCH_MATMUL_LEFT] + unit * bytes;
        void *target = (char *)eval->scratch[product->turned_scratch] + unit * bytes;
        switch (product->element_bytes) {
        case 1: turn_uint8_t(target, source, rows, depth); break;
        case 2: turn_uint16_t(target, source, rows, depth); break;
        default: turn_uint32_t(target, source, rows, depth); break;
        }
    }
    return PL_OK;
}

/* The matrices that output matrix `batch` is the product of. */
static void find_matrices(const struct pl_batch_matmul *product, int64_t batch, int64_t *left,
                          int64_t *right)
{
    *left = *right = 0;
    for (int32_t axis = product->batches.rank - 1; axis >= 0; axis--) {
        const int64_t index = batch % product->batches.dims[axis];
        batch /= product->batches.dims[axis];
        *left += index * product->left_steps[axis];
        *right += index * product->right_steps[axis];
    }
}

static void run_hybrid(const struct pl_batch_matmul *product, const struct pl_eval *eval,
                       int64_t left, const void *packed, struct pl_gemm_part part)
{
    const struct pl_gemm_rows *rows = &product->operands.rows;
    const int64_t first = left * product->shape.patch.width;
    struct pl_gemm_hybrid weights = product->hybrid;
    part.input = (const int8_t *)eval->scratch[rows->values_scratch] + first * product->shape.depth;
    weights.weights = packed;
    weights.row_scales = (const float *)eval->scratch[rows->scales_scratch] + first;
    weights.row_zero_points = (const int32_t *)eval->scratch[rows->zero_points_scratch] + first;
    product->operands.kernels->hybrid(&product->shape, &weights, &part);
}

static void run_integer(const struct pl_batch_matmul *product, const void *packed,
                        const struct pl_gemm_part *part)
{
    const struct pl_gemm_kernels *kernels = product->operands.kernels;
    struct pl_gemm_integer weights = product->integers;
    weights.weights = packed;
    switch (product->kind) {
    case PL_BATCH_MATMUL_INT16: kernels->i16_i16(&product->shape, &weights, part); break;
    case PL_BATCH_MATMUL_INT16_INT8: kernels->i16_i8(&product->shape, &weights, part); break;
    default: kernels->i8(&product->shape, &weights, part); break;
    }
}

/* Rows [from, to) of one output matrix. */
static void run_rows(const struct pl_batch_matmul *product, const struct pl_eval *eval,
                     int64_t batch, int64_t from, int64_t to)
{
    const struct pl_gemm_shape *shape = &product->shape;
    const int64_t rows = shape->patch.width;
    int64_t left = 0, right = 0;
    find_matrices(product, batch, &left, &right);
    const void *packed = pl_gemm_packed(&product->operands, eval, right);
    const char *source = product->turned_scratch >= 0 ? eval->scratch[product->turned_scratch]
                                                      : eval->inputs[PL_BATCH_MATMUL_LEFT];
    struct pl_gemm_part part = {
        .input = source + left * rows * shape->depth * product->element_bytes,
        .output = (char *)eval->outputs[0] + batch * rows * shape->channels * product->output_bytes,
        .from_x = (int32_t)from,
        .to_x = (int32_t)to,
        .to_block = pl_gemm_blocks(shape->channels),
        .scratch = pl_gemm_part_scratch(&product->operands, eval),
    };
    if (product->kind == PL_BATCH_MATMUL_FLOAT) {
        struct pl_gemm_float weights = product->floats;
        weights.weights = packed;
        product->operands.kernels->f32(shape, &weights, &part);
    } else if (product->kind == PL_BATCH_MATMUL_HYBRID) {
        run_hybrid(product, eval, left, packed, part);
    } else {
        run_integer(product, packed, &part);
    }
}

pl_status pl_batch_matmul_eval_product(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_batch_matmul *product = eval->params;
    const int64_t rows = product->shape.patch.width;
    while (from < to) {
        const int64_t batch = from / rows, end = (batch + 1) * rows < to ? (batch + 1) * rows : to;
        run_rows(product, eval, batch, from - batch * rows, end - batch * rows);
        from = end;
    }
    return PL_OK;
}
