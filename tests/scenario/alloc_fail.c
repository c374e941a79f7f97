/* SPDX-License-Identifier: Apache-2.0 */
/* Fails the n-th allocation, for every n there is in open, load, allocate, resize, clone, link, windows, replace and invoke: each time
 * the call must say so, change nothing, and succeed when tried again; at the end nothing may be left allocated. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "scenario.h"

enum { MARGIN = 64 };

struct account {
    pthread_mutex_t lock;
    uint64_t calls;
    uint64_t fail_at; /* the call that fails; 0: none */
    bool failed;
    size_t blocks;
    size_t bytes;
};

/* Behind every block stands its size, to check what the caller says it was. */
static void *allocate(void *user, void *pointer, size_t old_bytes, size_t new_bytes, size_t alignment)
{
    struct account *account = user;
    void *result = NULL;
    pthread_mutex_lock(&account->lock);
    if (new_bytes == 0) {
        if (pointer) {
            char *block = (char *)pointer - MARGIN;
            CHECK(*(size_t *)(void *)block == old_bytes, "freed as %zu bytes, was %zu", old_bytes,
                  *(size_t *)(void *)block);
            account->blocks--;
            account->bytes -= old_bytes;
            free(block);
        }
    } else {
        CHECK(pointer == NULL, "asked to grow a block");
        CHECK(alignment <= MARGIN, "alignment %zu", alignment);
        if (++account->calls == account->fail_at) {
            account->failed = true;
        } else {
            char *block = aligned_alloc(MARGIN, (new_bytes + 2 * MARGIN - 1) / MARGIN * MARGIN);
            CHECK(block, "the test itself has no memory");
            *(size_t *)(void *)block = new_bytes;
            account->blocks++;
            account->bytes += new_bytes;
            result = block + MARGIN;
        }
    }
    pthread_mutex_unlock(&account->lock);
    return result;
}

struct trial {
    struct account *account;
    struct plait_interpreter *interpreter;
    struct plait_model *model, *clone;
    const unsigned char *data;
    size_t bytes;
    int steps; /* how many calls failed */
    bool ending; /* the failure came in unload or close, which must go through without memory */
};

