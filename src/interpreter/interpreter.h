/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter: named models, their links, lanes to run on, one pool of workers. What plait.h offers, in internal
 * types; every function here may be called from any thread.
 *
 * A pl_entry is what can be invoked: a model's primary subgraph, or one of its signatures. */
#ifndef PL_INTERPRETER_INTERPRETER_H
#define PL_INTERPRETER_INTERPRETER_H

#include "graph/adapter.h"
#include "interpreter/tally.h"
#include "kernels/kernels.h"
#include "plan/program.h"

struct pl_interpreter;
struct pl_entry;
struct pl_tensor_handle;

struct plait_model; /* what callers know a pl_entry as */
typedef void (*pl_ran_function)(void *user, struct plait_model *model);

struct pl_interpreter_options {
    int32_t threads;
    int32_t lanes;
    int32_t requests; /* that can be under way at once; 0: as many as by default */
    int32_t sleep_below_class; /* models of lower ones give up constants where the limit of memory asks for it */
    const char *share; /* a folder, see graph/shared_pages.h; NULL: none */
    const struct pl_kernels *kernels;
    size_t tensor_limit_bytes;
    struct pl_memory *memory; /* outlives the interpreter */
};

struct pl_memory_report {
    size_t arena_bytes;
    size_t arena_bound_bytes;
    size_t arena_sum_bytes;
    size_t constant_bytes;
    size_t asleep_bytes; /* of these, given up now */
    size_t io_bytes;
    size_t state_bytes;
};

struct pl_interpreter_report {
    size_t models;
    size_t lanes;
    size_t arena_bytes;
    size_t arena_sum_bytes;
    size_t constant_bytes;
    size_t constant_sum_bytes;
    size_t io_bytes;
    size_t state_bytes;
    uint64_t invocations;
    size_t asleep;       /* models, */
    size_t asleep_bytes; /* and what they gave up of the constants */
    uint64_t wakes;
};

/* ---- interpreter.c */
pl_status pl_interpreter_open(const struct pl_interpreter_options *options, struct pl_interpreter **interpreter,
                              struct pl_error *error);
void pl_interpreter_close(struct pl_interpreter *interpreter);
const struct pl_kernels *pl_interpreter_kernels(const struct pl_interpreter *interpreter);
struct pl_memory *pl_interpreter_memory(const struct pl_interpreter *interpreter);
size_t pl_interpreter_tensor_limit(const struct pl_interpreter *interpreter);
void pl_interpreter_report(struct pl_interpreter *interpreter, struct pl_interpreter_report *report);

/* Operators of users, for models that are loaded from now on. */
void pl_interpreter_register(struct pl_interpreter *interpreter, struct pl_user_op *op);
const struct pl_registry *pl_interpreter_registry(const struct pl_interpreter *interpreter);

/* ---- load.c */
/* PL_LOAD_ALONE: with all constants as they are in the file, although others may have loaded it and packed them. */
enum pl_load_flags {
    PL_LOAD_BORROW = 1,
    PL_LOAD_KEEP_MAPPED = 2,
    PL_LOAD_ALLOW_UNSUPPORTED = 4,
    PL_LOAD_ALONE = 8
};
/* A verified and imported file; the reference is the caller's, to be released with pl_interpreter_release_graph(). A file,
 * or bytes that are borrowed, that somebody has imported and still has, is not imported once more: the graph is theirs. */
pl_status pl_interpreter_import(struct pl_interpreter *interpreter, const void *data, size_t bytes, uint32_t flags,
                                struct pl_graph **graph, struct pl_error *error);
pl_status pl_interpreter_import_file(struct pl_interpreter *interpreter, const char *path, uint32_t flags,
                                     struct pl_graph **graph, struct pl_error *error);
void pl_interpreter_release_graph(struct pl_interpreter *interpreter, struct pl_graph *graph);
/* A model of this graph under this name, with operators of users from this registry (NULL: the interpreter's). Retains
 * the graph. */
