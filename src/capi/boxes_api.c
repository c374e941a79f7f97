/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: boxes that models find, and what is cut out at them. */
#include "capi/handles.h"

_Static_assert(PLAIT_MOST_ANCHOR_LEVELS == (int)PL_MAX_ANCHOR_LEVELS && PLAIT_MOST_ANCHOR_SIZES == (int)PL_MAX_ANCHOR_SIZES,
               "the limits of the header are those of the core");

void plait_boxes_default(struct plait_boxes *boxes)
{
    if (boxes == NULL) return;
    *boxes = (struct plait_boxes){
        .struct_bytes = sizeof *boxes, .least = 0.5, .overlap = 0.5, .most = 10, .variances = {1, 1}};
}

/* What there is too much of is left for the core to refuse. */
static void copy_levels(const struct plait_boxes *from, struct pl_boxes *to)
{
    to->level_count = from->level_count > PL_MAX_ANCHOR_LEVELS ? -1 : (int32_t)from->level_count;
    for (int32_t i = 0; i < to->level_count; i++) {
        const struct plait_anchor_level *level = &from->levels[i];
        to->levels[i].step = level->step;
        to->levels[i].size_count = level->size_count > PL_MAX_ANCHOR_SIZES ? 0 : (int32_t)level->size_count;
        for (int32_t k = 0; k < to->levels[i].size_count; k++) to->levels[i].sizes[k] = level->sizes[k];
    }
}

struct pl_boxes pl_boxes_of(const struct plait_boxes *boxes, const char *model)
{
    struct pl_boxes made = {.model = model,
                            .boxes_name = boxes->boxes,
                            .scores_name = boxes->scores,
                            .class_index = boxes->class_index,
                            .sigmoid = boxes->sigmoid,
                            .x_first = boxes->x_first,
                            .least = boxes->least,
                            .overlap = boxes->overlap,
                            .most = boxes->most,
                            .picture = {boxes->picture[0], boxes->picture[1]},
                            .variances = {boxes->variances[0], boxes->variances[1]},
                            .linear = boxes->linear};
    copy_levels(boxes, &made);
    return made;
}

struct plait_boxes pl_boxes_public(const struct pl_boxes *boxes)
{
    struct plait_boxes made = {.struct_bytes = sizeof made,
                               .boxes = boxes->boxes_name,
                               .scores = boxes->scores_name,
                               .class_index = boxes->class_index,
                               .sigmoid = boxes->sigmoid,
                               .x_first = boxes->x_first,
                               .least = boxes->least,
                               .overlap = boxes->overlap,
                               .most = boxes->most,
                               .level_count = (size_t)boxes->level_count,
                               .picture = {boxes->picture[0], boxes->picture[1]},
                               .variances = {boxes->variances[0], boxes->variances[1]},
                               .linear = boxes->linear};
    for (int32_t i = 0; i < boxes->level_count; i++) {
        made.levels[i].step = boxes->levels[i].step;
        made.levels[i].size_count = (size_t)boxes->levels[i].size_count;
        for (int32_t k = 0; k < boxes->levels[i].size_count; k++) made.levels[i].sizes[k] = boxes->levels[i].sizes[k];
    }
    return made;
}

static struct plait_box public_box(const struct pl_found_box *box)
{
    return (struct plait_box){box->top, box->left, box->bottom, box->right, box->score, box->index};
}

static pl_status find_output(const struct pl_entry *entry, const char *name, const struct pl_tensor_handle **tensor,
                             struct pl_error *error)
{
    int32_t index = 0;
    PL_TRY(pl_entry_find(entry, true, name, &index, error));
    *tensor = pl_entry_output(entry, index);
    return PL_OK;
}

/* Finds up to PL_MAX_BOXES of them, of which the caller has room for the first ones. */
static pl_status find_boxes(const struct pl_entry *entry, const struct plait_boxes *boxes, struct pl_found_box *found,
                            int32_t *count, struct pl_error *error)
{
    const struct pl_boxes wanted = pl_boxes_of(boxes, NULL);
    const struct pl_tensor_handle *values = NULL, *scores = NULL;
    PL_TRY(find_output(entry, boxes->boxes, &values, error));
    PL_TRY(find_output(entry, boxes->scores, &scores, error));
    return pl_handle_find_boxes(values, scores, &wanted, found, PL_MAX_BOXES, count, error);
}

plait_status plait_find_boxes(const struct plait_model *model, const struct plait_boxes *boxes, struct plait_box *found,
                              size_t capacity, size_t *count)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    const struct pl_entry *entry = pl_const_entry(model);
    struct plait_interpreter *api = pl_api_of(entry);
    if (boxes == NULL || boxes->struct_bytes != sizeof *boxes || count == NULL || (found == NULL && capacity > 0))
        return pl_refuse(api, "plait_find_boxes: an argument is NULL, or the boxes were not set by default first");
    struct pl_error error = {0};
    struct pl_found_box all[PL_MAX_BOXES];
    int32_t number = 0;
    const pl_status status = find_boxes(entry, boxes, all, &number, &error);
    if (status != PL_OK) return pl_report(api, status, &error);
    *count = (size_t)number;
    for (size_t i = 0; i < *count && i < capacity; i++) found[i] = public_box(&all[i]);
    return PLAIT_OK;
}

plait_status plait_tensor_box(const struct plait_tensor *input, struct plait_box *box)
{
    if (input == NULL || box == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_found_box found = {0};
    if (!pl_handle_box(pl_const_tensor(input), &found)) return PLAIT_NOT_FOUND;
    *box = public_box(&found);
    return PLAIT_OK;
}
