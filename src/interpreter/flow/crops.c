/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of pictures: which boxes are to be cut out, and what of the picture each of them is. */
#include <math.h>

#include "interpreter/flow/flow_internal.h"

/* First row, first column, last row + 1, last column + 1: whole pixels, edges to the nearest one, and at least a pixel. */
static bool find_part(const struct pl_crop *crop, const struct pl_found_box *box, const struct pl_shape *picture, int32_t *part)
{
    const double height = box->bottom - box->top, width = box->right - box->left;
    const double edges[PL_CROP_NUMBERS] = {box->top - crop->margin * height, box->left - crop->margin * width,
                                           box->bottom + crop->margin * height, box->right + crop->margin * width};
    for (int i = 0; i < PL_CROP_NUMBERS; i++) {
        const double most = picture->dims[1 + i % 2];
        part[i] = (int32_t)fmin(fmax(floor(edges[i] * most + 0.5), 0), most);
    }
    for (int axis = 0; axis < 2; axis++) {
        if (edges[axis] >= 1 || edges[axis + 2] <= 0) return false;
        if (part[axis] == part[axis + 2] && part[axis] == picture->dims[1 + axis]) part[axis]--;
        if (part[axis] == part[axis + 2]) part[axis + 2]++;
    }
    return true;
}

void pl_crop_offer(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *state = window_of(plan, link);
    const struct pl_boxes *boxes = &link->crop->boxes;
    const struct pl_values values = values_of(plan, boxes->boxes), scores = values_of(plan, boxes->scores);
    state->box_count = state->box_next = 0;
    if (values.data == NULL || scores.data == NULL) return;
    const int32_t found = pl_boxes_find(boxes, &values, &scores, state->boxes, state->box_capacity);
    int32_t part[PL_CROP_NUMBERS];
    for (int32_t i = 0; i < found; i++)
        if (find_part(link->crop, &state->boxes[i], &tensor_at(plan, link->from)->value.shape, part))
            state->boxes[state->box_count++] = state->boxes[i];
}

int32_t pl_crop_left(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    const struct pl_window_state *state = window_of(plan, link);
    return state->box_count - state->box_next;
}

void pl_crop_take(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *state = window_of(plan, link);
    int32_t *part = (int32_t *)(void *)bytes_of(plan, link->box);
    (void)find_part(link->crop, &state->boxes[state->box_next++], &tensor_at(plan, link->from)->value.shape, part);
}
