/* SPDX-License-Identifier: Apache-2.0 */
/* Lets so many threads through at once; a bounded number of others waits, each until its deadline or until its client has
 * gone. */
#ifndef SERVER_TURNSTILE_H
#define SERVER_TURNSTILE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct turnstile {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    unsigned free;
    unsigned waiting;
    unsigned most_waiting;
};

enum turn { TURN_TAKEN, TURN_FULL, TURN_LATE, TURN_GONE };

/* Asked now and then while a thread waits: whether nobody wants the answer any more. */
typedef bool (*turn_gone)(void *user);

/* A condition variable whose waits are told times of clock_now(). */
void condition_begin(pthread_cond_t *condition);
/* Waits until it is signalled or this time has come: false then. */
bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until);

void turnstile_begin(struct turnstile *turnstile, unsigned places, unsigned most_waiting);
void turnstile_end(struct turnstile *turnstile);
/* `deadline` as of clock_now(), 0: none. turnstile_leave() after TURN_TAKEN. */
enum turn turnstile_enter(struct turnstile *turnstile, uint64_t deadline, turn_gone gone, void *user);
void turnstile_leave(struct turnstile *turnstile);
unsigned turnstile_waiting(struct turnstile *turnstile);

#endif
