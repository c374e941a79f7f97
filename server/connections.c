/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "connections.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "statistics.h"
#include "turnstile.h"

enum { LOOK_NANOSECONDS = 250000000 };

/* With the lock held. A closed socket is removed before its number can be another's, so that this is the right one. */
static void cut_late(struct connections *connections, uint64_t now)
{
    for (struct connection *one = connections->first; one != NULL; one = one->next) {
        if (one->phase == PHASE_ANSWERING) continue;
        const uint64_t limit = one->phase == PHASE_IDLE ? connections->idle_limit : connections->transfer_limit;
        if (now - one->since < limit) continue;
        shutdown(one->socket, SHUT_RDWR);
        one->phase = PHASE_ANSWERING;
        connections->cut++;
    }
}

/* Sleeps while there are no connections. */
static void *watch(void *user)
{
    struct connections *connections = user;
    pthread_mutex_lock(&connections->background.lock);
    while (!connections->background.ending) {
        if (connections->first == NULL) {
            pthread_cond_wait(&connections->background.changed, &connections->background.lock);
            continue;
        }
        condition_wait(&connections->background.changed, &connections->background.lock, clock_now() + LOOK_NANOSECONDS);
        cut_late(connections, clock_now());
    }
    pthread_mutex_unlock(&connections->background.lock);
    return NULL;
}

bool connections_begin(struct connections *connections, uint64_t idle_limit, uint64_t transfer_limit)
{
    *connections = (struct connections){.idle_limit = idle_limit, .transfer_limit = transfer_limit};
    return background_begin(&connections->background, watch, connections);
}

void connections_end(struct connections *connections)
{
    background_end(&connections->background);
}

struct connection *connections_add(struct connections *connections, int socket)
{
    struct connection *one = calloc(1, sizeof *one);
    if (one == NULL) return NULL;
    one->socket = socket;
    one->since = clock_now();
    pthread_mutex_lock(&connections->background.lock);
    const bool wake = connections->first == NULL;
    one->next = connections->first;
    if (one->next != NULL) one->next->previous = one;
    connections->first = one;
    connections->count++;
    pthread_mutex_unlock(&connections->background.lock);
    if (wake) pthread_cond_signal(&connections->background.changed);
    return one;
}

void connections_remove(struct connections *connections, struct connection *one)
{
    pthread_mutex_lock(&connections->background.lock);
    if (one->previous != NULL) one->previous->next = one->next;
    else connections->first = one->next;
    if (one->next != NULL) one->next->previous = one->previous;
    connections->count--;
    pthread_mutex_unlock(&connections->background.lock);
    free(one);
}

void connections_enter(struct connections *connections, struct connection *connection, enum phase phase)
{
    const uint64_t now = clock_now();
    pthread_mutex_lock(&connections->background.lock);
    connection->phase = phase;
    connection->since = now;
    pthread_mutex_unlock(&connections->background.lock);
}

size_t connections_count(struct connections *connections, uint64_t *cut)
{
    pthread_mutex_lock(&connections->background.lock);
    const size_t count = connections->count;
    *cut = connections->cut;
    pthread_mutex_unlock(&connections->background.lock);
    return count;
}

bool connection_is_gone(const struct connection *connection)
{
    struct pollfd look = {.fd = connection->socket, .events = POLLRDHUP};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
