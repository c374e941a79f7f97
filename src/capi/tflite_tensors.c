/* SPDX-License-Identifier: Apache-2.0 */
/* TfLiteTensors of an interpreter: made when they are asked for, and brought up to date when the model changes. */
#include "capi/tflite_internal.h"

#include <string.h>

/* ---- what never changes ---------------------------------------------------------------------- */

static bool set_quantization(TfLiteTensor *tensor, const struct pl_quantization *from)
{
    if (from->count == 0) return true;
    TfLiteAffineQuantization *affine = pl_tflite_program_allocate(sizeof *affine);
    if (affine == NULL) return false;
    *affine = (TfLiteAffineQuantization){TfLiteFloatArrayCreate(from->count),
                                         TfLiteIntArrayCreate(from->count), from->dimension};
    tensor->quantization = (TfLiteQuantization){kTfLiteAffineQuantization, affine};
    if (affine->scale == NULL || affine->zero_point == NULL) return false;
    memcpy(affine->scale->data, from->scales, (size_t)from->count * sizeof(float));
    memcpy(affine->zero_point->data, from->zero_points, (size_t)from->count * sizeof(int));
    if (from->count == 1)
        tensor->params = (TfLiteQuantizationParams){from->scales[0], from->zero_points[0]};
    return true;
}

/* Numbers of the file, of 1, 2 or 4 bytes. */
static TfLiteIntArray *int_array(const struct pl_record *record, enum pl_field field)
{
    uint32_t count = 0;
    const void *data = pl_record_vector(record, field, &count);
    const size_t bytes = pl_schema_element_bytes(pl_schema_field(field)->element);
    TfLiteIntArray *array = TfLiteIntArrayCreate(count > INT32_MAX ? -1 : (int)count);
    for (uint32_t i = 0; array != NULL && i < count; i++) {
        array->data[i] = 0;
        memcpy(&array->data[i], (const char *)data + i * bytes, bytes);
    }
    return array;
}

static TfLiteIntArray *index_array(const struct pl_record *record)
{
    if (record == NULL) return NULL;
    return int_array(record, record->table == PL_TABLE_Int32Vector    ? PL_Int32Vector_values
                             : record->table == PL_TABLE_Uint16Vector ? PL_Uint16Vector_values
                                                                      : PL_Uint8Vector_values);
}

static void set_dimension(TfLiteDimensionMetadata *to, const struct pl_record *from)
{
    to->format = (TfLiteDimensionType)pl_record_integer(from, PL_DimensionMetadata_format);
    if (to->format == kTfLiteDimDense) {
        to->dense_size = (int)pl_record_integer(from, PL_DimensionMetadata_dense_size);
        return;
    }
    to->array_segments = index_array(pl_record_child(from, PL_DimensionMetadata_array_segments));
    to->array_indices = index_array(pl_record_child(from, PL_DimensionMetadata_array_indices));
}

static bool set_sparsity(TfLiteTensor *tensor, const struct pl_record *from)
{
    if (from == NULL) return true;
    uint32_t count = 0;
    (void)pl_record_vector(from, PL_SparsityParameters_dim_metadata, &count);
    TfLiteSparsity *sparsity = pl_tflite_program_allocate(sizeof *sparsity);
    if (sparsity == NULL) return false;
    const size_t bytes = count * sizeof sparsity->dim_metadata[0];
    *sparsity = (TfLiteSparsity){int_array(from, PL_SparsityParameters_traversal_order),
                                 int_array(from, PL_SparsityParameters_block_map),
                                 pl_tflite_program_allocate(bytes), (int)count};
    tensor->sparsity = sparsity;
    if (sparsity->dim_metadata == NULL) return false;
    memset(sparsity->dim_metadata, 0, bytes);
    for (uint32_t i = 0; i < count; i++)
        set_dimension(&sparsity->dim_metadata[i],
                      pl_record_item(from, PL_SparsityParameters_dim_metadata, i));
    return true;
}

static TfLiteAllocationType allocation_of(const struct pl_tensor *facts)
{
    if (facts->constant != NULL) return kTfLiteMmapRo;
    if (facts->type == PL_STRING || facts->type == PL_RESOURCE || facts->type == PL_VARIANT)
        return kTfLiteDynamic;
    return facts->is_variable ? kTfLiteArenaRwPersistent : kTfLiteArenaRw;
}

