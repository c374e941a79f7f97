/* SPDX-License-Identifier: Apache-2.0 */
/* The models there are, by name and version: what the command line named and what a folder has, loaded or not. */
#ifndef SERVER_REPOSITORY_H
#define SERVER_REPOSITORY_H

#include <jansson.h>
#include <pthread.h>

#include "log.h"
#include "repository_folder.h"
#include "serve.h"
#include "served.h"

struct entry {
    char *name;
    char *version;
    char *path;
    char *reason;          /* why it is not loaded; "" */
    struct served *served; /* NULL: it is not loaded */
    struct file_mark tried; /* when it was loaded last, or could not be */
    struct file_mark looked_at; /* by repository_refresh() */
    bool of_folder;
    bool seen; /* in the folder, when it was read last */
};

/* What stands before the locks is set before repository_begin(). */
struct repository {
    struct plait_interpreter *interpreter;
    const struct plait_options *options; /* of interpreters */
    struct log *log;
    const char *folder; /* NULL: none */
    const struct serve_options *serve;   /* the server's */
    pthread_mutex_t change; /* held by whoever loads and unloads, and adds entries */
    pthread_mutex_t lock;   /* of the entries, for moments */
    struct entry *entries;  /* by name, then by version */
    size_t count;
};

void repository_begin(struct repository *repository);
void repository_end(struct repository *repository);

/* A file to be served from the beginning; of the name NULL, its stem. */
plait_status repository_add(struct repository *repository, const char *name, const char *path, struct bytes *why);
/* Reads the folder and loads what is new; what cannot be loaded is noted in the entry and in the log. */
plait_status repository_scan(struct repository *repository, struct bytes *why);

/* Reads the folder, and loads what is new or has changed and did not change since the look before: whoever writes a file
 * needs time. What is gone serves on. */
void repository_refresh(struct repository *repository);

/* NULL where none is loaded; served_let_go() afterwards. version NULL: the highest one that is loaded. */
struct served *repository_find(struct repository *repository, const char *name, const char *version);
/* All that are loaded, of one name or (NULL) of all; each to be let go, and the array freed. *count is SIZE_MAX where memory
 * ran out. */
struct served **repository_loaded(struct repository *repository, const char *name, size_t *count);

/* Loads all versions of a model, or loads them again: the old ones serve until the new ones do, and stay if those cannot. */
plait_status repository_load(struct repository *repository, const char *name, struct bytes *why);
plait_status repository_unload(struct repository *repository, const char *name, struct bytes *why);
/* The protocol's list. NULL: out of memory. */
json_t *repository_index(struct repository *repository, bool ready_only);

#endif
