/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenario programs share: checks that end the program, seeded random numbers, random inputs, digests of
 * outputs. Each program takes model paths as arguments, prints what it did, and exits with 0 if all was right. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plait/plait.h>

/* Ends the program with a message unless the condition holds. */
#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            scenario_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                                                \
    } while (0)

/* The call must return PLAIT_OK; `interpreter` tells why not. */
#define OK(interpreter, call)                                                                                          \
    do {                                                                                                               \
        const plait_status ok_status = (call);                                                                         \
        CHECK(ok_status == PLAIT_OK, "%s: %s", plait_status_text(ok_status), plait_last_error(interpreter));           \
    } while (0)

_Noreturn void scenario_fail(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A sequence of random numbers; equal seeds give equal sequences. */
struct scenario_random {
    uint64_t state;
};
uint64_t scenario_next(struct scenario_random *random);
/* 0 .. count - 1. */
uint32_t scenario_pick(struct scenario_random *random, uint32_t count);

/* Options shared by the programs: [--count N] [--seed S] PATH... */
struct scenario_arguments {
    int count;
    uint64_t seed;
    char **paths;
    int path_count;
};
void scenario_parse(struct scenario_arguments *arguments, int argc, char **argv, int default_count);

/* The file's stem; the caller's to free. */
char *scenario_stem(const char *path);
/* The whole file; the caller's to free. */
unsigned char *scenario_read(const char *path, size_t *bytes);

/* Opens an interpreter with these options (NULL: defaults). */
struct plait_interpreter *scenario_open(const struct plait_options *options);
/* Opens one, loads the file as its only model and allocates. */
struct plait_interpreter *scenario_open_with(const struct plait_options *options, const char *path,
                                             struct plait_model **model);

/* Fills one tensor's worth of bytes: normal-like floats, integers of the whole range up to 16 bits, else 0 .. 30. */
void scenario_fill(const struct plait_tensor *tensor, uint64_t seed, void *data);
/* Writes every input of a model that has no linked inputs. */
void scenario_feed(struct plait_interpreter *interpreter, struct plait_model *model, uint64_t seed);
/* The axis along which an input's bytes are rows one after another, of which there are several; -1: it has none. */
int32_t scenario_rows_axis(const struct plait_tensor *input);
/* Pushes the first of these rows, some at a time, of an input that is a window along that axis. */
void scenario_push(struct plait_interpreter *interpreter, struct plait_tensor *input, uint64_t seed, size_t count,
                   struct scenario_random *random);
/* A number that depends on every byte and on the shapes of all outputs. */
uint64_t scenario_digest(const struct plait_model *model);
/* Feeds, invokes, and gives the digest. */
uint64_t scenario_answer(struct plait_interpreter *interpreter, struct plait_model *model, uint64_t seed);
/* Whether a run may end so because of what it was fed. */
bool scenario_is_about_data(plait_status status);
/* The same where data decides whether it can run: false if it cannot. */
bool scenario_try_answer(struct plait_interpreter *interpreter, struct plait_model *model, uint64_t seed, uint64_t *digest);

struct pl_interpreter;
/* The inside of an interpreter, for the hooks of interpreter/interpreter.h. */
struct pl_interpreter *scenario_inside(struct plait_interpreter *interpreter);

/* Calls to the C library's allocator by the code linked in here, so far: needs -Wl,--wrap, see test_scenarios.py. */
uint64_t scenario_malloc_calls(void);

/* One of the threads of scenario_together(), and its model. */
enum { SCENARIO_SEEDS = 3 };
struct scenario_worker {
    struct plait_interpreter *interpreter;
    struct plait_model *model;
    const char *path;
    uint64_t expected[SCENARIO_SEEDS]; /* what it gives alone */
    int count;
    int ran; /* for the program's own use */
};

/* Two threads use a model each, `often` being what they do `count` times, while a third is the guest of the last path, a quarter
 * as often. `begin` (may be NULL) is done to the two models before all is allocated. */
struct scenario_roles {
    void *(*often)(void *worker);
    void *(*guest)(void *worker);
    void (*begin)(struct scenario_worker *worker, const char *name);
};
void scenario_together(const struct scenario_arguments *arguments, const struct scenario_roles *roles, int32_t lanes,
                       int32_t threads);

#endif
