/* SPDX-License-Identifier: Apache-2.0 */
/* Models, what joins them, and what is theirs: how they change, and are found. */
#ifndef PL_INTERPRETER_MODELS_H
#define PL_INTERPRETER_MODELS_H

#include "interpreter/interpreter_internal.h"

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

/* ---- entry.c: with `change` held */
void pl_entry_measure(const struct pl_entry *entry, struct pl_memory_report *report);

/* ---- ends.c: with a lock held */
int32_t pl_entry_end_count(const struct pl_entry *entry, bool output);
/* The tensor that an input or output is, and its name: the signature's, else the tensor's own. */
int32_t pl_entry_end_tensor(const struct pl_entry *entry, bool output, int32_t index);
const char *pl_entry_end_name(const struct pl_entry *entry, bool output, int32_t index);

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

#endif
