/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memrchr() */
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reply.h"

enum { LOOK_MILLISECONDS = 100 }; /* how often it is looked whether the server ends, while nobody reads */

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

static void make_line(const struct log *log, struct bytes *line, enum log_level level, const char *event,
                      const struct log_field *fields)
{
    add_time(log, line);
    add_text(log, line, "level", level_names[level]);
    add_text(log, line, "event", event);
    for (; fields->key != NULL; fields++) {
        if (fields->text != NULL) add_text(log, line, fields->key, fields->text);
        else bytes_print(line, log->json ? ",\"%s\":%" PRId64 : " %s=%" PRId64, fields->key, fields->number);
    }
    bytes_text(line, log->json ? "}\n" : "\n");
}

void log_fields(struct log *log, enum log_level level, const char *event, const struct log_field *fields)
{
    if (level > log->level) return;
    struct bytes line = {0};
    make_line(log, &line, level, event, fields);
    pthread_mutex_lock(&log->background.lock);
    const bool fits = !line.failed && line.length <= sizeof log->waiting - log->length;
    if (fits) {
        memcpy(log->waiting + log->length, line.data, line.length);
        log->length += line.length;
    } else {
        log->lost++;
    }
    pthread_mutex_unlock(&log->background.lock);
    if (fits) pthread_cond_signal(&log->background.changed);
    bytes_free(&line);
}

/* ---- the thread that writes ------------------------------------------------------------------------------------------------- */

static bool is_ending(struct log *log)
{
    pthread_mutex_lock(&log->background.lock);
    const bool ending = log->background.ending;
    pthread_mutex_unlock(&log->background.lock);
    return ending;
}

/* Whole lines where that can be: a pipe takes so many bytes in one piece, so that lines of several processes do not mix, and
 * takes them at once where it says that it takes any. */
static size_t piece_length(const char *text, size_t length)
{
    if (length <= PIPE_BUF) return length;
    const char *end = memrchr(text, '\n', PIPE_BUF);
    return end != NULL ? (size_t)(end - text) + 1 : PIPE_BUF;
}

/* Until stderr takes something. False: nobody reads, and the server is about to end. */
static bool wait_for_reader(struct log *log)
{
    struct pollfd look = {.fd = STDERR_FILENO, .events = POLLOUT};
    while (poll(&look, 1, LOOK_MILLISECONDS) <= 0)
        if (is_ending(log)) return false;
    return true;
}

/* Returns how many lines could not be written. A log that cannot be written is no reason to stop serving. */
static uint64_t write_lines(struct log *log, const char *text, size_t length)
{
    while (length > 0 && wait_for_reader(log)) {
        const ssize_t count = write(STDERR_FILENO, text, piece_length(text, length));
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0) break;
        text += count;
        length -= (size_t)count;
    }
    uint64_t lines = 0;
    for (size_t i = 0; i < length; i++) lines += text[i] == '\n';
    return lines;
}

/* Of lines that were dropped before this. Returns of how many it could tell. */
static uint64_t tell_lost(struct log *log, uint64_t lines)
{
    const struct log_field fields[] = {{"count", NULL, (int64_t)lines}, {NULL, NULL, 0}};
    struct bytes line = {0};
    make_line(log, &line, LOG_WARNING, "lines lost", fields);
    const bool told = !line.failed && write_lines(log, line.data, line.length) == 0;
    bytes_free(&line);
    return told ? lines : 0;
}

/* With the lock held, which is left meanwhile: writes what waits, and then how much was dropped when that was all. */
static void write_waiting(struct log *log)
{
    const size_t length = log->length;
    const uint64_t untold = log->lost - log->told;
    memcpy(log->writing, log->waiting, length);
    log->length = 0;
    pthread_mutex_unlock(&log->background.lock);
    const uint64_t lost = write_lines(log, log->writing, length);
    const uint64_t told = lost == 0 && untold > 0 ? tell_lost(log, untold) : 0;
    pthread_mutex_lock(&log->background.lock);
    log->lost += lost;
    log->told += told;
}

static void *write_log(void *user)
{
    struct log *log = user;
    pthread_mutex_lock(&log->background.lock);
    while (!log->background.ending || log->length > 0) {
        if (log->length > 0) write_waiting(log);
        else pthread_cond_wait(&log->background.changed, &log->background.lock);
    }
    pthread_mutex_unlock(&log->background.lock);
    return NULL;
}

bool log_begin(struct log *log, enum log_level level, bool json)
{
    log->level = level;
    log->json = json;
    return background_begin(&log->background, write_log, log);
}

void log_end(struct log *log)
{
    background_end(&log->background);
}

uint64_t log_lost(struct log *log)
{
    pthread_mutex_lock(&log->background.lock);
    const uint64_t lost = log->lost;
    pthread_mutex_unlock(&log->background.lock);
    return lost;
}
