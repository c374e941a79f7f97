/* SPDX-License-Identifier: Apache-2.0 */
/* plait fuse: several linked models become one file. */
#include "fuse_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "heap.h"
#include "link_text.h"
#include "models.h"
#include "pipeline_file.h"
#include "progress.h"
#include "talk.h"

/* The command line as the library takes it, with the texts it leads to. */
struct fuse_request {
    struct models models;
    struct plait_fuse_model *sources;
    struct link_text *texts;
    size_t text_count;
    struct plait_pipeline_link *given; /* by a pipeline file */
    size_t given_count;
    struct plait_fuse_link *links;
    size_t link_count;
    struct tensor_reference *references;
    size_t reference_count;
    char **names; /* of outputs that a pipeline keeps */
    size_t name_count;
    struct plait_fuse_kept *kept;
    size_t kept_count;
};

static void free_request(struct fuse_request *request)
{
    for (size_t i = 0; i < request->text_count; i++) link_free(&request->texts[i]);
    for (size_t i = 0; i < request->reference_count; i++) reference_free(&request->references[i]);
    for (size_t i = 0; i < request->name_count; i++) free(request->names[i]);
    free(request->names);
    free(request->sources);
    free(request->texts);
    free(request->given);
    free(request->links);
    free(request->references);
    free(request->kept);
    models_close(&request->models);
}

/* What the file of a pipeline says of windows, which are not only of links. */
static int read_pipeline(struct fuse_request *request)
{
    struct plait_pipeline_model model;
    struct plait_pipeline_input input;
    struct plait_pipeline_link link;
    for (size_t i = 0; plait_pipeline_model_at(request->models.pipeline, i, &model) == PLAIT_OK; i++)
        if (model.resized)
            return complain(EXIT_UNSUPPORTED, "fuse: the pipeline gives inputs of model %s other shapes, which fusing does not",
                            plait_model_name(model.model));
    for (size_t i = 0; plait_pipeline_input_at(request->models.pipeline, i, &input) == PLAIT_OK; i++) {
        if (input.is_stream)
            return complain(EXIT_UNSUPPORTED, "fuse: rows of input '%s' are pushed: one file cannot keep rows from one run to the next", input.name);
    }
    for (size_t i = 0; plait_pipeline_link_at(request->models.pipeline, i, &link) == PLAIT_OK; i++) {
        request->given = heap_grow(request->given, request->given_count, sizeof *request->given);
        request->given[request->given_count++] = link;
    }
    return EXIT_FINE;
}

static int read_links(struct fuse_request *request, const struct options *options)
{
    size_t position = 0;
    for (const char *value; (value = options_next(options, "--link", &position)) != NULL;) {
        size_t at = request->text_count++;
        request->texts = heap_grow(request->texts, at, sizeof *request->texts);
        int code = link_read(&request->texts[at], &request->models, value);
        if (code != EXIT_FINE) return code;
    }
    request->links = heap_array(request->given_count + request->text_count, sizeof *request->links);
    for (size_t i = 0; i < request->given_count; i++) {
        const struct plait_pipeline_link *link = &request->given[i];
        request->links[request->link_count++] = (struct plait_fuse_link){
            link->from_model, link->output, link->to_model, link->input, &link->options};
    }
    for (size_t i = 0; i < request->text_count; i++) {
        const struct link_text *text = &request->texts[i];
        request->links[request->link_count++] =
            (struct plait_fuse_link){text->from.model_name, text->from.tensor_name,
                                     text->to.model_name, text->to.tensor_name, &text->options};
    }
    return EXIT_FINE;
}

static void keep(struct fuse_request *request, const char *model, const char *output)
{
    request->kept = heap_grow(request->kept, request->kept_count, sizeof *request->kept);
    request->kept[request->kept_count++] = (struct plait_fuse_kept){model, output};
}

/* Outputs that a pipeline names stay, whether a link takes them or not. */
static void keep_named(struct fuse_request *request)
{
    struct plait_pipeline_output output;
    for (size_t i = 0; plait_pipeline_output_at(request->models.pipeline, i, &output) == PLAIT_OK; i++) {
        if (!models_takes(&request->models, output.tensor)) continue;
        size_t index = 0;
        while (plait_output(output.model, index) != output.tensor) index++;
        request->names = heap_grow(request->names, request->name_count, sizeof *request->names);
        request->names[request->name_count] = output_name(output.model, index);
        keep(request, plait_model_name(output.model), request->names[request->name_count++]);
    }
}