pl_status pl_interpreter_add(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                             const struct pl_registry *registry, struct pl_entry **entry, struct pl_error *error);
/* Another one of the same graph, with operators of users from the interpreter's registry. */
pl_status pl_entry_clone(const struct pl_entry *entry, const char *name, struct pl_entry **clone, struct pl_error *error);
pl_status pl_interpreter_unload(struct pl_entry *entry, struct pl_error *error);
/* Gives the model another graph, which is retained; see plait_replace(). Without `keep` it is only tried. */
pl_status pl_entry_replace(struct pl_entry *entry, struct pl_graph *graph, bool keep_all, bool keep, struct pl_error *error);
/* From now on the model is unloaded with all others of this holder only. */
void pl_entry_hold(struct pl_entry *entry, const void *holder);
/* Unloads all models of a holder or none; takes no memory. They must not be linked with others. */
pl_status pl_interpreter_unload_held(struct pl_interpreter *interpreter, const void *holder, struct pl_error *error);
/* Makes lists that grew for what has failed as small as if it had not been tried: for who measures what it takes. */
void pl_interpreter_fit(struct pl_interpreter *interpreter);
size_t pl_interpreter_count(struct pl_interpreter *interpreter);
struct pl_entry *pl_interpreter_at(struct pl_interpreter *interpreter, size_t index);
struct pl_entry *pl_interpreter_find(struct pl_interpreter *interpreter, const char *name);

/* ---- entry.c */
struct pl_interpreter *pl_entry_interpreter(const struct pl_entry *entry);
struct pl_graph *pl_entry_graph(const struct pl_entry *entry);
const char *pl_entry_name(const struct pl_entry *entry);
int32_t pl_entry_signature_count(const struct pl_entry *entry);
const char *pl_entry_signature_key(const struct pl_entry *entry, int32_t index);
struct pl_entry *pl_entry_signature(struct pl_entry *entry, const char *key);
const struct pl_subgraph *pl_entry_subgraph(const struct pl_entry *entry);
int32_t pl_entry_subgraph_index(const struct pl_entry *entry);
/* NULL of a model's own entry. */
const struct pl_signature *pl_entry_own_signature(const struct pl_entry *entry);
bool pl_entry_supports(const struct pl_entry *entry, const struct pl_operator *op);
int32_t pl_entry_input_count(const struct pl_entry *entry);
int32_t pl_entry_output_count(const struct pl_entry *entry);
struct pl_tensor_handle *pl_entry_input(const struct pl_entry *entry, int32_t index);
struct pl_tensor_handle *pl_entry_output(const struct pl_entry *entry, int32_t index);
struct pl_tensor_handle *pl_entry_tensor(const struct pl_entry *entry, int32_t index);
/* By name as DESIGN 6 says: PL_NOT_FOUND with the list of names if unknown or ambiguous. *index is the position. */
pl_status pl_entry_find(const struct pl_entry *entry, bool output, const char *name, int32_t *index,
                        struct pl_error *error);
pl_status pl_entry_resize(struct pl_entry *entry, int32_t index, const struct pl_shape *shape, struct pl_error *error);
pl_status pl_entry_set_threads(struct pl_entry *entry, int32_t threads, struct pl_error *error);
/* From the next allocate on every tensor of the model keeps its bytes until the model runs again. */
void pl_entry_keep_all(struct pl_entry *entry);
/* The entry of a subgraph of the file; NULL if there is none. One that no signature names cannot be invoked. */
struct pl_entry *pl_entry_of_subgraph(const struct pl_entry *entry, size_t index);
/* All state, or variable tensors alone. */
pl_status pl_entry_reset_variables(struct pl_entry *entry, bool tensors_alone, struct pl_error *error);
void pl_entry_memory(struct pl_entry *entry, struct pl_memory_report *report);
bool pl_entry_is_allocated(const struct pl_entry *entry);
/* Whether running decides shapes of its tensors. */
bool pl_entry_is_late(const struct pl_entry *entry);

