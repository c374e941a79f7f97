/* SPDX-License-Identifier: Apache-2.0 */
/* NON_MAX_SUPPRESSION_V4 and V5: boxes from the best score down, without those that overlap with a
 * better one; with V5's sigma scores fall with the overlap instead. */
#include <math.h>
#include <string.h>

#include "ops/axis.h"
#include "ops/boxes.h"
#include "ops/check.h"
#include "ops/heap.h"

enum { BOXES, SCORES, LIMIT, IOU_THRESHOLD, SCORE_THRESHOLD, SIGMA };

struct suppression {
    int32_t boxes;
    int32_t limit; /* of the boxes chosen */
    bool soft;     /* V5: scores are an output too */
};

/* What is constant in one run. */
struct run {
    const struct pl_corners *boxes;
    float iou_threshold;
    float score_threshold;
    float sigma;
};

static struct pl_corners ordered(const struct pl_corners *box)
{
    const bool up = box->y2 < box->y1;
    const bool back = box->x2 < box->x1;
    return (struct pl_corners){up ? box->y2 : box->y1, back ? box->x2 : box->x1,
                               up ? box->y1 : box->y2, back ? box->x1 : box->x2};
}

/* Lowers the candidate's score for each of the chosen it was not yet compared with, the last
 * chosen first. True if one of them overlaps too much. */
static bool suppress(const struct run *run, struct pl_heap_item *candidate, const int32_t *chosen,
                     int32_t count)
{
    const struct pl_corners box = ordered(&run->boxes[candidate->index]);
    const float scale = run->sigma > 0 ? -0.5f / run->sigma : 0;
    for (int32_t i = count - 1; i >= candidate->mark; i--) {
        const struct pl_corners other = ordered(&run->boxes[chosen[i]]);
        const float overlap = pl_boxes_overlap(&box, &other);
        if (overlap >= run->iou_threshold) return true;
        if (run->sigma > 0) candidate->key *= (float)exp((double)(scale * overlap * overlap));
        if (candidate->key <= run->score_threshold) break;
    }
    return false;
}

/* Returns how many were chosen. A candidate whose score fell has to wait for its turn again. */
static int32_t choose(const struct run *run, struct pl_heap_item *heap, int64_t waiting,
                      int32_t limit, int32_t *chosen, float *scores)
{
    int32_t count = 0;
    while (count < limit && waiting > 0) {
        struct pl_heap_item candidate = pl_heap_pop(heap, &waiting);
        const float score = candidate.key;
        const bool dropped = suppress(run, &candidate, chosen, count);
        candidate.mark = count;
        if (dropped) continue;
        if (candidate.key == score) {
            chosen[count] = candidate.index;
            if (scores != NULL) scores[count] = candidate.key;
            count++;
        }
        if (candidate.key > run->score_threshold) pl_heap_push(heap, &waiting, candidate);
    }
    return count;
}

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct suppression *params = eval->params;
    const float *scores = eval->inputs[SCORES];
    struct pl_heap_item *heap = eval->scratch[0];
    struct run run = {.boxes = eval->inputs[BOXES],
                      .iou_threshold = *(const float *)eval->inputs[IOU_THRESHOLD],
                      .score_threshold = *(const float *)eval->inputs[SCORE_THRESHOLD]};
    (void)from;
    (void)to;
    if (params->soft) run.sigma = *(const float *)eval->inputs[SIGMA];
    if (run.sigma < 0) return pl_eval_fail(eval, "sigma is %g, expected >= 0", (double)run.sigma);
    int64_t waiting = 0;
    for (int32_t i = 0; i < params->boxes; i++)
        if (scores[i] > run.score_threshold)
            pl_heap_push(heap, &waiting, (struct pl_heap_item){scores[i], i, 0});
    const int32_t limit = waiting < params->limit ? (int32_t)waiting : params->limit;
    const size_t rest = (size_t)params->limit * sizeof(int32_t);
    memset(eval->outputs[0], 0, rest);
    if (params->soft) memset(eval->outputs[1], 0, rest);
    int32_t *count = eval->outputs[params->soft ? 2 : 1];
    *count = choose(&run, heap, waiting, limit, eval->outputs[0],
                    params->soft ? eval->outputs[1] : NULL);
    return PL_OK;
}

static pl_status check_inputs(struct pl_prepare *prepare)
{
    for (int32_t i = 0; i < prepare->input_count; i++) {
        PL_TRY(
            pl_check_type(prepare, pl_input(i), PL_TYPE_BIT(i == LIMIT ? PL_INT32 : PL_FLOAT32)));
        const int32_t rank = i == BOXES ? 2 : i == SCORES ? 1 : 0;
        PL_TRY(pl_check_rank(prepare, pl_input(i), rank, rank));
    }
    const struct pl_shape *boxes = &prepare->inputs[BOXES]->shape;
    if (boxes->dims[1] != 4)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(BOXES),
                             "found %d numbers per box, expected 4", (int)boxes->dims[1]);
    return pl_check_count(prepare, pl_input(SCORES), boxes->dims[0]);
}

static pl_status set_outputs(struct pl_prepare *prepare, const struct suppression *params)
{
    const struct pl_shape chosen = {1, {params->limit}};
    const struct pl_shape scalar = {0, {0}};
    const int32_t last = prepare->output_count - 1;
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_type(prepare, pl_output(last), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_set_output(prepare, 0, &chosen));
    if (params->soft) {
        PL_TRY(pl_check_type(prepare, pl_output(1), PL_TYPE_BIT(PL_FLOAT32)));
        PL_TRY(pl_check_set_output(prepare, 1, &chosen));
    }
    return pl_check_set_output(prepare, last, &scalar);
}

/* Which of the two it is, its inputs say, as in TensorFlow Lite. */
pl_status pl_prepare_non_max_suppression(struct pl_prepare *prepare)
{
    const bool soft = prepare->input_count == SIGMA + 1;
    PL_TRY(pl_check_arity(prepare, soft ? SIGMA + 1 : SIGMA, SIGMA + 1, soft ? 3 : 2));
    PL_TRY(check_inputs(prepare));
    struct suppression *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    int64_t limit = 0;
    PL_TRY(pl_axis_read_integer(prepare, LIMIT, &limit));
    if (limit < 0)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(LIMIT),
                             "found %lld boxes at most, expected >= 0", (long long)limit);
    params->boxes = prepare->inputs[BOXES]->shape.dims[0];
    params->limit = (int32_t)limit;
    params->soft = soft;
    PL_TRY(set_outputs(prepare, params));
    pl_prepare_scratch(prepare, ((size_t)params->boxes + 1) * sizeof(struct pl_heap_item), false);
    prepare->params = params;
    pl_prepare_stage(prepare, eval, 1, pl_cost(params->boxes, limit + 16));
    return PL_OK;
}
