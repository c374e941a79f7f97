/* SPDX-License-Identifier: Apache-2.0 */
/* Which function answers which method and path. */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "server.h"

/* Fills the reply, whatever was asked. */
void route(struct request *request, struct reply *reply);
/* Whether this path is answered without a token: probes have none, and the page asks for it. */
bool route_is_open(const char *path);

#endif
