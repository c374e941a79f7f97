/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/constant_internal.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/hash.h"
#include "graph/shared_pages.h"

/* Less than KEEP_IN_FILE is copied: it would keep pages that it does not fill. Nor is less than SHARED a file of its own. */
enum { FIRST_BUCKETS = 64, BORROW_ALIGNMENT = 16, KEEP_IN_FILE = 16 * 1024, SHARED = 16 * 1024 };

pl_status pl_constant_store_create(struct pl_memory *memory, struct pl_constant_store **store,
                                   struct pl_error *error)
{
    struct pl_constant_store *fresh = pl_allocate_zero(memory, sizeof *fresh);
    struct pl_content **buckets = pl_allocate_zero(memory, FIRST_BUCKETS * sizeof *buckets);
    if (fresh == NULL || buckets == NULL) {
        pl_free(memory, fresh, sizeof *fresh);
        pl_free(memory, buckets, FIRST_BUCKETS * sizeof *buckets);
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for the store of constants");
    }
    fresh->memory = memory;
    pthread_mutex_init(&fresh->lock, NULL);
    fresh->buckets = buckets;
    fresh->bucket_count = FIRST_BUCKETS;
    fresh->shared = -1;
    *store = fresh;
    return PL_OK;
}

void pl_constant_store_delete(struct pl_constant_store *store)
{
    if (store == NULL) return;
    assert(store->content_count == 0);
    struct pl_memory *memory = store->memory;
    if (store->shared >= 0) close(store->shared);
    pthread_mutex_destroy(&store->lock);
    pl_free(memory, store->buckets, store->bucket_count * sizeof store->buckets[0]);
    pl_free(memory, store, sizeof *store);
}

void pl_constant_store_hold(struct pl_constant_store *store)
{
    pthread_mutex_lock(&store->lock);
}

void pl_constant_store_let_go(struct pl_constant_store *store)
{
    pthread_mutex_unlock(&store->lock);
}

void pl_constant_store_share(struct pl_constant_store *store, int folder)
{
    store->shared = folder;
}

size_t pl_constant_store_bytes(struct pl_constant_store *store)
{
    pthread_mutex_lock(&store->lock);
    const size_t bytes = store->owned_bytes;
    pthread_mutex_unlock(&store->lock);
    return bytes;
}

void pl_constant_store_remember(struct pl_constant_store *store)
{
    store->remembers = true;
}

void pl_constant_store_import_from(struct pl_constant_store *store, struct pl_file_pages *file)
{
    pthread_mutex_lock(&store->lock);
    store->file = file;
    pthread_mutex_unlock(&store->lock);
}

static struct pl_content **find_bucket(const struct pl_constant_store *store, uint64_t hash)
{
    return &store->buckets[hash & (store->bucket_count - 1)];
}

/* So many buckets; without memory for them the chains just are of another length. */
static void set_buckets(struct pl_constant_store *store, size_t bucket_count)
{
    const size_t count = store->bucket_count;
    struct pl_content **old = store->buckets;
    struct pl_content **fresh = pl_allocate_zero(store->memory, bucket_count * sizeof *fresh);
    if (fresh == NULL) return;
    store->buckets = fresh;
    store->bucket_count = bucket_count;
    for (size_t i = 0; i < count; i++) {
        while (old[i] != NULL) {
            struct pl_content *content = old[i];
            old[i] = content->next;
            struct pl_content **bucket = find_bucket(store, content->hash);
            content->next = *bucket;
            *bucket = content;
        }
    }
    pl_free(store->memory, old, count * sizeof *old);
}

void pl_constant_store_fit(struct pl_constant_store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t count = FIRST_BUCKETS;
    while (count < store->content_count) count *= 2;
    if (count < store->bucket_count) set_buckets(store, count);
    pthread_mutex_unlock(&store->lock);
}

/* Borrowed bytes end with their owner, so they are found only by who borrows the very same ones. What sleeps has none to
 * compare with. */
static struct pl_content *find_content(const struct pl_constant_store *store, uint64_t hash,
                                       const void *data, size_t bytes, size_t alignment)
{
    for (struct pl_content *content = *find_bucket(store, hash); content != NULL;
         content = content->next) {
        if (content->hash != hash || content->bytes != bytes || content->asleep) continue;
        if ((uintptr_t)content->data % alignment != 0) continue;
        if (content->borrowed ? content->data == data
                              : bytes == 0 || memcmp(content->data, data, bytes) == 0)
            return content;
    }
    return NULL;
}

