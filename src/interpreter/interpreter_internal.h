/* SPDX-License-Identifier: Apache-2.0 */
/* Structures shared by the files of interpreter/.
 *
 * Two locks. `change` is held by whoever changes the set of models, links or programs (load, link, allocate, unload):
 * one at a time, for as long as it takes. `lock` guards what invoke looks at (busy flags, programs, lanes) and is held
 * for moments only, so nothing that changes makes a running or starting model wait. Who needs both takes `change` first.
 * Between the two is `sleep`, for models that sleep (sleep.c).
 * Callbacks of users run without `lock`; `change` can be taken again by who has it, so that they may load and allocate. */
#ifndef PL_INTERPRETER_INTERPRETER_INTERNAL_H
#define PL_INTERPRETER_INTERPRETER_INTERNAL_H

#include <pthread.h>

#include "base/threads.h"
#include "interpreter/interpreter.h"
#include "interpreter/time/request.h"
#include "interpreter/time/timing.h"
#include "interpreter/time/turn.h"

/* Memory of a slot: an input, an output, a variable or a state of one model. It survives replanning as long as its size
 * stays, so pointers of models that did not change stay. */
struct pl_buffer {
    struct pl_buffer *next; /* of its model */
    struct pl_slot slot;    /* which one it is; the key is the graph's text */
    void *data;             /* own, or bound by the caller */
    void *own;
    size_t bytes;
};

/* What is known of a tensor only while running. */
struct pl_late_value {
    struct pl_shape shape;
    size_t bytes;
    bool known; /* it was produced or fed */
};

/* The own memory of a sized slot that is a tensor. Of one that is a state, it is the struct pl_sized alone. */
struct pl_late_slot {
    struct pl_sized memory; /* first, so that both begin alike */
    struct pl_late_value value;
};

struct pl_late_step;

/* What a unit keeps of what is prepared while running; the program may be shared and stays as it is. */
struct pl_late {
    struct pl_region region;
    int32_t step_count;
    struct pl_late_slot **slots; /* by pl_planned_tensor.late; of tensors without a slot the value alone counts */
    struct pl_late_step *steps;  /* by pl_step.late */
};

/* What one operator took. */
struct pl_profile_cell {
    uint64_t calls;
    uint64_t nanoseconds;
};

/* A program and the memory it runs on. */
struct pl_unit {
    struct pl_program *program; /* NULL before allocate */
    void **bases;               /* program->base_count */
    struct pl_late *late;       /* NULL if the program has nothing that is late */
    struct pl_program *next_program; /* while allocate is under way: what is about to replace it */
    void **next_bases;
    struct pl_late *next_late;
    struct pl_buffer *next_buffers;  /* new ones of all members, in no order; slot.member says whose */
    struct pl_profile_cell *profile; /* one per step; NULL: off */
    struct pl_own_time own_time;     /* of runs of all of it */
    bool stale;                 /* something changed since it was planned */
};

static inline bool pl_unit_is_ready(const struct pl_unit *unit)
{
    return unit->program != NULL && !unit->stale;
}

struct pl_instance;
struct pl_followed; /* see replacing.h */

struct pl_tensor_handle {
    struct pl_entry *entry;
    int32_t index; /* in the entry's subgraph */
};

/* Handles of inputs and outputs that were given out; those with index -1 name nothing now. */
struct pl_ends {
    struct pl_ends *next;
    int32_t count;
    struct pl_tensor_handle handles[];
};

/* What callers hold: it stays where it is when the model is replaced, which changes what it leads to under both locks. So
 * only who has one of them follows it, and what runs does not. */
