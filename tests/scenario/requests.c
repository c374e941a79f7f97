/* SPDX-License-Identifier: Apache-2.0 */
/* What is submitted: its order, deadlines, queues, cancelling, loops of events, unloading, closing, fork; and that higher
 * classes interrupt. Operators of the program's own hold a run where a test wants it, so that nothing depends on luck.
 * Paths: steps (two operators Step), mark (one operator Mark, which adds 1) (see test_requests.py). */
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

enum { COUNT = 4, BYTES = COUNT * sizeof(float), MOST = 16 };
static const uint64_t HOUR = 3600ull * 1000000000ull;

static const char *steps_path, *mark_path;

/* ---- operators ----------------------------------------------------------------------------------------------------- */

static void (*on_step)(int index);
static void (*on_mark)(void);
static atomic_int marks, steps;

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

static struct plait_interpreter *ip;
static struct plait_model *low, *high;
static int32_t lanes = 1; /* of what is opened */

static void open_all(int32_t class_number, int32_t requests)
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

static struct plait_submit_options defaults(void)
{
    struct plait_submit_options options;
    plait_submit_options_default(&options);
    return options;
}

static plait_request submit(struct plait_model *model, const struct plait_submit_options *options)
{
    plait_request request = 0;
    OK(ip, plait_submit(model, options, &request));
    CHECK(request != 0, "no number");
    return request;
}

static struct plait_answer wait_for(plait_request request, plait_status status)
{
    struct plait_answer answer;
    const plait_status found = plait_wait(ip, request, -1, &answer);
    CHECK(found == status && answer.status == status, "%s: %s", plait_status_text(found), plait_last_error(ip));
    CHECK(answer.request == request && answer.ended >= answer.submitted, "a wrong answer");
    CHECK((answer.message[0] == '\0') == (status == PLAIT_OK), "'%s'", answer.message);
    return answer;
}

/* Holds the low model in its first step until let_go(). */
static sem_t inside, released;

static void hold(int index)
{
    if (index != 0) return;
    sem_post(&inside);
    while (sem_wait(&released) != 0) continue;
}

static plait_request hold_executor(void)
{
    on_step = hold;
    const plait_request request = submit(low, NULL);
    while (sem_wait(&inside) != 0) continue;
    return request;
}

static void let_go(void)
{
    sem_post(&released);
}

/* What callbacks saw, in their order. */
static atomic_int told;
static struct plait_answer answers[MOST];
static pthread_t teller[MOST];

static void tell(void *user, const struct plait_answer *answer)
{
    const int at = atomic_load(&told);
    CHECK(at < MOST, "too many answers");
    answers[at] = *answer;
    answers[at].message = user;
    teller[at] = pthread_self();
    atomic_fetch_add(&told, 1);
}

static void await_told(int count)
{
    const struct timespec moment = {0, 200000};
    for (int i = 0; i < 50000 && atomic_load(&told) < count; i++) nanosleep(&moment, NULL);
    CHECK(atomic_load(&told) == count, "%d of %d answers", atomic_load(&told), count);
}

static struct plait_submit_options telling(const char *name)
{
    struct plait_submit_options options = defaults();
    options.done = tell;
    options.user = (void *)(uintptr_t)name;
    return options;
}

static void close_all(void)
{
    plait_close(ip);
    atomic_store(&told, 0);
}

/* ---- classes ------------------------------------------------------------------------------------------------------- */

static plait_request asked;
static int marks_seen;

static void ask_then_look(int index)
{
    if (index == 0) OK(ip, plait_submit(high, NULL, &asked));
    else marks_seen = atomic_load(&marks);
}

/* The only executor runs the low model, which asks for the high one in its first step. */
static void test_higher_classes_interrupt(bool higher)
{
    open_all(higher ? 5 : 0, 0);
    on_step = ask_then_look;
    const struct plait_answer of_low = wait_for(submit(low, NULL), PLAIT_OK);
    const struct plait_answer of_high = wait_for(asked, PLAIT_OK);
    CHECK(marks_seen == (higher ? 1 : 0), "it ran %s", higher ? "too late" : "although it is of the same class");
    CHECK(of_high.nested == higher && of_low.interruptions == (higher ? 1 : 0), "%u interruptions", of_low.interruptions);
    CHECK((of_low.interrupted_nanoseconds > 0) == higher, "no time for it");
    close_all();
}

