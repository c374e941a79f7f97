/* SPDX-License-Identifier: Apache-2.0 */
#include "turnstile.h"

#include <time.h>

#include "statistics.h"

static const uint64_t LOOK_NANOSECONDS = 50000000; /* how often a waiting thread asks for its client */

void condition_begin(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until)
{
    const struct timespec time = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
    return pthread_cond_timedwait(condition, lock, &time) == 0;
}

void turnstile_begin(struct turnstile *turnstile, unsigned places, unsigned most_waiting)
{
    pthread_mutex_init(&turnstile->lock, NULL);
    condition_begin(&turnstile->freed);
    turnstile->free = places;
    turnstile->waiting = 0;
    turnstile->most_waiting = most_waiting;
}

void turnstile_end(struct turnstile *turnstile)
{
    pthread_cond_destroy(&turnstile->freed);
    pthread_mutex_destroy(&turnstile->lock);
}

/* Waits with the lock held until there is a place. */
static enum turn wait_for_place(struct turnstile *turnstile, uint64_t deadline, turn_gone gone, void *user)
{
    while (turnstile->free == 0) {
        const uint64_t now = clock_now();
        if (deadline != 0 && now >= deadline) return TURN_LATE;
        uint64_t until = now + LOOK_NANOSECONDS;
        if (deadline != 0 && deadline < until) until = deadline;
        if (!condition_wait(&turnstile->freed, &turnstile->lock, until) && turnstile->free == 0 && gone(user))
            return TURN_GONE;
    }
    turnstile->free--;
    return TURN_TAKEN;
}

enum turn turnstile_enter(struct turnstile *turnstile, uint64_t deadline, turn_gone gone, void *user)
{
    enum turn turn = TURN_TAKEN;
    pthread_mutex_lock(&turnstile->lock);
    if (turnstile->free > 0) {
        turnstile->free--;
    } else if (turnstile->waiting >= turnstile->most_waiting) {
        turn = TURN_FULL;
    } else {
        turnstile->waiting++;
        turn = wait_for_place(turnstile, deadline, gone, user);
        turnstile->waiting--;
    }
    pthread_mutex_unlock(&turnstile->lock);
    return turn;
}

void turnstile_leave(struct turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->lock);
    turnstile->free++;
    pthread_mutex_unlock(&turnstile->lock);
    pthread_cond_signal(&turnstile->freed);
}

unsigned turnstile_waiting(struct turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->lock);
    const unsigned waiting = turnstile->waiting;
    pthread_mutex_unlock(&turnstile->lock);
    return waiting;
}
