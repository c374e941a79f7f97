/* SPDX-License-Identifier: Apache-2.0 */
/* The set of models: adding, finding and unloading them by name. */
#include <string.h>

#include "base/hash.h"
#include "interpreter/allocate.h"
#include "interpreter/models/models.h"

enum { FIRST_CAPACITY = 8 };

/* ---- a model under a name ----------------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    const size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return length > 0 && name[length] == '\0';
}

static struct pl_instance *find(const struct pl_interpreter *interpreter, const char *name)
{
    const uint64_t hash = pl_hash_bytes(name, strlen(name));
    for (size_t i = 0; i < interpreter->instance_count; i++)
        if (interpreter->name_hashes[i] == hash && strcmp(interpreter->instances[i]->name, name) == 0)
            return interpreter->instances[i];
    return NULL;
}

/* Room for so many, or none; false if there is no memory. */
static bool set_capacity(struct pl_interpreter *interpreter, size_t capacity)
{
    const bool any = capacity > 0;
    struct pl_instance **instances = any ? pl_allocate(interpreter->memory, capacity * sizeof instances[0]) : NULL;
    uint64_t *hashes = any ? pl_allocate(interpreter->memory, capacity * sizeof hashes[0]) : NULL;
    if (any && (instances == NULL || hashes == NULL)) {
        pl_free(interpreter->memory, instances, capacity * sizeof instances[0]);
        pl_free(interpreter->memory, hashes, capacity * sizeof hashes[0]);
        return false;
    }
    if (interpreter->instance_count > 0) {
        memcpy(instances, interpreter->instances, interpreter->instance_count * sizeof instances[0]);
        memcpy(hashes, interpreter->name_hashes, interpreter->instance_count * sizeof hashes[0]);
    }
    pl_lock(interpreter);
    struct pl_instance **old = interpreter->instances;
    uint64_t *old_hashes = interpreter->name_hashes;
    const size_t old_capacity = interpreter->instance_capacity;
    interpreter->instances = instances;
    interpreter->name_hashes = hashes;
    interpreter->instance_capacity = capacity;
    pthread_mutex_unlock(&interpreter->lock);
    pl_free(interpreter->memory, old, old_capacity * sizeof old[0]);
    pl_free(interpreter->memory, old_hashes, old_capacity * sizeof old_hashes[0]);
    return true;
}

static bool make_room(struct pl_interpreter *interpreter)
{
    if (interpreter->instance_count < interpreter->instance_capacity) return true;
    return set_capacity(interpreter, interpreter->instance_capacity == 0 ? FIRST_CAPACITY : 2 * interpreter->instance_capacity);
}

void pl_interpreter_fit(struct pl_interpreter *interpreter)
{
    pl_change_begin(interpreter);
    size_t capacity = interpreter->instance_count > 0 ? FIRST_CAPACITY : 0;
    while (capacity < interpreter->instance_count) capacity *= 2;
    if (capacity < interpreter->instance_capacity) (void)set_capacity(interpreter, capacity);
    pl_links_fit(interpreter);
    pl_constant_store_fit(interpreter->store);
    pl_change_end(interpreter);
}

static struct pl_instance *create_named(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                                        const struct pl_registry *registry)
{
    const size_t bytes = strlen(name) + 1;
    char *copy = pl_allocate(interpreter->memory, bytes);
    if (copy == NULL) return NULL;
    memcpy(copy, name, bytes);
    struct pl_instance *instance = pl_instance_create(interpreter, copy, graph, registry);
    if (instance == NULL) pl_free(interpreter->memory, copy, bytes);
    else instance->primary->own_name = copy;
    return instance;
}

