/* SPDX-License-Identifier: Apache-2.0 */
/* What a process tells on its socket: src/capi/watch_report.c has the form. */
#ifndef CLI_WATCHED_H
#define CLI_WATCHED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sockets of a folder, or a path itself. */
struct sockets {
    char **paths;
    size_t count;
};
int sockets_find(struct sockets *sockets, const char *path);
void sockets_free(struct sockets *sockets);

/* One report. NULL after a complaint, if `complains`. */
json_t *watched_read(const char *path, bool complains);

/* What a model did between two reports; everything since it is counted if `before` is NULL. */
struct watched_model {
    const char *name;
    int64_t class_number;
    bool running;
    int64_t waiting;
    double runs_per_second;
    uint64_t runs;
    uint64_t failed;
    double percentile_50, percentile_90, percentile_99, longest; /* nanoseconds, within an eighth to a quarter; 0: no run */
    int64_t state_bytes; /* all that is the model's own */
    int64_t arena_bytes;
    int64_t constant_bytes;
    int64_t sleeping_bytes; /* of these, given up now */
};
void watched_compare(const json_t *before, const json_t *after, size_t index, struct watched_model *model);
size_t watched_count(const json_t *report);
int64_t watched_number(const json_t *object, const char *name);

#endif
