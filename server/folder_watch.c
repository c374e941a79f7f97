/* SPDX-License-Identifier: Apache-2.0 */
#include "folder_watch.h"

static void *look_again(void *user)
{
    struct folder_watch *watch = user;
    pthread_mutex_lock(&watch->lock);
    while (!watch->ending) {
        if (condition_wait(&watch->changed, &watch->lock, clock_now() + (uint64_t)(watch->seconds * 1e9))) continue;
        pthread_mutex_unlock(&watch->lock);
        repository_refresh(watch->repository);
        pthread_mutex_lock(&watch->lock);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

bool folder_watch_begin(struct folder_watch *watch, struct repository *repository, double seconds)
{
    *watch = (struct folder_watch){.repository = repository, .seconds = seconds};
    pthread_mutex_init(&watch->lock, NULL);
    condition_begin(&watch->changed);
    if (pthread_create(&watch->thread, NULL, look_again, watch) == 0) return true;
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    return false;
}

void folder_watch_end(struct folder_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    watch->ending = true;
    pthread_mutex_unlock(&watch->lock);
    pthread_cond_signal(&watch->changed);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
}
