/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator is. Every operator has one pattern:
 *
 *   prepare   runs at allocate: checks arity, types, shapes, options and constants, sets the output shapes, computes its
 *             parameters once (they live as long as the program), asks for scratch, state and packed constants, chooses
 *             its kernels, and says in which stages and units the work is done. After it, eval cannot fail but for
 *             indices, divisors and loop bounds that are data. An operator whose shapes depend on data asks for it with
 *             pl_prepare_read() and is then prepared while running, by the same function.
 *   eval      runs a range [from, to) of the units of one stage. Any cutting into ranges gives the same bits; ranges of
 *             one stage may run at the same time; a stage starts when the one before is complete.
 *
 * An operator is one entry in op_list.def and one prepare function in the file of its family. */
#ifndef PL_OPS_OP_H
#define PL_OPS_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"
#include "kernels/kernels.h"

/* ---- the list ---------------------------------------------------------------------------------------------------- */

/* Traits: what passes may do with an operator without knowing its name. */
enum pl_trait {
    PL_TRAIT_PURE = 0,          /* outputs depend on inputs alone */
    PL_TRAIT_STATEFUL = 1 << 0, /* has state or effects: never merged, reordered, cached or skipped */
    PL_TRAIT_CONTROL = 1 << 1,  /* runs other subgraphs */
    PL_TRAIT_ELEMENTWISE = 1 << 2, /* output element i depends on element i of each input (after broadcasting) */
    PL_TRAIT_VIEW = 1 << 3,     /* output has the bytes of input 0 */
    PL_TRAIT_ROW_LOCAL = 1 << 4, /* output row i of every outer index depends on row i of the inputs alone */
    PL_TRAIT_HALO = 1 << 5,     /* output row i depends on a window of input rows */
    PL_TRAIT_SHAPE_ONLY = 1 << 6, /* outputs depend on the shapes of inputs, not on their bytes: eval reads no input */
    PL_TRAIT_CLAMP = 1 << 7,       /* clamps its one input, if prepare says so (absorbing.clamp) */
    PL_TRAIT_TAKES_CLAMP = 1 << 8, /* what it computes is clamped in the end: can clamp for the next one */
    PL_TRAIT_FRAME = 1 << 9,       /* puts zeros around pictures, if prepare says so (absorbing.frame) */
    PL_TRAIT_TAKES_FRAME = 1 << 10, /* reads zeros outside of its pictures: can do without the frame of input 0 */
    PL_TRAIT_ORDER = 1 << 11, /* gives the axes of input 0 another order (absorbing.order) */
    PL_TRAITS = (1 << 12) - 1,
    /* Not for passes: the type of the outputs is not the file's to say. LiteRT sets it, whatever the file has there. */
    PL_OUTPUT_LIKE_0 = 1 << 16, /* they have the type of input 0, 1 or 2 */
    PL_OUTPUT_LIKE_1 = 1 << 17,
    PL_OUTPUT_LIKE_2 = 1 << 18,
    PL_OUTPUT_TYPE = 1 << 20 /* times a type + 1: this one */
};

#define PL_OUTPUT_IS(type) ((PL_##type + 1) * PL_OUTPUT_TYPE)

struct pl_prepare;
struct pl_eval;
struct pl_user_node;

struct pl_op {
    const char *name;
    int32_t code;            /* PL_BuiltinOperator_* */
    const char *custom_name; /* for CUSTOM, else NULL */
    int32_t min_version;
    int32_t max_version;
    uint32_t traits;
    pl_status (*prepare)(struct pl_prepare *prepare);
};

/* Whether nothing but its inputs decides what it gives: what passes may merge, move or leave out. */
static inline bool pl_traits_are_pure(uint32_t traits)
{
    return (traits & (PL_TRAIT_STATEFUL | PL_TRAIT_CONTROL)) == 0;
}

/* Of plait's own; NULL if there is none. Those that users register are in user_op.h. */
const struct pl_op *pl_op_find(const struct pl_operator *op);

/* Gives outputs the types that their operators say (PL_OUTPUT_*); for a graph that nobody else sees yet. */
void pl_op_settle_types(struct pl_graph *graph);

/* The operators of plait's own that graph.h has the options of. */
pl_status pl_prepare_rows(struct pl_prepare *prepare);
pl_status pl_prepare_crop(struct pl_prepare *prepare);

/* The prepare functions of the list: one per operator, in the file of its family. */
#define PL_OP(operator, prepare, first, last, traits) pl_status prepare(struct pl_prepare *);
#define PL_CUSTOM_OP(name, prepare, traits) pl_status prepare(struct pl_prepare *);
#include "ops/op_list.def"
#undef PL_OP
#undef PL_CUSTOM_OP

