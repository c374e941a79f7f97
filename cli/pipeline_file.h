/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline files (FILE.json) on a command line: their models and links are as if they had been given there, and their
 * inputs and outputs have names. */
#ifndef CLI_PIPELINE_FILE_H
#define CLI_PIPELINE_FILE_H

#include "models.h"

/* Whether an argument is a pipeline file and not a model. */
bool pipeline_is(const char *argument);

/* Loads the file and adds its models and links. Returns an exit code. */
int pipeline_load(struct models *models, const char *path, bool allow_unsupported);

/* The input or output of the pipeline that is called so at the beginning of `value`, which ends or goes on with '='. False
 * if there is none. */
bool pipeline_find_input(const struct models *models, const char *value, struct plait_pipeline_input *input);
bool pipeline_find_output(const struct models *models, const char *value, struct plait_pipeline_output *output);

/* The pipeline's input that feeds this one; false if there is none. */
bool pipeline_input_of(const struct models *models, const struct plait_tensor *tensor, struct plait_pipeline_input *input);
/* "; inputs: A, B; outputs: C", "" without a pipeline. To be freed. */
char *pipeline_names(const struct models *models);

/* Whether rows of this input are pushed. */
bool pipeline_is_stream(const struct models *models, const struct plait_tensor *input);

/* What the command line calls an input: its name in the pipeline, else MODEL.TENSOR. To be freed. */
char *input_label(const struct models *models, const struct loaded_model *model, size_t index);

/* The model that has this input or output. */
const struct loaded_model *models_of(const struct models *models, const struct plait_tensor *tensor);

#endif
