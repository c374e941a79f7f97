/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reply.h"

static const char *const level_names[] = {"error", "warning", "info", "request"};

/* Where logfmt needs no quotes. */
static bool is_plain(const char *text)
{
    if (*text == '\0') return false;
    for (; *text != '\0'; text++)
        if (!isgraph((unsigned char)*text) || *text == '"' || *text == '=' || *text == '\\') return false;
    return true;
}

static void add_text(const struct log *log, struct bytes *line, const char *key, const char *text)
{
    if (line->length > 0) bytes_text(line, log->json ? "," : " ");
    bytes_print(line, log->json ? "%s\"%s\":" : "%s%s=", line->length == 0 && log->json ? "{" : "", key);
    if (!log->json && is_plain(text)) bytes_text(line, text);
    else bytes_json_text(line, text, strlen(text));
}

static void add_time(const struct log *log, struct bytes *line)
{
    struct timespec now;
    struct tm parts;
    char day[32], text[64];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, sizeof text, "%s.%03ldZ", day, now.tv_nsec / 1000000);
    add_text(log, line, "time", text);
}

void log_fields(const struct log *log, enum log_level level, const char *event, const struct log_field *fields)
{
    if (level > log->level) return;
    struct bytes line = {0};
    add_time(log, &line);
    add_text(log, &line, "level", level_names[level]);
    add_text(log, &line, "event", event);
    for (; fields->key != NULL; fields++) {
        if (fields->text != NULL) add_text(log, &line, fields->key, fields->text);
        else bytes_print(&line, log->json ? ",\"%s\":%" PRId64 : " %s=%" PRId64, fields->key, fields->number);
    }
    bytes_text(&line, log->json ? "}\n" : "\n");
    /* One write, so that lines of threads do not mix. A log that cannot be written is no reason to stop serving. */
    if (!line.failed && write(STDERR_FILENO, line.data, line.length) < 0) line.failed = true;
    bytes_free(&line);
}
