/* SPDX-License-Identifier: Apache-2.0 */
/* Which boxes TFLite_Detection_PostProcess keeps: see detection_internal.h. */
#include <string.h>

#include "ops/detection_internal.h"

/* Sorts by falling key and keeps the order of equal ones; `other` has room for as many. */
static void sort_falling(struct pl_heap_item *items, struct pl_heap_item *other, int64_t count)
{
    for (int64_t width = 1; width < count; width *= 2) {
        for (int64_t begin = 0; begin < count; begin += 2 * width) {
            const int64_t middle = begin + width < count ? begin + width : count;
            const int64_t end = begin + 2 * width < count ? begin + 2 * width : count;
            int64_t left = begin;
            int64_t right = middle;
            for (int64_t to = begin; to < end; to++) {
                const bool take_right =
                    left == middle || (right < end && items[right].key > items[left].key);
                other[to] = take_right ? items[right++] : items[left++];
            }
        }
        memcpy(items, other, (size_t)count * sizeof *items);
    }
}

/* Selects up to `limit` boxes with the best of these scores, one per box, none of which overlaps
 * too much with a better one. Their indices come in falling order of scores. */
static int32_t select_boxes(const struct pl_eval *eval, const float *scores, int32_t limit)
{
    const struct pl_detection *params = eval->params;
    const struct pl_corners *corners = eval->scratch[PL_DETECTION_CORNERS];
    struct pl_heap_item *kept = eval->scratch[PL_DETECTION_KEPT];
    int32_t *selected = eval->scratch[PL_DETECTION_SELECTED];
    int64_t count = 0;
    for (int32_t i = 0; i < params->boxes; i++)
        if (scores[i] >= params->score_threshold)
            kept[count++] = (struct pl_heap_item){scores[i], i, 0};
    sort_falling(kept, kept + params->boxes, count);

    int32_t found = 0;
    for (int64_t i = 0; i < count && found < limit; i++) {
        const struct pl_corners *best = &corners[kept[i].index];
        if (kept[i].mark != 0) continue;
        selected[found++] = kept[i].index;
        for (int64_t j = i + 1; j < count; j++)
            if (kept[j].mark == 0 &&
                pl_boxes_overlap(best, &corners[kept[j].index]) > params->iou_threshold)
                kept[j].mark = 1;
    }
    return found;
}

/* Puts the `wanted` best of `count` items (keys are negative scores) in front, best first. */
static void sort_best(struct pl_heap_item *items, int64_t count, int64_t wanted)
{
    if (wanted != 1) {
        pl_heap_partial_sort(items, count, wanted);
        return;
    }
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (items[i].key < items[best].key) best = i;
    items[0] = items[best];
}

static void write_detection(const struct pl_eval *eval, int64_t row, int32_t box, int32_t class,
                            float score)
{
    const struct pl_corners *corners = eval->scratch[PL_DETECTION_CORNERS];
    ((struct pl_corners *)eval->outputs[0])[row] = corners[box];
    ((float *)eval->outputs[1])[row] = (float)class;
    ((float *)eval->outputs[2])[row] = score;
}

/* Inserts into what is sorted by falling key, behind equal ones; the last drops out if there are
 * `most`. False if this one does. */
static bool insert_best(struct pl_heap_item *best, int32_t *count, int32_t most,
                        struct pl_heap_item item)
{
    if (*count == most && item.key <= best[most - 1].key) return false;
    int32_t place = *count < most ? (*count)++ : most - 1;
    for (; place > 0 && best[place - 1].key < item.key; place--) best[place] = best[place - 1];
    best[place] = item;
    return true;
}

/* The best of all classes are kept, each with its place among all scores; of equal ones, those of
 * the class that came first. */
int32_t pl_detection_choose_regular(const struct pl_eval *eval, const float *scores)
{
    const struct pl_detection *params = eval->params;
    const int32_t *selected = eval->scratch[PL_DETECTION_SELECTED];
    struct pl_heap_item *best = eval->scratch[PL_DETECTION_SORTED];
    float *column = eval->scratch[PL_DETECTION_COLUMN];
    int32_t count = 0;
    for (int32_t c = 0; c < params->classes; c++) {
        const float *first = scores + c + params->background;
        for (int64_t i = 0; i < params->boxes; i++) column[i] = first[i * params->columns];
        const int32_t found = select_boxes(eval, column, params->most_per_class);
        for (int32_t i = 0; i < found; i++) {
            const int32_t place = selected[i] * params->columns + c;
            const struct pl_heap_item item = {column[selected[i]], place, 0};
            if (!insert_best(best, &count, params->most_boxes, item)) break;
        }
    }
    for (int32_t i = 0; i < count; i++)
        write_detection(eval, i, best[i].index / params->columns, best[i].index % params->columns,
                        best[i].key);
    return count;
}

/* The best classes of every box; only the first counts when boxes are chosen. */
static void sort_classes(const struct pl_eval *eval, const float *scores)
{
    const struct pl_detection *params = eval->params;
    const int32_t categories = pl_detection_categories(params);
    struct pl_heap_item *items = eval->scratch[PL_DETECTION_SORTED];
    float *column = eval->scratch[PL_DETECTION_COLUMN];
    int32_t *classes = eval->scratch[PL_DETECTION_CLASSES];
    for (int64_t i = 0; i < params->boxes; i++) {
        const float *row = scores + i * params->columns + params->background;
        for (int32_t c = 0; c < params->classes; c++)
            items[c] = (struct pl_heap_item){-row[c], c, 0};
        sort_best(items, params->classes, categories);
        for (int32_t k = 0; k < categories; k++) classes[i * categories + k] = items[k].index;
        column[i] = row[items[0].index];
    }
}

int32_t pl_detection_choose_fast(const struct pl_eval *eval, const float *scores)
{
    const struct pl_detection *params = eval->params;
    const int32_t categories = pl_detection_categories(params);
    const int32_t *classes = eval->scratch[PL_DETECTION_CLASSES];
    const int32_t *selected = eval->scratch[PL_DETECTION_SELECTED];
    sort_classes(eval, scores);
    const int32_t found =
        select_boxes(eval, eval->scratch[PL_DETECTION_COLUMN], params->most_boxes);
    for (int32_t i = 0; i < found; i++) {
        const int64_t box = selected[i];
        const float *row = scores + box * params->columns + params->background;
        for (int32_t k = 0; k < categories; k++) {
            const int32_t class = classes[box * categories + k];
            write_detection(eval, (int64_t)i * params->most_classes + k, (int32_t)box, class,
                            row[class]);
        }
    }
    return found;
}
