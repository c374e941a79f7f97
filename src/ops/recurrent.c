/* SPDX-License-Identifier: Apache-2.0 */
/* Weights, vectors and states of recurrent operators: see recurrent.h. */
#include "ops/recurrent.h"

#include <assert.h>

#include "kernels/gemm_kernels.h"

/* ---- weights --------------------------------------------------------------------------------- */

void pl_recurrent_sum_rows(int32_t *sums, const int8_t *matrix, int32_t rows, int32_t depth)
{
    for (int32_t r = 0; r < rows; r++, matrix += depth) {
        sums[r] = 0;
        for (int32_t k = 0; k < depth; k++) sums[r] += matrix[k];
    }
}

/* A unit makes one matrix ready. */
static pl_status eval_late(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_recurrent *recurrent = eval->params;
    for (int64_t i = from; i < to; i++) {
        const struct pl_recurrent_weights *weights = recurrent->late[i];
        const void *matrix = eval->inputs[weights->input];
        void *ready = (char *)eval->scratch[recurrent->scratch] + weights->ready_offset;
        if (recurrent->hybrid) pl_recurrent_sum_rows(ready, matrix, weights->rows, weights->depth);
        else recurrent->kernels->pack_float(ready, matrix, weights->rows, weights->depth);
    }
    return PL_OK;
}

struct pack_context {
    const struct pl_recurrent_kernels *kernels;
    int32_t rows;
    int32_t depth;
};

static void pack_matrix(void *to, const void *raw, const void *context)
{
    const struct pack_context *pack = context;
    pack->kernels->pack_float(to, raw, pack->rows, pack->depth);
}

static size_t ready_bytes(const struct pl_recurrent *recurrent,
                          const struct pl_recurrent_weights *weights)
{
    const int64_t blocks = (weights->rows + PL_RECURRENT_BLOCK - 1) / PL_RECURRENT_BLOCK;
    if (recurrent->hybrid) return (size_t)weights->rows * sizeof(int32_t);
    return (size_t)(blocks * PL_RECURRENT_BLOCK) * (size_t)weights->depth * sizeof(float);
}

static pl_status prepare_constant(struct pl_prepare *prepare, const struct pl_recurrent *recurrent,
                                  struct pl_recurrent_weights *weights)
{
    const struct pl_value *value = prepare->inputs[weights->input];
    const size_t bytes = ready_bytes(recurrent, weights);
    if (recurrent->hybrid) {
        int32_t *sums = pl_prepare_allocate(prepare, bytes);
        if (sums == NULL) return PL_OUT_OF_MEMORY;
        pl_recurrent_sum_rows(sums, value->constant, weights->rows, weights->depth);
        weights->ready = sums;
        return PL_OK;
    }
    const struct pack_context context = {recurrent->kernels, weights->rows, weights->depth};
    const struct pl_packing packing = {
        .pack = pack_matrix,
        .context = &context,
        .context_bytes = sizeof context,
        .parameters = {(uint64_t)weights->rows, (uint64_t)weights->depth},
        .bytes = bytes,
    };
    return pl_prepare_pack(prepare, weights->input, &packing, &weights->ready);
}

void pl_recurrent_prepare(struct pl_prepare *prepare, pl_type weights_type, bool asymmetric,
                          struct pl_recurrent *recurrent)
{
    const struct pl_gemm_kernels *gemm = prepare->kernels->gemm;
    recurrent->kernels = prepare->kernels->recurrent;
    recurrent->hybrid = weights_type != PL_FLOAT32;
    recurrent->quantize = asymmetric ? gemm->quantize_asymmetric : gemm->quantize_symmetric;
}

