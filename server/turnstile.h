/* SPDX-License-Identifier: Apache-2.0 */
/* Lets so many threads through at once; a bounded number of others waits, the most urgent first, each until its deadline or
 * until its client has gone. Who is through can carry others: does their work with its own, and sends them on. */
#ifndef SERVER_TURNSTILE_H
#define SERVER_TURNSTILE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum turn_state { TURN_WAITS, TURN_CARRIED, TURN_ENDED };

/* A thread at a turnstile; filled by who enters, but for `next` and what follows it. */
struct waiter {
    uint64_t order;    /* the least goes first; of equal ones, who came first */
    uint64_t deadline; /* as of clock_now(), 0: none */
    void *user;        /* for `gone`, and for who carries it */
    struct waiter *next;
    enum turn_state state;
    pthread_cond_t changed;
};

/* Asked now and then while a thread waits: whether nobody wants the answer any more. */
typedef bool (*turn_gone)(void *user);
/* How many places among those carried together this one takes; 0: it cannot be carried by `leader`. */
typedef unsigned (*turn_places)(const struct waiter *leader, const struct waiter *waiter);

struct turnstile {
    pthread_mutex_t lock;
    unsigned free;
    unsigned waiting;
    unsigned most_waiting;
    struct waiter *first;  /* of those that wait, in their order */
    struct waiter *leader; /* waits for others to carry; NULL: nobody does */
};

enum turn { TURN_TAKEN, TURN_FULL, TURN_LATE, TURN_GONE, TURN_DONE };

/* A condition variable whose waits are told times of clock_now(). */
void condition_begin(pthread_cond_t *condition);
/* Waits until it is signalled or this time has come: false then. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until);

void turnstile_begin(struct turnstile *turnstile, unsigned places, unsigned most_waiting);
void turnstile_end(struct turnstile *turnstile);
/* turnstile_leave() after TURN_TAKEN. TURN_DONE: somebody carried it, and has done the work. */
enum turn turnstile_enter(struct turnstile *turnstile, struct waiter *waiter, turn_gone gone);
void turnstile_leave(struct turnstile *turnstile, struct waiter *waiter);
unsigned turnstile_waiting(struct turnstile *turnstile);

/* Of those that wait, in their order, as many as make with the leader, who is through, the largest power of two of places up
 * to `most`; a list by `next`, NULL: none. Waits for more until this time, if fewer than `most` are there. They stay until
 * turnstile_release(). */
struct waiter *turnstile_carry(struct turnstile *turnstile, struct waiter *leader, turn_places places, unsigned most,
                               uint64_t until);
void turnstile_release(struct turnstile *turnstile, struct waiter *carried);

#endif
