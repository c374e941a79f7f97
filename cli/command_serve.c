/* SPDX-License-Identifier: Apache-2.0 */
/* plait serve: models over HTTP. The server itself is in server/; without microhttpd there is none. */
#include "commands.h"
#include "talk.h"

#ifdef PLAIT_HAS_SERVER

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../server/serve.h"
#include "heap.h"
#include "models.h"

enum { LONGEST_DELAY = 10000000 /* us */, LARGEST_PORT = 65535, MOST_CONNECTIONS = 100000, MOST_QUEUE = 4096 };
static const int64_t LARGEST_LIMIT = (int64_t)1 << 40;
static const double LONGEST_SECONDS = 86400;

/* Options that are numbers, and where they go. */
static int read_numbers(struct serve_options *serve, const struct options *options)
{
    const struct {
        const char *name;
        int64_t low, high;
        int64_t *wide;
        int32_t *narrow;
    } numbers[] = {
        {"--port", 0, LARGEST_PORT, NULL, &serve->port},
        {"--threads", 1, 256, NULL, &serve->threads},
        {"--runs", 1, 256, NULL, &serve->runs},
        {"--memory-limit", 1, LARGEST_MEMORY, &serve->memory_limit, NULL},
        {"--sleep-below", 0, PLAIT_MOST_CLASS + 1, NULL, &serve->sleep_below},
        {"--queue", 0, MOST_QUEUE, NULL, &serve->queue_limit},
        {"--connections", 1, MOST_CONNECTIONS, NULL, &serve->connection_limit},
        {"--body-limit", 1, LARGEST_LIMIT, &serve->body_limit, NULL},
        {"--json-limit", 1, LARGEST_LIMIT, &serve->json_limit, NULL},
        {"--bodies-limit", 1, LARGEST_LIMIT, &serve->bodies_limit, NULL},
        {"--header-limit", 4096, 1 << 20, &serve->header_limit, NULL},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t number = numbers[i].wide != NULL ? *numbers[i].wide : *numbers[i].narrow;
        if (!options_given(options, numbers[i].name)) continue;
        const int code = options_whole(options, numbers[i].name, numbers[i].low, numbers[i].high, &number);
        if (code != EXIT_FINE) return code;
        if (numbers[i].wide != NULL) *numbers[i].wide = number;
        else *numbers[i].narrow = (int32_t)number;
    }
    int code = options_real(options, "--idle-seconds", 0.1, LONGEST_SECONDS, &serve->idle_seconds);
    if (code == EXIT_FINE)
        code = options_real(options, "--transfer-seconds", 0.1, LONGEST_SECONDS, &serve->transfer_seconds);
    if (code == EXIT_FINE) code = options_real(options, "--watch", 0, LONGEST_SECONDS, &serve->watch_seconds);
    if (code == EXIT_FINE) code = options_real(options, "--drain-seconds", 0, LONGEST_SECONDS, &serve->drain_seconds);
    return code;
}

/* One of the names, by its number in the list. */
static int read_choice(const struct options *options, const char *option, const char *const *names, int32_t *choice)
{
    const char *value = options_value(options, option, NULL);
    if (value == NULL) return EXIT_FINE;
    for (int32_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], value) == 0) {
            *choice = i;
            return EXIT_FINE;
        }
    char *list = heap_text("%s", names[0]);
    for (size_t i = 1; names[i] != NULL; i++) {
        char *longer = heap_text("%s, %s", list, names[i]);
        free(list);
        list = longer;
    }
    complain(EXIT_USAGE, "%s: there is no %s; it is one of %s", option, value, list);
    free(list);
    return EXIT_USAGE;
}

static int read_settings(struct serve_options *serve, const struct options *options)
{
    static const char *const levels[] = {"error", "warning", "info", "requests", NULL};
    static const char *const formats[] = {"text", "json", NULL};
    int32_t format = 0;
    serve_options_default(serve);
    serve->repository = options_value(options, "--repository", NULL);
    serve->bind = options_value(options, "--bind", serve->bind);
    serve->token_file = options_value(options, "--token-file", NULL);
    serve->tls_certificate = options_value(options, "--tls-cert", NULL);
    serve->tls_key = options_value(options, "--tls-key", NULL);
    if ((serve->tls_certificate == NULL) != (serve->tls_key == NULL))
        return complain(EXIT_USAGE, "serve: --tls-cert and --tls-key go together");
    if (options->path_count == 0 && serve->repository == NULL)
        return complain(EXIT_USAGE, "serve: what? plait serve %s", options->command->arguments);
    int code = read_numbers(serve, options);
    if (code == EXIT_FINE) code = read_choice(options, "--log", levels, &serve->log_level);
    if (code == EXIT_FINE) code = read_choice(options, "--log-format", formats, &format);
    serve->log_json = format == 1;
    return code;
}