/* ---- handle.c: tensors */
struct pl_entry *pl_handle_entry(const struct pl_tensor_handle *handle);
const struct pl_tensor *pl_handle_tensor(const struct pl_tensor_handle *handle);
int32_t pl_handle_index(const struct pl_tensor_handle *handle);
const char *pl_handle_signature_name(const struct pl_tensor_handle *handle);
/* As planned, else as asked for, else the file's. */
const struct pl_shape *pl_handle_shape(const struct pl_tensor_handle *handle);
/* As planned: its shape or size is known only while running. */
bool pl_handle_is_late(const struct pl_tensor_handle *handle);
size_t pl_handle_bytes(const struct pl_tensor_handle *handle);
void *pl_handle_data(const struct pl_tensor_handle *handle);
/* All of it at once, while another thread may replace the model. */
struct pl_tensor_view {
    int32_t index; /* in its subgraph */
    pl_type type;
    struct pl_shape shape;
    size_t bytes;
    void *data;
};
struct pl_tensor_view pl_handle_look(const struct pl_tensor_handle *handle);
pl_status pl_handle_write(struct pl_tensor_handle *handle, const void *data, size_t bytes, struct pl_error *error);
pl_status pl_handle_read(const struct pl_tensor_handle *handle, void *data, size_t bytes, struct pl_error *error);
pl_status pl_handle_bind(struct pl_tensor_handle *handle, void *memory, size_t bytes, struct pl_error *error);

/* ---- boxes.c: what models find in pictures */
/* Whether such boxes can be read off these outputs of one model. */
pl_status pl_handle_boxes_check(const struct pl_tensor_handle *values, const struct pl_tensor_handle *scores,
                                const struct pl_boxes *boxes, struct pl_error *error);
/* Those that its last run gave, the best first; *count is how many of `capacity`. */
pl_status pl_handle_find_boxes(const struct pl_tensor_handle *values, const struct pl_tensor_handle *scores,
                               const struct pl_boxes *boxes, struct pl_found_box *found, int32_t capacity, int32_t *count,
                               struct pl_error *error);
/* What was cut out for this input last; false: nothing was. */
bool pl_handle_box(const struct pl_tensor_handle *input, struct pl_found_box *box);

/* ---- thresholds.c: outputs that are on or off */
struct pl_threshold_state {
    bool on;
    bool changed;     /* in the model's last run */
    uint64_t changes; /* since the model's state was set back */
};
/* The caller's, for as long as the model is loaded. `when` is of PL_CONDITION_AT_LEAST; the rest is set here. */
struct pl_threshold {
    struct pl_condition when;
    struct pl_tensor_handle *output;
    struct pl_threshold_state state;
    struct pl_threshold *next; /* of the same model */
};
/* Looks at the output each time its model has run. */
pl_status pl_handle_add_threshold(struct pl_tensor_handle *output, struct pl_threshold *threshold, struct pl_error *error);
struct pl_threshold_state pl_threshold_read(struct pl_threshold *threshold);

/* ---- string_handle.c */
/* Feeds an input of strings with as many as its shape has elements; lengths NULL: they end at their 0. */
pl_status pl_handle_write_strings(struct pl_tensor_handle *handle, const char *const *texts, const size_t *lengths,
                                  size_t count, struct pl_error *error);
/* String `index` of a tensor that has its bytes now; not terminated, valid until they change. */
pl_status pl_handle_string(const struct pl_tensor_handle *handle, size_t index, const char **text, size_t *length,
                           struct pl_error *error);

/* ---- link.c */
pl_status pl_interpreter_link(struct pl_interpreter *interpreter, const char *from_model, const char *output,
                              const char *to_model, const char *input, const struct pl_link_options *options,
                              struct pl_error *error);