/* Makes a call; if it fails because the allocation failed, it is made again and must succeed. */
#define TRY(trial, call)                                                                                               \
    do {                                                                                                               \
        const plait_status try_status = (call);                                                                        \
        if (try_status == PLAIT_OUT_OF_MEMORY && (trial)->account->failed) {                                           \
            (trial)->steps++;                                                                                          \
            (trial)->account->fail_at = 0;                                                                             \
            OK((trial)->interpreter, call);                                                                            \
        } else {                                                                                                       \
            CHECK(try_status == PLAIT_OK, "%s: %s", plait_status_text(try_status),                                     \
                  plait_last_error((trial)->interpreter));                                                             \
            CHECK(!(trial)->account->failed || (trial)->steps > 0, "an allocation failed and %s went on", #call);      \
        }                                                                                                              \
    } while (0)

static plait_status open_one(struct trial *trial)
{
    struct plait_options options;
    plait_options_default(&options);
    options.allocate = allocate;
    options.allocate_user = trial->account;
    trial->interpreter = NULL;
    const plait_status status = plait_open(&options, &trial->interpreter);
    CHECK(status == PLAIT_OK || trial->account->blocks == 0, "a failed open left %zu blocks", trial->account->blocks);
    return status;
}

/* The clone gets what the model is fed, and computes what both do once. */
static void use_one_input(struct trial *trial, uint64_t digest)
{
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.from_input = true;
    TRY(trial, plait_link(trial->interpreter, "model", "#0", "clone", "#0", &options));
    TRY(trial, plait_allocate(trial->interpreter));
    OK(trial->interpreter, plait_reset_variables(trial->model));
    OK(trial->interpreter, plait_reset_variables(trial->clone));
    scenario_feed(trial->interpreter, trial->model, 1);
    TRY(trial, plait_run(trial->model));
    CHECK(scenario_digest(trial->model) == digest, "the model has other bits beside one that gets its input");
    CHECK(scenario_digest(trial->clone) == digest, "the clone has other bits on the model's input");
    TRY(trial, plait_unlink(trial->interpreter, "clone", "#0"));
}

/* The clone's input as a window, into which its rows are pushed. */
static void use_window(struct trial *trial, uint64_t digest)
{
    struct plait_tensor *input = plait_input(trial->clone, 0);
    const size_t bytes = plait_tensor_bytes(input);
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.hop = 1;
    options.axis = scenario_rows_axis(input);
    if (options.axis < 0 || plait_input_count(trial->clone) != 1) return;
    void *data = malloc(bytes);
    CHECK(data, "the test itself has no memory");
    scenario_fill(input, 1, data);
    TRY(trial, plait_stream(trial->interpreter, "clone", "#0", &options));
    TRY(trial, plait_allocate(trial->interpreter));
    for (int turn = 0; turn < 2; turn++) {
        OK(trial->interpreter, plait_reset_variables(trial->clone));
        TRY(trial, plait_push(input, data, bytes));
        CHECK(scenario_digest(trial->clone) == digest, "the clone has other bits with a window");
    }
    TRY(trial, plait_unlink(trial->interpreter, "clone", "#0"));
    free(data);
}

/* A request; the first one makes what all of them need. */
static plait_status ask(struct trial *trial)
{
    plait_request request = 0;
    const plait_status status = plait_submit(trial->model, NULL, &request);
    return status == PLAIT_OK ? plait_wait(trial->interpreter, request, -1, NULL) : status;
}

/* The same in a class of its own, with arenas of its own. */
static void use_request(struct trial *trial, uint64_t digest)
{
    TRY(trial, plait_set_class(trial->model, 3));
    CHECK(plait_class(trial->model) == 3, "the class is another");
    for (int turn = 0; turn < 2; turn++) {
        OK(trial->interpreter, plait_reset_variables(trial->model));
        scenario_feed(trial->interpreter, trial->model, 1);
        TRY(trial, ask(trial));
        CHECK(scenario_digest(trial->model) == digest, "a request gives other bits");
    }
    TRY(trial, plait_measure_machine(trial->interpreter, 1, NULL));
}

/* The model as loaded, then a clone of it, linked and with a window, then the model resized to its own shape: all calls
 * that allocate. */
static uint64_t use(struct trial *trial)
{
    TRY(trial, open_one(trial));
    TRY(trial, plait_load_buffer(trial->interpreter, "model", trial->data, trial->bytes, NULL, &trial->model));
    TRY(trial, plait_allocate(trial->interpreter));
    scenario_feed(trial->interpreter, trial->model, 1);
    TRY(trial, plait_invoke(trial->model));
    const uint64_t digest = scenario_digest(trial->model);
    use_request(trial, digest);
    TRY(trial, plait_clone(trial->model, "clone", &trial->clone));
    TRY(trial, plait_allocate(trial->interpreter));
    CHECK(scenario_digest(trial->model) == digest, "outputs changed by cloning");
    scenario_feed(trial->interpreter, trial->clone, 1);
    TRY(trial, plait_invoke(trial->clone));
    CHECK(scenario_digest(trial->clone) == digest, "the clone has other bits");
    use_one_input(trial, digest);
    use_window(trial, digest);
    TRY(trial, plait_allocate(trial->interpreter));
    TRY(trial, plait_profile_enable(trial->model, true));
    OK(trial->interpreter, plait_reset_variables(trial->model));
    scenario_feed(trial->interpreter, trial->model, 1);
    TRY(trial, plait_invoke(trial->model));
    CHECK(scenario_digest(trial->model) == digest, "the model has other bits after a profile");
    TRY(trial, plait_replace_buffer(trial->model, trial->data, trial->bytes, NULL));
    scenario_feed(trial->interpreter, trial->model, 1);
    TRY(trial, plait_invoke(trial->model));
    CHECK(scenario_digest(trial->model) == digest, "the same file in its place gives other bits");
    const bool failed_before = trial->account->failed;
    OK(trial->interpreter, plait_unload(trial->clone));
    plait_close(trial->interpreter);
    trial->ending = trial->account->failed && !failed_before;
    return digest;
}

static uint64_t one_trial(const unsigned char *data, size_t bytes, uint64_t fail_at, uint64_t *calls, bool *failed)
{
    struct account account = {.lock = PTHREAD_MUTEX_INITIALIZER, .fail_at = fail_at};
    struct trial trial = {.account = &account, .data = data, .bytes = bytes};
    const uint64_t digest = use(&trial);
    CHECK(account.blocks == 0 && account.bytes == 0, "allocation %llu failed: %zu blocks, %zu bytes left",
          (unsigned long long)fail_at, account.blocks, account.bytes);
    CHECK(!account.failed || trial.steps == 1 || trial.ending, "allocation %llu failed and no call said so",
          (unsigned long long)fail_at);
    *calls = account.calls;
    *failed = account.failed;
    return digest;
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 1000000);
    for (int k = 0; k < arguments.path_count; k++) {
        size_t bytes;
        unsigned char *data = scenario_read(arguments.paths[k], &bytes);
        uint64_t calls, ignored;
        bool failed;
        const uint64_t expected = one_trial(data, bytes, 0, &calls, &failed);
        CHECK(calls > 3, "%s: only %llu allocations", arguments.paths[k], (unsigned long long)calls);
        const uint64_t step = calls > (uint64_t)arguments.count ? calls / (uint64_t)arguments.count : 1;
        for (uint64_t n = 1; n <= calls; n += step) {
            CHECK(one_trial(data, bytes, n, &ignored, &failed) == expected, "%s: allocation %llu: other bits",
                  arguments.paths[k], (unsigned long long)n);
            CHECK(failed, "%s: allocation %llu never came", arguments.paths[k], (unsigned long long)n);
        }
        printf("%s: %llu allocations, each failed once in steps of %llu\n", arguments.paths[k],
               (unsigned long long)calls, (unsigned long long)step);
        free(data);
    }
    return 0;
}
