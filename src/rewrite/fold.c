/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite/fold.h"

#include <assert.h>

enum { MOST_INPUTS = 32, MOST_GROWTH = 4, SMALL_BYTES = 4096 };

/* Whether all that the outputs depend on is known while planning; *bytes is how much of it is kept as constants. */
static bool inputs_are_known(const struct pl_prepare *prepared, size_t *bytes)
{
    bool any = false;
    *bytes = 0;
    if ((prepared->op_def->traits & PL_TRAIT_SHAPE_ONLY) != 0) return true;
    for (int32_t i = 0; i < prepared->input_count; i++) {
        const struct pl_value *value = prepared->inputs[i];
        if (value == NULL) continue;
        size_t input_bytes = 0;
        if (value->constant == NULL || !pl_shape_bytes(&value->shape, value->tensor->type, &input_bytes)) return false;
        *bytes += input_bytes;
        any = true;
    }
    return any;
}

bool pl_fold_allowed(const struct pl_prepare *prepared, int64_t *cost)
{
    size_t in_bytes = 0;
    if (!pl_traits_are_pure(prepared->op_def->traits) || prepared->state_count > 0) return false;
    if (prepared->input_count > MOST_INPUTS || prepared->output_count > PL_FOLD_MOST_OUTPUTS) return false;
    if (!inputs_are_known(prepared, &in_bytes)) return false;
    size_t out_bytes = 0;
    for (int32_t i = 0; i < prepared->output_count; i++) {
        size_t bytes = 0;
        if (prepared->outputs[i] == NULL) return false;
        /* A variable that is set anew in every run is no constant: another operator changes it. */
        if (prepared->outputs[i]->tensor->is_variable) return false;
        if (!pl_shape_bytes(&prepared->outputs[i]->shape, prepared->outputs[i]->tensor->type, &bytes)) return false;
        if (pl_type_bits(prepared->outputs[i]->tensor->type) < 8) return false;
        out_bytes += bytes;
    }
    *cost = (int64_t)(in_bytes + out_bytes);
    for (int32_t i = 0; i < prepared->stage_count; i++) {
        int64_t product = 0;
        if (__builtin_mul_overflow(prepared->stages[i].units, prepared->stages[i].cost, &product)) return false;
        if (__builtin_add_overflow(*cost, product, cost)) return false;
    }
    /* A constant that is broadcast to something large is cheaper to compute than to keep. */
    return out_bytes <= MOST_GROWTH * in_bytes + SMALL_BYTES;
}

/* One run of all stages on buffers of its own. */
struct fold_run {
    struct pl_memory *memory;
    const struct pl_prepare *prepared;
    const void *inputs[MOST_INPUTS];
    void *outputs[PL_FOLD_MOST_OUTPUTS];
    size_t output_bytes[PL_FOLD_MOST_OUTPUTS];
    void *scratch[PL_MAX_SCRATCH];
};

static bool take_memory(struct fold_run *run)
{
    for (int32_t i = 0; i < run->prepared->output_count; i++) {
        const struct pl_value *value = run->prepared->outputs[i];
        if (!pl_shape_bytes(&value->shape, value->tensor->type, &run->output_bytes[i])) return false;
        run->outputs[i] = pl_allocate(run->memory, run->output_bytes[i]);
        if (run->outputs[i] == NULL) return false;
    }
    for (int32_t i = 0; i < run->prepared->scratch_count; i++) {
        run->scratch[i] = pl_allocate(run->memory, run->prepared->scratch[i].bytes);
        if (run->scratch[i] == NULL) return false;
    }
    return true;
}

static void give_memory_back(struct fold_run *run)
{
    for (int32_t i = 0; i < run->prepared->output_count; i++)
        pl_free(run->memory, run->outputs[i], run->output_bytes[i]);
    for (int32_t i = 0; i < run->prepared->scratch_count; i++)
        pl_free(run->memory, run->scratch[i], run->prepared->scratch[i].bytes);
}

static pl_status run_stages(struct fold_run *run)
{
    const struct pl_prepare *prepared = run->prepared;
    const struct pl_eval eval = {.params = prepared->params,
                                 .inputs = run->inputs,
                                 .outputs = run->outputs,
                                 .scratch = run->scratch,
                                 .error = prepared->error};
    for (int32_t i = 0; i < prepared->stage_count; i++)
        if (prepared->stages[i].units > 0) PL_TRY(prepared->stages[i].eval(&eval, 0, prepared->stages[i].units));
    return PL_OK;
}

static pl_status intern_outputs(struct fold_run *run, struct pl_constant **constants)
{
    for (int32_t i = 0; i < run->prepared->output_count; i++) {
        const pl_status status = pl_constant_intern(run->prepared->graph->store, run->outputs[i], run->output_bytes[i],
                                                    false, &constants[i], run->prepared->error);
        if (status == PL_OK) continue;
        while (i-- > 0) pl_constant_release(run->prepared->graph->store, constants[i]);
        return status;
    }
    return PL_OK;
}

pl_status pl_fold_run(struct pl_memory *memory, const struct pl_prepare *prepared, struct pl_constant **constants)
{
    struct fold_run run = {.memory = memory, .prepared = prepared};
    assert(prepared->input_count <= MOST_INPUTS);
    for (int32_t i = 0; i < prepared->input_count; i++)
        run.inputs[i] = prepared->inputs[i] == NULL || (prepared->packed_inputs >> i & 1) != 0
                            ? NULL
                            : prepared->inputs[i]->constant;
    pl_status status = PL_OUT_OF_MEMORY;
    if (take_memory(&run)) {
        status = run_stages(&run);
        if (status == PL_OK) status = intern_outputs(&run, constants);
    } else {
        pl_fail(prepared->error, status, "no memory left to fold a constant");
    }
    give_memory_back(&run);
    return status;
}
