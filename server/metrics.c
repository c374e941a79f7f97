/* SPDX-License-Identifier: Apache-2.0 */
/* What Prometheus reads. */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "memory_sums.h"

static void head(struct bytes *text, const char *name, const char *type, const char *help)
{
    bytes_print(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label_text(struct bytes *text, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') bytes_text(text, "\\n");
        else if (*value == '"' || *value == '\\') bytes_print(text, "\\%c", *value);
        else bytes_add(text, value, 1);
    }
}

/* name{model="...",version="..." - what else there is of labels, and the end, is the caller's. */
static void begin_line(struct bytes *text, const char *name, const struct served *served)
{
    bytes_print(text, "%s{model=\"", name);
    add_label_text(text, served->name);
    bytes_text(text, "\",version=\"");
    add_label_text(text, served->version);
    bytes_text(text, "\"");
}

static void add_histogram(struct bytes *text, const char *name, const struct served *served,
                          const struct histogram *histogram)
{
    char line[96];
    uint64_t count = 0;
    snprintf(line, sizeof line, "%s_bucket", name);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += histogram->counts[i];
        begin_line(text, line, served);
        bytes_print(text, ",le=\"%g\"} %" PRIu64 "\n", histogram_bounds[i], count);
    }
    begin_line(text, line, served);
    bytes_print(text, ",le=\"+Inf\"} %" PRIu64 "\n", histogram->count);
    snprintf(line, sizeof line, "%s_sum", name);
    begin_line(text, line, served);
    bytes_print(text, "} %.9f\n", (double)histogram->nanoseconds * 1e-9);
    snprintf(line, sizeof line, "%s_count", name);
    begin_line(text, line, served);
    bytes_print(text, "} %" PRIu64 "\n", histogram->count);
}

/* A histogram of how many rows runs had. */
static void add_batches(struct bytes *text, struct served *const *all, const struct statistics *numbers, size_t count)
{
    head(text, "plait_batch_rows", "histogram", "Runs, by the rows that they had from several requests; 1: of one request.");
    for (size_t i = 0; i < count; i++) {
        uint64_t runs = 0, rows = 0;
        for (size_t size = 0; size < BATCH_SIZES; size++) {
            runs += numbers[i].runs[size].count;
            rows += numbers[i].runs[size].count << size;
            begin_line(text, "plait_batch_rows_bucket", all[i]);
            bytes_print(text, ",le=\"%u\"} %" PRIu64 "\n", 1u << size, runs);
        }
        begin_line(text, "plait_batch_rows_bucket", all[i]);
        bytes_print(text, ",le=\"+Inf\"} %" PRIu64 "\n", runs);
        begin_line(text, "plait_batch_rows_sum", all[i]);
        bytes_print(text, "} %" PRIu64 "\n", rows);
        begin_line(text, "plait_batch_rows_count", all[i]);
        bytes_print(text, "} %" PRIu64 "\n", runs);
    }
}

/* ---- models ---------------------------------------------------------------------------------------------------------------- */

static void add_requests(struct bytes *text, struct served *const *all, const struct statistics *numbers, size_t count)
{
    head(text, "plait_requests_total", "counter", "Inference requests that were answered.");
    for (size_t i = 0; i < count; i++) {
        begin_line(text, "plait_requests_total", all[i]);
        bytes_print(text, "} %" PRIu64 "\n", numbers[i].whole.count);
    }
    head(text, "plait_request_errors_total", "counter", "Inference requests that failed, by reason.");
    for (size_t i = 0; i < count; i++)
        for (size_t reason = 0; reason < FAILURE_COUNT; reason++) {
            begin_line(text, "plait_request_errors_total", all[i]);
            bytes_print(text, ",reason=\"%s\"} %" PRIu64 "\n", failure_names[reason], numbers[i].failures[reason]);
        }
    head(text, "plait_queue_requests", "gauge", "Requests that wait for the model.");
    for (size_t i = 0; i < count; i++) {
        begin_line(text, "plait_queue_requests", all[i]);
        bytes_print(text, "} %u\n", turnstile_waiting(&all[i]->turn));
    }
}

static void add_durations(struct bytes *text, struct served *const *all, const struct statistics *numbers, size_t count)
{
    static const struct {
        const char *name;
        const char *help;
        size_t offset;
    } histograms[] = {
        {"plait_request_duration_seconds", "From a whole request to its answer.", offsetof(struct statistics, whole)},
        {"plait_queue_duration_seconds", "What requests waited for their turn.", offsetof(struct statistics, queue)},
        {"plait_inference_duration_seconds", "What the model took.", offsetof(struct statistics, infer)},
    };
    for (size_t kind = 0; kind < sizeof histograms / sizeof histograms[0]; kind++) {
        head(text, histograms[kind].name, "histogram", histograms[kind].help);
        for (size_t i = 0; i < count; i++)
            add_histogram(text, histograms[kind].name, all[i],
                          (const struct histogram *)(const void *)((const char *)&numbers[i] + histograms[kind].offset));
    }
}