pl_status pl_interpreter_unlink(struct pl_interpreter *interpreter, const char *to_model, const char *input,
                                struct pl_error *error);
pl_status pl_entry_set_whole(struct pl_entry *entry, bool whole, struct pl_error *error);

/* Makes an input a window whose rows the caller pushes. */
pl_status pl_interpreter_stream(struct pl_interpreter *interpreter, const char *model, const char *input,
                                const struct pl_link_options *options, struct pl_error *error);

/* ---- sleep.c: what has others sleep where the limit of memory was in the way. With no lock held. */
struct pl_room {
    uint64_t before;      /* only those are asked to sleep that were not used since */
    uint64_t refusals;    /* so far */
    int32_t class_number; /* nor those of higher classes */
};
/* Before what may need room. */
void pl_room_begin(struct pl_interpreter *interpreter, struct pl_room *room);
/* After it failed for want of memory: whether it is worth being tried again. */
bool pl_room_make(struct pl_interpreter *interpreter, struct pl_room *room);
/* Whether the model is ever asked to; whether it sleeps now. */
bool pl_entry_may_sleep(const struct pl_entry *entry);
bool pl_entry_sleeps(const struct pl_entry *entry);

/* ---- allocate.c */
pl_status pl_interpreter_allocate(struct pl_interpreter *interpreter, struct pl_error *error);
/* The same work and memory, but nothing is put in place: to learn whether it would succeed, and what it takes. */
pl_status pl_interpreter_try_allocate(struct pl_interpreter *interpreter, struct pl_error *error);
/* Only the linked set this entry belongs to. */
pl_status pl_entry_allocate(struct pl_entry *entry, struct pl_error *error);
pl_status pl_entry_try_allocate(struct pl_entry *entry, struct pl_error *error);

/* ---- batch.c */
/* PL_OK: a run with inputs of `times` times their rows along the first dimension is so many runs, one behind the other. */
pl_status pl_entry_check_batch(const struct pl_entry *entry, int32_t times, struct pl_error *error);

/* ---- invoke.c */
pl_status pl_entry_invoke(struct pl_entry *entry, struct pl_error *error);
pl_status pl_entry_run(struct pl_entry *entry, struct pl_error *error);
/* Gives a window rows, and runs what hangs together with every hop of them. */
pl_status pl_handle_push(struct pl_tensor_handle *handle, const void *data, size_t bytes, struct pl_error *error);
/* To be called by the thread that runs, each time the model has run as part of a linked set; it may read the model's
 * outputs, and must not change anything. */
void pl_entry_on_run(struct pl_entry *entry, pl_ran_function function, void *user);
/* How operator `index` of the model's file is run where it takes windows; false if it has nothing to do with them. */
bool pl_entry_reuse(const struct pl_entry *entry, size_t index, struct pl_reuse *reuse);
/* What operator `index` of the model's file is to linked models that read the same; false if there is nothing to say.
 * *computed_by is the model that computes it, or NULL. */
bool pl_entry_sharing(const struct pl_entry *entry, size_t index, struct pl_sharing *sharing, const char **computed_by);
/* What a run of an operator takes: about how many multiply-adds, or bytes moved, and the bytes of its outputs. */
struct pl_operator_cost {
    uint64_t work;
    size_t output_bytes;
};
/* Of operator `index` of the model's file as it is planned, in the model that computes it; all 0 if none does. */
struct pl_operator_cost pl_entry_cost(const struct pl_entry *entry, size_t index);
/* Stops the invocation under way, which then gives PL_CANCELLED; it is looked for between two operators and in every
 * turn of a loop. Invocations that begin later are not affected. False if none is under way. */
bool pl_entry_cancel(struct pl_entry *entry);
/* The same at the model's own will: `asked` is called by the thread that runs, wherever that is looked for; true stops.
 * For all entries of the model; NULL: nobody is asked. Not while it runs. */
