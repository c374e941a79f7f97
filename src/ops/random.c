/* SPDX-License-Identifier: Apache-2.0 */
/* RANDOM_UNIFORM, RANDOM_STANDARD_NORMAL, MULTINOMIAL. The first stage moves the generator's state
 * on, the second draws. */
#include <math.h>
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/random_generator.h"

/* ---- RANDOM_UNIFORM, RANDOM_STANDARD_NORMAL -------------------------------------------------- */

struct fill {
    struct pl_random random;
    int64_t count;
};

/* 23 bits become a number in [0, 1). */
static float uniform_float(uint32_t bits)
{
    const uint32_t above_one = (127u << 23) | (bits & 0x7fffffu);
    float value;
    memcpy(&value, &above_one, sizeof value);
    return value - 1.0f;
}

static void make_uniform(const uint32_t block[PL_RANDOM_BLOCK], float values[PL_RANDOM_BLOCK])
{
    for (int i = 0; i < PL_RANDOM_BLOCK; i++) values[i] = uniform_float(block[i]);
}

/* Box and Muller's: two uniform numbers become two normal ones. The functions are evaluated in
 * double and rounded, so that they do not depend on the C library. */
static void make_normal(const uint32_t block[PL_RANDOM_BLOCK], float values[PL_RANDOM_BLOCK])
{
    const float least = 1.0e-7f; /* no logarithm of 0 */
    for (int i = 0; i < PL_RANDOM_BLOCK; i += 2) {
        const float uniform = uniform_float(block[i]);
        const float angle = (float)(2.0 * M_PI * (double)uniform_float(block[i + 1]));
        const float logarithm = (float)log((double)(uniform < least ? least : uniform));
        const float radius = sqrtf(-2.0f * logarithm);
        values[i] = (float)sin((double)angle) * radius;
        values[i + 1] = (float)cos((double)angle) * radius;
    }
}

/* A unit is a block; the last one may be used in part, the rest is lost as in the original. */
static void fill_blocks(const struct pl_eval *eval, int64_t from, int64_t to,
                        void (*make)(const uint32_t *, float *))
{
    const struct fill *params = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        uint32_t block[PL_RANDOM_BLOCK];
        float values[PL_RANDOM_BLOCK];
        const int64_t at = unit * PL_RANDOM_BLOCK;
        const int64_t left = params->count - at;
        pl_random_draw(eval, (uint64_t)unit, block);
        make(block, values);
        memcpy((float *)eval->outputs[0] + at, values,
               (size_t)(left < PL_RANDOM_BLOCK ? left : PL_RANDOM_BLOCK) * sizeof(float));
    }
}

static pl_status eval_uniform(const struct pl_eval *eval, int64_t from, int64_t to)
{
    fill_blocks(eval, from, to, make_uniform);
    return PL_OK;
}

static pl_status eval_normal(const struct pl_eval *eval, int64_t from, int64_t to)
{
    fill_blocks(eval, from, to, make_normal);
    return PL_OK;
}

/* The shape is the contents of input 0. */
static pl_status read_shape(struct pl_prepare *prepare, struct pl_shape *shape)
{
    int64_t dims[PL_MAX_RANK] = {0};
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, 1));
    PL_TRY(pl_axis_read_integers(prepare, 0, PL_MAX_RANK, dims, &shape->rank));
    for (int32_t i = 0; i < shape->rank; i++) {
        if (dims[i] < 0)
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(0),
                                 "found %lld for dimension %d of the output", (long long)dims[i],
                                 (int)i);
        shape->dims[i] = (int32_t)dims[i];
    }
    return PL_OK;
}

static pl_status prepare_fill(struct pl_prepare *prepare, pl_eval_function eval)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_FLOAT32)));
    struct pl_shape shape = {0};
    struct fill *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    pl_random_prepare(prepare, &params->random);
    PL_TRY(read_shape(prepare, &shape));
    PL_TRY(pl_check_set_output(prepare, 0, &shape));
    params->count = pl_shape_count(&shape);
    const int64_t blocks = (params->count + PL_RANDOM_BLOCK - 1) / PL_RANDOM_BLOCK;
    params->random.blocks = (uint64_t)blocks;
    prepare->params = params;
    pl_prepare_stage(prepare, pl_random_eval_begin, 1, 1);
    pl_prepare_stage(prepare, eval, blocks, 128);
    return PL_OK;
}