static int read_kept(struct fuse_request *request, const struct options *options)
{
    size_t position = 0;
    for (const char *value; (value = options_next(options, "--keep", &position)) != NULL;) {
        size_t at = request->reference_count++;
        request->references = heap_grow(request->references, at, sizeof *request->references);
        struct tensor_reference *reference = &request->references[at];
        *reference = (struct tensor_reference){0};
        int code = reference_read(reference, &request->models, "--keep", value, NULL);
        if (code != EXIT_FINE) return code;
        keep(request, reference->model_name, reference->tensor_name);
    }
    return EXIT_FINE;
}

static int read_request(struct fuse_request *request, const struct options *options)
{
    int code = models_name(&request->models, options);
    if (code == EXIT_FINE) code = read_pipeline(request);
    if (code == EXIT_FINE) code = read_links(request, options);
    if (code == EXIT_FINE) code = read_kept(request, options);
    if (code != EXIT_FINE) return code;
    keep_named(request);
    request->sources = heap_array(request->models.count, sizeof *request->sources);
    for (size_t i = 0; i < request->models.count; i++)
        request->sources[i] = (struct plait_fuse_model){.name = request->models.items[i].name,
                                                        .path = request->models.items[i].path};
    return EXIT_FINE;
}

static int write_file(const struct fuse_request *request, const struct options *options,
                      const char *path)
{
    struct plait_fuse_options fuse = {.struct_bytes = sizeof fuse,
                                      .models = request->sources,
                                      .model_count = request->models.count,
                                      .links = request->links,
                                      .link_count = request->link_count,
                                      .kept = request->kept,
                                      .kept_count = request->kept_count};
    fuse.keep_signatures = options_given(options, "--keep-signatures");
    progress_step("fusing %zu models", request->models.count);
    plait_status status = plait_fuse(request->models.interpreter, &fuse, path);
    progress_end();
    return status == PLAIT_OK ? EXIT_FINE
                              : complain_status(request->models.interpreter, status, "");
}

/* With --check the file has another name until it has passed. */
static int write_checked(const struct fuse_request *request, const struct options *options,
                         const char *path)
{
    char *unchecked = heap_text("%s.unchecked-%ld", path, (long)getpid());
    int code = write_file(request, options, unchecked);
    if (code == EXIT_FINE) {
        code = check_fused(options, unchecked);
        if (code == EXIT_FINE && rename(unchecked, path) != 0)
            code = complain(EXIT_FILE, "cannot write '%s': %s", path, strerror(errno));
        if (code != EXIT_FINE) unlink(unchecked);
    }
    free(unchecked);
    return code;
}

static int fuse(const struct command *command, int count, char **arguments)
{
    struct options options;
    struct fuse_request request = {0};
    int code = options_read(&options, command, count, arguments);
    const char *path = options_value(&options, "-o", NULL);
    if (code == EXIT_FINE) code = read_request(&request, &options);
    if (code == EXIT_FINE && path == NULL) code = complain(EXIT_USAGE, "fuse: where to? -o FILE");
    if (code == EXIT_FINE)
        code = (options_given(&options, "--check") ? write_checked : write_file)(&request, &options,
                                                                                 path);
    progress_end();
    free_request(&request);
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"-o", "FILE", VALUE_REQUIRED, "the file to write"},
    {"--link", "A.OUT=B.IN", VALUE_REQUIRED,
     "feed model B's input from model A's output, as plait run does"},
    {"--keep", "A.OUT", VALUE_REQUIRED, "keep an output that a link consumes"},
    {"--keep-signatures", "", VALUE_NONE, "the models' own signatures beside the whole's"},
    {"--check", "", VALUE_NONE,
     "run the linked models and the file on random inputs, and\n"
     "write it only if they agree in every bit"},
};

const struct command command_fuse = {
    .name = "fuse",
    .summary = "Writes one .tflite file that does what several linked models do.",
    .arguments = "[NAME=]PATH... | FILE.json -o FILE",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help =
        "The file runs wherever .tflite files run, and gives the bits that the models give one "
        "after another.\n"
        "Its inputs and outputs are those of the models in the order given; what a link consumes "
        "is no output\n"
        "unless it is kept. Tensor names that collide become NAME/TENSOR. Operators that compute "
        "the same from\n"
        "the same are there once. plait inspect shows which operators came from which model.\n"
        "\n"
        "The file appears only when it is complete and was loaded again.\n"
        "\n"
        "example:\n"
        "  plait fuse features=trunk.tflite head=head.tflite --link features=head --check \\\n"
        "      -o whole.tflite\n",
    .run = fuse,
};
