/* SPDX-License-Identifier: Apache-2.0 */
/* Models that sleep: what would exceed the limit of memory has those that were idle longest give up constants, and a model
 * that is to run or to be planned again makes its own again first (graph/asleep.h). Its program stays as it is.
 *
 * `sleep` is held by who gives up or makes again, within `change` and around `lock`. A run takes `sleep` alone, so waking
 * waits for no change; where it needs room, it lets go of `sleep` and takes `change` first, as everybody does. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "graph/asleep.h"
#include "interpreter/models/models.h"

/* How long to wait at most for what runs to end, where all that could sleep runs. */
static const uint64_t longest_wait_ns = UINT64_C(10) * 1000000000;

static bool may_sleep(const struct pl_interpreter *interpreter, const struct pl_component *component)
{
    return pl_component_class(component) < interpreter->options.sleep_below_class;
}

bool pl_entry_may_sleep(const struct pl_entry *entry)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_lock(interpreter);
    const bool may = may_sleep(interpreter, entry->instance->component);
    pthread_mutex_unlock(&interpreter->lock);
    return may;
}

bool pl_entry_sleeps(const struct pl_entry *entry)
{
    struct pl_interpreter *interpreter = entry->interpreter;
    pl_lock(interpreter);
    const bool asleep = entry->instance->component->asleep;
    pthread_mutex_unlock(&interpreter->lock);
    return asleep;
}

/* ---- to sleep: with `change` and `sleep` held --------------------------------------------------------------------- */

static struct pl_constants constants_of(const struct pl_instance *instance)
{
    return (struct pl_constants){instance->graph->constants, instance->graph->constant_count};
}

static void need_all(const struct pl_component *component)
{
    for (int32_t m = 0; m < component->member_count; m++) {
        const struct pl_constants constants = constants_of(component->members[m]);
        pl_constants_need(component->members[m]->interpreter->store, &constants);
    }
}

/* What is awake, and what runs although its model was replaced. */
static void find_needed(struct pl_interpreter *interpreter)
{
    pl_constants_begin_round(interpreter->store);
    pl_lock(interpreter);
    for (size_t i = 0; i < interpreter->instance_count; i++) {
        const struct pl_instance *instance = interpreter->instances[i];
        if (instance->member == 0 && !instance->component->asleep) need_all(instance->component);
    }
    for (const struct pl_lane *lane = interpreter->lanes; lane != NULL; lane = lane->next)
        if (lane->busy && !lane->component->asleep) need_all(lane->component);
    pthread_mutex_unlock(&interpreter->lock);
}

/* Returns how many bytes that gave up. */
static size_t put_to_sleep(struct pl_interpreter *interpreter, struct pl_component *component)
{
    size_t given_up = 0;
    find_needed(interpreter);
    for (int32_t m = 0; m < component->member_count; m++) {
        const struct pl_graph *graph = component->members[m]->graph;
        const struct pl_constants constants = constants_of(component->members[m]);
        given_up += pl_constants_give_up(interpreter->store, &constants, graph->path != NULL || graph->bytes != NULL);
    }
    return given_up;
}

static bool can_sleep(const struct pl_interpreter *interpreter, const struct pl_component *component,
                      const struct pl_room *room)
{
    if (component->asleep || pl_component_is_taken(component) || component->passed == interpreter->rooms) return false;
    if (!may_sleep(interpreter, component) || pl_component_class(component) > room->class_number) return false;
    return component->used <= room->before && !pl_requests_need_any(&interpreter->requests, PL_REQUEST_WAITS, component);
}

/* The one that was idle longest, which sleeps from now on: whoever wants it has to wait for `sleep`. */
static struct pl_component *take_idlest(struct pl_interpreter *interpreter, const struct pl_room *room)
{
    struct pl_component *idlest = NULL;
    pl_lock(interpreter);
    for (size_t i = 0; i < interpreter->instance_count; i++) {
        const struct pl_instance *instance = interpreter->instances[i];
        struct pl_component *component = instance->component;
        if (instance->member != 0 || !can_sleep(interpreter, component, room)) continue;
        if (idlest == NULL || component->used < idlest->used) idlest = component;
    }
    if (idlest != NULL) {
        idlest->asleep = true;
        idlest->passed = interpreter->rooms;
    }
    pthread_mutex_unlock(&interpreter->lock);
    return idlest;
}

static void set_asleep(struct pl_interpreter *interpreter, struct pl_component *component, bool asleep)
{
    pl_lock(interpreter);
    component->asleep = asleep;
    pthread_mutex_unlock(&interpreter->lock);
}

static void go_to_sleep(struct pl_interpreter *interpreter, struct pl_component *component)
{
    pthread_mutex_lock(&interpreter->sleep);
    set_asleep(interpreter, component, true);
    (void)put_to_sleep(interpreter, component);
    pthread_mutex_unlock(&interpreter->sleep);
}

void pl_component_sleep(struct pl_interpreter *interpreter, struct pl_component *component)
{
    pl_lock(interpreter);
    const bool may = may_sleep(interpreter, component) && !pl_component_is_taken(component);
    pthread_mutex_unlock(&interpreter->lock);
    if (may) go_to_sleep(interpreter, component);
}

/* An operator of a user that asks for a change while its model is planned finds no room. */
static size_t make_room(struct pl_interpreter *interpreter, const struct pl_room *room)
{
    const size_t missing = atomic_load(&interpreter->memory->missing_bytes);
    size_t given_up = 0;
    struct pl_component *component = NULL;
    if (interpreter->planning > 0 || missing == 0) return 0;
    interpreter->rooms++;
    while (given_up < missing && (component = take_idlest(interpreter, room)) != NULL) {
        const size_t bytes = put_to_sleep(interpreter, component);
        if (bytes == 0) set_asleep(interpreter, component, false);
        given_up += bytes;
    }
    return given_up;
}

