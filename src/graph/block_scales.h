/* SPDX-License-Identifier: Apache-2.0 */
/* Blockwise quantization: every `block_size` neighbours of the last dimension have a scale, which
 * the file keeps in another tensor. */
#ifndef PL_GRAPH_BLOCK_SCALES_H
#define PL_GRAPH_BLOCK_SCALES_H

#include "graph/graph.h"

/* Takes the scales of tensor `tensor`, whose record is given, from the constant of float16 that
 * holds them; a tensor without blockwise quantization, or whose scales are no such constant, stays
 * without. All constants of the subgraph are imported. */
pl_status pl_block_scales_import(struct pl_region *region, const struct pl_record *record,
                                 const struct pl_subgraph *subgraph, struct pl_tensor *tensor,
                                 struct pl_error *error);

#endif
