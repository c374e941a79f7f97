/* SPDX-License-Identifier: Apache-2.0 */
/* What a run produced: outputs, their elements as numbers, their best, and the files they are
 * written to. */
#ifndef CLI_RESULTS_H
#define CLI_RESULTS_H

#include "labels.h"
#include "models.h"
#include "options.h"

struct ranked {
    size_t index;
    double score; /* dequantized */
    double raw;   /* the element itself */
};

struct result {
    const struct loaded_model *model;
    struct plait_tensor *tensor;
    size_t index; /* of the output */
    char *name;   /* MODEL.TENSOR, or what the pipeline calls it */
    char *tensor_name;
    char *file;   /* where it is written, NULL: it is printed */
    bool absent;  /* its model did not run: a condition did not hold */
    bool shown;   /* it was, with each run of its model */
    struct json_t *runs; /* what each of them gave, for a document; NULL: it is one run */
    bool has_boxes; /* that are shown instead of the tensor */
    struct plait_boxes boxes;
    const struct plait_pipeline *pipeline; /* of an output with a threshold, and what that calls it; else NULL */
    const char *threshold_of;
    bool linked;  /* a link takes it: asked for by --output, not printed */
    size_t most_top; /* how many of the best elements to show; 0: all elements */
    struct labels own_labels; /* of the pipeline; those of the command line are for all */
    struct ranked *top;
    size_t top_count;
};

struct results {
    struct result *items;
    size_t count;
};

/* Lists the outputs of the pipeline, those of other models that no link takes, and those that --output asks for, with
 * `top` best elements of each (0: what the pipeline says, else all). Before the run, so that a wrong name does not cost
 * one. Returns an exit code; results_free() in any case. */
int results_plan(struct results *results, const struct models *models,
                 const struct options *options, size_t top);

/* Ranks the best elements of an output that wants it. */
void results_rank(struct result *result);

/* What boxes its model gave. *count of them, to be freed. */
struct plait_box *result_boxes(const struct result *result, size_t *count);

/* Whether it is on, of an output with a threshold; false: it has none. */
bool result_state(const struct result *result, struct plait_output_state *state);

/* After the run: writes the files, and ranks the best elements of each output that wants it. */
int results_collect(struct results *results);
void results_free(struct results *results);

/* Whether elements of this type can be shown as numbers. */
bool type_is_number(plait_type type);

/* An element, as it is and with its quantization taken off. The tensor has data. */
double element_raw(const struct plait_tensor *tensor, size_t index);
double element_score(const struct plait_tensor *tensor, size_t index);

/* Whether scores differ from the elements themselves. */
bool tensor_is_quantized(const struct plait_tensor *tensor);

/* The label of an output's element; NULL where the labels are not of this output. */
const char *result_label(const struct result *result, const struct labels *labels, size_t index);

#endif
