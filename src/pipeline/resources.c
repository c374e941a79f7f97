/* SPDX-License-Identifier: Apache-2.0 */
/* State that operators find by name: variables by container and shared name, hash tables by
 * number. Models keep their own when they come into one file. */
#include <string.h>

#include "pipeline/assembly.h"

/* The options that name a resource; NULL if the operator names none. */
static const struct pl_record *resource_of(const struct pl_record *op)
{
    static const enum pl_field fields[] = {PL_Operator_builtin_options,
                                           PL_Operator_builtin_options_2};
    for (size_t i = 0; i < 2; i++) {
        const struct pl_record *options = pl_record_child(op, fields[i]);
        if (options == NULL) continue;
        if (options->table == PL_TABLE_VarHandleOptions ||
            options->table == PL_TABLE_HashtableOptions)
            return options;
    }
    return NULL;
}

static bool same_resource(const struct pl_record *a, const struct pl_record *b)
{
    if (a->table != b->table) return false;
    if (a->table == PL_TABLE_HashtableOptions)
        return pl_record_integer(a, PL_HashtableOptions_table_id) ==
               pl_record_integer(b, PL_HashtableOptions_table_id);
    return strcmp(pl_record_text(a, PL_VarHandleOptions_container),
                  pl_record_text(b, PL_VarHandleOptions_container)) == 0 &&
           strcmp(pl_record_text(a, PL_VarHandleOptions_shared_name),
                  pl_record_text(b, PL_VarHandleOptions_shared_name)) == 0;
}

static pl_status add_resource(struct pl_assembly *assembly, const struct pl_record *op,
                              struct pl_record_list *list)
{
    const struct pl_record *found = resource_of(op);
    bool known = found == NULL;
    for (uint32_t k = 0; !known && k < list->count; k++)
        known = same_resource(list->items[k], found);
    return known ? PL_OK : pl_assembly_add(assembly, list, found);
}

static pl_status add_resources(struct pl_assembly *assembly, const struct pl_record *subgraph,
                               struct pl_record_list *list)
{
    for (uint32_t i = 0; i < pl_record_count(subgraph, PL_SubGraph_operators); i++)
        PL_TRY(add_resource(assembly, pl_record_item(subgraph, PL_SubGraph_operators, i), list));
    return PL_OK;
}

const struct pl_record *pl_resources_shared(const struct pl_record_list *a,
                                            const struct pl_record_list *b)
{
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t k = 0; k < b->count; k++)
            if (same_resource(a->items[i], b->items[k])) return a->items[i];
    return NULL;
}

/* Marks the subgraphs that an operator runs. */
static void mark_calls(const struct pl_record *op, bool *called, uint32_t count)
{
    static const enum pl_field unions[] = {PL_Operator_builtin_options,
                                           PL_Operator_builtin_options_2};
    for (size_t u = 0; u < 2; u++) {
        const struct pl_record *options = pl_record_child(op, unions[u]);
        for (int32_t i = 0; options != NULL && i < pl_schema_field_count(options->table); i++) {
            const enum pl_field field = (enum pl_field)(pl_schema_first_field(options->table) + i);
            uint32_t callees = 1;
            int32_t one = 0;
            const int32_t *callee = &one;
            if (!pl_schema_names_subgraph(field)) continue;
            if (pl_schema_field(field)->form == PL_FORM_NUMBER)
                one = (int32_t)pl_record_integer(options, field);
            else callee = pl_record_vector(options, field, &callees);
            for (uint32_t k = 0; k < callees; k++)
                if (callee[k] >= 0 && (uint32_t)callee[k] < count) called[callee[k]] = true;
        }
    }
}

pl_status pl_resources_of(struct pl_assembly *assembly, const struct pl_source *source, uint32_t op,
                          struct pl_record_list *list)
{
    const struct pl_record *root = source->model->root;
    const uint32_t count = pl_record_count(root, PL_Model_subgraphs);
    bool *called = pl_region_array(&assembly->region, count, sizeof *called);
    bool *done = pl_region_array(&assembly->region, count, sizeof *done);
    if (called == NULL || done == NULL) return pl_assembly_no_memory(assembly);
    const struct pl_record *own = pl_record_item(source->primary, PL_SubGraph_operators, op);
    PL_TRY(add_resource(assembly, own, list));
    mark_calls(own, called, count);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < count; i++) {
            if (!called[i] || done[i]) continue;
            const struct pl_record *subgraph = pl_record_item(root, PL_Model_subgraphs, i);
            done[i] = changed = true;
            PL_TRY(add_resources(assembly, subgraph, list));
            for (uint32_t k = 0; k < pl_record_count(subgraph, PL_SubGraph_operators); k++)
                mark_calls(pl_record_item(subgraph, PL_SubGraph_operators, k), called, count);
        }
    }
    return PL_OK;
}

/* The distance that takes the tables of this source away from all others'. */
static int32_t find_table_base(const struct pl_record_list *lists, size_t count)
{
    int64_t largest = 0;
    for (size_t s = 0; s < count; s++)
        for (uint32_t i = 0; i < lists[s].count; i++) {
            if (lists[s].items[i]->table != PL_TABLE_HashtableOptions) continue;
            const int64_t id = pl_record_integer(lists[s].items[i], PL_HashtableOptions_table_id);
            if (id > largest) largest = id;
        }
    return largest < INT32_MAX / 1024 ? (int32_t)largest + 1 : 0;
}

pl_status pl_resources_separate(struct pl_assembly *assembly, struct pl_source *sources,
                                size_t count)
{
    struct pl_record_list *lists = pl_region_array(&assembly->region, count, sizeof *lists);
    if (lists == NULL) return pl_assembly_no_memory(assembly);
    for (size_t s = 0; s < count; s++)
        for (uint32_t i = 0; i < pl_record_count(sources[s].model->root, PL_Model_subgraphs); i++)
            PL_TRY(add_resources(assembly,
                                 pl_record_item(sources[s].model->root, PL_Model_subgraphs, i),
                                 &lists[s]));
    const int32_t base = find_table_base(lists, count);
    for (size_t s = 0; s < count; s++)
        for (size_t k = 0; k < count; k++)
            if (k != s && pl_resources_shared(&lists[s], &lists[k]) != NULL) {
                sources[s].own_resources = true;
                sources[s].table_base = (int64_t)base * (int64_t)s;
            }
    return PL_OK;
}
