/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a decoded file makes sense as a model, so that nobody after this has to doubt it:
 *   model       version 3, subgraphs and buffers there, buffers behind the FlatBuffer inside the
 *               file, external buffers
 *   tensors     rank, dimensions, bytes, buffer against shape, quantization, sparsity, texts,
 *               signature of the shape
 *   operators   codes, indices, each tensor produced once and before it is used, options of the
 *               right table
 *   subgraphs   calls form a DAG of limited depth and size
 *   signatures  keys and names unique, tensors that the subgraph takes and gives
 * What an operator needs of its tensors (arity, types, shapes) is the operator's to check. */
#ifndef PL_MODEL_VERIFY_H
#define PL_MODEL_VERIFY_H

#include "model/model.h"

enum { PL_CALL_DEPTH_LIMIT = 16 };

pl_status pl_model_verify(const struct pl_model *model, const struct pl_model_limits *limits,
                          struct pl_error *error);

#endif
