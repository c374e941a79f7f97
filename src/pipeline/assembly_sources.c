/* SPDX-License-Identifier: Apache-2.0 */
/* Models that give parts to a file under construction. */
#include "pipeline/assembly_internal.h"

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
