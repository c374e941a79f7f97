/* SPDX-License-Identifier: Apache-2.0 */
/* "boxes" of a pipeline file, and what is cut out at them. */
#include <float.h>
#include <string.h>

#include "pipeline/pipeline_reader.h"

enum { BOXES_FROM, BOXES_SCORES, BOXES_CLASS, BOXES_SIGMOID, BOXES_ORDER, BOXES_THRESHOLD, BOXES_OVERLAP, BOXES_MOST,
       BOXES_ANCHORS, BOXES_FIELDS };

static const struct pl_json_field boxes_fields[BOXES_FIELDS] = {
    [BOXES_FROM] = {.name = "from", .kind = PL_FIELD_TEXT, .required = true},
    [BOXES_SCORES] = {.name = "scores", .kind = PL_FIELD_TEXT, .required = true},
    [BOXES_CLASS] = {.name = "class", .kind = PL_FIELD_WHOLE, .least = 0, .most = INT32_MAX},
    [BOXES_SIGMOID] = {.name = "sigmoid", .kind = PL_FIELD_FLAG},
    [BOXES_ORDER] = {.name = "order", .kind = PL_FIELD_TEXT},
    [BOXES_THRESHOLD] = {.name = "threshold", .kind = PL_FIELD_REAL, .least = -DBL_MAX, .most = DBL_MAX},
    [BOXES_OVERLAP] = {.name = "overlap", .kind = PL_FIELD_REAL, .least = 0, .most = 1},
    [BOXES_MOST] = {.name = "most", .kind = PL_FIELD_WHOLE, .least = 1, .most = PL_MAX_BOXES},
    [BOXES_ANCHORS] = {.name = "anchors", .kind = PL_FIELD_OBJECT},
};
static const struct pl_json_fields boxes_table = {"boxes", boxes_fields, BOXES_FIELDS};

enum { ANCHORS_PICTURE, ANCHORS_LEVELS, ANCHORS_VARIANCES, ANCHORS_LINEAR, ANCHORS_FIELDS };

static const struct pl_json_field anchors_fields[ANCHORS_FIELDS] = {
    [ANCHORS_PICTURE] = {.name = "picture", .kind = PL_FIELD_LIST, .required = true},
    [ANCHORS_LEVELS] = {.name = "levels", .kind = PL_FIELD_LIST, .required = true},
    [ANCHORS_VARIANCES] = {.name = "variances", .kind = PL_FIELD_LIST},
    [ANCHORS_LINEAR] = {.name = "linear", .kind = PL_FIELD_FLAG},
};
static const struct pl_json_fields anchors_table = {"anchors", anchors_fields, ANCHORS_FIELDS};

enum { LEVEL_STEP, LEVEL_SIZES, LEVEL_FIELDS };

static const struct pl_json_field level_fields[LEVEL_FIELDS] = {
    [LEVEL_STEP] = {.name = "step", .kind = PL_FIELD_REAL, .required = true, .least = 1, .most = 1 << 20},
    [LEVEL_SIZES] = {.name = "sizes", .kind = PL_FIELD_LIST, .required = true},
};
static const struct pl_json_fields level_table = {"a level of anchors", level_fields, LEVEL_FIELDS};

enum { CROP_BOXES, CROP_MARGIN, CROP_FIELDS };

static const struct pl_json_field crop_fields[CROP_FIELDS] = {
    [CROP_BOXES] = {.name = "boxes", .kind = PL_FIELD_TEXT, .required = true},
    [CROP_MARGIN] = {.name = "margin", .kind = PL_FIELD_REAL, .least = 0, .most = PL_MAX_MARGIN},
};
static const struct pl_json_fields crop_table = {"a crop", crop_fields, CROP_FIELDS};

/* ---- anchors ------------------------------------------------------------------------------------------------------ */

/* A list of `least` to `most` numbers in a range. */
struct numbers {
    const char *what;
    const char *expected;
    size_t least;
    size_t most;
    double lowest;
    double highest;
};