struct pl_entry {
    struct pl_interpreter *interpreter;
    const char *name;      /* the model's */
    char *own_name;        /* the same, of a model's first entry, with which it ends; NULL otherwise */
    struct pl_ends *ends;  /* NULL if it shares handles */
    struct pl_instance *instance;
    int32_t subgraph;
    const struct pl_signature *signature; /* NULL: the model itself */
    struct pl_entry *shared;  /* a signature of the primary subgraph shares handles, shapes and unit with the model */
    struct pl_shape *input_shapes;
    struct pl_tensor_handle **handles; /* one per tensor of the subgraph */
    struct pl_unit *unit; /* of the component for the primary subgraph, own_unit otherwise */
    struct pl_unit *own_unit; /* NULL of the primary subgraph */
    int32_t queue_length;     /* of a model's first entry: requests that may wait; 0: PL_DEFAULT_QUEUE */
};

/* What a link remembers: what came for its window so far, whether its condition held, which boxes are cut out for it. */
struct pl_window_state {
    struct pl_window_state *next; /* of its model */
    int32_t tensor;  /* the input it is */
    int32_t filled;  /* new rows, up to a hop */
    int32_t missing; /* rows until it is full for the first time */
    int32_t zeros;   /* rows of zeros that are still to come */
    size_t offered;  /* rows of its producer's last run, */
    size_t taken;    /* and how many of them it has */
    bool held;       /* the condition did when it was asked last */
    bool begun;      /* all of this holds; otherwise it starts anew */
    struct pl_crop *crop; /* the link's own copy, and room for its boxes, in the region; NULL: it cuts nothing out */
    struct pl_found_box *boxes;
    int32_t box_capacity;
    int32_t box_count; /* that were found last, */
    int32_t box_next;  /* and how many of them were cut out */
};

/* A model under its name; with another file it is another one of these. */
struct pl_instance {
    struct pl_interpreter *interpreter;
    struct pl_region region; /* what its entries point to */
    const char *name;
    const void *holder; /* unloads it with all others that it holds; NULL: it is unloaded by itself */
    struct pl_graph *graph;
    const struct pl_registry *registry; /* where operators of users are looked for */
    struct pl_user_nodes nodes;         /* those it has, in the region */
    struct pl_component *component;
    int32_t member; /* in the component, as it was planned */
    int32_t threads;
    int32_t class_number;
    struct pl_own_time own_time; /* of its runs alone, as one of several that are linked */
    bool keep_all;  /* nothing in between is overwritten */
    bool resized;   /* since the last allocate: variables start anew, as in TensorFlow Lite */
    bool restart;   /* memory for rows of windows is new: they start anew */
    bool indirect;  /* used while a component is being formed */
    struct pl_instance *next_outgoing; /* what runs has it still, after it was replaced: */
    bool left;                         /* it ends with that */
    struct pl_followed *followed; /* while it is about to replace another one: what of that goes on */
    struct pl_buffer *buffers;
    struct pl_window_state *windows; /* in the region */
    uint64_t ran;                    /* how often it ran as part of a flow, since its windows began */
    int32_t ran_pass;                /* in which pass of the flow under way; -1: in none */
    struct pl_stop stop;
    struct pl_tally *tally;          /* NULL: nobody looked at it so far */
    pl_ran_function ran_function;    /* to be called then; NULL: nobody asks */
    void *ran_user;
    struct pl_unit *units; /* of signatures of other subgraphs, */
    int32_t unit_count;
    struct pl_unit idle_unit; /* and of what is only looked at: never planned */
    struct pl_entry *primary;
    struct pl_entry **signatures; /* graph->signature_count */
    struct pl_entry **subgraphs; /* graph->subgraph_count: the primary, a signature's, or one that is only looked at */
};

/* Models joined by links; a model without links is a component of its own. Runs one invocation at a time. */
struct pl_component {
    int32_t member_count;
    struct pl_instance **members;
    struct pl_unit unit;
    bool busy;
    bool whole;
    bool asleep;   /* its constants may have been given up: what is to run wakes first */
    uint64_t used; /* when it began to run or to be planned last, in uses of the interpreter */
    uint64_t passed;         /* when it was asked to sleep last, in rooms of the interpreter */
    uint64_t waits_for_room; /* its run does, since so many others did; 0: it does not */
    bool planning; /* by the thread that holds `change` (an operator of a user can ask for changes meanwhile) */
    struct pl_turn turn;
    const struct pl_model_link *next_links; /* to be planned with, as many as there are; NULL: those there are */
    /* Of one whose model is replaced while it runs: it ends with its run. */
    struct pl_component *successor;
    struct pl_instance *outgoing;       /* models as they were, */
    struct pl_buffer *outgoing_buffers; /* and memory that nobody needs afterwards */
    struct pl_component *next_gone;
    struct pl_component *runner; /* of a successor: by whose run it is busy; NULL: by its own */
};

