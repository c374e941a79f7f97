/* SPDX-License-Identifier: Apache-2.0 */
/* From a verified model to a graph. */
#ifndef PL_GRAPH_IMPORT_H
#define PL_GRAPH_IMPORT_H

#include "graph/graph.h"
#include "model/model.h"

/* The graph has one reference, the caller's. Everything is copied and the model can be closed
 * afterwards; with borrow, constants point into the file's bytes where they are aligned to 16,
 * and the bytes must outlive the graph. float16 and sparse constants stay as they are in the
 * file. */
pl_status pl_graph_import(const struct pl_model *model, struct pl_constant_store *store,
                          bool borrow, struct pl_graph **graph, struct pl_error *error);

#endif
