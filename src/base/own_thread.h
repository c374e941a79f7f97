/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of the library's own. Signals are for the application's threads: these take none. */
#ifndef PL_BASE_OWN_THREAD_H
#define PL_BASE_OWN_THREAD_H

#include <pthread.h>

/* 0, or an error number of pthread_create(). */
int pl_own_thread_start(pthread_t *thread, void *(*function)(void *argument), void *argument);

#endif