static pl_status read_numbers(const struct pl_pipeline_reader *reader, const struct pl_json *list, const struct numbers *wanted,
                              double *to)
{
    if (list->count < wanted->least || list->count > wanted->most)
        return pl_json_field_wrong(&reader->source, list, wanted->what, wanted->expected);
    for (const struct pl_json *value = list->first; value != NULL; value = value->next, to++) {
        if (value->kind != PL_JSON_NUMBER || !(value->number >= wanted->lowest && value->number <= wanted->highest))
            return pl_json_field_wrong(&reader->source, value, wanted->what, wanted->expected);
        *to = value->number;
    }
    return PL_OK;
}

static pl_status read_level(const struct pl_pipeline_reader *reader, const struct pl_json *value, struct pl_anchor_level *level)
{
    static const struct numbers sizes = {"'sizes' of a level of anchors", "a list of 1 to 8 numbers above 0", 1,
                                         PL_MAX_ANCHOR_SIZES, 1e-9, 1e9};
    const struct pl_json *found[LEVEL_FIELDS];
    PL_TRY(pl_json_fields_read(&reader->source, value, &level_table, found));
    level->step = found[LEVEL_STEP]->number;
    level->size_count = (int32_t)found[LEVEL_SIZES]->count;
    return read_numbers(reader, found[LEVEL_SIZES], &sizes, level->sizes);
}

static pl_status read_levels(const struct pl_pipeline_reader *reader, const struct pl_json *levels, struct pl_boxes *boxes)
{
    if (levels->count < 1 || levels->count > PL_MAX_ANCHOR_LEVELS)
        return pl_json_field_wrong(&reader->source, levels, "'levels' of anchors", "a list of 1 to 8 objects");
    for (const struct pl_json *value = levels->first; value != NULL; value = value->next)
        PL_TRY(read_level(reader, value, &boxes->levels[boxes->level_count++]));
    return PL_OK;
}

static pl_status read_anchors(const struct pl_pipeline_reader *reader, const struct pl_json *anchors, struct pl_boxes *boxes)
{
    static const struct numbers picture = {"'picture' of anchors", "a list of two whole numbers, rows and columns, from 1 to 2^20",
                                           2, 2, 1, 1 << 20};
    static const struct numbers variances = {"'variances' of anchors", "a list of two numbers above 0", 2, 2, 1e-9, 1e9};
    const struct pl_json *found[ANCHORS_FIELDS];
    double sides[2];
    if (anchors == NULL) return PL_OK;
    PL_TRY(pl_json_fields_read(&reader->source, anchors, &anchors_table, found));
    PL_TRY(read_numbers(reader, found[ANCHORS_PICTURE], &picture, sides));
    for (int axis = 0; axis < 2; axis++) {
        boxes->picture[axis] = (int32_t)sides[axis];
        if (sides[axis] > boxes->picture[axis])
            return pl_json_field_wrong(&reader->source, found[ANCHORS_PICTURE], picture.what, picture.expected);
    }
    boxes->variances[0] = boxes->variances[1] = 1;
    if (found[ANCHORS_VARIANCES] != NULL) PL_TRY(read_numbers(reader, found[ANCHORS_VARIANCES], &variances, boxes->variances));
    boxes->linear = found[ANCHORS_LINEAR] != NULL && found[ANCHORS_LINEAR]->flag;
    return read_levels(reader, found[ANCHORS_LEVELS], boxes);
}

/* ---- boxes -------------------------------------------------------------------------------------------------------- */

static pl_status read_order(const struct pl_pipeline_reader *reader, const struct pl_json *order, struct pl_boxes *boxes)
{
    boxes->x_first = boxes->level_count > 0;
    if (order == NULL) return PL_OK;
    boxes->x_first = strcmp(order->text, "xy") == 0;
    if (boxes->x_first || strcmp(order->text, "yx") == 0) return PL_OK;
    return pl_json_field_wrong(&reader->source, order, "'order' of boxes", "\"xy\" or \"yx\"");
}

/* The model's, which has to be the one that gives the boxes. */
static pl_status find_scores(const struct pl_pipeline_reader *reader, const struct pl_json *value, struct pl_pipeline_boxes *found)
{
    struct pl_end scores;
    PL_TRY(pl_pipeline_find_end(reader, value, true, &scores));
    if (scores.model != found->model)
        return pl_json_fail(reader->source.error, reader->source.file, value->place,
                            "the scores of boxes must come from the model of the boxes, '%s'", found->model->name);
    found->boxes.scores_name = scores.tensor_name;
    found->scores = scores.tensor;
    return PL_OK;
}

