/* SPDX-License-Identifier: Apache-2.0 */
/* From a verified model to a graph. */
#ifndef PL_GRAPH_IMPORT_H
#define PL_GRAPH_IMPORT_H

#include "graph/graph.h"
#include "model/model.h"

/* The graph has one reference, the caller's. Everything is copied and the model can be closed
 * afterwards; with borrow, constants point into the file's bytes where they are aligned to 16,
 * and the bytes must outlive the graph. Sparse constants become dense. */
pl_status pl_graph_import(const struct pl_model *model, struct pl_constant_store *store,
                          bool borrow, struct pl_graph **graph, struct pl_error *error);

/* What a record of PL_TABLE_Tensor says without the bytes of a constant: name, type, shape,
 * quantization. They live as long as the region. */
pl_status pl_import_tensor_facts(struct pl_region *region, const struct pl_record *record,
                                 struct pl_tensor *tensor, struct pl_error *error);

#endif
