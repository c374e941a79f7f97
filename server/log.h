/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says while it runs: an event with fields a line, on stderr, as logfmt or as JSON. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_REQUESTS };

struct log {
    enum log_level level; /* what is less urgent is not said */
    bool json;
};

struct log_field {
    const char *key; /* NULL: no more */
    const char *text; /* NULL: the number */
    int64_t number;
};

/* log_event(log, LOG_INFO, "loaded", {"model", name}, {"bytes", NULL, 12}) */
#define log_event(log, level, event, ...) \
    log_fields(log, level, event, (const struct log_field[]){__VA_ARGS__, {NULL, NULL, 0}})
void log_fields(const struct log *log, enum log_level level, const char *event, const struct log_field *fields);

#endif