/* The highest of its members': linked models are one program. */
static inline int32_t pl_component_class(const struct pl_component *component)
{
    int32_t most = 0;
    for (int32_t m = 0; m < component->member_count; m++)
        if (component->members[m]->class_number > most) most = component->members[m]->class_number;
    return most;
}

/* condition.c: whether these bytes of a tensor, of a model that has run so often, are what a link waits for, which held or
 * did not so far. */
bool pl_condition_holds(const struct pl_condition *when, const struct pl_tensor *tensor, const void *data, size_t bytes,
                        uint64_t runs, bool held);
/* Whether such a condition can be about such a tensor. */
pl_status pl_condition_check(const struct pl_condition *when, const struct pl_tensor *tensor, struct pl_error *error);

/* The value of an element: its quantization, which is one for all of them, is taken off. */
double pl_tensor_value(const struct pl_tensor *tensor, const void *data, size_t index);
/* Whether a tensor has such values; `what` is what a message says before its name. */
pl_status pl_tensor_check_values(const struct pl_tensor *tensor, const char *what, struct pl_error *error);

/* A tensor as it is while running; data NULL: there is nothing yet. */
struct pl_values {
    const struct pl_tensor *tensor;
    const void *data;
    size_t bytes;
    struct pl_shape shape;
};

/* boxes.c: the boxes that these two tensors say, the best first. Returns how many. */
int32_t pl_boxes_find(const struct pl_boxes *boxes, const struct pl_values *values, const struct pl_values *scores,
                      struct pl_found_box *found, int32_t capacity);
/* Whether there can be such boxes in such tensors. */
pl_status pl_boxes_check(const struct pl_boxes *boxes, const struct pl_tensor *values, const struct pl_tensor *scores,
                         struct pl_error *error);

/* Nobody may change what is being run or planned. */
static inline bool pl_component_is_taken(const struct pl_component *component)
{
    return component->busy || component->planning;
}

struct pl_model_link {
    struct pl_instance *from; /* NULL: a window whose rows the caller pushes */
    struct pl_instance *to;
    int32_t from_tensor;
    int32_t to_tensor;
    struct pl_instance *finder; /* of the boxes that are cut out; NULL: none are */
    struct pl_link_options options;
};

/* An execution context: the arena and the table of pointers of one running invocation. Those of a class, whose models never
 * interrupt each other, are as large as its programs need. */
struct pl_lane {
    struct pl_lane *next;
    int32_t class_number;
    struct pl_component *component; /* that runs on it */
    void *arena;
    size_t arena_bytes;
    void **pointers;
    struct pl_sized *memories; /* of tensors and scratch that get their sizes while running */
    int32_t pointer_count;
    int32_t memory_count;
    bool busy;
    bool retired; /* too small by now: freed when it is idle */
};

/* What programs of a class need of a lane. */
struct pl_lane_need {
    size_t arena_bytes;
    int32_t pointer_count;
    int32_t memory_count;
    bool used; /* there are programs */
};

struct pl_lane_needs {
    struct pl_lane_need of_class[PL_MOST_CLASS + 1];
};

