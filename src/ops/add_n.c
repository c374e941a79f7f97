/* SPDX-License-Identifier: Apache-2.0 */
/* ADD_N: the sum of two or more tensors of one shape, one after another. */
#include <math.h>

#include "kernels/elementwise_kernels.h"
#include "ops/check.h"
#include "ops/reach.h"

struct add_n_plan {
    pl_binary_kernel add;
    struct pl_binary_params params;
    int32_t inputs;
    int32_t bytes; /* of an element */
};

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct add_n_plan *plan = eval->params;
    char *out = (char *)eval->outputs[0] + from * plan->bytes;
    for (int32_t i = 1; i < plan->inputs; i++) {
        const struct pl_binary_run run = {
            .out = out,
            .a = i == 1 ? (const char *)eval->inputs[0] + from * plan->bytes : out,
            .b = (const char *)eval->inputs[i] + from * plan->bytes,
            .count = to - from,
            .a_step = 1,
            .b_step = 1,
        };
        plan->add(&run, &plan->params);
    }
    return PL_OK;
}

pl_status pl_prepare_add_n(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, INT32_MAX, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    for (int32_t i = 1; i < prepare->input_count; i++) {
        if (prepare->inputs[i] == NULL)
            return pl_prepare_fail(prepare, PL_INVALID_MODEL, "input %d is left out", (int)i);
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_input(0)));
        PL_TRY(pl_check_same_shape(prepare, pl_input(i), pl_input(0)));
    }
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    struct add_n_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    const bool is_float = prepare->inputs[0]->tensor->type == PL_FLOAT32;
    plan->add = prepare->kernels->elementwise->binary
                    ->kernels[PL_BINARY_ADD][is_float ? PL_KIND_FLOAT32 : PL_KIND_INT32];
    plan->params = (struct pl_binary_params){
        .low = -INFINITY, .high = INFINITY, .low_int = INT32_MIN, .high_int = INT32_MAX};
    plan->inputs = prepare->input_count;
    plan->bytes = 4;
    prepare->params = plan;
    /* Further ones are read after the first sum is written, and may be the same tensor. */
    if (plan->inputs == 2) prepare->in_place_inputs = 3;
    pl_prepare_stage(prepare, eval, pl_shape_count(&prepare->inputs[0]->shape), plan->inputs);
    pl_reach_slices(prepare, UINT32_MAX);
    return PL_OK;
}
