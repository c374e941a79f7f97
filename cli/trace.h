/* SPDX-License-Identifier: Apache-2.0 */
/* What ran when, as a file for chrome://tracing and ui.perfetto.dev: the run, models, operators and the parts that workers
 * took of them on one time line, each thread with a line of its own, and the arena below them. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include <stdatomic.h>

#include "arena_map.h"
#include "models.h"

struct trace_event;

struct trace {
    const struct models *models;
    struct arena_map arena;
    struct trace_event *events;
    atomic_size_t count; /* also of those that there was no room for */
    uint64_t begin, end; /* of the run, nanoseconds */
};

/* Listens from now on. The models are allocated; with `profile` theirs stay on. trace_free() in any case. */
void trace_begin(struct trace *trace, const struct models *models, bool profile);
void trace_end(struct trace *trace);
/* Returns an exit code. */
int trace_write(struct trace *trace, const char *path);
void trace_free(struct trace *trace);

#endif
