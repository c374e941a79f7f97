/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of TFLite_Detection_PostProcess share: detection.c prepares and decodes,
 * detection_choose.c chooses among boxes. */
#ifndef PL_OPS_DETECTION_INTERNAL_H
#define PL_OPS_DETECTION_INTERNAL_H

#include "ops/boxes.h"
#include "ops/heap.h"
#include "ops/op.h"

struct pl_dequantizer {
    float scale;
    float zero_point;
};

struct pl_detection {
    int32_t boxes;
    int32_t box_numbers; /* per box; the first four count */
    int32_t classes;
    int32_t columns;    /* classes, and a background before them */
    int32_t background; /* 0 or 1 */
    int32_t most_boxes; /* to be chosen */
    int32_t most_classes;
    int32_t most_per_class;
    int32_t most_found; /* most_boxes * most_classes: rows of the outputs */
    bool regular;
    bool quantized_boxes;
    bool quantized_scores;
    struct pl_dequantizer box, anchor, score;
    float box_scales[4]; /* of y, x, height, width */
    float score_threshold;
    float iou_threshold;
};

enum pl_detection_scratch {
    PL_DETECTION_CORNERS,  /* boxes struct pl_corners */
    PL_DETECTION_SCORES,   /* boxes * columns floats, if they were quantized */
    PL_DETECTION_KEPT,     /* twice boxes struct pl_heap_item */
    PL_DETECTION_SORTED,   /* struct pl_heap_item: most_boxes or classes, the larger */
    PL_DETECTION_COLUMN,   /* boxes floats */
    PL_DETECTION_SELECTED, /* boxes int32_t */
    PL_DETECTION_CLASSES   /* boxes * categories int32_t */
};

/* Classes per box in the fast form. */
static inline int32_t pl_detection_categories(const struct pl_detection *params)
{
    return params->most_classes < params->classes ? params->most_classes : params->classes;
}

/* Both fill the outputs and return the number of detections. */
int32_t pl_detection_choose_regular(const struct pl_eval *eval, const float *scores);
int32_t pl_detection_choose_fast(const struct pl_eval *eval, const float *scores);

#endif
