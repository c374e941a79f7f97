/* SPDX-License-Identifier: Apache-2.0 */
/* The custom operator TFLite_Detection_PostProcess: encoded boxes and class scores of a detector
 * become the best boxes with their classes. Boxes relate to anchors; of boxes that overlap too much
 * the better one is kept, for each class by itself (regular) or for the best class of each box
 * (fast). Outputs that no detection fills are 0. */
#include <math.h>
#include <string.h>

#include "ops/detection_internal.h"

#include "ops/check.h"
#include "ops/custom_options.h"

/* y, x, height and width of a box or an anchor. */
struct centre {
    float y, x, h, w;
};

static struct centre read_centre(const void *numbers, int64_t at, bool quantized,
                                 const struct pl_dequantizer *dequantizer)
{
    float value[4];
    for (int32_t i = 0; i < 4; i++) {
        value[i] = quantized
                       ? ((float)((const uint8_t *)numbers)[at + i] - dequantizer->zero_point) *
                             dequantizer->scale
                       : ((const float *)numbers)[at + i];
    }
    return (struct centre){value[0], value[1], value[2], value[3]};
}

static struct pl_corners decode(const struct pl_detection *params, const struct centre *box,
                                const struct centre *anchor)
{
    const float *scale = params->box_scales;
    const float y =
        (float)((double)box->y / (double)scale[0] * (double)anchor->h + (double)anchor->y);
    const float x =
        (float)((double)box->x / (double)scale[1] * (double)anchor->w + (double)anchor->x);
    const float half_h = (float)(0.5 * exp((double)box->h / (double)scale[2]) * (double)anchor->h);
    const float half_w = (float)(0.5 * exp((double)box->w / (double)scale[3]) * (double)anchor->w);
    return (struct pl_corners){y - half_h, x - half_w, y + half_h, x + half_w};
}

static pl_status decode_boxes(const struct pl_eval *eval, struct pl_corners *corners)
{
    const struct pl_detection *params = eval->params;
    for (int64_t i = 0; i < params->boxes; i++) {
        const struct centre box = read_centre(eval->inputs[0], i * params->box_numbers,
                                              params->quantized_boxes, &params->box);
        const struct centre anchor =
            read_centre(eval->inputs[2], i * 4, params->quantized_boxes, &params->anchor);
        corners[i] = decode(params, &box, &anchor);
        if (corners[i].y1 > corners[i].y2 || corners[i].x1 > corners[i].x2)
            return pl_eval_fail(eval, "box %lld ends before it begins", (long long)i);
    }
    return PL_OK;
}

static const float *read_scores(const struct pl_eval *eval)
{
    const struct pl_detection *params = eval->params;
    if (!params->quantized_scores) return eval->inputs[1];
    const uint8_t *quantized = eval->inputs[1];
    float *scores = eval->scratch[PL_DETECTION_SCORES];
    for (int64_t i = 0; i < (int64_t)params->boxes * params->columns; i++)
        scores[i] = ((float)quantized[i] - params->score.zero_point) * params->score.scale;
    return scores;
}

static pl_status eval_detection(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct pl_detection *params = eval->params;
    (void)from;
    (void)to;
    const size_t found = (size_t)params->most_found;
    memset(eval->outputs[0], 0, found * sizeof(struct pl_corners));
    memset(eval->outputs[1], 0, found * sizeof(float));
    memset(eval->outputs[2], 0, found * sizeof(float));
    PL_TRY(decode_boxes(eval, eval->scratch[PL_DETECTION_CORNERS]));
    const float *scores = read_scores(eval);
    float *count = eval->outputs[3];
    *count = (float)(params->regular ? pl_detection_choose_regular(eval, scores)
                                     : pl_detection_choose_fast(eval, scores));
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status read_thresholds(const struct pl_custom_options *options,
                                 struct pl_detection *params)
{
    static const char *const scales[] = {"y_scale", "x_scale", "h_scale", "w_scale"};
    PL_TRY(pl_custom_real(options, "nms_score_threshold", &params->score_threshold));
    PL_TRY(pl_custom_real(options, "nms_iou_threshold", &params->iou_threshold));
    if (!(params->iou_threshold > 0 && params->iou_threshold <= 1))
        return pl_prepare_fail(options->prepare, PL_INVALID_MODEL,
                               "option nms_iou_threshold: found %g, expected above 0, up to 1",
                               (double)params->iou_threshold);
    for (int32_t i = 0; i < 4; i++)
        PL_TRY(pl_custom_real(options, scales[i], &params->box_scales[i]));
    return PL_OK;
}

static pl_status read_options(struct pl_prepare *prepare, struct pl_detection *params)
{
    enum { MOST = 1 << 20 };
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(pl_custom_int32(&options, "max_detections", 1, MOST, &params->most_boxes));
    PL_TRY(
        pl_custom_int32(&options, "max_classes_per_detection", 1, 1 << 10, &params->most_classes));
    PL_TRY(pl_custom_int32(&options, "num_classes", 1, MOST, &params->classes));
    PL_TRY(pl_custom_bool(&options, "use_regular_nms", &params->regular));
    params->most_per_class = 100;
    if (pl_custom_has(&options, "detections_per_class"))
        PL_TRY(pl_custom_int32(&options, "detections_per_class", params->regular ? 1 : INT32_MIN,
                               INT32_MAX, &params->most_per_class));
    params->most_found = params->most_boxes * params->most_classes;
    return read_thresholds(&options, params);
}

static pl_status check_geometry(struct pl_prepare *prepare, struct pl_detection *params)
{
    for (int32_t i = 0; i < 3; i++) {
        const int32_t rank = i == 2 ? 2 : 3;
        PL_TRY(pl_check_rank(prepare, pl_input(i), rank, rank));
    }
    const struct pl_shape *boxes = &prepare->inputs[0]->shape;
    const struct pl_shape *scores = &prepare->inputs[1]->shape;
    char text[PL_SHAPE_TEXT_BYTES];
    params->boxes = boxes->dims[1];
    params->box_numbers = boxes->dims[2];
    params->columns = scores->dims[2];
    params->background = params->columns - params->classes;
    if (boxes->dims[0] != 1 || params->box_numbers < 4)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                             "found shape %s, expected one batch of boxes of at least 4 numbers",
                             pl_shape_text(boxes, text));
    if (scores->dims[0] != 1 || scores->dims[1] != params->boxes || params->background < 0 ||
        params->background > 1)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                             "found shape %s, expected scores of %d boxes for %d classes, with or "
                             "without a background",
                             pl_shape_text(scores, text), (int)params->boxes, (int)params->classes);
    if ((int64_t)params->boxes * params->columns > INT32_MAX)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(1), "there are too many scores");
    return pl_check_count(prepare, pl_input(2), (int64_t)params->boxes * 4);
}

