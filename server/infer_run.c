/* SPDX-License-Identifier: Apache-2.0 */
/* A run for one request: shapes, inputs, the run itself, outputs. */
#include <stdlib.h>

#include "inference.h"

/* ---- shapes --------------------------------------------------------------------------------------------------------------- */

static bool has_shape(const struct infer_input *input)
{
    const struct served_tensor *tensor = input->tensor;
    for (size_t axis = 0; axis < tensor->rank; axis++)
        if (input->shape.dims[axis] != plait_tensor_dim(tensor->tensor, (int32_t)axis)) return false;
    return true;
}

static plait_status set_shape(const struct served_tensor *tensor, const int32_t dims[MOST_RANK])
{
    return plait_resize_input(tensor->owner, tensor->index, dims, (int32_t)tensor->rank);
}

/* Plans the models whose inputs got shapes. */
static plait_status allocate(const struct served *served, const bool *resized)
{
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < served->input_count; i++)
        if (resized[i]) status = plait_allocate_model(served->inputs[i].owner);
    return status;
}

/* Gives inputs the shapes of the request, where those are others than before. */
static plait_status resize(const struct inference *work, bool *resized)
{
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < work->served->input_count; i++) {
        const struct infer_input *input = &work->infer.inputs[i];
        int32_t dims[MOST_RANK] = {0};
        if (input->tensor->row_axis >= 0 || has_shape(input)) continue;
        for (size_t axis = 0; axis < input->shape.rank; axis++) dims[axis] = (int32_t)input->shape.dims[axis];
        resized[i] = true;
        status = set_shape(input->tensor, dims);
    }
    return status == PLAIT_OK ? allocate(work->served, resized) : status;
}

static plait_status fit_shapes(struct inference *work)
{
    struct served *served = work->served;
    int32_t(*old)[MOST_RANK] = calloc(served->input_count + 1, sizeof *old);
    bool *resized = calloc(served->input_count + 1, sizeof *resized);
    plait_status status = old != NULL && resized != NULL ? PLAIT_OK : PLAIT_OUT_OF_MEMORY;
    if (status != PLAIT_OK) reply_no_memory(work->reply);
    for (size_t i = 0; status == PLAIT_OK && i < served->input_count; i++)
        for (size_t axis = 0; axis < served->inputs[i].rank; axis++)
            old[i][axis] = plait_tensor_dim(served->inputs[i].tensor, (int32_t)axis);
    if (status == PLAIT_OK && (status = resize(work, resized)) != PLAIT_OK) {
        reply_failure(work->reply, served->interpreter, status);
        /* Back to sizes that worked, for the requests that come. */
        for (size_t i = 0; i < served->input_count; i++)
            if (resized[i]) set_shape(&served->inputs[i], old[i]);
        allocate(served, resized);
    }
    free(resized);
    free(old);
    return status;
}

/* ---- feeding and running ----------------------------------------------------------------------------------------------------- */

static plait_status feed(struct inference *work)
{
    const struct served *served = work->served;
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < served->input_count; i++) {
        const struct infer_input *input = &work->infer.inputs[i];
        if (input->tensor->row_axis >= 0) continue;
        if (served->pipeline != NULL)
            status = plait_pipeline_write(served->pipeline, input->tensor->name, input->data, input->bytes);
        else status = plait_tensor_write(input->tensor->tensor, input->data, input->bytes);
    }
    return status;
}

static plait_status push(struct inference *work)
{
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < work->served->input_count; i++) {
        const struct infer_input *input = &work->infer.inputs[i];
        if (input->tensor->row_axis >= 0)
            status = plait_pipeline_push(work->served->pipeline, input->tensor->name, input->data, input->bytes);
    }
    return status;
}

/* What is fed runs all there is; what is pushed runs what it leads to. False, and the reply says why, where it fails. */
static bool run(struct inference *work)
{
    struct served *served = work->served;
    struct run_order order = {.model = served->model,
                              .urgency = work->infer.urgency,
                              .deadline = work->waiter.deadline,
                              .last_run = &served->last_run,
                              .gone = inference_has_no_client,
                              .user = work};
    plait_status status = PLAIT_OK;
    if (served->is_fed) status = served_run(served, &order, work->request->server->runs);
    if (status == PLAIT_TOO_LATE) return inference_is_late(work);
    if (status == PLAIT_CANCELLED) return inference_is_gone(work);
    if (status != PLAIT_OK) {
        reply_status(work->reply, status, order.message);
    } else {
        status = push(work);
        if (status != PLAIT_OK) reply_failure(work->reply, served->interpreter, status);
    }
    if (status == PLAIT_OK) return true;
    work->failure = status == PLAIT_OUT_OF_MEMORY ? FAILED_MEMORY : FAILED_RUN;
    return false;
}

static bool copy_results(struct inference *work)
{
    const struct rows whole = {0, 1, 1};
    for (size_t i = 0; i < work->infer.output_count; i++) {
        const struct served_tensor *output = work->infer.outputs[i].tensor;
        struct result *result = &work->results[i];
        if (output->finder != NULL ? result_copy_boxes(result, output) : result_copy(result, output->tensor, &whole)) continue;
        work->failure = FAILED_MEMORY;
        return reply_no_memory(work->reply);
    }
    return true;
}

bool inference_run(struct inference *work)
{
    const uint64_t began = clock_now();
    plait_status status = fit_shapes(work);
    if (status == PLAIT_OK && (status = feed(work)) != PLAIT_OK)
        reply_failure(work->reply, work->served->interpreter, status);
    if (status != PLAIT_OK) {
        work->failure = status == PLAIT_OUT_OF_MEMORY ? FAILED_MEMORY : FAILED_RUN;
        return false;
    }
    const uint64_t fed = clock_now();
    if (!run(work)) return false;
    const uint64_t ran = clock_now();
    work->times.input += fed - began;
    work->times.infer = ran - fed;
    if (!copy_results(work)) return false;
    work->times.output = clock_now() - ran;
    return true;
}