static cpu_set_t all_processors;

/* For interpreters that are opened from now on. */
static void use_one_processor(void)
{
    cpu_set_t one;
    CHECK(sched_getaffinity(0, sizeof all_processors, &all_processors) == 0, "processors");
    CPU_ZERO(&one);
    for (size_t i = 0; CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all_processors)) CPU_SET(i, &one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == 0, "one processor");
}

static void use_all_processors(void)
{
    CHECK(sched_setaffinity(0, sizeof all_processors, &all_processors) == 0, "all processors");
}

/* The same inside of a call, which has the only processor. */
static void test_requests_interrupt_calls(void)
{
    use_one_processor();
    open_all(1, 0);
    on_step = ask_then_look;
    OK(ip, plait_invoke(low));
    wait_for(asked, PLAIT_OK);
    CHECK(marks_seen == 1, "the call was not interrupted");
    close_all();
    use_all_processors();
}

static atomic_bool high_runs;

static void be_slow(void)
{
    const struct timespec moment = {0, 20000000};
    atomic_store(&high_runs, true);
    let_go();
    nanosleep(&moment, NULL);
    atomic_store(&high_runs, false);
}

static void hold_then_look(int index)
{
    hold(index);
    CHECK(index == 0 || !atomic_load(&high_runs), "it goes on beside a higher class, with one processor");
}

static void *invoke_low(void *nothing)
{
    OK(ip, plait_invoke(low));
    return nothing;
}

/* Two callers and one processor. */
static void test_calls_pause(void)
{
    use_one_processor();
    open_all(3, 0);
    on_step = hold_then_look;
    on_mark = be_slow;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, invoke_low, NULL) == 0, "thread");
    while (sem_wait(&inside) != 0) continue;
    CHECK(plait_set_class(low, 2) == PLAIT_BUSY, "the class changed while it runs");
    OK(ip, plait_invoke(high));
    pthread_join(thread, NULL);
    CHECK(atomic_load(&steps) == 2 && atomic_load(&marks) == 1, "not all ran");
    close_all();
    use_all_processors();
}

static void ask_and_wait(int index)
{
    if (index != 0) return;
    plait_request request = 0;
    OK(ip, plait_submit(high, NULL, &request));
    OK(ip, plait_wait(ip, request, -1, NULL));
    OK(ip, plait_invoke(high)); /* of a class below it, in its run */
}

/* An operator waits for what only its own thread could run. */
static void test_waiting_within_a_run(void)
{
    open_all(0, 0);
    OK(ip, plait_set_class(low, 7));
    on_step = ask_and_wait;
    wait_for(submit(low, NULL), PLAIT_OK);
    OK(ip, plait_invoke(low));
    CHECK(atomic_load(&marks) == 4, "%d marks", atomic_load(&marks));
    close_all();
}

static struct plait_event events[64];
static atomic_int event_count;

static void keep_event(void *user, const struct plait_event *event)
{
    (void)user;
    const int at = atomic_fetch_add(&event_count, 1);
    CHECK(at < 64, "too many events");
    events[at] = *event;
}

static const struct plait_event *event_of(const struct plait_model *model, plait_event_kind kind)
{
    for (int i = 0; i < atomic_load(&event_count); i++)
        if (events[i].model == model && events[i].kind == kind) return &events[i];
    scenario_fail(__FILE__, __LINE__, "event", "no event of kind %d", (int)kind);
}

