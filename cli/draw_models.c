/* SPDX-License-Identifier: Apache-2.0 */
/* Models and links from left to right: inputs, then each model behind those that feed it, and its outputs behind it.
 * Every node has a row of its column; a link that leads past a column has one there, too, so that nothing lies on it. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "heap.h"
#include "inspect.h"
#include "pipeline_file.h"
#include "table.h"

enum { MARGIN = 24, ROW = 58, BOX_HEIGHT = 44, MOST_ENDS = 3, WIDEST_BOX = 220 };

enum node_kind { NODE_MODEL, NODE_INPUT, NODE_OUTPUT, NODE_BEND };

struct node {
    enum node_kind kind;
    size_t column;
    size_t model; /* its number; of an input or output, whose it is */
    const struct plait_tensor *tensor;
    char *name;
    char *about;
    char *shared; /* of a model: what others compute for it; NULL: nothing */
    double order; /* of the column's rows, and then where its middle is */
    double y;
};

struct edge {
    size_t from, to; /* nodes */
    char *window;    /* above its end; NULL: there is none, */
    char *adapter;   /* and below it */
};

struct graph {
    const struct models *models;
    struct node *nodes; /* the models first */
    size_t count;
    struct edge *edges;
    size_t edge_count;
    size_t columns;
    double box_width;
};

static size_t add_node(struct graph *graph, const struct node *node)
{
    graph->nodes = heap_grow(graph->nodes, graph->count, sizeof *graph->nodes);
    graph->nodes[graph->count] = *node;
    if (node->column >= graph->columns) graph->columns = node->column + 1;
    return graph->count++;
}

