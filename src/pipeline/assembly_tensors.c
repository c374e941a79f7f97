/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of a file under construction. */
#include "pipeline/assembly_internal.h"

/* What plait reads into a file but LiteRT refuses: zero points that are left out mean 0, and a
 * dimension beyond the rank can only mean the first where there is one, or one scale. */
static pl_status mend_quantization(struct pl_assembly *assembly, struct pl_record *tensor)
{
    const struct pl_record *old = pl_record_child(tensor, PL_Tensor_quantization);
    const uint32_t count = pl_record_count(old, PL_QuantizationParameters_scale);
    const uint32_t rank = pl_record_count(tensor, PL_Tensor_shape);
    const int64_t dimension = pl_record_integer(old, PL_QuantizationParameters_quantized_dimension);
    const bool no_zeros = pl_record_count(old, PL_QuantizationParameters_zero_point) == 0;
    const bool no_dimension = dimension >= rank && dimension > 0 && (count == 1 || rank == 1);
    if (count == 0 || (!no_zeros && !no_dimension)) return PL_OK;
    struct pl_record *mended = pl_record_clone(&assembly->region, old);
    int64_t *zeros = pl_region_array(&assembly->region, count, sizeof *zeros);
    if (mended == NULL || zeros == NULL) return pl_assembly_no_memory(assembly);
    if (no_zeros) pl_record_set_vector(mended, PL_QuantizationParameters_zero_point, zeros, count);
    if (no_dimension)
        pl_record_set_integer(mended, PL_QuantizationParameters_quantized_dimension, 0);
    pl_record_value_of(tensor, PL_Tensor_quantization)->record = mended;
    return PL_OK;
}

static bool has_elements(const struct pl_record *tensor)
{
    uint32_t rank = 0;
    const int32_t *dims = pl_record_vector(tensor, PL_Tensor_shape, &rank);
    for (uint32_t i = 0; i < rank; i++)
        if (dims[i] == 0) return false;
    return true;
}

/* A buffer that is there but holds nothing makes a constant of a tensor without elements; any
 * other has no bytes in the file, which LiteRT takes as such only if no buffer is named. */
static bool names_nothing(const struct pl_source *source, const struct pl_record *tensor,
                          int64_t buffer)
{
    size_t bytes = 0;
    const struct pl_record *record =
        pl_record_item(source->model->root, PL_Model_buffers, (uint32_t)buffer);
    (void)pl_model_buffer_bytes(&source->model->file, record, &bytes);
    return bytes == 0 && has_elements(tensor);
}

pl_status pl_assembly_copy_tensor(struct pl_assembly *assembly, struct pl_source *source,
                                  const struct pl_record *tensor, struct pl_record **copy)
{
    int32_t buffer = 0;
    *copy = pl_record_clone(&assembly->region, tensor);
    if (*copy == NULL) return pl_assembly_no_memory(assembly);
    const int64_t old = pl_record_integer(tensor, PL_Tensor_buffer);
    if (old != 0 && !names_nothing(source, tensor, old))
        PL_TRY(pl_assembly_source_buffer(assembly, source, old, &buffer));
    pl_record_set_integer(*copy, PL_Tensor_buffer, buffer);
    const int64_t external = pl_record_integer(tensor, PL_Tensor_external_buffer);
    if (external != 0)
        pl_record_set_integer(*copy, PL_Tensor_external_buffer, external + source->external_base);
    return mend_quantization(assembly, *copy);
}

pl_status pl_assembly_tensor(struct pl_assembly *assembly, struct pl_source *source, int32_t tensor,
                             int32_t *index)
{
    int32_t *place = &source->tensors[tensor];
    if (*place < 0) {
        struct pl_record *copy = NULL;
        const struct pl_origin origin = {source, (uint32_t)tensor};
        PL_TRY(pl_assembly_copy_tensor(assembly, source,
                                       pl_record_item(source->primary, PL_SubGraph_tensors, (uint32_t)tensor),
                                       &copy));
        *place = (int32_t)assembly->tensors.count;
        PL_TRY(pl_assembly_add_with(assembly, &assembly->tensors, copy, &assembly->tensor_origins, &origin,
                                    sizeof origin));
    }
    *index = *place;
    return PL_OK;
}

pl_status pl_assembly_new_tensor(struct pl_assembly *assembly, struct pl_record *tensor,
                                 int32_t *index)
{
    static const struct pl_origin none;
    *index = (int32_t)assembly->tensors.count;
    return pl_assembly_add_with(assembly, &assembly->tensors, tensor, &assembly->tensor_origins, &none,
                                sizeof none);
}
