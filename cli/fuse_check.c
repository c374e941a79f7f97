/* SPDX-License-Identifier: Apache-2.0 */
/* plait fuse --check: the linked models and the fused file side by side in one interpreter. */
#include <stdlib.h>
#include <string.h>

#include "fuse_check.h"
#include "heap.h"
#include "models.h"
#include "random_input.h"
#include "talk.h"

enum { CHECK_RUNS = 5 };

/* Tensors of the models in the order in which the fused file has them. */
struct end_list {
    struct plait_tensor **items;
    size_t count;
};

static void add_end(struct end_list *list, struct plait_tensor *tensor)
{
    list->items = heap_grow(list->items, list->count, sizeof *list->items);
    list->items[list->count++] = tensor;
}

/* Whether --keep or the pipeline names this output. */
static bool is_kept(const struct models *models, const struct options *options,
                    const struct plait_tensor *output)
{
    size_t position = 0;
    bool kept = false;
    struct plait_pipeline_output named;
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, &named) == PLAIT_OK; i++)
        kept = kept || named.tensor == output;
    for (const char *value; (value = options_next(options, "--keep", &position)) != NULL;) {
        struct tensor_reference reference = {0};
        if (reference_read(&reference, models, "--keep", value, NULL) == EXIT_FINE)
            kept =
                kept || plait_find_output(reference.model->model, reference.tensor_name) == output;
        reference_free(&reference);
    }
    return kept;
}

static void find_ends(const struct models *models, const struct options *options,
                      struct end_list *inputs, struct end_list *outputs)
{
    for (size_t m = 0; m < models->count; m++) {
        struct plait_model *model = models->items[m].model;
        for (size_t i = 0; i < plait_input_count(model); i++)
            if (!models_feeds(models, plait_input(model, i)))
                add_end(inputs, plait_input(model, i));
        for (size_t i = 0; i < plait_output_count(model); i++) {
            struct plait_tensor *output = plait_output(model, i);
            if (!models_takes(models, output) || is_kept(models, options, output))
                add_end(outputs, output);
        }
    }
}

/* The same random numbers for an input of the models and its like in the fused file. */
static int feed(const struct models *models, struct plait_tensor *tensor, struct plait_tensor *like,
                size_t index, uint64_t seed)
{
    size_t bytes = plait_tensor_bytes(tensor);
    char *name = heap_text("%zu", index);
    void *elements = heap_array(bytes, 1);
    plait_status status = PLAIT_OK;
    int code = EXIT_FINE;
    if (!random_elements(plait_tensor_type(tensor), tensor_elements(tensor), seed, name, elements))
        code = complain(EXIT_USAGE, "--check: no random numbers for input %zu, %s", index,
                        plait_type_name(plait_tensor_type(tensor)));
    if (code == EXIT_FINE) status = plait_tensor_write(tensor, elements, bytes);
    if (code == EXIT_FINE && status == PLAIT_OK) status = plait_tensor_write(like, elements, bytes);
    if (status != PLAIT_OK) code = complain_status(models->interpreter, status, "--check");
    free(elements);
    free(name);
    return code;
}

static int run_all(const struct models *models, struct plait_model *fused)
{
    plait_status status = plait_invoke(fused);
    for (size_t i = 0; status == PLAIT_OK && i < models->count; i++) {
        bool ran = false;
        for (size_t k = 0; k < i; k++) ran = ran || models->items[k].set == models->items[i].set;
        if (!ran) status = plait_run(models->items[i].model);
    }
    return status == PLAIT_OK ? EXIT_FINE : complain_status(models->interpreter, status, "--check");
}

static int compare(const struct end_list *outputs, const struct plait_model *fused, int run)
{
    for (size_t i = 0; i < outputs->count; i++) {
        const struct plait_tensor *here = outputs->items[i], *there = plait_output(fused, i);
        size_t bytes = plait_tensor_bytes(here);
        const void *a = plait_tensor_data(here), *b = plait_tensor_data(there);
        if (bytes == plait_tensor_bytes(there) && (bytes == 0 || memcmp(a, b, bytes) == 0))
            continue;
        return complain(EXIT_MISMATCH,
                        "--check: run %d: output %zu of the fused file, '%s', is not what the "
                        "linked models give",
                        run, i, plait_tensor_name(there));
    }
    return EXIT_FINE;
}

static int run_check(const struct models *models, struct plait_model *fused,
                     const struct end_list *inputs, const struct end_list *outputs)
{
    if (plait_input_count(fused) != inputs->count || plait_output_count(fused) != outputs->count)
        return complain(EXIT_MISMATCH, "--check: the fused file has other inputs or outputs");
    plait_status status = plait_allocate(models->interpreter);
    if (status != PLAIT_OK) return complain_status(models->interpreter, status, "--check");
    int code = EXIT_FINE;
    for (int run = 0; code == EXIT_FINE && run < CHECK_RUNS; run++) {
        for (size_t i = 0; code == EXIT_FINE && i < inputs->count; i++)
            code = feed(models, inputs->items[i], plait_input(fused, i), i, (uint64_t)run);
        if (code == EXIT_FINE) code = run_all(models, fused);
        if (code == EXIT_FINE) code = compare(outputs, fused, run);
    }
    if (code == EXIT_FINE)
        note("--check: %d runs on random inputs, %zu output%s, equal in every bit", CHECK_RUNS,
             outputs->count, outputs->count == 1 ? "" : "s");
    return code;
}

/* A name that no model of the command line has: they all are shorter. */
static char *other_name(const struct models *models)
{
    char *name = heap_text("fused");
    for (size_t i = 0; i < models->count; i++) {
        char *longer = heap_text("%s_%s", name, models->items[i].name);
        free(name);
        name = longer;
    }
    return name;
}

int check_fused(const struct options *options, const char *path)
{
    struct models models = {0};
    struct plait_model *fused = NULL;
    struct end_list inputs = {0}, outputs = {0};
    int code = models_load(&models, options, 1, false);
    if (code == EXIT_FINE) code = models_link(&models, options);
    if (code == EXIT_FINE) {
        char *name = other_name(&models);
        plait_status status = plait_load_file(models.interpreter, name, path, NULL, &fused);
        if (status != PLAIT_OK) code = complain_status(models.interpreter, status, "--check");
        free(name);
    }
    if (code == EXIT_FINE) {
        find_ends(&models, options, &inputs, &outputs);
        code = run_check(&models, fused, &inputs, &outputs);
    }
    free(inputs.items);
    free(outputs.items);
    models_close(&models);
    return code;
}
