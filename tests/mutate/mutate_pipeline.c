/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_pipeline [--count N] [--seed N] FOLDER FILE.json...
 *
 * Breaks pipeline files in N ways: bytes, words and whole parts are changed, moved, doubled and left out. Each must be
 * refused with a message that has its place, with nothing left loaded, or run: plan, feed, push, run and read by name.
 * FOLDER is that of the models. They run in child processes; one that is still running after some time (2,000,000,000 rows of
 * zeros come first, say) is stopped, which is no failure; one that is still loading is. Exit status: 0 if all went well, 1
 * if not, 2 for wrong use. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plait/plait.h"

enum { MOST_BYTES = 1 << 16, MOST_CHANGES = 2, LOAD_SECONDS = 20, RUN_SECONDS = 2 };
static const size_t memory_limit = (size_t)256 << 20, tensor_limit = (size_t)16 << 20;

static uint64_t state;
static const char *folder;

/* What parent and children both see. */
static volatile struct board {
    uint64_t next; /* file */
    bool running;
    uint64_t refused, ran, failed_to_run, endless, failures;
} *board;

static uint64_t draw(uint64_t below)
{
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return (mixed ^ mixed >> 31) % below;
}

/* ---- mutations ---------------------------------------------------------------------------------------------------- */

struct text {
    char bytes[MOST_BYTES];
    size_t size;
};

static void replace(struct text *text, size_t at, size_t length, const char *with, size_t with_length)
{
    if (text->size - length + with_length > MOST_BYTES) return;
    memmove(text->bytes + at + with_length, text->bytes + at + length, text->size - at - length);
    memcpy(text->bytes + at, with, with_length);
    text->size += with_length - length;
}

static bool is_word(char c)
{
    return strchr("{}[],: \n\"", c) == NULL;
}

/* What stands between punctuation, or one character of that; *at moves to where it begins. */
static size_t word_at(const struct text *text, size_t *at)
{
    size_t length = 0;
    while (*at > 0 && is_word(text->bytes[*at]) && is_word(text->bytes[*at - 1])) --*at;
    while (*at + length < text->size && is_word(text->bytes[*at + length])) length++;
    return length > 0 ? length : 1;
}

static void change_word(struct text *text)
{
    static const char *const words[] = {"null", "true", "-1", "0", "1", "2", "8", "1.5", "1e99", "2147483647", "2147483648",
                                        "9007199254740993", "\"\"", "\"x\"", "[]", "{}", "[[[[[[[[", "\"\\ud800\"", "\xff", "\"features\"",
                                        "\"head.#0\"", "\"rows.#7\"", "{\"hop\": 3, \"axis\": -1}", "[1, 8, 8, 1]", "window", "to",
                                        "file", "hop", "axis", "zeros", "scale", "cast", "reshape", "../models", "rows.tflite",
                                        "features", "rows", "head", "whole", "a", "b", "boxes", "crop", "margin", "levels", "until",
                                        "input", "picture", "\"xy\"", "1e-300", "-1e300", "3", "4", "5", "16", "64", "1000"};
    size_t at = draw(text->size);
    const size_t length = word_at(text, &at);
    const char *word = words[draw(sizeof words / sizeof words[0])];
    replace(text, at, length, word, strlen(word));
}

static void change_byte(struct text *text)
{
    text->bytes[draw(text->size)] = (char)draw(256);
}

static void change_digit(struct text *text)
{
    for (int tries = 0; tries < 50; tries++) {
        const size_t at = draw(text->size);
        if (text->bytes[at] < '0' || text->bytes[at] > '9') continue;
        text->bytes[at] = (char)('0' + draw(10));
        return;
    }
}

/* Some part, often a word or a line, is left out, doubled, or put elsewhere. */
static void move_part(struct text *text)
{
    char part[256];
    size_t at = draw(text->size);
    size_t length = draw(2) == 0 ? word_at(text, &at) : 1 + draw(sizeof part);
    if (length > text->size - at) length = text->size - at;
    if (length > sizeof part) length = sizeof part;
    memcpy(part, text->bytes + at, length);
    const uint64_t how = draw(3);
    if (how != 1 && text->size > length) replace(text, at, length, "", 0);
    if (how != 0) replace(text, draw(text->size + 1), 0, part, length);
}

static void cut(struct text *text)
{
    text->size = 1 + draw(text->size);
}

static void mutate(struct text *text)
{
    static void (*const ways[])(struct text *) = {change_word, change_word, change_word, change_byte, change_digit,
                                                  change_digit, move_part, move_part, cut};
    const uint64_t changes = 1 + draw(MOST_CHANGES);
    for (uint64_t i = 0; i < changes && text->size > 0; i++) ways[draw(sizeof ways / sizeof ways[0])](text);
}

/* ---- trying ------------------------------------------------------------------------------------------------------- */

static void complain(const struct text *text, const char *what, const char *message)
{
    board->failures++;
    fprintf(stderr, "%s: '%s' for\n%.*s\n", what, message, (int)text->size, text->bytes);
}

static void check_refusal(const struct text *text, struct plait_interpreter *ip)
{
    unsigned line = 0, column = 0;
    const char *message = plait_last_error(ip);
    board->refused++;
    if (sscanf(message, "pipeline:%u:%u: ", &line, &column) != 2 || line == 0 || column == 0)
        complain(text, "the message has no place", message);
    if (plait_model_count(ip) != 0) complain(text, "models stayed loaded", message);
}

