/* SPDX-License-Identifier: Apache-2.0 */
/* A socket of a process on which whoever may open it reads how its models do: plait_watch(). */
#ifndef PL_CAPI_WATCH_H
#define PL_CAPI_WATCH_H

#include <pthread.h>
#include <sys/un.h>

#include "base/status.h"

struct plait_interpreter;

struct pl_watch {
    struct plait_interpreter *api;
    struct sockaddr_un address;
    int listening;
    int ending[2]; /* a pipe: closed on one side, the thread ends */
    pthread_t thread;
    bool lost; /* the thread is the parent process's */
};

/* Sends the report of this moment, a JSON document, and nothing if the other side does not read. */
void pl_watch_send(struct plait_interpreter *api, int connection);

/* Opens a socket in the folder that PLAIT_WATCH names, if any. */
pl_status pl_watch_as_asked(struct plait_interpreter *api, struct pl_error *error);
/* Ends what pl_watch_open() began. */
void pl_watch_end(struct plait_interpreter *api);

#endif