static void test_trace(void)
{
    open_all(5, 0);
    atomic_store(&event_count, 0);
    OK(ip, plait_trace(ip, keep_event, NULL));
    on_step = ask_then_look;
    const plait_request of_low = submit(low, NULL);
    wait_for(of_low, PLAIT_OK);
    wait_for(asked, PLAIT_OK);
    const struct plait_event *wait = event_of(high, PLAIT_EVENT_WAIT), *run = event_of(high, PLAIT_EVENT_RUN);
    const struct plait_event *stop = event_of(low, PLAIT_EVENT_INTERRUPTION), *work = event_of(high, PLAIT_EVENT_WORK);
    CHECK(wait->request == asked && run->request == asked && work->request == asked, "another request");
    CHECK(stop->request == of_low && stop->class_number == 0 && run->class_number == 5, "another class");
    CHECK(wait->end_nanoseconds <= work->begin_nanoseconds && work->end_nanoseconds <= run->end_nanoseconds, "order");
    CHECK(stop->begin_nanoseconds <= run->begin_nanoseconds && run->end_nanoseconds <= stop->end_nanoseconds, "order");
    CHECK(strcmp(stop->name, "low") == 0 && stop->step == -1 && stop->operator_index == -1, "name");
    OK(ip, plait_trace(ip, NULL, NULL));
    close_all();
}

static int64_t step_nanoseconds;

static void take_long(int index)
{
    const struct timespec moment = {0, index == 0 ? step_nanoseconds : 0};
    nanosleep(&moment, NULL);
}

/* What is said comes from what runs: a step that takes longer changes it. */
static void test_timing(void)
{
    struct plait_timing before, after, of_low;
    open_all(5, 0);
    on_step = take_long;
    OK(ip, plait_get_timing(high, &before));
    CHECK(before.own_runs == 0 && before.own == 0 && before.blocking == 0 && before.switching == 0, "nothing ran yet");
    step_nanoseconds = 2000000;
    for (int i = 0; i < 3; i++) wait_for(submit(low, NULL), PLAIT_OK);
    for (int i = 0; i < 3; i++) wait_for(submit(high, NULL), PLAIT_OK);
    OK(ip, plait_get_timing(high, &before));
    OK(ip, plait_get_timing(low, &of_low));
    CHECK(of_low.longest_part >= 2000000 && of_low.own >= 2000000 && of_low.blocking == 0, "%llu",
          (unsigned long long)of_low.longest_part);
    CHECK(before.blocking == of_low.longest_part && before.own_runs > 0 && before.own > 0, "no blocking");
    CHECK(before.longest_wait == before.own_worst + before.blocking + 2 * before.switching + before.waking &&
          before.switching > 0, "sum");
    step_nanoseconds = 8000000;
    for (int i = 0; i < 6; i++) wait_for(submit(low, NULL), PLAIT_OK);
    OK(ip, plait_get_timing(high, &after));
    CHECK(after.blocking > 6000000, "still %llu", (unsigned long long)after.blocking);
    OK(ip, plait_unload(low));
    OK(ip, plait_get_timing(high, &after));
    CHECK(after.blocking == 0, "a model that is not there blocks");
    close_all();
}

static void check_classes_stay(struct plait_model *const *models, int count)
{
    for (int i = 0; i < count; i++)
        CHECK(plait_set_class(models[i], 7) == PLAIT_BUSY && plait_class(models[i]) != 7, "class of model %d", i);
}

/* Of what runs, for a caller or a request, of what waits, and of what comes later in a pipeline that runs. */
static void test_classes_stay_while_they_count(void)
{
    char text[4096];
    open_all(5, 0);
    const plait_request first = hold_executor(), second = submit(high, NULL);
    check_classes_stay((struct plait_model *[]){low, high}, 2);
    let_go();
    wait_for(first, PLAIT_OK);
    wait_for(second, PLAIT_OK);
    for (int i = 0; i < 2; i++) OK(ip, plait_set_class(i == 0 ? low : high, 7));
    snprintf(text, sizeof text, "{\"models\": {\"one\": \"%s\", \"two\": \"%s\"}}", steps_path, steps_path);
    struct plait_pipeline *pipeline;
    OK(ip, plait_pipeline_load_buffer(ip, text, strlen(text), NULL, NULL, &pipeline));
    OK(ip, plait_allocate(ip));
    plait_request whole = 0;
    OK(ip, plait_pipeline_submit(pipeline, NULL, &whole));
    while (sem_wait(&inside) != 0) continue; /* in one of them; the other one runs after it */
    check_classes_stay((struct plait_model *[]){plait_find_model(ip, "one"), plait_find_model(ip, "two")}, 2);
    for (int i = 0; i < 2; i++) let_go();
    wait_for(whole, PLAIT_OK);
    while (sem_wait(&inside) != 0) continue;
    close_all();
}

