/* SPDX-License-Identifier: Apache-2.0 */
/* mutate_run [--count N] [--from N] [--seed N] [--keep DIR] MODEL.tflite...
 *
 * Breaks the models in N ways, and loads, allocates and invokes what is accepted. Every file
 * must be refused with a message that says where, or run; whatever the file, the process must
 * not crash, and load and allocate must end. Files run in child processes; the one that was at
 * work when a child died is kept in DIR. Exit status: 0 if all went well, 1 if not, 2 for wrong
 * use. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutator.h"
#include "plait/plait.h"

enum {
    LOAD_MILLISECONDS = 20000,
    INVOKE_MILLISECONDS = 500,
    FILES_PER_CHILD = 500,
    MOST_PRINTED = 20
};
static const size_t memory_limit = (size_t)256 << 20, tensor_limit = (size_t)16 << 20;

enum stage { STAGE_MAKE, STAGE_LOAD, STAGE_ALLOCATE, STAGE_INVOKE };

/* What parent and children both see. */
struct board {
    volatile uint64_t number; /* of the file at work */
    volatile int stage;
    volatile uint64_t refused_by_load;
    volatile uint64_t refused_by_allocate;
    volatile uint64_t failed_to_run;
    volatile uint64_t ran;
    volatile uint64_t endless;  /* invoke took too long: a loop in a model may */
    volatile uint64_t failures; /* of this program's own checks */
};

struct run {
    struct board *board;
    const char *keep;
    uint64_t seed;
    const char *name; /* of the model being broken */
    struct mutator mutator;
    uint64_t crashes;
};

static void complain(struct run *run, const char *what, const char *text)
{
    if (run->board->failures++ < MOST_PRINTED)
        fprintf(stderr, "%s, mutation %llu: %s: '%s'\n", run->name,
                (unsigned long long)run->board->number, what, text);
}

/* A refusal says where: a field with an offset, an operator or a tensor. */
static void check_refusal(struct run *run, struct plait_interpreter *ip, plait_status status)
{
    const char *text = plait_last_error(ip);
    if (text[0] == 0) complain(run, "refused without a message", plait_status_text(status));
    else if (status == PLAIT_INVALID_MODEL && strstr(text, "at offset 0x") == NULL &&
             strstr(text, "operator ") == NULL)
        complain(run, "the message has no place", text);
    else if (strstr(text, "offset") == NULL && strstr(text, "operator") == NULL &&
             strstr(text, "tensor") == NULL && strstr(text, "variable") == NULL &&
             strstr(text, "memory") == NULL)
        complain(run, "the message names nothing", text);
}

/* The process dies of SIGALRM then; 0 calls it off. */
static void set_alarm(int milliseconds)
{
    const struct itimerval timer = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void invoke(struct run *run, struct plait_interpreter *ip, struct plait_model *model)
{
    for (size_t i = 0; i < plait_input_count(model); i++) {
        struct plait_tensor *tensor = plait_input(model, i);
        uint8_t *data = plait_tensor_data(tensor);
        if (data == NULL || plait_tensor_type(tensor) == PLAIT_STRING) continue;
        for (size_t k = 0; k < plait_tensor_bytes(tensor); k++) data[k] = (uint8_t)(k * 37 % 251);
    }
    set_alarm(INVOKE_MILLISECONDS);
    const plait_status status = plait_invoke(model);
    set_alarm(0);
    if (status == PLAIT_OK) run->board->ran++;
    else {
        run->board->failed_to_run++;
        check_refusal(run, ip, status);
    }
}

static void try_file(struct run *run, const uint8_t *bytes, size_t size)
{
    struct plait_options options;
    struct plait_interpreter *ip = NULL;
    struct plait_model *model = NULL;
    plait_options_default(&options);
    options.memory_limit_bytes = memory_limit;
    options.tensor_limit_bytes = tensor_limit;
    if (plait_open(&options, &ip) != PLAIT_OK) {
        complain(run, "plait_open failed", "");
        return;
    }
    run->board->stage = STAGE_LOAD;
    set_alarm(LOAD_MILLISECONDS);
    plait_status status = plait_load_buffer(ip, "mutated", bytes, size, NULL, &model);
    if (status != PLAIT_OK) {
        run->board->refused_by_load++;
        check_refusal(run, ip, status);
    } else {
        run->board->stage = STAGE_ALLOCATE;
        status = plait_allocate(ip);
        set_alarm(0);
        if (status != PLAIT_OK) {
            run->board->refused_by_allocate++;
            check_refusal(run, ip, status);
        } else {
            run->board->stage = STAGE_INVOKE;
            invoke(run, ip, model);
            for (size_t i = 0; i < plait_signature_count(model); i++)
                invoke(run, ip, plait_signature(model, plait_signature_key(model, i)));
        }
    }
    set_alarm(0);
    plait_close(ip);
}

/* In a child: files [from, to). */
static int run_files(struct run *run, uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number < to; number++) {
        size_t size = 0;
        run->board->number = number;
        run->board->stage = STAGE_MAKE;
        uint8_t *bytes = mutator_make(&run->mutator, run->seed, number, &size);
        if (bytes == NULL) continue;
        try_file(run, bytes, size);
        pl_free(run->mutator.memory, bytes, size);
    }
    return 0;
}

