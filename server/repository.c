/* SPDX-License-Identifier: Apache-2.0 */
#include "repository.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json_memory.h"

void repository_begin(struct repository *repository)
{
    pthread_mutex_init(&repository->change, NULL);
    pthread_mutex_init(&repository->lock, NULL);
}

static void entry_free(struct entry *entry)
{
    free(entry->name);
    free(entry->version);
    free(entry->path);
    free(entry->reason);
}

void repository_end(struct repository *repository)
{
    for (size_t i = 0; i < repository->count; i++) {
        served_let_go(repository->entries[i].served);
        entry_free(&repository->entries[i]);
    }
    free(repository->entries);
    pthread_mutex_destroy(&repository->lock);
    pthread_mutex_destroy(&repository->change);
}

/* Whole numbers by value, others after them by letter. */
static int compare_versions(const char *left, const char *right)
{
    char *left_end, *right_end;
    const unsigned long long a = strtoull(left, &left_end, 10), b = strtoull(right, &right_end, 10);
    if (*left_end == '\0' && *right_end == '\0' && a != b) return a < b ? -1 : 1;
    return strcmp(left, right);
}

static int compare_entries(const struct entry *entry, const char *name, const char *version)
{
    const int order = strcmp(entry->name, name);
    return order != 0 ? order : compare_versions(entry->version, version);
}

/* ---- entries; the lock `change` is held ------------------------------------------------------------------------------ */

/* The entry of this name and version, made if there is none; NULL: out of memory. */
static struct entry *take_entry(struct repository *repository, const char *name, const char *version, const char *path)
{
    size_t at = 0;
    while (at < repository->count && compare_entries(&repository->entries[at], name, version) < 0) at++;
    if (at < repository->count && compare_entries(&repository->entries[at], name, version) == 0)
        return &repository->entries[at];
    struct entry fresh = {
        .name = strdup(name), .version = strdup(version), .path = strdup(path), .reason = strdup("")};
    if (fresh.name == NULL || fresh.version == NULL || fresh.path == NULL || fresh.reason == NULL) goto fail;
    pthread_mutex_lock(&repository->lock);
    struct entry *entries = realloc(repository->entries, (repository->count + 1) * sizeof *entries);
    if (entries != NULL) {
        memmove(entries + at + 1, entries + at, (repository->count - at) * sizeof *entries);
        entries[at] = fresh;
        repository->entries = entries;
        repository->count++;
    }
    pthread_mutex_unlock(&repository->lock);
    if (entries != NULL) return &entries[at];
fail:
    entry_free(&fresh);
    return NULL;
}

/* Puts what is served, and why nothing is, in place; returns what was there. */
static struct served *exchange_served(struct repository *repository, struct entry *entry, struct served *served,
                                      const char *reason)
{
    char *text = strdup(reason), *old_text = NULL;
    pthread_mutex_lock(&repository->lock);
    struct served *old = entry->served;
    entry->served = served;
    if (text != NULL) {
        old_text = entry->reason;
        entry->reason = text;
    }
    pthread_mutex_unlock(&repository->lock);
    free(old_text);
    return old;
}

static plait_status load_entry(struct repository *repository, struct entry *entry, struct bytes *why)
{
    struct served *served;
    const uint64_t began = clock_now();
    entry->tried = file_mark_of(entry->path);
    struct served_source source = {.interpreter = repository->interpreter,
                                   .options = repository->options,
                                   .name = entry->name,
                                   .version = entry->version,
                                   .path = entry->path};
    served_source_set(&source, repository->serve);
    plait_status status = served_open(&source, &served, why);
    const char *reason = bytes_string(why);
    if (status == PLAIT_OK) {
        served_let_go(exchange_served(repository, entry, served, ""));
        log_event(repository->log, LOG_INFO, "loaded", {"model", entry->name, 0}, {"version", entry->version, 0},
                  {"path", entry->path, 0}, {"us", NULL, (int64_t)((clock_now() - began) / 1000)});
    } else {
        if (reason[0] == '\0') reason = plait_status_text(status);
        exchange_served(repository, entry, entry->served, reason); /* what served until now goes on */
        log_event(repository->log, LOG_ERROR, "not loaded", {"model", entry->name, 0}, {"version", entry->version, 0},
                  {"path", entry->path, 0}, {"error", reason, 0});
    }
    return status;
}

plait_status repository_add(struct repository *repository, const char *name, const char *path, struct bytes *why)
{
    char *file;
    plait_status status = folder_model(path, &file, why);
    if (status != PLAIT_OK) return status;
    char *stem = name != NULL ? strdup(name) : folder_stem(file);
    status = PLAIT_OUT_OF_MEMORY;
    pthread_mutex_lock(&repository->change);
    struct entry *entry = stem == NULL ? NULL : take_entry(repository, stem, "1", file);
    if (entry != NULL && entry->served != NULL) {
        bytes_print(why, "%s: there is a model %s already; give this one a name: NAME=%s", path, stem, path);
        status = PLAIT_INVALID_ARGUMENT;
    } else if (entry != NULL) {
        status = load_entry(repository, entry, why);
    }
    pthread_mutex_unlock(&repository->change);
    free(stem);
    free(file);
    return status;
}

/* ---- the folder ------------------------------------------------------------------------------------------------------ */

static bool note_file(void *user, const char *name, const char *version, const char *path)
{
    struct repository *repository = user;
    struct entry *entry = take_entry(repository, name, version, path);
    if (entry == NULL) return false;
    if (strcmp(entry->path, path) == 0) entry->of_folder = entry->seen = true;
    return true;
}

