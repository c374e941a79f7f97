/* SPDX-License-Identifier: Apache-2.0 */
/* The public handles and the internal objects they are. */
#ifndef PL_CAPI_HANDLES_H
#define PL_CAPI_HANDLES_H

#include <pthread.h>

#include "base/at_fork.h"
#include "interpreter/interpreter.h"
#include "pipeline/pipeline.h"
#include "plait/plait.h"

#ifndef PL_VERSION
#define PL_VERSION "0.1.0"
#endif
#ifndef PLAIT_VERSION
#define PLAIT_VERSION PL_VERSION
#endif

enum { PL_ERROR_PLACES = 8, PL_MOST_ERROR_PLACES = 1024 };

/* The last message of one thread. */
struct pl_error_place {
    pthread_t thread;
    uint64_t age; /* 0: free */
    struct pl_error error;
};

struct pl_error_places {
    struct pl_error_places *next;
    struct pl_error_place places[PL_ERROR_PLACES];
};

struct plait_interpreter {
    struct pl_memory memory; /* first: a model leads back here through its interpreter's memory */
    struct pl_interpreter *interpreter;
    struct pl_fixed_memory *fixed; /* of options.memory, else NULL */
    int32_t sleep_below_class;     /* as opened */
    struct pl_at_fork at_fork;
    pthread_mutex_t watch_lock;
    struct pl_watch *watch; /* NULL: nobody may look */
    pthread_mutex_t pipeline_lock;
    struct pl_pipeline *pipelines; /* all that are loaded */
    plait_event_function event_function; /* of plait_trace() */
    void *event_user;
    pthread_mutex_t error_lock;
    uint64_t error_age;
    struct pl_error_places errors; /* further ones are made when so many threads have failed */
};

void pl_close_api(struct plait_interpreter *api);
/* Frees what messages took. */
void pl_free_messages(struct plait_interpreter *api);
/* What plait_register_op() made, newest first, to be called when no model is left. */
void pl_free_operators(struct plait_interpreter *api, struct pl_user_op *first);
/* Keeps the message for plait_last_error(), and gives the status on. */
plait_status pl_report(struct plait_interpreter *api, pl_status status, const struct pl_error *error);
/* An argument is wrong: PLAIT_INVALID_ARGUMENT with this message. */
plait_status pl_refuse(struct plait_interpreter *api, const char *message);

/* Whether the options (may be NULL) were set by default first; *flags are theirs. */
bool pl_load_flags_of(const struct plait_load_options *options, uint32_t *flags);
/* *crop is where the options' own is, if they have one; whose boxes are those of from_model where it does not say. */
struct pl_link_options pl_link_options_of(const struct plait_link_options *options, const char *from_model,
                                          struct pl_crop *crop);
/* boxes_api.c */
struct pl_boxes pl_boxes_of(const struct plait_boxes *boxes, const char *model);
struct plait_boxes pl_boxes_public(const struct pl_boxes *boxes);

/* plait_submit() of models, one of each linked set. */
plait_status pl_submit(struct plait_interpreter *api, struct pl_entry *const *entries, size_t count, bool pipeline,
                       const struct plait_submit_options *options, plait_request *request);

/* Something that may run out of the caller's memory; `measure` does the same and undoes it, to learn what it needs. */
typedef pl_status (*pl_operation)(struct plait_interpreter *api, void *arguments, struct pl_error *error);
/* Runs it and reports; where the caller's memory was too small, the message has the exact size. */
plait_status pl_run_operation(struct plait_interpreter *api, pl_operation run, pl_operation measure, void *arguments);

/* A model's name from its path: the file's name without folders and what follows the last dot; characters a name cannot
 * have become '_'. */
void pl_name_from_path(const char *path, char *name, size_t name_bytes);

static inline struct pl_entry *pl_entry_of(struct plait_model *model)
{
    return (struct pl_entry *)(void *)model;
}

static inline const struct pl_entry *pl_const_entry(const struct plait_model *model)
{
    return (const struct pl_entry *)(const void *)model;
}

static inline struct plait_model *pl_model_handle(struct pl_entry *entry)
{
    return (struct plait_model *)(void *)entry;
}

static inline struct pl_tensor_handle *pl_tensor_of(struct plait_tensor *tensor)
{
    return (struct pl_tensor_handle *)(void *)tensor;
}

static inline const struct pl_tensor_handle *pl_const_tensor(const struct plait_tensor *tensor)
{
    return (const struct pl_tensor_handle *)(const void *)tensor;
}

static inline struct plait_tensor *pl_tensor_public(struct pl_tensor_handle *handle)
{
    return (struct plait_tensor *)(void *)handle;
}

/* The public interpreter that an entry belongs to. */
static inline struct plait_interpreter *pl_api_of(const struct pl_entry *entry)
{
    return (struct plait_interpreter *)(void *)pl_interpreter_memory(pl_entry_interpreter(entry));
}

#endif
