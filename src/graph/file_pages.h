/* SPDX-License-Identifier: Apache-2.0 */
/* A file that was read into memory, page by page: constants stay where they were read instead of being copied, and a
 * page goes as soon as no constant lies in it. Only where memory can be given back by pages (pl_gives_back_pages()). */
#ifndef PL_GRAPH_FILE_PAGES_H
#define PL_GRAPH_FILE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

struct pl_file_pages;

/* Room for a file, to be filled by the caller, who has to release it; NULL if there is no memory. */
struct pl_file_pages *pl_file_pages_create(struct pl_memory *memory, size_t bytes);
void *pl_file_pages_data(const struct pl_file_pages *pages);
bool pl_file_pages_have(const struct pl_file_pages *pages, const void *data, size_t bytes);

/* Whoever reads these bytes holds them, until it lets them go. */
void pl_file_pages_hold(struct pl_file_pages *pages, const void *data, size_t bytes);
void pl_file_pages_let_go(struct pl_file_pages *pages, const void *data, size_t bytes, bool asleep);

/* Whoever holds these bytes lets their pages go, and will write them again once it has taken them back; false: the limit of
 * memory is in the way. */
void pl_file_pages_sleep(struct pl_file_pages *pages, const void *data, size_t bytes);
bool pl_file_pages_wake(struct pl_file_pages *pages, const void *data, size_t bytes);

/* The caller has read all else: what nobody holds goes now, the rest as it is let go. */
void pl_file_pages_release(struct pl_file_pages *pages);

#endif
