/* SPDX-License-Identifier: Apache-2.0 */
/* The program: the plan of a component, immutable and counted. It holds the order of the steps and where every tensor
 * lies, as offsets only: whoever runs it provides a table of bases (the lane's arena, the buffers of the slots). So
 * clones share one program, and a lane's arena may move between two runs. */
#ifndef PL_PLAN_PROGRAM_H
#define PL_PLAN_PROGRAM_H

#include <stdatomic.h>

#include "graph/graph.h"
#include "ops/op.h"
#include "ops/user_op.h"
#include "plan/pace.h"

/* Indices into the table of bases. Behind PL_BASE_ARENA come those of slots and nested blocks, as they are met. */
enum { PL_BASE_ADDRESS = 0, PL_BASE_ARENA = 1, PL_BASE_FIRST_FREE = 2 };

/* Where a tensor lies: bases[base] + offset. bases[PL_BASE_ADDRESS] is 0: a constant's offset is its address; an
 * optional input left out has offset 0, which gives NULL. */
struct pl_location {
    uint64_t offset;
    uint32_t base;
};

/* One operator, prepared. locations: inputs, outputs, scratch, states. One that is late has locations of its inputs and
 * outputs alone: the rest comes when it is prepared, while running. */
struct pl_step {
    const struct pl_op *op_def; /* NULL: no work, the output is a view of the input */
    const struct pl_operator *op;
    const void *params;
    const struct pl_location *locations;
    const size_t *worker_bytes; /* per scratch: distance between two workers' parts, 0 if shared */
    const size_t *scratch_bytes; /* per scratch in the arena: all of it */
    const struct pl_stage *stages;
    struct pl_pace *paces; /* per stage */
    int32_t input_count;
    int32_t output_count;
    int32_t scratch_count;
    int32_t state_count;
    int32_t stage_count;
    int32_t number; /* among the steps of its model that do work, from 0; -1: in a nested block */
    int32_t late; /* its number among those that are prepared while running; -1: none of them */
    struct pl_user_node *user_node; /* of one that is late and a user's */
};

/* A tensor in a block. One that is late (value.late) has a base of its own. */
struct pl_planned_tensor {
    struct pl_value value; /* of a late one, the shape is the file's */
    struct pl_location location;
    size_t bytes;
    int32_t slot; /* -1: in the arena, or a constant */
    int32_t late; /* its number among those whose shape is known only while running; -1: none of them */
    int32_t late_memory; /* which of the lane's late memories it lies in; -1: in its slot, or where the caller says */
};

/* Bytes of a tensor of this shape, of strings as its value says; false as pl_shape_bytes(). */
bool pl_value_bytes(const struct pl_value *value, size_t *bytes);

/* A planned subgraph. */
struct pl_block {
    const struct pl_subgraph *subgraph;
    int32_t step_count;
    struct pl_step *steps;
    struct pl_planned_tensor *tensors; /* as many as the subgraph has */
    size_t arena_bytes;
    size_t bound_bytes; /* the least any placement needs */
    size_t sum_bytes;   /* without sharing */
    uint32_t arena_base; /* index of the base of its arena */
    uint32_t first_base; /* nested: bases of its inputs, then its outputs, in order */
    int32_t first_pointer; /* its part of a lane's table of pointers, as large as its largest step needs */
    bool nested;
    int32_t member;              /* nested: whose it is; otherwise the steps' operators say */
    int32_t own_subgraph;        /* in its own model */
    int32_t late_scratch;        /* late memory for scratch of late steps; -1: there are none */
    uint32_t late_scratch_base;
    int32_t first_output_memory; /* nested: late memories for outputs that have no place */
};

