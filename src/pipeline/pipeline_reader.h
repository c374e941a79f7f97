/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a pipeline file share. */
#ifndef PL_PIPELINE_PIPELINE_READER_H
#define PL_PIPELINE_PIPELINE_READER_H

#include "model/name_order.h"
#include "pipeline/fields.h"
#include "pipeline/pipeline.h"

struct pl_pipeline_reader {
    struct pl_pipeline *pipeline;
    struct pl_json_source source;
    uint32_t flags;
    struct pl_named *names; /* of the models, sorted; the number is the model's */
};

/* MODEL.TENSOR, split at the first dot: a tensor of the pipeline's own models. */
struct pl_end {
    struct pl_pipeline_model *model;
    const char *model_name;
    const char *tensor_name; /* "" if left out */
    int32_t index;           /* among the inputs or outputs */
    struct pl_tensor_handle *tensor;
};
pl_status pl_pipeline_find_end(const struct pl_pipeline_reader *reader, const struct pl_json *value, bool output,
                               struct pl_end *end);
/* NULL if there is none of this name. */
struct pl_pipeline_model *pl_pipeline_find_model(const struct pl_pipeline_reader *reader, const char *name);
/* Names of inputs, outputs and boxes. */
pl_status pl_pipeline_check_name(const struct pl_pipeline_reader *reader, const struct pl_json *member);
/* Marks an input as fed, or refuses because it is already. */
pl_status pl_pipeline_feed(const struct pl_pipeline_reader *reader, const struct pl_json *value, const struct pl_end *end);

/* An array in the region; NULL with the message set. */
void *pl_pipeline_array(const struct pl_pipeline_reader *reader, size_t count, size_t bytes);
/* A path relative to the pipeline's folder as it can be opened; NULL with the message set. */
const char *pl_pipeline_path(const struct pl_pipeline_reader *reader, const char *path);

/* pipeline_names.c: the names that find a tensor, as messages and callers can use them; NULL: there is no memory. */
const char *pl_pipeline_own_name(const struct pl_pipeline_reader *reader, const struct pl_pipeline_model *model, bool output,
                                 int32_t index);
/* How many inputs nothing feeds so far, or how many outputs no link takes. */
size_t pl_pipeline_free_ends(const struct pl_pipeline *pipeline, bool output);

/* pipeline_models.c, pipeline_boxes.c, pipeline_links.c, pipeline_inputs.c, pipeline_outputs.c: each takes one member of the file; NULL: it is not there. */
pl_status pl_pipeline_read_models(struct pl_pipeline_reader *reader, const struct pl_json *models);
pl_status pl_pipeline_read_boxes(struct pl_pipeline_reader *reader, const struct pl_json *boxes);
pl_status pl_pipeline_read_links(struct pl_pipeline_reader *reader, const struct pl_json *links);
pl_status pl_pipeline_read_inputs(struct pl_pipeline_reader *reader, const struct pl_json *inputs);
pl_status pl_pipeline_read_outputs(struct pl_pipeline_reader *reader, const struct pl_json *outputs);

/* The options of a link or of rows that are pushed. window, scale, offset: NULL if not there. */
pl_status pl_pipeline_read_window(const struct pl_pipeline_reader *reader, const struct pl_json *window,
                                  struct pl_link_options *options);
/* NULL if not there. */
pl_status pl_pipeline_read_crop(const struct pl_pipeline_reader *reader, const struct pl_json *value,
                                struct pl_link_options *options);
/* Boxes of this name. */
pl_status pl_pipeline_find_boxes(const struct pl_pipeline_reader *reader, const struct pl_json *value,
                                 const struct pl_pipeline_boxes **found);
/* A threshold of values, which both conditions and outputs have: NULL where nothing is said. */
void pl_pipeline_read_threshold(const struct pl_json *threshold, const struct pl_json *until, const struct pl_json *index,
                                struct pl_condition *condition);
/* Two models are linked from now on. */
void pl_pipeline_join_sets(struct pl_pipeline *pipeline, size_t from, size_t to);
void pl_pipeline_read_scale(const struct pl_json *scale, const struct pl_json *offset, struct pl_link_options *options);

#endif