/* NAME=N or NAME=N-M */
static int read_class(struct serve_class *class, char **name, const char *value)
{
    const char *equals = strrchr(value, '=');
    char *end = NULL;
    const long number = equals == NULL || !isdigit((unsigned char)equals[1]) ? -1 : strtol(equals + 1, &end, 10);
    long most = number;
    if (number >= 0 && *end == '-' && isdigit((unsigned char)end[1])) most = strtol(end + 1, &end, 10);
    if (number < 0 || equals == value || *end != '\0' || most < number || most > PLAIT_MOST_CLASS)
        return complain(EXIT_USAGE, "--class %s: it is NAME=N or NAME=N-M, from 0 to %d", value, PLAIT_MOST_CLASS);
    *name = heap_text("%.*s", (int)(equals - value), value);
    *class = (struct serve_class){*name, (int32_t)number, (int32_t)most};
    return EXIT_FINE;
}

/* All of --class; names are to be freed, then both arrays. */
static int read_classes(struct serve_options *serve, const struct options *options, struct serve_class **classes, char ***names)
{
    size_t position = 0;
    int code = EXIT_FINE;
    *classes = heap_array(options->use_count + 1, sizeof **classes);
    *names = heap_array(options->use_count + 1, sizeof **names);
    for (const char *value; code == EXIT_FINE && (value = options_next(options, "--class", &position)) != NULL;) {
        code = read_class(&(*classes)[serve->class_count], &(*names)[serve->class_count], value);
        if (code == EXIT_FINE) serve->class_count++;
    }
    serve->classes = *classes;
    return code;
}

/* [NAME=]N, N from `least` to `most`. */
static int read_of_model(const char *option, const char *value, int64_t least, int64_t most, char **name, int64_t *number)
{
    const char *equals = strrchr(value, '='), *digits = equals == NULL ? value : equals + 1;
    char *end = NULL;
    errno = 0;
    *number = isdigit((unsigned char)digits[0]) ? strtoll(digits, &end, 10) : -1;
    if (*number < least || *number > most || errno != 0 || *end != '\0' || equals == value)
        return complain(EXIT_USAGE, "%s %s: it is [NAME=]N, N from %lld to %lld", option, value, (long long)least, (long long)most);
    *name = equals == NULL ? NULL : heap_text("%.*s", (int)(equals - value), value);
    return EXIT_FINE;
}

/* All of --batch and --batch-delay, each to be freed with its name, then the array. */
static int read_batches(struct serve_options *serve, const struct options *options, struct serve_batch **batches)
{
    int code = EXIT_FINE;
    *batches = heap_array(options->use_count + 1, sizeof **batches);
    for (int of_delay = 0; of_delay < 2; of_delay++) {
        const char *option = of_delay ? "--batch-delay" : "--batch";
        size_t position = 0;
        for (const char *value; code == EXIT_FINE && (value = options_next(options, option, &position)) != NULL;) {
            char *name = NULL;
            int64_t number = 0;
            code = read_of_model(option, value, of_delay ? 0 : 1, of_delay ? LONGEST_DELAY : SERVE_MOST_BATCH, &name, &number);
            if (code != EXIT_FINE) continue;
            (*batches)[serve->batch_count++] =
                (struct serve_batch){name, of_delay ? 0 : (unsigned)number, of_delay ? number : -1};
        }
    }
    serve->batches = *batches;
    return code;
}

static int serve_models(struct serve_options *serve_options, const struct options *options)
{
    struct serve_model *models = heap_array(options->path_count + 1, sizeof *models);
    char **names = heap_array(options->path_count + 1, sizeof *names);
    for (size_t i = 0; i < options->path_count; i++) {
        const char *argument = options->paths[i];
        const size_t given = given_name_length(argument);
        if (given > 0) names[i] = heap_text("%.*s", (int)given, argument);
        models[i] = (struct serve_model){names[i], given > 0 ? argument + given + 1 : argument};
    }
    serve_options->models = models;
    serve_options->model_count = options->path_count;
    const int code = exit_code_of(serve(serve_options));
    for (size_t i = 0; i < options->path_count; i++) free(names[i]);
    free(names);
    free(models);
    return code;
}

