/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/file_pages.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>

struct pl_file_pages {
    struct pl_memory *memory;
    pthread_mutex_t lock; /* guards the counts and what follows from them */
    char *data;
    size_t bytes;
    size_t given_back;
    size_t page_bytes;
    size_t page_count;
    size_t held;       /* ranges; the creator's whole file is one */
    uint32_t counts[]; /* ranges that lie in each page */
};

static size_t head_bytes(size_t page_count)
{
    return sizeof(struct pl_file_pages) + page_count * sizeof(uint32_t);
}

struct pl_file_pages *pl_file_pages_create(struct pl_memory *memory, size_t bytes)
{
    const size_t page_bytes = pl_page_bytes();
    const size_t page_count = bytes / page_bytes + (bytes % page_bytes != 0);
    struct pl_file_pages *pages = pl_allocate_zero(memory, head_bytes(page_count));
    void *data = pages != NULL ? pl_allocate(memory, bytes) : NULL;
    if (data == NULL) {
        pl_free(memory, pages, head_bytes(page_count));
        return NULL;
    }
    pl_prefault(data, bytes);
    pages->memory = memory;
    pthread_mutex_init(&pages->lock, NULL);
    pages->data = data;
    pages->bytes = bytes;
    pages->page_bytes = page_bytes;
    pages->page_count = page_count;
    pl_file_pages_hold(pages, data, bytes);
    return pages;
}

void *pl_file_pages_data(const struct pl_file_pages *pages)
{
    return pages->data;
}

bool pl_file_pages_have(const struct pl_file_pages *pages, const void *data, size_t bytes)
{
    const uintptr_t at = (uintptr_t)data, start = (uintptr_t)pages->data;
    return at >= start && at - start <= pages->bytes && bytes <= pages->bytes - (at - start);
}

void pl_file_pages_hold(struct pl_file_pages *pages, const void *data, size_t bytes)
{
    assert(bytes > 0 && pl_file_pages_have(pages, data, bytes));
    const size_t at = (size_t)((const char *)data - pages->data);
    pthread_mutex_lock(&pages->lock);
    pages->held++;
    for (size_t i = at / pages->page_bytes; i <= (at + bytes - 1) / pages->page_bytes; i++)
        pages->counts[i]++;
    pthread_mutex_unlock(&pages->lock);
}

/* Where page i ends, of which the last one may not be whole. */
static size_t end_of_page(const struct pl_file_pages *pages, size_t i)
{
    const size_t end = (i + 1) * pages->page_bytes;
    return end < pages->bytes ? end : pages->bytes;
}

static void give_back(struct pl_file_pages *pages, size_t from, size_t to)
{
    const size_t start = from * pages->page_bytes;
    if (to == from) return;
    const size_t end = end_of_page(pages, to - 1);
    pl_give_back(pages->memory, pages->data + start, end - start);
    pages->given_back += end - start;
}

/* Counts one range less in each page, and gives back the runs of pages that nobody holds any more. */
static void count_down(struct pl_file_pages *pages, size_t from, size_t to)
{
    size_t run = from;
    for (size_t i = from; i < to; i++) {
        assert(pages->counts[i] > 0);
        if (--pages->counts[i] == 0) continue;
        give_back(pages, run, i);
        run = i + 1;
    }
    give_back(pages, run, to);
}

/* The first page in which bytes lie, and the one behind the last. */
struct range {
    size_t from;
    size_t to;
};

static struct range pages_of(const struct pl_file_pages *pages, const void *data, size_t bytes)
{
    const size_t at = (size_t)((const char *)data - pages->data);
    return (struct range){at / pages->page_bytes, (at + bytes - 1) / pages->page_bytes + 1};
}

void pl_file_pages_let_go(struct pl_file_pages *pages, const void *data, size_t bytes, bool asleep)
{
    const struct range range = pages_of(pages, data, bytes);
    pthread_mutex_lock(&pages->lock);
    if (!asleep) count_down(pages, range.from, range.to);
    const bool last = --pages->held == 0;
    pthread_mutex_unlock(&pages->lock);
    if (!last) return;
    struct pl_memory *memory = pages->memory;
    pthread_mutex_destroy(&pages->lock);
    pl_free_rest(memory, pages->data, pages->bytes, pages->given_back);
    pl_free(memory, pages, head_bytes(pages->page_count));
}

void pl_file_pages_sleep(struct pl_file_pages *pages, const void *data, size_t bytes)
{
    const struct range range = pages_of(pages, data, bytes);
    pthread_mutex_lock(&pages->lock);
    count_down(pages, range.from, range.to);
    pthread_mutex_unlock(&pages->lock);
}

bool pl_file_pages_wake(struct pl_file_pages *pages, const void *data, size_t bytes)
{
    const struct range range = pages_of(pages, data, bytes);
    size_t gone = 0;
    pthread_mutex_lock(&pages->lock);
    for (size_t i = range.from; i < range.to; i++)
        if (pages->counts[i] == 0) gone += end_of_page(pages, i) - i * pages->page_bytes;
    const bool fits = pl_take_back(pages->memory, gone);
    if (fits) {
        pages->given_back -= gone;
        for (size_t i = range.from; i < range.to; i++) pages->counts[i]++;
    }
    pthread_mutex_unlock(&pages->lock);
    return fits;
}

void pl_file_pages_release(struct pl_file_pages *pages)
{
    pl_file_pages_let_go(pages, pages->data, pages->bytes, false);
}
