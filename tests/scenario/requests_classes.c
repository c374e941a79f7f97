/* SPDX-License-Identifier: Apache-2.0 */
/* Higher classes interrupt lower ones, and classes stay while they count. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "requests_state.h"

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

/* Two lanes and one processor: two requests of one class are not run side by side. */
static void test_no_more_than_processors(void)
{
    use_one_processor();
    open_lanes(2, 0, 0);
    const plait_request held = hold_executor(), waits = submit(high, NULL);
    CHECK(plait_wait(ip, waits, 30000000, NULL) == PLAIT_BUSY, "it ran beside another one");
    let_go();
    wait_for(held, PLAIT_OK);
    wait_for(waits, PLAIT_OK);
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

static void check_classes_stay(struct plait_model *const *models, int count)
{
    for (int i = 0; i < count; i++)
        CHECK(plait_set_class(models[i], 7) == PLAIT_BUSY && plait_class(models[i]) != 7, "class of model %d", i);
}

/* A linked set has one class. */
static void test_classes_stay_of_all_that_is_linked(void)
{
    open_all(0, 0);
    struct plait_model *first, *second;
    OK(ip, plait_clone(low, "first", &first));
    OK(ip, plait_clone(high, "second", &second));
    OK(ip, plait_link(ip, "first", "", "second", "", NULL));
    OK(ip, plait_allocate(ip));
    const plait_request held = hold_executor();
    on_step = NULL;
    const plait_request waits = submit(first, NULL);
    check_classes_stay((struct plait_model *[]){first, second}, 2);
    let_go();
    wait_for(held, PLAIT_OK);
    wait_for(waits, PLAIT_OK);
    OK(ip, plait_set_class(second, 7));
    close_all();
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

/* A class that is new gets arenas, also where all was allocated before. */
static void test_a_new_class_has_arenas(void)
{
    struct plait_stats before, after;
    struct plait_model *another;
    open_all(0, 0);
    OK(ip, plait_clone(low, "another", &another));
    OK(ip, plait_allocate(ip));
    OK(ip, plait_get_stats(ip, &before));
    OK(ip, plait_set_class(another, 4));
    OK(ip, plait_get_stats(ip, &after));
    CHECK(before.arena_bytes > 0 && after.arena_bytes == 2 * before.arena_bytes, "%zu bytes, then %zu", before.arena_bytes,
          after.arena_bytes);
    close_all();
}

void test_classes(void)
{
    test_higher_classes_interrupt(true);
    test_higher_classes_interrupt(false);
    test_requests_interrupt_calls();
    test_no_more_than_processors();
    test_a_new_class_has_arenas();
    test_calls_pause();
    test_classes_stay_while_they_count();
    test_classes_stay_of_all_that_is_linked();
}
