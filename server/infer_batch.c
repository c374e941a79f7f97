/* SPDX-License-Identifier: Apache-2.0 */
/* One run for several requests that wait for the same model with equal shapes beyond the first dimension: the rows of all, one
 * behind the other, in the model that batches.c has for so many. Where that fails, each is run by itself: what is wrong with
 * one is no harm to the others. */
#include <string.h>

#include "inference.h"

/* The next one in a batch: those that are carried follow who carries them. */
static struct inference *next_of(const struct inference *member)
{
    return member->waiter.next == NULL ? NULL : member->waiter.next->user;
}

/* ---- who goes together ------------------------------------------------------------------------------------------------------ */

unsigned inference_rows(const struct inference *work)
{
    const struct served *served = work->served;
    int64_t rows = 0;
    if (served->model == NULL || served->batches.rule.most == 1) return 0;
    for (size_t i = 0; i < served->input_count; i++) {
        const struct infer_input *input = &work->infer.inputs[i];
        if (input->tensor->type->kind == KIND_TEXT || input->shape.rank == 0) return 0;
        const int64_t own = input->tensor->dims[0] < 0 ? input->shape.dims[0] : 1;
        if (own < 1 || own > MOST_BATCH || (rows != 0 && own != rows)) return 0;
        rows = own;
    }
    return (unsigned)rows;
}

static unsigned places(const struct waiter *leader, const struct waiter *waiter)
{
    const struct inference *one = leader->user, *other = waiter->user;
    for (size_t i = 0; other->rows > 0 && i < one->served->input_count; i++) {
        const struct shape *a = &one->infer.inputs[i].shape, *b = &other->infer.inputs[i].shape;
        if (memcmp(a->dims + 1, b->dims + 1, sizeof a->dims - sizeof a->dims[0]) != 0) return 0;
    }
    return other->rows;
}

/* Behind the leader; NULL: it goes alone. */
static struct waiter *carry_others(struct inference *leader)
{
    struct batches *batches = &leader->served->batches;
    const unsigned limit = leader->rows > 0 ? batches_limit(batches) : 1;
    if (limit <= leader->rows || limit == 1) return NULL;
    const uint64_t until = batches->rule.delay > 0 ? leader->began_waiting + batches->rule.delay : 0;
    return turnstile_carry(&leader->served->turn, &leader->waiter, places, limit, until);
}

/* ---- a run for all of them ---------------------------------------------------------------------------------------------------- */

static struct plait_model *find_model(struct inference *leader, unsigned rows)
{
    struct served *served = leader->served;
    int32_t shapes[MOST_BATCH_INPUTS][MOST_RANK] = {{0}};
    if (served->input_count > MOST_BATCH_INPUTS) return NULL;
    for (size_t i = 0; i < served->input_count; i++) {
        const struct infer_input *input = &leader->infer.inputs[i];
        for (size_t axis = 0; axis < input->shape.rank; axis++) shapes[i][axis] = (int32_t)input->shape.dims[axis];
        shapes[i][0] /= (int32_t)leader->rows;
    }
    return batches_model(&served->batches, served->model, rows, (const int32_t(*)[MOST_RANK])shapes, served->input_count);
}

static bool feed(const struct inference *leader, struct plait_model *model)
{
    for (size_t i = 0; i < leader->served->input_count; i++) {
        struct plait_tensor *tensor = plait_input(model, i);
        char *data = plait_tensor_data(tensor);
        size_t left = plait_tensor_bytes(tensor);
        for (const struct inference *member = leader; member != NULL; member = next_of(member)) {
            const struct infer_input *input = &member->infer.inputs[i];
            if (data == NULL || input->bytes > left) return false;
            memcpy(data, input->data, input->bytes);
            data += input->bytes;
            left -= input->bytes;
        }
        if (left != 0) return false;
    }
    return true;
}

/* It is ended when nobody wants any of the answers. */
static bool all_are_gone(void *user)
{
    for (struct inference *member = user; member != NULL; member = next_of(member))
        if (!inference_has_no_client(member)) return false;
    return true;
}

static bool run(struct inference *leader, struct plait_model *model, unsigned rows, bool *gone)
{
    struct served *served = leader->served;
    struct run_order order = {.model = model,
                              .urgency = leader->infer.urgency,
                              .last_run = &batches_plan(&served->batches, rows)->last_run,
                              .gone = all_are_gone,
                              .user = leader};
    for (const struct inference *member = leader; member != NULL; member = next_of(member))
        if (member->infer.urgency < order.urgency) order.urgency = member->infer.urgency;
    const plait_status status = served_run(served, &order, leader->request->server->runs);
    *gone = status == PLAIT_CANCELLED;
    return status == PLAIT_OK;
}

static bool copy_results(struct inference *member, struct plait_model *model, const struct rows *rows)
{
    for (size_t i = 0; i < member->infer.output_count; i++) {
        const size_t index = (size_t)(member->infer.outputs[i].tensor - member->served->outputs);
        if (result_copy(&member->results[i], plait_output(model, index), rows)) continue;
        member->failure = FAILED_MEMORY;
        return reply_no_memory(member->reply);
    }
    return true;
}

static void split(struct inference *leader, struct plait_model *model, unsigned all)
{
    struct rows rows = {0, 0, all};
    for (struct inference *member = leader; member != NULL; member = next_of(member)) {
        rows.count = member->rows;
        member->fine = copy_results(member, model, &rows);
        rows.first += rows.count;
    }
}

static void note_times(struct inference *leader, const struct times *times, uint64_t began, unsigned rows)
{
    for (struct inference *member = leader; member != NULL; member = next_of(member)) {
        member->times.queue = began - member->began_waiting;
        member->times.input += times->input;
        member->times.infer = times->infer;
        member->times.output = times->output;
    }
    batches_note(&leader->served->batches, rows, times->infer);
    statistics_run(&leader->served->statistics, rows, times);
}

/* False: it could not be, and nothing has happened. */
static bool run_together(struct inference *leader, unsigned rows)
{
    struct times times = {0};
    const uint64_t began = clock_now();
    struct plait_model *model = find_model(leader, rows);
    const uint64_t planned = clock_now();
    bool gone = false;
    if (model == NULL || !feed(leader, model)) return false;
    const uint64_t fed = clock_now();
    if (!run(leader, model, rows, &gone)) {
        for (struct inference *member = leader; gone && member != NULL; member = next_of(member)) member->fine = inference_is_gone(member);
        return gone;
    }
    const uint64_t ran = clock_now();
    split(leader, model, rows);
    times.input = fed - planned;
    times.infer = ran - fed;
    times.output = clock_now() - ran;
    note_times(leader, &times, began, rows);
    return true;
}

static void run_alone(struct inference *work)
{
    const uint64_t began = clock_now(), read = work->times.input;
    work->times.queue = began - work->began_waiting;
    work->fine = inference_run(work);
    if (!work->fine) return;
    const struct times times = {.input = work->times.input - read, .infer = work->times.infer, .output = work->times.output};
    if (work->rows == 1) batches_note(&work->served->batches, 1, times.infer);
    statistics_run(&work->served->statistics, 1, &times);
}

bool inference_run_with_others(struct inference *leader)
{
    struct waiter *carried = carry_others(leader);
    unsigned rows = 0;
    leader->waiter.next = carried;
    for (const struct inference *member = leader; member != NULL; member = next_of(member)) rows += member->rows;
    if (carried == NULL || !run_together(leader, rows))
        for (struct inference *member = leader; member != NULL; member = next_of(member)) run_alone(member);
    turnstile_release(&leader->served->turn, carried);
    return leader->fine;
}
