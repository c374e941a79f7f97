/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors, operators, buffers and subgraphs of a file under construction; see assembly.h. */
#include "pipeline/assembly.h"

#include <assert.h>
#include <string.h>

#include "pipeline/ends.h"

enum { FIRST_ROOM = 64 };

/* ---- small things ---------------------------------------------------------------------------- */

pl_status pl_assembly_no_memory(const struct pl_assembly *assembly)
{
    return pl_fail(assembly->error, PL_OUT_OF_MEMORY, "no memory left to put the model together");
}

void pl_record_set_integer(struct pl_record *record, enum pl_field field, int64_t value)
{
    pl_record_value_of(record, field)->integer = value;
}

void pl_record_set_vector(struct pl_record *record, enum pl_field field, const void *data,
                          uint32_t count)
{
    union pl_record_value *value = pl_record_value_of(record, field);
    value->vector.data = data;
    value->vector.count = count;
}

void pl_record_set_text(struct pl_record *record, enum pl_field field, const char *text)
{
    pl_record_set_vector(record, field, text, (uint32_t)strlen(text));
}

uint32_t pl_record_count(const struct pl_record *record, enum pl_field field)
{
    uint32_t count = 0;
    (void)pl_record_vector(record, field, &count);
    return count;
}

char *pl_assembly_text(struct pl_assembly *assembly, const char *first, const char *between,
                       const char *last)
{
    const size_t a = strlen(first), b = strlen(between), c = strlen(last);
    char *text = pl_region_array(&assembly->region, a + b + c + 1, 1);
    if (text == NULL) return NULL;
    memcpy(text, first, a);
    memcpy(text + a, between, b);
    memcpy(text + a + b, last, c);
    return text;
}

/* Room for one more item in an array of the region; `array` is where the pointer to it stands. */
static bool make_room(struct pl_assembly *assembly, void *array, uint32_t count, uint32_t room,
                      size_t item_bytes)
{
    const void *items = NULL;
    if (count < room) return true;
    void *fresh =
        pl_region_array(&assembly->region, room == 0 ? FIRST_ROOM : 2 * (size_t)room, item_bytes);
    if (fresh == NULL) return false;
    memcpy(&items, array, sizeof items);
    if (count > 0) memcpy(fresh, items, count * item_bytes);
    memcpy(array, &fresh, sizeof fresh);
    return true;
}

static uint32_t next_room(uint32_t count, uint32_t room)
{
    if (count < room) return room;
    return room == 0 ? FIRST_ROOM : 2 * room;
}

pl_status pl_assembly_add(struct pl_assembly *assembly, struct pl_record_list *list,
                          const struct pl_record *record)
{
    if (list->count >= INT32_MAX / 4 ||
        !make_room(assembly, &list->items, list->count, list->room, sizeof(void *)))
        return pl_assembly_no_memory(assembly);
    list->room = next_room(list->count, list->room);
    list->items[list->count++] = record;
    return PL_OK;
}

/* The same with something that goes along with each record. */
static pl_status add_with(struct pl_assembly *assembly, struct pl_record_list *list,
                          const struct pl_record *record, void *array, const void *item,
                          size_t item_bytes)
{
    void *items = NULL;
    if (!make_room(assembly, array, list->count, list->room, item_bytes))
        return pl_assembly_no_memory(assembly);
    PL_TRY(pl_assembly_add(assembly, list, record));
    memcpy(&items, array, sizeof items);
    memcpy((char *)items + (list->count - 1) * item_bytes, item, item_bytes);
    return PL_OK;
}

pl_status pl_assembly_init(struct pl_assembly *assembly, struct pl_memory *memory,
                           struct pl_error *error)
{
    static const struct pl_origin none;
    *assembly = (struct pl_assembly){.error = error, .description = ""};
    pl_region_init(&assembly->region, memory);
    struct pl_record *empty = pl_record_new(&assembly->region, PL_TABLE_Buffer);
    if (empty == NULL) return pl_assembly_no_memory(assembly);
    PL_TRY(pl_assembly_add(assembly, &assembly->buffers, empty));
    PL_TRY(pl_assembly_init_contents(assembly));
    return add_with(assembly, &assembly->subgraphs, NULL, &assembly->subgraph_origins, &none,
                    sizeof none);
}

void pl_assembly_clear(struct pl_assembly *assembly)
{
    pl_region_clear(&assembly->region);
}

