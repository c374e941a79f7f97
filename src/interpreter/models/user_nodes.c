/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of a model that users registered: each is looked up, and its init is run, once. */
#include "interpreter/models/models.h"

void pl_interpreter_register(struct pl_interpreter *interpreter, struct pl_user_op *op)
{
    pl_change_begin(interpreter);
    pl_registry_add(&interpreter->registry, op);
    pl_change_end(interpreter);
}

const struct pl_registry *pl_interpreter_registry(const struct pl_interpreter *interpreter)
{
    return &interpreter->registry;
}

bool pl_entry_supports(const struct pl_entry *entry, const struct pl_operator *op)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_change_begin(interpreter);
    const bool supported = pl_operator_is_supported(entry->instance->registry, op);
    pl_change_end(interpreter);
    return supported;
}

static pl_status add_node(struct pl_instance *instance, int32_t subgraph,
                          const struct pl_user_op *op, const struct pl_operator *operator,
                          struct pl_error *error)
{
    struct pl_user_node *node = pl_region_allocate(&instance->region, sizeof *node);
    if (node == NULL)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for operator %d (%s)",
                       (int)operator->index, pl_operator_name(operator));
    *node = (struct pl_user_node){.op = op, .operator = operator, .subgraph = subgraph};
    PL_TRY(pl_user_node_init(node, error));
    node->next = instance->nodes.first;
    instance->nodes.first = node;
    return PL_OK;
}

pl_status pl_instance_resolve(struct pl_instance *instance, struct pl_error *error)
{
    if (instance->registry->first == NULL) return PL_OK;
    for (int32_t s = 0; s < instance->graph->subgraph_count; s++) {
        const struct pl_subgraph *subgraph = &instance->graph->subgraphs[s];
        for (int32_t i = 0; i < subgraph->operator_count; i++) {
            const struct pl_operator *operator = &subgraph->operators[i];
            const struct pl_user_op *op = pl_registry_find(instance->registry, operator);
            if (op == NULL || pl_user_nodes_find(&instance->nodes, s, operator->index) != NULL)
                continue;
            if (add_node(instance, s, op, operator, error) != PL_OK)
                return pl_fail_at(error, "model '%s'", instance->name);
        }
    }
    return PL_OK;
}

void pl_instance_free_nodes(struct pl_instance *instance)
{
    while (instance->nodes.first != NULL) {
        struct pl_user_node *node = instance->nodes.first;
        instance->nodes.first = node->next;
        pl_user_node_free(node);
    }
}
