/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse constants become dense when they are imported: operators know no sparsity. */
#ifndef PL_GRAPH_DENSIFY_H
#define PL_GRAPH_DENSIFY_H

#include "base/tensor_type.h"
#include "model/record.h"

/* Writes the dense bytes of a verified sparse tensor, whose elements have whole bytes, to `to`,
 * which is zeroed and has as many bytes as the shape asks for. */
void pl_densify(const struct pl_record *sparsity, const struct pl_shape *shape,
                size_t element_bytes, const void *values, void *to);

#endif
