/* SPDX-License-Identifier: Apache-2.0 */
/* What plait inspect --svg draws of models: what is there, and what is said of it. */
#include "model_graph.h"

#include <stdlib.h>

#include "heap.h"
#include "inspect.h"
#include "pipeline_file.h"
#include "table.h"

enum { MOST_ENDS = 3 };

static size_t add_node(struct model_graph *graph, const struct graph_node *node)
{
    graph->nodes = heap_grow(graph->nodes, graph->count, sizeof *graph->nodes);
    graph->nodes[graph->count] = *node;
    if (node->column >= graph->columns) graph->columns = node->column + 1;
    return graph->count++;
}

/* Through every column between the two. */
static struct graph_edge *add_edge(struct model_graph *graph, size_t from, size_t to)
{
    while (graph->nodes[from].column + 1 < graph->nodes[to].column) {
        const size_t bend =
            add_node(graph, &(struct graph_node){.kind = NODE_BEND, .column = graph->nodes[from].column + 1});
        graph->edges = heap_grow(graph->edges, graph->edge_count, sizeof *graph->edges);
        graph->edges[graph->edge_count++] = (struct graph_edge){.from = from, .to = bend};
        from = bend;
    }
    graph->edges = heap_grow(graph->edges, graph->edge_count, sizeof *graph->edges);
    graph->edges[graph->edge_count] = (struct graph_edge){.from = from, .to = to};
    return &graph->edges[graph->edge_count++];
}

/* ---- what is there --------------------------------------------------------------------------- */

static size_t number_of(const struct models *models, const struct plait_tensor *tensor)
{
    return (size_t)(models_of(models, tensor) - models->items);
}

static char *append(char *text, char *more)
{
    char *both = heap_text("%s%s%s", text, text[0] != '\0' ? ", " : "", more);
    free(text);
    free(more);
    return both;
}

/* "window 76, hop 8"; NULL: none. */
static char *window_text(const struct plait_tensor *to, int32_t hop, int32_t axis)
{
    if (hop == 0) return NULL;
    return heap_text("window %d, hop %d", plait_tensor_dim(to, axis < 0 ? axis + plait_tensor_rank(to) : axis), hop);
}

/* What is done between the two ends: "uint8 to float32"; NULL: nothing. */
static char *adapter_text(const struct model_link *link)
{
    char *text = heap_text("%s", "");
    struct plait_quantization a = {0}, b = {0};
    plait_tensor_quantization(link->from, &a);
    plait_tensor_quantization(link->to, &b);
    if (plait_tensor_type(link->from) != plait_tensor_type(link->to))
        text = append(text, heap_text("%s to %s", plait_type_name(plait_tensor_type(link->from)),
                                      plait_type_name(plait_tensor_type(link->to))));
    else if (a.count == 1 && b.count == 1 &&
             (a.zero_point[0] != b.zero_point[0] || a.scale[0] < b.scale[0] || a.scale[0] > b.scale[0]))
        text = append(text, heap_text("%s", "requantized"));
    if (link->options.reshape) text = append(text, heap_text("%s", "reshaped"));
    if (link->options.has_scale) text = append(text, heap_text("\xc3\x97 %.4g", (double)link->options.scale));
    if (link->options.has_offset) text = append(text, heap_text("%+.4g", (double)link->options.offset));
    if (text[0] != '\0') return text;
    free(text);
    return NULL;
}

static void add_model(struct model_graph *graph, size_t index, size_t depth)
{
    const struct loaded_model *item = &graph->models->items[index];
    struct plait_memory memory = {0};
    plait_model_memory(item->model, &memory);
    const size_t operators = plait_operator_count(item->model), elsewhere = savings_of(item->model).computed_by_others;
    char *bytes = grouped_number(memory.constant_bytes / 1000);
    add_node(graph, &(struct graph_node){.kind = NODE_MODEL, .column = depth + 1, .model = index, .order = (double)index,
                                   .name = heap_text("%s", item->name),
                                   .about = heap_text("%zu operator%s, %s kB", operators, operators == 1 ? "" : "s", bytes),
                                   .shared = elsewhere > 0 ? heap_text("%zu run elsewhere", elsewhere) : NULL});
    free(bytes);
}

/* Too many inputs or outputs of one model: what stands for the rest. */
static void add_rest(struct model_graph *graph, size_t index, enum node_kind kind, size_t count)
{
    const size_t column = graph->nodes[index].column;
    const size_t node = add_node(graph, &(struct graph_node){.kind = kind, .model = index, .order = (double)index,
                                                       .column = kind == NODE_INPUT ? column - 1 : column + 1,
                                                       .name = heap_text("and %zu more", count),
                                                       .about = heap_text("%s", "")});
    if (kind == NODE_INPUT) add_edge(graph, node, index);
    else add_edge(graph, index, node);
}