/* ---- prepare ----------------------------------------------------------------------------------------------------- */

/* A tensor as an operator sees it while preparing. */
struct pl_value {
    const struct pl_tensor *tensor; /* type, quantization, name */
    struct pl_shape shape;          /* as it is now: of inputs known, of outputs to be set */
    const void *constant;           /* its bytes if it is a constant, else NULL (also NULL once only packed forms are
                                     * left: then `holder` is still set) */
    struct pl_constant *holder;     /* what these bytes belong to (for pl_prepare_pack); NULL: not a constant */
    size_t bytes;                   /* of strings, whose type has no size: of inputs known while running and of
                                     * constants, of outputs to be set */
    bool late;                      /* shape and size are known only while running. Of inputs: at allocate, only
                                     * control flow sees such ones, other operators are prepared while running.
                                     * Of outputs: set where eval gives them, with pl_eval_set_output() */
};

/* Units [from, to) of one stage. Returns PL_OK, or pl_eval_fail(...). */
typedef pl_status (*pl_eval_function)(const struct pl_eval *eval, int64_t from, int64_t to);

/* Unit u reads bytes from u * step + first on, `size` of them, as far as they are there. */
struct pl_byte_window {
    int64_t step;
    int64_t first;
    int64_t size;
};

/* Of a stage whose units make the output's bytes in their order, each as many: what they read. Slice u of something is that of
 * unit u, of as many equal ones as there are units. */
struct pl_reach {
    bool known;                   /* else a unit may read and write anything */
    uint32_t slices;              /* bit i: of input i that slice alone, */
    struct pl_byte_window window; /* with a step: of input 0 these bytes alone; of other inputs anything */
    uint32_t scratches;           /* bit i: of scratch i that slice alone, read or written; of others anything */
};

struct pl_stage {
    pl_eval_function eval;
    int64_t units; /* how often the work can be cut; 1: not at all; 0: nothing to do */
    int64_t cost;  /* about how many multiply-adds, or bytes moved, a unit is: too small a part is not worth a thread */
    int64_t least; /* units in a part, below which kernels are less efficient */
    struct pl_reach reach;
};

/* What the first stage makes of one input alone, in neighbouring scratches, none of them per worker. Of operators that
 * make the same of the same tensor one does. */
struct pl_made {
    pl_eval_function eval; /* of the stage; NULL: there is nothing like it */
    int32_t input;
    int32_t first_scratch;
    int32_t scratch_count;
    int64_t key[3];        /* all else that it depends on */
};

enum { PL_STAGE_CHEAP_UNIT = 16, PL_STAGE_LINE_UNITS = 64 };
enum { PL_MAX_STAGES = 4, PL_MAX_SCRATCH = 8, PL_MAX_STATES = 8 };

struct pl_scratch {
    size_t bytes;
    bool per_worker; /* every worker has its own */
};

/* State outside of tensors: a variable, a flag. Zeroed when the model is allocated first and at reset. */
struct pl_state {
    const char *key; /* states of one model with one key are one piece of memory; NULL: this operator's alone */
    size_t bytes; /* of a sized state: for which there is memory at allocate already */
    bool sized;   /* the state is a struct pl_sized */
};

/* State whose size only running tells: a hash table, a variable that is assigned any shape. eval->states[i] points to
 * one of these, which survives replanning as it is; pl_eval_resize_state() gives it memory. A reset empties it. */
struct pl_sized {
    void *data; /* aligned to 64; NULL while there are no bytes */
    size_t bytes;
    size_t capacity; /* the interpreter's */
};

struct pl_block; /* a planned subgraph, see plan/program.h */

/* An input or output of a subgraph that is called. */
struct pl_call_end {
    struct pl_shape shape;
    bool late; /* known only while running */
    struct pl_constant *constant; /* an input that is always this; NULL: it is none */
};

/* What the plan offers to operators that run subgraphs. */
struct pl_prepare_services {
    /* Plans subgraph `index` for these inputs. *block lives as long as the program. What is known of its outputs comes
     * back in outputs (as many as the subgraph has). arena_bytes is the scratch the caller must provide to run it. */
    pl_status (*plan_subgraph)(struct pl_prepare *prepare, int32_t index, const struct pl_call_end *inputs,
                               struct pl_call_end *outputs, struct pl_block **block, size_t *arena_bytes);
};

/* What the interpreter offers to operators that are prepared while running. */
struct pl_late_services {
    /* The sized state of this key, made if it is not there; NULL if there is no memory. */
    const struct pl_sized *(*find_state)(struct pl_prepare *prepare, int32_t index);
};

