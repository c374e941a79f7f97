/* SPDX-License-Identifier: Apache-2.0 */
/* DEPTH_TO_SPACE: blocks of channels become blocks of pixels. */
#include "ops/box.h"
#include "ops/check.h"
#include "ops/op.h"

struct depth_to_space {
    struct pl_box box;
    const struct pl_movement_kernels *kernels;
};

static pl_status eval_depth_to_space(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct depth_to_space *params = eval->params;
    pl_box_copy(&params->box, params->kernels, eval->outputs[0], eval->inputs[0], from, to);
    return PL_OK;
}

/* output[b, h * size + i, w * size + j, c] = input[b, h, w, (i * size + j) * channels + c]: the
 * output is dense in the order b, h, i, w, (j, c). */
static void describe_box(struct pl_box *box, const struct pl_shape *input, int64_t size,
                         int64_t element_bytes)
{
    const int64_t depth = input->dims[3];
    const int64_t run = depth / size; /* j and c lie behind each other */
    const int64_t width = input->dims[2];
    const int64_t row = width * run; /* elements of one output row */
    box->element_bytes = element_bytes;
    pl_box_add(box, (int64_t)input->dims[0] * input->dims[1], size * row * element_bytes,
               width * depth * element_bytes);
    pl_box_add(box, size, row * element_bytes, run * element_bytes);
    pl_box_add(box, width, run * element_bytes, depth * element_bytes);
    pl_box_add(box, run, element_bytes, element_bytes);
    pl_box_simplify(box);
}

pl_status pl_prepare_depth_to_space(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_same_type(prepare, pl_input(0), pl_output(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 4, 4));
    int64_t element_bytes = 0;
    PL_TRY(pl_box_element_bytes(prepare, pl_input(0), &element_bytes));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int64_t size = pl_record_integer(prepare->op->options, PL_DepthToSpaceOptions_block_size);
    PL_TRY(pl_check_option(prepare, "block_size", size, 1, 1 << 15));
    if (input->dims[3] % (size * size) != 0) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "%d channels cannot be divided by the block of %d x %d",
                             (int)input->dims[3], (int)size, (int)size);
    }
    if (input->dims[1] > INT32_MAX / size || input->dims[2] > INT32_MAX / size)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "the output would be too large");
    const struct pl_shape output = {4,
                                    {input->dims[0], (int32_t)(input->dims[1] * size),
                                     (int32_t)(input->dims[2] * size),
                                     (int32_t)(input->dims[3] / (size * size))}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    struct depth_to_space *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->kernels = prepare->kernels->movement;
    describe_box(&params->box, input, size, element_bytes);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_depth_to_space, pl_box_units(&params->box),
                     pl_box_unit_bytes(&params->box));
    return PL_OK;
}