pl_status pl_assembly_end(struct pl_assembly *assembly, struct pl_source *source, int32_t tensor,
                          bool output)
{
    struct pl_ends *ends = output ? &assembly->outputs : &assembly->inputs;
    struct pl_end end = {.model = source->name};
    PL_TRY(pl_assembly_tensor(assembly, source, tensor, &end.tensor));
    end.name = pl_end_signature_name(source, output, tensor);
    if (end.name[0] == '\0') end.name = pl_end_tensor_name(source, tensor);
    if (!make_room(assembly, &ends->items, ends->count, ends->room, sizeof end))
        return pl_assembly_no_memory(assembly);
    ends->room = next_room(ends->count, ends->room);
    ends->items[ends->count++] = end;
    return PL_OK;
}

/* ---- sources --------------------------------------------------------------------------------- */

static int32_t *new_map(struct pl_assembly *assembly, uint32_t count)
{
    int32_t *map = pl_region_array(&assembly->region, count, sizeof *map);
    for (uint32_t i = 0; map != NULL && i < count; i++) map[i] = -1;
    return map;
}

/* Ids are unique over all sources by adding the largest one before. */
static pl_status add_externals(struct pl_assembly *assembly, struct pl_source *source)
{
    const struct pl_record *root = source->model->root;
    const uint32_t first_group = assembly->groups.count;
    source->external_base = assembly->external_last;
    for (uint32_t i = 0; i < pl_record_count(root, PL_Model_external_buffer_groups); i++)
        PL_TRY(pl_assembly_add(assembly, &assembly->groups,
                               pl_record_item(root, PL_Model_external_buffer_groups, i)));
    uint32_t largest = assembly->external_last;
    for (uint32_t i = 0; i < pl_record_count(root, PL_Model_external_buffers); i++) {
        struct pl_record *copy =
            pl_record_clone(&assembly->region, pl_record_item(root, PL_Model_external_buffers, i));
        if (copy == NULL) return pl_assembly_no_memory(assembly);
        const int64_t id = pl_record_integer(copy, PL_ExternalBuffer_id) + source->external_base;
        PL_ENSURE(id <= UINT32_MAX, assembly->error, PL_UNSUPPORTED,
                  "model '%s': the ids of external buffers are too large", source->name);
        pl_record_set_integer(copy, PL_ExternalBuffer_id, id);
        pl_record_set_integer(copy, PL_ExternalBuffer_group,
                              pl_record_integer(copy, PL_ExternalBuffer_group) + first_group);
        if (id > largest) largest = (uint32_t)id;
        PL_TRY(pl_assembly_add(assembly, &assembly->externals, copy));
    }
    assembly->external_last = largest;
    return PL_OK;
}

pl_status pl_assembly_source(struct pl_assembly *assembly, const char *name,
                             const struct pl_model *model, struct pl_source *source)
{
    *source = (struct pl_source){.name = name, .model = model};
    source->primary = pl_record_item(model->root, PL_Model_subgraphs, 0);
    source->tensor_count = pl_record_count(source->primary, PL_SubGraph_tensors);
    source->inputs = pl_record_vector(source->primary, PL_SubGraph_inputs, &source->input_count);
    source->outputs = pl_record_vector(source->primary, PL_SubGraph_outputs, &source->output_count);
    source->tensors = new_map(assembly, source->tensor_count);
    source->subgraphs = new_map(assembly, pl_record_count(model->root, PL_Model_subgraphs));
    source->buffers = new_map(assembly, pl_record_count(model->root, PL_Model_buffers));
    source->codes = new_map(assembly, pl_record_count(model->root, PL_Model_operator_codes));
    if (source->tensors == NULL || source->subgraphs == NULL || source->buffers == NULL ||
        source->codes == NULL)
        return pl_assembly_no_memory(assembly);
    PL_TRY(add_externals(assembly, source));
    return pl_parts_find(&assembly->region, model, &source->parts, &source->part_count,
                         assembly->error);
}

/* ---- tensors --------------------------------------------------------------------------------- */

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

