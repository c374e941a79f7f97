/* SPDX-License-Identifier: Apache-2.0 */
/* Structures shared by the files of interpreter/.
 *
 * Two locks. `change` is held by whoever changes the set of models, links or programs (load, link, allocate, unload):
 * one at a time, for as long as it takes. `lock` guards what invoke looks at (busy flags, programs, lanes) and is held
 * for moments only, so nothing that changes makes a running or starting model wait. Who needs both takes `change` first.
 * Between the two is `sleep`, for models that sleep (sleep.c).
 * fork() takes `sleep` and `lock` (fork.c), so nobody waits for a thread of the application's with one of them.
 * Callbacks of users run without `lock`; `change` can be taken again by who has it, so that they may load and allocate. */
#ifndef PL_INTERPRETER_INTERPRETER_INTERNAL_H
#define PL_INTERPRETER_INTERPRETER_INTERNAL_H

#include <pthread.h>

#include "base/at_fork.h"
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

struct pl_late; /* see run.h */

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
    struct pl_threshold *thresholds; /* of its outputs, to be looked at then */
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
    struct pl_at_fork at_fork;
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
static inline void pl_lock(struct pl_interpreter *interpreter)
{
    pthread_mutex_lock(&interpreter->lock);
}

/* ---- fork.c */
/* From now on; false: there is no memory. */
bool pl_interpreter_at_fork(struct pl_interpreter *interpreter);

#endif