pl_status pl_recurrent_prepare_weights(struct pl_prepare *prepare, struct pl_recurrent *recurrent,
                                       int32_t input, struct pl_recurrent_weights *weights)
{
    const struct pl_value *value = prepare->inputs[input];
    weights->input = input;
    weights->rows = value->shape.dims[0];
    weights->depth = value->shape.dims[1];
    if (recurrent->hybrid) {
        PL_TRY(pl_check_quantized(prepare, pl_input(input)));
        if (value->tensor->type == PL_INT8) PL_TRY(pl_check_symmetric(prepare, pl_input(input)));
        weights->scale = value->tensor->quantization.scales[0];
    }
    /* Floats of which only the packed form is left have a holder alone. */
    const bool known = recurrent->hybrid ? value->constant != NULL : value->holder != NULL;
    if (known && pl_shape_count(&value->shape) > 0)
        return prepare_constant(prepare, recurrent, weights);
    assert(recurrent->late_count < PL_RECURRENT_MOST_MATRICES);
    weights->ready_offset = recurrent->late_bytes;
    recurrent->late_bytes += ready_bytes(recurrent, weights);
    recurrent->late[recurrent->late_count++] = weights;
    return PL_OK;
}

void pl_recurrent_prepare_late(struct pl_prepare *prepare, struct pl_recurrent *recurrent)
{
    if (recurrent->late_count == 0) return;
    recurrent->scratch = pl_prepare_scratch(prepare, recurrent->late_bytes, false);
    pl_prepare_stage(prepare, eval_late, recurrent->late_count,
                     (int64_t)(recurrent->late_bytes / (size_t)recurrent->late_count));
}

/* ---- products -------------------------------------------------------------------------------- */

void pl_recurrent_take(const struct pl_recurrent *recurrent, const float *values, int32_t count,
                       struct pl_recurrent_factor *factor)
{
    factor->values = values;
    if (recurrent->hybrid)
        recurrent->quantize(values, count, factor->quantized, &factor->scale, &factor->zero_point);
}

void pl_recurrent_add(const struct pl_recurrent *recurrent, const struct pl_eval *eval,
                      const struct pl_recurrent_weights *weights,
                      const struct pl_recurrent_factor *factor, float *sums)
{
    const void *ready = weights->ready;
    if (ready == NULL)
        ready = (const char *)eval->scratch[recurrent->scratch] + weights->ready_offset;
    if (recurrent->hybrid) {
        const struct pl_recurrent_matrix matrix = {eval->inputs[weights->input], weights->rows,
                                                   weights->depth};
        recurrent->kernels->add_product_hybrid(sums, factor->quantized, &matrix, ready,
                                               factor->zero_point, factor->scale * weights->scale);
        return;
    }
    recurrent->kernels->add_product_float(sums, factor->values, ready, weights->rows,
                                          weights->depth);
}

/* ---- checks ---------------------------------------------------------------------------------- */

pl_status pl_recurrent_activation(struct pl_prepare *prepare, int64_t activation,
                                  enum pl_recurrent_activation *found)
{
    switch (activation) {
    case PL_ActivationFunctionType_NONE: *found = PL_RECURRENT_NONE; return PL_OK;
    case PL_ActivationFunctionType_RELU: *found = PL_RECURRENT_RELU; return PL_OK;
    case PL_ActivationFunctionType_RELU_N1_TO_1: *found = PL_RECURRENT_RELU_N1_TO_1; return PL_OK;
    case PL_ActivationFunctionType_RELU6: *found = PL_RECURRENT_RELU6; return PL_OK;
    case PL_ActivationFunctionType_TANH: *found = PL_RECURRENT_TANH; return PL_OK;
    default:
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "fused activation %lld is not supported",
                               (long long)activation);
    }
}

pl_status pl_recurrent_check_tensor(struct pl_prepare *prepare, int32_t input, uint32_t types,
                                    struct pl_shape shape)
{
    PL_TRY(pl_check_type(prepare, pl_input(input), types));
    if (pl_shape_equal(&prepare->inputs[input]->shape, &shape)) return PL_OK;
    char found[PL_SHAPE_TEXT_BYTES], expected[PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(input), "found shape %s, expected %s",
                         pl_shape_text(&prepare->inputs[input]->shape, found),
                         pl_shape_text(&shape, expected));
}

pl_status pl_recurrent_check_state(struct pl_prepare *prepare, int32_t input, pl_type type,
                                   int64_t count)
{
    PL_TRY(pl_check_type(prepare, pl_input(input), PL_TYPE_BIT(type)));
    if (!prepare->inputs[input]->tensor->is_variable)
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(input),
                             "a state must be a variable tensor");
    return pl_check_count(prepare, pl_input(input), count);
}