pl_status pl_prepare_random_uniform(struct pl_prepare *prepare)
{
    return prepare_fill(prepare, eval_uniform);
}

pl_status pl_prepare_random_standard_normal(struct pl_prepare *prepare)
{
    return prepare_fill(prepare, eval_normal);
}

/* ---- MULTINOMIAL ----------------------------------------------------------------------------- */

struct multinomial {
    struct pl_random random;
    int64_t classes;
    int64_t samples; /* per row */
    bool wide;       /* the output is int64, else int32 */
};

/* 52 bits become a number in [0, 1). */
static double uniform_double(uint32_t high, uint32_t low)
{
    const uint64_t above_one = (UINT64_C(1023) << 52) | ((uint64_t)(high & 0xfffffu) << 32) | low;
    double value;
    memcpy(&value, &above_one, sizeof value);
    return value - 1.0;
}

/* Sums of the classes' probabilities, not divided by their total, which is returned. Numbers that
 * are not finite count as impossible. */
static double fill_sums(const float *logits, int64_t classes, double *sums)
{
    float largest = -3.402823466e38f;
    for (int64_t i = 0; i < classes; i++)
        if (isfinite(logits[i]) && logits[i] > largest) largest = logits[i];
    double total = 0;
    for (int64_t i = 0; i < classes; i++) {
        if (isfinite(logits[i])) total += exp((double)logits[i] - (double)largest);
        sums[i] = total;
    }
    return total;
}

/* The first class whose sum is above the value. */
static int64_t find_class(const double *sums, int64_t classes, double value)
{
    int64_t low = 0;
    for (int64_t high = classes; low < high;) {
        const int64_t middle = low + (high - low) / 2;
        if (value < sums[middle]) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* A unit is a row; a sample takes half a block. */
static pl_status eval_multinomial(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct multinomial *params = eval->params;
    double *sums = eval->scratch[0];
    for (int64_t row = from; row < to; row++) {
        const float *logits = (const float *)eval->inputs[0] + row * params->classes;
        const double total = fill_sums(logits, params->classes, sums);
        for (int64_t at = row * params->samples; at < (row + 1) * params->samples; at++) {
            uint32_t block[PL_RANDOM_BLOCK];
            pl_random_draw(eval, (uint64_t)at / 2, block);
            const uint32_t *half = block + at % 2 * 2;
            const double value = uniform_double(half[0], half[1]) * total;
            const int64_t found = find_class(sums, params->classes, value);
            if (params->wide) {
                ((int64_t *)eval->outputs[0])[at] = found;
            } else {
                ((int32_t *)eval->outputs[0])[at] = (int32_t)found;
            }
        }
    }
    return PL_OK;
}

static pl_status read_samples(struct pl_prepare *prepare, struct multinomial *params)
{
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 0, 0));
    PL_TRY(pl_axis_read_integer(prepare, 1, &params->samples));
    if (params->samples >= 0) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(1), "found %lld samples",
                         (long long)params->samples);
}

pl_status pl_prepare_multinomial(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_FLOAT32)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_INT64)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 2, 2));
    struct multinomial *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    pl_random_prepare(prepare, &params->random);
    const struct pl_shape *logits = &prepare->inputs[0]->shape;
    params->classes = logits->dims[1];
    if (params->classes < 1)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(0), "there are no classes");
    PL_TRY(read_samples(prepare, params));
    const struct pl_shape output = {2, {logits->dims[0], (int32_t)params->samples}};
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    params->wide = prepare->outputs[0]->tensor->type == PL_INT64;
    /* TensorFlow's reserve for generators that draw an unknown number of times. */
    params->random.blocks =
        (uint64_t)logits->dims[0] * (((uint64_t)params->samples + 3) / 4 * 4) * 2 * 256;
    pl_prepare_scratch(prepare, (size_t)params->classes * sizeof(double), true);
    prepare->params = params;
    pl_prepare_stage(prepare, pl_random_eval_begin, 1, 1);
    pl_prepare_stage(prepare, eval_multinomial, logits->dims[0],
                     pl_cost(params->samples, 64) / 2 + params->classes);
    return PL_OK;
}
