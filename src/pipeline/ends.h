/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs and outputs of models by name, as everywhere: a signature's name, else a tensor's name,
 * else #index, or nothing where there is only one. */
#ifndef PL_PIPELINE_ENDS_H
#define PL_PIPELINE_ENDS_H

#include "pipeline/assembly.h"

/* The tensor; what is unknown or ambiguous is refused with the list. */
pl_status pl_end_find(const struct pl_source *source, bool output, const char *name,
                      int32_t *tensor, struct pl_error *error);
/* The name that the first signature of the primary subgraph gives to a tensor, "" if none. */
const char *pl_end_signature_name(const struct pl_source *source, bool output, int32_t tensor);
/* "#3" -> 3, -1 if it is no number. */
int32_t pl_end_number(const char *name);
const char *pl_end_tensor_name(const struct pl_source *source, int32_t tensor);

#endif