/* Brings the entries up to date; what is no longer there goes, unless it serves. */
static plait_status read_folder(struct repository *repository, struct bytes *why)
{
    if (repository->folder == NULL) return PLAIT_OK;
    for (size_t i = 0; i < repository->count; i++) repository->entries[i].seen = false;
    const plait_status status = folder_read(repository->folder, note_file, repository, why);
    if (status != PLAIT_OK) return status;
    pthread_mutex_lock(&repository->lock);
    size_t kept = 0;
    for (size_t i = 0; i < repository->count; i++) {
        struct entry *entry = &repository->entries[i];
        if (!entry->of_folder || entry->seen || entry->served != NULL) repository->entries[kept++] = *entry;
        else entry_free(entry);
    }
    repository->count = kept;
    pthread_mutex_unlock(&repository->lock);
    return PLAIT_OK;
}

plait_status repository_scan(struct repository *repository, struct bytes *why)
{
    pthread_mutex_lock(&repository->change);
    const plait_status status = read_folder(repository, why);
    for (size_t i = 0; status == PLAIT_OK && i < repository->count; i++) {
        struct bytes reason = {0};
        if (repository->entries[i].served == NULL) load_entry(repository, &repository->entries[i], &reason);
        bytes_free(&reason);
    }
    pthread_mutex_unlock(&repository->change);
    return status;
}

void repository_refresh(struct repository *repository)
{
    struct bytes why = {0};
    pthread_mutex_lock(&repository->change);
    if (read_folder(repository, &why) != PLAIT_OK)
        log_event(repository->log, LOG_ERROR, "folder", {"error", bytes_string(&why), 0});
    for (size_t i = 0; i < repository->count; i++) {
        struct entry *entry = &repository->entries[i];
        const struct file_mark now = file_mark_of(entry->path), none = {0};
        struct bytes reason = {0};
        if (!file_mark_is(&now, &entry->tried) && file_mark_is(&now, &entry->looked_at) && !file_mark_is(&now, &none))
            load_entry(repository, entry, &reason);
        entry->looked_at = now;
        bytes_free(&reason);
    }
    pthread_mutex_unlock(&repository->change);
    bytes_free(&why);
}

/* ---- finding --------------------------------------------------------------------------------------------------------- */

struct served *repository_find(struct repository *repository, const char *name, const char *version)
{
    struct served *found = NULL;
    pthread_mutex_lock(&repository->lock);
    for (size_t i = 0; i < repository->count; i++) {
        const struct entry *entry = &repository->entries[i];
        if (entry->served != NULL && strcmp(entry->name, name) == 0 &&
            (version == NULL || strcmp(entry->version, version) == 0))
            found = entry->served;
    }
    if (found != NULL) served_keep(found);
    pthread_mutex_unlock(&repository->lock);
    return found;
}

struct served **repository_loaded(struct repository *repository, const char *name, size_t *count)
{
    size_t found = 0;
    pthread_mutex_lock(&repository->lock);
    struct served **list = calloc(repository->count + 1, sizeof(struct served *));
    for (size_t i = 0; list != NULL && i < repository->count; i++) {
        const struct entry *entry = &repository->entries[i];
        if (entry->served != NULL && (name == NULL || strcmp(entry->name, name) == 0))
            list[found++] = served_keep(entry->served);
    }
    pthread_mutex_unlock(&repository->lock);
    *count = list == NULL ? SIZE_MAX : found;
    return list;
}

/* ---- loading and unloading on request ---------------------------------------------------------------------------------- */

static plait_status not_found(const char *name, struct bytes *why)
{
    bytes_print(why, "there is no model %s; POST /v2/repository/index lists those there are", name);
    return PLAIT_NOT_FOUND;
}

plait_status repository_load(struct repository *repository, const char *name, struct bytes *why)
{
    size_t found = 0;
    pthread_mutex_lock(&repository->change);
    plait_status status = read_folder(repository, why);
    for (size_t i = 0; status == PLAIT_OK && i < repository->count; i++) {
        if (strcmp(repository->entries[i].name, name) != 0) continue;
        found++;
        status = load_entry(repository, &repository->entries[i], why);
    }
    if (status == PLAIT_OK && found == 0) {
        status = not_found(name, why);
    }
    pthread_mutex_unlock(&repository->change);
    return status;
}

plait_status repository_unload(struct repository *repository, const char *name, struct bytes *why)
{
    size_t found = 0;
    pthread_mutex_lock(&repository->change);
    for (size_t i = 0; i < repository->count; i++) {
        struct entry *entry = &repository->entries[i];
        if (strcmp(entry->name, name) != 0) continue;
        found++;
        struct served *old = exchange_served(repository, entry, NULL, "unloaded");
        if (old != NULL)
            log_event(repository->log, LOG_INFO, "unloaded", {"model", entry->name, 0}, {"version", entry->version, 0});
        served_let_go(old);
    }
    pthread_mutex_unlock(&repository->change);
    return found > 0 ? PLAIT_OK : not_found(name, why);
}

json_t *repository_index(struct repository *repository, bool ready_only)
{
    json_t *list = json_array();
    pthread_mutex_lock(&repository->lock);
    for (size_t i = 0; i < repository->count; i++) {
        const struct entry *entry = &repository->entries[i];
        if (ready_only && entry->served == NULL) continue;
        list = json_listed(list, json_pack("{s:s, s:s, s:s, s:s}", "name", entry->name, "version", entry->version, "state",
                                           entry->served != NULL ? "READY" : "UNAVAILABLE", "reason", entry->reason));
    }
    pthread_mutex_unlock(&repository->lock);
    return list;
}
