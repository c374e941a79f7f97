/* SPDX-License-Identifier: Apache-2.0 */
/* DEPTH_TO_SPACE: blocks of channels become blocks of pixels. SPACE_TO_DEPTH: the way back. */
#include "ops/check.h"
#include "ops/move.h"

/* deep[b, h, w, (i * size + j) * channels + c] = flat[b, h * size + i, w * size + j, c]: the flat
 * side is dense in the order b, h, i, w, (j, c), where j and c lie behind each other at both ends.
 */
static pl_status move_blocks(struct pl_prepare *prepare, const struct pl_shape *deep, int64_t size,
                             bool to_flat, int64_t element_bytes)
{
    const int64_t depth = deep->dims[3] * element_bytes;
    const int64_t run = depth / size;
    const int64_t width = deep->dims[2];
    const int64_t row = width * run; /* bytes of one flat row */
    const int64_t dims[] = {(int64_t)deep->dims[0] * deep->dims[1], size, width,
                            run / element_bytes};
    const int64_t flat_strides[] = {size * row, row, run, element_bytes};
    const int64_t deep_strides[] = {width * depth, run, depth, element_bytes};
    struct pl_box box = {.element_bytes = element_bytes};
    for (int32_t i = 0; i < 4; i++)
        pl_box_add(&box, dims[i], to_flat ? flat_strides[i] : deep_strides[i],
                   to_flat ? deep_strides[i] : flat_strides[i]);
    return pl_move_box(prepare, 0, &box, 0);
}

static pl_status check_tensors(struct pl_prepare *prepare, int64_t *element_bytes)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_move_check(prepare, 0,
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPES_QUANTIZED_8 | PL_TYPES_INDEX,
                         element_bytes));
    return pl_check_rank(prepare, pl_input(0), 4, 4);
}

pl_status pl_prepare_depth_to_space(struct pl_prepare *prepare)
{
    int64_t element_bytes = 0;
    PL_TRY(check_tensors(prepare, &element_bytes));
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
    return move_blocks(prepare, input, size, true, element_bytes);
}

pl_status pl_prepare_space_to_depth(struct pl_prepare *prepare)
{
    int64_t element_bytes = 0;
    PL_TRY(check_tensors(prepare, &element_bytes));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int64_t size = pl_record_integer(prepare->op->options, PL_SpaceToDepthOptions_block_size);
    PL_TRY(pl_check_option(prepare, "block_size", size, 1, 1 << 15));
    if (input->dims[1] % size != 0 || input->dims[2] % size != 0) {
        char text[PL_SHAPE_TEXT_BYTES];
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "%s cannot be divided into blocks of %d x %d",
                             pl_shape_text(input, text), (int)size, (int)size);
    }
    if (input->dims[3] > INT32_MAX / (size * size))
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "the output would be too large");
    const struct pl_shape output = {4,
                                    {input->dims[0], (int32_t)(input->dims[1] / size),
                                     (int32_t)(input->dims[2] / size),
                                     (int32_t)(input->dims[3] * size * size)}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    return move_blocks(prepare, &output, size, false, element_bytes);
}