/* The clamp that an operator of trait PL_TRAIT_CLAMP is, on real numbers. */
struct pl_clamp {
    bool is_one;
    float low;
    float high;
};

/* Rows and columns of zeros around the pictures of an input [batches, rows, columns, channels]. */
struct pl_frame_of_zeros {
    bool is_one;
    int32_t before[2]; /* rows, columns */
    int32_t after[2];
};

/* The axes of input 0 in the order of the output's. */
struct pl_order {
    int32_t rank; /* 0: it is none */
    int32_t axes[PL_MAX_RANK];
};

/* How operators become part of a neighbour, see plan/absorb.c. */
struct pl_absorbing {
    struct pl_clamp clamp;           /* filled by one that does nothing else than this */
    struct pl_frame_of_zeros frame;
    struct pl_order order;
    const struct pl_clamp *last;     /* given: comes behind what the operator does; NULL: nothing */
    const struct pl_frame_of_zeros *first; /* given: comes before */
    bool last_taken; /* filled: what was given is done by the operator itself */
    bool first_taken;
};

/* How the rows of output 0 along one of its axes come from rows of the inputs: row i from rows i * stride + first to
 * that + size - 1, whatever i is and however many rows there are. A negative `first`: row 0 begins before the input does. */
struct pl_span {
    int32_t input_axis;
    uint32_t inputs; /* bit i: input i has these rows; the others must be the same for all rows */
    int32_t size;    /* 0: nothing is known of this axis */
    int32_t stride;
    int32_t first;
    bool copied;     /* a row of the output has the very bytes of the row it comes from */
};

struct pl_prepare {
    /* given */
    const struct pl_op *op_def;
    const struct pl_operator *op;
    struct pl_user_node *user_node; /* of an operator that a user registered, else NULL */
    const struct pl_graph *graph;
    int32_t input_count;
    int32_t output_count;
    struct pl_value *const *inputs;  /* NULL: an optional input left out */
    struct pl_value *const *outputs;
    const struct pl_kernels *kernels;
    struct pl_region *region;        /* lives as long as the program: for params and tables */
    struct pl_error *error;
    const struct pl_prepare_services *services;
    void *plan; /* the plan's own, for the services */
    const void *const *data; /* while running: the bytes of all inputs; NULL at allocate */
    const struct pl_late_services *late; /* while running; NULL at allocate */

    /* to be filled */
    const void *params; /* what eval needs, in the region */
    int32_t stage_count;
    int32_t scratch_count;
    int32_t state_count;
    struct pl_stage stages[PL_MAX_STAGES];
    struct pl_scratch scratch[PL_MAX_SCRATCH];
    struct pl_state states[PL_MAX_STATES];
    uint32_t in_place_inputs; /* bit i: output 0 may be written over input i, which then has the same number of bytes;
                               * eval must read element e of it before writing element e, and no unit reads another's */
    int32_t view_of_input;    /* outputs have bytes of this input: no work when they share memory; -1: none */
    const int64_t *view_offsets; /* where those of each output begin; NULL: the one output has all */
    const int64_t *part_offsets; /* output 0 is the inputs behind each other, each with its bytes from there on, and eval
                                  * leaves alone what lies where it belongs; NULL: it is not so, -1: of this input */
    struct pl_absorbing absorbing;
    struct pl_made made;
    uint64_t packed_inputs;   /* bit i: eval reads a packed form instead of the raw constant input i */
    uint32_t read_inputs;     /* bit i: what was prepared depends on the bytes of input i, which is no constant */
    bool read_state;          /* what was prepared depends on a state */
    struct pl_span spans[PL_MAX_RANK]; /* of the axes of output 0: only what the operator's traits do not say already */
};