/* How long a thread takes to wake up is told from how long requests wait for others. */
static void test_waiting_is_not_waking(int32_t on_lanes)
{
    struct plait_timing timing;
    lanes = on_lanes;
    open_all(5, 0);
    lanes = 1;
    const struct plait_submit_options options = telling("low");
    on_step = take_long;
    step_nanoseconds = 100000000;
    for (int i = 0; i < 3; i++) {
        OK(ip, plait_submit(low, &options, NULL)); /* while it is answered, the lock is free for another executor */
        OK(ip, plait_submit(low, &options, NULL));
        await_told(2 * i + 2);
    }
    OK(ip, plait_get_timing(low, &timing));
    CHECK(timing.own_runs == 6 && timing.waking > 0, "%llu runs", (unsigned long long)timing.own_runs);
    CHECK(timing.waking < (uint64_t)step_nanoseconds, "%llu ns", (unsigned long long)timing.waking);
    close_all();
}

/* ---- order, deadlines, queues --------------------------------------------------------------------------------------- */

static void test_order(void)
{
    open_all(0, 0);
    static const struct {
        const char *name;
        uint64_t deadline;
        int32_t class_number;
    } asked_for[] = {{"none", 0, 0}, {"late", 2, 0}, {"early", 1, 0}, {"late too", 2, 0}, {"urgent", 0, 1}};
    struct plait_model *models[5];
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        OK(ip, plait_clone(high, name, &models[i]));
        OK(ip, plait_set_class(models[i], asked_for[i].class_number));
    }
    OK(ip, plait_allocate(ip));
    OK(ip, plait_set_class(low, 9)); /* nobody interrupts it */
    const plait_request held = hold_executor();
    for (int i = 0; i < 5; i++) {
        struct plait_submit_options options = telling(asked_for[i].name);
        options.deadline = asked_for[i].deadline == 0 ? 0 : asked_for[i].deadline * HOUR * 1000;
        submit(models[i], &options);
    }
    let_go();
    wait_for(held, PLAIT_OK);
    await_told(5);
    static const char *const expected[] = {"urgent", "early", "late", "late too", "none"};
    for (int i = 0; i < 5; i++)
        CHECK(strcmp(answers[i].message, expected[i]) == 0, "%s came at place %d", answers[i].message, i);
    close_all();
}

static void test_late(void)
{
    open_all(0, 0);
    const plait_request held = hold_executor();
    struct plait_submit_options options = defaults();
    options.deadline = 1;
    const plait_request runs = submit(high, &options);
    options.late = PLAIT_LATE_DROP;
    const plait_request dropped = submit(high, &options);
    options.deadline = UINT64_MAX;
    const plait_request in_time = submit(high, &options);
    let_go();
    wait_for(held, PLAIT_OK);
    const struct plait_answer late = wait_for(runs, PLAIT_OK);
    CHECK(late.deadline == 1 && late.ended > late.deadline && late.started > 0, "not late");
    CHECK(wait_for(dropped, PLAIT_TOO_LATE).started == 0, "it began");
    wait_for(in_time, PLAIT_OK);
    CHECK(atomic_load(&marks) == 2, "%d marks", atomic_load(&marks));
    close_all();
}