/* A content with one reference that is not in the store yet; its own bytes are not written. */
static struct pl_content *new_content(struct pl_constant_store *store, size_t own_bytes)
{
    size_t all = 0;
    struct pl_content *content =
        pl_size_add(own_bytes, PL_CONTENT_HEAD_BYTES, &all) ? pl_allocate(store->memory, all) : NULL;
    if (content == NULL) return NULL;
    *content = (struct pl_content){
        .data = (char *)content + PL_CONTENT_HEAD_BYTES, .bytes = own_bytes, .references = 1};
    return content;
}

static void insert(struct pl_constant_store *store, struct pl_content *content, uint64_t hash)
{
    if (store->content_count >= store->bucket_count) set_buckets(store, 2 * store->bucket_count);
    struct pl_content **bucket = find_bucket(store, hash);
    content->hash = hash;
    content->next = *bucket;
    *bucket = content;
    store->content_count++;
    if (!content->borrowed) store->owned_bytes += content->bytes;
}

static void free_content(struct pl_constant_store *store, struct pl_content *content)
{
    size_t given_up = 0;
    const bool elsewhere = content->borrowed || content->shared || content->file != NULL;
    if (content->asleep) {
        store->asleep_bytes -= content->bytes;
        if (!elsewhere) given_up = pl_content_own_pages(content).bytes;
    }
    if (content->file != NULL) pl_file_pages_let_go(content->file, content->data, content->bytes, content->asleep);
    if (content->shared) pl_shared_unmap(content->data, content->bytes);
    pl_free_rest(store->memory, content, PL_CONTENT_HEAD_BYTES + (elsewhere ? 0 : content->bytes), given_up);
}

void pl_content_release(struct pl_constant_store *store, struct pl_content *content)
{
    assert(content->references > 0);
    if (--content->references > 0) return;
    struct pl_content **place = find_bucket(store, content->hash);
    while (*place != content) place = &(*place)->next;
    *place = content->next;
    store->content_count--;
    if (!content->borrowed) store->owned_bytes -= content->bytes;
    free_content(store, content);
}

/* Where the bytes of a new content are to be: in memory of its own, in that of the caller, or in the file that is being
 * imported, where they can. */
enum source { COPY, BORROW, FROM_FILE };

static bool stays_in_file(const struct pl_constant_store *store, const void *data, size_t bytes,
                          size_t alignment)
{
    return store->file != NULL && bytes >= KEEP_IN_FILE && (uintptr_t)data % alignment == 0 &&
           pl_file_pages_have(store->file, data, bytes);
}

/* A reference to the content of these bytes; NULL if there is no memory. */
static struct pl_content *acquire_content(struct pl_constant_store *store, const struct pl_file_bytes *read,
                                          enum source source)
{
    const bool borrow = source == BORROW;
    const uint64_t hash = pl_hash_bytes(read->data, read->bytes);
    struct pl_content *content = find_content(store, hash, read->data, read->bytes, read->alignment);
    if (content != NULL && (borrow || !content->borrowed)) {
        content->references++;
        content->needed = store->round;
        return content;
    }
    const bool stays = source == FROM_FILE && stays_in_file(store, read->data, read->bytes, read->alignment);
    content = new_content(store, borrow || stays ? 0 : read->bytes);
    if (content == NULL) return NULL;
    if (borrow || stays) {
        content->borrowed = borrow;
        content->data = read->data;
        content->bytes = read->bytes;
        if (stays) pl_file_pages_hold(content->file = store->file, read->data, read->bytes);
    } else if (read->bytes > 0) {
        memcpy((char *)content + PL_CONTENT_HEAD_BYTES, read->data, read->bytes);
    }
    insert(store, content, hash);
    return content;
}