static bool set_signature(TfLiteTensor *tensor, const struct pl_tensor *facts)
{
    if (facts->constant != NULL) return true;
    const int rank = facts->has_signature ? facts->signature.rank : 0;
    TfLiteIntArray *signature = TfLiteIntArrayCreate(rank);
    tensor->dims_signature = signature;
    if (signature == NULL) return false;
    for (int i = 0; i < rank; i++) signature->data[i] = facts->signature.dims[i];
    return true;
}

static bool set_facts(TfLiteTensor *tensor, const struct pl_tensor *facts)
{
    *tensor = (TfLiteTensor){.type = (TfLiteType)pl_type_api_number(facts->type),
                             .name = facts->name,
                             .allocation_type = allocation_of(facts),
                             .buffer_handle = kTfLiteNullBufferHandle,
                             .is_variable = facts->is_variable};
    return set_quantization(tensor, &facts->quantization) && set_signature(tensor, facts) &&
           set_sparsity(tensor, facts->sparsity);
}

/* ---- what follows the model ------------------------------------------------------------------ */

bool pl_tflite_set_dims(TfLiteTensor *tensor, int32_t rank, const int32_t *dims)
{
    if (tensor->dims != NULL && TfLiteIntArrayEqualsArray(tensor->dims, rank, dims)) return true;
    if (tensor->dims == NULL || tensor->dims->size != rank) {
        TfLiteIntArray *fresh = TfLiteIntArrayCreate(rank);
        if (fresh == NULL) return false;
        TfLiteIntArrayFree(tensor->dims);
        tensor->dims = fresh;
    }
    for (int32_t i = 0; i < rank; i++) tensor->dims->data[i] = dims[i];
    return true;
}

const struct pl_tensor_handle *pl_tflite_handle(const TfLiteInterpreter *interpreter,
                                                int32_t subgraph, int32_t index)
{
    if (interpreter->entry == NULL) return NULL;
    if (subgraph == 0) return pl_entry_tensor(interpreter->entry, index);
    for (int32_t i = 0; i < interpreter->graph->signature_count; i++) {
        const struct pl_signature *signature = &interpreter->graph->signatures[i];
        if (signature->subgraph == subgraph)
            return pl_entry_tensor(pl_entry_signature(interpreter->entry, signature->key), index);
    }
    return NULL;
}

static const struct pl_tflite_allocation *find_allocation(const TfLiteInterpreter *interpreter,
                                                          int32_t subgraph, int32_t index)
{
    const struct pl_tflite_allocation *found = subgraph == 0 ? interpreter->allocations : NULL;
    while (found != NULL && found->tensor != index) found = found->next;
    return found;
}

/* What `allocation` of a tensor points at whose data is to be freed with it. */
static const char kept_mark;

bool pl_tflite_tensor_is_kept(const TfLiteTensor *tensor)
{
    return tensor->allocation == &kept_mark;
}

void pl_tflite_tensor_keep(TfLiteTensor *tensor, void *data, size_t bytes)
{
    if (pl_tflite_tensor_is_kept(tensor)) pl_tflite_program_free(tensor->data.data);
    tensor->allocation = &kept_mark;
    tensor->data.data = data;
    tensor->bytes = bytes;
}

static void follow(struct pl_tflite_subgraph *subgraph, int32_t index)
{
    TfLiteInterpreter *interpreter = subgraph->interpreter;
    TfLiteTensor *tensor = subgraph->tensors[index];
    if (pl_tflite_tensor_is_kept(tensor)) return;
    const struct pl_tensor *facts = &subgraph->facts->tensors[index];
    const struct pl_tensor_handle *handle = pl_tflite_handle(interpreter, subgraph->index, index);
    const struct pl_shape *shape = handle != NULL ? pl_handle_shape(handle) : &facts->shape;
    size_t bytes = 0;
    (void)pl_tflite_set_dims(tensor, shape->rank, shape->dims);
    if (handle != NULL) bytes = pl_handle_bytes(handle);
    else (void)pl_shape_bytes(shape, facts->type, &bytes);
    tensor->bytes = bytes;
    tensor->data.data = NULL;
    if (handle != NULL) tensor->data.data = pl_handle_data(handle);
    else if (facts->constant != NULL && facts->constant->raw != NULL)
        tensor->data.data = (void *)(uintptr_t)facts->constant->raw->data;
    if (handle != NULL && pl_handle_is_late(handle)) tensor->allocation_type = kTfLiteDynamic;
    if (find_allocation(interpreter, subgraph->index, index) != NULL)
        tensor->allocation_type = kTfLiteCustom;
}

