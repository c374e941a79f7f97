/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/import.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "graph/block_scales.h"
#include "graph/densify.h"
#include "model/name_order.h"

struct importer {
    const struct pl_model *model;
    struct pl_graph *graph;
    struct pl_region scratch; /* ends with the import */
    bool borrow;
    /* What each buffer of the file became, and again for elements of more than 4 bytes. */
    struct pl_constant **by_buffer;
    struct pl_constant *empty; /* the constant of no bytes */
    struct pl_error *error;
};

static pl_status no_memory(const struct importer *importer)
{
    return pl_fail(importer->error, PL_OUT_OF_MEMORY, "no memory to import the model");
}

static const char *copy_text(struct importer *importer, const struct pl_record *record,
                             enum pl_field field)
{
    uint32_t length = 0;
    const char *text = pl_record_vector(record, field, &length);
    return text == NULL ? "" : pl_region_text(&importer->graph->region, text, length);
}

/* Tensor indices of an operator or subgraph. */
static pl_status copy_indices(struct importer *importer, const struct pl_record *record,
                              enum pl_field field, const int32_t **indices, int32_t *count)
{
    uint32_t items = 0;
    const void *data = pl_record_vector(record, field, &items);
    *count = (int32_t)items;
    *indices = pl_region_copy(&importer->graph->region, data, items * sizeof(int32_t));
    return *indices != NULL ? PL_OK : no_memory(importer);
}

/* ---- tensors --------------------------------------------------------------------------------- */

static void copy_shape(const struct pl_record *tensor, enum pl_field field, struct pl_shape *shape)
{
    uint32_t rank = 0;
    const void *dims = pl_record_vector(tensor, field, &rank);
    assert(rank <= PL_MAX_RANK);
    shape->rank = (int32_t)rank;
    if (rank > 0) memcpy(shape->dims, dims, rank * sizeof shape->dims[0]);
}

static void import_shape(const struct pl_record *record, struct pl_tensor *tensor)
{
    copy_shape(record, PL_Tensor_shape, &tensor->shape);
    tensor->signature = tensor->shape;
    uint32_t rank = 0;
    const int32_t *dims = pl_record_vector(record, PL_Tensor_shape_signature, &rank);
    if ((int32_t)rank != tensor->shape.rank) return;
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] != -1) continue;
        tensor->has_signature = true;
        tensor->signature.dims[i] = -1;
    }
}

static pl_status import_quantization(struct pl_region *region, const struct pl_record *record,
                                     struct pl_tensor *tensor, struct pl_error *error)
{
    const struct pl_record *from = pl_record_child(record, PL_Tensor_quantization);
    struct pl_quantization *to = &tensor->quantization;
    uint32_t count = 0, zero_count = 0;
    const float *scales = pl_record_vector(from, PL_QuantizationParameters_scale, &count);
    const int64_t *zeros =
        pl_record_vector(from, PL_QuantizationParameters_zero_point, &zero_count);
    if (count == 0) return PL_OK;
    int32_t *zero_points = pl_region_array(region, count, sizeof *zero_points);
    to->scales = pl_region_copy(region, scales, count * sizeof *scales);
    if (zero_points == NULL || to->scales == NULL)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for the quantization of tensor '%s'",
                       tensor->name);
    for (uint32_t i = 0; i < zero_count; i++) zero_points[i] = (int32_t)zeros[i];
    to->count = (int32_t)count;
    to->zero_points = zero_points;
    /* Where a dimension beyond the rank was let through, there is only one that can be meant. */
    const int64_t dimension =
        pl_record_integer(from, PL_QuantizationParameters_quantized_dimension);
    to->dimension = dimension < tensor->shape.rank ? (int32_t)dimension : 0;
    return PL_OK;
}

pl_status pl_import_tensor_facts(struct pl_region *region, const struct pl_record *record,
                                 struct pl_tensor *tensor, struct pl_error *error)
{
    uint32_t length = 0;
    const char *name = pl_record_vector(record, PL_Tensor_name, &length);
    const int64_t type = pl_record_integer(record, PL_Tensor_type);
    *tensor = (struct pl_tensor){.name = name == NULL ? "" : pl_region_text(region, name, length)};
    PL_ENSURE(tensor->name != NULL, error, PL_OUT_OF_MEMORY, "no memory for the name of a tensor");
    PL_ENSURE(type < PL_TYPE_COUNT, error, PL_UNSUPPORTED, "tensor '%s': type %s is not supported",
              tensor->name, pl_schema_value_name(PL_ENUM_TensorType, type));
    tensor->type = (pl_type)type;
    tensor->is_variable = pl_record_integer(record, PL_Tensor_is_variable) != 0;
    import_shape(record, tensor);
    return import_quantization(region, record, tensor, error);
}

