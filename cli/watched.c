/* SPDX-License-Identifier: Apache-2.0 */
#include "watched.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "heap.h"
#include "talk.h"

enum { SECONDS_TO_ANSWER = 5, MOST_BYTES = 256 << 20 };

/* ---- sockets --------------------------------------------------------------------------------- */

static bool is_socket_name(const char *name)
{
    static const char ending[] = ".plait";
    const size_t length = strlen(name), ending_length = sizeof ending - 1;
    return length > ending_length && strcmp(name + length - ending_length, ending) == 0;
}

static void add_path(struct sockets *sockets, char *path)
{
    sockets->paths = heap_grow(sockets->paths, sockets->count, sizeof *sockets->paths);
    sockets->paths[sockets->count++] = path;
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

int sockets_find(struct sockets *sockets, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return complain(EXIT_FILE, "cannot open '%s': %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode)) {
        add_path(sockets, heap_text("%s", path));
        return EXIT_FINE;
    }
    DIR *folder = opendir(path);
    if (folder == NULL) return complain(EXIT_FILE, "cannot open '%s': %s", path, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (is_socket_name(entry->d_name)) add_path(sockets, heap_text("%s/%s", path, entry->d_name));
    closedir(folder);
    if (sockets->count > 0) qsort(sockets->paths, sockets->count, sizeof *sockets->paths, compare_paths);
    return EXIT_FINE;
}

void sockets_free(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) free(sockets->paths[i]);
    free(sockets->paths);
    *sockets = (struct sockets){0};
}

/* ---- a report -------------------------------------------------------------------------------- */

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = SECONDS_TO_ANSWER};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    const int connection = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connection < 0) return -1;
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(connection, (const struct sockaddr *)&address, sizeof address) == 0) return connection;
    const int why = errno;
    close(connection);
    errno = why;
    return -1;
}

/* Everything up to the end; NULL if it does not come. */
static char *read_all(int connection, size_t *length)
{
    size_t capacity = 1 << 16;
    char *text = heap_array(capacity, 1);
    *length = 0;
    for (;;) {
        const ssize_t count = recv(connection, text + *length, capacity - *length, 0);
        if (count == 0) return text;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 || capacity >= MOST_BYTES) break;
        *length += (size_t)count;
        if (*length < capacity) continue;
        char *longer = heap_array(capacity * 2, 1);
        memcpy(longer, text, *length);
        free(text);
        text = longer;
        capacity *= 2;
    }
    free(text);
    return NULL;
}

json_t *watched_read(const char *path, bool complains)
{
    json_t *report = NULL;
    const int connection = connect_to(path);
    if (connection < 0) {
        if (complains) complain(EXIT_FILE, "cannot read '%s': %s", path, strerror(errno));
        return NULL;
    }
    size_t length = 0;
    char *text = read_all(connection, &length);
    close(connection);
    if (text != NULL) report = json_loadb(text, length, 0, NULL);
    free(text);
    if (json_is_array(json_object_get(report, "models"))) return report;
    json_decref(report);
    if (complains) complain(EXIT_FILE, "'%s' gives no report of plait's", path);
    return NULL;
}

/* ---- between two ----------------------------------------------------------------------------- */

int64_t watched_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

size_t watched_count(const json_t *report)
{
    return json_array_size(json_object_get(report, "models"));
}

static const json_t *find_model(const json_t *report, const char *name)
{
    const json_t *models = json_object_get(report, "models");
    for (size_t i = 0; i < json_array_size(models); i++) {
        const json_t *model = json_array_get(models, i);
        const char *other = json_string_value(json_object_get(model, "name"));
        if (other != NULL && strcmp(other, name) == 0) return model;
    }
    return NULL;
}

/* How many took so long: those in the bucket that ends there. */
static int64_t count_of(const json_t *model, int64_t end)
{
    const json_t *latencies = json_object_get(model, "latencies");
    for (size_t i = 0; i < json_array_size(latencies); i++) {
        const json_t *bucket = json_array_get(latencies, i);
        if (json_integer_value(json_array_get(bucket, 0)) == end) return json_integer_value(json_array_get(bucket, 1));
    }
    return 0;
}

/* The time that `part` of the runs between two reports did not exceed; 0 if there were none. */
static double percentile(const json_t *before, const json_t *after, double part)
{
    const json_t *latencies = json_object_get(after, "latencies");
    int64_t all = 0, seen = 0;
    double end = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < json_array_size(latencies); i++) {
            const json_t *bucket = json_array_get(latencies, i);
            const int64_t bucket_end = json_integer_value(json_array_get(bucket, 0));
            const int64_t count = json_integer_value(json_array_get(bucket, 1)) - count_of(before, bucket_end);
            if (count <= 0) continue;
            if (pass == 0) all += count;
            else if ((double)seen < part * (double)all) end = (double)bucket_end;
            if (pass == 1) seen += count;
        }
    }
    return end;
}

void watched_compare(const json_t *before, const json_t *after, size_t index, struct watched_model *model)
{
    const json_t *now = json_array_get(json_object_get(after, "models"), index);
    const char *name = json_string_value(json_object_get(now, "name"));
    const json_t *then = before == NULL || name == NULL ? NULL : find_model(before, name);
    const json_t *memory = json_object_get(now, "memory");
    /* One that was loaded anew meanwhile begins at 0. */
    if (watched_number(now, "runs") < watched_number(then, "runs")) then = NULL;
    const double seconds = (double)(watched_number(after, "now") - watched_number(before, "now")) / 1e9;
    *model = (struct watched_model){.name = name != NULL ? name : "",
                                    .class_number = watched_number(now, "class"),
                                    .running = json_is_true(json_object_get(now, "running")),
                                    .waiting = watched_number(now, "waiting"),
                                    .runs = (uint64_t)(watched_number(now, "runs") - watched_number(then, "runs")),
                                    .failed = (uint64_t)(watched_number(now, "failed") - watched_number(then, "failed")),
                                    .percentile_50 = percentile(then, now, 0.5),
                                    .percentile_90 = percentile(then, now, 0.9),
                                    .percentile_99 = percentile(then, now, 0.99),
                                    .longest = percentile(then, now, 1.0),
                                    .state_bytes = watched_number(memory, "io") + watched_number(memory, "state"),
                                    .arena_bytes = watched_number(memory, "arena"),
                                    .constant_bytes = watched_number(memory, "constants"),
                                    .sleeping_bytes = watched_number(memory, "sleeping")};
    if (before != NULL && seconds > 0) model->runs_per_second = (double)model->runs / seconds;
}
