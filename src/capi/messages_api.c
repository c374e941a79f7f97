/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: the message of the last failed call, each thread's own. */
#include "capi/handles.h"

/* The place of this thread; NULL: it has none. */
static struct pl_error_place *find_place(struct plait_interpreter *api)
{
    for (struct pl_error_places *block = &api->errors; block != NULL; block = block->next)
        for (int i = 0; i < PL_ERROR_PLACES; i++)
            if (block->places[i].age != 0 && pthread_equal(block->places[i].thread, pthread_self()))
                return &block->places[i];
    return NULL;
}

/* One that is free, or whose thread failed longest ago. */
static struct pl_error_place *find_oldest(struct plait_interpreter *api, int *count)
{
    struct pl_error_place *oldest = &api->errors.places[0];
    *count = 0;
    for (struct pl_error_places *block = &api->errors; block != NULL; block = block->next)
        for (int i = 0; i < PL_ERROR_PLACES; i++, ++*count)
            if (block->places[i].age < oldest->age) oldest = &block->places[i];
    return oldest;
}

/* A thread whose message is still read must not lose it: only where there are very many, or no memory, is a place given
 * away. */
static struct pl_error_place *take_place(struct plait_interpreter *api)
{
    int count = 0;
    struct pl_error_place *place = find_oldest(api, &count);
    if (place->age != 0 && count < PL_MOST_ERROR_PLACES) {
        struct pl_error_places *block = pl_allocate_zero(&api->memory, sizeof *block);
        if (block != NULL) {
            block->next = api->errors.next;
            api->errors.next = block;
            place = &block->places[0];
        }
    }
    place->thread = pthread_self();
    return place;
}

plait_status pl_report(struct plait_interpreter *api, pl_status status, const struct pl_error *error)
{
    if (status == PL_OK) return PLAIT_OK;
    pthread_mutex_lock(&api->error_lock);
    struct pl_error_place *place = find_place(api);
    if (place == NULL) place = take_place(api);
    place->error = *error;
    place->age = ++api->error_age;
    pthread_mutex_unlock(&api->error_lock);
    return (plait_status)status;
}

const char *plait_last_error(const struct plait_interpreter *interpreter)
{
    if (interpreter == NULL) return "";
    struct plait_interpreter *api = (struct plait_interpreter *)(uintptr_t)interpreter;
    pthread_mutex_lock(&api->error_lock);
    const struct pl_error_place *place = find_place(api);
    pthread_mutex_unlock(&api->error_lock);
    return place == NULL ? "" : place->error.text;
}

void pl_free_messages(struct plait_interpreter *api)
{
    while (api->errors.next != NULL) {
        struct pl_error_places *block = api->errors.next;
        api->errors.next = block->next;
        pl_free(&api->memory, block, sizeof *block);
    }
}

plait_status pl_refuse(struct plait_interpreter *api, const char *message)
{
    struct pl_error error;
    return pl_report(api, pl_fail(&error, PL_INVALID_ARGUMENT, "%s", message), &error);
}