static pl_status add(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                     const struct pl_registry *registry, struct pl_entry **entry, struct pl_error *error)
{
    if (!is_name(name))
        return pl_fail(error, PL_INVALID_ARGUMENT, "'%s' is no model name: letters, digits, '_' and '-' only", name);
    if (find(interpreter, name) != NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "there is a model '%s' already; choose another name", name);
    struct pl_instance *instance = make_room(interpreter) ? create_named(interpreter, name, graph, registry) : NULL;
    if (instance == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for model '%s'", name);
    pl_lock(interpreter);
    interpreter->instances[interpreter->instance_count] = instance;
    interpreter->name_hashes[interpreter->instance_count++] = pl_hash_bytes(name, strlen(name));
    pthread_mutex_unlock(&interpreter->lock);
    *entry = instance->primary;
    return PL_OK;
}

pl_status pl_interpreter_add(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                             const struct pl_registry *registry, struct pl_entry **entry, struct pl_error *error)
{
    pl_change_begin(interpreter);
    pl_status status = add(interpreter, name, graph, registry, entry, error);
    if (status == PL_OK) {
        status = pl_instance_resolve((*entry)->instance, error);
        if (status != PL_OK) (void)pl_interpreter_unload(*entry, NULL);
    }
    pl_change_end(interpreter);
    return status;
}

pl_status pl_entry_clone(const struct pl_entry *entry, const char *name, struct pl_entry **clone, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_change_begin(interpreter);
    const pl_status status = pl_interpreter_add(interpreter, name, entry->instance->graph, NULL, clone, error);
    pl_change_end(interpreter);
    return status;
}

/* ---- unloading ---------------------------------------------------------------------------------------------------- */

/* Links of this model go to the end of the list, from where they can be cut off or kept. */
static int32_t set_links_aside(struct pl_interpreter *interpreter, const struct pl_instance *instance)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < interpreter->link_count; i++) {
        const struct pl_model_link link = interpreter->links[i];
        if (link.from == instance || link.to == instance || link.finder == instance) continue;
        interpreter->links[i] = interpreter->links[kept];
        interpreter->links[kept++] = link;
    }
    return kept;
}

static void take_out(struct pl_interpreter *interpreter, const struct pl_instance *instance)
{
    size_t at = 0;
    while (interpreter->instances[at] != instance) at++;
    interpreter->instance_count--;
    memmove(&interpreter->instances[at], &interpreter->instances[at + 1],
            (interpreter->instance_count - at) * sizeof interpreter->instances[0]);
    memmove(&interpreter->name_hashes[at], &interpreter->name_hashes[at + 1],
            (interpreter->instance_count - at) * sizeof interpreter->name_hashes[0]);
}

