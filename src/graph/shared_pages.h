/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that several processes have: files of a folder, named by what is in them, mapped by all who made the same. Nobody
 * believes a file: whoever maps one has made its bytes before and compares, so one that is old, damaged or another's costs a
 * copy at most. */
#ifndef PL_GRAPH_SHARED_PAGES_H
#define PL_GRAPH_SHARED_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* Opens the folder, for the caller to close(). It must be this user's, and nobody else may write it: who can write a file can
 * change what is computed. */
pl_status pl_shared_open(const char *path, int *folder, struct pl_error *error);

/* The same bytes in memory that is shared, from a file that is made if there is none; NULL where that cannot be. */
const void *pl_shared_map(int folder, const void *data, size_t bytes, uint64_t hash);
void pl_shared_unmap(const void *data, size_t bytes);

#endif