static pl_status keep_constant(struct importer *importer, const void *data, size_t bytes,
                               size_t alignment, struct pl_constant **constant)
{
    struct pl_graph *graph = importer->graph;
    if (*constant != NULL) return PL_OK;
    const struct pl_file_bytes read = {
        .data = data,
        .bytes = bytes,
        .at = bytes > 0 ? (uint64_t)((const uint8_t *)data - importer->model->file.bytes) : PL_NOT_IN_FILE,
        .alignment = importer->borrow ? 16 : alignment,
        .borrow = importer->borrow,
    };
    PL_TRY(pl_constant_intern_read(graph->store, &read, constant, importer->error));
    graph->constants[graph->constant_count++] = *constant;
    return PL_OK;
}

/* Two sparse tensors with one buffer may differ: each has a constant of its own. */
static pl_status import_sparse(struct importer *importer, const struct pl_record *sparsity,
                               const void *data, struct pl_tensor *tensor)
{
    const int32_t bits = pl_type_bits(tensor->type);
    struct pl_memory *memory = importer->model->region.memory;
    size_t bytes = 0;
    PL_ENSURE(bits >= 8 && pl_shape_bytes(&tensor->shape, tensor->type, &bytes), importer->error,
              PL_UNSUPPORTED, "tensor '%s': sparse %s is not supported", tensor->name,
              pl_type_name(tensor->type));
    void *dense = pl_allocate_zero(memory, bytes);
    if (dense == NULL) return no_memory(importer);
    pl_densify(sparsity, &tensor->shape, (size_t)bits / 8, data, dense);
    const pl_status status = pl_constant_intern(importer->graph->store, dense, bytes, false,
                                                &tensor->constant, importer->error);
    pl_free(memory, dense, bytes);
    if (status != PL_OK) return status;
    importer->graph->constants[importer->graph->constant_count++] = tensor->constant;
    tensor->sparsity = pl_record_copy(&importer->graph->region, sparsity);
    return tensor->sparsity != NULL ? PL_OK : no_memory(importer);
}

/* `fed`: an operator or the caller gives this tensor its bytes. */
static pl_status import_constant(struct importer *importer, const struct pl_record *record,
                                 bool fed, struct pl_tensor *tensor)
{
    size_t bytes = 0, shape_bytes = 0;
    const void *data = pl_model_tensor_bytes(importer->model, record, &bytes);
    const struct pl_record *sparsity = pl_record_child(record, PL_Tensor_sparsity);
    if (data != NULL && sparsity != NULL) return import_sparse(importer, sparsity, data, tensor);
    if (data != NULL) {
        const bool wide = pl_type_bits(tensor->type) > 32;
        struct pl_constant **constant =
            &importer->by_buffer[2 * pl_record_integer(record, PL_Tensor_buffer) + wide];
        PL_TRY(keep_constant(importer, data, bytes, wide ? 16 : 4, constant));
        tensor->constant = *constant;
        return PL_OK;
    }
    /* A tensor without elements needs no bytes to be a constant, for example the shape of a
     * scalar. */
    const bool sized = pl_type_bits(tensor->type) > 0 &&
                       pl_shape_bytes(&tensor->shape, tensor->type, &shape_bytes);
    if (fed || tensor->is_variable || !sized || shape_bytes > 0) return PL_OK;
    PL_TRY(keep_constant(importer, NULL, 0, 1, &importer->empty));
    tensor->constant = importer->empty;
    return PL_OK;
}

static pl_status import_tensor(struct importer *importer, const struct pl_record *record, bool fed,
                               struct pl_tensor *tensor)
{
    PL_TRY(pl_import_tensor_facts(&importer->graph->region, record, tensor, importer->error));
    PL_ENSURE(pl_record_integer(record, PL_Tensor_external_buffer) == 0, importer->error,
              PL_UNSUPPORTED,
              "tensor '%s': its bytes are in another file; convert the model into a single file",
              tensor->name);
    return import_constant(importer, record, fed, tensor);
}

