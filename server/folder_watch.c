/* SPDX-License-Identifier: Apache-2.0 */
#include "folder_watch.h"

static void *look_again(void *user)
{
    struct folder_watch *watch = user;
    pthread_mutex_lock(&watch->background.lock);
    while (!watch->background.ending) {
        if (condition_wait(&watch->background.changed, &watch->background.lock, clock_now() + (uint64_t)(watch->seconds * 1e9))) continue;
        pthread_mutex_unlock(&watch->background.lock);
        repository_refresh(watch->repository);
        pthread_mutex_lock(&watch->background.lock);
    }
    pthread_mutex_unlock(&watch->background.lock);
    return NULL;
}

bool folder_watch_begin(struct folder_watch *watch, struct repository *repository, double seconds)
{
    *watch = (struct folder_watch){.repository = repository, .seconds = seconds};
    return background_begin(&watch->background, look_again, watch);
}

void folder_watch_end(struct folder_watch *watch)
{
    background_end(&watch->background);
}
