/* SPDX-License-Identifier: Apache-2.0 */
/* plait split: a model becomes two files. */
#include <stdlib.h>

#include "commands.h"
#include "heap.h"
#include "models.h"
#include "progress.h"
#include "talk.h"

/* All values given for an option. To be freed. */
static const char **all_values(const struct options *options, const char *name, size_t *count)
{
    const char **values = NULL;
    size_t position = 0;
    *count = 0;
    for (const char *value; (value = options_next(options, name, &position)) != NULL;) {
        values = heap_grow(values, *count, sizeof *values);
        values[(*count)++] = value;
    }
    return values;
}

static int split_model(const struct models *models, const struct options *options)
{
    size_t tensor_count, path_count;
    const char **tensors = all_values(options, "--at", &tensor_count);
    const char **paths = all_values(options, "-o", &path_count);
    int code = EXIT_FINE;
    if (models->count != 1) code = complain(EXIT_USAGE, "split: one model at a time");
    else if (tensor_count == 0) code = complain(EXIT_USAGE, "split: where? --at TENSOR...");
    else if (path_count != 2) code = complain(EXIT_USAGE, "split: two files are needed: -o A B");
    if (code == EXIT_FINE) {
        struct plait_fuse_model model = {.name = models->items[0].name,
                                         .path = models->items[0].path};
        plait_status status =
            plait_split(models->interpreter, &model, tensors, tensor_count, paths[0], paths[1]);
        if (status != PLAIT_OK) code = complain_status(models->interpreter, status, "");
    }
    free(tensors);
    free(paths);
    return code;
}

static int split(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct models models = {0};
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE) code = models_name(&models, &options);
    if (code == EXIT_FINE) code = split_model(&models, &options);
    progress_end();
    models_close(&models);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--at", "TENSOR...", VALUE_MANY, "the tensors to cut at, by name or #index"},
    {"-o", "A B", VALUE_MANY, "the two files to write"},
};

const struct command command_split = {
    .name = "split",
    .summary = "Cuts a model at tensors into two files.",
    .arguments = "[NAME=]PATH --at TENSOR... -o A B",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "A ends with the tensors, B begins with them. A tensor that both need beside these is "
            "refused by its\n"
            "name. plait fuse makes one model of both again, with the bits of the first.\n"
            "\n"
            "#index counts all tensors of the model's first subgraph (plait inspect --ops).\n"
            "\n"
            "example:\n"
            "  plait split whole.tflite --at features -o trunk.tflite head.tflite\n",
    .run = split,
};
