/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line. A thread draws it, because the work itself (one long invocation, say) does
 * not come by here. */
#include "progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DRAW_EVERY_MS = 200, SHOW_AFTER_MS = 500 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool running;
    bool drawn;
    bool stop;
    struct timespec since;
    char text[160];
} line = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool is_terminal(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDERR_FILENO) && kind != NULL && strcmp(kind, "dumb") != 0;
}

static long milliseconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void erase(void)
{
    if (line.drawn) fputs("\r\033[K", stderr);
    line.drawn = false;
}

static void draw(void)
{
    long elapsed = milliseconds_since(&line.since);
    if (line.text[0] == '\0' || elapsed < SHOW_AFTER_MS) return;
    fprintf(stderr, "\r\033[K%s  %ld.%ld s", line.text, elapsed / 1000, elapsed % 1000 / 100);
    fflush(stderr);
    line.drawn = true;
}

static void *draw_until_stopped(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&line.lock);
    while (!line.stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += DRAW_EVERY_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&line.changed, &line.lock, &until);
        if (!line.stop) draw();
    }
    pthread_mutex_unlock(&line.lock);
    return NULL;
}

void progress_step(const char *format, ...)
{
    if (!is_terminal()) return;
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&line.lock);
    vsnprintf(line.text, sizeof line.text, format, arguments);
    clock_gettime(CLOCK_MONOTONIC, &line.since);
    if (!line.running && !line.stop)
        line.running = pthread_create(&line.thread, NULL, draw_until_stopped, NULL) == 0;
    pthread_mutex_unlock(&line.lock);
    va_end(arguments);
}

void progress_clear(void)
{
    pthread_mutex_lock(&line.lock);
    line.text[0] = '\0';
    erase();
    pthread_mutex_unlock(&line.lock);
}

void progress_end(void)
{
    pthread_mutex_lock(&line.lock);
    line.stop = true;
    line.text[0] = '\0';
    erase();
    pthread_cond_signal(&line.changed);
    bool running = line.running;
    line.running = false;
    pthread_mutex_unlock(&line.lock);
    if (running) pthread_join(line.thread, NULL);
}