void pl_room_begin(struct pl_interpreter *interpreter, struct pl_room *room)
{
    *room = (struct pl_room){.class_number = PL_MOST_CLASS};
    if (interpreter->options.sleep_below_class == 0) return;
    room->refusals = atomic_load(&interpreter->memory->refusals);
    pl_lock(interpreter);
    room->before = interpreter->uses;
    pthread_mutex_unlock(&interpreter->lock);
}

bool pl_room_make(struct pl_interpreter *interpreter, struct pl_room *room)
{
    const uint64_t refusals = atomic_load(&interpreter->memory->refusals);
    if (interpreter->options.sleep_below_class == 0 || refusals == room->refusals) return false;
    pl_change_begin(interpreter);
    pthread_mutex_lock(&interpreter->sleep);
    const bool made = make_room(interpreter, room) > 0;
    pthread_mutex_unlock(&interpreter->sleep);
    pl_change_end(interpreter);
    room->refusals = refusals;
    return made;
}

/* ---- awake -------------------------------------------------------------------------------------------------------- */

static pl_status read_file(struct pl_reader *reader, uint64_t at, void *to, size_t bytes, struct pl_error *error)
{
    if (reader->file < 0) reader->file = open(reader->path, O_RDONLY | O_CLOEXEC);
    if (reader->file < 0) return pl_fail(error, PL_IO, "cannot open '%s': %s", reader->path, strerror(errno));
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(reader->file, (char *)to + done, bytes - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return pl_fail(error, PL_IO, "cannot read '%s': %s", reader->path, strerror(errno));
        if (got == 0) return pl_fail(error, PL_IO, "'%s' became shorter since it was loaded", reader->path);
        done += (size_t)got;
    }
    return PL_OK;
}

static pl_status make_again(const struct pl_instance *instance, struct pl_error *error)
{
    const struct pl_graph *graph = instance->graph;
    const struct pl_constants constants = constants_of(instance);
    struct pl_reader reader = {.bytes = graph->bytes, .read = read_file, .path = graph->path, .file = -1};
    const pl_status status = pl_constants_make_again(instance->interpreter->store, &constants, &reader, error);
    if (reader.file >= 0) (void)close(reader.file);
    return status;
}

pl_status pl_component_wake(struct pl_interpreter *interpreter, struct pl_component *component, struct pl_error *error)
{
    if (interpreter->options.sleep_below_class == 0) return PL_OK;
    pl_status status = PL_OK;
    pthread_mutex_lock(&interpreter->sleep);
    for (int32_t m = 0; m < component->member_count && status == PL_OK; m++) {
        status = make_again(component->members[m], error);
        if (status != PL_OK) (void)pl_fail_at(error, "model '%s' slept", component->members[m]->name);
    }
    if (status == PL_OK) {
        pl_lock(interpreter);
        interpreter->wakes += component->asleep;
        component->asleep = false;
        pthread_mutex_unlock(&interpreter->lock);
    }
    pthread_mutex_unlock(&interpreter->sleep);
    return status;
}

/* What it has made so far is for others, who may wait for it. */
static void sleep_on(struct pl_interpreter *interpreter, struct pl_component *component)
{
    pl_change_begin(interpreter);
    go_to_sleep(interpreter, component);
    pl_change_end(interpreter);
    pl_lock(interpreter);
    pthread_cond_broadcast(&interpreter->room);
    pthread_mutex_unlock(&interpreter->lock);
}

/* Whether something runs that ends without this one, or waited for room before it did. */
static bool may_wait(const struct pl_interpreter *interpreter, const struct pl_component *component)
{
    for (const struct pl_lane *lane = interpreter->lanes; lane != NULL; lane = lane->next) {
        const struct pl_component *other = lane->component;
        if (!lane->busy || other == component || pthread_equal(other->turn.thread, pthread_self())) continue;
        if (other->waits_for_room == 0 || other->waits_for_room < component->waits_for_room) return true;
    }
    return false;
}

/* Until a run ends; false if none can, or it was waited too long. */
static bool wait_for_room(struct pl_interpreter *interpreter, struct pl_component *component, uint64_t until_ns)
{
    const struct timespec until = {(time_t)(until_ns / 1000000000), (long)(until_ns % 1000000000)};
    pl_lock(interpreter);
    if (component->waits_for_room == 0) component->waits_for_room = ++interpreter->waits;
    interpreter->waiting++;
    const bool some = may_wait(interpreter, component);
    const bool told = some && pthread_cond_timedwait(&interpreter->room, &interpreter->lock, &until) == 0;
    interpreter->waiting--;
    pthread_mutex_unlock(&interpreter->lock);
    return told;
}

pl_status pl_component_wake_to_run(struct pl_interpreter *interpreter, struct pl_component *component, struct pl_error *error)
{
    const uint64_t until_ns = pl_clock_ns() + longest_wait_ns;
    struct pl_room room;
    pl_room_begin(interpreter, &room);
    room.before = UINT64_MAX;
    room.class_number = component->turn.class_number;
    pl_status status = pl_component_wake(interpreter, component, error);
    while (status == PL_OUT_OF_MEMORY) {
        if (!pl_room_make(interpreter, &room)) {
            sleep_on(interpreter, component);
            if (!wait_for_room(interpreter, component, until_ns)) break;
        }
        status = pl_component_wake(interpreter, component, error);
    }
    if (status != PL_OK) sleep_on(interpreter, component);
    pl_lock(interpreter);
    component->waits_for_room = 0;
    pthread_mutex_unlock(&interpreter->lock);
    return status;
}