static int run_server(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct serve_options settings;
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE) code = read_settings(&settings, &options);
    struct serve_class *classes = NULL;
    char **class_names = NULL;
    if (code == EXIT_FINE) code = read_classes(&settings, &options, &classes, &class_names);
    struct serve_batch *batches = NULL;
    if (code == EXIT_FINE) code = read_batches(&settings, &options, &batches);
    if (code == EXIT_FINE) code = serve_models(&settings, &options);
    for (size_t i = 0; batches != NULL && i < settings.batch_count; i++) free((char *)(uintptr_t)batches[i].name);
    free(batches);
    for (size_t i = 0; class_names != NULL && class_names[i] != NULL; i++) free(class_names[i]);
    free(class_names);
    free(classes);
    options_free(&options);
    return code;
}

#else

static int run_server(const struct command *command, int count, char **arguments)
{
    (void)count;
    (void)arguments;
    return complain(EXIT_UNSUPPORTED, "%s: this plait was built without GNU libmicrohttpd, which the server needs",
                    command->name);
}

#endif

static const struct option_rule rules[] = {
    {"--repository", "DIR", VALUE_REQUIRED, "serve what is in a folder: NAME/VERSION/model.tflite, NAME.tflite,\nand pipelines (.json) in their place"},
    {"--watch", "S", VALUE_REQUIRED, "look every so many seconds whether files are new or have\nchanged, and load those; 0, the default: never"},
    {"--port", "N", VALUE_REQUIRED, "8000; 0: any that is free"},
    {"--bind", "ADDRESS", VALUE_REQUIRED, "127.0.0.1, so that only this machine reaches it"},
    {"--token-file", "FILE", VALUE_REQUIRED, "answer only who sends one of its lines as a bearer token"},
    {"--tls-cert", "FILE", VALUE_REQUIRED, "HTTPS with this certificate (PEM)"},
    {"--tls-key", "FILE", VALUE_REQUIRED, "and its key"},
    {"--threads", "N", VALUE_REQUIRED, "threads a model may use (default 1)"},
    {"--runs", "N", VALUE_REQUIRED, "models of a class that run at once (default: one a processor)"},
    {"--class", "NAME=N[-M]", VALUE_REQUIRED, "how urgent a model is, 0 (default) to 15: it interrupts those\nof lower classes; requests of priority 1 have M, 2 one less, ..."},
    {"--batch", "[NAME=]N", VALUE_REQUIRED, "run so many waiting requests for a model at once, up to 128;\n1: none; default: up to 16 where that takes less time"},
    {"--batch-delay", "[NAME=]US", VALUE_REQUIRED, "microseconds that a request waits for others (0)"},
    {"--memory-limit", "BYTES", VALUE_REQUIRED, "of all models together (8 GiB)"},
    {"--sleep-below", "N", VALUE_REQUIRED, "what would exceed it has idle models of classes below N sleep\n(0: none, see docs/memory.md)"},
    {"--queue", "N", VALUE_REQUIRED, "requests that may wait for one model (64), others get 429"},
    {"--connections", "N", VALUE_REQUIRED, "at once (4096)"},
    {"--body-limit", "BYTES", VALUE_REQUIRED, "of a request (64 MiB),"},
    {"--json-limit", "BYTES", VALUE_REQUIRED, "of JSON in it (16 MiB),"},
    {"--bodies-limit", "BYTES", VALUE_REQUIRED, "and of all requests at once (256 MiB)"},
    {"--header-limit", "BYTES", VALUE_REQUIRED, "of the head of a request (32 KiB)"},
    {"--idle-seconds", "S", VALUE_REQUIRED, "until a connection without a request is ended (75)"},
    {"--transfer-seconds", "S", VALUE_REQUIRED, "for a request to come in, and for its answer to be\ntaken (60)"},
    {"--drain-seconds", "S", VALUE_REQUIRED, "for what is under way when the server is to end (30)"},
    {"--log", "LEVEL", VALUE_REQUIRED, "error, warning, info (default) or requests"},
    {"--log-format", "FORM", VALUE_REQUIRED, "text (default) or json"},
};

const struct command command_serve = {
    .name = "serve",
    .summary = "Serves models and pipelines over HTTP, by the Open Inference Protocol.",
    .arguments = "[NAME=]PATH... | FILE.json | --repository DIR",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "The protocol is version 2's of KServe and Triton, with binary tensor data, classification,\n"
            "statistics and the repository's index, load and unload; GET /v2/openapi.json describes it,\n"
            "/metrics is for Prometheus. Each request runs its model once; requests of one model wait for\n"
            "each other, and those that wait run together where the model can. SIGTERM ends the server when\n"
            "what is under way has been answered.\n"
            "\n"
            "example:\n"
            "  plait serve mobilenet_v2.tflite --port 8000\n",
    .run = run_server,
};
