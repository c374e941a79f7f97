/* SPDX-License-Identifier: Apache-2.0 */
/* What recurrent operators on float activations share: matrices that multiply vectors, float, or
 * int8 with one scale ("hybrid": then every vector is quantized first, by itself), and inputs that
 * are states. The params of such an operator begin with a struct pl_recurrent, which the stage
 * added here reads. */
#ifndef PL_OPS_RECURRENT_H
#define PL_OPS_RECURRENT_H

#include "kernels/recurrent_kernels.h"
#include "ops/check.h"
#include "ops/op.h"

/* Sums of int8 products of this many elements fit 32 bits. */
enum { PL_RECURRENT_MOST_ELEMENTS = 1 << 16, PL_RECURRENT_MOST_MATRICES = 26 };

/* One matrix, [rows][depth]. */
struct pl_recurrent_weights {
    int32_t input; /* of the operator */
    int32_t rows;
    int32_t depth;
    const void *ready;   /* of a constant: packed floats, or, hybrid, the sums of the rows; else */
    size_t ready_offset; /* where the stage puts them in the scratch */
    float scale;         /* hybrid */
};

struct pl_recurrent {
    const struct pl_recurrent_kernels *kernels;
    bool hybrid;
    void (*quantize)(const float *values, int64_t count, int8_t *quantized, float *scale,
                     int32_t *zero_point);
    int32_t scratch; /* for matrices that are no constants */
    int32_t late_count;
    size_t late_bytes;
    const struct pl_recurrent_weights *late[PL_RECURRENT_MOST_MATRICES];
};

/* A vector on its way into products; quantized has room for it if the weights are hybrid. */
struct pl_recurrent_factor {
    const float *values;
    int8_t *quantized;
    float scale;
    int32_t zero_point;
};

/* weights_type: float32, int8, or uint8, which the reference takes for int8. */
void pl_recurrent_prepare(struct pl_prepare *prepare, pl_type weights_type, bool asymmetric,
                          struct pl_recurrent *recurrent);
/* Takes a matrix whose type and shape are checked; `weights` must stay where it is. */
pl_status pl_recurrent_prepare_weights(struct pl_prepare *prepare, struct pl_recurrent *recurrent,
                                       int32_t input, struct pl_recurrent_weights *weights);
/* Adds the stage for matrices that are no constants, if there are any. */
void pl_recurrent_prepare_late(struct pl_prepare *prepare, struct pl_recurrent *recurrent);

/* sums[r] = sum over k of matrix[r][k]. */
void pl_recurrent_sum_rows(int32_t *sums, const int8_t *matrix, int32_t rows, int32_t depth);

void pl_recurrent_take(const struct pl_recurrent *recurrent, const float *values, int32_t count,
                       struct pl_recurrent_factor *factor);
/* sums += weights * factor */
void pl_recurrent_add(const struct pl_recurrent *recurrent, const struct pl_eval *eval,
                      const struct pl_recurrent_weights *weights,
                      const struct pl_recurrent_factor *factor, float *sums);

/* The kernels' number for a fused activation; PL_UNSUPPORTED if they have none. */
pl_status pl_recurrent_activation(struct pl_prepare *prepare, int64_t activation,
                                  enum pl_recurrent_activation *found);

/* A state: a variable tensor of this type with so many elements. */
pl_status pl_recurrent_check_state(struct pl_prepare *prepare, int32_t input, pl_type type,
                                   int64_t count);
/* An input of exactly this type and shape. */
pl_status pl_recurrent_check_tensor(struct pl_prepare *prepare, int32_t input, uint32_t types,
                                    struct pl_shape shape);

/* State tensors are inputs of the operator that it writes: variables have memory of their own. */
static inline void *pl_recurrent_state(const struct pl_eval *eval, int32_t input)
{
    return (void *)(uintptr_t)eval->inputs[input];
}

static inline struct pl_shape pl_recurrent_matrix_shape(int32_t rows, int32_t columns)
{
    return (struct pl_shape){2, {rows, columns}};
}

static inline struct pl_shape pl_recurrent_vector_shape(int32_t count)
{
    return (struct pl_shape){1, {count}};
}

#endif
