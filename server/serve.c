/* SPDX-License-Identifier: Apache-2.0 */
/* From options to a running server, and back. */
#define _GNU_SOURCE /* sched_getaffinity() */
#include "serve.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "folder_watch.h"
#include "json_memory.h"
#include "listener.h"

enum {
    MOST_RUNS = 7, /* the library keeps messages of eight threads; one may be loading */
    MOST_REQUESTS = 1024, /* of the library's: each has its model's turn */
    CUT_SECONDS = 2,     /* until runs that were ended are answered */
    OTHER_FILES = 64,
    RUN_QUEUE = 1 << 20 /* each waiting run has its model's turn: there are no more than models */
};

void serve_options_default(struct serve_options *options)
{
    *options = (struct serve_options){.bind = "127.0.0.1",
                                      .port = 8000,
                                      .threads = 1,
                                      .body_limit = 64 << 20,
                                      .json_limit = 16 << 20,
                                      .bodies_limit = 256 << 20,
                                      .header_limit = 32 << 10,
                                      .connection_limit = 4096,
                                      .queue_limit = 64,
                                      .idle_seconds = 75,
                                      .transfer_seconds = 60,
                                      .drain_seconds = 30,
                                      .log_level = LOG_INFO};
}

static void log_failure(struct server *server, const char *doing, const char *why)
{
    log_event(&server->log, LOG_ERROR, doing, {"error", why, 0});
}

/* ---- signals: only sigwait() gets those that end the server --------------------------------------------------------------------- */

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a log that may not grow any more is as good as none */
}

static void wait_for_end(struct server *server, const sigset_t *signals)
{
    int number = 0;
    while (sigwait(signals, &number) != 0) continue;
    log_event(&server->log, LOG_INFO, "ending", {"signal", number == SIGTERM ? "SIGTERM" : "SIGINT", 0},
              {"requests", NULL, (int64_t)atomic_load(&server->requests)});
}

/* ---- start ---------------------------------------------------------------------------------------------------------------------- */

static int32_t processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

/* Files for so many connections, as far as the system lets us. */
static int32_t raise_file_limit(int32_t connections)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections;
    const rlim_t wanted = (rlim_t)connections + OTHER_FILES;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= wanted) return connections;
    return limit.rlim_cur > 2 * OTHER_FILES ? (int32_t)limit.rlim_cur - OTHER_FILES : OTHER_FILES;
}

static plait_status load_models(struct server *server)
{
    struct bytes why = {0};
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < server->options->model_count; i++) {
        const struct serve_model *model = &server->options->models[i];
        status = repository_add(&server->repository, model->name, model->path, &why);
    }
    if (status == PLAIT_OK && server->options->repository != NULL) status = repository_scan(&server->repository, &why);
    if (status != PLAIT_OK) log_failure(server, "cannot start", why.length > 0 ? bytes_string(&why) : plait_status_text(status));
    bytes_free(&why);
    return status;
}

static plait_status read_tokens(struct server *server)
{
    const char *why, *path = server->options->token_file;
    if (path == NULL || tokens_read(&server->tokens, path, &why)) return PLAIT_OK;
    log_event(&server->log, LOG_ERROR, "cannot start", {"path", path, 0}, {"error", why, 0});
    return PLAIT_IO;
}

/* ---- end -------------------------------------------------------------------------------------------------------------------------- */

static void wait_for_answers(struct server *server, double seconds)
{
    const uint64_t end = clock_now() + (uint64_t)(seconds * 1e9);
    while (atomic_load(&server->requests) > 0 && clock_now() < end)
        nanosleep(&(struct timespec){0, 5000000}, NULL);
}

/* Until nothing is being answered, or time is up: what then still runs is ended, and says so. */
static void drain(struct server *server)
{
    wait_for_answers(server, server->options->drain_seconds);
    const int64_t left = (int64_t)atomic_load(&server->requests);
    if (left == 0) return;
    log_event(&server->log, LOG_WARNING, "cut off", {"requests", NULL, left});
    atomic_store(&server->cutting, true);
    wait_for_answers(server, CUT_SECONDS);
}

