/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: classes, requests and timing. */
#include <stddef.h>

#include "capi/handles.h"

_Static_assert((int)PLAIT_MOST_CLASS == (int)PL_MOST_CLASS, "the classes are the same");

plait_status plait_set_class(struct plait_model *model, int32_t number)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(pl_api_of(pl_entry_of(model)), pl_entry_set_class(pl_entry_of(model), number, &error), &error);
}

int32_t plait_class(const struct plait_model *model)
{
    return model == NULL ? 0 : pl_entry_class(pl_const_entry(model));
}

plait_status plait_set_queue(struct plait_model *model, int32_t most)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(pl_api_of(pl_entry_of(model)), pl_entry_set_queue(pl_entry_of(model), most, &error), &error);
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

void plait_submit_options_default(struct plait_submit_options *options)
{
    if (options != NULL) *options = (struct plait_submit_options){.struct_bytes = sizeof *options};
}

static struct plait_answer answer_of(const struct pl_answer *answer)
{
    return (struct plait_answer){.request = answer->number,
                                 .status = (plait_status)answer->status,
                                 .message = answer->message,
                                 .submitted = answer->submitted,
                                 .started = answer->started,
                                 .ended = answer->ended,
                                 .deadline = answer->deadline,
                                 .interrupted_nanoseconds = answer->interrupted_ns,
                                 .interruptions = answer->interruptions,
                                 .nested = answer->nested};
}

static void tell(const struct pl_answer *answer, void (*done)(void), void *user)
{
    const struct plait_answer public = answer_of(answer);
    ((plait_done_function)done)(user, &public);
}

/* The two structures are one: only the handle has another name. */
_Static_assert(sizeof(struct plait_request_data) == sizeof(struct pl_request_data), "data of requests");
_Static_assert(offsetof(struct plait_request_data, bytes) == offsetof(struct pl_request_data, bytes), "data of requests");

static const struct pl_request_data *data_of(const struct plait_request_data *data)
{
    return (const struct pl_request_data *)(const void *)data;
}

static bool is_complete(const struct plait_request_data *data, size_t count)
{
    if (data == NULL) return count == 0;
    for (size_t i = 0; i < count; i++)
        if (data[i].tensor == NULL || data[i].data == NULL) return false;
    return true;
}

static bool are_sound(const struct plait_submit_options *options)
{
    return options->struct_bytes == sizeof *options && is_complete(options->inputs, options->input_count) &&
           is_complete(options->outputs, options->output_count) && (int)options->late >= PLAIT_LATE_RUN &&
           options->late <= PLAIT_LATE_DROP && (int)options->surplus >= PLAIT_SURPLUS_REFUSE &&
           options->surplus <= PLAIT_SURPLUS_DROP;
}

plait_status pl_submit(struct plait_interpreter *api, struct pl_entry *const *entries, size_t count, bool pipeline,
                       const struct plait_submit_options *given, plait_request *request)
{
    struct plait_submit_options options;
    plait_submit_options_default(&options);
    if (given != NULL && !are_sound(given))
        return pl_refuse(api, "the options of a request were not set by default first, or something in them is NULL or unknown");
    if (given != NULL) options = *given;
    const struct pl_submission what = {.entries = entries,
                                       .entry_count = count,
                                       .whole_set = options.whole_set || pipeline,
                                       .drop_late = options.late == PLAIT_LATE_DROP,
                                       .drop_surplus = options.surplus == PLAIT_SURPLUS_DROP,
                                       .on_loop = options.on_loop,
                                       .kept = request != NULL,
                                       .deadline = options.deadline,
                                       .inputs = data_of(options.inputs),
                                       .input_count = options.input_count,
                                       .outputs = data_of(options.outputs),
                                       .output_count = options.output_count,
                                       .tell = options.done != NULL ? tell : NULL,
                                       .done = (void (*)(void))options.done,
                                       .user = options.user};
    struct pl_error error = {0};
    uint64_t number = 0;
    const pl_status status = pl_interpreter_submit(api->interpreter, &what, &number, &error);
    if (status == PL_OK && request != NULL) *request = number;
    return pl_report(api, status, &error);
}

plait_status plait_submit(struct plait_model *model, const struct plait_submit_options *options, plait_request *request)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_entry *const entry = pl_entry_of(model);
    return pl_submit(pl_api_of(entry), &entry, 1, false, options, request);
}

plait_status plait_wait(struct plait_interpreter *interpreter, plait_request request, int64_t timeout_nanoseconds,
                        struct plait_answer *answer)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    struct pl_answer found = {0};
    const pl_status status = pl_interpreter_wait(interpreter->interpreter, request, timeout_nanoseconds, &found, &error);
    const plait_status told = pl_report(interpreter, status, &error);
    if (found.number == 0 || answer == NULL) return told;
    *answer = answer_of(&found);
    if (status != PL_OK) answer->message = plait_last_error(interpreter);
    return told;
}

plait_status plait_cancel(struct plait_interpreter *interpreter, plait_request request)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_error error = {0};
    return pl_report(interpreter, pl_interpreter_cancel(interpreter->interpreter, request, &error), &error);
}

plait_status plait_event_fd(struct plait_interpreter *interpreter, int *fd)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    if (fd == NULL) return pl_refuse(interpreter, "plait_event_fd: fd is NULL");
    struct pl_error error = {0};
    return pl_report(interpreter, pl_interpreter_event_fd(interpreter->interpreter, fd, &error), &error);
}

size_t plait_dispatch(struct plait_interpreter *interpreter)
{
    return interpreter == NULL ? 0 : pl_interpreter_dispatch(interpreter->interpreter);
}

/* ---- timing ------------------------------------------------------------------------------------------------------- */

plait_status plait_get_timing(const struct plait_model *model, struct plait_timing *timing)
{
    if (model == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_entry *entry = (struct pl_entry *)(uintptr_t)model;
    if (timing == NULL) return pl_refuse(pl_api_of(entry), "plait_get_timing: timing is NULL");
    struct pl_error error = {0};
    struct pl_timing found;
    const pl_status status = pl_entry_timing(entry, &found, &error);
    if (status != PL_OK) return pl_report(pl_api_of(entry), status, &error);
    *timing = (struct plait_timing){.own_runs = found.own_runs,
                                    .own = found.own,
                                    .own_worst = found.own_worst,
                                    .longest_part = found.longest_part,
                                    .blocking = found.blocking,
                                    .switching = found.switching,
                                    .waking = found.waking,
                                    .machine = found.machine,
                                    .class_number = found.class_number,
                                    .longest_wait = found.own_worst + 2 * found.switching + found.blocking + found.waking +
                                                    found.machine};
    return PLAIT_OK;
}

plait_status plait_measure_machine(struct plait_interpreter *interpreter, uint64_t nanoseconds, struct plait_machine *machine)
{
    if (interpreter == NULL) return PLAIT_INVALID_ARGUMENT;
    struct pl_machine found;
    struct pl_error error = {0};
    const pl_status status = pl_interpreter_measure_machine(interpreter->interpreter, nanoseconds, &found, &error);
    if (status == PL_OK && machine != NULL) *machine = (struct plait_machine){found.usual, found.longest, found.milliseconds};
    return pl_report(interpreter, status, &error);
}
