/* SPDX-License-Identifier: Apache-2.0 */
/* Broken models are fused and split: each is refused with a message, or files come out, which
 * are left for LiteRT to judge. Dies of what a sanitizer finds.
 *
 *     mutate_fuse --count N --from N --seed N --out DIR GOOD.tflite MODEL.tflite...
 *
 * A mutation of each MODEL becomes DIR/NUMBER-fused.tflite beside GOOD, and DIR/NUMBER-a.tflite
 * and -b.tflite by a cut at one of its tensors. The mutation itself is DIR/NUMBER.tflite where
 * anything came out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mutator.h"
#include "plait/plait.h"

static const size_t memory_limit = (size_t)1 << 28;
static const size_t tensor_limit = (size_t)1 << 24;

struct run {
    struct mutator mutator;
    const char *good;
    const char *out;
    uint64_t seed;
    uint64_t files, fused, split, refused, failures;
};

static void check_message(struct run *run, struct plait_interpreter *ip, uint64_t number,
                          plait_status status)
{
    const char *message = plait_last_error(ip);
    run->refused++;
    if (message[0] != '\0' && status != PLAIT_RUN_ERROR && status != PLAIT_CANCELLED) return;
    fprintf(stderr, "mutation %llu: %s without a message\n", (unsigned long long)number,
            plait_status_text(status));
    run->failures++;
}

static void keep(const struct run *run, uint64_t number, const void *bytes, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%llu.tflite", run->out, (unsigned long long)number);
    FILE *file = fopen(path, "wb");
    if (file == NULL) return;
    fwrite(bytes, 1, size, file);
    fclose(file);
}

static bool fuse(struct run *run, struct plait_interpreter *ip, uint64_t number, const void *bytes,
                 size_t size)
{
    char path[512];
    const struct plait_fuse_model models[] = {{.name = "mutated", .data = bytes, .bytes = size},
                                              {.name = "good", .path = run->good}};
    const struct plait_fuse_options options = {.struct_bytes = sizeof options,
                                               .models = models,
                                               .model_count = 2,
                                               .keep_signatures = number % 2 == 0};
    snprintf(path, sizeof path, "%s/%llu-fused.tflite", run->out, (unsigned long long)number);
    const plait_status status = plait_fuse(ip, &options, path);
    if (status != PLAIT_OK) check_message(run, ip, number, status);
    run->fused += status == PLAIT_OK;
    if ((access(path, F_OK) == 0) != (status == PLAIT_OK)) run->failures++;
    return status == PLAIT_OK;
}

static bool split(struct run *run, struct plait_interpreter *ip, uint64_t number, const void *bytes,
                  size_t size)
{
    char first[512], second[512], tensor[32];
    const char *const tensors[] = {tensor};
    const struct plait_fuse_model model = {.name = "mutated", .data = bytes, .bytes = size};
    snprintf(first, sizeof first, "%s/%llu-a.tflite", run->out, (unsigned long long)number);
    snprintf(second, sizeof second, "%s/%llu-b.tflite", run->out, (unsigned long long)number);
    snprintf(tensor, sizeof tensor, "#%llu", (unsigned long long)(number % 20));
    const plait_status status = plait_split(ip, &model, tensors, 1, first, second);
    if (status != PLAIT_OK) check_message(run, ip, number, status);
    run->split += status == PLAIT_OK;
    if ((access(first, F_OK) == 0) != (status == PLAIT_OK)) run->failures++;
    if ((access(second, F_OK) == 0) != (status == PLAIT_OK)) run->failures++;
    return status == PLAIT_OK;
}

static void run_number(struct run *run, uint64_t number)
{
    struct plait_options options;
    struct plait_interpreter *ip = NULL;
    size_t size = 0;
    uint8_t *bytes = mutator_make(&run->mutator, run->seed, number, &size);
    if (bytes == NULL) return;
    plait_options_default(&options);
    options.memory_limit_bytes = memory_limit;
    options.tensor_limit_bytes = tensor_limit;
    if (plait_open(&options, &ip) != PLAIT_OK) abort();
    run->files++;
    const bool fused = fuse(run, ip, number, bytes, size);
    const bool parted = split(run, ip, number, bytes, size);
    if (fused || parted) keep(run, number, bytes, size);
    plait_close(ip);
    pl_free(run->mutator.memory, bytes, size);
}

static void *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size + 1);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) *size = 0;
    fclose(file);
    return bytes;
}

static bool run_model(struct run *run, const char *path, uint64_t from, uint64_t count)
{
    struct pl_memory memory;
    size_t size = 0;
    void *bytes = read_file(path, &size);
    pl_memory_init(&memory, pl_memory_system, NULL, SIZE_MAX);
    const bool good = bytes != NULL && mutator_init(&run->mutator, &memory, bytes, size);
    for (uint64_t i = 0; good && i < count; i++) run_number(run, from + i);
    mutator_clear(&run->mutator);
    free(bytes);
    return good;
}

int main(int argc, char **argv)
{
    uint64_t count = 100, from = 0;
    struct run run = {.out = ".", .seed = 1};
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--count") == 0) count = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--from") == 0) from = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--seed") == 0) run.seed = strtoull(argv[at + 1], NULL, 10);
        else if (strcmp(argv[at], "--out") == 0) run.out = argv[at + 1];
        else break;
    }
    if (argc - at < 2) {
        fprintf(stderr, "usage: %s [--count N] [--from N] [--seed N] [--out DIR] GOOD MODEL...\n",
                argv[0]);
        return 2;
    }
    run.good = argv[at++];
    const uint64_t each = (count + (uint64_t)(argc - at) - 1) / (uint64_t)(argc - at);
    bool good = true;
    for (; at < argc; at++, from += each) good = run_model(&run, argv[at], from, each) && good;
    printf("%llu files: %llu fused, %llu split, %llu refusals, %llu failures\n",
           (unsigned long long)run.files, (unsigned long long)run.fused,
           (unsigned long long)run.split, (unsigned long long)run.refused,
           (unsigned long long)run.failures);
    return good && run.failures == 0 ? 0 : 1;
}
