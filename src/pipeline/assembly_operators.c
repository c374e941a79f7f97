/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of a file under construction. */
#include "pipeline/assembly_internal.h"

static pl_status map_tensors(struct pl_assembly *assembly, struct pl_source *source,
                             struct pl_record *op, enum pl_field field)
{
    uint32_t count = 0;
    const int32_t *old = pl_record_vector(op, field, &count);
    if (old == NULL) return PL_OK;
    int32_t *fresh = pl_region_array(&assembly->region, count, sizeof *fresh);
    if (fresh == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t i = 0; i < count; i++) {
        fresh[i] = old[i];
        if (old[i] >= 0) PL_TRY(pl_assembly_tensor(assembly, source, old[i], &fresh[i]));
    }
    pl_record_set_vector(op, field, fresh, count);
    return PL_OK;
}

static pl_status map_calls(struct pl_assembly *assembly, struct pl_source *source,
                           struct pl_record *options, enum pl_field field)
{
    int32_t index = 0;
    if (pl_schema_field(field)->form == PL_FORM_NUMBER) {
        PL_TRY(pl_assembly_subgraph(assembly, source, pl_record_integer(options, field), &index));
        pl_record_set_integer(options, field, index);
        return PL_OK;
    }
    uint32_t count = 0;
    const int32_t *old = pl_record_vector(options, field, &count);
    if (old == NULL) return PL_OK;
    int32_t *fresh = pl_region_array(&assembly->region, count, sizeof *fresh);
    if (fresh == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t i = 0; i < count; i++)
        PL_TRY(pl_assembly_subgraph(assembly, source, old[i], &fresh[i]));
    pl_record_set_vector(options, field, fresh, count);
    return PL_OK;
}

/* What an operator keeps its state under. Sources that would share it by accident get it under
 * their own name. */
static pl_status map_resource(struct pl_assembly *assembly, const struct pl_source *source,
                              struct pl_record *options)
{
    if (!source->own_resources) return PL_OK;
    if (options->table == PL_TABLE_HashtableOptions)
        pl_record_set_integer(options, PL_HashtableOptions_table_id,
                              pl_record_integer(options, PL_HashtableOptions_table_id) +
                                  source->table_base);
    if (options->table != PL_TABLE_VarHandleOptions) return PL_OK;
    const char *old = pl_record_text(options, PL_VarHandleOptions_container);
    const char *container =
        pl_assembly_text(assembly, source->name, old[0] == '\0' ? "" : "/", old);
    if (container == NULL) return pl_assembly_no_memory(assembly);
    pl_record_set_text(options, PL_VarHandleOptions_container, container);
    return PL_OK;
}

static pl_status map_options(struct pl_assembly *assembly, struct pl_source *source,
                             struct pl_record *op, enum pl_field field, enum pl_table expected)
{
    const struct pl_record *old = pl_record_child(op, field);
    if (old == NULL || old->table != expected) return PL_OK;
    struct pl_record *fresh = pl_record_clone(&assembly->region, old);
    if (fresh == NULL) return pl_assembly_no_memory(assembly);
    const int32_t first = pl_schema_first_field(old->table);
    for (int32_t i = 0; i < pl_schema_field_count(old->table); i++)
        if (pl_schema_names_subgraph((enum pl_field)(first + i)))
            PL_TRY(map_calls(assembly, source, fresh, (enum pl_field)(first + i)));
    PL_TRY(map_resource(assembly, source, fresh));
    pl_record_value_of(op, field)->record = fresh;
    return PL_OK;
}

/* Custom options that stand behind the FlatBuffer come into it. */
static pl_status map_custom_options(struct pl_assembly *assembly, const struct pl_source *source,
                                    struct pl_record *op)
{
    size_t bytes = 0;
    const void *data = pl_model_custom_options(&source->model->file, op, &bytes);
    PL_ENSURE(bytes <= INT32_MAX, assembly->error, PL_UNSUPPORTED,
              "model '%s': custom options of %zu bytes are too large", source->name, bytes);
    pl_record_set_vector(op, PL_Operator_custom_options, data, (uint32_t)bytes);
    pl_record_set_integer(op, PL_Operator_large_custom_options_offset, 0);
    pl_record_set_integer(op, PL_Operator_large_custom_options_size, 0);
    return PL_OK;
}

pl_status pl_assembly_copy_operator(struct pl_assembly *assembly, struct pl_source *source,
                                    const struct pl_record *op, struct pl_record **copy)
{
    int32_t code = 0;
    enum pl_table expected = PL_TABLE_Model;
    *copy = pl_record_clone(&assembly->region, op);
    if (*copy == NULL) return pl_assembly_no_memory(assembly);
    PL_TRY(pl_assembly_source_code(assembly, source,
                                   pl_record_integer(op, PL_Operator_opcode_index), &code));
    pl_record_set_integer(*copy, PL_Operator_opcode_index, code);
    if (pl_schema_operator_options(pl_model_operator_code(assembly->codes.items[code]),
                                   &expected)) {
        PL_TRY(map_options(assembly, source, *copy, PL_Operator_builtin_options, expected));
        PL_TRY(map_options(assembly, source, *copy, PL_Operator_builtin_options_2, expected));
    }
    return map_custom_options(assembly, source, *copy);
}

/* "model", or "model/part" if the source was fused itself. */
static const char *part_of(struct pl_assembly *assembly, const struct pl_source *source,
                           uint32_t op)
{
    for (int32_t i = 0; i < source->part_count; i++)
        if (op >= (uint32_t)source->parts[i].first &&
            op - (uint32_t)source->parts[i].first < (uint32_t)source->parts[i].count)
            return pl_assembly_text(assembly, source->name, "/", source->parts[i].name);
    return source->name;
}

pl_status pl_assembly_operator(struct pl_assembly *assembly, struct pl_source *source, uint32_t op)
{
    struct pl_record *copy = NULL;
    const char *part = part_of(assembly, source, op);
    PL_TRY(pl_assembly_copy_operator(assembly, source,
                         pl_record_item(source->primary, PL_SubGraph_operators, op), &copy));
    PL_TRY(map_tensors(assembly, source, copy, PL_Operator_inputs));
    PL_TRY(map_tensors(assembly, source, copy, PL_Operator_outputs));
    PL_TRY(map_tensors(assembly, source, copy, PL_Operator_intermediates));
    if (part == NULL) return pl_assembly_no_memory(assembly);
    return pl_assembly_add_with(assembly, &assembly->operators, copy, &assembly->operator_parts, &part,
                                sizeof part);
}

pl_status pl_assembly_new_operator(struct pl_assembly *assembly, struct pl_record *op, int32_t code,
                                   int32_t version, const char *part)
{
    int32_t index = 0;
    struct pl_record *record = pl_record_new(&assembly->region, PL_TABLE_OperatorCode);
    if (record == NULL) return pl_assembly_no_memory(assembly);
    pl_record_set_integer(record, PL_OperatorCode_deprecated_builtin_code,
                          code < PL_BuiltinOperator_PLACEHOLDER_FOR_GREATER_OP_CODES
                              ? code
                              : PL_BuiltinOperator_PLACEHOLDER_FOR_GREATER_OP_CODES);
    pl_record_set_integer(record, PL_OperatorCode_builtin_code, code);
    pl_record_set_integer(record, PL_OperatorCode_version, version);
    PL_TRY(pl_assembly_code(assembly, record, &index));
    pl_record_set_integer(op, PL_Operator_opcode_index, index);
    return pl_assembly_add_with(assembly, &assembly->operators, op, &assembly->operator_parts, &part,
                                sizeof part);
}
