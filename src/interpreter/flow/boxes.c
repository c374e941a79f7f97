/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes are read off a model's outputs: the best first, and of those that lie over each other the best alone. They are
 * decoded where they are looked at, so that nothing has to be kept beside those that are found. */
#include <float.h>
#include <math.h>

#include "interpreter/flow/flow.h"

static int64_t columns_of(const struct pl_values *values)
{
    const int32_t rank = values->shape.rank;
    return rank > 0 ? values->shape.dims[rank - 1] : 1;
}

static int64_t count_of(const struct pl_values *values)
{
    return (int64_t)(values->bytes * 8 / (size_t)pl_type_bits(values->tensor->type));
}

/* ---- one box ------------------------------------------------------------------------------------------------------ */

struct anchor {
    double x; /* its middle, as parts of the picture */
    double y;
    double width;
    double height;
};

static int64_t cells(int32_t pixels, double step)
{
    return (int64_t)ceil(pixels / step);
}

static struct anchor anchor_at(const struct pl_boxes *boxes, int64_t index)
{
    const double rows = boxes->picture[0], columns = boxes->picture[1];
    for (int32_t i = 0; i < boxes->level_count; i++) {
        const struct pl_anchor_level *level = &boxes->levels[i];
        const int64_t across = cells(boxes->picture[1], level->step);
        const int64_t count = cells(boxes->picture[0], level->step) * across * level->size_count;
        if (index < count) {
            const int64_t cell = index / level->size_count;
            const double size = level->sizes[index % level->size_count];
            return (struct anchor){((double)(cell % across) + 0.5) * level->step / columns,
                                   ((double)(cell / across) + 0.5) * level->step / rows, size / columns, size / rows};
        }
        index -= count;
    }
    return (struct anchor){0};
}

static int64_t anchor_count(const struct pl_boxes *boxes)
{
    int64_t count = 0;
    for (int32_t i = 0; i < boxes->level_count; i++)
        count += cells(boxes->picture[0], boxes->levels[i].step) * cells(boxes->picture[1], boxes->levels[i].step) *
                 boxes->levels[i].size_count;
    return count;
}

static struct pl_found_box around(double x, double y, double width, double height)
{
    return (struct pl_found_box){.top = y - height / 2, .left = x - width / 2, .bottom = y + height / 2, .right = x + width / 2};
}

static struct pl_found_box box_at(const struct pl_boxes *boxes, const struct pl_values *values, int64_t index)
{
    double number[4];
    for (int64_t i = 0; i < 4; i++)
        number[i] = pl_tensor_value(values->tensor, values->data, (size_t)(index * columns_of(values) + i));
    const double x = number[boxes->x_first ? 0 : 1], y = number[boxes->x_first ? 1 : 0];
    const double x_last = number[boxes->x_first ? 2 : 3], y_last = number[boxes->x_first ? 3 : 2];
    if (boxes->level_count == 0) return (struct pl_found_box){.top = y, .left = x, .bottom = y_last, .right = x_last};
    const struct anchor anchor = anchor_at(boxes, index);
    const double wide = x_last * boxes->variances[1], high = y_last * boxes->variances[1];
    return around(anchor.x + x * boxes->variances[0] * anchor.width, anchor.y + y * boxes->variances[0] * anchor.height,
                  anchor.width * (boxes->linear ? wide : exp(wide)), anchor.height * (boxes->linear ? high : exp(high)));
}

static bool is_box(const struct pl_found_box *box)
{
    return box->bottom > box->top && box->right > box->left && isfinite(box->bottom - box->top) &&
           isfinite(box->right - box->left);
}

static double area(const struct pl_found_box *box)
{
    return (box->bottom - box->top) * (box->right - box->left);
}

static double overlap(const struct pl_found_box *a, const struct pl_found_box *b)
{
    const struct pl_found_box both = {.top = fmax(a->top, b->top),
                                .left = fmax(a->left, b->left),
                                .bottom = fmin(a->bottom, b->bottom),
                                .right = fmin(a->right, b->right)};
    if (!is_box(&both)) return 0;
    return area(&both) / (area(a) + area(b) - area(&both));
}

/* ---- all of them -------------------------------------------------------------------------------------------------- */

static double score_at(const struct pl_boxes *boxes, const struct pl_values *scores, int64_t classes, int64_t index)
{
    const double raw = pl_tensor_value(scores->tensor, scores->data, (size_t)(index * classes + boxes->class_index));
    return boxes->sigmoid ? 1 / (1 + exp(-raw)) : raw;
}

