/* SPDX-License-Identifier: Apache-2.0 */
/* Events are kept in the order in which they end, and written in the order in which they begin. */
#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap.h"
#include "json_text.h"
#include "talk.h"

enum { MOST_EVENTS = 1 << 18, DIGITS = 15, PROCESS = 1, CALLER = 1 };

struct trace_event {
    struct plait_event event;
    int thread; /* CALLER, then helpers as they come */
};

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- listening ------------------------------------------------------------------------------- */

static int thread_number(void)
{
    static atomic_int last;
    static _Thread_local int own;
    if (own == 0) own = atomic_fetch_add(&last, 1) + 1;
    return own;
}

static void keep(void *user, const struct plait_event *event)
{
    struct trace *trace = user;
    const size_t at = atomic_fetch_add(&trace->count, 1);
    if (at < MOST_EVENTS) trace->events[at] = (struct trace_event){*event, thread_number()};
}

void trace_begin(struct trace *trace, const struct models *models, bool profile)
{
    trace->models = models;
    trace->events = heap_array(MOST_EVENTS, sizeof *trace->events);
    arena_map_make(&trace->arena, models);
    for (size_t i = 0; i < models->count && !profile; i++) plait_profile_enable(models->items[i].model, false);
    (void)thread_number(); /* this one is the first */
    plait_trace(models->interpreter, keep, trace);
    trace->begin = now();
}

void trace_end(struct trace *trace)
{
    trace->end = now();
    plait_trace(trace->models->interpreter, NULL, NULL);
}

