/* SPDX-License-Identifier: Apache-2.0 */
/* A thread of the server's own that works until it is told to end: it holds the lock but while it waits for `changed`, or
 * leaves it, and looks at `ending` whenever it has it again. */
#ifndef SERVER_BACKGROUND_H
#define SERVER_BACKGROUND_H

#include <pthread.h>
#include <stdbool.h>

struct background {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool ending;
};

/* False where there is no thread to be had. */
bool background_begin(struct background *background, void *(*work)(void *user), void *user);
void background_end(struct background *background);

#endif