struct pl_interpreter {
    struct pl_interpreter_options options;
    struct pl_memory *memory;
    struct pl_registry registry; /* of plait_register_op() */
    struct pl_constant_store *store;
    struct pl_graph_shelf imported; /* graphs of files and of callers' bytes */
    struct pl_pool *pool;
    pthread_mutex_t change;
    int32_t planning; /* with `change` held: so many, one in the other, are planned now, of which some are in no list */
    pthread_mutex_t sleep;
    pthread_mutex_t lock;
    struct pl_instance **instances;
    uint64_t *name_hashes; /* of the instances, side by side to be looked through */
    size_t settled;        /* see settled.c */
    struct pl_lane_needs settled_needs;
    size_t instance_count;
    size_t instance_capacity;
    struct pl_model_link *links;
    int32_t link_count;
    int32_t link_capacity;
    struct pl_lane *lanes;
    struct pl_turns turns;
    struct pl_requests requests;
    uint64_t machine; /* nanoseconds that the system takes from who runs, as was measured; 0: it was not */
    struct pl_component *gone; /* what replacing models has left behind */
    struct pl_instance *incoming; /* about to be put in place; its programs need lanes, too */
    uint64_t invocations;
    uint64_t uses;       /* runs and plans that began, */
    uint64_t rooms;      /* how often room was made, and */
    uint64_t waits;      /* waited for */
    uint64_t wakes;
    int32_t waiting;     /* for room now, */
    pthread_cond_t room; /* of which there may be more */
    pl_cut_function cut;
    void *cut_context;
    pl_event_function event_function; /* NULL: nobody asks */
    void *event_user;
};

/* ---- the two locks */
void pl_init_recursive(pthread_mutex_t *mutex);
/* Whose times are of CLOCK_MONOTONIC. */
void pl_init_condition(pthread_cond_t *condition);
/* Waits for a lock that somebody has: in a child process that may be a thread of the parent's, which is mended. */
void pl_lock_taken(struct pl_interpreter *interpreter, pthread_mutex_t *mutex);
static inline void pl_lock(struct pl_interpreter *interpreter)
{
    if (pthread_mutex_trylock(&interpreter->lock) != 0) pl_lock_taken(interpreter, &interpreter->lock);
}

/* ---- change.c */
/* Around all that changes models, links or programs; one can hold it several times. */
void pl_change_begin(struct pl_interpreter *interpreter);
void pl_change_end(struct pl_interpreter *interpreter);
/* With no lock held, by who ended a run that left something. */
void pl_change_sweep(struct pl_interpreter *interpreter);
/* With `lock` held: whether something is left that is to be swept. */
bool pl_component_end_run(struct pl_interpreter *interpreter, struct pl_component *component);

/* ---- sleep.c */
/* Makes again what it gave up. PL_OUT_OF_MEMORY where the limit is in the way: it can be tried again. Without `lock`. */
pl_status pl_component_wake(struct pl_interpreter *interpreter, struct pl_component *component, struct pl_error *error);
/* The same for a run of it that began: others sleep for it, and if they run, it waits for them. With no lock held. */
pl_status pl_component_wake_to_run(struct pl_interpreter *interpreter, struct pl_component *component, struct pl_error *error);
/* With `change` held: gives it up again, if the model may sleep. */
void pl_component_sleep(struct pl_interpreter *interpreter, struct pl_component *component);
/* With `lock` held: it is used now. */
static inline void pl_component_use(struct pl_interpreter *interpreter, struct pl_component *component)
{
    component->used = ++interpreter->uses;
}

/* ---- component.c: all with `change` held */
/* A component of these members, every unit stale. NULL if there is no memory. */
struct pl_component *pl_component_create(struct pl_interpreter *interpreter, struct pl_instance *const *members,
                                         int32_t count);
void pl_component_destroy(struct pl_interpreter *interpreter, struct pl_component *component);
/* Its members are of this one from now on. */
void pl_component_adopt(struct pl_component *component);
/* Forms the components anew for the members of these two (second may be NULL), by the links there are now; `without` is
 * left out of them. */
pl_status pl_components_form(struct pl_interpreter *interpreter, struct pl_component *first,
                             struct pl_component *second, const struct pl_instance *without, struct pl_error *error);