static pl_status intern(struct pl_constant_store *store, const struct pl_file_bytes *read, enum source source,
                        struct pl_constant **constant, struct pl_error *error)
{
    /* Kernels read numbers where they are: what is badly aligned is copied all the same. */
    if (source == BORROW && (read->bytes == 0 || (uintptr_t)read->data % read->alignment != 0)) source = COPY;
    struct pl_constant *fresh = pl_allocate_zero(store->memory, sizeof *fresh);
    pthread_mutex_lock(&store->lock);
    struct pl_content *content = fresh != NULL ? acquire_content(store, read, source) : NULL;
    if (content != NULL && read->at == PL_NOT_IN_FILE) content->pinned = true;
    pthread_mutex_unlock(&store->lock);
    if (content == NULL) {
        pl_free(store->memory, fresh, sizeof *fresh);
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for a constant of %zu bytes", read->bytes);
    }
    fresh->raw = content;
    fresh->bytes = read->bytes;
    fresh->at = read->at;
    fresh->references = 1;
    *constant = fresh;
    return PL_OK;
}

pl_status pl_constant_intern(struct pl_constant_store *store, const void *data, size_t bytes,
                             bool borrow, struct pl_constant **constant, struct pl_error *error)
{
    const struct pl_file_bytes read = {data, bytes, PL_NOT_IN_FILE, BORROW_ALIGNMENT, borrow};
    return intern(store, &read, borrow ? BORROW : COPY, constant, error);
}

pl_status pl_constant_intern_read(struct pl_constant_store *store, const struct pl_file_bytes *read,
                                  struct pl_constant **constant, struct pl_error *error)
{
    return intern(store, read, read->borrow ? BORROW : FROM_FILE, constant, error);
}

void pl_constant_retain(struct pl_constant *constant)
{
    assert(constant->references > 0);
    constant->references++;
}

size_t pl_constant_bytes(struct pl_constant_store *store, const struct pl_constant *constant)
{
    pthread_mutex_lock(&store->lock);
    size_t bytes = constant->raw != NULL && !constant->raw->borrowed ? constant->raw->bytes : 0;
    for (const struct pl_packed *packed = constant->packed; packed != NULL; packed = packed->next)
        bytes += packed->content->bytes;
    pthread_mutex_unlock(&store->lock);
    return bytes;
}

static void drop_raw(struct pl_constant_store *store, struct pl_constant *constant)
{
    if (constant->raw == NULL) return;
    pl_content_release(store, constant->raw);
    constant->raw = NULL;
}

void pl_constant_drop_raw(struct pl_constant_store *store, struct pl_constant *constant)
{
    pthread_mutex_lock(&store->lock);
    drop_raw(store, constant);
    pthread_mutex_unlock(&store->lock);
}

static size_t form_bytes(const struct pl_packed *form)
{
    return sizeof *form + form->context_bytes;
}

static void drop_first_packed(struct pl_constant_store *store, struct pl_packed **list)
{
    struct pl_packed *form = *list;
    *list = form->next;
    pl_content_release(store, form->content);
    pl_free(store->memory, form, form_bytes(form));
}

void pl_constant_release(struct pl_constant_store *store, struct pl_constant *constant)
{
    if (constant == NULL) return;
    assert(constant->references > 0);
    if (--constant->references > 0) return;
    pthread_mutex_lock(&store->lock);
    drop_raw(store, constant);
    while (constant->packed != NULL) drop_first_packed(store, &constant->packed);
    pthread_mutex_unlock(&store->lock);
    pl_free(store->memory, constant, sizeof *constant);
}

void pl_constant_keep_packed(struct pl_constant_store *store, struct pl_constant *constant)
{
    pthread_mutex_lock(&store->lock);
    for (struct pl_packed *form = constant->packed; form != NULL; form = form->next)
        form->kept = true;
    pthread_mutex_unlock(&store->lock);
}

void pl_constant_drop_tried(struct pl_constant_store *store, struct pl_constant *constant)
{
    pthread_mutex_lock(&store->lock);
    struct pl_packed **at = &constant->packed;
    while (*at != NULL) {
        if ((*at)->kept) at = &(*at)->next;
        else drop_first_packed(store, at);
    }
    pthread_mutex_unlock(&store->lock);
}

/* Function pointers and object pointers have one size wherever this runs; the standard has no
 * conversion. */
static const void *identity_of(pl_pack_function pack)
{
    const void *identity = NULL;
    static_assert(sizeof identity == sizeof pack, "a packer's address is its identity");
    memcpy(&identity, &pack, sizeof identity);
    return identity;
}

