/* SPDX-License-Identifier: Apache-2.0 */
#include "turnstile.h"

#include <stddef.h>
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
    *turnstile = (struct turnstile){.free = places, .most_waiting = most_waiting};
    pthread_mutex_init(&turnstile->lock, NULL);
}

void turnstile_end(struct turnstile *turnstile)
{
    pthread_mutex_destroy(&turnstile->lock);
}

/* ---- waiting; the lock is held --------------------------------------------------------------------------------------------- */

static void add(struct turnstile *turnstile, struct waiter *waiter)
{
    struct waiter **at = &turnstile->first;
    while (*at != NULL && (*at)->order <= waiter->order) at = &(*at)->next;
    waiter->next = *at;
    *at = waiter;
    turnstile->waiting++;
    if (turnstile->leader != NULL) pthread_cond_signal(&turnstile->leader->changed);
}

static void take_out(struct turnstile *turnstile, struct waiter *waiter)
{
    struct waiter **at = &turnstile->first;
    while (*at != waiter) at = &(*at)->next;
    *at = waiter->next;
    waiter->next = NULL;
    turnstile->waiting--;
}

/* Whoever leaves calls the first; so does who takes its place or gives up, while there are more. */
static void call_first(struct turnstile *turnstile)
{
    if (turnstile->free > 0 && turnstile->first != NULL) pthread_cond_signal(&turnstile->first->changed);
}

static enum turn end_waiting(struct turnstile *turnstile, struct waiter *waiter, enum turn turn)
{
    take_out(turnstile, waiter);
    if (turn == TURN_TAKEN) turnstile->free--;
    call_first(turnstile);
    return turn;
}

static enum turn wait_for_place(struct turnstile *turnstile, struct waiter *waiter, turn_gone gone)
{
    bool looks = false;
    for (;;) {
        const uint64_t now = clock_now();
        if (waiter->state == TURN_ENDED) return TURN_DONE;
        if (waiter->state == TURN_WAITS) {
            if (turnstile->free > 0 && turnstile->first == waiter) return end_waiting(turnstile, waiter, TURN_TAKEN);
            if (waiter->deadline != 0 && now >= waiter->deadline) return end_waiting(turnstile, waiter, TURN_LATE);
            if (looks && gone(waiter->user)) return end_waiting(turnstile, waiter, TURN_GONE);
        }
        uint64_t until = now + LOOK_NANOSECONDS;
        if (waiter->state == TURN_WAITS && waiter->deadline != 0 && waiter->deadline < until) until = waiter->deadline;
        looks = !condition_wait(&waiter->changed, &turnstile->lock, until);
    }
}

/* ---- entering and leaving ---------------------------------------------------------------------------------------------------- */

enum turn turnstile_enter(struct turnstile *turnstile, struct waiter *waiter, turn_gone gone)
{
    enum turn turn = TURN_TAKEN;
    waiter->next = NULL;
    waiter->state = TURN_WAITS;
    condition_begin(&waiter->changed);
    pthread_mutex_lock(&turnstile->lock);
    /* Who is awake need not wait for one that is being woken, unless that is more urgent. */
    if (turnstile->free > 0 && (turnstile->first == NULL || waiter->order <= turnstile->first->order)) {
        turnstile->free--;
    } else if (turnstile->waiting >= turnstile->most_waiting) {
        turn = TURN_FULL;
    } else {
        add(turnstile, waiter);
        turn = wait_for_place(turnstile, waiter, gone);
    }
    pthread_mutex_unlock(&turnstile->lock);
    if (turn != TURN_TAKEN) pthread_cond_destroy(&waiter->changed);
    return turn;
}

void turnstile_leave(struct turnstile *turnstile, struct waiter *waiter)
{
    pthread_cond_destroy(&waiter->changed);
    pthread_mutex_lock(&turnstile->lock);
    turnstile->free++;
    call_first(turnstile);
    pthread_mutex_unlock(&turnstile->lock);
}

unsigned turnstile_waiting(struct turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->lock);
    const unsigned waiting = turnstile->waiting;
    pthread_mutex_unlock(&turnstile->lock);
    return waiting;
}

/* ---- carrying ---------------------------------------------------------------------------------------------------------------- */

/* The largest power of two up to `most` that the leader and some of those that wait make, or what all make (`sum`). */
static unsigned count_places(const struct turnstile *turnstile, const struct waiter *leader, turn_places places,
                             unsigned most, unsigned *sum)
{
    unsigned best = 0;
    *sum = places(leader, leader);
    for (const struct waiter *waiter = turnstile->first; *sum <= most; waiter = waiter->next) {
        if ((*sum & (*sum - 1)) == 0) best = *sum;
        while (waiter != NULL && places(leader, waiter) == 0) waiter = waiter->next;
        if (waiter == NULL) break;
        *sum += places(leader, waiter);
    }
    return best;
}

static struct waiter *take_places(struct turnstile *turnstile, const struct waiter *leader, turn_places places,
                                  unsigned count)
{
    struct waiter *carried = NULL, **end = &carried;
    unsigned sum = places(leader, leader);
    for (struct waiter *waiter = turnstile->first, *next; sum < count; waiter = next) {
        const unsigned more = places(leader, waiter);
        next = waiter->next;
        if (more == 0) continue;
        sum += more;
        take_out(turnstile, waiter);
        waiter->state = TURN_CARRIED;
        *end = waiter;
        end = &waiter->next;
    }
    return carried;
}

struct waiter *turnstile_carry(struct turnstile *turnstile, struct waiter *leader, turn_places places, unsigned most,
                               uint64_t until)
{
    unsigned sum;
    pthread_mutex_lock(&turnstile->lock);
    turnstile->leader = leader;
    unsigned count = count_places(turnstile, leader, places, most, &sum);
    while (sum < most && clock_now() < until) {
        condition_wait(&leader->changed, &turnstile->lock, until);
        count = count_places(turnstile, leader, places, most, &sum);
    }
    turnstile->leader = NULL;
    struct waiter *carried = take_places(turnstile, leader, places, count);
    pthread_mutex_unlock(&turnstile->lock);
    return carried;
}

void turnstile_release(struct turnstile *turnstile, struct waiter *carried)
{
    pthread_mutex_lock(&turnstile->lock);
    for (struct waiter *next; carried != NULL; carried = next) {
        next = carried->next;
        carried->state = TURN_ENDED;
        pthread_cond_signal(&carried->changed);
    }
    pthread_mutex_unlock(&turnstile->lock);
}
