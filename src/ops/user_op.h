/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that users register. A registry holds them by name or code and versions; a node is what one operator of one
 * model has of its own. To the passes such an operator is one that is stateful and one unit: never folded, merged,
 * moved or cut. Its callbacks get a call, through which they see their tensors. */
#ifndef PL_OPS_USER_OP_H
#define PL_OPS_USER_OP_H

#include "ops/op.h"

struct pl_user_call;

struct pl_user_op {
    struct pl_op op; /* name, code, versions; the registry fills traits and prepare */
    void *user;
    /* All may be NULL. init: once per operator of a model, when it is loaded; *data is what the others find in
     * call->node->data, free takes it back when the model goes. */
    pl_status (*init)(struct pl_user_call *call, void **data);
    void (*free)(void *user, void *data);
    pl_status (*prepare)(struct pl_user_call *call);
    pl_status (*invoke)(struct pl_user_call *call);
    struct pl_user_op *next; /* registered before */
};

struct pl_user_node {
    const struct pl_user_op *op;
    const struct pl_operator *operator;
    int32_t subgraph; /* of its model */
    void *data;
    struct pl_user_node *next;
};

/* The nodes of a model. */
struct pl_user_nodes {
    struct pl_user_node *first;
};

/* One call of a callback, and what it may ask for. While preparing, `prepare` is set; while running, `eval` is. */
struct pl_user_call {
    struct pl_user_node *node;
    struct pl_prepare *prepare;
    const struct pl_eval *eval;
    int32_t input_count; /* 0 in init */
    int32_t output_count;
    struct pl_value *const *inputs; /* NULL: left out */
    struct pl_value *const *outputs;
    const size_t *scratch_bytes; /* while running: PL_MAX_SCRATCH of them */
    struct pl_error error; /* for the callback to fill when it fails */
};

/* ---- registry */
struct pl_registry {
    struct pl_user_op *first; /* the newest */
};

/* The operator belongs to the caller and outlives the registry's last use. */
void pl_registry_add(struct pl_registry *registry, struct pl_user_op *op);
/* NULL if there is none, or no registry. What was registered last goes first. */
const struct pl_user_op *pl_registry_find(const struct pl_registry *registry, const struct pl_operator *op);

/* ---- nodes */
/* NULL if none of the nodes is this operator of the model's subgraph; nodes may be NULL. */
struct pl_user_node *pl_user_nodes_find(const struct pl_user_nodes *nodes, int32_t subgraph, int32_t operator_index);
/* Runs init. */
pl_status pl_user_node_init(struct pl_user_node *node, struct pl_error *error);
void pl_user_node_free(struct pl_user_node *node);

/* ---- for callbacks */
/* The bytes of an input or output: while running, and of constants always; else NULL. */
void *pl_user_call_data(const struct pl_user_call *call, bool output, int32_t index);
/* While preparing: the shape of an output, or NULL if only running tells. While running: the shape of such an output,
 * which then has memory; `bytes` counts for strings only. */
pl_status pl_user_call_set_output(struct pl_user_call *call, int32_t index, const struct pl_shape *shape, size_t bytes);
/* While preparing: asks for that many bytes of scratch under this number, below PL_MAX_SCRATCH. */
void pl_user_call_ask_scratch(struct pl_user_call *call, int32_t number, size_t bytes);
/* While running: NULL if nobody asked. */
void *pl_user_call_scratch(const struct pl_user_call *call, int32_t number);

#endif
