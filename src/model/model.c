/* SPDX-License-Identifier: Apache-2.0 */
#include "model/model.h"

#include "model/decode.h"
#include "model/verify.h"

pl_status pl_model_open(struct pl_memory *memory, const void *bytes, size_t size,
                        const struct pl_model_limits *limits, struct pl_model **model,
                        struct pl_error *error)
{
    struct pl_model *fresh = pl_allocate_zero(memory, sizeof *fresh);
    if (fresh == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory to open a model");
    pl_file_init(&fresh->file, bytes, size);
    pl_region_init(&fresh->region, memory);
    pl_status status = pl_decode_model(&fresh->file, &fresh->region, &fresh->root, error);
    if (status == PL_OK) status = pl_model_verify(fresh, limits, error);
    if (status != PL_OK) {
        pl_model_close(fresh);
        return status;
    }
    *model = fresh;
    return PL_OK;
}

void pl_model_close(struct pl_model *model)
{
    if (model == NULL) return;
    struct pl_memory *memory = model->region.memory;
    pl_region_clear(&model->region);
    pl_free(memory, model, sizeof *model);
}

/* A vector in the FlatBuffer wins over a place behind it; offsets of 0 and 1 mean that there is
 * none. */
static const void *find_bytes(const struct pl_file *file, const struct pl_record *record,
                              enum pl_field vector, enum pl_field offset, enum pl_field size,
                              size_t *bytes)
{
    uint32_t count = 0;
    const void *data = pl_record_vector(record, vector, &count);
    *bytes = count;
    if (data != NULL) return data;
    const uint64_t at = (uint64_t)pl_record_integer(record, offset);
    const uint64_t length = (uint64_t)pl_record_integer(record, size);
    *bytes = 0;
    if (at <= 1 || at > file->size || length > file->size - at) return NULL;
    *bytes = (size_t)length;
    return file->bytes + at;
}

const void *pl_model_buffer_bytes(const struct pl_file *file, const struct pl_record *buffer,
                                  size_t *bytes)
{
    return find_bytes(file, buffer, PL_Buffer_data, PL_Buffer_offset, PL_Buffer_size, bytes);
}

const void *pl_model_tensor_bytes(const struct pl_model *model, const struct pl_record *tensor,
                                  size_t *bytes)
{
    const int64_t index = pl_record_integer(tensor, PL_Tensor_buffer);
    *bytes = 0;
    if (index == 0) return NULL;
    const struct pl_record *buffer = pl_record_item(model->root, PL_Model_buffers, (uint32_t)index);
    const void *data = pl_model_buffer_bytes(&model->file, buffer, bytes);
    return *bytes > 0 ? data : NULL;
}

const void *pl_model_custom_options(const struct pl_file *file, const struct pl_record *op,
                                    size_t *bytes)
{
    return find_bytes(file, op, PL_Operator_custom_options, PL_Operator_large_custom_options_offset,
                      PL_Operator_large_custom_options_size, bytes);
}

int32_t pl_model_operator_code(const struct pl_record *operator_code)
{
    const int64_t old = pl_record_integer(operator_code, PL_OperatorCode_deprecated_builtin_code);
    const int64_t code = pl_record_integer(operator_code, PL_OperatorCode_builtin_code);
    return (int32_t)(old > code ? old : code);
}
