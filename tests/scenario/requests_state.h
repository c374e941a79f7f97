/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of requests.c have in common: two models whose operators do what a test wants, and what was answered.
 * low has two operators Step, high one operator Mark, which adds 1; a third file adds two inputs. */
#ifndef TESTS_SCENARIO_REQUESTS_STATE_H
#define TESTS_SCENARIO_REQUESTS_STATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "scenario.h"

enum { COUNT = 4, BYTES = COUNT * sizeof(float), MOST = 16 };

/* ---- operators */
extern const char *steps_path, *mark_path, *pair_path;
extern void (*on_step)(int index);
extern void (*on_mark)(void);
extern atomic_int marks, steps; /* that ran */

/* ---- an interpreter */
extern struct plait_interpreter *ip;
extern struct plait_model *low, *high;
/* The high model in this class; so many requests may be under way, 0: as many as by default. */
void open_all(int32_t class_number, int32_t requests);
void open_lanes(int32_t lanes, int32_t class_number, int32_t requests);
void close_all(void);

struct plait_submit_options defaults(void);
plait_request submit(struct plait_model *model, const struct plait_submit_options *options);
struct plait_answer wait_for(plait_request request, plait_status status);

/* ---- holding a run */
/* A step that holds the low model in its first one, so that `inside` is posted, until let_go(). */
extern sem_t inside, released;
void hold(int index);
plait_request hold_executor(void);
void let_go(void);

/* ---- asking in a run */
/* A step that asks for the high model in the low one's first one, and looks in the second one how often that ran. */
extern plait_request asked;
extern int marks_seen;
void ask_then_look(int index);

/* ---- what callbacks saw, in their order */
extern atomic_int told;
extern struct plait_answer answers[MOST]; /* the message is the name */
extern pthread_t teller[MOST];
void tell(void *user, const struct plait_answer *answer);
void await_told(int count);
struct plait_submit_options telling(const char *name);

/* ---- the tests of requests_NAME.c */
void test_classes(void);
void test_timing(void);
void test_queue(void);
void test_waiting(void);
void test_nested(void);

#endif
