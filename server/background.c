/* SPDX-License-Identifier: Apache-2.0 */
#include "background.h"

#include "turnstile.h"

static void clear(struct background *background)
{
    pthread_cond_destroy(&background->changed);
    pthread_mutex_destroy(&background->lock);
}

bool background_begin(struct background *background, void *(*work)(void *user), void *user)
{
    pthread_mutex_init(&background->lock, NULL);
    condition_begin(&background->changed);
    if (pthread_create(&background->thread, NULL, work, user) == 0) return true;
    clear(background);
    return false;
}

void background_end(struct background *background)
{
    pthread_mutex_lock(&background->lock);
    background->ending = true;
    pthread_mutex_unlock(&background->lock);
    pthread_cond_signal(&background->changed);
    pthread_join(background->thread, NULL);
    clear(background);
}
