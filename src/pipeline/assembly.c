/* SPDX-License-Identifier: Apache-2.0 */
/* A file under construction as a whole: its ends, its subgraphs, and what becomes of them; see assembly.h. */
#include <assert.h>

#include "pipeline/assembly_internal.h"
#include "pipeline/ends.h"

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
    return pl_assembly_add_with(assembly, &assembly->subgraphs, NULL, &assembly->subgraph_origins, &none,
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
    if (!pl_assembly_make_room(assembly, &ends->items, ends->count, &ends->room, sizeof end))
        return pl_assembly_no_memory(assembly);
    ends->items[ends->count++] = end;
    return PL_OK;
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
        PL_TRY(pl_assembly_add_with(assembly, &assembly->subgraphs, NULL, &assembly->subgraph_origins, &origin,
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
        PL_TRY(pl_assembly_copy_tensor(assembly, origin->source, pl_record_item(old, PL_SubGraph_tensors, i),
                                       &item));
        PL_TRY(pl_assembly_add(assembly, &tensors, item));
    }
    for (uint32_t i = 0; i < pl_record_count(old, PL_SubGraph_operators); i++) {
        PL_TRY(pl_assembly_copy_operator(assembly, origin->source,
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