/* Through every column between the two. */
static struct edge *add_edge(struct graph *graph, size_t from, size_t to)
{
    while (graph->nodes[from].column + 1 < graph->nodes[to].column) {
        const size_t bend =
            add_node(graph, &(struct node){.kind = NODE_BEND, .column = graph->nodes[from].column + 1});
        graph->edges = heap_grow(graph->edges, graph->edge_count, sizeof *graph->edges);
        graph->edges[graph->edge_count++] = (struct edge){.from = from, .to = bend};
        from = bend;
    }
    graph->edges = heap_grow(graph->edges, graph->edge_count, sizeof *graph->edges);
    graph->edges[graph->edge_count] = (struct edge){.from = from, .to = to};
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

static void add_model(struct graph *graph, size_t index, size_t depth)
{
    const struct loaded_model *item = &graph->models->items[index];
    struct plait_memory memory = {0};
    plait_model_memory(item->model, &memory);
    const size_t operators = plait_operator_count(item->model), elsewhere = savings_of(item->model).computed_by_others;
    char *bytes = grouped_number(memory.constant_bytes / 1000);
    add_node(graph, &(struct node){.kind = NODE_MODEL, .column = depth + 1, .model = index, .order = (double)index,
                                   .name = heap_text("%s", item->name),
                                   .about = heap_text("%zu operator%s, %s kB", operators, operators == 1 ? "" : "s", bytes),
                                   .shared = elsewhere > 0 ? heap_text("%zu run elsewhere", elsewhere) : NULL});
    free(bytes);
}

/* Too many inputs or outputs of one model: what stands for the rest. */
static void add_rest(struct graph *graph, size_t index, enum node_kind kind, size_t count)
{
    const size_t column = graph->nodes[index].column;
    const size_t node = add_node(graph, &(struct node){.kind = kind, .model = index, .order = (double)index,
                                                       .column = kind == NODE_INPUT ? column - 1 : column + 1,
                                                       .name = heap_text("and %zu more", count),
                                                       .about = heap_text("%s", "")});
    if (kind == NODE_INPUT) add_edge(graph, node, index);
    else add_edge(graph, index, node);
}

static void add_inputs(struct graph *graph, size_t index)
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
        const size_t node = add_node(graph, &(struct node){.kind = NODE_INPUT, .column = graph->nodes[index].column - 1,
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

static void add_outputs(struct graph *graph, size_t index)
{
    const struct loaded_model *item = &graph->models->items[index];
    size_t shown = 0, left = 0;
    for (size_t i = 0; i < plait_output_count(item->model); i++) {
        const struct plait_tensor *tensor = plait_output(item->model, i);
        const char *name = pipeline_name(graph->models, tensor);
        if (name == NULL && models_takes(graph->models, tensor)) continue;
        if (shown == MOST_ENDS && ++left > 0) continue;
        shown++;
        const size_t node = add_node(graph, &(struct node){.kind = NODE_OUTPUT, .column = graph->nodes[index].column + 1,
                                                           .model = index, .order = (double)index,
                                                           .name = name != NULL ? heap_text("%s", name)
                                                                                : output_name(item->model, i),
                                                           .about = tensor_shape_text(tensor, false)});
        add_edge(graph, index, node);
    }
    if (left > 0) add_rest(graph, index, NODE_OUTPUT, left);
}

/* A link from an input goes from where that is drawn. */
static void add_link(struct graph *graph, const struct model_link *link)
{
    size_t from = number_of(graph->models, link->from);
    const size_t to = number_of(graph->models, link->to);
    for (size_t i = 0; link->options.from_input && i < graph->count; i++)
        if (graph->nodes[i].kind == NODE_INPUT && graph->nodes[i].tensor == link->from) from = i;
    if (graph->nodes[from].column >= graph->nodes[to].column) return; /* that input is not shown */
    struct edge *edge = add_edge(graph, from, to);
    edge->window = link->cuts ? heap_text("each box") : window_text(link->to, link->options.hop, link->options.axis);
    edge->adapter = adapter_text(link);
}

static void make_graph(struct graph *graph, const struct models *models)
{
    *graph = (struct graph){.models = models};
    size_t *depths = models_depths(models);
    for (size_t i = 0; i < models->count; i++) add_model(graph, i, depths[i]);
    for (size_t i = 0; i < models->count; i++) add_inputs(graph, i);
    for (size_t i = 0; i < models->link_count; i++) add_link(graph, &models->links[i]);
    for (size_t i = 0; i < models->count; i++) add_outputs(graph, i);
    free(depths);
}

/* ---- where it is ----------------------------------------------------------------------------- */

/* The mean of what leads to a node, or for inputs of what they lead to. */
static double wanted_row(const struct graph *graph, size_t node)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < graph->edge_count; i++) {
        if (graph->edges[i].to != node) continue;
        sum += graph->nodes[graph->edges[i].from].y;
        count++;
    }
    return count > 0 ? sum / (double)count : graph->nodes[node].order * ROW;
}

static int compare_nodes(const void *left, const void *right)
{
    const struct node *a = *(struct node *const *)left, *b = *(struct node *const *)right;
    if (a->order < b->order || a->order > b->order) return a->order < b->order ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void place_column(const struct graph *graph, size_t column, double top, double height)
{
    struct node **nodes = heap_array(graph->count, sizeof *nodes);
    size_t count = 0;
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->nodes[i].column != column) continue;
        graph->nodes[i].order = wanted_row(graph, i);
        nodes[count++] = &graph->nodes[i];
    }
    if (count > 0) qsort(nodes, count, sizeof *nodes, compare_nodes);
    for (size_t i = 0; i < count; i++)
        nodes[i]->y = top + (height - (double)count * ROW) / 2 + ((double)i + 0.5) * ROW;
    free(nodes);
}

static double height_of(const struct graph *graph)
{
    size_t most = 0;
    for (size_t column = 0; column < graph->columns; column++) {
        size_t count = 0;
        for (size_t i = 0; i < graph->count; i++) count += graph->nodes[i].column == column;
        if (count > most) most = count;
    }
    return (double)most * ROW;
}

