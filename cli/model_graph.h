/* SPDX-License-Identifier: Apache-2.0 */
/* Models and what leads from one to the other as a graph in columns, to be drawn: inputs, then each model behind those that
 * feed it, and its outputs behind it. A link that leads past a column has a node there, too. */
#ifndef CLI_MODEL_GRAPH_H
#define CLI_MODEL_GRAPH_H

#include "models.h"

enum node_kind { NODE_MODEL, NODE_INPUT, NODE_OUTPUT, NODE_BEND };

struct graph_node {
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

struct graph_edge {
    size_t from, to; /* nodes */
    char *window;    /* above its end; NULL: there is none, */
    char *adapter;   /* and below it */
};

struct model_graph {
    const struct models *models;
    struct graph_node *nodes; /* the models first */
    size_t count;
    struct graph_edge *edges;
    size_t edge_count;
    size_t columns;
    double box_width;
};

void model_graph_make(struct model_graph *graph, const struct models *models);
void model_graph_free(struct model_graph *graph);

#endif