void pl_unit_clear(struct pl_interpreter *interpreter, struct pl_unit *unit);
/* Every unit of a model's: signatures' own ones, index from 0; NULL behind the last. The component's is not among them. */
struct pl_unit *pl_instance_unit(struct pl_instance *instance, int32_t index);

/* ---- instance.c: with `change` held */
/* A model of this graph, which it retains, as a component of its own; nobody knows it yet. The name stays the caller's.
 * NULL: no memory. */
struct pl_instance *pl_instance_create(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                                       const struct pl_registry *registry);
/* With the entries that are its own still; not with its component. NULL is allowed. */
void pl_instance_destroy(struct pl_instance *instance);
void pl_entry_destroy(struct pl_entry *entry);

/* ---- link.c: with `change` held */
/* The list of links as small as if there had never been more than now. */
void pl_links_fit(struct pl_interpreter *interpreter);
/* Whether an adapter brings its ends together. */
pl_status pl_link_check_ends(const struct pl_model_link *link, struct pl_error *error);

/* ---- buffer.c */
struct pl_buffer *pl_buffer_find(const struct pl_instance *instance, const struct pl_slot *slot);
struct pl_buffer *pl_buffer_create(struct pl_memory *memory, const struct pl_slot *slot);
void pl_buffer_destroy(struct pl_memory *memory, struct pl_buffer *buffer);
void pl_buffers_destroy(struct pl_memory *memory, struct pl_buffer *first); /* and all behind it */
void pl_buffer_reset(const struct pl_buffer *buffer);
/* The same as destroying it where nobody runs; otherwise it stays as long as the run. */
void pl_buffer_let_go(struct pl_interpreter *interpreter, const struct pl_component *component, struct pl_buffer *buffer);
/* Whether it has the size of this slot. */
bool pl_buffer_serves(const struct pl_buffer *buffer, const struct pl_slot *slot);
/* Gives a state the size of this slot, and so a new start if it had another; false if there is no memory. */
bool pl_buffer_fit(struct pl_memory *memory, struct pl_buffer *buffer, const struct pl_slot *slot);
/* What it takes now, with the memory of a sized one. */
size_t pl_buffer_bytes(const struct pl_buffer *buffer);
/* At least so many bytes, whose content is lost where they do not fit; false if there is no memory. */
bool pl_sized_reserve(struct pl_memory *memory, struct pl_sized *sized, size_t bytes);
/* Exactly so many: the first ones stay, further ones are 0. On failure all stays. */
bool pl_sized_resize(struct pl_memory *memory, struct pl_sized *sized, size_t bytes);
void pl_sized_clear(struct pl_memory *memory, struct pl_sized *sized);

/* ---- user_nodes.c: with `change` held */
/* Gives every operator of the model that a user registered a node, unless it has one. */
pl_status pl_instance_resolve(struct pl_instance *instance, struct pl_error *error);
/* Gives back what their init gave. */
void pl_instance_free_nodes(struct pl_instance *instance);

/* ---- unit_plan.c: with `change` held */
/* What one unit is the plan of. */
struct pl_unit_plan {
    struct pl_unit *unit;
    struct pl_component *component;
    struct pl_entry *entry;    /* of a signature's own unit; NULL: the component's */
    struct pl_instance *owner; /* whose entry that is */
};

/* Whose slot it is. */
struct pl_instance *pl_unit_plan_member(const struct pl_unit_plan *plan, const struct pl_slot *slot);
/* Fills next_program, next_bases and next_buffers of the unit; on failure what was filled is for the caller to give
 * back. */
pl_status pl_unit_plan_prepare(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan,
                               struct pl_error *error);

/* ---- allocate.c */
/* What is to be planned and put in place. */
struct pl_allocation {
    struct pl_component **components;
    size_t count;
    const struct pl_unit *wanted; /* whose failure is one of the call; NULL: any unit's */
    bool keep;                    /* otherwise all is only tried */
    struct pl_instance *old;      /* to be replaced, in the only component, by `fresh`, if all that was ready is again */
    struct pl_instance *fresh;
};
/* With `change` held. */
pl_status pl_components_allocate(struct pl_interpreter *interpreter, const struct pl_allocation *allocation,
                                 struct pl_error *error);
