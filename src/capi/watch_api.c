/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: the socket of plait_watch(), and the thread that answers on it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4(), pipe2() */
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/own_thread.h"
#include "capi/handles.h"
#include "capi/watch.h"

enum { SECONDS_TO_READ = 1, WAITING = 8, MOST_OF_A_PROCESS = 1000 };

/* ---- the thread --------------------------------------------------------------------------------------------------- */

static void answer(const struct pl_watch *watch)
{
    const int connection = accept4(watch->listening, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) return;
    const struct timeval patience = {.tv_sec = SECONDS_TO_READ};
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    pl_watch_send(watch->api, connection);
    close(connection);
}

static void *answer_all(void *user)
{
    const struct pl_watch *watch = user;
    struct pollfd ends[2] = {{.fd = watch->listening, .events = POLLIN}, {.fd = watch->ending[0], .events = POLLIN}};
    for (;;) {
        if (poll(ends, 2, -1) < 0 && errno != EINTR) return NULL;
        if (ends[1].revents != 0) return NULL;
        if (ends[0].revents != 0) answer(watch);
    }
}

/* ---- the socket --------------------------------------------------------------------------------------------------- */

/* Whether it is a socket at which nobody answers: it was left behind by a process that ended. */
static bool is_left_behind(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
    const int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (other < 0) return false;
    const bool refused = connect(other, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close(other);
    return refused;
}

/* Only the user whose process it is may read. */
static bool bind_own(struct pl_watch *watch)
{
    const struct sockaddr *address = (const struct sockaddr *)&watch->address;
    fchmod(watch->listening, S_IRUSR | S_IWUSR);
    if (bind(watch->listening, address, sizeof watch->address) == 0) return true;
    if (errno != EADDRINUSE) return false;
    if (!is_left_behind(&watch->address)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(watch->address.sun_path) == 0 && bind(watch->listening, address, sizeof watch->address) == 0;
}

static void close_ends(const struct pl_watch *watch)
{
    const int ends[] = {watch->listening, watch->ending[0], watch->ending[1]};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends[i] >= 0) close(ends[i]);
}

static pl_status open_ends(struct pl_watch *watch, struct pl_error *error)
{
    const char *path = watch->address.sun_path;
    watch->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (watch->listening < 0 || pipe2(watch->ending, O_CLOEXEC) != 0 || !bind_own(watch) ||
        listen(watch->listening, WAITING) != 0)
        return pl_fail(error, errno == EADDRINUSE ? PL_BUSY : PL_IO, "cannot open the socket '%s': %s", path,
                       strerror(errno));
    const int failed = pl_own_thread_start(&watch->thread, answer_all, watch);
    if (failed == 0) return PL_OK;
    unlink(path);
    return pl_fail(error, PL_OUT_OF_MEMORY, "cannot start a thread for the socket '%s': %s", path, strerror(failed));
}

static pl_status watch_open(struct plait_interpreter *api, const char *path, struct pl_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return pl_fail(error, PL_INVALID_ARGUMENT, "the path of the socket has %zu characters, expected at most %zu: '%s'",
                       strlen(path), sizeof address.sun_path - 1, path);
    memcpy(address.sun_path, path, strlen(path));
    struct pl_watch *watch = pl_allocate_zero(&api->memory, sizeof *watch);
    if (watch == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for the socket '%s'", path);
    *watch = (struct pl_watch){.api = api, .address = address, .listening = -1, .ending = {-1, -1}};
    const pl_status status = open_ends(watch, error);
    if (status == PL_OK) {
        api->watch = watch;
        return PL_OK;
    }
    close_ends(watch);
    pl_free(&api->memory, watch, sizeof *watch);
    return status;
}

void pl_watch_end(struct plait_interpreter *api)
{
    struct pl_watch *watch = api->watch;
    if (watch == NULL) return;
    api->watch = NULL;
    if (!watch->lost) {
        unlink(watch->address.sun_path);
        close(watch->ending[1]);
        watch->ending[1] = -1;
        pthread_join(watch->thread, NULL);
    }
    close_ends(watch);
    pl_free(&api->memory, watch, sizeof *watch);
}

/* Several interpreters of a process have a socket each. */
pl_status pl_watch_as_asked(struct plait_interpreter *api, struct pl_error *error)
{
    const char *folder = getenv("PLAIT_WATCH");
    if (folder == NULL || folder[0] == '\0') return PL_OK;
    pl_status status = PL_OK;
    for (int number = 0; number < MOST_OF_A_PROCESS; number++) {
        char path[sizeof(struct sockaddr_un) + 32];
        const int length = snprintf(path, sizeof path, "%s/%ld-%d.plait", folder, (long)getpid(), number);
        if (length < 0 || (size_t)length >= sizeof path)
            return pl_fail(error, PL_INVALID_ARGUMENT, "PLAIT_WATCH: the path '%s' is too long for a socket", folder);
        status = watch_open(api, path, error);
        if (status != PL_BUSY) break;
    }
    return status == PL_OK ? PL_OK : pl_fail_at(error, "PLAIT_WATCH");
}

plait_status plait_watch(struct plait_interpreter *interpreter, const char *path)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error;
    pthread_mutex_lock(&interpreter->watch_lock);
    pl_status status = PL_OK;
    if (path == NULL) pl_watch_end(interpreter);
    else if (interpreter->watch != NULL)
        status = pl_fail(&error, PL_BUSY, "the socket '%s' is open already", interpreter->watch->address.sun_path);
    else status = watch_open(interpreter, path, &error);
    pthread_mutex_unlock(&interpreter->watch_lock);
    return pl_report(interpreter, status, &error);
}