void pl_entry_stop_when(struct pl_entry *entry, bool (*asked)(void *user), void *user);

/* ---- turn.c */
/* How urgent a model is, see turn.h. */
enum { PL_MOST_CLASS = 15 };
pl_status pl_entry_set_class(struct pl_entry *entry, int32_t class_number, struct pl_error *error);
int32_t pl_entry_class(const struct pl_entry *entry);

/* ---- request.c: see request.h */
enum { PL_MOST_REQUESTS = 4096, PL_DEFAULT_REQUESTS = 64, PL_DEFAULT_QUEUE = 8 };

struct pl_request_data {
    struct pl_tensor_handle *tensor;
    void *data; /* of an input: only read */
    size_t bytes;
};
enum { PL_MOST_REQUEST_DATA = 64 }; /* inputs, and outputs */

struct pl_answer {
    uint64_t number; /* of the request */
    pl_status status;
    const char *message; /* "" if all went well; stays until the callback returns */
    uint64_t submitted;
    uint64_t started; /* 0 if it never was */
    uint64_t ended;
    uint64_t deadline;
    uint64_t interrupted_ns;
    uint32_t interruptions;
    bool nested; /* it ran on the thread of a run that it interrupted */
};
/* `done` is of a type that only who submits knows. */
typedef void (*pl_tell_function)(const struct pl_answer *answer, void (*done)(void), void *user);

struct pl_submission {
    struct pl_entry *const *entries; /* one of each linked set, to be run in this order; stays, unless it is but one */
    size_t entry_count;
    bool whole_set;
    bool drop_late;    /* it ends with PL_TOO_LATE instead of beginning after its deadline */
    bool drop_surplus; /* where its queue is full, the oldest in it gives way; else it is refused */
    bool on_loop;      /* told by pl_interpreter_dispatch() */
    bool kept;         /* somebody has its number: it stays until it was waited for, if nobody is told */
    uint64_t deadline; /* 0: none */
    const struct pl_request_data *inputs; /* these and what they name stay until it ended */
    size_t input_count;
    const struct pl_request_data *outputs;
    size_t output_count;
    pl_tell_function tell; /* NULL: nobody is told */
    void (*done)(void);
    void *user;
};
pl_status pl_interpreter_submit(struct pl_interpreter *interpreter, const struct pl_submission *what, uint64_t *number,
                                struct pl_error *error);
/* At most so long (negative: for ever): its status, or PL_BUSY if it has not ended. */
pl_status pl_interpreter_wait(struct pl_interpreter *interpreter, uint64_t number, int64_t timeout_ns,
                              struct pl_answer *answer, struct pl_error *error);
pl_status pl_interpreter_cancel(struct pl_interpreter *interpreter, uint64_t number, struct pl_error *error);
pl_status pl_interpreter_event_fd(struct pl_interpreter *interpreter, int *fd, struct pl_error *error);
size_t pl_interpreter_dispatch(struct pl_interpreter *interpreter);
/* Requests of this model that may wait. */
pl_status pl_entry_set_queue(struct pl_entry *entry, int32_t most, struct pl_error *error);

/* ---- timing.c */
/* In nanoseconds; 0 before anything ran. */
struct pl_timing {
    uint64_t own_runs;     /* that were measured */
    uint64_t own;          /* half of them take no longer, */
    uint64_t own_worst;    /* and none of the last hundreds */
    uint64_t longest_part; /* of its program, and of none of the last hundreds of runs longer, */
    uint64_t blocking;     /* the longest of any program of a lower class */
    uint64_t switching;    /* until a request that interrupts begins, or from its run's end to its answer, the same */
    uint64_t waking;       /* until one begins for which a thread wakes up, the same */
    uint64_t machine;      /* that the system takes from who runs; 0: not measured */
    int32_t class_number;  /* that it runs with */
};
/* ---- machine.c */
/* What the system takes from threads that run, in nanoseconds of a millisecond. */
struct pl_machine {
    uint64_t usual;        /* of 99 in 100 milliseconds no more, */
    uint64_t longest;      /* and of none */
    uint64_t milliseconds; /* that were looked at, of all processors */
};
/* Looks for so long; what it finds is counted with from now on. */
pl_status pl_interpreter_measure_machine(struct pl_interpreter *interpreter, uint64_t nanoseconds, struct pl_machine *found,
                                         struct pl_error *error);

