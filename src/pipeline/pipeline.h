/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline files: models, links between them, and names for what goes in and comes out, as JSON (docs/pipelines.md). */
#ifndef PL_PIPELINE_PIPELINE_H
#define PL_PIPELINE_PIPELINE_H

#include "interpreter/interpreter.h"

struct pl_pipeline_model {
    const char *name;
    const char *path; /* as it can be opened */
    struct pl_entry *entry;
    size_t set;  /* models that are linked, directly or not, have the same number */
    bool resized; /* inputs were given other shapes */
    bool *fed;   /* by input: a link or a named input does */
    bool *taken; /* by output: a link does */
};

struct pl_pipeline_link {
    const char *from_model;
    const char *output;
    const char *to_model;
    const char *input;
    struct pl_link_options options;
};

struct pl_pipeline_input {
    const char *name;
    struct pl_tensor_handle **targets; /* inputs of models that are fed; others get the same from the first by a link */
    size_t target_count;
    bool is_stream; /* its rows are pushed, by these options */
    struct pl_link_options window;
    bool is_picture;
    bool nearest;
    double mean;
    double deviation;
    int32_t sound_rate; /* samples a second, 0: nothing is said */
};

struct pl_pipeline_boxes {
    const char *name;
    struct pl_pipeline_model *model;
    struct pl_tensor_handle *tensor; /* that they are read off, */
    struct pl_tensor_handle *scores; /* and their scores */
    struct pl_boxes boxes;
};

struct pl_pipeline_output {
    const char *name;
    struct pl_tensor_handle *tensor;
    const struct pl_pipeline_boxes *boxes; /* that are read off it; NULL: it is shown as it is */
    struct pl_threshold *threshold; /* which makes it on or off, too; NULL: it has none */
    int32_t top;        /* best elements to show, 0: all */
    const char *labels; /* path of a file with names for the elements, NULL: none */
};

struct pl_pipeline {
    struct pl_interpreter *interpreter;
    struct pl_region region; /* this, and all it leads to */
    const char *file;        /* what messages call it */
    const char *folder;      /* of relative paths; "" or ends with '/' */
    struct pl_pipeline_model *models;
    size_t model_count;
    struct pl_entry **sets; /* the first model of each linked set */
    size_t set_count;
    struct pl_pipeline_boxes *boxes;
    size_t box_count;
    struct pl_pipeline_link *links;
    size_t link_count;
    struct pl_pipeline_input *inputs;
    size_t input_count;
    struct pl_pipeline_output *outputs;
    size_t output_count;
    bool whole; /* linked tensors live in the arena, so only what no link takes can be an output */
    struct pl_pipeline *next; /* of the same public interpreter */
};

/* Reads the file's text: loads its models, links them, and finds its names. Paths in it are relative to `folder`; `flags`
 * are pl_load_flags for every model. Where anything fails, nothing stays loaded. */
pl_status pl_pipeline_load(struct pl_interpreter *interpreter, const char *file, const char *folder, const void *text,
                           size_t bytes, uint32_t flags, struct pl_pipeline **pipeline, struct pl_error *error);
/* The same from a file, whose folder is that of its paths. */
pl_status pl_pipeline_load_file(struct pl_interpreter *interpreter, const char *path, uint32_t flags,
                                struct pl_pipeline **pipeline, struct pl_error *error);
/* Unloads its models; a failure (one runs, or is linked with others) leaves all as it was. */
pl_status pl_pipeline_unload(struct pl_pipeline *pipeline, struct pl_error *error);
/* Frees what describes it; its models are gone. */
void pl_pipeline_free(struct pl_pipeline *pipeline);

pl_status pl_pipeline_write(const struct pl_pipeline *pipeline, const char *input, const void *data, size_t bytes,
                            struct pl_error *error);
pl_status pl_pipeline_push(const struct pl_pipeline *pipeline, const char *input, const void *rows, size_t bytes,
                           struct pl_error *error);
pl_status pl_pipeline_run(const struct pl_pipeline *pipeline, struct pl_error *error);
pl_status pl_pipeline_read(const struct pl_pipeline *pipeline, const char *output, void *data, size_t bytes,
                           struct pl_error *error);
/* Of an output with a threshold. */
pl_status pl_pipeline_read_state(const struct pl_pipeline *pipeline, const char *output, struct pl_threshold_state *state,
                                 struct pl_error *error);

#endif
