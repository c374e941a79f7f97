/* SPDX-License-Identifier: Apache-2.0 */
/* DENSIFY: a sparse constant as a dense one. It became dense when the model was imported; what is
 * left is the same bytes under another name. */
#include <string.h>

#include "ops/check.h"

static pl_status eval_copy(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const size_t *bytes = eval->params;
    (void)from;
    (void)to;
    if (eval->outputs[0] != eval->inputs[0]) memcpy(eval->outputs[0], eval->inputs[0], *bytes);
    return PL_OK;
}

pl_status pl_prepare_densify(struct pl_prepare *prepare)
{
    const uint32_t types = PL_TYPES_FLOAT | PL_TYPE_BIT(PL_FLOAT16) | PL_TYPE_BIT(PL_INT8);
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), types));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    const struct pl_value *input = prepare->inputs[0];
    if (input->tensor->sparsity == NULL)
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(0),
                             "found a dense tensor, expected a sparse constant");
    PL_TRY(pl_check_set_output(prepare, 0, &input->shape));
    size_t *bytes = pl_prepare_allocate(prepare, sizeof *bytes);
    if (bytes == NULL) return PL_OUT_OF_MEMORY;
    (void)pl_shape_bytes(&input->shape, input->tensor->type, bytes);
    prepare->params = bytes;
    prepare->view_of_input = 0;
    pl_prepare_stage(prepare, eval_copy, *bytes > 0 ? 1 : 0, (int64_t)*bytes);
    return PL_OK;
}