/* ---- operators ------------------------------------------------------------------------------- */

/* An operator that is newer than the schema gets a name all the same: it will be listed as
 * unsupported. */
static const char *name_operator(struct importer *importer, const struct pl_record *code,
                                 int32_t number)
{
    if (number == PL_BuiltinOperator_CUSTOM)
        return copy_text(importer, code, PL_OperatorCode_custom_code);
    char text[32];
    const int length = snprintf(text, sizeof text, "operator %ld", (long)number);
    return pl_region_text(&importer->graph->region, text, (size_t)length);
}

static pl_status import_options(struct importer *importer, const struct pl_record *record,
                                struct pl_operator *op)
{
    struct pl_region *region = &importer->graph->region;
    const struct pl_record *options = pl_record_child(record, PL_Operator_builtin_options);
    if (options == NULL) options = pl_record_child(record, PL_Operator_builtin_options_2);
    if (options != NULL && (op->options = pl_record_copy(region, options)) == NULL)
        return no_memory(importer);
    const void *custom =
        pl_model_custom_options(&importer->model->file, record, &op->custom_options_bytes);
    if (custom == NULL) return PL_OK;
    op->custom_options = pl_region_copy(region, custom, op->custom_options_bytes);
    return op->custom_options != NULL ? PL_OK : no_memory(importer);
}

static pl_status import_operator(struct importer *importer, const struct pl_record *record,
                                 int32_t index, struct pl_operator *op)
{
    const int64_t code_index = pl_record_integer(record, PL_Operator_opcode_index);
    const struct pl_record *code =
        pl_record_item(importer->model->root, PL_Model_operator_codes, (uint32_t)code_index);
    op->code = pl_model_operator_code(code);
    op->version = (int32_t)pl_record_integer(code, PL_OperatorCode_version);
    op->index = index;
    const bool known = pl_schema_value_name(PL_ENUM_BuiltinOperator, op->code) != NULL;
    if (op->code == PL_BuiltinOperator_CUSTOM || !known) {
        op->custom_name = name_operator(importer, code, op->code);
        if (op->custom_name == NULL) return no_memory(importer);
    }
    PL_TRY(import_options(importer, record, op));
    PL_TRY(copy_indices(importer, record, PL_Operator_inputs, &op->inputs, &op->input_count));
    PL_TRY(copy_indices(importer, record, PL_Operator_outputs, &op->outputs, &op->output_count));
    return copy_indices(importer, record, PL_Operator_intermediates, &op->intermediates,
                        &op->intermediate_count);
}

/* ---- subgraphs ------------------------------------------------------------------------------- */

/* Marks tensors that are fed: inputs, and what operators produce. */
static bool *find_fed(struct importer *importer, const struct pl_subgraph *subgraph)
{
    bool *fed = pl_region_array(&importer->scratch, (size_t)subgraph->tensor_count, sizeof *fed);
    if (fed == NULL) return NULL;
    for (int32_t i = 0; i < subgraph->input_count; i++) fed[subgraph->inputs[i]] = true;
    for (int32_t i = 0; i < subgraph->operator_count; i++)
        for (int32_t k = 0; k < subgraph->operators[i].output_count; k++)
            if (subgraph->operators[i].outputs[k] >= 0)
                fed[subgraph->operators[i].outputs[k]] = true;
    return fed;
}