struct candidate {
    double score;
    int64_t index;
};

/* The next ones, the best first. One look at all scores gives so many of them: enough for most pictures, and little enough
 * for the stack, since running allocates nothing. */
enum { MOST_CANDIDATES = 1024 };

struct candidates {
    struct candidate items[MOST_CANDIDATES];
    int32_t count;
    int32_t next;
};

/* With a better score, or before it with an equal one. */
static bool comes_before(const struct candidate *a, const struct candidate *b)
{
    return a->score > b->score || (a->score >= b->score && a->index < b->index);
}

/* In a heap whose first is the last of all: what is at `at` goes down to its place. */
static void sift_down(struct candidate *items, int32_t count, int32_t at)
{
    const struct candidate moved = items[at];
    for (int32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && comes_before(&items[child], &items[child + 1])) child++;
        if (!comes_before(&moved, &items[child])) break;
        items[at] = items[child];
    }
    items[at] = moved;
}

static void sift_up(struct candidate *items, int32_t at)
{
    const struct candidate moved = items[at];
    for (int32_t parent; at > 0 && comes_before(&items[parent = (at - 1) / 2], &moved); at = parent) items[at] = items[parent];
    items[at] = moved;
}

/* Those that come after `last`. */
static void find_next(const struct pl_boxes *boxes, const struct pl_values *scores, int64_t classes, int64_t count,
                      struct candidate last, struct candidates *found)
{
    struct candidate *items = found->items;
    found->count = found->next = 0;
    for (int64_t i = 0; i < count; i++) {
        const struct candidate one = {score_at(boxes, scores, classes, i), i};
        if (!(one.score >= boxes->least) || !comes_before(&last, &one)) continue;
        if (found->count < MOST_CANDIDATES) {
            items[found->count] = one;
            sift_up(items, found->count++);
        } else if (comes_before(&one, &items[0])) {
            items[0] = one;
            sift_down(items, MOST_CANDIDATES, 0);
        }
    }
    for (int32_t left = found->count - 1; left > 0; left--) {
        const struct candidate worst = items[0];
        items[0] = items[left];
        items[left] = worst;
        sift_down(items, left, 0);
    }
}

int32_t pl_boxes_find(const struct pl_boxes *boxes, const struct pl_values *values, const struct pl_values *scores,
                      struct pl_found_box *found, int32_t capacity)
{
    const int64_t columns = columns_of(values);
    int64_t count = columns >= 4 ? count_of(values) / columns : 0;
    const int64_t classes = count > 0 ? count_of(scores) / count : 0;
    if (boxes->class_index >= classes) return 0;
    if (boxes->level_count > 0 && count > anchor_count(boxes)) count = anchor_count(boxes);
    struct candidates next;
    int32_t kept = 0;
    find_next(boxes, scores, classes, count, (struct candidate){DBL_MAX, -1}, &next);
    while (kept < boxes->most && kept < capacity) {
        if (next.next == MOST_CANDIDATES)
            find_next(boxes, scores, classes, count, next.items[MOST_CANDIDATES - 1], &next);
        if (next.next == next.count) break;
        const struct candidate *best = &next.items[next.next++];
        struct pl_found_box box = box_at(boxes, values, best->index);
        box.index = (int32_t)best->index;
        box.score = best->score;
        bool fresh = is_box(&box);
        for (int32_t i = 0; i < kept && fresh; i++) fresh = overlap(&found[i], &box) <= boxes->overlap;
        if (fresh) found[kept++] = box;
    }
    return kept;
}

/* ---- what can be -------------------------------------------------------------------------------------------------- */

static bool is_above(double number, double least, double most)
{
    return number >= least && number <= most;
}

static pl_status check_anchors(const struct pl_boxes *boxes, struct pl_error *error)
{
    bool fine = boxes->level_count >= 0 && boxes->level_count <= PL_MAX_ANCHOR_LEVELS;
    if (fine && boxes->level_count == 0) return PL_OK;
    for (int32_t axis = 0; axis < 2; axis++)
        fine = fine && is_above(boxes->picture[axis], 1, 1 << 20) && is_above(fabs(boxes->variances[axis]), 1e-9, 1e9);
    for (int32_t i = 0; fine && i < boxes->level_count; i++) {
        const struct pl_anchor_level *level = &boxes->levels[i];
        fine = is_above(level->step, 1, 1 << 20) && level->size_count >= 1 && level->size_count <= PL_MAX_ANCHOR_SIZES;
        for (int32_t k = 0; fine && k < level->size_count; k++) fine = is_above(level->sizes[k], 1e-9, 1e9);
    }
    if (fine) return PL_OK;
    return pl_fail(error, PL_INVALID_ARGUMENT, "anchors have 1 to %d levels, a step of 1 or more and 1 to %d sizes above 0 each, a "
                   "picture of rows and columns, and two variances that are not 0", PL_MAX_ANCHOR_LEVELS, PL_MAX_ANCHOR_SIZES);
}