static plait_status serve_requests(struct server *server, const sigset_t *signals)
{
    struct listener listener;
    struct bytes why = {0};
    const size_t models = server->repository.count; /* requests change it */
    const bool fine = listener_begin(&listener, server, &why);
    if (fine) {
        log_event(&server->log, LOG_INFO, "ready", {"address", listener.address, 0},
                  {"models", NULL, (int64_t)models});
        wait_for_end(server, signals);
        atomic_store(&server->draining, true);
        listener_close(&listener);
        drain(server);
    } else {
        log_failure(server, "cannot start", bytes_string(&why));
    }
    listener_end(&listener);
    bytes_free(&why);
    return fine ? PLAIT_OK : PLAIT_IO;
}

/* With models loaded. */
static plait_status serve_loaded(struct server *server, const sigset_t *signals)
{
    const struct serve_options *options = server->options;
    if (!connections_begin(&server->connections, (uint64_t)(options->idle_seconds * 1e9),
                           (uint64_t)(options->transfer_seconds * 1e9)))
        return PLAIT_OUT_OF_MEMORY;
    struct folder_watch watch;
    const bool watched = options->watch_seconds > 0;
    plait_status status = PLAIT_OK;
    if (watched && !folder_watch_begin(&watch, &server->repository, options->watch_seconds)) status = PLAIT_OUT_OF_MEMORY;
    if (status == PLAIT_OK) {
        status = serve_requests(server, signals);
        if (watched) folder_watch_end(&watch);
    }
    connections_end(&server->connections);
    return status;
}

/* With an interpreter of these options. */
static plait_status serve_repository(struct server *server, const struct plait_options *settings, const sigset_t *signals)
{
    for (int number = 0; number <= PLAIT_MOST_CLASS; number++)
        turnstile_begin(&server->runs[number], (unsigned)settings->lanes, RUN_QUEUE);
    server->repository = (struct repository){.interpreter = server->interpreter,
                                             .options = settings,
                                             .log = &server->log,
                                             .folder = server->options->repository,
                                             .serve = server->options};
    repository_begin(&server->repository);
    plait_status status = read_tokens(server);
    if (status == PLAIT_OK) status = load_models(server);
    if (status == PLAIT_OK) status = serve_loaded(server, signals);
    repository_end(&server->repository);
    for (int number = 0; number <= PLAIT_MOST_CLASS; number++) turnstile_end(&server->runs[number]);
    tokens_free(&server->tokens);
    return status;
}

plait_status serve(const struct serve_options *given)
{
    struct serve_options options = *given;
    sigset_t signals;
    struct plait_options settings;
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) return PLAIT_OUT_OF_MEMORY;
    json_memory_begin();
    block_signals(&signals);
    if (!log_begin(&server->log, (enum log_level)options.log_level, options.log_json)) {
        free(server);
        return PLAIT_OUT_OF_MEMORY;
    }
    options.connection_limit = raise_file_limit(options.connection_limit);
    server->options = &options;
    plait_options_default(&settings);
    settings.threads = options.threads;
    settings.sleep_below_class = options.sleep_below;
    if (options.memory_limit > 0) settings.memory_limit_bytes = (size_t)options.memory_limit;
    settings.lanes = options.runs > 0 ? options.runs : processors();
    if (settings.lanes > MOST_RUNS) settings.lanes = MOST_RUNS;
    settings.requests = MOST_REQUESTS;
    plait_status status = plait_open(&settings, &server->interpreter);
    if (status == PLAIT_OK) {
        status = serve_repository(server, &settings, &signals);
        plait_close(server->interpreter);
    } else {
        const char *watch = status == PLAIT_IO ? getenv("PLAIT_WATCH") : NULL;
        log_event(&server->log, LOG_ERROR, "cannot start",
                  {"error", watch != NULL ? "PLAIT_WATCH: no socket can be opened there" : plait_status_text(status), 0},
                  {"path", watch != NULL ? watch : "", 0});
    }
    if (status == PLAIT_OK) log_event(&server->log, LOG_INFO, "ended", {"status", NULL, 0});
    log_end(&server->log);
    free(server);
    return status;
}
