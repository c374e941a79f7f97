/* SPDX-License-Identifier: Apache-2.0 */
/* plait run: loads models into one interpreter, links and feeds them, runs them once, and shows
 * what came out. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"
#include "feeding.h"
#include "heap.h"
#include "pipeline_file.h"
#include "progress.h"
#include "report.h"
#include "runs.h"
#include "talk.h"
#include "trace.h"

enum { TOP_OF_LABELS = 5, MOST_THREADS = 1024, LONGEST_TIMEOUT = 1000000 };

struct run_settings {
    int64_t threads;
    int64_t top; /* 0: what a pipeline says, else outputs and not their best elements */
    double timeout;
    bool json;
    bool profile;
    bool last; /* of many runs, only that is shown */
    const char *trace; /* file to write; NULL: none */
};

static int read_settings(struct run_settings *settings, const struct options *options)
{
    *settings = (struct run_settings){.threads = 1};
    settings->top = options_given(options, "--labels") ? TOP_OF_LABELS : 0;
    settings->json = options_given(options, "--json");
    settings->profile = options_given(options, "--profile");
    settings->last = options_given(options, "--last");
    settings->trace = options_value(options, "--trace", NULL);
    int code = options_whole(options, "--threads", 1, MOST_THREADS, &settings->threads);
    if (code == EXIT_FINE) code = options_whole(options, "--top", 1, INT32_MAX, &settings->top);
    if (code == EXIT_FINE)
        code = options_real(options, "--timeout", 0.001, LONGEST_TIMEOUT, &settings->timeout);
    return code;
}

/* ---- the time limit -------------------------------------------------------------------------- */

static bool on_terminal; /* where the progress line may stand, which the message replaces */

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void end_program(int signal_number)
{
    (void)signal_number;
    if (on_terminal) say("\r\033[K");
    say("plait: --timeout: time is up, nothing was written\n");
    _exit(EXIT_TIMEOUT);
}

