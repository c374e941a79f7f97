/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/asleep.h"

#include <string.h>

#include "base/hash.h"
#include "graph/constant_internal.h"

size_t pl_constant_store_asleep(struct pl_constant_store *store)
{
    pthread_mutex_lock(&store->lock);
    const size_t bytes = store->asleep_bytes;
    pthread_mutex_unlock(&store->lock);
    return bytes;
}

size_t pl_constant_asleep(struct pl_constant_store *store, const struct pl_constant *constant)
{
    pthread_mutex_lock(&store->lock);
    size_t bytes = constant->raw != NULL && constant->raw->asleep ? constant->raw->bytes : 0;
    for (const struct pl_packed *form = constant->packed; form != NULL; form = form->next)
        if (form->content->asleep) bytes += form->content->bytes;
    pthread_mutex_unlock(&store->lock);
    return bytes;
}

const void *pl_constant_look(struct pl_constant_store *store, const struct pl_constant *constant)
{
    const void *data = NULL;
    pthread_mutex_lock(&store->lock);
    if (constant->raw != NULL && !constant->raw->asleep) {
        constant->raw->pinned = true;
        data = constant->raw->data;
    }
    pthread_mutex_unlock(&store->lock);
    return data;
}

struct pl_whole_pages pl_content_own_pages(const struct pl_content *content)
{
    const size_t page = pl_page_bytes();
    const size_t before = (page - (uintptr_t)content->data % page) % page;
    if (content->bytes < before + page) return (struct pl_whole_pages){0};
    return (struct pl_whole_pages){(char *)(uintptr_t)content->data + before, (content->bytes - before) / page * page};
}

/* ---- giving up ---------------------------------------------------------------------------------------------------- */

/* What is done with a content of a constant, which is its raw one where `form` is NULL; with the lock held. */
struct visit {
    struct pl_constant_store *store;
    const struct pl_constant *constant;
    const struct pl_packed *form;
    struct pl_content *content;
    bool readable;
    size_t given_up;
};

static void each_content(struct pl_constant_store *store, const struct pl_constants *constants, struct visit *visit,
                         void (*act)(struct visit *visit))
{
    visit->store = store;
    pthread_mutex_lock(&store->lock);
    for (int32_t i = 0; i < constants->count; i++) {
        visit->constant = constants->all[i];
        visit->form = NULL;
        visit->content = constants->all[i]->raw;
        if (visit->content != NULL) act(visit);
        for (const struct pl_packed *form = constants->all[i]->packed; form != NULL; form = form->next) {
            visit->form = form;
            visit->content = form->content;
            act(visit);
        }
    }
    pthread_mutex_unlock(&store->lock);
}

static void need(struct visit *visit)
{
    visit->content->needed = visit->store->round;
}

/* Packed forms of raw bytes that steps read, and which therefore stay, are made of these. */
static bool can_be_made(const struct visit *visit)
{
    const struct pl_constant *constant = visit->constant;
    const bool readable = visit->readable && constant->at != PL_NOT_IN_FILE;
    if (visit->form == NULL) return readable;
    return visit->form->context_bytes > 0 && (readable || (constant->raw != NULL && constant->raw_readers > 0));
}

static bool has_pages(const struct visit *visit)
{
    const struct pl_content *content = visit->content;
    if (content->borrowed || content->shared) return false;
    if (content->file != NULL) return true;
    return pl_gives_back_pages(visit->store->memory, PL_CONTENT_HEAD_BYTES + content->bytes) &&
           pl_content_own_pages(content).bytes > 0;
}

static void give_back_pages(struct pl_constant_store *store, struct pl_content *content)
{
    if (content->file != NULL) {
        pl_file_pages_sleep(content->file, content->data, content->bytes);
    } else {
        const struct pl_whole_pages pages = pl_content_own_pages(content);
        pl_give_back(store->memory, pages.data, pages.bytes);
    }
}

static void give_up(struct visit *visit)
{
    struct pl_content *content = visit->content;
    if (!can_be_made(visit)) content->pinned = true;
    if (content->asleep || content->pinned || content->needed == visit->store->round || !has_pages(visit)) return;
    content->asleep = true;
    visit->store->asleep_bytes += content->bytes;
    give_back_pages(visit->store, content);
    visit->given_up += content->bytes;
}

void pl_constants_begin_round(struct pl_constant_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->round++;
    pthread_mutex_unlock(&store->lock);
}

void pl_constants_need(struct pl_constant_store *store, const struct pl_constants *constants)
{
    each_content(store, constants, &(struct visit){0}, need);
}

size_t pl_constants_give_up(struct pl_constant_store *store, const struct pl_constants *constants, bool readable)
{
    struct visit visit = {.readable = readable};
    each_content(store, constants, &visit, give_up);
    return visit.given_up;
}

/* ---- making again ------------------------------------------------------------------------------------------------- */

