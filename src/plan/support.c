/* SPDX-License-Identifier: Apache-2.0 */
/* Which operators of a graph can be planned at all. */
#include <string.h>

#include "plan/program.h"

bool pl_operator_is_supported(const struct pl_registry *registry, const struct pl_operator *op)
{
    if (pl_registry_find(registry, op) != NULL) return true;
    const struct pl_op *found = pl_op_find(op);
    return found != NULL && op->version >= found->min_version && op->version <= found->max_version;
}

/* Whether an operator of the same name and version was met before, to say each once. */
static bool is_repeated(const struct pl_subgraph *subgraph, int32_t index)
{
    const struct pl_operator *op = &subgraph->operators[index];
    for (int32_t i = 0; i < index; i++)
        if (strcmp(pl_operator_name(&subgraph->operators[i]), pl_operator_name(op)) == 0 &&
            subgraph->operators[i].version == op->version)
            return true;
    return false;
}

static const char *way_out(const struct pl_operator *op)
{
    if (op->custom_name == NULL) return "";
    if (strncmp(op->custom_name, "Flex", 4) == 0)
        return " (a TensorFlow operator: convert the model without SELECT_TF_OPS)";
    if (strcmp(op->custom_name, "edgetpu-custom-op") == 0)
        return " (compiled for the Edge TPU: use the file from before edgetpu_compiler)";
    return " (custom operator: register it with plait_register_op() before loading)";
}

pl_status pl_check_operators(const struct pl_registry *registry, const struct pl_graph *graph, struct pl_error *error)
{
    int missing = 0;
    for (int32_t s = 0; s < graph->subgraph_count; s++) {
        const struct pl_subgraph *subgraph = &graph->subgraphs[s];
        for (int32_t i = 0; i < subgraph->operator_count; i++) {
            const struct pl_operator *op = &subgraph->operators[i];
            if (pl_operator_is_supported(registry, op) || is_repeated(subgraph, i)) continue;
            if (missing++ == 0) pl_fail(error, PL_UNSUPPORTED, "operators that are not supported: ");
            else pl_error_append(error, ", ");
            pl_error_append(error, "%s version %d%s", pl_operator_name(op), (int)op->version, way_out(op));
        }
    }
    return missing == 0 ? PL_OK : PL_UNSUPPORTED;
}