/* A copy with the assembly's buffers. */
static pl_status copy_tensor(struct pl_assembly *assembly, struct pl_source *source,
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
        PL_TRY(copy_tensor(assembly, source,
                           pl_record_item(source->primary, PL_SubGraph_tensors, (uint32_t)tensor),
                           &copy));
        *place = (int32_t)assembly->tensors.count;
        PL_TRY(add_with(assembly, &assembly->tensors, copy, &assembly->tensor_origins, &origin,
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
    return add_with(assembly, &assembly->tensors, tensor, &assembly->tensor_origins, &none,
                    sizeof none);
}

/* ---- operators ------------------------------------------------------------------------------- */

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

/* Everything of an operator but its tensors. */
static pl_status copy_operator(struct pl_assembly *assembly, struct pl_source *source,
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
    PL_TRY(copy_operator(assembly, source,
                         pl_record_item(source->primary, PL_SubGraph_operators, op), &copy));
    PL_TRY(map_tensors(assembly, source, copy, PL_Operator_inputs));
    PL_TRY(map_tensors(assembly, source, copy, PL_Operator_outputs));
    PL_TRY(map_tensors(assembly, source, copy, PL_Operator_intermediates));
    if (part == NULL) return pl_assembly_no_memory(assembly);
    return add_with(assembly, &assembly->operators, copy, &assembly->operator_parts, &part,
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
    return add_with(assembly, &assembly->operators, op, &assembly->operator_parts, &part,
                    sizeof part);
}

/* ---- subgraphs ------------------------------------------------------------------------------- */

/* Only the place is made here: subgraphs that call others are copied one after another, not
 * within each other. */
pl_status pl_assembly_subgraph(struct pl_assembly *assembly, struct pl_source *source,
                               int64_t subgraph, int32_t *index)
{
    assert(subgraph >= 0 && subgraph < pl_record_count(source->model->root, PL_Model_subgraphs));
    int32_t *place = &source->subgraphs[subgraph];
    const struct pl_origin origin = {source, (uint32_t)subgraph};
    if (*place < 0) {
        *place = (int32_t)assembly->subgraphs.count;
        PL_TRY(add_with(assembly, &assembly->subgraphs, NULL, &assembly->subgraph_origins, &origin,
                        sizeof origin));
    }
    *index = *place;
    return PL_OK;
}

/* A whole subgraph: its tensors keep their numbers. */
static pl_status copy_subgraph(struct pl_assembly *assembly, const struct pl_origin *origin,
                               struct pl_record **copy)
{
    const struct pl_record *old =
        pl_record_item(origin->source->model->root, PL_Model_subgraphs, origin->index);
    struct pl_record_list tensors = {0}, operators = {0};
    struct pl_record *item = NULL;
    for (uint32_t i = 0; i < pl_record_count(old, PL_SubGraph_tensors); i++) {
        PL_TRY(copy_tensor(assembly, origin->source, pl_record_item(old, PL_SubGraph_tensors, i),
                           &item));
        PL_TRY(pl_assembly_add(assembly, &tensors, item));
    }
    for (uint32_t i = 0; i < pl_record_count(old, PL_SubGraph_operators); i++) {
        PL_TRY(copy_operator(assembly, origin->source,
                             pl_record_item(old, PL_SubGraph_operators, i), &item));
        PL_TRY(pl_assembly_add(assembly, &operators, item));
    }
    *copy = pl_record_clone(&assembly->region, old);
    if (*copy == NULL) return pl_assembly_no_memory(assembly);
    if (tensors.count > 0)
        pl_record_set_vector(*copy, PL_SubGraph_tensors, tensors.items, tensors.count);
    if (operators.count > 0)
        pl_record_set_vector(*copy, PL_SubGraph_operators, operators.items, operators.count);
    return PL_OK;
}

/* Scales and zero points of finer quantizations are tensors too; they come last. The list grows
 * while it is walked. */
static pl_status map_details(struct pl_assembly *assembly, uint32_t tensor)
{
    static const enum pl_field fields[] = {
        PL_BlockwiseQuantization_scales, PL_BlockwiseQuantization_zero_points,
        PL_MultiAxisQuantization_scales, PL_MultiAxisQuantization_zero_points};
    const struct pl_origin origin = assembly->tensor_origins[tensor];
    const struct pl_record *old =
        pl_record_child(assembly->tensors.items[tensor], PL_Tensor_quantization);
    const struct pl_record *details = pl_record_child(old, PL_QuantizationParameters_details);
    if (origin.source == NULL || details == NULL || details->table == PL_TABLE_CustomQuantization)
        return PL_OK;
    struct pl_record *copy = pl_record_clone(&assembly->region, assembly->tensors.items[tensor]);
    struct pl_record *quantization = pl_record_clone(&assembly->region, old);
    struct pl_record *fresh = pl_record_clone(&assembly->region, details);
    if (copy == NULL || quantization == NULL || fresh == NULL)
        return pl_assembly_no_memory(assembly);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        int32_t index = -1;
        if (pl_schema_field(fields[i])->table != fresh->table ||
            pl_record_integer(fresh, fields[i]) < 0)
            continue;
        PL_TRY(pl_assembly_tensor(assembly, origin.source,
                                  (int32_t)pl_record_integer(fresh, fields[i]), &index));
        pl_record_set_integer(fresh, fields[i], index);
    }
    pl_record_value_of(quantization, PL_QuantizationParameters_details)->record = fresh;
    pl_record_value_of(copy, PL_Tensor_quantization)->record = quantization;
    assembly->tensors.items[tensor] = copy;
    return PL_OK;
}

pl_status pl_assembly_settle(struct pl_assembly *assembly)
{
    for (; assembly->settled < assembly->tensors.count; assembly->settled++)
        PL_TRY(map_details(assembly, assembly->settled));
    return PL_OK;
}

static pl_status set_ends(struct pl_assembly *assembly, struct pl_record *primary,
                          enum pl_field field, const struct pl_ends *ends)
{
    int32_t *tensors = pl_region_array(&assembly->region, ends->count, sizeof *tensors);
    if (tensors == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t i = 0; i < ends->count; i++) tensors[i] = ends->items[i].tensor;
    pl_record_set_vector(primary, field, tensors, ends->count);
    return PL_OK;
}

static pl_status finish_primary(struct pl_assembly *assembly)
{
    struct pl_record *primary = pl_record_new(&assembly->region, PL_TABLE_SubGraph);
    if (primary == NULL) return pl_assembly_no_memory(assembly);
    PL_TRY(pl_assembly_settle(assembly));
    pl_record_set_vector(primary, PL_SubGraph_tensors, assembly->tensors.items,
                         assembly->tensors.count);
    pl_record_set_vector(primary, PL_SubGraph_operators, assembly->operators.items,
                         assembly->operators.count);
    PL_TRY(set_ends(assembly, primary, PL_SubGraph_inputs, &assembly->inputs));
    PL_TRY(set_ends(assembly, primary, PL_SubGraph_outputs, &assembly->outputs));
    pl_record_set_text(primary, PL_SubGraph_name, "main");
    assembly->subgraphs.items[0] = primary;
    return PL_OK;
}

static void set_list(struct pl_record *root, enum pl_field field, const struct pl_record_list *list)
{
    if (list->count > 0) pl_record_set_vector(root, field, list->items, list->count);
}

pl_status pl_assembly_finish(struct pl_assembly *assembly, const struct pl_record **root)
{
    enum { SCHEMA_VERSION = 3 };
    struct pl_record *fresh = pl_record_new(&assembly->region, PL_TABLE_Model);
    struct pl_record *copy = NULL;
    if (fresh == NULL) return pl_assembly_no_memory(assembly);
    PL_TRY(finish_primary(assembly));
    for (uint32_t i = 1; i < assembly->subgraphs.count; i++) {
        const struct pl_origin origin = assembly->subgraph_origins[i];
        PL_TRY(copy_subgraph(assembly, &origin, &copy));
        assembly->subgraphs.items[i] = copy;
    }
    pl_record_set_integer(fresh, PL_Model_version, SCHEMA_VERSION);
    pl_record_set_text(fresh, PL_Model_description, assembly->description);
    set_list(fresh, PL_Model_operator_codes, &assembly->codes);
    set_list(fresh, PL_Model_subgraphs, &assembly->subgraphs);
    set_list(fresh, PL_Model_buffers, &assembly->buffers);
    set_list(fresh, PL_Model_metadata, &assembly->metadata);
    set_list(fresh, PL_Model_signature_defs, &assembly->signatures);
    set_list(fresh, PL_Model_external_buffer_groups, &assembly->groups);
    set_list(fresh, PL_Model_external_buffers, &assembly->externals);
    if (assembly->metadata_buffer_count > 0)
        pl_record_set_vector(fresh, PL_Model_metadata_buffer, assembly->metadata_buffers,
                             assembly->metadata_buffer_count);
    *root = fresh;
    return PL_OK;
}