/* Both locks are held. What the other members of the component need is made first. */
static pl_status unload(struct pl_interpreter *interpreter, struct pl_instance *instance, struct pl_error *error)
{
    struct pl_component *component = instance->component;
    if (instance->holder != NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s' belongs to a pipeline and is unloaded with it", instance->name);
    if (pl_component_is_taken(component) || pl_requests_need(&interpreter->requests, PL_REQUEST_RUNS, instance->primary))
        return pl_fail(error, PL_BUSY, "model '%s' is running or being allocated", instance->name);
    pl_settled_leave(interpreter, instance);
    const int32_t all_links = interpreter->link_count;
    interpreter->link_count = set_links_aside(interpreter, instance);
    if (component->member_count > 1) {
        const pl_status status = pl_components_form(interpreter, component, NULL, instance, error);
        if (status != PL_OK) {
            interpreter->link_count = all_links;
            return status;
        }
    } else {
        pl_component_destroy(interpreter, component);
    }
    take_out(interpreter, instance);
    return PL_OK;
}

static struct pl_instance *next_gone(const struct pl_instance *gone)
{
    return (struct pl_instance *)(uintptr_t)gone->holder;
}

/* Ends models that were taken out, linked by their holder. `lock` is held, and left meanwhile: operators of users are
 * told. */
static void destroy_gone(struct pl_interpreter *interpreter, struct pl_instance *gone)
{
    for (struct pl_instance *instance = gone; instance != NULL; instance = next_gone(instance))
        pl_requests_drop(interpreter, instance->primary);
    pthread_mutex_unlock(&interpreter->lock);
    while (gone != NULL) {
        struct pl_instance *instance = gone;
        gone = next_gone(instance);
        pl_instance_destroy(instance);
    }
    pl_lock(interpreter);
    /* The arena may be larger than needed now; if there is no memory for a smaller one, it stays. */
    (void)pl_lanes_fit(interpreter, true, NULL);
}

/* Without the locks: whoever is told may wait for another thread that changes something. */
static void answer_dropped(struct pl_interpreter *interpreter)
{
    pl_lock(interpreter);
    pl_requests_answer(interpreter);
    pthread_mutex_unlock(&interpreter->lock);
}

pl_status pl_interpreter_unload(struct pl_entry *entry, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_change_begin(interpreter);
    pl_lock(interpreter);
    struct pl_instance *instance = entry->instance;
    const pl_status status = unload(interpreter, instance, error);
    if (status == PL_OK) destroy_gone(interpreter, instance); /* which has no holder */
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
    answer_dropped(interpreter);
    return status;
}

void pl_entry_hold(struct pl_entry *entry, const void *holder)
{
    pl_lock(entry->interpreter);
    entry->instance->holder = holder;
    pthread_mutex_unlock(&entry->interpreter->lock);
}

/* Whether all that hang together here are the holder's, and none runs. */
static pl_status check_held(const struct pl_component *component, const void *holder, struct pl_error *error)
{
    const struct pl_instance *first = component->members[0];
    if (pl_component_is_taken(component) || pl_requests_need(&first->interpreter->requests, PL_REQUEST_RUNS, first->primary))
        return pl_fail(error, PL_BUSY, "model '%s' is running or being allocated", first->name);
    for (int32_t i = 0; i < component->member_count; i++)
        if (component->members[i]->holder != holder)
            return pl_fail(error, PL_MISMATCH, "model '%s', which is not of the pipeline, is linked with it; unlink it first",
                           component->members[i]->name);
    return PL_OK;
}

/* Takes a whole component away: its members wait in `gone`, linked by their holder, to be destroyed without the lock. */
static void take_component(struct pl_interpreter *interpreter, struct pl_component *component, struct pl_instance **gone)
{
    for (int32_t i = 0; i < component->member_count; i++) {
        struct pl_instance *instance = component->members[i];
        pl_settled_leave(interpreter, instance);
        interpreter->link_count = set_links_aside(interpreter, instance);
        take_out(interpreter, instance);
        instance->holder = *gone;
        *gone = instance;
    }
    pl_component_destroy(interpreter, component);
}

static pl_status take_held(struct pl_interpreter *interpreter, const void *holder, struct pl_instance **gone,
                           struct pl_error *error)
{
    for (size_t i = 0; i < interpreter->instance_count; i++)
        if (interpreter->instances[i]->holder == holder)
            PL_TRY(check_held(interpreter->instances[i]->component, holder, error));
    for (size_t i = 0; i < interpreter->instance_count;) {
        if (interpreter->instances[i]->holder != holder) {
            i++;
            continue;
        }
        take_component(interpreter, interpreter->instances[i]->component, gone);
        i = 0;
    }
    return PL_OK;
}

pl_status pl_interpreter_unload_held(struct pl_interpreter *interpreter, const void *holder, struct pl_error *error)
{
    struct pl_instance *gone = NULL;
    pl_change_begin(interpreter);
    pl_lock(interpreter);
    const pl_status status = take_held(interpreter, holder, &gone, error);
    if (gone != NULL) destroy_gone(interpreter, gone);
    pthread_mutex_unlock(&interpreter->lock);
    pl_change_end(interpreter);
    answer_dropped(interpreter);
    return status;
}

size_t pl_interpreter_count(struct pl_interpreter *interpreter)
{
    pl_lock(interpreter);
    const size_t count = interpreter->instance_count;
    pthread_mutex_unlock(&interpreter->lock);
    return count;
}

struct pl_entry *pl_interpreter_at(struct pl_interpreter *interpreter, size_t index)
{
    pl_lock(interpreter);
    struct pl_entry *entry = index < interpreter->instance_count ? interpreter->instances[index]->primary : NULL;
    pthread_mutex_unlock(&interpreter->lock);
    return entry;
}

struct pl_entry *pl_interpreter_find(struct pl_interpreter *interpreter, const char *name)
{
    pl_lock(interpreter);
    struct pl_instance *instance = find(interpreter, name);
    pthread_mutex_unlock(&interpreter->lock);
    return instance == NULL ? NULL : instance->primary;
}
