/* SPDX-License-Identifier: Apache-2.0 */
/* The socket and microhttpd's daemon on it: a thread for each connection, in which its requests are answered. */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include <microhttpd.h>

#include "server.h"

struct listener {
    struct MHD_Daemon *daemon;
    char *certificate; /* of TLS, as read; NULL: none */
    char *key;
    char address[128]; /* "http://127.0.0.1:8000" */
};

/* False, and why in `why`, where it cannot be. listener_end() in any case. */
bool listener_begin(struct listener *listener, struct server *server, struct bytes *why);
/* Takes no new connections. */
void listener_close(struct listener *listener);
/* Ends all connections, each after the answer it is at. */
void listener_end(struct listener *listener);

#endif
