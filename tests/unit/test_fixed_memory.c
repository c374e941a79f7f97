/* SPDX-License-Identifier: Apache-2.0 */
/* An interpreter's memory in one buffer: placement, freeing, and the exact size that would have
 * been enough. */
#include "unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/fixed_memory.h"

enum { BLOCKS = 40 };

/* A pseudo-random sequence of allocations and frees, the same each time: stands for opening and
 * loading. */
struct scene {
    struct pl_fixed_memory *fixed;
    unsigned char *blocks[BLOCKS];
    size_t bytes[BLOCKS];
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void scene_free(struct scene *scene, size_t i)
{
    for (size_t k = 0; k < scene->bytes[i]; k++) assert_int_equal(scene->blocks[i][k], i);
    pl_fixed_memory_allocate(scene->fixed, scene->blocks[i], scene->bytes[i], 0, PL_ALIGNMENT);
    scene->blocks[i] = NULL;
}

static void scene_clear(struct scene *scene)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (scene->blocks[i] != NULL) scene_free(scene, i);
}

/* false at the first allocation that fails. */
static bool scene_play(struct scene *scene, uint32_t seed, int steps)
{
    for (int step = 0; step < steps; step++) {
        const size_t i = next_random(&seed) % BLOCKS;
        const size_t bytes = 1 + next_random(&seed) % 3000;
        if (scene->blocks[i] != NULL) {
            scene_free(scene, i);
            continue;
        }
        scene->blocks[i] = pl_fixed_memory_allocate(scene->fixed, NULL, 0, bytes, PL_ALIGNMENT);
        if (scene->blocks[i] == NULL) return false;
        assert_int_equal((uintptr_t)scene->blocks[i] % PL_ALIGNMENT, 0);
        scene->bytes[i] = bytes;
        memset(scene->blocks[i], (int)i, bytes);
    }
    return true;
}

static void test_first_fit_by_address(void **state)
{
    (void)state;
    _Alignas(64) char buffer[4096];
    struct pl_fixed_memory *fixed = NULL;
    assert_int_equal(pl_fixed_memory_create(buffer, sizeof buffer, &fixed), PL_OK);
    char *a = pl_fixed_memory_allocate(fixed, NULL, 0, 100, 64);
    char *b = pl_fixed_memory_allocate(fixed, NULL, 0, 64, 64);
    char *c = pl_fixed_memory_allocate(fixed, NULL, 0, 1, 64);
    assert_ptr_equal(a, buffer);
    assert_ptr_equal(b, buffer + 128);
    assert_ptr_equal(c, buffer + 192);
    pl_fixed_memory_allocate(fixed, a, 100, 0, 64);
    assert_ptr_equal(pl_fixed_memory_allocate(fixed, NULL, 0, 129, 64), buffer + 256);
    pl_fixed_memory_allocate(fixed, b, 64, 0, 64);
    /* The two gaps are one now. */
    assert_ptr_equal(pl_fixed_memory_allocate(fixed, NULL, 0, 192, 64), buffer);
    assert_null(pl_fixed_memory_allocate(fixed, NULL, 0, 4096, 64));
    assert_null(pl_fixed_memory_allocate(fixed, NULL, 0, SIZE_MAX, 64));
    assert_null(pl_fixed_memory_allocate(fixed, NULL, 0, 64, 128));
    pl_fixed_memory_allocate(fixed, buffer, 192, 0, 64);
    pl_fixed_memory_allocate(fixed, c, 1, 0, 64);
    pl_fixed_memory_allocate(fixed, buffer + 256, 129, 0, 64);
    pl_fixed_memory_destroy(fixed);
}

static void test_too_small_for_itself(void **state)
{
    (void)state;
    _Alignas(64) char buffer[512];
    struct pl_fixed_memory *fixed = NULL;
    assert_int_equal(pl_fixed_memory_create(buffer, 0, &fixed), PL_OUT_OF_MEMORY);
    assert_int_equal(pl_fixed_memory_create(buffer, 63, &fixed), PL_OUT_OF_MEMORY);
    assert_int_equal(pl_fixed_memory_create(buffer + 1, 64, &fixed), PL_OUT_OF_MEMORY);
    assert_int_equal(pl_fixed_memory_create(NULL, 512, &fixed), PL_INVALID_ARGUMENT);
    assert_int_equal(pl_fixed_memory_create(buffer, sizeof buffer, &fixed), PL_OK);
    pl_fixed_memory_destroy(fixed);
}

/* Plays in a buffer of `bytes` at `offset` from an aligned address, with guards around it. Returns
 * 0 if all fitted, else how much it says is needed. */
static size_t play_in(size_t bytes, size_t offset, uint32_t seed)
{
    enum { GUARD = 64 };
    const size_t whole = bytes + offset + 2 * GUARD;
    unsigned char *memory = aligned_alloc(64, (whole + 63) / 64 * 64);
    assert_non_null(memory);
    memset(memory, 0xa5, whole);
    unsigned char *buffer = memory + GUARD + offset;
    struct scene scene = {0};
    size_t needed = 0;
    assert_int_equal(pl_fixed_memory_create(buffer, bytes, &scene.fixed), PL_OK);
    if (!scene_play(&scene, seed, 300)) {
        scene_clear(&scene);
        assert_true(pl_fixed_memory_measure(scene.fixed, true));
        assert_true(scene_play(&scene, seed, 300));
        needed = pl_fixed_memory_needed(scene.fixed);
        scene_clear(&scene);
        assert_true(pl_fixed_memory_measure(scene.fixed, false));
    }
    scene_clear(&scene);
    pl_fixed_memory_destroy(scene.fixed);
    for (size_t i = 0; i < GUARD + offset; i++) assert_int_equal(memory[i], 0xa5);
    for (size_t i = GUARD + offset + bytes; i < whole; i++) assert_int_equal(memory[i], 0xa5);
    free(memory);
    return needed;
}