/* Gives an input as many bytes as it has room for, as it takes them. */
static plait_status feed(struct plait_pipeline *pipeline, const struct plait_pipeline_input *input)
{
    const size_t bytes = plait_tensor_bytes(input->targets[0]);
    if (plait_tensor_type(input->targets[0]) == PLAIT_STRING) return PLAIT_OK;
    void *data = calloc(1, bytes + 1);
    if (data == NULL) return PLAIT_OUT_OF_MEMORY;
    const plait_status status = input->is_stream ? plait_pipeline_push(pipeline, input->name, data, bytes)
                                                 : plait_pipeline_write(pipeline, input->name, data, bytes);
    free(data);
    return status;
}

static plait_status use(struct plait_interpreter *ip, struct plait_pipeline *pipeline)
{
    struct plait_pipeline_input input;
    struct plait_pipeline_output output;
    plait_status status = plait_allocate(ip);
    for (size_t i = 0; status == PLAIT_OK && plait_pipeline_input_at(pipeline, i, &input) == PLAIT_OK; i++)
        status = feed(pipeline, &input);
    if (status == PLAIT_OK) status = plait_pipeline_run(pipeline);
    for (size_t i = 0; status == PLAIT_OK && plait_pipeline_output_at(pipeline, i, &output) == PLAIT_OK; i++) {
        const size_t bytes = plait_tensor_bytes(output.tensor);
        void *data = malloc(bytes + 1);
        if (data != NULL && plait_tensor_data(output.tensor) != NULL)
            status = plait_pipeline_read(pipeline, output.name, data, bytes);
        free(data);
        struct plait_box boxes[4];
        size_t count = 0;
        if (status == PLAIT_OK && output.has_boxes) status = plait_find_boxes(output.model, &output.boxes, boxes, 4, &count);
    }
    return status;
}

static void try_text(const struct text *text)
{
    struct plait_options options;
    struct plait_interpreter *ip = NULL;
    struct plait_pipeline *pipeline = NULL;
    plait_options_default(&options);
    options.memory_limit_bytes = memory_limit;
    options.tensor_limit_bytes = tensor_limit;
    char *copy = malloc(text->size + 1); /* its end is the heap's: a read behind it is seen */
    if (copy == NULL || plait_open(&options, &ip) != PLAIT_OK) exit(1);
    copy = realloc(copy, text->size + (text->size == 0));
    memcpy(copy, text->bytes, text->size);
    alarm(LOAD_SECONDS);
    const plait_status status = plait_pipeline_load_buffer(ip, copy, text->size, folder, NULL, &pipeline);
    free(copy);
    alarm(RUN_SECONDS);
    board->running = status == PLAIT_OK;
    if (status != PLAIT_OK) {
        check_refusal(text, ip);
    } else if (use(ip, pipeline) == PLAIT_OK) {
        board->ran++;
    } else {
        board->failed_to_run++;
        if (plait_last_error(ip)[0] == '\0') complain(text, "it failed without a message", "");
    }
    if (pipeline != NULL && draw(2) == 0 && plait_pipeline_unload(pipeline) != PLAIT_OK)
        complain(text, "it cannot be unloaded", plait_last_error(ip));
    plait_close(ip);
    board->running = false;
    alarm(0);
}

static size_t read_file(const char *path, struct text *text)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    text->size = fread(text->bytes, 1, sizeof text->bytes, file);
    fclose(file);
    return text->size;
}

/* In a child: mutations from where the board stands. */
static void try_files(char **paths, uint64_t files, uint64_t count, uint64_t seed)
{
    static struct text text;
    while (board->next < count) {
        const uint64_t number = board->next++;
        state = seed * 1000003 + number;
        if (read_file(paths[number % files], &text) == 0) exit(2);
        if (number >= files) mutate(&text);
        try_text(&text);
    }
}

/* Runs children until all is done. False if one died of anything but a run that is too long. */
static bool run_children(char **paths, uint64_t files, uint64_t count, uint64_t seed)
{
    bool good = true;
    while (board->next < count) {
        const pid_t child = fork();
        if (child == 0) {
            try_files(paths, files, count, seed);
            exit(0); /* the leak check of a sanitizer runs at exit */
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child) return false;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM && board->running) {
            board->endless++;
            continue;
        }
        good = false;
        fprintf(stderr, "mutation %llu: died while %s\n", (unsigned long long)board->next - 1,
                board->running ? "running" : "loading, or of a leak of one before");
    }
    return good;
}

int main(int argc, char **argv)
{
    uint64_t count = 500, seed = 1;
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2)
        *(strcmp(argv[at], "--count") == 0 ? &count : &seed) = strtoull(argv[at + 1], NULL, 10);
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc - at < 2 || board == MAP_FAILED) {
        fprintf(stderr, "usage: %s [--count N] [--seed N] FOLDER FILE.json...\n", argv[0]);
        return 2;
    }
    folder = argv[at++];
    const bool good = run_children(argv + at, (uint64_t)(argc - at), count, seed);
    printf("%llu files: %llu refused, %llu ran, %llu failed to run, %llu stopped; %llu bad\n", (unsigned long long)count,
           (unsigned long long)board->refused, (unsigned long long)board->ran, (unsigned long long)board->failed_to_run,
           (unsigned long long)board->endless, (unsigned long long)board->failures);
    return good && board->failures == 0 ? 0 : 1;
}