void trace_free(struct trace *trace)
{
    arena_map_free(&trace->arena);
    free(trace->events);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct document {
    const struct trace *trace;
    json_t *events;
    size_t high_water;
};

static json_t *json_of_time(const struct document *document, uint64_t nanoseconds)
{
    return json_of_number((double)(nanoseconds - document->trace->begin) / 1e3);
}

static json_t *add(const struct document *document, const char *phase, const char *name, int thread)
{
    json_t *object = json_object();
    json_object_set_new(object, "ph", json_of_text(phase));
    json_object_set_new(object, "name", json_of_text(name));
    json_object_set_new(object, "pid", json_integer(PROCESS));
    json_object_set_new(object, "tid", json_integer(thread));
    json_array_append_new(document->events, object);
    return object;
}

static void add_name(const struct document *document, const char *kind, const char *name, int thread)
{
    json_t *arguments = json_object();
    json_object_set_new(arguments, "name", json_of_text(name));
    json_object_set_new(add(document, "M", kind, thread), "args", arguments);
}

static json_t *add_slice(const struct document *document, const char *category, const char *name, int thread,
                         uint64_t begin, uint64_t end)
{
    json_t *slice = add(document, "X", name, thread), *arguments = json_object();
    json_object_set_new(slice, "cat", json_of_text(category));
    json_object_set_new(slice, "ts", json_of_time(document, begin));
    json_object_set_new(slice, "dur", json_of_number((double)(end - begin) / 1e3));
    json_object_set_new(slice, "args", arguments);
    return arguments;
}

static void add_counter(const struct document *document, const char *name, uint64_t when, size_t bytes)
{
    json_t *counter = add(document, "C", name, CALLER), *arguments = json_object();
    json_object_set_new(arguments, "bytes", json_of_size(bytes));
    json_object_set_new(counter, "ts", json_of_time(document, when));
    json_object_set_new(counter, "args", arguments);
}

static const struct arena_model *arena_of(const struct trace *trace, const struct plait_model *model)
{
    for (size_t i = 0; i < trace->arena.count; i++)
        if (trace->models->items[trace->arena.models[i].index].model == model) return &trace->arena.models[i];
    return NULL;
}

static void add_arena(struct document *document, const struct plait_event *event)
{
    const struct arena_model *model = arena_of(document->trace, event->model);
    if (model == NULL || (size_t)event->step >= model->steps) return;
    add_counter(document, "arena in use", event->begin_nanoseconds, model->bytes[event->step]);
    if (model->tops[event->step] <= document->high_water) return;
    document->high_water = model->tops[event->step];
    add_counter(document, "arena high-water mark", event->begin_nanoseconds, document->high_water);
}

static bool is_step(const struct trace_event *event)
{
    return event->event.step >= 0 && !event->event.is_part;
}

/* The run of a model that begins with this event: its further steps follow, with what is inside of them between. */
static void add_model(const struct document *document, const struct trace_event *events, size_t count)
{
    const struct plait_event *first = &events[0].event, *last = first;
    for (size_t i = 1; i < count; i++) {
        const struct plait_event *next = &events[i].event;
        if (!is_step(&events[i])) continue;
        if (next->model != first->model || next->step <= last->step || events[i].thread != events[0].thread) break;
        last = next;
    }
    add_slice(document, "model", plait_model_name(first->model), events[0].thread, first->begin_nanoseconds,
              last->end_nanoseconds);
    add_counter(document, "arena in use", last->end_nanoseconds, 0);
}

static const char *category_of(const struct plait_event *event)
{
    switch (event->kind) {
    case PLAIT_EVENT_WORK: return event->is_part ? "part" : "operator";
    case PLAIT_EVENT_WAIT: return "wait";
    case PLAIT_EVENT_RUN: return "invocation";
    case PLAIT_EVENT_INTERRUPTION: return "interruption";
    }
    return "unknown";
}

/* Requests wait beside each other and what runs: each on a line of its own. */
static void add_wait(const struct document *document, const struct trace_event *event, const char *phase, uint64_t when)
{
    json_t *slice = add(document, phase, event->event.name, event->thread);
    json_object_set_new(slice, "cat", json_of_text(category_of(&event->event)));
    json_object_set_new(slice, "id", json_integer((json_int_t)event->event.request));
    json_object_set_new(slice, "ts", json_of_time(document, when));
}

static void add_event(const struct document *document, const struct trace_event *event)
{
    const struct plait_event *what = &event->event;
    if (what->kind == PLAIT_EVENT_WAIT) {
        add_wait(document, event, "b", what->begin_nanoseconds);
        add_wait(document, event, "e", what->end_nanoseconds);
        return;
    }
    json_t *arguments = add_slice(document, category_of(what), what->name, event->thread, what->begin_nanoseconds,
                                  what->end_nanoseconds);
    json_object_set_new(arguments, "model", json_of_text(plait_model_name(what->model)));
    json_object_set_new(arguments, "class", json_integer(what->class_number));
    if (what->request != 0) json_object_set_new(arguments, "request", json_integer((json_int_t)what->request));
    if (what->kind != PLAIT_EVENT_WORK) return;
    if (what->operator_index < 0) json_object_set_new(arguments, "operator", json_of_text("of a link"));
    else json_object_set_new(arguments, "operator", json_integer(what->operator_index));
}

static int compare_events(const void *left, const void *right)
{
    const struct trace_event *a = left, *b = right;
    const uint64_t x = a->event.begin_nanoseconds, y = b->event.begin_nanoseconds;
    if (x != y) return x < y ? -1 : 1;
    if (a->event.end_nanoseconds != b->event.end_nanoseconds)
        return a->event.end_nanoseconds > b->event.end_nanoseconds ? -1 : 1;
    return a->event.is_part - b->event.is_part;
}

static void add_events(struct document *document, const struct trace_event *events, size_t count)
{
    const struct trace_event *last = NULL;
    for (size_t i = 0; i < count; i++) {
        const bool begins = is_step(&events[i]) && (last == NULL || last->event.model != events[i].event.model ||
                                                    events[i].event.step <= last->event.step);
        if (begins) add_model(document, &events[i], count - i);
        if (is_step(&events[i])) {
            last = &events[i];
            add_arena(document, &last->event);
        }
        add_event(document, &events[i]);
    }
}

static void add_threads(const struct document *document, const struct trace_event *events, size_t count)
{
    int most = CALLER;
    for (size_t i = 0; i < count; i++)
        if (events[i].thread > most) most = events[i].thread;
    add_name(document, "process_name", "plait", CALLER);
    add_name(document, "thread_name", "calling thread", CALLER);
    for (int thread = CALLER + 1; thread <= most; thread++) {
        char *name = heap_text("helper %d", thread - CALLER);
        add_name(document, "thread_name", name, thread);
        free(name);
    }
}

static int write_document(json_t *document, const char *path)
{
    FILE *file = fopen(path, "w");
    bool fine = file != NULL;
    if (fine) {
        fine = json_dumpf(document, file, JSON_REAL_PRECISION(DIGITS) | JSON_COMPACT) == 0 && ferror(file) == 0;
        fine = fclose(file) == 0 && fine;
    }
    return fine ? EXIT_FINE : complain(EXIT_FILE, "--trace: %s: %s", path, strerror(errno));
}

int trace_write(struct trace *trace, const char *path)
{
    const size_t all = atomic_load(&trace->count), count = all < MOST_EVENTS ? all : MOST_EVENTS;
    struct document document = {.trace = trace, .events = json_array()};
    struct plait_stats stats = {.cpu = ""};
    json_t *whole = json_object(), *other = json_object();
    plait_get_stats(trace->models->interpreter, &stats);
    if (all > count) note("--trace: only the first %zu of %zu events are kept", count, all);
    qsort(trace->events, count, sizeof *trace->events, compare_events);
    add_threads(&document, trace->events, count);
    add_slice(&document, "run", "run", CALLER, trace->begin, trace->end);
    add_events(&document, trace->events, count);
    json_object_set_new(other, "cpu", json_of_text(stats.cpu));
    json_object_set_new(other, "arena_bytes", json_of_size(trace->arena.arena_bytes));
    json_object_set_new(whole, "displayTimeUnit", json_of_text("ns"));
    json_object_set_new(whole, "otherData", other);
    json_object_set_new(whole, "traceEvents", document.events);
    const int code = write_document(whole, path);
    json_decref(whole);
    return code;
}