static void keep_file(struct run *run, uint64_t number, int status)
{
    static const char *const stages[] = {"making", "loading", "allocating", "invoking"};
    char path[512];
    size_t size = 0;
    uint8_t *bytes = mutator_make(&run->mutator, run->seed, number, &size);
    const char *base = strrchr(run->name, '/');
    snprintf(path, sizeof path, "%s/%llu-%s", run->keep, (unsigned long long)number,
             base != NULL ? base + 1 : run->name);
    fprintf(stderr, "%s, mutation %llu: died (%s %d) while %s; kept in %s\n", run->name,
            (unsigned long long)number, WIFSIGNALED(status) ? "signal" : "exit",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), stages[run->board->stage],
            path);
    FILE *file = fopen(path, "wb");
    if (file != NULL && bytes != NULL) fwrite(bytes, 1, size, file);
    if (file != NULL) fclose(file);
    pl_free(run->mutator.memory, bytes, size);
}

/* Files [from, to), in children; goes on behind a file that a child died of. */
static void run_children(struct run *run, uint64_t from, uint64_t to)
{
    while (from < to) {
        const uint64_t end = to - from < FILES_PER_CHILD ? to : from + FILES_PER_CHILD;
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            const int result = run_files(run, from, end);
            mutator_clear(&run->mutator);
            exit(result); /* the leak check of a sanitizer runs at exit */
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child) {
            perror("fork");
            run->crashes++;
            return;
        }
        from = end;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM &&
            run->board->stage == STAGE_INVOKE) {
            run->board->endless++;
        } else {
            run->crashes++;
            keep_file(run, run->board->number, status);
        }
        /* A leak is found at the end of a child: then there is nothing to go on with. */
        if (run->board->number + 1 < end) from = run->board->number + 1;
    }
}

static void *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size + 1);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

static bool run_model(struct run *run, const char *path, uint64_t from, uint64_t count)
{
    struct pl_memory memory;
    size_t size = 0;
    void *bytes = read_file(path, &size);
    run->name = path;
    pl_memory_init(&memory, pl_memory_system, NULL, SIZE_MAX);
    const bool good = bytes != NULL && mutator_init(&run->mutator, &memory, bytes, size);
    if (good) run_children(run, from, from + count);
    else fprintf(stderr, "%s is no model\n", path);
    mutator_clear(&run->mutator);
    free(bytes);
    return good;
}

static void print_board(const struct run *run, uint64_t files)
{
    const struct board *board = run->board;
    printf("%llu files: %llu refused by load, %llu by allocate; runs: %llu ended, %llu failed, "
           "%llu stopped after %d ms\n",
           (unsigned long long)files, (unsigned long long)board->refused_by_load,
           (unsigned long long)board->refused_by_allocate, (unsigned long long)board->ran,
           (unsigned long long)board->failed_to_run, (unsigned long long)board->endless,
           INVOKE_MILLISECONDS);
    printf("%llu crashes, %llu bad messages\n", (unsigned long long)run->crashes,
           (unsigned long long)board->failures);
}

int main(int argc, char **argv)
{
    uint64_t count = 1000, from = 0;
    struct run run = {.keep = ".", .seed = 1};
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--count") == 0) count = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--from") == 0) from = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--seed") == 0) run.seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--keep") == 0) run.keep = argv[at + 1];
        else break;
    }
    const uint64_t models = (uint64_t)(argc - at);
    if (at >= argc || strncmp(argv[at], "--", 2) == 0) {
        fprintf(stderr,
                "usage: %s [--count N] [--from N] [--seed N] [--keep DIR] MODEL.tflite...\n",
                argv[0]);
        return 2;
    }
    run.board =
        mmap(NULL, sizeof *run.board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run.board == MAP_FAILED) return 1;
    const uint64_t each = (count + models - 1) / models;
    bool good = true;
    for (; at < argc; at++) good = run_model(&run, argv[at], from, each) && good;
    print_board(&run, each * models);
    return good && run.crashes == 0 && run.board->failures == 0 ? 0 : 1;
}
