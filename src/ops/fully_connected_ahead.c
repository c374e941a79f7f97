/* SPDX-License-Identifier: Apache-2.0 */
/* FULLY_CONNECTED on a window that moves on. Sums run over ascending k, so what a window has in common with the one
 * after next comes first in the sums of both, and weights that are read for one window serve the next ones too: every
 * few runs all weights are read, for the sums of this window and, as far as their rows are there, of the next ones; in
 * the runs between, the last weights alone. The bits are those of a window by itself.
 *
 * What was begun is used only if the input is, byte for byte, what it was begun with. Otherwise all begins anew: nothing
 * has to be known of what runs when. */
#include <string.h>

#include "kernels/requantize.h"
#include "ops/check.h"
#include "ops/fully_connected_internal.h"

/* Smaller weights stay in the first level cache, and there is nothing to save. */
enum { LEAST_WEIGHTS = 16 * 1024 };
enum { HEAD, WINDOW, BEGUN };

struct ahead {
    struct pl_dense_row row;
    int32_t step;    /* elements by which the input moves on */
    int32_t windows; /* whose sums begin together */
    int32_t blocks;
};

/* State. All zeros: nothing was begun. */
struct head {
    int64_t step;   /* with which it was begun */
    int32_t next;   /* the window that comes next, counted from the one that all began with; 0: none */
    int32_t window; /* that is computed now */
};

static float *begun(const struct ahead *ahead, const struct pl_eval *eval, int32_t window)
{
    return (float *)eval->states[BEGUN] + (int64_t)(window - 1) * ahead->blocks * PL_GEMM_BLOCK;
}

/* k that a window has when the first one is there. */
static int32_t known(const struct ahead *ahead, int32_t window)
{
    return ahead->row.depth - window * ahead->step;
}

/* ---- eval ------------------------------------------------------------------------------------ */

static pl_status eval_begin(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct ahead *ahead = eval->params;
    struct head *head = eval->states[HEAD];
    float *window = eval->states[WINDOW];
    const int32_t next = head->next;
    (void)from, (void)to;
    head->next = 0; /* until all is there */
    head->window = 0;
    if (next > 0 && head->step == ahead->step &&
        memcmp(eval->inputs[0], window + (int64_t)next * ahead->step, (size_t)known(ahead, next) * sizeof *window) == 0)
        head->window = next;
    else
        memcpy(window, eval->inputs[0], (size_t)ahead->row.depth * sizeof *window);
    return PL_OK;
}

static pl_status eval_end(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct ahead *ahead = eval->params;
    struct head *head = eval->states[HEAD];
    (void)from, (void)to;
    head->next = (head->window + 1) % ahead->windows;
    head->step = ahead->step;
    return PL_OK;
}

/* All k of this window, and those that the next ones have already. */
static void add_all(const struct ahead *ahead, struct pl_gemm_sums *sums)
{
    memset(sums->sums, 0, (size_t)ahead->windows * PL_GEMM_SUMS * sizeof sums->sums[0]);
    for (int32_t rows = ahead->windows; rows > 0; rows--) {
        sums->rows = rows;
        sums->from_k = sums->to_k;
        sums->to_k = known(ahead, rows - 1);
        ahead->row.operands.kernels->add_f32(sums);
    }
}

/* The k that were not there yet when this window was begun. */
static void add_rest(const struct ahead *ahead, const float *partial, int32_t window, struct pl_gemm_sums *sums)
{
    memcpy(sums->sums, partial, (size_t)sums->blocks * PL_GEMM_BLOCK * sizeof *partial);
    sums->rows = 1;
    sums->from_k = known(ahead, window);
    sums->to_k = ahead->row.depth;
    ahead->row.operands.kernels->add_f32(sums);
}

static void finish(const struct ahead *ahead, const struct pl_eval *eval, const struct pl_gemm_sums *sums)
{
    const int32_t first = sums->block * PL_GEMM_BLOCK, rest = ahead->row.channels - first;
    const int32_t wanted = sums->blocks * PL_GEMM_BLOCK, count = rest < wanted ? rest : wanted;
    const float *bias = pl_filter_bias(&ahead->row.bias, eval);
    float *output = (float *)eval->outputs[0] + first;
    for (int32_t n = 0; n < count; n++)
        output[n] = pl_clamp_float(sums->sums[n] + (bias != NULL ? bias[first + n] : 0.0f), ahead->row.low, ahead->row.high);
}

static pl_status eval_sums(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct ahead *ahead = eval->params;
    const int32_t window = ((const struct head *)eval->states[HEAD])->window;
    float numbers[PL_GEMM_SUM_ROWS * PL_GEMM_SUMS];
    for (int32_t block = (int32_t)from; block < to; block += PL_GEMM_SUM_BLOCKS) {
        const int32_t rest = (int32_t)to - block;
        struct pl_gemm_sums sums = {
            .weights = pl_gemm_packed(&ahead->row.operands, eval, 0),
            .depth = ahead->row.depth,
            .input = eval->inputs[0],
            .step = ahead->step,
            .block = block,
            .blocks = rest < PL_GEMM_SUM_BLOCKS ? rest : PL_GEMM_SUM_BLOCKS,
            .sums = numbers,
        };
        const int32_t first = block * PL_GEMM_BLOCK;
        const size_t bytes = (size_t)sums.blocks * PL_GEMM_BLOCK * sizeof *numbers;
        if (window > 0) {
            add_rest(ahead, begun(ahead, eval, window) + first, window, &sums);
        } else {
            add_all(ahead, &sums);
            for (int32_t w = 1; w < ahead->windows; w++)
                memcpy(begun(ahead, eval, w) + first, numbers + w * PL_GEMM_SUMS, bytes);
        }
        finish(ahead, eval, &sums);
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

pl_status pl_fully_connected_prepare_ahead(struct pl_prepare *prepare, const struct pl_dense_row *row, bool *taken)
{
    const int64_t step = prepare->op->moves_on;
    *taken = false;
    if (step <= 0 || step >= row->depth || row->operands.weights.constant == NULL || prepare->data != NULL ||
        (int64_t)row->depth * row->channels < LEAST_WEIGHTS)
        return PL_OK;
    struct ahead *ahead = pl_prepare_allocate(prepare, sizeof *ahead);
    if (ahead == NULL) return PL_OUT_OF_MEMORY;
    const int64_t most = (row->depth - 1) / step + 1; /* each has something that is known */
    ahead->row = *row;
    ahead->step = (int32_t)step;
    ahead->windows = most < PL_GEMM_SUM_ROWS ? (int32_t)most : PL_GEMM_SUM_ROWS;
    ahead->blocks = pl_gemm_blocks(row->channels);
    prepare->params = ahead;
    pl_prepare_state(prepare, NULL, sizeof(struct head));
    pl_prepare_state(prepare, NULL, (size_t)row->depth * sizeof(float));
    pl_prepare_state(prepare, NULL, (size_t)(ahead->windows - 1) * (size_t)ahead->blocks * PL_GEMM_BLOCK * sizeof(float));
    pl_prepare_stage(prepare, eval_begin, 1, row->depth);
    pl_prepare_stage(prepare, eval_sums, ahead->blocks, pl_cost(PL_GEMM_BLOCK, row->depth));
    pl_prepare_stage(prepare, eval_end, 1, 1);
    *taken = true;
    return PL_OK;
}
