/* SPDX-License-Identifier: Apache-2.0 */
/* Models and links from left to right, each column of the graph below the others: every node has a row of its column, so that
 * nothing lies on a link that leads past it. */
#include <stdlib.h>

#include "draw.h"
#include "heap.h"
#include "model_graph.h"

enum { MARGIN = 24, ROW = 58, BOX_HEIGHT = 44, WIDEST_BOX = 220 };

/* ---- where it is ----------------------------------------------------------------------------- */

/* The mean of what leads to a node, or for inputs of what they lead to. */
static double wanted_row(const struct model_graph *graph, size_t node)
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
    const struct graph_node *a = *(struct graph_node *const *)left, *b = *(struct graph_node *const *)right;
    if (a->order < b->order || a->order > b->order) return a->order < b->order ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void place_column(const struct model_graph *graph, size_t column, double top, double height)
{
    struct graph_node **nodes = heap_array(graph->count, sizeof *nodes);
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

static double height_of(const struct model_graph *graph)
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
static double left_of(const struct model_graph *graph, size_t column)
{
    const double pitch = graph->columns > 1
                             ? (SVG_WIDTH - 2 * MARGIN - graph->box_width) / (double)(graph->columns - 1) : 0;
    return MARGIN + pitch * (double)column;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void draw_edge(struct svg *svg, const struct model_graph *graph, const struct graph_edge *edge)
{
    const struct graph_node *from = &graph->nodes[edge->from], *to = &graph->nodes[edge->to];
    const double x1 = left_of(graph, from->column) + graph->box_width, x2 = left_of(graph, to->column);
    svg_curve(svg, x1, from->y, x2, to->y, to->kind != NODE_BEND);
    if (to->kind == NODE_BEND) svg_line(svg, x2, to->y, x2 + graph->box_width, to->y, "#555", false);
}

/* A text beside the end of an edge. */
static void draw_label(struct svg *svg, const struct model_graph *graph, const struct graph_edge *edge, const char *label, double below)
{
    if (label == NULL) return;
    const struct graph_node *to = &graph->nodes[edge->to];
    const double x = left_of(graph, to->column) - 10, y = to->y + below;
    const double room = x - left_of(graph, to->column - 1) - graph->box_width - 4;
    const double wide = svg_text_width(label, 10), width = wide < room ? wide : room;
    svg_box(svg, &(struct svg_box){.x = x - width - 2, .y = y - 10, .width = width + 4, .height = 13, .fill = "#fff",
                                   .opacity = 0.85}, label);
    svg_text(svg, &(struct svg_text){.x = x, .y = y, .size = 10, .anchor = 'e', .colour = "#333", .width = room}, label);
}

/* Of several that arrive at one node, each pair is above the other. */
static void draw_labels(struct svg *svg, const struct model_graph *graph)
{
    for (size_t i = 0; i < graph->edge_count; i++) {
        const struct graph_edge *edge = &graph->edges[i];
        double above = 0;
        for (size_t k = 0; k < i; k++)
            if (graph->edges[k].to == edge->to && (graph->edges[k].window != NULL || graph->edges[k].adapter != NULL)) above += 1;
        draw_label(svg, graph, edge, edge->window, above > 0 ? -6 - 13 * above : -6);
        draw_label(svg, graph, edge, edge->adapter, above > 0 ? 14 + 13 * above : 14);
    }
}

static void draw_node(struct svg *svg, const struct model_graph *graph, const struct graph_node *node)
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
    struct model_graph graph;
    model_graph_make(&graph, models);
    const double width = (SVG_WIDTH - 2.0 * MARGIN) / (double)graph.columns * 0.56, height = height_of(&graph);
    graph.box_width = width < WIDEST_BOX ? width : WIDEST_BOX;
    for (size_t column = 0; column < graph.columns; column++) place_column(&graph, column, svg->height, height);
    for (size_t i = 0; i < graph.edge_count; i++) draw_edge(svg, &graph, &graph.edges[i]);
    draw_labels(svg, &graph);
    for (size_t i = 0; i < graph.count; i++) draw_node(svg, &graph, &graph.nodes[i]);
    svg->height += height;
    model_graph_free(&graph);
}
