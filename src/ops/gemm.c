/* SPDX-License-Identifier: Apache-2.0 */
/* Packing of weights and quantization of inputs for the matrix kernels: see gemm.h. */
#include "ops/gemm.h"

#include <assert.h>

#include "base/checked.h"
#include "ops/reach.h"

/* ---- weights --------------------------------------------------------------------------------- */

struct packer {
    pl_pack_function whole;
    pl_gemm_pack_blocks blocks;
    struct pl_gemm_layout layout;
};

static struct packer choose_packer(const struct pl_gemm_kernels *kernels, pl_type type)
{
    switch (type) {
    case PL_INT2:
        return (struct packer){kernels->pack_i2, kernels->pack_blocks_i2, kernels->layout_i8};
    case PL_INT4:
        return (struct packer){kernels->pack_i4, kernels->pack_blocks_i4, kernels->layout_i8};
    case PL_INT8:
        return (struct packer){kernels->pack_i8, kernels->pack_blocks_i8, kernels->layout_i8};
    case PL_UINT8:
        return (struct packer){kernels->pack_u8, kernels->pack_blocks_u8, kernels->layout_i8};
    case PL_INT16:
        return (struct packer){kernels->pack_i16, kernels->pack_blocks_i16, kernels->layout_i16};
    default:
        assert(type == PL_FLOAT32);
        return (struct packer){kernels->pack_f32, kernels->pack_blocks_f32, kernels->layout_f32};
    }
}

static pl_status eval_pack(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_gemm_operands *operands = eval->params;
    const struct pl_gemm_weights *weights = &operands->weights;
    weights->pack_blocks(eval->scratch[weights->scratch], eval->inputs[weights->input],
                         &weights->pack, from, to);
    return PL_OK;
}

/* Bytes of a packed group and of all of them. */
static bool packed_bytes(const struct pl_gemm_pack *pack, struct pl_gemm_layout layout,
                         size_t *group, size_t *all)
{
    const size_t blocks = (size_t)pl_gemm_blocks(pack->channels);
    return pl_size_multiply(blocks, (size_t)pl_gemm_block_bytes(layout, pack->depth), group) &&
           pl_size_multiply(*group, (size_t)pack->groups, all);
}

pl_status pl_gemm_prepare_weights(struct pl_prepare *prepare, int32_t input, pl_type type,
                                  const struct pl_gemm_pack *pack,
                                  struct pl_gemm_operands *operands)
{
    const struct pl_value *value = prepare->inputs[input];
    const struct packer packer = choose_packer(operands->kernels, type);
    struct pl_gemm_weights *weights = &operands->weights;
    size_t group_bytes = 0, all_bytes = 0;
    if (!packed_bytes(pack, packer.layout, &group_bytes, &all_bytes)) {
        return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the weights do not fit into memory");
    }
    weights->input = input;
    weights->scratch = -1;
    weights->group_bytes = (int64_t)group_bytes;
    weights->pack = *pack;
    weights->pack_blocks = packer.blocks;
    if (value->holder != NULL && all_bytes > 0) {
        /* The packer gives the type. */
        const struct pl_packing packing = {
            .pack = packer.whole,
            .context = pack,
            .context_bytes = sizeof *pack,
            .parameters = {(uint64_t)pack->groups, (uint64_t)pack->channels, (uint64_t)pack->depth,
                           pack->depth_stride == 1 && pack->run == 0},
            .bytes = all_bytes,
        };
        return pl_prepare_pack(prepare, input, &packing, &weights->constant);
    }
    weights->scratch = pl_prepare_scratch(prepare, all_bytes, false);
    const int64_t units = (int64_t)pack->groups * pl_gemm_blocks(pack->channels);
    pl_prepare_stage(prepare, eval_pack, units, (int64_t)pack->depth * PL_GEMM_BLOCK);
    return PL_OK;
}

const void *pl_gemm_packed(const struct pl_gemm_operands *operands, const struct pl_eval *eval,
                           int64_t group)
{
    const struct pl_gemm_weights *weights = &operands->weights;
    const void *all = weights->scratch >= 0 ? eval->scratch[weights->scratch] : weights->constant;
    return (const char *)all + group * weights->group_bytes;
}

/* ---- columns --------------------------------------------------------------------------------- */

enum { COLUMN_ALIGNMENT = 64 };

