/* SPDX-License-Identifier: Apache-2.0 */
#include "base/own_thread.h"

#include <signal.h>

int pl_own_thread_start(pthread_t *thread, void *(*function)(void *argument), void *argument)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(thread, NULL, function, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}