/* With `lock` held: where its slots are now. Windows that are to begin anew do. */
void pl_unit_settle(const struct pl_unit_plan *plan);

/* ---- lane.c: with `lock` held */
struct pl_lane *pl_lane_take(struct pl_interpreter *interpreter, int32_t class_number, const struct pl_program *program,
                             struct pl_error *error);
void pl_lane_give_back(struct pl_interpreter *interpreter, struct pl_lane *lane);
/* Makes options.lanes lanes for each class of exactly what its programs need that are there or about to be; without `keep`
 * it only tries. */
pl_status pl_lanes_fit(struct pl_interpreter *interpreter, bool keep, struct pl_error *error);
void pl_lanes_destroy(struct pl_interpreter *interpreter);
/* What the programs of each class need at most. */
struct pl_lane_needs pl_lanes_needed(const struct pl_interpreter *interpreter);
/* Raises the need of its class to what this model's programs need, those about to be included. */
void pl_lane_need_of(struct pl_instance *instance, struct pl_lane_needs *needs);

/* ---- settled.c: with both locks held */
/* Some model changed. */
void pl_settled_forget(struct pl_interpreter *interpreter);
/* Models may have been allocated. */
void pl_settled_advance(struct pl_interpreter *interpreter);
/* A model goes: called while it still has its programs. */
void pl_settled_leave(struct pl_interpreter *interpreter, struct pl_instance *instance);

/* ---- entry.c: with `change` held */
void pl_entry_measure(const struct pl_entry *entry, struct pl_memory_report *report);
/* ---- ends.c: with a lock held */
int32_t pl_entry_end_count(const struct pl_entry *entry, bool output);
/* The tensor that an input or output is, and its name: the signature's, else the tensor's own. */
int32_t pl_entry_end_tensor(const struct pl_entry *entry, bool output, int32_t index);
const char *pl_entry_end_name(const struct pl_entry *entry, bool output, int32_t index);

/* ---- profile.c */
/* The steps of a model that has a program. */
struct pl_segment pl_entry_steps(const struct pl_entry *entry);

/* ---- timing.c: with `lock` held */
/* What is measured when the model, or its linked set, is run by this unit. */
struct pl_own_time *pl_own_time_of(struct pl_instance *instance, struct pl_unit *unit, bool whole_set);

/* ---- invoke.c */
/* What a request asks for, of one of its linked sets, on this thread. The lock is held, and left meanwhile. Busy: nothing was
 * done, since somebody else runs it. */
pl_status pl_entry_run_request(struct pl_entry *entry, struct pl_request *request, bool *busy);
/* Whether it could run if nothing else did, with `lock` held. */
pl_status pl_entry_check_start(const struct pl_entry *entry, bool whole_set, struct pl_error *error);

/* ---- request_data.c: with `lock` held, but for feed and fetch */
/* Where the bytes of a request's inputs and outputs are in the memory of the model; NULL: of another linked set. */
struct pl_request_places {
    void *inputs[PL_MOST_REQUEST_DATA];
    void *outputs[PL_MOST_REQUEST_DATA];
};
struct pl_unit_plan pl_entry_plan(struct pl_entry *entry);
/* Whether it is one of what runs with the entry. */
bool pl_entry_has_tensor(struct pl_entry *entry, const struct pl_tensor_handle *handle);
/* For a plan that is about to run. */
pl_status pl_request_find_places(const struct pl_request *request, const struct pl_unit_plan *plan,
                                 struct pl_request_places *places, struct pl_error *error);
void pl_request_feed(const struct pl_request *request, const struct pl_request_places *places);
void pl_request_fetch(const struct pl_request *request, const struct pl_request_places *places);