static pl_status check_numbers(const struct pl_boxes *boxes, struct pl_error *error)
{
    PL_TRY(check_anchors(boxes, error));
    if (boxes->class_index >= 0 && boxes->most >= 1 && boxes->most <= PL_MAX_BOXES &&
        is_above(boxes->least, -DBL_MAX, DBL_MAX) && is_above(boxes->overlap, 0, 1))
        return PL_OK;
    return pl_fail(error, PL_INVALID_ARGUMENT, "boxes have a class from 0 on, a least score, an overlap from 0 to 1, and 1 to %d of "
                   "them are found", PL_MAX_BOXES);
}

pl_status pl_boxes_check(const struct pl_boxes *boxes, const struct pl_tensor *values, const struct pl_tensor *scores,
                         struct pl_error *error)
{
    PL_TRY(check_numbers(boxes, error));
    PL_TRY(pl_tensor_check_values(values, "boxes are read off", error));
    PL_TRY(pl_tensor_check_values(scores, "scores are read off", error));
    if (values->has_signature || scores->has_signature) return PL_OK; /* known while running */
    const struct pl_shape *shape = &values->shape;
    const int64_t columns = shape->rank > 0 ? shape->dims[shape->rank - 1] : 0;
    const int64_t count = columns >= 4 ? pl_shape_count(shape) / columns : 0;
    const int64_t score_count = pl_shape_count(&scores->shape);
    char a[PL_SHAPE_TEXT_BYTES], b[PL_SHAPE_TEXT_BYTES];
    if (count == 0 || score_count % count != 0 || score_count / count <= boxes->class_index)
        return pl_fail(error, PL_MISMATCH, "boxes need 4 numbers or more each and as many scores each as there are classes, found "
                       "outputs '%s' %s and '%s' %s for class %d", values->name, pl_shape_text(shape, a), scores->name,
                       pl_shape_text(&scores->shape, b), (int)boxes->class_index);
    if (boxes->level_count == 0 || anchor_count(boxes) == count) return PL_OK;
    return pl_fail(error, PL_MISMATCH, "there are %lld anchors, output '%s' %s has %lld boxes", (long long)anchor_count(boxes),
                   values->name, pl_shape_text(shape, a), (long long)count);
}

/* ---- of a model's outputs ----------------------------------------------------------------------------------------- */

pl_status pl_handle_boxes_check(const struct pl_tensor_handle *values, const struct pl_tensor_handle *scores,
                                const struct pl_boxes *boxes, struct pl_error *error)
{
    return pl_boxes_check(boxes, pl_handle_tensor(values), pl_handle_tensor(scores), error);
}

static struct pl_values values_now(const struct pl_tensor_handle *handle)
{
    return (struct pl_values){pl_handle_tensor(handle), pl_handle_data(handle), pl_handle_bytes(handle), *pl_handle_shape(handle)};
}

pl_status pl_handle_find_boxes(const struct pl_tensor_handle *values, const struct pl_tensor_handle *scores,
                               const struct pl_boxes *boxes, struct pl_found_box *found, int32_t capacity, int32_t *count,
                               struct pl_error *error)
{
    PL_TRY(pl_handle_boxes_check(values, scores, boxes, error));
    const struct pl_values a = values_now(values), b = values_now(scores);
    if (a.data == NULL || b.data == NULL)
        return pl_fail(error, PL_NOT_ALLOCATED, "model '%s': output '%s' or '%s' has no bytes to read boxes off",
                       pl_entry_name(pl_handle_entry(values)), a.tensor->name, b.tensor->name);
    *count = pl_boxes_find(boxes, &a, &b, found, capacity);
    return PL_OK;
}

bool pl_handle_box(const struct pl_tensor_handle *input, struct pl_found_box *box)
{
    const struct pl_window_state *state = pl_window_find(pl_handle_entry(input)->instance, pl_handle_index(input));
    if (state == NULL || state->box_next == 0) return false;
    *box = state->boxes[state->box_next - 1];
    return true;
}