static pl_status read_quantization(struct pl_prepare *prepare, int32_t input,
                                   struct pl_dequantizer *dequantizer, bool *quantized)
{
    const struct pl_tensor *tensor = prepare->inputs[input]->tensor;
    PL_TRY(
        pl_check_type(prepare, pl_input(input), PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_UINT8)));
    *quantized = tensor->type == PL_UINT8;
    if (!*quantized) return PL_OK;
    PL_TRY(pl_check_quantized(prepare, pl_input(input)));
    dequantizer->scale = tensor->quantization.scales[0];
    dequantizer->zero_point = (float)tensor->quantization.zero_points[0];
    return PL_OK;
}

static pl_status set_outputs(struct pl_prepare *prepare, const struct pl_detection *params)
{
    const int32_t found = params->most_found;
    const struct pl_shape shapes[] = {
        {3, {1, found, 4}}, {2, {1, found}}, {2, {1, found}}, {1, {1}}};
    for (int32_t i = 0; i < 4; i++) {
        PL_TRY(pl_check_type(prepare, pl_output(i), PL_TYPE_BIT(PL_FLOAT32)));
        PL_TRY(pl_check_set_output(prepare, i, &shapes[i]));
    }
    return PL_OK;
}

/* In the order of enum pl_detection_scratch. */
static void ask_for_scratch(struct pl_prepare *prepare, const struct pl_detection *params)
{
    const size_t boxes = (size_t)params->boxes;
    const size_t scores = params->quantized_scores ? boxes * (size_t)params->columns : 0;
    const int32_t sorted =
        params->most_boxes > params->classes ? params->most_boxes : params->classes;
    const size_t classes = params->regular ? 0 : boxes * (size_t)pl_detection_categories(params);
    pl_prepare_scratch(prepare, boxes * sizeof(struct pl_corners), false);
    pl_prepare_scratch(prepare, scores * sizeof(float), false);
    pl_prepare_scratch(prepare, boxes * 2 * sizeof(struct pl_heap_item), false);
    pl_prepare_scratch(prepare, (size_t)sorted * sizeof(struct pl_heap_item), false);
    pl_prepare_scratch(prepare, boxes * sizeof(float), false);
    pl_prepare_scratch(prepare, boxes * sizeof(int32_t), false);
    pl_prepare_scratch(prepare, classes * sizeof(int32_t), false);
}

pl_status pl_prepare_detection_post_process(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 4));
    struct pl_detection *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    bool quantized_anchors = false;
    PL_TRY(read_quantization(prepare, 0, &params->box, &params->quantized_boxes));
    PL_TRY(read_quantization(prepare, 1, &params->score, &params->quantized_scores));
    PL_TRY(read_quantization(prepare, 2, &params->anchor, &quantized_anchors));
    PL_TRY(pl_check_same_type(prepare, pl_input(2), pl_input(0)));
    PL_TRY(read_options(prepare, params));
    PL_TRY(check_geometry(prepare, params));
    PL_TRY(set_outputs(prepare, params));
    ask_for_scratch(prepare, params);
    prepare->params = params;
    pl_prepare_stage(prepare, eval_detection, 1,
                     pl_cost((int64_t)params->boxes * params->columns, 16));
    return PL_OK;
}