/* ---- handle.c */
/* With a lock held: refuses a handle that ended when its model was replaced. */
pl_status pl_handle_check_there(const struct pl_tensor_handle *handle, struct pl_error *error);
/* Whether a request can feed it or take its bytes, with `lock` held. */
pl_status pl_handle_check_request(const struct pl_tensor_handle *handle, size_t bytes, bool output, struct pl_error *error);
/* What the program says of a tensor; NULL if there is no program. */
const struct pl_planned_tensor *pl_handle_planned(const struct pl_tensor_handle *handle);

/* ---- string_handle.c */
/* With `lock` held: pl_handle_write() of strings: a buffer of any size, whose layout is checked. */
pl_status pl_handle_feed_strings(struct pl_tensor_handle *handle, const void *data, size_t bytes,
                                 struct pl_error *error);

/* ---- run.c */
/* One invocation under way. */
struct pl_run {
    struct pl_interpreter *interpreter;
    const struct pl_unit_plan *plan; /* whose program it is */
    struct pl_program *program;
    struct pl_late *late;
    struct pl_lane *lane;
    struct pl_turn *turn;
    void **bases;
    int32_t workers;
    struct pl_trial trial; /* whether helpers are asked for, and looked at how they help */
    struct pl_trial_result result;
    uint64_t start;
    bool asked;            /* for helpers, */
    bool helped;           /* and one came */
    struct pl_error *error;
};

/* ---- turn.c */
pl_status pl_run_look(struct pl_run *run, struct pl_error *error);

/* Asked between two parts, by the thread whose run it is: PL_CANCELLED where it is to stop. */
static inline pl_status pl_run_go_on(struct pl_run *run, struct pl_error *error)
{
    return atomic_load_explicit(&run->turn->look, memory_order_relaxed) ? pl_run_look(run, error) : PL_OK;
}

/* Asked by its helpers: this one is needed for others. */
static inline bool pl_run_must_leave(const struct pl_run *run, int32_t worker)
{
    return worker >= atomic_load_explicit(&run->turn->workers, memory_order_relaxed);
}

/* One step of it: what eval->run points to. */
struct pl_frame {
    struct pl_run *run;
    const struct pl_block *block;
    const struct pl_step *step; /* of one that is late: as it was prepared */
    void **pointers;            /* inputs, outputs, scratch, states */
    int32_t number;             /* of the step as it was planned */
};

static inline void *pl_run_resolve(const struct pl_run *run, struct pl_location location)
{
    return (void *)((uintptr_t)run->bases[location.base] + (uintptr_t)location.offset);
}

/* Steps [first, end) of a program. */
struct pl_step_range {
    int32_t first;
    int32_t end;
    struct pl_outlook *outlook;
};

/* Runs steps of the unit's program on a lane. */
pl_status pl_unit_run(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                      const struct pl_step_range *range, int32_t workers, struct pl_error *error);

/* One step, prepared or late. */
pl_status pl_run_step(struct pl_run *run, const struct pl_block *block, const struct pl_step *step);

/* ---- trace.c */
/* A step, or a worker's part of it, ended. Only where somebody asks. */
void pl_trace(const struct pl_frame *frame, bool part, uint64_t begin_ns);
/* The same of what is not work. */
void pl_trace_time(struct pl_entry *entry, enum pl_event_kind kind, const struct pl_turn *turn, uint64_t begin_ns,
                   uint64_t end_ns);
/* An interruption of a run. */
void pl_trace_interruption(const struct pl_run *run, uint64_t begin_ns, uint64_t end_ns);

static inline bool pl_run_is_traced(const struct pl_run *run)
{
    return run->interpreter->event_function != NULL;
}

/* ---- windows.c */
/* NULL if there is none of this input. */
struct pl_window_state *pl_window_find(const struct pl_instance *instance, int32_t tensor);
/* What a link into this input remembers, for links that do: it starts anew, and options->crop becomes its copy. False if there
 * is no memory. */
