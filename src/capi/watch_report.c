/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from the socket of plait_watch(), a JSON document:
 *   plait: version, process, now: nanoseconds of CLOCK_MONOTONIC, cpu,
 *   memory: {all, peak, constants, arena, lanes},
 *   models: [{name, class, running, waiting, runs, failed, latencies: [[end, count]], memory: {arena, constants, io, state}}]
 * Counts are since the first report. `end` is the first time, in nanoseconds, that is longer than those that are counted. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "capi/handles.h"
#include "capi/watch.h"

enum { WRITER_BYTES = 4096, LONGEST_PIECE = 512 };

struct writer {
    int connection;
    bool failed; /* the other side does not read */
    size_t used;
    char text[WRITER_BYTES];
};

static void flush(struct writer *writer)
{
    size_t sent = 0;
    while (!writer->failed && sent < writer->used) {
        const ssize_t count = send(writer->connection, writer->text + sent, writer->used - sent, MSG_NOSIGNAL);
        if (count <= 0) writer->failed = true;
        else sent += (size_t)count;
    }
    writer->used = 0;
}

/* At most LONGEST_PIECE bytes at a time. */
static void put(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct writer *writer, const char *format, ...)
{
    if (sizeof writer->text - writer->used < LONGEST_PIECE) flush(writer);
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(writer->text + writer->used, LONGEST_PIECE, format, arguments);
    va_end(arguments);
    if (length > 0 && length < LONGEST_PIECE) writer->used += (size_t)length;
    else writer->failed = true;
}

static void put_latencies(struct writer *writer, const struct pl_tally *tally)
{
    const char *comma = "";
    put(writer, "\"latencies\":[");
    for (int32_t i = 0; i < PL_TALLY_BUCKETS; i++) {
        if (tally->latencies[i] == 0) continue;
        put(writer, "%s[%" PRIu64 ",%" PRIu64 "]", comma, pl_tally_bucket_end(i), tally->latencies[i]);
        comma = ",";
    }
    put(writer, "]");
}

/* A name holds nothing that JSON would have to escape. */
static void put_model(struct writer *writer, const struct pl_model_look *look, bool first)
{
    put(writer, "%s\n  {\"name\":\"%s\",\"class\":%d,\"running\":%s,\"waiting\":%d,", first ? "" : ",", look->name,
        (int)look->class_number, look->running ? "true" : "false", (int)look->waiting);
    put(writer, "\"runs\":%" PRIu64 ",\"failed\":%" PRIu64 ",", look->tally.runs, look->tally.failed);
    put_latencies(writer, &look->tally);
    put(writer, ",\"memory\":{\"arena\":%zu,\"constants\":%zu,\"io\":%zu,\"state\":%zu,\"sleeping\":%zu}}", look->memory.arena_bytes,
        look->memory.constant_bytes, look->memory.io_bytes, look->memory.state_bytes, look->memory.asleep_bytes);
}

void pl_watch_send(struct plait_interpreter *api, int connection)
{
    struct writer writer = {.connection = connection};
    struct plait_stats stats;
    struct pl_model_look look;
    plait_get_stats(api, &stats);
    put(&writer, "{\"plait\":\"%s\",\"process\":%ld,\"now\":%" PRIu64 ",\"cpu\":\"%s\",\n", plait_version(), (long)getpid(),
        pl_clock_ns(), stats.cpu);
    put(&writer, " \"memory\":{\"all\":%zu,\"peak\":%zu,\"constants\":%zu,\"arena\":%zu,\"lanes\":%zu},\n \"models\":[",
        stats.memory_bytes, stats.memory_peak_bytes, stats.constant_bytes, stats.arena_bytes, stats.lanes);
    for (size_t i = 0; !writer.failed && pl_interpreter_look(api->interpreter, i, &look); i++)
        put_model(&writer, &look, i == 0);
    put(&writer, "]}\n");
    flush(&writer);
}
