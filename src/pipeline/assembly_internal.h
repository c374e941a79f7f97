/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of an assembly share. */
#ifndef PL_PIPELINE_ASSEMBLY_INTERNAL_H
#define PL_PIPELINE_ASSEMBLY_INTERNAL_H

#include "pipeline/assembly.h"

/* ---- assembly_lists.c */
/* Room for one more item in an array of the region; `array` is where the pointer to it stands. */
bool pl_assembly_make_room(struct pl_assembly *assembly, void *array, uint32_t count, uint32_t *room,
                           size_t item_bytes);
/* Adds a record, and to an array beside the list what goes along with it. */
pl_status pl_assembly_add_with(struct pl_assembly *assembly, struct pl_record_list *list,
                               const struct pl_record *record, void *array, const void *item,
                               size_t item_bytes);

/* ---- assembly_tensors.c */
/* A copy with the assembly's buffers. */
pl_status pl_assembly_copy_tensor(struct pl_assembly *assembly, struct pl_source *source,
                                  const struct pl_record *tensor, struct pl_record **copy);

/* ---- assembly_operators.c */
/* Everything of an operator but its tensors. */
pl_status pl_assembly_copy_operator(struct pl_assembly *assembly, struct pl_source *source,
                                    const struct pl_record *op, struct pl_record **copy);

#endif