/* ---- timing.c */
/* So many requests can run at once. */
int32_t pl_interpreter_executors(const struct pl_interpreter *interpreter);
pl_status pl_entry_timing(struct pl_entry *entry, struct pl_timing *timing, struct pl_error *error);

/* ---- profile.c */
pl_status pl_entry_profile(struct pl_entry *entry, bool enable, struct pl_error *error);
int32_t pl_entry_profile_count(const struct pl_entry *entry);
bool pl_entry_profile_at(const struct pl_entry *entry, int32_t index, const struct pl_operator **op, uint64_t *calls,
                         uint64_t *nanoseconds);

/* ---- memory_map.c */
/* A tensor or scratch in the arena while the model's steps run, which pl_entry_profile_at() counts likewise. */
struct pl_arena_piece {
    const char *tensor; /* its name; NULL: scratch */
    size_t offset;
    size_t bytes;
    int32_t first_step; /* writes it, */
    int32_t last_step;  /* reads it last */
};
/* Calls `found` for each, in the order of first_step. */
void pl_entry_arena(const struct pl_entry *entry, void (*found)(void *user, const struct pl_arena_piece *piece), void *user);

/* ---- trace.c */
enum pl_event_kind { PL_EVENT_WORK, PL_EVENT_WAIT, PL_EVENT_RUN, PL_EVENT_INTERRUPTION };

/* One step of a model, or what one worker did of it; or a request that waited, a run, an interruption of one. */
struct pl_event {
    enum pl_event_kind kind;
    struct pl_entry *entry;
    const struct pl_operator *op; /* NULL of what is not work */
    int32_t step; /* as pl_entry_profile_at() counts; -1: in a subgraph that an operator runs */
    bool part;
    int32_t class_number;
    uint64_t request; /* 0: somebody called for it */
    uint64_t begin_ns;
    uint64_t end_ns;
};
/* Called at the end of each by the thread that did it. NULL: nobody asks. Not while a model runs. */
typedef void (*pl_event_function)(void *user, const struct pl_event *event);
void pl_interpreter_trace(struct pl_interpreter *interpreter, pl_event_function function, void *user);

/* ---- tally.c */
/* A model at this moment. */
struct pl_model_look {
    char name[PL_TALLY_NAME_BYTES]; /* the beginning of longer ones */
    int32_t class_number;           /* that it runs with */
    bool running;
    int32_t waiting;                /* requests */
    struct pl_tally tally;
    struct pl_memory_report memory;
};
/* Looks at one model, from 0; false behind the last one. What it does is counted from the first look on. */
bool pl_interpreter_look(struct pl_interpreter *interpreter, size_t index, struct pl_model_look *look);

/* ---- for tests ---------------------------------------------------------------------------------------------------- */

/* Fills the arenas of all lanes that are idle: what an invoke needs from before it must not be there. */
void pl_interpreter_poison(struct pl_interpreter *interpreter, int byte);

/* Cuts `units` into at most max_parts parts: part p is [bounds[p], bounds[p + 1]). Returns the number of parts. */
typedef int32_t (*pl_cut_function)(void *context, int64_t units, int32_t max_parts, int64_t *bounds);
enum { PL_MAX_PARTS = 64 };
/* NULL: plait's own. */
void pl_interpreter_set_cutter(struct pl_interpreter *interpreter, pl_cut_function cut, void *context);

#endif
