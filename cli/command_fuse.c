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
#include "models.h"
#include "progress.h"
#include "talk.h"

/* The command line as the library takes it, with the texts it leads to. */
struct fuse_request {
    struct models models;
    struct plait_fuse_model *sources;
    struct link_text *texts;
    struct plait_fuse_link *links;
    size_t link_count;
    struct tensor_reference *references;
    struct plait_fuse_kept *kept;
    size_t kept_count;
};

static void free_request(struct fuse_request *request)
{
    for (size_t i = 0; i < request->link_count; i++) link_free(&request->texts[i]);
    for (size_t i = 0; i < request->kept_count; i++) reference_free(&request->references[i]);
    free(request->sources);
    free(request->texts);
    free(request->links);
    free(request->references);
    free(request->kept);
    models_close(&request->models);
}

static int read_links(struct fuse_request *request, const struct options *options)
{
    size_t position = 0;
    for (const char *value; (value = options_next(options, "--link", &position)) != NULL;) {
        size_t at = request->link_count++;
        request->texts = heap_grow(request->texts, at, sizeof *request->texts);
        int code = link_read(&request->texts[at], &request->models, value);
        if (code != EXIT_FINE) return code;
    }
    request->links = heap_array(request->link_count, sizeof *request->links);
    for (size_t i = 0; i < request->link_count; i++) {
        const struct link_text *text = &request->texts[i];
        request->links[i] =
            (struct plait_fuse_link){text->from.model_name, text->from.tensor_name,
                                     text->to.model_name, text->to.tensor_name, &text->options};
    }
    return EXIT_FINE;
}

static int read_kept(struct fuse_request *request, const struct options *options)
{
    size_t position = 0;
    for (const char *value; (value = options_next(options, "--keep", &position)) != NULL;) {
        size_t at = request->kept_count++;
        request->references = heap_grow(request->references, at, sizeof *request->references);
        request->kept = heap_grow(request->kept, at, sizeof *request->kept);
        struct tensor_reference *reference = &request->references[at];
        *reference = (struct tensor_reference){0};
        int code = reference_read(reference, &request->models, "--keep", value, NULL);
        if (code != EXIT_FINE) return code;
        request->kept[at] = (struct plait_fuse_kept){reference->model_name, reference->tensor_name};
    }
    return EXIT_FINE;
}

static int read_request(struct fuse_request *request, const struct options *options)
{
    int code = models_name(&request->models, options);
    if (code == EXIT_FINE) code = read_links(request, options);
    if (code == EXIT_FINE) code = read_kept(request, options);
    if (code != EXIT_FINE) return code;
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
    .arguments = "[NAME=]PATH... -o FILE",
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
