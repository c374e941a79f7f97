/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a model or pipeline, and of all that is served. */
#ifndef SERVER_MEMORY_SUMS_H
#define SERVER_MEMORY_SUMS_H

#include "server.h"

/* A pipeline's models run one after another: its arena is the largest of theirs, all else is added up. */
void memory_of(const struct served *served, struct plait_memory *memory);
/* Of the interpreter that is shared, and of those that pipelines have for themselves; arenas of all lanes. */
struct plait_stats memory_of_all(const struct server *server, struct served *const *all, size_t count);

#endif