static void add_model_memory(struct bytes *text, struct served *const *all, size_t count)
{
    head(text, "plait_model_memory_bytes", "gauge", "Memory of a model or pipeline, by kind; constants may be shared with others.");
    for (size_t i = 0; i < count; i++) {
        struct plait_memory memory;
        memory_of(all[i], &memory);
        const size_t sizes[] = {memory.arena_bytes, memory.constant_bytes, memory.io_bytes, memory.state_bytes};
        static const char *const kinds[] = {"arena", "constants", "io", "state"};
        for (size_t kind = 0; kind < sizeof sizes / sizeof sizes[0]; kind++) {
            begin_line(text, "plait_model_memory_bytes", all[i]);
            bytes_print(text, ",kind=\"%s\"} %zu\n", kinds[kind], sizes[kind]);
        }
    }
}

/* ---- the server -------------------------------------------------------------------------------------------------------------- */

static void add_answers(struct bytes *text, struct server *server)
{
    head(text, "plait_http_answers_total", "counter", "All answers, by HTTP status.");
    for (size_t status = 0; status < sizeof server->answers / sizeof server->answers[0]; status++) {
        const unsigned long long count = atomic_load(&server->answers[status]);
        if (count > 0) bytes_print(text, "plait_http_answers_total{code=\"%zu\"} %llu\n", status, count);
    }
}

static void add_memory(struct bytes *text, const struct server *server, struct served *const *all, size_t count)
{
    const struct plait_stats sum = memory_of_all(server, all, count);
    head(text, "plait_build_info", "gauge", "Version, and kernels in use.");
    bytes_print(text, "plait_build_info{version=\"%s\",cpu=\"%s\"} 1\n", plait_version(), sum.cpu);
    head(text, "plait_memory_bytes", "gauge", "Memory of all models together, by kind.");
    const size_t sizes[] = {sum.arena_bytes, sum.constant_bytes, sum.io_bytes,
                            sum.state_bytes, sum.memory_bytes,   sum.memory_peak_bytes};
    static const char *const kinds[] = {"arenas", "constants", "io", "state", "allocated", "allocated_peak"};
    for (size_t kind = 0; kind < sizeof sizes / sizeof sizes[0]; kind++)
        bytes_print(text, "plait_memory_bytes{kind=\"%s\"} %zu\n", kinds[kind], sizes[kind]);
    head(text, "plait_sleeping_models", "gauge", "Models that gave up constants for others (--sleep-below).");
    bytes_print(text, "plait_sleeping_models %zu\n", sum.sleeping);
    head(text, "plait_sleeping_bytes", "gauge", "What they gave up of the constants.");
    bytes_print(text, "plait_sleeping_bytes %zu\n", sum.sleeping_bytes);
    head(text, "plait_wakes_total", "counter", "How often such were made again.");
    bytes_print(text, "plait_wakes_total %" PRIu64 "\n", sum.wakes);
}

static void add_server(struct bytes *text, struct server *server)
{
    uint64_t cut;
    const size_t connections = connections_count(&server->connections, &cut);
    add_answers(text, server);
    head(text, "plait_connections", "gauge", "Connections that are open.");
    bytes_print(text, "plait_connections %zu\n", connections);
    head(text, "plait_connections_cut_total", "counter", "Connections that were ended because they took too long.");
    bytes_print(text, "plait_connections_cut_total %" PRIu64 "\n", cut);
    head(text, "plait_body_bytes", "gauge", "Bodies of requests that are under way.");
    bytes_print(text, "plait_body_bytes %zu\n", atomic_load(&server->body_bytes));
    head(text, "plait_log_lines_lost_total", "counter", "Lines of the log that nobody read in time, or that could not be written.");
    bytes_print(text, "plait_log_lines_lost_total %" PRIu64 "\n", log_lost(&server->log));
}

void handle_metrics(struct request *request, struct reply *reply)
{
    size_t count;
    struct served **all = repository_loaded(&request->server->repository, NULL, &count);
    struct statistics *numbers = all == NULL ? NULL : calloc(count + 1, sizeof *numbers);
    for (size_t i = 0; numbers != NULL && i < count; i++) statistics_copy(&all[i]->statistics, &numbers[i]);
    if (numbers != NULL) {
        reply->status = 200;
        reply->content_type = "text/plain; version=0.0.4";
        add_server(&reply->body, request->server);
        add_memory(&reply->body, request->server, all, count);
        add_requests(&reply->body, all, numbers, count);
        add_durations(&reply->body, all, numbers, count);
        add_batches(&reply->body, all, numbers, count);
        add_model_memory(&reply->body, all, count);
    } else {
        reply_no_memory(reply);
    }
    for (size_t i = 0; all != NULL && i < count; i++) served_let_go(all[i]);
    free(all);
    free(numbers);
}