/* Prepares an operator whose output, of which the shape is set, has the bytes of input 0. */
pl_status pl_prepare_bytes_of_input(struct pl_prepare *prepare);
/* Fails with "operator 3 (CONV_2D): <message>". */
pl_status pl_prepare_fail(struct pl_prepare *prepare, pl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The bytes of input i, which is there, where shapes or parameters depend on them. Of a constant they come at once. Of
 * anything else PL_LATE comes back at allocate, to be returned as it is: the operator is then prepared again while
 * running, when the bytes are at hand, whenever they or the shapes have changed. */
pl_status pl_prepare_read(struct pl_prepare *prepare, int32_t input, const void **bytes);
/* The subgraph the operator is in: what names tensors that are no inputs or outputs, as intermediates. */
const struct pl_subgraph *pl_prepare_subgraph(const struct pl_prepare *prepare);
/* Says how rows of the output come about. What is said has to hold for any number of rows: windows rely on it. */
void pl_prepare_span(struct pl_prepare *prepare, int32_t output_axis, struct pl_span span);
/* Zeroed memory of the program's life, or NULL with the error set; the caller returns PL_OUT_OF_MEMORY then. */
void *pl_prepare_allocate(struct pl_prepare *prepare, size_t bytes);
/* Adds a stage; stages run in the order they are added. */
void pl_prepare_stage(struct pl_prepare *prepare, pl_eval_function eval, int64_t units, int64_t cost);
/* Parts of the stage that was added last have so many units at least. */
void pl_prepare_least_units(struct pl_prepare *prepare, int64_t units);
/* Says what units of the stage that was added last read: see also reach.h. */
void pl_prepare_reach(struct pl_prepare *prepare, struct pl_reach reach);
/* Asks for memory that is valid during eval only: eval->scratch[returned index], aligned to 64. */
int32_t pl_prepare_scratch(struct pl_prepare *prepare, size_t bytes, bool per_worker);
/* Asks for memory that survives: eval->states[returned index]. */
int32_t pl_prepare_state(struct pl_prepare *prepare, const char *key, size_t bytes);
/* Asks for state of a size of its own, empty at first: eval->states[returned index] is a struct pl_sized. Memory for
 * so many bytes is there from the beginning, so that running need not allocate it. */
int32_t pl_prepare_sized_state(struct pl_prepare *prepare, const char *key, size_t reserved_bytes);
/* What a sized state holds, where shapes depend on it: like pl_prepare_read(), PL_LATE comes back at allocate. `index` is
 * what pl_prepare_sized_state() gave. */
pl_status pl_prepare_read_state(struct pl_prepare *prepare, int32_t index, const struct pl_sized **state);
/* The packed form of constant input i (see graph/constant.h; `keep` is set here); marks the input as packed. */
pl_status pl_prepare_pack(struct pl_prepare *prepare, int32_t input, const struct pl_packing *packing,
                          const void **packed);

/* ---- eval -------------------------------------------------------------------------------------------------------- */

/* A tensor as it is while running. */
struct pl_now {
    void *data; /* of inputs: to be read only */
    size_t bytes;
    struct pl_shape shape;
};

/* What the interpreter offers while running. */
struct pl_eval_services {
    /* Runs a block with `arena` as its scratch on the operator's own inputs from first_input on, as many as the block
     * has; its outputs are the operator's, of which those that are late get their sizes. */
    pl_status (*call_block)(const struct pl_eval *eval, const struct pl_block *block, int32_t first_input, void *arena);
    /* Runs a block on these inputs. outputs[i].data says where output i belongs, if its size was known at allocate; if
     * it is NULL, all of outputs[i] is filled: what is in it stays until the block runs again. */
    pl_status (*run_block)(const struct pl_eval *eval, const struct pl_block *block, void *arena,
                           const struct pl_now *inputs, struct pl_now *outputs);
    void (*look_at_input)(const struct pl_eval *eval, int32_t index, struct pl_now *now);
    pl_status (*set_output)(const struct pl_eval *eval, int32_t index, const struct pl_shape *shape, size_t bytes);
    pl_status (*resize_state)(const struct pl_eval *eval, struct pl_sized *state, size_t bytes);
};

struct pl_eval {
    const void *params;
    const void *const *inputs; /* NULL: left out, or packed */
    void *const *outputs;
    void *const *scratch; /* of a per_worker scratch: this worker's */
    void *const *states;
    int32_t worker; /* 0 is the calling thread */
    struct pl_error *error; /* of this worker */
    const struct pl_eval_services *services;
    void *run; /* the interpreter's own, for the services */
};

/* What an input is now: shape and bytes of one that is late (value->late), too. */
struct pl_now pl_eval_input(const struct pl_eval *eval, int32_t index);
/* An output that is late gets its shape, and memory in eval->outputs[index], whose bytes are not kept. `bytes` counts for
 * strings only. */
pl_status pl_eval_set_output(const struct pl_eval *eval, int32_t index, const struct pl_shape *shape, size_t bytes);
/* Gives a sized state `bytes` bytes: the first ones stay, further ones are 0, and state->data may be another one. What
 * grows step by step asks for more than it needs next. On failure it stays as it was. */
pl_status pl_eval_resize_state(const struct pl_eval *eval, int32_t index, size_t bytes);
/* Fails at run time; the interpreter adds model and operator to the message. */
pl_status pl_eval_fail(const struct pl_eval *eval, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
