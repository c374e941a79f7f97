/* SPDX-License-Identifier: Apache-2.0 */
/* Rectangles that detectors find. */
#ifndef PL_OPS_BOXES_H
#define PL_OPS_BOXES_H

/* Two opposite corners. */
struct pl_corners {
    float y1, x1, y2, x2;
};

/* Intersection over union, 0 if either area is not above 0; the corners of each are in order. */
static inline float pl_boxes_overlap(const struct pl_corners *a, const struct pl_corners *b)
{
    const float area_a = (a->y2 - a->y1) * (a->x2 - a->x1);
    const float area_b = (b->y2 - b->y1) * (b->x2 - b->x1);
    if (area_a <= 0 || area_b <= 0) return 0;
    const float top = a->y1 < b->y1 ? b->y1 : a->y1;
    const float left = a->x1 < b->x1 ? b->x1 : a->x1;
    const float bottom = b->y2 < a->y2 ? b->y2 : a->y2;
    const float right = b->x2 < a->x2 ? b->x2 : a->x2;
    const float height = bottom - top < 0 ? 0 : bottom - top;
    const float width = right - left < 0 ? 0 : right - left;
    const float common = height * width;
    return common / (area_a + area_b - common);
}

#endif
