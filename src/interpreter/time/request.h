/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: runs that somebody asked for and does not wait for, in a pool of fixed size. Those that wait are in one list in
 * the order in which they are to run (queue.c); executors take them from there (executor.c), and runs of lower classes
 * between two parts (turn.c). Whoever ends one answers it (answer.c). All with the interpreter's `lock` held, unless said
 * otherwise. */
#ifndef PL_INTERPRETER_REQUEST_H
#define PL_INTERPRETER_REQUEST_H

#include <pthread.h>
#include <stdatomic.h>

#include "interpreter/interpreter.h"
#include "plan/pace.h"

struct pl_component;
struct pl_instance;
struct pl_turn;

enum pl_request_state { PL_REQUEST_FREE, PL_REQUEST_WAITS, PL_REQUEST_RUNS, PL_REQUEST_ENDED };

struct pl_request {
    struct pl_request *next; /* in whichever list it is */
    enum pl_request_state state;
    struct pl_submission what;
    size_t ran;              /* of what.entries: they are behind it */
    struct pl_entry *entry;  /* what.entries of a request for one model */
    struct pl_answer answer;
    int32_t class_number;
    uint64_t noticed;        /* when somebody who was free could begin it; 0: nobody was */
    uint64_t left;           /* when its run had ended */
    struct pl_turn *turn;    /* of its run */
    bool cancelled;
    struct pl_error error;
};

struct pl_request_list {
    struct pl_request *first;
    struct pl_request **end;
};

struct pl_requests {
    struct pl_request *pool; /* NULL before the first */
    int32_t count;
    uint64_t last;           /* how many there were so far */
    struct pl_request *free;
    struct pl_request *waiting;
    struct pl_request_list answers; /* that are to be given by whoever gives up the lock next, */
    struct pl_request_list loop;    /* and by pl_interpreter_dispatch() */
    pthread_cond_t ended;    /* one that somebody may wait for did */
    pthread_cond_t work;     /* for executors */
    pthread_t *executors;
    int32_t executor_count;
    int32_t idle;            /* executors */
    int32_t helpers;         /* wait for a request, and would run it */
    int32_t running[PL_MOST_CLASS + 1];
    int event_fd;            /* -1: nobody asked for it */
    bool closing;
    struct pl_longest switching; /* until one that interrupts begins, or from a run's end to the answer */
    struct pl_longest waking;    /* until an executor that sleeps begins */
};

/* ---- queue.c */
void pl_queue_add(struct pl_requests *requests, struct pl_request *request);
void pl_queue_remove(struct pl_requests *requests, struct pl_request *request);
/* Takes the next one of a class above this that can run now; NULL: there is none. Those that are too late are ended. */
struct pl_request *pl_queue_take(struct pl_interpreter *interpreter, int32_t above);
/* The class of the first that could run now; -1: there is none. */
int32_t pl_queue_class(const struct pl_interpreter *interpreter);
bool pl_queue_can_run(const struct pl_interpreter *interpreter, const struct pl_request *request);
/* How many of this model wait, and the oldest of them (NULL: none does). */
int32_t pl_queue_of(const struct pl_requests *requests, const struct pl_entry *model, struct pl_request **oldest);
/* Whether it is in this state and needs this model (NULL: any); whether one is. */
bool pl_request_needs(const struct pl_request *request, enum pl_request_state state, const struct pl_entry *model);
bool pl_requests_need(const struct pl_requests *requests, enum pl_request_state state, const struct pl_entry *model);
/* The same of one of these linked models. */
bool pl_requests_need_any(const struct pl_requests *requests, enum pl_request_state state, const struct pl_component *component);

/* ---- executor.c */
void pl_requests_open(struct pl_requests *requests);
/* Answers all, and ends the executors. Without the lock. */
void pl_requests_close(struct pl_interpreter *interpreter);
/* The pool and the executors, unless they are there. */
pl_status pl_requests_start(struct pl_interpreter *interpreter, struct pl_error *error);
/* In a child process: none of its parent's executors and requests is there. With the lock. */
void pl_requests_forget(struct pl_interpreter *interpreter);
/* Runs one that was taken, on this thread, and answers it. The lock is left meanwhile. */
void pl_request_run(struct pl_interpreter *interpreter, struct pl_request *request, bool nested);
/* Whether this thread is one of them. */
bool pl_is_executor(const struct pl_requests *requests);

/* ---- request.c */
/* It has been answered: its place is free. */
void pl_request_give_back(struct pl_requests *requests, struct pl_request *request);

/* ---- answer.c */
/* It is to be answered with this; it is in no list now. */
void pl_request_end(struct pl_interpreter *interpreter, struct pl_request *request, pl_status status);
/* Gives the answers that are to be given; the lock is left meanwhile. */
void pl_requests_answer(struct pl_interpreter *interpreter);
/* Ends all that wait for this model (NULL: all). */
void pl_requests_drop(struct pl_interpreter *interpreter, const struct pl_entry *model);
/* Ends all that wait for a signature which a model had and, with another file, has no more. */
void pl_requests_drop_ended(struct pl_interpreter *interpreter, const struct pl_instance *old);

#endif
