/* SPDX-License-Identifier: Apache-2.0 */
#include "crop_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

void crop_text_begin(struct crop_text *text)
{
    *text = (struct crop_text){0};
    plait_boxes_default(&text->crop.boxes);
}

void crop_text_free(struct crop_text *text)
{
    free(text->from);
    free(text->scores);
    free(text->order);
    free(text->anchors);
    free(text->variances);
    free(text->model);
}

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

/* A number above 0, behind which one of `ends` stands. False: there is none. */
static bool take_number(const char **at, const char *ends, double *to)
{
    char *end = NULL;
    *to = strtod(*at, &end);
    if (end == *at || !(*to > 0) || isinf(*to) || strchr(ends, *end) == NULL) return false; /* '\0' is one of them */
    *at = end;
    return true;
}

static bool take_side(const char **at, const char *end, int32_t *to)
{
    double number = 0;
    if (!take_number(at, end, &number) || **at == '\0' || number > INT32_MAX || floor(number) < number) return false;
    *to = (int32_t)number;
    ++*at;
    return true;
}

/* STEP/SIZE/SIZE... */
static bool take_level(const char **at, struct plait_anchor_level *level)
{
    if (!take_number(at, "/", &level->step)) return false;
    for (; **at == '/'; level->size_count++) {
        ++*at;
        if (level->size_count == PLAIT_MOST_ANCHOR_SIZES || !take_number(at, "/:", &level->sizes[level->size_count])) return false;
    }
    return level->size_count > 0;
}

static bool take_anchors(const char *at, struct plait_boxes *boxes)
{
    if (!take_side(&at, "x", &boxes->picture[0]) || !take_side(&at, ":", &boxes->picture[1])) return false;
    while (boxes->level_count < PLAIT_MOST_ANCHOR_LEVELS && take_level(&at, &boxes->levels[boxes->level_count++]) && *at == ':') at++;
    return boxes->level_count > 0 && boxes->levels[boxes->level_count - 1].size_count > 0 && *at == '\0';
}

static bool take_variances(const char *at, struct plait_boxes *boxes)
{
    if (!take_number(&at, "/", &boxes->variances[0]) || *at != '/') return false;
    at++;
    return take_number(&at, "", &boxes->variances[1]);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

/* The model is what stands before the first dot of both ends. */
static int take_ends(struct crop_text *text)
{
    const size_t length = strcspn(text->from, ".");
    const char *scores = text->scores;
    text->model = heap_text("%.*s", (int)length, text->from);
    if (scores == NULL || strncmp(scores, text->from, length) != 0 || (scores[length] != '.' && scores[length] != '\0'))
        return complain(EXIT_USAGE, "--link: ,crop=%s needs ,scores=%s.OUT: a score for each of the boxes, of the same model",
                        text->from, text->model);
    text->crop.boxes_model = text->model;
    text->crop.boxes.boxes = text->from + length + (text->from[length] == '.');
    text->crop.boxes.scores = scores + length + (scores[length] == '.');
    return EXIT_FINE;
}

static int take_shape(struct crop_text *text)
{
    struct plait_boxes *boxes = &text->crop.boxes;
    if (text->anchors != NULL && !take_anchors(text->anchors, boxes))
        return complain(EXIT_USAGE, "--link: ,anchors=%s: the form is ROWSxCOLUMNS:STEP/SIZE/SIZE:STEP/SIZE, with up to %d levels "
                        "of up to %d sizes", text->anchors, PLAIT_MOST_ANCHOR_LEVELS, PLAIT_MOST_ANCHOR_SIZES);
    boxes->x_first = text->anchors != NULL;
    boxes->variances[0] = boxes->variances[1] = 1;
    if (text->variances != NULL && !take_variances(text->variances, boxes))
        return complain(EXIT_USAGE, "--link: ,variances=%s: the form is A/B, two numbers above 0", text->variances);
    if (text->order == NULL) return EXIT_FINE;
    boxes->x_first = strcmp(text->order, "xy") == 0;
    if (boxes->x_first || strcmp(text->order, "yx") == 0) return EXIT_FINE;
    return complain(EXIT_USAGE, "--link: ,order=%s: it is xy or yx", text->order);
}

int crop_text_take(struct crop_text *text, const struct plait_crop **cuts)
{
    *cuts = NULL;
    const bool more = text->more || text->scores != NULL || text->order != NULL || text->anchors != NULL || text->variances != NULL;
    if (text->from == NULL && more)
        return complain(EXIT_USAGE, "--link: ,scores= and what else is said of boxes is of ,crop=DET.BOXES, which is missing");
    if (text->from == NULL) return EXIT_FINE;
    *cuts = &text->crop;
    const int code = take_ends(text);
    return code == EXIT_FINE ? take_shape(text) : code;
}