bool pl_window_add(struct pl_instance *instance, int32_t tensor, struct pl_link_options *options);
/* All windows of the model start anew, with all rows that were kept for them. */
void pl_windows_reset(struct pl_instance *instance);

/* ---- flow.c */
/* Runs a unit whose graph is a flow: pl_graph_is_flow(). */
pl_status pl_flow_run(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                      int32_t workers, struct pl_error *error);
/* Rows for the window that an input is. */
struct pl_rows_pushed {
    int32_t member; /* whose input it is */
    int32_t tensor;
    const char *name;
    const void *data;
    size_t bytes;
};
/* The same with every hop of these rows; models that nothing feeds do not run. */
pl_status pl_flow_push(struct pl_interpreter *interpreter, const struct pl_unit_plan *plan, struct pl_lane *lane,
                       int32_t workers, const struct pl_rows_pushed *pushed, struct pl_error *error);

/* Whether it keeps rows of a window, and so starts anew with it. */
static inline bool pl_slot_is_rows(const struct pl_slot *slot)
{
    return slot->tensor == -1 && pl_index_is_own(slot->operator_index);
}

/* ---- part.c */
/* Units [from, end) of a stage, so many at a time. */
struct pl_parts {
    const struct pl_stage *stage;
    const struct pl_eval *eval;
    int64_t from; /* what is left begins here */
    int64_t end;
    int64_t units;
    uint64_t nanoseconds; /* of all of them, */
    uint64_t longest;     /* and of one */
};
/* Whether it is to be looked at how long a stage takes, which took so long (0: nobody knows). Shorter ones never need to
 * be cut, even if they were several times slower than when they were looked at. */
enum { PL_WORTH_FOLLOWING_NANOSECONDS = 125000 };
static inline bool pl_is_followed(unsigned nanoseconds)
{
    return nanoseconds - 1u >= PL_WORTH_FOLLOWING_NANOSECONDS - 1u;
}
/* What a stage may take, before anything is known. */
uint64_t pl_guessed_ns(const struct pl_stage *stage);
/* How many of its units to do before others may go first. */
int64_t pl_part_units(const struct pl_stage *stage, uint64_t nanoseconds);
/* A helper that is needed elsewhere ends before the end. */
pl_status pl_run_parts(struct pl_run *run, struct pl_parts *parts);
/* All of a stage, by the caller alone. */
pl_status pl_run_alone(struct pl_run *run, const struct pl_stage *stage, struct pl_pace *pace, const struct pl_eval *eval);

/* ---- stage.c */
/* A stage of a step, on as many workers as it is worth. */
pl_status pl_run_stage(struct pl_run *run, const struct pl_step *step, int32_t index, const struct pl_eval *eval);
/* Before and after the steps of a run: what to learn, and whether workers are wanted at all. */
void pl_run_begin(struct pl_run *run, const struct pl_step_range *range);
void pl_run_end(struct pl_run *run, const struct pl_step_range *range, bool complete);

/* ---- late_step.c */
/* *late is NULL for a program that has nothing late; false if there is no memory. */
bool pl_late_create(struct pl_memory *memory, const struct pl_program *program, struct pl_late **late);
/* NULL is allowed. */
void pl_late_destroy(struct pl_memory *memory, struct pl_late *late);
/* What is known of a tensor now. */
struct pl_late_value pl_late_look(const struct pl_run *run, const struct pl_planned_tensor *tensor);
/* Gives a late tensor its shape, and memory for value->bytes. */
pl_status pl_late_set(struct pl_run *run, const struct pl_planned_tensor *tensor, const struct pl_late_value *value);
/* Makes a late step ready for its inputs as they are now: prepares it unless it is prepared for them already, and gives
 * memory to its outputs and scratch. *ready is what to run. */
pl_status pl_late_prepare(struct pl_run *run, const struct pl_block *block, const struct pl_step *step,
                          const struct pl_step **ready);

/* ---- run_block.c */
/* What operators can ask for while they run. */
extern const struct pl_eval_services pl_run_services;

#endif