/* The left edge of a column. */
static double left_of(const struct graph *graph, size_t column)
{
    const double pitch = graph->columns > 1
                             ? (SVG_WIDTH - 2 * MARGIN - graph->box_width) / (double)(graph->columns - 1) : 0;
    return MARGIN + pitch * (double)column;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void draw_edge(struct svg *svg, const struct graph *graph, const struct edge *edge)
{
    const struct node *from = &graph->nodes[edge->from], *to = &graph->nodes[edge->to];
    const double x1 = left_of(graph, from->column) + graph->box_width, x2 = left_of(graph, to->column);
    svg_curve(svg, x1, from->y, x2, to->y, to->kind != NODE_BEND);
    if (to->kind == NODE_BEND) svg_line(svg, x2, to->y, x2 + graph->box_width, to->y, "#555", false);
}

/* A text beside the end of an edge. */
static void draw_label(struct svg *svg, const struct graph *graph, const struct edge *edge, const char *label, double below)
{
    if (label == NULL) return;
    const struct node *to = &graph->nodes[edge->to];
    const double x = left_of(graph, to->column) - 10, y = to->y + below;
    const double room = x - left_of(graph, to->column - 1) - graph->box_width - 4;
    const double wide = svg_text_width(label, 10), width = wide < room ? wide : room;
    svg_box(svg, &(struct svg_box){.x = x - width - 2, .y = y - 10, .width = width + 4, .height = 13, .fill = "#fff",
                                   .opacity = 0.85}, label);
    svg_text(svg, &(struct svg_text){.x = x, .y = y, .size = 10, .anchor = 'e', .colour = "#333", .width = room}, label);
}

/* Of several that arrive at one node, each pair is above the other. */
static void draw_labels(struct svg *svg, const struct graph *graph)
{
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct edge *edge = &graph->edges[i];
        double above = 0;
        for (size_t k = 0; k < i; k++)
            if (graph->edges[k].to == edge->to && (graph->edges[k].window != NULL || graph->edges[k].adapter != NULL)) above += 1;
        draw_label(svg, graph, edge, edge->window, above > 0 ? -6 - 13 * above : -6);
        draw_label(svg, graph, edge, edge->adapter, above > 0 ? 14 + 13 * above : 14);
    }
}

static void draw_node(struct svg *svg, const struct graph *graph, const struct node *node)
{
    const bool model = node->kind == NODE_MODEL;
    if (node->kind == NODE_BEND) return;
    const double x = left_of(graph, node->column), height = model ? BOX_HEIGHT : BOX_HEIGHT - 6;
    svg_box(svg, &(struct svg_box){.x = x, .y = node->y - height / 2, .width = graph->box_width, .height = height,
                                   .radius = model ? 5 : 18, .fill = model ? svg_fill(node->model) : "#f4f4f4",
                                   .stroke = model ? svg_stroke(node->model) : "#999"}, node->name);
    const double middle = x + graph->box_width / 2, width = graph->box_width - 16;
    const double y = node->y - (node->shared != NULL ? 6 : 0);
    if (node->shared != NULL)
        svg_text(svg, &(struct svg_text){.x = middle, .y = y + 23, .size = 10, .anchor = 'm', .colour = "#333",
                                         .width = width}, node->shared);
    svg_text(svg, &(struct svg_text){.x = middle, .y = y - 2, .size = model ? 13 : 12, .anchor = 'm', .bold = model,
                                     .width = width}, node->name);
    svg_text(svg, &(struct svg_text){.x = middle, .y = y + 12, .size = 10, .anchor = 'm', .colour = "#333",
                                     .width = width}, node->about);
}

void draw_models(struct svg *svg, const struct models *models)
{
    struct graph graph;
    make_graph(&graph, models);
    const double width = (SVG_WIDTH - 2.0 * MARGIN) / (double)graph.columns * 0.56, height = height_of(&graph);
    graph.box_width = width < WIDEST_BOX ? width : WIDEST_BOX;
    for (size_t column = 0; column < graph.columns; column++) place_column(&graph, column, svg->height, height);
    for (size_t i = 0; i < graph.edge_count; i++) draw_edge(svg, &graph, &graph.edges[i]);
    draw_labels(svg, &graph);
    for (size_t i = 0; i < graph.count; i++) draw_node(svg, &graph, &graph.nodes[i]);
    svg->height += height;
    for (size_t i = 0; i < graph.edge_count; i++) free(graph.edges[i].window);
    for (size_t i = 0; i < graph.edge_count; i++) free(graph.edges[i].adapter);
    for (size_t i = 0; i < graph.count; i++) free(graph.nodes[i].name);
    for (size_t i = 0; i < graph.count; i++) free(graph.nodes[i].about);
    for (size_t i = 0; i < graph.count; i++) free(graph.nodes[i].shared);
    free(graph.edges);
    free(graph.nodes);
}