pl_status pl_gemm_prepare_columns(struct pl_prepare *prepare, const struct pl_gemm_shape *shape,
                                  int32_t groups, const struct pl_gemm_integer *weights,
                                  int32_t bias, bool is_unsigned, struct pl_gemm_operands *operands)
{
    const struct pl_gemm_kernels *kernels = operands->kernels;
    const struct pl_value *bias_value = bias >= 0 ? prepare->inputs[bias] : NULL;
    const bool bias_known = bias_value == NULL || bias_value->constant != NULL;
    size_t group = 0, all = 0;
    if (kernels->prepare_columns == NULL || operands->weights.constant == NULL || !bias_known)
        return PL_OK;
    if (!pl_size_multiply((size_t)pl_gemm_blocks(shape->channels), (size_t)kernels->column_bytes,
                          &group) ||
        !pl_size_multiply(group, (size_t)groups, &all) ||
        !pl_size_add(all, COLUMN_ALIGNMENT, &all)) {
        return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the outputs do not fit into memory");
    }
    char *columns = pl_prepare_allocate(prepare, all);
    if (columns == NULL) return PL_OUT_OF_MEMORY;
    columns += -(uintptr_t)columns % COLUMN_ALIGNMENT;
    operands->columns = columns;
    operands->group_columns = (int64_t)group;
    for (int32_t g = 0; g < groups; g++) {
        const int64_t first = (int64_t)g * shape->channels;
        struct pl_gemm_integer of_group = *weights;
        of_group.weights =
            (const char *)operands->weights.constant + g * operands->weights.group_bytes;
        of_group.bias = bias_value != NULL ? (const int32_t *)bias_value->constant + first : NULL;
        if (weights->multipliers != NULL) of_group.multipliers += first;
        if (weights->scales != NULL) of_group.scales += first;
        kernels->prepare_columns(shape, &of_group, is_unsigned,
                                 columns + g * operands->group_columns);
    }
    return PL_OK;
}

const void *pl_gemm_columns(const struct pl_gemm_operands *operands, int64_t group)
{
    return operands->columns != NULL ? operands->columns + group * operands->group_columns : NULL;
}

/* ---- parts ----------------------------------------------------------------------------------- */

size_t pl_gemm_part_bytes(const struct pl_gemm_operands *operands,
                          const struct pl_gemm_shape *shape, int64_t pixels, int64_t element_bytes)
{
    if (operands->kernels->scratch == NULL) return 0;
    return operands->kernels->scratch(shape, pixels, element_bytes);
}

void pl_gemm_prepare_parts(struct pl_prepare *prepare, size_t bytes,
                           struct pl_gemm_operands *operands)
{
    operands->part_scratch = bytes > 0 ? pl_prepare_scratch(prepare, bytes, true) : -1;
}

void *pl_gemm_part_scratch(const struct pl_gemm_operands *operands, const struct pl_eval *eval)
{
    return operands->part_scratch >= 0 ? eval->scratch[operands->part_scratch] : NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static pl_status eval_rows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_gemm_operands *operands = eval->params;
    const struct pl_gemm_rows *rows = &operands->rows;
    const float *values = rows->source_scratch >= 0 ? eval->scratch[rows->source_scratch]
                                                    : eval->inputs[rows->source_input];
    int8_t *quantized = eval->scratch[rows->values_scratch];
    float *scales = eval->scratch[rows->scales_scratch];
    int32_t *zero_points = eval->scratch[rows->zero_points_scratch];
    for (int64_t row = from; row < to; row++) {
        const int64_t first = row * rows->length;
        if (rows->asymmetric) {
            operands->kernels->quantize_asymmetric(values + first, rows->length, quantized + first,
                                                   &scales[row], &zero_points[row]);
        } else {
            operands->kernels->quantize_symmetric(values + first, rows->length, quantized + first,
                                                  &scales[row], &zero_points[row]);
        }
    }
    return PL_OK;
}

pl_status pl_gemm_prepare_rows(struct pl_prepare *prepare, int64_t count, int64_t length,
                               bool asymmetric, int32_t source_scratch,
                               struct pl_gemm_operands *operands)
{
    struct pl_gemm_rows *rows = &operands->rows;
    rows->source_scratch = source_scratch;
    rows->length = length;
    rows->asymmetric = asymmetric;
    size_t bytes = 0, scale_bytes = 0;
    if (!pl_size_multiply((size_t)count, (size_t)length, &bytes) ||
        !pl_size_multiply((size_t)count, sizeof(float), &scale_bytes)) {
        return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY, "the input does not fit into memory");
    }
    rows->values_scratch = pl_prepare_scratch(prepare, bytes, false);
    rows->scales_scratch = pl_prepare_scratch(prepare, scale_bytes, false);
    rows->zero_points_scratch = pl_prepare_scratch(prepare, scale_bytes, false);
    if (prepare->stage_count == 0 && source_scratch < 0) {
        prepare->made = (struct pl_made){.eval = eval_rows,
                                         .input = rows->source_input,
                                         .first_scratch = rows->values_scratch,
                                         .scratch_count = 3,
                                         .key = {count, length, asymmetric}};
    }
    pl_prepare_stage(prepare, eval_rows, count, length);
    pl_reach_scratch_slices(prepare, source_scratch < 0 ? 1u << rows->source_input : 0,
                            pl_gemm_row_scratches(rows) | (source_scratch < 0 ? 0 : 1u << source_scratch));
    return PL_OK;
}
