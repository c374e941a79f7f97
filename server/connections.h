/* SPDX-License-Identifier: Apache-2.0 */
/* The connections there are, and a thread that ends those that take too long: to begin a request, to send the rest of it,
 * to take the answer. */
#ifndef SERVER_CONNECTIONS_H
#define SERVER_CONNECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "background.h"

enum phase { PHASE_IDLE, PHASE_RECEIVING, PHASE_ANSWERING, PHASE_SENDING };

struct connection {
    struct connection *previous;
    struct connection *next;
    int socket;
    enum phase phase;
    uint64_t since; /* when the phase began */
};

struct connections {
    struct background background; /* its lock is that of all here */
    struct connection *first;
    size_t count;
    uint64_t idle_limit; /* nanoseconds */
    uint64_t transfer_limit;
    uint64_t cut; /* how many were ended */
};

/* False where there is no thread to be had. */
bool connections_begin(struct connections *connections, uint64_t idle_limit, uint64_t transfer_limit);
void connections_end(struct connections *connections);
/* NULL: out of memory. */
struct connection *connections_add(struct connections *connections, int socket);
void connections_remove(struct connections *connections, struct connection *connection);
void connections_enter(struct connections *connections, struct connection *connection, enum phase phase);
size_t connections_count(struct connections *connections, uint64_t *cut);
/* Whether the other end has closed. */
bool connection_is_gone(const struct connection *connection);

#endif
