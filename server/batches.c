/* SPDX-License-Identifier: Apache-2.0 */
#include "batches.h"

#include <stdio.h>
#include <string.h>

enum {
    TRIES = 8,     /* runs of a size before it is judged: the first ones are slow */
    SHARE = 8,     /* of a run's time in what is remembered: one in so many */
    AGAIN = 1 << 14 /* runs until what was not worth it is tried again */
};
static const double WORTH = 0.95; /* of the time of single runs */

void batches_begin(struct batches *batches, const struct batch_rule *rule)
{
    *batches = (struct batches){.rule = *rule};
    batches->limit = rule->most == 0 ? 2 : rule->most;
}

static void drop(struct batch_plan *plan)
{
    if (plan->model != NULL) plait_unload(plan->model);
    *plan = (struct batch_plan){0};
}

void batches_end(struct batches *batches)
{
    for (size_t i = 0; i < BATCH_SIZES; i++) drop(&batches->plans[i]);
}

struct batch_plan *batches_plan(struct batches *batches, unsigned rows)
{
    size_t index = 0;
    while (1u << index < rows) index++;
    return &batches->plans[index];
}

/* ---- whether it is worth it ---------------------------------------------------------------------------------------------------- */

static bool is_worth_it(struct batches *batches, unsigned rows)
{
    const struct batch_plan *plan = batches_plan(batches, rows), *single = &batches->plans[0];
    return plan->runs < TRIES || single->runs == 0 ||
           (double)plan->row_nanoseconds < WORTH * (double)single->row_nanoseconds;
}

unsigned batches_limit(struct batches *batches)
{
    if (batches->rule.most == 0 && batches->limit == 1 && ++batches->passed % AGAIN == 0) batches->limit = 2;
    /* What single runs take has to be known. */
    return batches->rule.most == 0 && batches->plans[0].runs < TRIES ? 1 : batches->limit;
}

/* A size that is not worth it goes, and its memory with it. */
static void judge(struct batches *batches, unsigned rows)
{
    struct batch_plan *plan = batches_plan(batches, rows);
    if (batches->rule.most != 0 || rows == 1 || plan->runs < TRIES) return;
    if (!is_worth_it(batches, rows)) {
        for (unsigned size = rows; size <= USUAL_BATCH; size *= 2) drop(batches_plan(batches, size));
        batches->limit = rows / 2;
    } else if (rows == batches->limit && rows < USUAL_BATCH) {
        batches->limit = 2 * rows;
    }
}

void batches_note(struct batches *batches, unsigned rows, uint64_t nanoseconds)
{
    struct batch_plan *plan = batches_plan(batches, rows);
    const uint64_t row = nanoseconds / rows;
    /* The least of those at the beginning; then it follows. */
    if (plan->runs < TRIES && (plan->runs == 0 || row < plan->row_nanoseconds)) plan->row_nanoseconds = row;
    else if (plan->runs >= TRIES) plan->row_nanoseconds += (uint64_t)(((int64_t)row - (int64_t)plan->row_nanoseconds) / SHARE);
    plan->runs++;
    judge(batches, rows);
}

/* ---- models -------------------------------------------------------------------------------------------------------------------- */

static uint64_t number_of(const int32_t (*shapes)[8], size_t inputs)
{
    uint64_t number = 0xcbf29ce484222325u;
    for (size_t i = 0; i < inputs; i++)
        for (size_t axis = 0; axis < 8; axis++) number = (number ^ (uint32_t)shapes[i][axis]) * 0x100000001b3u;
    return number | 1;
}

static bool fits(const struct plait_model *model, const int32_t (*shapes)[8], size_t inputs, unsigned rows)
{
    for (size_t i = 0; i < inputs; i++) {
        const struct plait_tensor *input = plait_input(model, i);
        for (int32_t axis = 0; axis < plait_tensor_rank(input); axis++)
            if (plait_tensor_dim(input, axis) != shapes[i][axis] * (axis == 0 ? (int32_t)rows : 1)) return false;
    }
    return true;
}

static plait_status resize(struct plait_model *model, const int32_t (*shapes)[8], size_t inputs, unsigned rows)
{
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < inputs; i++) {
        int32_t dims[8];
        memcpy(dims, shapes[i], sizeof dims);
        dims[0] *= (int32_t)rows;
        status = plait_resize_input(model, i, dims, plait_tensor_rank(plait_input(model, i)));
    }
    return status == PLAIT_OK ? plait_allocate_model(model) : status;
}

/* The library is asked for the very shapes: planned for one row first. */
static plait_status plan(struct plait_model *model, unsigned rows, const int32_t (*shapes)[8], size_t inputs)
{
    plait_status status = resize(model, shapes, inputs, 1);
    if (status == PLAIT_OK) status = plait_check_batch(model, (int32_t)rows);
    return status == PLAIT_OK ? resize(model, shapes, inputs, rows) : status;
}

struct plait_model *batches_model(struct batches *batches, struct plait_model *single, unsigned rows,
                                  const int32_t (*shapes)[8], size_t inputs)
{
    struct batch_plan *size = batches_plan(batches, rows);
    const uint64_t number = number_of(shapes, inputs);
    char name[300];
    if (size->model != NULL && fits(size->model, shapes, inputs, rows)) return size->model;
    if (size->refused == number) return NULL;
    drop(size);
    snprintf(name, sizeof name, "%.250s_rows%u", plait_model_name(single), rows);
    plait_status status = plait_clone(single, name, &size->model);
    if (status == PLAIT_OK) status = plan(size->model, rows, shapes, inputs);
    if (status == PLAIT_OK) return size->model;
    drop(size);
    size->refused = status == PLAIT_OUT_OF_MEMORY ? 0 : number;
    return NULL;
}
