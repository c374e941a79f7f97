/* SPDX-License-Identifier: Apache-2.0 */
/* The models of a command line: loaded under their names into one interpreter, linked, and found
 * again by name.
 *
 * Names are MODEL or MODEL.TENSOR, split at the first dot; the tensor may be left out where there
 * is only one. */
#ifndef CLI_MODELS_H
#define CLI_MODELS_H

#include <stdbool.h>

#include "options.h"
#include "plait/plait.h"

enum { MODELS_MOST_LANES = 64 };

struct loaded_model {
    struct plait_model *model;
    char *name;
    const char *path;
    char *unsupported; /* the library's list of what is missing, NULL if nothing is */
    size_t set;        /* models that are linked, directly or not, have the same number */
    bool of_pipeline;  /* given by the pipeline file */
    uint64_t runs;     /* in a set with windows: how often it ran */
};

struct model_link {
    struct plait_tensor *from;
    struct plait_tensor *to;
    struct plait_link_options options; /* without what they point to */
    bool cuts; /* parts out of a picture */
};

struct models {
    struct plait_interpreter *interpreter;
    struct loaded_model *items;
    size_t count;
    struct model_link *links;
    size_t link_count;
    struct plait_pipeline *pipeline; /* of a FILE.json, NULL if there is none */
    bool has_windows;
    bool has_conditions;
};

/* "MODEL.TENSOR=REST" taken apart; the texts are the reference's own. */
struct tensor_reference {
    char *model_name;
    char *tensor_name; /* "" if left out */
    const char *rest;  /* NULL if there is no '=' */
    const struct loaded_model *model;
};

/* The length of NAME in NAME=PATH, 0 where there is none. */
size_t given_name_length(const char *argument);

/* Opens the interpreter, with --lanes, and loads every path of the command line, models and a pipeline file. Returns an exit code;
 * models_close() in any case. With allow_unsupported, models with missing operators are loaded
 * too, and same stems get numbers. */
int models_load(struct models *models, const struct options *options, int64_t threads,
                bool allow_unsupported);

/* The same, with names and paths alone of models that no pipeline file loads. */
int models_name(struct models *models, const struct options *options);

/* A link that was made, `what` being what a note calls it. */
void models_note_link(struct models *models, const char *what, const struct model_link *link);

/* Makes the links of the command line. */
int models_link(struct models *models, const struct options *options);
/* Says how many models sleep and how many were woken, if any. */
void models_note_sleep(const struct models *models);
void models_close(struct models *models);
/* NULL if there is none of this name. */
struct loaded_model *models_find(const struct models *models, const char *name);

/* Takes an option's value apart and finds its model. With `form`, something must stand behind
 * '=', and the form is what a complaint shows. reference_free() in any case. */
int reference_read(struct tensor_reference *reference, const struct models *models,
                   const char *option, const char *value, const char *form);
void reference_free(struct tensor_reference *reference);

/* By how many links, at most, each model is behind one that no other feeds. To be freed. */
size_t *models_depths(const struct models *models);

/* Whether a link feeds this input, or takes this output. */
bool models_feeds(const struct models *models, const struct plait_tensor *input);
bool models_takes(const struct models *models, const struct plait_tensor *output);

/* The tensor's name as the command line takes it, without the model: a signature's name, the
 * tensor's, or "#index" where it has none or shares it. To be freed. */
char *input_name(const struct plait_model *model, size_t index);
char *output_name(const struct plait_model *model, size_t index);

/* "uint8 [1, 224, 224, 3]", with -1 where the file leaves a dimension open and `open` is set. To
 * be freed. */
char *tensor_shape_text(const struct plait_tensor *tensor, bool open);
size_t tensor_elements(const struct plait_tensor *tensor);
/* A string of a tensor of strings; "" if it has none yet. */
const char *tensor_text(const struct plait_tensor *tensor, size_t index, size_t *length);

#endif
