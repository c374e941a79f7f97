/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says while it runs: an event with fields a line, on stderr, as logfmt or as JSON. A thread of its own
 * writes, so that nobody who has something to say waits for who reads it: where that one is slow, lines are dropped and
 * counted. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "background.h"

enum { LOG_WAITING_BYTES = 64 << 10 };

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_REQUESTS };

struct log {
    enum log_level level; /* what is less urgent is not said */
    bool json;
    struct background background; /* its lock is that of what follows */
    uint64_t lost;                /* lines that were dropped, all in all */
    uint64_t told;                /* of those, how many the log itself has told of */
    size_t length;                /* of what waits to be written */
    char waiting[LOG_WAITING_BYTES];
    char writing[LOG_WAITING_BYTES]; /* the thread's */
};

struct log_field {
    const char *key; /* NULL: no more */
    const char *text; /* NULL: the number */
    int64_t number;
};

/* False where there is no thread to be had. */
bool log_begin(struct log *log, enum log_level level, bool json);
/* Writes what waits, unless nobody reads. */
void log_end(struct log *log);
/* How many lines were dropped. */
uint64_t log_lost(struct log *log);

/* log_event(log, LOG_INFO, "loaded", {"model", name}, {"bytes", NULL, 12}) */
#define log_event(log, level, event, ...) \
    log_fields(log, level, event, (const struct log_field[]){__VA_ARGS__, {NULL, NULL, 0}})
void log_fields(struct log *log, enum log_level level, const char *event, const struct log_field *fields);

#endif