/* The same content in memory that other processes have, too, where it can be. */
static struct pl_content *share_content(struct pl_constant_store *store, struct pl_content *content, uint64_t hash)
{
    if (store->shared < 0 || content->bytes < SHARED) return content;
    struct pl_content *shared = new_content(store, 0);
    const void *data =
        shared != NULL ? pl_shared_map(store->shared, content->data, content->bytes, hash) : NULL;
    if (data == NULL) {
        pl_free(store->memory, shared, PL_CONTENT_HEAD_BYTES);
        return content;
    }
    *shared = (struct pl_content){.data = data, .bytes = content->bytes, .shared = true, .references = 1};
    free_content(store, content);
    return shared;
}

pl_pack_function pl_packed_packer(const struct pl_packed *form)
{
    pl_pack_function pack = NULL;
    memcpy(&pack, &form->layout, sizeof pack);
    return pack;
}

/* Packs, and keeps what came out only if the store has no equal content. */
static struct pl_content *pack_content(struct pl_constant_store *store,
                                       const struct pl_constant *constant,
                                       const struct pl_packing *packing)
{
    struct pl_content *fresh = new_content(store, packing->bytes);
    if (fresh == NULL) return NULL;
    void *to = (char *)fresh + PL_CONTENT_HEAD_BYTES;
    pl_prefault(to, packing->bytes);
    /* What a packer leaves out must not make equal forms differ; fresh pages are zero. */
    if (!pl_gives_back_pages(store->memory, PL_CONTENT_HEAD_BYTES + packing->bytes))
        memset(to, 0, packing->bytes);
    packing->pack(to, constant->raw->data, packing->context);
    const uint64_t hash = pl_hash_bytes(to, packing->bytes);
    struct pl_content *equal = find_content(store, hash, to, packing->bytes, PL_ALIGNMENT);
    if (equal != NULL && !equal->borrowed) {
        equal->references++;
        equal->needed = store->round;
        free_content(store, fresh);
        return equal;
    }
    fresh = share_content(store, fresh, hash);
    insert(store, fresh, hash);
    return fresh;
}

static struct pl_packed *find_packed(const struct pl_constant *constant,
                                     const struct pl_packing *packing)
{
    const void *layout = identity_of(packing->pack);
    struct pl_packed *form = constant->packed;
    while (form != NULL &&
           (form->layout != layout ||
            memcmp(form->parameters, packing->parameters, sizeof form->parameters) != 0))
        form = form->next;
    return form;
}

static pl_status add_packed(struct pl_constant_store *store, struct pl_constant *constant,
                            const struct pl_packing *packing, struct pl_packed **made,
                            struct pl_error *error)
{
    PL_ENSURE(constant->raw != NULL, error, PL_INVALID_ARGUMENT,
              "the raw bytes of a constant were let go before it was packed in every layout that "
              "is used");
    const uint32_t context_bytes = store->remembers ? packing->context_bytes : 0;
    struct pl_packed *form = pl_allocate_zero(store->memory, sizeof *form + context_bytes);
    struct pl_content *content = form != NULL ? pack_content(store, constant, packing) : NULL;
    if (content == NULL) {
        pl_free(store->memory, form, sizeof *form + context_bytes);
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory for a packed constant of %zu bytes",
                       packing->bytes);
    }
    *form = (struct pl_packed){.next = constant->packed,
                               .layout = identity_of(packing->pack),
                               .content = content,
                               .context_bytes = context_bytes};
    memcpy(form->parameters, packing->parameters, sizeof form->parameters);
    if (context_bytes > 0) memcpy(form->context, packing->context, context_bytes);
    if (context_bytes == 0 || constant->at == PL_NOT_IN_FILE) content->pinned = true;
    constant->packed = form;
    *made = form;
    return PL_OK;
}

pl_status pl_constant_pack(struct pl_constant_store *store, struct pl_constant *constant,
                           const struct pl_packing *packing, const void **packed,
                           struct pl_error *error)
{
    pl_status status = PL_OK;
    pthread_mutex_lock(&store->lock);
    struct pl_packed *form = find_packed(constant, packing);
    if (form == NULL) status = add_packed(store, constant, packing, &form, error);
    if (status == PL_OK) {
        form->kept = form->kept || packing->keep;
        *packed = form->content->data;
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}