static pl_status read_boxes(const struct pl_pipeline_reader *reader, const struct pl_json *value, struct pl_pipeline_boxes *to)
{
    const struct pl_json *found[BOXES_FIELDS];
    struct pl_end from;
    PL_TRY(pl_pipeline_check_name(reader, value));
    PL_TRY(pl_json_fields_read(&reader->source, value, &boxes_table, found));
    PL_TRY(pl_pipeline_find_end(reader, found[BOXES_FROM], true, &from));
    *to = (struct pl_pipeline_boxes){.name = value->name, .model = from.model, .tensor = from.tensor};
    struct pl_boxes *boxes = &to->boxes;
    *boxes = (struct pl_boxes){.model = from.model_name, .boxes_name = from.tensor_name, .least = 0.5, .overlap = 0.5, .most = 10};
    PL_TRY(find_scores(reader, found[BOXES_SCORES], to));
    if (found[BOXES_CLASS] != NULL) boxes->class_index = (int32_t)found[BOXES_CLASS]->number;
    if (found[BOXES_THRESHOLD] != NULL) boxes->least = found[BOXES_THRESHOLD]->number;
    if (found[BOXES_OVERLAP] != NULL) boxes->overlap = found[BOXES_OVERLAP]->number;
    if (found[BOXES_MOST] != NULL) boxes->most = (int32_t)found[BOXES_MOST]->number;
    boxes->sigmoid = found[BOXES_SIGMOID] != NULL && found[BOXES_SIGMOID]->flag;
    PL_TRY(read_anchors(reader, found[BOXES_ANCHORS], boxes));
    PL_TRY(read_order(reader, found[BOXES_ORDER], boxes));
    if (pl_handle_boxes_check(to->tensor, to->scores, boxes, reader->source.error) != PL_OK)
        return pl_json_source_fail_at(&reader->source, value);
    return PL_OK;
}

pl_status pl_pipeline_read_boxes(struct pl_pipeline_reader *reader, const struct pl_json *boxes)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    if (boxes == NULL) return PL_OK;
    pipeline->boxes = pl_pipeline_array(reader, boxes->count, sizeof pipeline->boxes[0]);
    if (pipeline->boxes == NULL) return PL_OUT_OF_MEMORY;
    for (const struct pl_json *member = boxes->first; member != NULL; member = member->next)
        PL_TRY(read_boxes(reader, member, &pipeline->boxes[pipeline->box_count++]));
    return PL_OK;
}

pl_status pl_pipeline_find_boxes(const struct pl_pipeline_reader *reader, const struct pl_json *value,
                                 const struct pl_pipeline_boxes **found)
{
    const struct pl_pipeline *pipeline = reader->pipeline;
    for (size_t i = 0; i < pipeline->box_count; i++)
        if (strcmp(pipeline->boxes[i].name, value->text) == 0) {
            *found = &pipeline->boxes[i];
            return PL_OK;
        }
    pl_json_fail(reader->source.error, reader->source.file, value->place, "there are no boxes '%s'; boxes:",
                 pl_json_quote(value->text).text);
    for (size_t i = 0; i < pipeline->box_count; i++)
        pl_error_append(reader->source.error, "%s %s", i == 0 ? "" : ",", pipeline->boxes[i].name);
    return PL_INVALID_PIPELINE;
}

pl_status pl_pipeline_read_crop(const struct pl_pipeline_reader *reader, const struct pl_json *value,
                                struct pl_link_options *options)
{
    const struct pl_json *found[CROP_FIELDS];
    const struct pl_pipeline_boxes *boxes = NULL;
    if (value == NULL) return PL_OK;
    PL_TRY(pl_json_fields_read(&reader->source, value, &crop_table, found));
    PL_TRY(pl_pipeline_find_boxes(reader, found[CROP_BOXES], &boxes));
    struct pl_crop *crop = pl_pipeline_array(reader, 1, sizeof *crop);
    if (crop == NULL) return PL_OUT_OF_MEMORY;
    crop->boxes = boxes->boxes;
    crop->margin = found[CROP_MARGIN] != NULL ? found[CROP_MARGIN]->number : 0;
    options->crop = crop;
    return PL_OK;
}