static bool take_pages_back(struct pl_constant_store *store, const struct pl_content *content)
{
    if (content->file != NULL) return pl_file_pages_wake(content->file, content->data, content->bytes);
    const struct pl_whole_pages pages = pl_content_own_pages(content);
    if (!pl_take_back(store->memory, pages.bytes)) return false;
    pl_prefault(pages.data, pages.bytes);
    return true;
}

static pl_status read_again(struct pl_reader *reader, uint64_t at, void *to, size_t bytes, struct pl_error *error)
{
    if (reader->bytes == NULL) return reader->read(reader, at, to, bytes, error);
    memcpy(to, reader->bytes + at, bytes);
    return PL_OK;
}

/* A content that is being made. The lock is not held meanwhile, but for moments: what runs may ask for packed forms. */
struct making {
    struct pl_constant_store *store;
    const struct pl_constant *constant;
    const struct pl_packed *form; /* NULL: its raw content */
    struct pl_content *content;
    struct pl_reader *reader;
    struct pl_error *error;
};

/* The raw bytes of which a form is made: where they are, which is *held then, or read into *room, which is to be freed. */
static pl_status find_raw(const struct making *making, const void **raw, struct pl_content **held, void **room)
{
    const struct pl_constant *constant = making->constant;
    pthread_mutex_lock(&making->store->lock);
    if (constant->raw != NULL && !constant->raw->asleep) {
        *held = constant->raw;
        constant->raw->references++;
        *raw = constant->raw->data;
    }
    pthread_mutex_unlock(&making->store->lock);
    if (*held != NULL) return PL_OK;
    if (making->reader->bytes != NULL) {
        *raw = making->reader->bytes + constant->at;
        return PL_OK;
    }
    *raw = *room = pl_allocate(making->store->memory, constant->bytes);
    if (*room == NULL)
        return pl_fail(making->error, PL_OUT_OF_MEMORY, "no memory to read %zu bytes of a constant", constant->bytes);
    return read_again(making->reader, constant->at, *room, constant->bytes, making->error);
}

static pl_status take_and_fill(const struct making *making, const void *raw)
{
    struct pl_content *content = making->content;
    void *to = (void *)(uintptr_t)content->data;
    if (!take_pages_back(making->store, content))
        return pl_fail(making->error, PL_OUT_OF_MEMORY, "no memory for a constant of %zu bytes", content->bytes);
    pl_status status = PL_OK;
    /* What a packer leaves out is 0 in pages that are new, and as it was in others. */
    if (making->form != NULL) pl_packed_packer(making->form)(to, raw, making->form->context);
    else status = read_again(making->reader, making->constant->at, to, content->bytes, making->error);
    if (status == PL_OK && pl_hash_bytes(to, content->bytes) != content->hash)
        status = pl_fail(making->error, PL_IO, "'%s' was changed since it was loaded; load it again, or replace the model",
                         making->reader->path);
    if (status != PL_OK) give_back_pages(making->store, content);
    return status;
}

static pl_status make(const struct making *making)
{
    const void *raw = NULL;
    void *room = NULL;
    struct pl_content *held = NULL;
    pl_status status = PL_OK;
    if (making->form != NULL) status = find_raw(making, &raw, &held, &room);
    if (status == PL_OK) status = take_and_fill(making, raw);
    pl_free(making->store->memory, room, making->constant->bytes);
    pthread_mutex_lock(&making->store->lock);
    if (held != NULL) pl_content_release(making->store, held);
    if (status == PL_OK) {
        making->content->asleep = false;
        making->store->asleep_bytes -= making->content->bytes;
    }
    pl_content_release(making->store, making->content);
    pthread_mutex_unlock(&making->store->lock);
    return status;
}

/* The next one that sleeps, which is retained; false: there is none. */
static bool find_asleep(struct making *making)
{
    const struct pl_constant *constant = making->constant;
    bool found = false;
    pthread_mutex_lock(&making->store->lock);
    making->form = NULL;
    if (constant->raw != NULL && constant->raw->asleep) {
        making->content = constant->raw;
        found = true;
    }
    for (const struct pl_packed *form = constant->packed; form != NULL && !found; form = form->next) {
        if (!form->content->asleep) continue;
        making->form = form;
        making->content = form->content;
        found = true;
    }
    if (found) making->content->references++;
    pthread_mutex_unlock(&making->store->lock);
    return found;
}

pl_status pl_constants_make_again(struct pl_constant_store *store, const struct pl_constants *constants,
                                  struct pl_reader *reader, struct pl_error *error)
{
    struct making making = {.store = store, .reader = reader, .error = error};
    for (int32_t i = 0; i < constants->count; i++) {
        making.constant = constants->all[i];
        while (find_asleep(&making)) PL_TRY(make(&making));
    }
    return PL_OK;
}