static void test_exact_need(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        const size_t needed = play_in(8192, 0, seed);
        assert_true(needed > 8192);
        assert_int_equal(needed % 64, 0);
        assert_int_equal(play_in(needed, 0, seed), 0);
        assert_int_equal(play_in(needed - 64, 0, seed), needed);
    }
}

static void test_need_at_any_address(void **state)
{
    (void)state;
    const size_t needed = play_in(8192, 16, 3);
    for (size_t offset = 0; offset < 64; offset += 8)
        assert_int_equal(play_in(needed, offset, 3), 0);
}

static void test_measuring_over_older_blocks(void **state)
{
    (void)state;
    _Alignas(64) static unsigned char buffer[36000];
    struct scene kept = {0};
    assert_int_equal(pl_fixed_memory_create(buffer, sizeof buffer, &kept.fixed), PL_OK);
    assert_true(scene_play(&kept, 7, 12));
    struct scene more = {.fixed = kept.fixed};
    assert_false(scene_play(&more, 9, 300));
    scene_clear(&more);
    assert_true(pl_fixed_memory_measure(kept.fixed, true));
    assert_true(pl_fixed_memory_measure(kept.fixed, true)); /* once more does nothing */
    assert_true(scene_play(&more, 9, 300));
    assert_true(pl_fixed_memory_needed(kept.fixed) > sizeof buffer);
    assert_false(pl_fixed_memory_measure(kept.fixed, false)); /* not while its blocks live */
    size_t first = 0;
    while (kept.blocks[first] == NULL) first++;
    scene_free(&kept, first); /* a block from before may go meanwhile */
    scene_clear(&more);
    assert_true(pl_fixed_memory_measure(kept.fixed, false));
    /* The buffer is as before: it works, and older blocks have their bytes. */
    unsigned char *small = pl_fixed_memory_allocate(kept.fixed, NULL, 0, 10, 64);
    assert_true(small >= buffer && small < buffer + sizeof buffer);
    pl_fixed_memory_allocate(kept.fixed, small, 10, 0, 64);
    scene_clear(&kept);
    pl_fixed_memory_destroy(kept.fixed);
}

static void test_measuring_many_blocks(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    _Alignas(64) static char buffer[1024];
    static void *blocks[MANY];
    struct pl_fixed_memory *fixed = NULL;
    assert_int_equal(pl_fixed_memory_create(buffer, sizeof buffer, &fixed), PL_OK);
    const size_t empty = pl_fixed_memory_needed(fixed);
    assert_true(pl_fixed_memory_measure(fixed, true));
    for (int i = 0; i < MANY; i++) {
        blocks[i] = pl_fixed_memory_allocate(fixed, NULL, 0, 64, 64);
        assert_non_null(blocks[i]);
    }
    assert_int_equal(pl_fixed_memory_needed(fixed), empty + MANY * (64 + 2 * sizeof(size_t)));
    for (int i = 0; i < MANY; i++) pl_fixed_memory_allocate(fixed, blocks[i], 64, 0, 64);
    assert_true(pl_fixed_memory_measure(fixed, false));
    pl_fixed_memory_destroy(fixed);
}

struct player {
    struct pl_fixed_memory *fixed;
    uint32_t seed;
    int bad;
};

static void *play_in_thread(void *argument)
{
    struct player *player = argument;
    for (int i = 0; i < 500; i++) {
        const size_t bytes = 1 + next_random(&player->seed) % 500;
        unsigned char *block = pl_fixed_memory_allocate(player->fixed, NULL, 0, bytes, 64);
        if (block == NULL) {
            player->bad++;
            continue;
        }
        memset(block, (int)(player->seed & 0xff), bytes);
        for (size_t k = 0; k < bytes; k++) player->bad += block[k] != (player->seed & 0xff);
        pl_fixed_memory_allocate(player->fixed, block, bytes, 0, 64);
    }
    return NULL;
}

static void test_threads_share_it(void **state)
{
    (void)state;
    _Alignas(64) static char buffer[8192];
    struct pl_fixed_memory *fixed = NULL;
    assert_int_equal(pl_fixed_memory_create(buffer, sizeof buffer, &fixed), PL_OK);
    struct player players[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        players[i] = (struct player){fixed, (uint32_t)i + 1, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, play_in_thread, &players[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(players[i].bad, 0);
    }
    pl_fixed_memory_destroy(fixed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_fit_by_address),
        cmocka_unit_test(test_too_small_for_itself),
        cmocka_unit_test(test_exact_need),
        cmocka_unit_test(test_need_at_any_address),
        cmocka_unit_test(test_measuring_over_older_blocks),
        cmocka_unit_test(test_measuring_many_blocks),
        cmocka_unit_test(test_threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
