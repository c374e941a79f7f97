/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces are placed one after another at the lowest offset where they overlap no placed piece that is alive at the same
 * time. The order decides: by size is best for most models (Pisarchyk and Lee, "Efficient Memory Management for Deep
 * Neural Net Inference", 2020), by time for some. If none reaches the bound, pieces that end at the top are moved to the
 * front of the order and placed again, a bounded number of times. */
#include "plan/place.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MOST_IMPROVED = 512, MOST_SORTED = 4096, MOST_ROUNDS = 400, ROUND_BUDGET = 4000000 };

size_t pl_place_bound(const struct pl_piece *pieces, int32_t count, int32_t step_count, struct pl_region *region)
{
    /* What begins at a step minus what ended before it. */
    int64_t *change = pl_region_array(region, (size_t)step_count + 1, sizeof *change);
    if (change == NULL) return SIZE_MAX;
    for (int32_t i = 0; i < count; i++) {
        change[pieces[i].first] += (int64_t)pieces[i].bytes;
        change[pieces[i].last + 1] -= (int64_t)pieces[i].bytes;
    }
    int64_t alive = 0;
    int64_t most = 0;
    for (int32_t step = 0; step < step_count; step++) {
        alive += change[step];
        if (alive > most) most = alive;
    }
    return (size_t)most;
}

static bool alive_together(const struct pl_piece *a, const struct pl_piece *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* One placement: the pieces placed so far, sorted by offset. */
struct layout {
    struct pl_piece *pieces;
    int32_t *placed;
    int32_t placed_count;
};

static void put_piece(struct layout *layout, int32_t index)
{
    struct pl_piece *piece = &layout->pieces[index];
    size_t offset = 0;
    for (int32_t i = 0; i < layout->placed_count; i++) {
        const struct pl_piece *other = &layout->pieces[layout->placed[i]];
        if (!alive_together(piece, other)) continue;
        if (other->offset >= offset && other->offset - offset >= piece->bytes) break;
        if (other->offset + other->bytes > offset) offset = other->offset + other->bytes;
    }
    piece->offset = offset;
    int32_t at = 0;
    while (at < layout->placed_count && layout->pieces[layout->placed[at]].offset < offset) at++;
    memmove(&layout->placed[at + 1], &layout->placed[at],
            (size_t)(layout->placed_count - at) * sizeof layout->placed[0]);
    layout->placed[at] = index;
    layout->placed_count++;
}

static size_t put_all(struct layout *layout, const int32_t *order, int32_t count)
{
    layout->placed_count = 0;
    size_t end = 0;
    for (int32_t i = 0; i < count; i++) {
        put_piece(layout, order[i]);
        const struct pl_piece *piece = &layout->pieces[order[i]];
        if (piece->offset + piece->bytes > end) end = piece->offset + piece->bytes;
    }
    return end;
}

enum order_kind { BY_FIRST, BY_SIZE, BY_AREA, BY_LIFE, ORDER_KINDS };

/* Larger keys come first. */
static uint64_t key_of(const struct pl_piece *piece, enum order_kind kind)
{
    const uint64_t life = (uint64_t)(piece->last - piece->first) + 1;
    switch (kind) {
    case BY_SIZE: return piece->bytes;
    case BY_AREA: return (uint64_t)piece->bytes / PL_ALIGNMENT * life;
    case BY_LIFE: return life;
    default: return UINT32_MAX - (uint64_t)piece->first;
    }
}

static bool comes_later(const struct pl_piece *pieces, enum order_kind kind, int32_t a, int32_t b)
{
    const uint64_t key_a = key_of(&pieces[a], kind);
    const uint64_t key_b = key_of(&pieces[b], kind);
    return key_a != key_b ? key_a < key_b : a > b;
}

static void sift_down(const struct pl_piece *pieces, enum order_kind kind, int32_t *order, int32_t root, int32_t end)
{
    for (int32_t child = 2 * root + 1; child < end; root = child, child = 2 * root + 1) {
        if (child + 1 < end && comes_later(pieces, kind, order[child + 1], order[child])) child++;
        if (!comes_later(pieces, kind, order[child], order[root])) return;
        const int32_t swap = order[root];
        order[root] = order[child];
        order[child] = swap;
    }
}

/* Heapsort: qsort may call malloc, which a caller's own memory forbids. */
static void sort_order(const struct pl_piece *pieces, int32_t count, enum order_kind kind, int32_t *order)
{
    for (int32_t i = 0; i < count; i++) order[i] = i;
    for (int32_t i = count / 2 - 1; i >= 0; i--) sift_down(pieces, kind, order, i, count);
    for (int32_t end = count - 1; end > 0; end--) {
        const int32_t last = order[0];
        order[0] = order[end];
        order[end] = last;
        sift_down(pieces, kind, order, 0, end);
    }
}

struct search {
    struct layout layout;
    int32_t count;
    size_t bound;
    size_t best_end;
    size_t *best_offsets;
    int32_t *order;
};

static void try_order(struct search *search)
{
    const size_t end = put_all(&search->layout, search->order, search->count);
    if (end >= search->best_end) return;
    search->best_end = end;
    for (int32_t i = 0; i < search->count; i++) search->best_offsets[i] = search->layout.pieces[i].offset;
}

static void move_to_front(int32_t *order, int32_t at)
{
    const int32_t index = order[at];
    memmove(&order[1], &order[0], (size_t)at * sizeof order[0]);
    order[0] = index;
}

/* Moves the piece that ends highest in the current layout to the front, and places all again. A round takes time that
 * grows with the square of the pieces, so many pieces get few rounds. */
static void improve(struct search *search)
{
    const int32_t affordable = ROUND_BUDGET / (search->count * search->count);
    const int32_t rounds = affordable < MOST_ROUNDS ? affordable : MOST_ROUNDS;
    for (int32_t round = 0; round < rounds && search->best_end > search->bound; round++) {
        int32_t top = 0;
        size_t top_end = 0;
        for (int32_t i = 0; i < search->count; i++) {
            const struct pl_piece *piece = &search->layout.pieces[search->order[i]];
            if (piece->offset + piece->bytes < top_end) continue;
            top_end = piece->offset + piece->bytes;
            top = i;
        }
        if (top == 0) top = 1 + round % (search->count - 1);
        move_to_front(search->order, top);
        try_order(search);
    }
}

static bool prepare_search(struct search *search, struct pl_piece *pieces, int32_t count, struct pl_region *region)
{
    const size_t n = (size_t)count;
    search->layout.pieces = pieces;
    search->layout.placed = pl_region_array(region, n, sizeof(int32_t));
    search->best_offsets = pl_region_array(region, n, sizeof(size_t));
    search->order = pl_region_array(region, n, sizeof(int32_t));
    search->count = count;
    search->best_end = SIZE_MAX;
    return search->layout.placed != NULL && search->best_offsets != NULL && search->order != NULL;
}

pl_status pl_place(struct pl_piece *pieces, int32_t count, int32_t step_count, struct pl_region *region,
                   size_t *arena_bytes, struct pl_error *error)
{
    *arena_bytes = 0;
    if (count == 0) return PL_OK;
    struct search search = {.bound = pl_place_bound(pieces, count, step_count, region)};
    if (search.bound == SIZE_MAX || !prepare_search(&search, pieces, count, region))
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory to place %d tensors", (int)count);
    /* A file with very many tensors gets the cheap order alone: allocate must not take for ever. */
    const int kinds = count > MOST_SORTED ? 1 : ORDER_KINDS;
    for (int kind = BY_FIRST; kind < kinds && search.best_end > search.bound; kind++) {
        sort_order(pieces, count, (enum order_kind)kind, search.order);
        try_order(&search);
        if (count > 1 && count <= MOST_IMPROVED) improve(&search);
    }
    assert(search.best_end >= search.bound);
    for (int32_t i = 0; i < count; i++) pieces[i].offset = search.best_offsets[i];
    *arena_bytes = search.best_end;
    return PL_OK;
}

/* Lets pieces live one step longer where no step needs more memory than the step that needs most. False: no memory. */
static bool linger(struct pl_piece *pieces, int32_t count, int32_t step_count, struct pl_region *region)
{
    const size_t most = pl_place_bound(pieces, count, step_count, region);
    int64_t *alive = pl_region_array(region, (size_t)step_count + 1, sizeof *alive);
    if (most == SIZE_MAX || alive == NULL) return false;
    for (int32_t i = 0; i < count; i++) {
        alive[pieces[i].first] += (int64_t)pieces[i].bytes;
        alive[pieces[i].last + 1] -= (int64_t)pieces[i].bytes;
    }
    for (int32_t step = 1; step < step_count; step++) alive[step] += alive[step - 1];
    for (int32_t i = 0; i < count; i++) {
        const int32_t next = pieces[i].last + 1;
        if (next >= step_count || alive[next] + (int64_t)pieces[i].bytes > (int64_t)most) continue;
        alive[next] += (int64_t)pieces[i].bytes;
        pieces[i].last = next;
    }
    return true;
}

pl_status pl_place_apart(struct pl_piece *pieces, int32_t count, int32_t step_count, struct pl_region *region,
                         size_t *arena_bytes, struct pl_error *error)
{
    PL_TRY(pl_place(pieces, count, step_count, region, arena_bytes, error));
    if (count == 0) return PL_OK;
    struct pl_piece *plain = pl_region_copy(region, pieces, (size_t)count * sizeof *pieces);
    if (plain == NULL || !linger(pieces, count, step_count, region))
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory to place %d tensors", (int)count);
    const size_t least = *arena_bytes;
    PL_TRY(pl_place(pieces, count, step_count, region, arena_bytes, error));
    if (*arena_bytes <= least) return PL_OK;
    memcpy(pieces, plain, (size_t)count * sizeof *pieces);
    *arena_bytes = least;
    return PL_OK;
}
