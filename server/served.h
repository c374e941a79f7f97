/* SPDX-License-Identifier: Apache-2.0 */
/* A model or pipeline that is being served: its inputs and outputs as the protocol names them, its turn, its statistics.
 * Counted: who found it keeps it until he lets it go, and the last one unloads it. */
#ifndef SERVER_SERVED_H
#define SERVER_SERVED_H

#include <stdatomic.h>

#include "batches.h"
#include "class_names.h"
#include "datatype.h"
#include "plait/plait.h"
#include "statistics.h"
#include "turnstile.h"

enum { MOST_RANK = 8, MOST_BATCH_INPUTS = 32, BOX_NUMBERS = 6 /* top, left, bottom, right, score, index */ };

struct served_tensor {
    char *name;
    struct bytes json_name; /* the same in quotes */
    const struct datatype *type;
    struct plait_tensor *tensor; /* of a pipeline's input: the first it feeds */
    struct plait_model *owner;   /* of an input: the model that has it, */
    size_t index;                /* and its number there */
    size_t rank;                 /* the protocol's shape: dimensions, -1 where requests may choose */
    int32_t dims[MOST_RANK];
    struct class_names labels;   /* of an output, a name for each element */
    struct plait_model *finder;  /* of an output: not the tensor is answered, but the boxes that are read off what this */
    struct plait_boxes boxes;    /* model gives, in these words: rows of BOX_NUMBERS; NULL: it is the tensor */
    int32_t row_axis;            /* rows along this axis are pushed; -1: the input is fed as a whole */
};

struct served {
    char *name;
    char *version;
    const char *platform;
    struct plait_interpreter *interpreter; /* the server's, or */
    bool owns_interpreter;           /* one of its own: a pipeline whose models are called like some there are */
    struct plait_model *model;       /* or NULL, and */
    struct plait_pipeline *pipeline; /* is set */
    struct served_tensor *inputs;
    size_t input_count;
    struct served_tensor *outputs;
    size_t output_count;
    bool is_streamed; /* some inputs are pushed: running it is done by pushing, where all are */
    bool is_fed;      /* some are not */
    struct turnstile turn;
    uint64_t last_run; /* nanoseconds, 0: it has not run; of whoever has the turn */
    int32_t class_number; /* the highest of its models, for requests without priority, */
    int32_t most_class;   /* and for those of priority 1 */
    struct batches batches;
    struct statistics statistics;
    atomic_uint users;
};

struct served_source {
    struct plait_interpreter *interpreter;
    const struct plait_options *options; /* of the interpreter */
    const char *name;
    const char *version;
    const char *path; /* FILE.json: a pipeline */
    unsigned most_waiting;
    int32_t class_number; /* -1: what a pipeline's file says, else 0 */
    int32_t most_class;   /* for requests of priority 1; not below it */
    struct batch_rule batch;
};

struct serve_options;
/* Fills what the options say of the model of this name. */
void served_source_set(struct served_source *source, const struct serve_options *options);
/* Loads and plans it. On failure *served is NULL, and `why`, which is empty before, says why. */
plait_status served_open(const struct served_source *source, struct served **served, struct bytes *why);
struct served *served_keep(struct served *served);
void served_let_go(struct served *served);

/* The class of a request: priority 1 has the highest that the model may have, each further one the next lower, down to the
 * model's own. */
int32_t served_class_of(const struct served *served, uint64_t urgency);
/* With the turn taken: of this model, or (NULL) of all of the pipeline. */
plait_status served_set_class(struct served *served, struct plait_model *model, int32_t number);

/* The pipeline's model that has this input, and the input's number there; NULL if it is none of one. */
struct plait_model *served_owner(const struct plait_pipeline *pipeline, const struct plait_tensor *input, size_t *index);

/* The names of tensors, for messages: "a, b". */
void served_list(const struct served_tensor *tensors, size_t count, struct bytes *list);

#endif