static void add_inputs(struct model_graph *graph, size_t index)
{
    const struct models *models = graph->models;
    const struct loaded_model *item = &models->items[index];
    const size_t count = plait_input_count(item->model);
    size_t shown = 0, left = 0;
    for (size_t i = 0; i < count; i++) {
        const struct plait_tensor *tensor = plait_input(item->model, i);
        struct plait_pipeline_input named = {0};
        if (models_feeds(models, tensor)) continue;
        if (shown == MOST_ENDS && ++left > 0) continue;
        shown++;
        const bool is_named = pipeline_input_of(models, tensor, &named);
        const size_t node = add_node(graph, &(struct graph_node){.kind = NODE_INPUT, .column = graph->nodes[index].column - 1,
                                                           .model = index, .tensor = tensor, .order = (double)index,
                                                           .name = is_named ? input_label(models, item, i)
                                                                                      : input_name(item->model, i),
                                                           .about = tensor_shape_text(tensor, false)});
        add_edge(graph, node, index)->window = is_named ? window_text(tensor, named.hop, named.axis) : NULL;
    }
    if (left > 0) add_rest(graph, index, NODE_INPUT, left);
}

/* What the pipeline calls an output; NULL: nothing. */
static const char *pipeline_name(const struct models *models, const struct plait_tensor *tensor)
{
    struct plait_pipeline_output output;
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, &output) == PLAIT_OK; i++)
        if (output.tensor == tensor) return output.name;
    return NULL;
}

static void add_outputs(struct model_graph *graph, size_t index)
{
    const struct loaded_model *item = &graph->models->items[index];
    size_t shown = 0, left = 0;
    for (size_t i = 0; i < plait_output_count(item->model); i++) {
        const struct plait_tensor *tensor = plait_output(item->model, i);
        const char *name = pipeline_name(graph->models, tensor);
        if (name == NULL && models_takes(graph->models, tensor)) continue;
        if (shown == MOST_ENDS && ++left > 0) continue;
        shown++;
        const size_t node = add_node(graph, &(struct graph_node){.kind = NODE_OUTPUT, .column = graph->nodes[index].column + 1,
                                                           .model = index, .order = (double)index,
                                                           .name = name != NULL ? heap_text("%s", name)
                                                                                : output_name(item->model, i),
                                                           .about = tensor_shape_text(tensor, false)});
        add_edge(graph, index, node);
    }
    if (left > 0) add_rest(graph, index, NODE_OUTPUT, left);
}

/* A link from an input goes from where that is drawn. */
static void add_link(struct model_graph *graph, const struct model_link *link)
{
    size_t from = number_of(graph->models, link->from);
    const size_t to = number_of(graph->models, link->to);
    for (size_t i = 0; link->options.from_input && i < graph->count; i++)
        if (graph->nodes[i].kind == NODE_INPUT && graph->nodes[i].tensor == link->from) from = i;
    if (graph->nodes[from].column >= graph->nodes[to].column) return; /* that input is not shown */
    struct graph_edge *edge = add_edge(graph, from, to);
    edge->window = link->cuts ? heap_text("each box") : window_text(link->to, link->options.hop, link->options.axis);
    edge->adapter = adapter_text(link);
}

void model_graph_make(struct model_graph *graph, const struct models *models)
{
    *graph = (struct model_graph){.models = models};
    size_t *depths = models_depths(models);
    for (size_t i = 0; i < models->count; i++) add_model(graph, i, depths[i]);
    for (size_t i = 0; i < models->count; i++) add_inputs(graph, i);
    for (size_t i = 0; i < models->link_count; i++) add_link(graph, &models->links[i]);
    for (size_t i = 0; i < models->count; i++) add_outputs(graph, i);
    free(depths);
}

void model_graph_free(struct model_graph *graph)
{
    for (size_t i = 0; i < graph->edge_count; i++) free(graph->edges[i].window);
    for (size_t i = 0; i < graph->edge_count; i++) free(graph->edges[i].adapter);
    for (size_t i = 0; i < graph->count; i++) free(graph->nodes[i].name);
    for (size_t i = 0; i < graph->count; i++) free(graph->nodes[i].about);
    for (size_t i = 0; i < graph->count; i++) free(graph->nodes[i].shared);
    free(graph->edges);
    free(graph->nodes);
}
