/* SPDX-License-Identifier: Apache-2.0 */
/* MIRROR_PAD: every coordinate of the output has its one in the input, known per axis. */
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

struct mirror_pad {
    const struct pl_movement_kernels *kernels;
    int32_t rank;
    int64_t element_bytes;
    struct pl_shape input;
    struct pl_shape output;
    int32_t *coordinates[PL_MAX_RANK]; /* of the input, by those of the output */
};

/* A unit is a row. */
static pl_status eval_mirror_pad(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct mirror_pad *params = eval->params;
    const int32_t last = params->rank - 1;
    const int64_t in_row = params->input.dims[last] * params->element_bytes;
    const int64_t out_row = params->output.dims[last] * params->element_bytes;
    for (int64_t unit = from; unit < to; unit++) {
        int64_t source = 0;
        int64_t stride = 1;
        int64_t rest = unit;
        for (int32_t i = last - 1; i >= 0; i--) {
            source += params->coordinates[i][rest % params->output.dims[i]] * stride;
            rest /= params->output.dims[i];
            stride *= params->input.dims[i];
        }
        params->kernels->gather((char *)eval->outputs[0] + unit * out_row,
                                (const char *)eval->inputs[0] + source * in_row,
                                params->coordinates[last], params->output.dims[last],
                                params->element_bytes);
    }
    return PL_OK;
}

/* `edge`: how many elements at the border are not repeated. */
static pl_status mirror_axis(struct pl_prepare *prepare, struct mirror_pad *params, int32_t axis,
                             const int64_t paddings[2], int32_t edge)
{
    const int64_t size = params->input.dims[axis];
    const int64_t before = paddings[0];
    const int64_t after = paddings[1];
    const int64_t most = size > edge ? size - edge : 0;
    if (before < 0 || after < 0 || before > most || after > most ||
        before + size + after > INT32_MAX)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "dimension %d of %lld cannot be padded by %lld and %lld", (int)axis,
                             (long long)size, (long long)before, (long long)after);
    const int32_t total = (int32_t)(before + size + after);
    int32_t *coordinates = pl_prepare_allocate(prepare, (size_t)total * sizeof *coordinates + 1);
    if (coordinates == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < total; i++) {
        int64_t found = i - before;
        if (found < 0) found = edge - 1 - found;
        else if (found >= size) found = 2 * size - 1 - edge - found;
        coordinates[i] = (int32_t)found;
    }
    params->output.dims[axis] = total;
    params->coordinates[axis] = coordinates;
    return PL_OK;
}

static pl_status check_mirror_pad(struct pl_prepare *prepare, int64_t *element_bytes)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES, element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    const int32_t rank = prepare->inputs[0]->shape.rank;
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 2, 2));
    PL_TRY(pl_check_count(prepare, pl_input(1), 2 * (int64_t)rank));
    const pl_type type = prepare->inputs[0]->tensor->type;
    if ((PL_TYPES_QUANTIZED & PL_TYPE_BIT(type)) != 0)
        PL_TRY(pl_check_same_quantization(prepare, pl_output(0), pl_input(0)));
    return type == PL_INT16 ? pl_check_symmetric(prepare, pl_input(0)) : PL_OK;
}

pl_status pl_prepare_mirror_pad(struct pl_prepare *prepare)
{
    struct mirror_pad *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(check_mirror_pad(prepare, &params->element_bytes));
    params->kernels = prepare->kernels->movement;
    params->input = prepare->inputs[0]->shape;
    params->rank = params->input.rank;
    params->output.rank = params->rank;
    const int64_t mode = pl_record_integer(prepare->op->options, PL_MirrorPadOptions_mode);
    int64_t paddings[2 * PL_MAX_RANK];
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, 1, 2 * PL_MAX_RANK, paddings, &count));
    for (int32_t i = 0; i < params->rank; i++)
        PL_TRY(mirror_axis(prepare, params, i, &paddings[2 * i],
                           mode == PL_MirrorPadMode_REFLECT ? 1 : 0));
    PL_TRY(pl_check_set_output(prepare, 0, &params->output));
    prepare->params = params;
    const int32_t last = params->rank - 1;
    pl_prepare_stage(prepare, eval_mirror_pad,
                     params->output.dims[last] > 0 ? pl_shape_span(&params->output, 0, last) : 0,
                     params->output.dims[last] * params->element_bytes);
    return PL_OK;
}