/* Ends the program after `seconds`; 0 takes the limit away. */
static void set_timeout(double seconds)
{
    struct sigaction action;
    struct itimerval timer = {0};
    on_terminal = isatty(STDERR_FILENO) == 1;
    memset(&action, 0, sizeof action);
    action.sa_handler = end_program;
    sigaction(SIGALRM, &action, NULL);
    timer.it_value.tv_sec = (time_t)seconds;
    timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* ---- running --------------------------------------------------------------------------------- */

static int allocate(const struct models *models, const struct run_settings *settings)
{
    progress_step("planning %zu model%s", models->count, models->count == 1 ? "" : "s");
    plait_status status = plait_allocate(models->interpreter);
    for (size_t i = 0; status == PLAIT_OK && settings->profile && i < models->count; i++)
        status = plait_profile_enable(models->items[i].model, true);
    return status == PLAIT_OK ? EXIT_FINE : complain_status(models->interpreter, status, "");
}

/* Runs every set of linked models once, in the order of their first models. */
static int run_sets(const struct models *models)
{
    bool *ran = heap_array(models->count, sizeof *ran);
    int code = EXIT_FINE;
    for (size_t i = 0; code == EXIT_FINE && i < models->count; i++) {
        const struct loaded_model *item = &models->items[i];
        if (ran[item->set]) continue;
        ran[item->set] = true;
        progress_step("running %s", item->name);
        plait_status status = plait_run(item->model);
        if (status != PLAIT_OK) code = complain_status(models->interpreter, status, "");
    }
    free(ran);
    return code;
}

static void note_signatures(const struct models *models)
{
    for (size_t i = 0; i < models->count; i++) {
        size_t count = plait_signature_count(models->items[i].model);
        if (count > 1)
            note("%s has %zu signatures; its first subgraph is run", models->items[i].name, count);
    }
}

/* --labels that belong to no output are a mistake, most likely of the file. */
static void note_labels(const struct results *results, const struct labels *labels,
                        const char *path)
{
    bool used = path == NULL;
    for (size_t i = 0; i < results->count; i++)
        used = used || (results->items[i].top_count > 0 &&
                        result_label(&results->items[i], labels, 0) != NULL);
    if (!used)
        note("--labels %s: %zu labels, and no output has as many elements: none are shown", path,
             labels->count);
}

/* Runs all sets, and then what is pushed. */
static int run_all(struct models *models, struct feeding *feeding, const struct run_settings *settings)
{
    struct trace trace = {0};
    if (settings->trace != NULL) trace_begin(&trace, models, settings->profile);
    int code = run_sets(models);
    if (code == EXIT_FINE) code = feeding_push(feeding, models);
    if (settings->trace == NULL) return code;
    trace_end(&trace);
    if (code == EXIT_FINE) code = trace_write(&trace, settings->trace);
    trace_free(&trace);
    return code;
}

/* What is done between opening and closing the interpreter. */
static int run_models(struct models *models, struct feeding *feeding, struct results *results,
                      struct labels *labels, const struct options *options,
                      const struct run_settings *settings)
{
    const char *labels_path = options_value(options, "--labels", NULL);
    int code = models_load(models, options, settings->threads, false);
    if (code == EXIT_FINE && labels_path != NULL) code = labels_read(labels, labels_path);
    if (code == EXIT_FINE) code = models_link(models, options);
    if (code == EXIT_FINE) code = results_plan(results, models, options, (size_t)settings->top);
    if (code == EXIT_FINE) code = feeding_read(feeding, models, options);
    if (code == EXIT_FINE) code = allocate(models, settings);
    if (code == EXIT_FINE) code = feeding_write(feeding, models);
    if (code != EXIT_FINE) return code;
    note_signatures(models);
    struct runs *runs = runs_begin(models, results, labels, settings->json, settings->last);
    code = run_all(models, feeding, settings);
    if (settings->timeout > 0) set_timeout(0);
    progress_end();
    if (code == EXIT_FINE) code = runs_check(runs);
    runs_end(runs);
    if (code == EXIT_FINE) code = results_collect(results);
    if (code == EXIT_FINE) note_labels(results, labels, labels_path);
    if (code == EXIT_FINE) models_note_sleep(models);
    return code;
}

static int run(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct run_settings settings;
    struct models models = {0};
    struct feeding feeding = {0};
    struct results results = {0};
    struct labels labels = {0};
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE) code = read_settings(&settings, &options);
    if (code == EXIT_FINE && settings.timeout > 0) set_timeout(settings.timeout);
    if (code == EXIT_FINE)
        code = run_models(&models, &feeding, &results, &labels, &options, &settings);
    if (code == EXIT_FINE) {
        struct report report = {&models, &results, &labels, settings.profile};
        (settings.json ? report_json : report_text)(&report);
    }
    progress_end();
    labels_free(&labels);
    results_free(&results);
    feeding_free(&feeding);
    models_close(&models);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--link", "A.OUT=B.IN", VALUE_REQUIRED,
     "feed model B's input from model A's output, without a copy;\n"
     "behind it can stand ,cast ,reshape ,scale=S ,offset=O\n"
     "and ,window=HOP ,axis=AXIS ,zeros=ROWS: a window over rows;\n"
     ",threshold=T ,until=T ,index=I or ,best=I or ,every=N, and\n"
     ",output=OUT of A to look at: B runs only where that holds;\n"
     ",input: A.OUT is an input, and B.IN gets what that is fed;\n"
     ",crop=C.BOXES ,scores=C.SCORES: B runs for each box of C, on\n"
     "that part of the picture A.OUT (all fields: plait(1))"},
    {"--input", "M.IN=FILE", VALUE_REQUIRED, "feed an input: .npy, .wav, BMP, PNG or JPEG"},
    {"--random-input", "SEED", VALUE_OPTIONAL,
     "fill the inputs that nothing feeds with random numbers"},
    {"--output", "M.OUT=FILE", VALUE_REQUIRED, "write an output to a .npy file"},
    {"--output-dir", "DIR", VALUE_REQUIRED, "write every other output to DIR/MODEL.TENSOR.npy"},
    {"--top", "K", VALUE_REQUIRED, "show the K best elements of each output (5 with --labels)"},
    {"--labels", "FILE", VALUE_REQUIRED,
     "names for them, one a line; used where an output has\nas many elements"},
    {"--resize", "METHOD", VALUE_REQUIRED,
     "how pictures are resized: bilinear (default) or nearest"},
    {"--mean", "M", VALUE_REQUIRED, "float models get (byte - M) / S of a picture; 127.5"},
    {"--std", "S", VALUE_REQUIRED, "and 127.5 by default"},
    {"--threads", "N", VALUE_REQUIRED, "threads a model may use (default 1)"},
    {"--memory-limit", "BYTES", VALUE_REQUIRED, "of all models together (8 GiB)"},
    {"--sleep-below", "N", VALUE_REQUIRED, "what would exceed it has idle models of classes below N sleep\n(0: none, 16: any)"},
    {"--timeout", "SECONDS", VALUE_REQUIRED, "give up after so long, with exit code 124"},
    {"--last", "", VALUE_NONE, "of models that run for rows or boxes, show the last run alone"},
    {"--profile", "", VALUE_NONE, "show the time each operator took"},
    {"--trace", "FILE", VALUE_REQUIRED, "write what ran when, for ui.perfetto.dev"},
    {"--json", "", VALUE_NONE, "results as JSON"},
};

const struct command command_run = {
    .name = "run",
    .summary = "Loads models into one interpreter, runs them once, and shows their outputs.",
    .arguments = "[NAME=]PATH... | FILE.json",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help =
        "A model's name is NAME, or else the file's name without .tflite. A tensor is "
        "MODEL.TENSOR: its\n"
        "signature's name, its own name, or #index; .TENSOR can be left out where there is only "
        "one\n"
        "(plait inspect lists them). Linked models run from sources to sinks.\n"
        "\n"
        "FILE.json is a pipeline: models, links, and names for inputs and outputs, which --input "
        "NAME=FILE\n"
        "and --output NAME=FILE take; options of the command line go before what it says. What a "
        "file\n"
        "holds for an input whose rows are pushed is pushed; what each run gives that this leads to "
        "is shown.\n"
        "\n"
        "A picture is resized to the input's height and width and fed as uint8: its bytes, int8:\n"
        "byte - 128, float: (byte - M) / S; models with one channel get its luminance. Sound must "
        "have one\n"
        "channel and is fed as int16: its samples, float: -1 to 1; it is not resampled. What was "
        "done is\n"
        "said on stderr, results go to stdout.\n"
        "\n"
        "Scores are dequantized; the element as stored stands behind them in parentheses.\n"
        "\n"
        "example:\n"
        "  plait run features=trunk.tflite head=head.tflite --link features=head \\\n"
        "      --input features=cat.png --labels labels.txt --top 3\n",
    .run = run,
};