void pl_tflite_tensor_follow(TfLiteInterpreter *interpreter, int32_t subgraph, int32_t index)
{
    struct pl_tflite_subgraph *of = &interpreter->subgraphs[subgraph];
    if (of->tensors != NULL && of->tensors[index] != NULL) follow(of, index);
}

void pl_tflite_tensors_follow(TfLiteInterpreter *interpreter)
{
    for (int32_t s = 0; s < interpreter->graph->subgraph_count; s++) {
        struct pl_tflite_subgraph *subgraph = &interpreter->subgraphs[s];
        for (int32_t i = 0; subgraph->tensors != NULL && i < subgraph->facts->tensor_count; i++)
            if (subgraph->tensors[i] != NULL) follow(subgraph, i);
    }
}

/* ---- strings that were written --------------------------------------------------------------- */

/* As many strings as the shape has elements, or the input is a list of them from now on. */
static pl_status feed(TfLiteInterpreter *interpreter, struct pl_entry *entry, int32_t input,
                      const TfLiteTensor *tensor, struct pl_error *error)
{
    struct pl_tensor_handle *handle = pl_entry_input(entry, input);
    const int32_t count = TfLiteOpaqueTensorGetStringCount((const TfLiteOpaqueTensor *)(const void *)tensor);
    if (pl_shape_count(pl_handle_shape(handle)) != count) {
        PL_TRY(pl_entry_resize(entry, input, &(struct pl_shape){1, {count}}, error));
        PL_TRY(pl_entry_allocate(entry, error));
        pl_tflite_tensors_follow(interpreter);
    }
    return pl_handle_write(handle, tensor->data.data, tensor->bytes, error);
}

pl_status pl_tflite_feed_strings(TfLiteInterpreter *interpreter, struct pl_entry *entry,
                                 struct pl_error *error)
{
    const int32_t subgraph = pl_entry_subgraph_index(entry);
    TfLiteTensor *const *tensors = interpreter->subgraphs[subgraph].tensors;
    for (int32_t i = 0; tensors != NULL && i < pl_entry_input_count(entry); i++) {
        const TfLiteTensor *tensor = tensors[pl_handle_index(pl_entry_input(entry, i))];
        if (tensor != NULL && pl_tflite_tensor_is_kept(tensor))
            PL_TRY(feed(interpreter, entry, i, tensor, error));
    }
    return PL_OK;
}

/* ---- tables of tensors ----------------------------------------------------------------------- */

static size_t table_bytes(const struct pl_tflite_subgraph *subgraph)
{
    return (size_t)subgraph->facts->tensor_count * sizeof subgraph->tensors[0];
}

static bool make_table(struct pl_tflite_subgraph *subgraph)
{
    if (subgraph->tensors == NULL) subgraph->tensors = pl_tflite_allocate(table_bytes(subgraph));
    return subgraph->tensors != NULL;
}

TfLiteTensor *pl_tflite_tensor(TfLiteInterpreter *interpreter, int32_t subgraph, int32_t index)
{
    struct pl_tflite_subgraph *of = &interpreter->subgraphs[subgraph];
    if (index < 0 || index >= of->tensor_count) return NULL;
    if (of->side_by_side != NULL) return &of->side_by_side[index];
    if (!make_table(of)) return NULL;
    if (of->tensors[index] != NULL) return of->tensors[index];
    TfLiteTensor *tensor = pl_tflite_allocate(sizeof *tensor);
    if (tensor == NULL) return NULL;
    if (!set_facts(tensor, &of->facts->tensors[index])) {
        TfLiteTensorFree(tensor);
        pl_tflite_free(tensor, sizeof *tensor);
        return NULL;
    }
    of->tensors[index] = tensor;
    follow(of, index);
    return tensor;
}

static bool grow(struct pl_tflite_subgraph *subgraph, int32_t capacity)
{
    TfLiteTensor *fresh = pl_tflite_allocate((size_t)capacity * sizeof *fresh);
    if (fresh == NULL) return false;
    if (subgraph->side_by_side != NULL)
        memcpy(fresh, subgraph->side_by_side, (size_t)subgraph->tensor_count * sizeof *fresh);
    pl_tflite_free(subgraph->side_by_side, (size_t)subgraph->capacity * sizeof *fresh);
    subgraph->side_by_side = fresh;
    subgraph->capacity = capacity;
    subgraph->context.tensors = fresh;
    for (int32_t i = 0; i < subgraph->facts->tensor_count; i++) subgraph->tensors[i] = &fresh[i];
    return true;
}

