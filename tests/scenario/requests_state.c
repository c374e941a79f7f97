/* SPDX-License-Identifier: Apache-2.0 */
/* Two models whose operators do what a test wants, the interpreter they are in, and what was answered. */
#include <string.h>
#include <time.h>

#include "requests_state.h"

const char *steps_path, *mark_path, *pair_path;
void (*on_step)(int index);
void (*on_mark)(void);
atomic_int marks, steps;

static plait_status same_shape(struct plait_op_context *context)
{
    struct plait_op_tensor x;
    OK(NULL, plait_op_input(context, 0, &x));
    return plait_op_set_shape(context, 0, x.dims, x.rank);
}

static void copy_plus(struct plait_op_context *context, float more)
{
    struct plait_op_tensor x;
    struct plait_op_tensor y;
    OK(NULL, plait_op_input(context, 0, &x));
    OK(NULL, plait_op_output(context, 0, &y));
    for (int i = 0; i < COUNT; i++) ((float *)y.data)[i] = ((const float *)x.data)[i] + more;
}

static plait_status step(struct plait_op_context *context)
{
    struct plait_op_node node;
    plait_op_get_node(context, &node);
    atomic_fetch_add(&steps, 1);
    if (on_step != NULL) on_step(node.index);
    copy_plus(context, 0);
    return PLAIT_OK;
}

static plait_status mark(struct plait_op_context *context)
{
    if (on_mark != NULL) on_mark();
    copy_plus(context, 1);
    atomic_fetch_add(&marks, 1);
    return PLAIT_OK;
}

/* ---- an interpreter ------------------------------------------------------------------------------------------------ */

struct plait_interpreter *ip;
struct plait_model *low, *high;

void open_lanes(int32_t lanes, int32_t class_number, int32_t requests)
{
    const struct plait_op ops[] = {
        {.struct_bytes = sizeof ops[0], .name = "Step", .prepare = same_shape, .invoke = step},
        {.struct_bytes = sizeof ops[0], .name = "Mark", .prepare = same_shape, .invoke = mark}};
    struct plait_options options;
    plait_options_default(&options);
    if (requests > 0) options.requests = requests;
    options.lanes = lanes;
    ip = scenario_open(&options);
    for (int i = 0; i < 2; i++) OK(ip, plait_register_op(ip, &ops[i]));
    OK(ip, plait_load_file(ip, "low", steps_path, NULL, &low));
    OK(ip, plait_load_file(ip, "high", mark_path, NULL, &high));
    OK(ip, plait_set_class(high, class_number));
    OK(ip, plait_allocate(ip));
    const float zero[COUNT] = {0};
    OK(ip, plait_tensor_write(plait_input(low, 0), zero, BYTES));
    OK(ip, plait_tensor_write(plait_input(high, 0), zero, BYTES));
    on_step = NULL;
    on_mark = NULL;
    atomic_store(&marks, 0);
    atomic_store(&steps, 0);
}

void open_all(int32_t class_number, int32_t requests)
{
    open_lanes(1, class_number, requests);
}

struct plait_submit_options defaults(void)
{
    struct plait_submit_options options;
    plait_submit_options_default(&options);
    return options;
}

plait_request submit(struct plait_model *model, const struct plait_submit_options *options)
{
    plait_request request = 0;
    OK(ip, plait_submit(model, options, &request));
    CHECK(request != 0, "no number");
    return request;
}

struct plait_answer wait_for(plait_request request, plait_status status)
{
    struct plait_answer answer;
    const plait_status found = plait_wait(ip, request, -1, &answer);
    CHECK(found == status && answer.status == status, "%s: %s", plait_status_text(found), plait_last_error(ip));
    CHECK(answer.request == request && answer.ended >= answer.submitted, "a wrong answer");
    CHECK((answer.message[0] == '\0') == (status == PLAIT_OK), "'%s'", answer.message);
    return answer;
}

sem_t inside, released;

void hold(int index)
{
    if (index != 0) return;
    sem_post(&inside);
    while (sem_wait(&released) != 0) continue;
}

plait_request hold_executor(void)
{
    on_step = hold;
    const plait_request request = submit(low, NULL);
    while (sem_wait(&inside) != 0) continue;
    return request;
}

void let_go(void)
{
    sem_post(&released);
}

/* What callbacks saw, in their order. */
atomic_int told;
struct plait_answer answers[MOST];
pthread_t teller[MOST];

void tell(void *user, const struct plait_answer *answer)
{
    const int at = atomic_load(&told);
    CHECK(at < MOST, "too many answers");
    answers[at] = *answer;
    answers[at].message = user;
    teller[at] = pthread_self();
    atomic_fetch_add(&told, 1);
}

void await_told(int count)
{
    const struct timespec moment = {0, 200000};
    for (int i = 0; i < 50000 && atomic_load(&told) < count; i++) nanosleep(&moment, NULL);
    CHECK(atomic_load(&told) == count, "%d of %d answers", atomic_load(&told), count);
}

struct plait_submit_options telling(const char *name)
{
    struct plait_submit_options options = defaults();
    options.done = tell;
    options.user = (void *)(uintptr_t)name;
    return options;
}

void close_all(void)
{
    plait_close(ip);
    atomic_store(&told, 0);
}

plait_request asked;
int marks_seen;

void ask_then_look(int index)
{
    if (index == 0) OK(ip, plait_submit(high, NULL, &asked));
    else marks_seen = atomic_load(&marks);
}