static pl_status import_subgraph(struct importer *importer, const struct pl_record *record,
                                 struct pl_subgraph *subgraph)
{
    struct pl_region *region = &importer->graph->region;
    uint32_t tensors = 0, operators = 0;
    (void)pl_record_vector(record, PL_SubGraph_tensors, &tensors);
    (void)pl_record_vector(record, PL_SubGraph_operators, &operators);
    subgraph->tensor_count = (int32_t)tensors;
    subgraph->operator_count = (int32_t)operators;
    subgraph->name = copy_text(importer, record, PL_SubGraph_name);
    subgraph->tensors = pl_region_array(region, tensors, sizeof *subgraph->tensors);
    subgraph->operators = pl_region_array(region, operators, sizeof *subgraph->operators);
    if (subgraph->name == NULL || subgraph->tensors == NULL || subgraph->operators == NULL)
        return no_memory(importer);
    PL_TRY(copy_indices(importer, record, PL_SubGraph_inputs, &subgraph->inputs,
                        &subgraph->input_count));
    PL_TRY(copy_indices(importer, record, PL_SubGraph_outputs, &subgraph->outputs,
                        &subgraph->output_count));
    for (uint32_t i = 0; i < operators; i++)
        PL_TRY(import_operator(importer, pl_record_item(record, PL_SubGraph_operators, i),
                               (int32_t)i, &subgraph->operators[i]));
    const bool *fed = find_fed(importer, subgraph);
    if (fed == NULL) return no_memory(importer);
    for (uint32_t i = 0; i < tensors; i++)
        PL_TRY(import_tensor(importer, pl_record_item(record, PL_SubGraph_tensors, i), fed[i],
                             &subgraph->tensors[i]));
    for (uint32_t i = 0; i < tensors; i++)
        PL_TRY(pl_block_scales_import(region, pl_record_item(record, PL_SubGraph_tensors, i),
                                      subgraph, &subgraph->tensors[i], importer->error));
    /* An input keeps its bytes until it is fed again: a variable among the inputs is nothing
     * else. */
    for (int32_t i = 0; i < subgraph->input_count; i++)
        subgraph->tensors[subgraph->inputs[i]].is_variable = false;
    return PL_OK;
}

/* ---- signatures ------------------------------------------------------------------------------ */

static pl_status import_names(struct importer *importer, const struct pl_record *record,
                              enum pl_field field, const struct pl_signature_tensor **tensors,
                              int32_t *count)
{
    uint32_t items = 0;
    (void)pl_record_vector(record, field, &items);
    struct pl_named *names = pl_region_array(&importer->scratch, items, sizeof *names);
    struct pl_signature_tensor *copies =
        pl_region_array(&importer->graph->region, items, sizeof *copies);
    if (names == NULL || copies == NULL) return no_memory(importer);
    for (uint32_t i = 0; i < items; i++) {
        const struct pl_record *map = pl_record_item(record, field, i);
        names[i].name = copy_text(importer, map, PL_TensorMap_name);
        names[i].number = pl_record_integer(map, PL_TensorMap_tensor_index);
        if (names[i].name == NULL) return no_memory(importer);
    }
    pl_sort_names(names, items);
    for (uint32_t i = 0; i < items; i++)
        copies[i] = (struct pl_signature_tensor){names[i].name, (int32_t)names[i].number};
    *tensors = copies;
    *count = (int32_t)items;
    return PL_OK;
}

