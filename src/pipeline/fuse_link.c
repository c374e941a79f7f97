/* SPDX-License-Identifier: Apache-2.0 */
/* A link in a fused file: one tensor where the ends are equal, else LiteRT's operators, the same
 * that a join has. */
#include <stdio.h>
#include <string.h>

#include "graph/import.h"
#include "pipeline/ends.h"
#include "pipeline/fuse_internal.h"

static const struct pl_record *tensor_of(const struct pl_source *source, int32_t tensor)
{
    return pl_record_item(source->primary, PL_SubGraph_tensors, (uint32_t)tensor);
}

pl_status pl_fuse_find_adapter(struct pl_assembly *assembly, struct pl_found_link *link)
{
    struct pl_tensor from, to;
    struct pl_region *region = &assembly->region;
    PL_TRY(pl_import_tensor_facts(region, tensor_of(link->from, link->from_tensor), &from,
                                  assembly->error));
    PL_TRY(
        pl_import_tensor_facts(region, tensor_of(link->to, link->to_tensor), &to, assembly->error));
    return pl_adapter_find(&from, &to, link->options, &link->adapter, assembly->error);
}

/* ---- adapters -------------------------------------------------------------------------------- */

/* An adapter under construction. */
struct builder {
    struct pl_assembly *assembly;
    const struct pl_found_link *link;
    const struct pl_record *to; /* the consumer's tensor */
    const char *part;
    const char **version;
};

static pl_status add_constant(const struct builder *builder, const char *name, int64_t type,
                              const void *data, uint32_t count, bool scalar, int32_t *index)
{
    struct pl_assembly *assembly = builder->assembly;
    struct pl_record *tensor = pl_record_new(&assembly->region, PL_TABLE_Tensor);
    const void *bytes = pl_region_copy(&assembly->region, data, (size_t)count * 4);
    int32_t *shape = pl_region_array(&assembly->region, 1, sizeof *shape);
    int32_t buffer = 0;
    if (tensor == NULL || bytes == NULL || shape == NULL) return pl_assembly_no_memory(assembly);
    shape[0] = (int32_t)count;
    PL_TRY(pl_assembly_buffer(assembly, bytes, (size_t)count * 4, &buffer));
    pl_record_set_integer(tensor, PL_Tensor_type, type);
    pl_record_set_integer(tensor, PL_Tensor_buffer, buffer);
    pl_record_set_vector(tensor, PL_Tensor_shape, shape, scalar ? 0 : 1);
    pl_record_set_integer(tensor, PL_Tensor_has_rank, 1);
    pl_record_set_text(tensor, PL_Tensor_name, name);
    return pl_assembly_new_tensor(assembly, tensor, index);
}

/* The shape to reshape to, with -1 for what the consumer leaves open. */
static const int32_t *wanted_shape(const struct pl_record *to, uint32_t *rank)
{
    uint32_t open_rank = 0;
    const int32_t *shape = pl_record_vector(to, PL_Tensor_shape, rank);
    const int32_t *open = pl_record_vector(to, PL_Tensor_shape_signature, &open_rank);
    return open_rank == *rank && open != NULL ? open : shape;
}

/* The second input of MUL, ADD and RESHAPE; -1 for the others. */
static pl_status add_operand(const struct builder *builder, pl_adapter_kind kind, const char *name,
                             int32_t *index)
{
    const struct pl_link_options *options = builder->link->options;
    uint32_t rank = 0;
    const int32_t *dims = NULL;
    *index = -1;
    switch (kind) {
    case PL_ADAPTER_SCALE:
        return add_constant(builder, name, PL_TensorType_FLOAT32, &options->scale, 1, true, index);
    case PL_ADAPTER_OFFSET:
        return add_constant(builder, name, PL_TensorType_FLOAT32, &options->offset, 1, true, index);
    case PL_ADAPTER_RESHAPE:
        dims = wanted_shape(builder->to, &rank);
        return add_constant(builder, name, PL_TensorType_INT32, dims, rank, false, index);
    default: return PL_OK;
    }
}

/* What comes out of adapter `at` if it is not the last: the producer's shape, and the type that
 * the adapter makes. */
static pl_status add_result(const struct builder *builder, int32_t at, const char *name,
                            int32_t input, int32_t *index)
{
    struct pl_assembly *assembly = builder->assembly;
    const struct pl_adapter *adapter = &builder->link->adapter;
    const pl_adapter_kind kind = adapter->kinds[at];
    struct pl_record *tensor = pl_record_clone(&assembly->region, assembly->tensors.items[input]);
    if (tensor == NULL) return pl_assembly_no_memory(assembly);
    pl_record_set_text(tensor, PL_Tensor_name, name);
    pl_record_set_integer(tensor, PL_Tensor_buffer, 0);
    pl_record_set_integer(tensor, PL_Tensor_external_buffer, 0);
    pl_record_set_integer(tensor, PL_Tensor_is_variable, 0);
    pl_record_value_of(tensor, PL_Tensor_sparsity)->record = NULL;
    const bool before_reshape =
        at + 2 == adapter->count && adapter->kinds[at + 1] == PL_ADAPTER_RESHAPE;
    if (kind == PL_ADAPTER_QUANTIZE || (kind == PL_ADAPTER_CAST && before_reshape)) {
        pl_record_set_integer(tensor, PL_Tensor_type,
                              pl_record_integer(builder->to, PL_Tensor_type));
        pl_record_value_of(tensor, PL_Tensor_quantization)->record =
            pl_record_child(builder->to, PL_Tensor_quantization);
    } else if (kind == PL_ADAPTER_DEQUANTIZE || kind == PL_ADAPTER_CAST) {
        pl_record_set_integer(tensor, PL_Tensor_type, PL_TensorType_FLOAT32);
        pl_record_value_of(tensor, PL_Tensor_quantization)->record = NULL;
    }
    return pl_assembly_new_tensor(assembly, tensor, index);
}