static void test_surplus(void)
{
    open_all(0, 5);
    OK(ip, plait_set_queue(high, 2));
    CHECK(plait_set_queue(high, 0) == PLAIT_INVALID_ARGUMENT, "a queue of 0");
    const plait_request held = hold_executor();
    struct plait_submit_options options = defaults();
    const plait_request first = submit(high, NULL), second = submit(high, NULL);
    plait_request third = 0;
    CHECK(plait_submit(high, NULL, &third) == PLAIT_BUSY && third == 0, "the queue is not bounded");
    CHECK(strstr(plait_last_error(ip), "2 requests wait") != NULL, "%s", plait_last_error(ip));
    options.surplus = PLAIT_SURPLUS_DROP;
    third = submit(high, &options);
    wait_for(first, PLAIT_DROPPED);
    OK(ip, plait_set_queue(high, 8));
    const plait_request fourth = submit(high, NULL);
    submit(high, NULL);
    CHECK(plait_submit(high, NULL, NULL) == PLAIT_BUSY, "more than options.requests");
    CHECK(strstr(plait_last_error(ip), "5 requests are under way") != NULL, "%s", plait_last_error(ip));
    let_go();
    wait_for(held, PLAIT_OK);
    wait_for(second, PLAIT_OK);
    wait_for(third, PLAIT_OK);
    wait_for(fourth, PLAIT_OK);
    CHECK(plait_wait(ip, fourth, -1, NULL) == PLAIT_NOT_FOUND, "a number is known after it ended");
    CHECK(plait_cancel(ip, fourth) == PLAIT_NOT_FOUND, "a number is known after it ended");
    close_all();
}

/* ---- waiting and cancelling ----------------------------------------------------------------------------------------- */

static void test_cancel(void)
{
    open_all(0, 0);
    const plait_request held = hold_executor();
    const plait_request waits = submit(high, NULL);
    const struct plait_submit_options options = telling("cancelled");
    const plait_request tells = submit(high, &options);
    CHECK(plait_wait(ip, waits, 0, NULL) == PLAIT_BUSY, "it ended");
    CHECK(plait_wait(ip, waits, 2000000, NULL) == PLAIT_BUSY, "it ended");
    CHECK(plait_wait(ip, tells, 0, NULL) == PLAIT_INVALID_ARGUMENT, "it is answered by a callback");
    OK(ip, plait_cancel(ip, waits));
    OK(ip, plait_cancel(ip, tells));
    CHECK(atomic_load(&told) == 1 && answers[0].status == PLAIT_CANCELLED, "it was not told at once");
    CHECK(wait_for(waits, PLAIT_CANCELLED).started == 0, "it began");
    OK(ip, plait_cancel(ip, held));
    let_go();
    CHECK(wait_for(held, PLAIT_CANCELLED).started > 0, "it never began");
    CHECK(atomic_load(&steps) == 1 && atomic_load(&marks) == 0, "%d steps ran", atomic_load(&steps));
    close_all();
}

/* Several requests of one model, each with its own memory; nothing is allocated once there was one. */
static void test_own_memory(void)
{
    enum { REQUESTS = 6 };
    open_all(0, 0);
    wait_for(submit(high, NULL), PLAIT_OK);
    struct plait_stats before, after;
    OK(ip, plait_get_stats(ip, &before));
    float in[REQUESTS][COUNT], out[REQUESTS][COUNT];
    struct plait_request_data inputs[REQUESTS], outputs[REQUESTS];
    plait_request requests[REQUESTS];
    const plait_request held = hold_executor();
    for (int i = 0; i < REQUESTS; i++) {
        for (int k = 0; k < COUNT; k++) in[i][k] = (float)(10 * i + k);
        inputs[i] = (struct plait_request_data){plait_input(high, 0), in[i], BYTES};
        outputs[i] = (struct plait_request_data){plait_output(high, 0), out[i], BYTES};
        struct plait_submit_options options = defaults();
        options.inputs = &inputs[i];
        options.outputs = &outputs[i];
        options.input_count = options.output_count = 1;
        requests[i] = submit(high, &options);
        options.inputs = &(struct plait_request_data){plait_input(high, 0), in[i], BYTES - 1};
        CHECK(plait_submit(high, &options, NULL) == PLAIT_INVALID_ARGUMENT, "a wrong size");
        options.inputs = &(struct plait_request_data){plait_input(low, 0), in[i], BYTES};
        CHECK(plait_submit(high, &options, NULL) == PLAIT_INVALID_ARGUMENT, "an input of another model");
    }
    let_go();
    wait_for(held, PLAIT_OK);
    for (int i = 0; i < REQUESTS; i++) {
        wait_for(requests[i], PLAIT_OK);
        for (int k = 0; k < COUNT; k++) CHECK(out[i][k] == in[i][k] + 1, "request %d: %g", i, (double)out[i][k]);
    }
    OK(ip, plait_get_stats(ip, &after));
    CHECK(before.allocations == after.allocations, "submitting allocates");
    close_all();
}