static pl_status import_signatures(struct importer *importer)
{
    struct pl_graph *graph = importer->graph;
    uint32_t count = 0;
    (void)pl_record_vector(importer->model->root, PL_Model_signature_defs, &count);
    graph->signatures = pl_region_array(&graph->region, count, sizeof *graph->signatures);
    if (graph->signatures == NULL) return no_memory(importer);
    graph->signature_count = (int32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_record *record =
            pl_record_item(importer->model->root, PL_Model_signature_defs, i);
        struct pl_signature *signature = &graph->signatures[i];
        signature->key = copy_text(importer, record, PL_SignatureDef_signature_key);
        if (signature->key == NULL) return no_memory(importer);
        signature->subgraph = (int32_t)pl_record_integer(record, PL_SignatureDef_subgraph_index);
        PL_TRY(import_names(importer, record, PL_SignatureDef_inputs, &signature->inputs,
                            &signature->input_count));
        PL_TRY(import_names(importer, record, PL_SignatureDef_outputs, &signature->outputs,
                            &signature->output_count));
    }
    return PL_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static pl_status import_parts(struct importer *importer)
{
    struct pl_graph *graph = importer->graph;
    struct pl_part *parts = NULL;
    PL_TRY(pl_parts_find(&graph->region, importer->model, &parts, &graph->part_count,
                         importer->error));
    graph->parts = parts;
    return PL_OK;
}

/* Equal contents are kept once, and those of a buffer that is borrowed stay where they are. */
static pl_status import_content(struct importer *importer, const struct pl_record *entry,
                                struct pl_metadata *metadata)
{
    const struct pl_model *model = importer->model;
    struct pl_graph *graph = importer->graph;
    const uint32_t buffer = (uint32_t)pl_record_integer(entry, PL_Metadata_buffer);
    size_t bytes = 0;
    const void *data = pl_model_buffer_bytes(
        &model->file, pl_record_item(model->root, PL_Model_buffers, buffer), &bytes);
    if (bytes == 0) return PL_OK;
    struct pl_constant *content = NULL;
    PL_TRY(pl_constant_intern(graph->store, data, bytes, importer->borrow, &content,
                              importer->error));
    graph->constants[graph->constant_count++] = content;
    metadata->content = content;
    return PL_OK;
}

static pl_status import_metadata(struct importer *importer)
{
    struct pl_graph *graph = importer->graph;
    const struct pl_record *root = importer->model->root;
    uint32_t entries = 0;
    (void)pl_record_vector(root, PL_Model_metadata, &entries);
    struct pl_metadata *metadata = pl_region_array(&graph->region, entries, sizeof *metadata);
    if (metadata == NULL) return no_memory(importer);
    graph->metadata = metadata;
    graph->metadata_count = (int32_t)entries;
    for (uint32_t i = 0; i < entries; i++) {
        const struct pl_record *entry = pl_record_item(root, PL_Model_metadata, i);
        metadata[i].name = copy_text(importer, entry, PL_Metadata_name);
        if (metadata[i].name == NULL) return no_memory(importer);
        PL_TRY(import_content(importer, entry, &metadata[i]));
    }
    return PL_OK;
}

/* Constants there can be: two per buffer, the empty one, one per sparse tensor, one per entry of the metadata. */
static size_t count_constants(const struct importer *importer, uint32_t buffers, uint32_t subgraphs)
{
    uint32_t entries = 0;
    (void)pl_record_vector(importer->model->root, PL_Model_metadata, &entries);
    size_t count = 2 * (size_t)buffers + 1 + entries;
    for (uint32_t i = 0; i < subgraphs; i++) {
        const struct pl_record *subgraph =
            pl_record_item(importer->model->root, PL_Model_subgraphs, i);
        uint32_t tensors = 0;
        (void)pl_record_vector(subgraph, PL_SubGraph_tensors, &tensors);
        for (uint32_t k = 0; k < tensors; k++)
            count += pl_record_child(pl_record_item(subgraph, PL_SubGraph_tensors, k),
                                     PL_Tensor_sparsity) != NULL;
    }
    return count;
}

static pl_status import_all(struct importer *importer)
{
    struct pl_graph *graph = importer->graph;
    const struct pl_record *root = importer->model->root;
    uint32_t buffers = 0, subgraphs = 0;
    (void)pl_record_vector(root, PL_Model_buffers, &buffers);
    (void)pl_record_vector(root, PL_Model_subgraphs, &subgraphs);
    importer->by_buffer =
        pl_region_array(&importer->scratch, 2 * (size_t)buffers, sizeof *importer->by_buffer);
    graph->constants = pl_region_array(
        &graph->region, count_constants(importer, buffers, subgraphs), sizeof *graph->constants);
    graph->subgraphs = pl_region_array(&graph->region, subgraphs, sizeof *graph->subgraphs);
    graph->description = copy_text(importer, root, PL_Model_description);
    if (importer->by_buffer == NULL || graph->constants == NULL || graph->subgraphs == NULL ||
        graph->description == NULL)
        return no_memory(importer);
    graph->subgraph_count = (int32_t)subgraphs;
    PL_TRY(import_parts(importer));
    PL_TRY(import_metadata(importer));
    for (uint32_t i = 0; i < subgraphs; i++)
        PL_TRY(import_subgraph(importer, pl_record_item(root, PL_Model_subgraphs, i),
                               &graph->subgraphs[i]));
    return import_signatures(importer);
}

pl_status pl_graph_import(const struct pl_model *model, struct pl_constant_store *store,
                          bool borrow, struct pl_graph **graph, struct pl_error *error)
{
    struct importer importer = {.model = model, .borrow = borrow, .error = error};
    struct pl_memory *memory = model->region.memory;
    PL_TRY(pl_graph_create(memory, store, &importer.graph, error));
    pl_region_init(&importer.scratch, memory);
    const pl_status status = import_all(&importer);
    pl_region_clear(&importer.scratch);
    if (status == PL_OK) *graph = importer.graph;
    else pl_graph_release(importer.graph);
    return status;
}