/* The operator's version for these types, and the version of the runtime that has it. */
static int32_t find_version(pl_adapter_kind kind, int64_t from, int64_t to, const char **runtime)
{
    *runtime = "1.5.0";
    switch (kind) {
    case PL_ADAPTER_QUANTIZE:
        *runtime = to == PL_TensorType_INT16 ? "1.15.0" : "1.14.0";
        return to == PL_TensorType_INT16 ? 2 : 1;
    case PL_ADAPTER_DEQUANTIZE:
        *runtime = from == PL_TensorType_UINT8  ? "1.13.1"
                   : from == PL_TensorType_INT8 ? "1.14.0"
                                                : "1.15.0";
        return from == PL_TensorType_UINT8 ? 1 : from == PL_TensorType_INT8 ? 2 : 3;
    default: return 1;
    }
}

static pl_status make_options(const struct builder *builder, pl_adapter_kind kind, int64_t from,
                              int64_t to, struct pl_record *op)
{
    enum pl_table table = PL_TABLE_Model;
    if (!pl_schema_operator_options(pl_adapter_operator(kind), &table)) return PL_OK;
    struct pl_record *options = pl_record_new(&builder->assembly->region, table);
    if (options == NULL) return pl_assembly_no_memory(builder->assembly);
    if (kind == PL_ADAPTER_CAST) {
        pl_record_set_integer(options, PL_CastOptions_in_data_type, from);
        pl_record_set_integer(options, PL_CastOptions_out_data_type, to);
    }
    if (kind == PL_ADAPTER_RESHAPE) {
        uint32_t rank = 0;
        const int32_t *dims = wanted_shape(builder->to, &rank);
        if (rank > 0) pl_record_set_vector(options, PL_ReshapeOptions_new_shape, dims, rank);
    }
    pl_record_value_of(op, PL_Operator_builtin_options)->record = options;
    return PL_OK;
}

/* Adds operator `at` of the adapter. *tensor is what goes in, and then what comes out. */
static pl_status add_adapter(const struct builder *builder, int32_t at, int32_t *tensor)
{
    struct pl_assembly *assembly = builder->assembly;
    const struct pl_found_link *link = builder->link;
    const pl_adapter_kind kind = link->adapter.kinds[at];
    const int32_t code = pl_adapter_operator(kind);
    struct pl_record *op = pl_record_new(&assembly->region, PL_TABLE_Operator);
    int32_t *ends = pl_region_array(&assembly->region, 3, sizeof *ends);
    const char *name = pl_assembly_text(assembly, builder->part, "/",
                                        pl_schema_value_name(PL_ENUM_BuiltinOperator, code));
    const char *operand = name == NULL ? NULL : pl_assembly_text(assembly, name, "/", "operand");
    if (op == NULL || ends == NULL || operand == NULL) return pl_assembly_no_memory(assembly);
    ends[0] = *tensor;
    PL_TRY(add_operand(builder, kind, operand, &ends[1]));
    if (at + 1 == link->adapter.count)
        PL_TRY(pl_assembly_tensor(assembly, link->to, link->to_tensor, &ends[2]));
    else PL_TRY(add_result(builder, at, name, *tensor, &ends[2]));
    const int64_t from = pl_record_integer(assembly->tensors.items[ends[0]], PL_Tensor_type);
    const int64_t to = pl_record_integer(assembly->tensors.items[ends[2]], PL_Tensor_type);
    pl_record_set_vector(op, PL_Operator_inputs, ends, ends[1] < 0 ? 1 : 2);
    pl_record_set_vector(op, PL_Operator_outputs, &ends[2], 1);
    PL_TRY(make_options(builder, kind, from, to, op));
    const char *runtime = NULL;
    const int32_t version = find_version(kind, from, to, &runtime);
    if (pl_version_is_lower(*builder->version, runtime)) *builder->version = runtime;
    *tensor = ends[2];
    return pl_assembly_new_operator(assembly, op, code, version, builder->part);
}

pl_status pl_fuse_link_tensor(struct pl_assembly *assembly, const struct pl_found_link *link,
                              const char **version)
{
    int32_t tensor = 0;
    PL_TRY(pl_assembly_tensor(assembly, link->from, link->from_tensor, &tensor));
    if (link->adapter.count == 0) {
        link->to->tensors[link->to_tensor] = tensor;
        return PL_OK;
    }
    struct builder builder = {assembly, link, tensor_of(link->to, link->to_tensor), NULL, version};
    builder.part = pl_assembly_text(assembly, link->from->name, ">", link->to->name);
    if (builder.part == NULL) return pl_assembly_no_memory(assembly);
    for (int32_t i = 0; i < link->adapter.count; i++) PL_TRY(add_adapter(&builder, i, &tensor));
    return PL_OK;
}
