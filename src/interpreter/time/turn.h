/* SPDX-License-Identifier: Apache-2.0 */
/* Who may go on. Between two parts (steps, pieces of long ones) a run asks one atomic of its turn, pl_run_go_on(); whatever
 * it is to do instead is decided here, with the interpreter's `lock` held: stop, let a request of a higher class run on
 * this thread, or wait while runs of higher classes have all processors. */
#ifndef PL_INTERPRETER_TURN_H
#define PL_INTERPRETER_TURN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pl_interpreter;
struct pl_request;
struct pl_run;

/* Asked whether what runs is to stop. */
struct pl_stop {
    bool (*asked)(void *user); /* NULL: nobody is */
    void *user;
};

/* Of a component, whose runs come one after the other. */
struct pl_turn {
    struct pl_turn *next;       /* of those that run */
    atomic_bool look;           /* there is something to do before it goes on */
    atomic_bool yields;         /* it is something about other runs */
    atomic_bool cancelled;      /* what runs is to stop, */
    const struct pl_stop *stop; /* and so it is if this says so: of the member that was asked to run */
    atomic_int workers;         /* so many may work for it now, the caller included */
    pthread_t thread;
    struct pl_turn *under;      /* the run that this thread left for this one */
    struct pl_request *request; /* NULL: somebody called for it */
    int32_t class_number;
    int32_t wanted;             /* processors that it can use */
    int32_t above;              /* what its thread does meanwhile: runs, and waiting for one */
    bool paused;
    uint64_t interrupted_ns;    /* so far */
    uint32_t interruptions;
};

/* Of an interpreter. */
struct pl_turns {
    struct pl_turn *first; /* of those that run */
    int32_t processors;
    bool classes;          /* there is more than one: otherwise nobody waits for anybody */
    pthread_cond_t moved;  /* somebody who waits may go on */
};

/* ---- all but pl_turns_open() and pl_turns_close() with `lock` held */
void pl_turns_open(struct pl_turns *turns);
void pl_turns_close(struct pl_turns *turns);
/* A run of this class begins on this thread; it counts as the class of what this thread runs already, if that is higher:
 * otherwise one could wait for the other. */
void pl_turn_begin(struct pl_interpreter *interpreter, struct pl_turn *turn, int32_t class_number, int32_t wanted,
                   const struct pl_stop *stop);
void pl_turn_end(struct pl_interpreter *interpreter, struct pl_turn *turn);
/* This thread is about to wait for a request: what it runs, which is returned (NULL: nothing), needs no processor. */
struct pl_turn *pl_turn_leave(struct pl_interpreter *interpreter);
void pl_turn_return(struct pl_interpreter *interpreter, struct pl_turn *turn);
/* In a child process: runs of threads that are not there are forgotten. */
void pl_turns_forget(struct pl_interpreter *interpreter);
void pl_turn_cancel(struct pl_interpreter *interpreter, struct pl_turn *turn);
/* Whether requests that wait are better off on the thread of a run that they interrupt: no executor sleeps, or no processor
 * is free for it. */
bool pl_turns_are_crowded(const struct pl_interpreter *interpreter);
/* Tells all that run what they may do now. */
void pl_turns_arrange(struct pl_interpreter *interpreter);

#endif