/* Memory outside of the arena: inputs, outputs, variables and state. */
struct pl_slot {
    int32_t member;
    int32_t subgraph;      /* of the member's graph */
    int32_t tensor;        /* in that subgraph; -1: a state */
    int32_t operator_index; /* of a state without a key: the operator it belongs to, */
    int32_t state_index;    /* and which of its states it is */
    const char *state_key; /* of states that are shared by key; NULL: the operator's alone */
    size_t bytes;
    uint32_t base;      /* index of its base */
    uint8_t reset_byte; /* what its bytes are after a reset */
    bool is_state;      /* variables and states are reset, inputs and outputs are not */
    bool sized;         /* memory of its own, of a size that only running tells: a state is a struct pl_sized, a tensor
                         * is late; bytes is what there is at allocate then */
};

/* Steps [first, end) of another member, whose results a member shares: they run first where it runs alone. */
struct pl_shared_steps {
    int32_t first;
    int32_t end;
    struct pl_outlook outlook; /* of runs of these */
};

/* The steps of one member of a join. */
struct pl_segment {
    int32_t first_step;
    int32_t end_step;
    int32_t row_end; /* steps before it run with every hop of new rows, the others once all windows are full */
    size_t arena_bytes; /* highest byte its steps use */
    size_t bound_bytes;
    size_t sum_bytes;
    struct pl_outlook outlook; /* of runs of this member alone, */
    struct pl_outlook row_outlook; /* and of its rows alone */
    int32_t shared_count;
    struct pl_shared_steps *shared; /* in the order to run them */
};

struct pl_program {
    atomic_int references;
    struct pl_region region;
    struct pl_graph *graph; /* a reference */
    const struct pl_user_nodes *nodes; /* of the one model it is the plan of, if that has any: nobody shares it then */
    int32_t subgraph;       /* of the graph: the entry point this is the plan of */
    int32_t workers;        /* most workers it can use */
    struct pl_outlook outlook;
    struct pl_longest longest; /* of the parts of all its stages */
    bool whole;
    bool keep_all;
    struct pl_block *block;
    struct pl_segment *segments; /* one per member */
    int32_t slot_count;
    struct pl_slot *slots;
    uint32_t base_count;
    int32_t pointer_count; /* of the lane's table, all blocks together */
    int32_t late_memory_count; /* of the lane */
    int32_t late_tensor_count;
    int32_t late_step_count;
    int32_t folded_count; /* constants computed while planning; references this program holds */
    struct pl_constant **folded;
    struct pl_shape *input_shapes; /* what it was planned for */
};

struct pl_plan_request {
    struct pl_graph *graph;
    int32_t subgraph;
    const struct pl_shape *input_shapes; /* one per input of the subgraph; NULL: the file's */
    const struct pl_kernels *kernels;
    int32_t workers;
    bool whole; /* linked tensors may live in the arena: the segments run only one after another */
    bool keep_all; /* every tensor keeps what it held: none lives in the arena */
    size_t tensor_limit_bytes;
    const struct pl_registry *registry;              /* NULL: plait's own operators alone */
    const struct pl_user_nodes *const *member_nodes; /* per member; NULL or an entry NULL: no operators of users */
};

/* Plans a subgraph of a graph. Nothing of the request is kept but a reference to the graph. */
pl_status pl_plan(struct pl_memory *memory, const struct pl_plan_request *request, struct pl_program **program,
                  struct pl_error *error);
/* Whether a run with the request's input shapes, which have `times` times the rows of others along their first dimension, is
 * that many runs: PL_OK if so; nothing is kept. */
pl_status pl_plan_check_batch(struct pl_memory *memory, const struct pl_plan_request *request, int32_t times,
                              struct pl_error *error);
void pl_program_retain(struct pl_program *program);
/* NULL is allowed. */
void pl_program_release(struct pl_program *program);

bool pl_operator_is_supported(const struct pl_registry *registry, const struct pl_operator *op);
/* All operators of a graph that are not implemented, in one message; PL_OK if there are none. */
pl_status pl_check_operators(const struct pl_registry *registry, const struct pl_graph *graph, struct pl_error *error);

#endif
