/* SPDX-License-Identifier: Apache-2.0 */
/* What replacing the file of a model needs beside interpreter_internal.h. */
#ifndef PL_INTERPRETER_REPLACING_H
#define PL_INTERPRETER_REPLACING_H

#include "interpreter/interpreter_internal.h"

/* An entry of a model that is replaced, and the one of the new file whose content it gets: which tensors of one are which
 * of the other, -1: none. */
struct pl_followed {
    struct pl_followed *next;
    struct pl_entry *entry;
    struct pl_entry *fresh;
    int32_t *to;   /* by tensor of the old subgraph */
    int32_t *from; /* by tensor of the new one; no two have the same */
    struct pl_tensor_handle **handles; /* of the new subgraph, to be */
};

/* ---- follow.c: with `change` held */
/* Finds what of the model `old` goes on in `fresh`, whose region has it. */
pl_status pl_follow(struct pl_instance *old, struct pl_instance *fresh, struct pl_error *error);
/* The memory of the old model that this slot of the new one goes on with; NULL: none. */
struct pl_buffer *pl_followed_buffer(const struct pl_instance *fresh, const struct pl_slot *slot);
/* With both locks held, in this order: that memory becomes the new one's; and so do the handles. Spare entries are left for
 * pl_followed_clear(), with no lock but `change`. */
void pl_followed_take_buffers(struct pl_instance *old, struct pl_instance *fresh);
void pl_followed_enter(struct pl_instance *fresh);
void pl_followed_clear(struct pl_instance *fresh);

/* ---- replace.c: with both locks held */
void pl_replace_enter(struct pl_interpreter *interpreter, struct pl_instance *old, struct pl_instance *fresh);

#endif