static void test_event_loop(void)
{
    open_all(0, 0);
    int fd = -1;
    OK(ip, plait_event_fd(ip, &fd));
    struct pollfd event = {.fd = fd, .events = POLLIN};
    CHECK(poll(&event, 1, 0) == 0, "there is nothing yet");
    struct plait_submit_options options = telling("loop");
    options.on_loop = true;
    submit(high, &options);
    CHECK(poll(&event, 1, 20000) == 1, "nothing came");
    CHECK(atomic_load(&told) == 0, "it was told by somebody else");
    CHECK(plait_dispatch(ip) == 1 && atomic_load(&told) == 1, "it was not told");
    CHECK(pthread_equal(teller[0], pthread_self()) && answers[0].status == PLAIT_OK, "by another thread");
    CHECK(poll(&event, 1, 0) == 0 && plait_dispatch(ip) == 0, "it is told twice");
    close_all();
}

/* ---- ends ---------------------------------------------------------------------------------------------------------- */

static void test_unloading_and_closing(void)
{
    open_all(0, 0);
    hold_executor();
    const struct plait_submit_options options = telling("unloaded");
    const plait_request waits = submit(high, NULL);
    submit(high, &options);
    CHECK(plait_unload(low) == PLAIT_BUSY, "unloaded while it runs");
    OK(ip, plait_unload(high));
    CHECK(atomic_load(&told) == 1 && answers[0].status == PLAIT_CANCELLED, "nobody was told");
    wait_for(waits, PLAIT_CANCELLED);
    submit(low, &options);
    let_go();
    let_go(); /* if the second one begins before closing */
    plait_close(ip);
    CHECK(atomic_load(&told) == 2, "%d answers after closing", atomic_load(&told));
    atomic_store(&told, 0);
    while (sem_trywait(&released) == 0) continue;
    while (sem_trywait(&inside) == 0) continue;
}

static void test_fork(void)
{
    open_all(1, 0);
    wait_for(submit(high, NULL), PLAIT_OK);
    const plait_request held = hold_executor();
    submit(high, NULL);
    const pid_t child = fork();
    if (child == 0) { /* the held run and its executor are the parent's */
        on_step = NULL;
        OK(ip, plait_invoke(low));
        wait_for(submit(high, NULL), PLAIT_OK);
        wait_for(submit(low, NULL), PLAIT_OK);
        CHECK(plait_cancel(ip, held) == PLAIT_NOT_FOUND, "the parent's request");
        plait_close(ip);
        _exit(0);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child ended with %d", status);
    let_go();
    wait_for(held, PLAIT_OK);
    close_all();
}

int main(int argc, char **argv)
{
    struct scenario_arguments arguments;
    scenario_parse(&arguments, argc, argv, 1);
    CHECK(arguments.path_count == 2, "expected: steps mark");
    steps_path = arguments.paths[0];
    mark_path = arguments.paths[1];
    sem_init(&inside, 0, 0);
    sem_init(&released, 0, 0);
    for (int i = 0; i < arguments.count; i++) {
        test_higher_classes_interrupt(true);
        test_higher_classes_interrupt(false);
        test_requests_interrupt_calls();
        test_calls_pause();
        test_waiting_within_a_run();
        test_trace();
        test_timing();
    test_classes_stay_while_they_count();
    test_waiting_is_not_waking(1);
    test_waiting_is_not_waking(2);
        test_order();
        test_late();
        test_surplus();
        test_cancel();
        test_own_memory();
        test_event_loop();
        test_unloading_and_closing();
        test_fork();
    }
    printf("all of it %d times\n", arguments.count);
    return 0;
}