bool pl_tflite_tensors_side_by_side(struct pl_tflite_subgraph *subgraph, int32_t more)
{
    enum { ROOM = 16 };
    const bool is_new = subgraph->side_by_side == NULL;
    if (more > INT32_MAX - ROOM - subgraph->tensor_count || !make_table(subgraph)) return false;
    if (!is_new && subgraph->capacity - subgraph->tensor_count >= more) return true;
    if (!grow(subgraph, subgraph->tensor_count + more + ROOM)) return false;
    for (int32_t i = 0; is_new && i < subgraph->tensor_count; i++) {
        if (!set_facts(subgraph->tensors[i], &subgraph->facts->tensors[i])) return false;
        follow(subgraph, i);
    }
    return true;
}

static bool list_variables(struct pl_tflite_subgraph *subgraph)
{
    int32_t count = 0;
    for (int32_t i = 0; i < subgraph->facts->tensor_count; i++)
        count += subgraph->facts->tensors[i].is_variable;
    if (count == 0) return true;
    subgraph->variables = pl_tflite_allocate((size_t)count * sizeof(int32_t));
    if (subgraph->variables == NULL) return false;
    for (int32_t i = 0; i < subgraph->facts->tensor_count; i++)
        if (subgraph->facts->tensors[i].is_variable)
            subgraph->variables[subgraph->variable_count++] = i;
    return true;
}

pl_status pl_tflite_subgraphs_create(TfLiteInterpreter *interpreter)
{
    const int32_t count = interpreter->graph->subgraph_count;
    interpreter->subgraphs = pl_tflite_allocate((size_t)count * sizeof interpreter->subgraphs[0]);
    if (interpreter->subgraphs == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < count; i++) {
        struct pl_tflite_subgraph *subgraph = &interpreter->subgraphs[i];
        subgraph->interpreter = interpreter;
        subgraph->facts = &interpreter->graph->subgraphs[i];
        subgraph->index = i;
        subgraph->tensor_count = subgraph->facts->tensor_count;
        for (int32_t k = 0; k < subgraph->facts->input_count; k++)
            interpreter->has_string_inputs |=
                subgraph->facts->tensors[subgraph->facts->inputs[k]].type == PL_STRING;
        pl_tflite_context_init(subgraph);
        if (!list_variables(subgraph)) return PL_OUT_OF_MEMORY;
    }
    return PL_OK;
}

/* Data of tensors of the model is the model's; of those that operators added, in the arena it is nobody's. */
static void free_tensor(TfLiteTensor *tensor, bool added)
{
    if (added && tensor->allocation_type == kTfLiteArenaRwPersistent)
        pl_tflite_program_free(tensor->data.data);
    if (!added && pl_tflite_tensor_is_kept(tensor)) pl_tflite_program_free(tensor->data.data);
    if (!added || tensor->allocation_type != kTfLiteDynamic) tensor->data.data = NULL;
    TfLiteTensorFree(tensor);
}

static void delete_tensors(struct pl_tflite_subgraph *subgraph)
{
    for (int32_t i = 0; subgraph->tensors != NULL && i < subgraph->facts->tensor_count; i++) {
        if (subgraph->tensors[i] == NULL) continue;
        free_tensor(subgraph->tensors[i], false);
        if (subgraph->side_by_side == NULL)
            pl_tflite_free(subgraph->tensors[i], sizeof(TfLiteTensor));
    }
    for (int32_t i = subgraph->facts->tensor_count; i < subgraph->tensor_count; i++)
        free_tensor(&subgraph->side_by_side[i], true);
    pl_tflite_free(subgraph->side_by_side, (size_t)subgraph->capacity * sizeof(TfLiteTensor));
    pl_tflite_free(subgraph->tensors, table_bytes(subgraph));
    pl_tflite_free(subgraph->variables, (size_t)subgraph->variable_count * sizeof(int32_t));
}

void pl_tflite_subgraphs_delete(TfLiteInterpreter *interpreter)
{
    if (interpreter->subgraphs == NULL) return; /* nor may there be a graph */
    const int32_t count = interpreter->graph->subgraph_count;
    for (int32_t i = 0; i < count; i++) delete_tensors(&interpreter->subgraphs[i]);
    pl_tflite_free(interpreter->subgraphs, (size_t)count * sizeof interpreter->subgraphs[0]);
}
