/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that looks now and then whether files have changed, and loads those anew. */
#ifndef SERVER_FOLDER_WATCH_H
#define SERVER_FOLDER_WATCH_H

#include "background.h"
#include "repository.h"

struct folder_watch {
    struct repository *repository;
    double seconds;
    struct background background;
};

/* False where there is no thread to be had. */
bool folder_watch_begin(struct folder_watch *watch, struct repository *repository, double seconds);
void folder_watch_end(struct folder_watch *watch);

#endif
