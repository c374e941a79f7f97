/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of stages: how their shares are cut, and what of them may run at the same time. That they give the bits of one stage
 * after the other, whoever runs ahead, is shown by tests/scenario/ranges.c. */
#include "unit.h"

#include "interpreter/chain.h"

enum { ROW = 100, ROWS = 8 };

static char arena[4 * ROWS * ROW];

/* Parts of neighbours that lie side by side are short ones. */
static void test_shares_mirror_each_other(void **state)
{
    (void)state;
    const struct pl_stage stage = {.units = 32, .least = 1};
    int64_t bounds[9];
    assert_int_equal(pl_cut_halving(&stage, (struct pl_cut){2, 4}, true, bounds), 8);
    const int64_t expected[] = {0, 8, 12, 14, 16, 18, 20, 24, 32};
    assert_memory_equal(bounds, expected, sizeof expected);
    assert_int_equal(pl_cut_halving(&stage, (struct pl_cut){2, 4}, false, bounds), 8);
    const int64_t halving[] = {0, 8, 12, 14, 16, 24, 28, 30, 32};
    assert_memory_equal(bounds, halving, sizeof halving);
}

/* What is too short for two workers by itself is cut for them all the same, lines whole. */
static void test_short_stages_are_cut_evenly(void **state)
{
    (void)state;
    const struct pl_stage stage = {.units = 256, .least = PL_STAGE_LINE_UNITS}, narrow = {.units = 64, .least = 64};
    assert_int_equal(pl_cut_worth(&stage, 2, 500).workers, 1);
    assert_int_equal(pl_cut_even(&stage, 2, 500).workers, 2);
    assert_int_equal(pl_cut_even(&stage, 8, 500).workers, 4);
    assert_int_equal(pl_cut_even(&narrow, 2, 500).workers, 1);
}

/* Reads `from` and writes `to`, rows of the arena, with a window of `taps` rows. */
static struct pl_chain_stage stage_of(int32_t from, int32_t to, int32_t taps)
{
    const int64_t before = -(taps / 2) * (int64_t)ROW;
    return (struct pl_chain_stage){
        .access_count = 2,
        .accesses = {{.begin = (uintptr_t)(arena + from * ROW), .bytes = ROWS * ROW, .window = {ROW, before, taps * ROW}},
                     {.begin = (uintptr_t)(arena + to * ROW), .bytes = ROWS * ROW, .window = {ROW, 0, ROW}, .writes = true}}};
}

static void test_same_rows_do_not_wait(void **state)
{
    (void)state;
    const struct pl_chain_stage first = stage_of(0, ROWS, 1), second = stage_of(ROWS, 2 * ROWS, 1);
    assert_false(pl_access_collide(&second, 0, 4, &first, 4, 8));
    assert_true(pl_access_collide(&second, 0, 5, &first, 4, 8));
    assert_false(pl_access_collide(&second, 0, 5, &first, 5, 5)); /* there is nothing left */
}

static void test_windows_wait_for_their_neighbours(void **state)
{
    (void)state;
    const struct pl_chain_stage first = stage_of(0, ROWS, 1), second = stage_of(ROWS, 2 * ROWS, 3);
    assert_false(pl_access_collide(&second, 0, 3, &first, 4, 8));
    assert_true(pl_access_collide(&second, 3, 4, &first, 4, 8));
    assert_false(pl_access_collide(&second, 5, 8, &first, 0, 4)); /* whose window ends where the picture does */
}

/* What is written over is waited for as well. */
static void test_memory_that_is_used_again_is_waited_for(void **state)
{
    (void)state;
    const struct pl_chain_stage first = stage_of(0, ROWS, 1), over = stage_of(2 * ROWS, 2, 1);
    assert_false(pl_access_collide(&over, 0, 2, &first, 4, 8)); /* rows 2 and 3 of what it reads */
    assert_true(pl_access_collide(&over, 2, 3, &first, 4, 8));
    const struct pl_chain_stage again = stage_of(2 * ROWS, ROWS, 1);
    assert_true(pl_access_collide(&again, 4, 5, &first, 4, 8)); /* and of what it writes */
    assert_false(pl_access_collide(&again, 0, 4, &first, 4, 8));
}

/* Slices need not be whole elements, as of what is broadcast: the 3rd of 8 of 5 elements begins in the 2nd and ends in it. */
static void test_slices_are_whole_elements(void **state)
{
    (void)state;
    const struct pl_chain_stage bytes = {
        .access_count = 1, .accesses = {{.begin = (uintptr_t)arena, .bytes = 20, .window = {1, 0, 1}, .writes = true}}};
    const struct pl_chain_stage slices = {
        .access_count = 1, .accesses = {{.begin = (uintptr_t)arena, .bytes = 20, .slices = 8, .element_bytes = 4}}};
    assert_false(pl_access_collide(&slices, 2, 3, &bytes, 0, 4));
    assert_true(pl_access_collide(&slices, 2, 3, &bytes, 4, 5));
    assert_true(pl_access_collide(&slices, 2, 3, &bytes, 7, 8));
    assert_false(pl_access_collide(&slices, 2, 3, &bytes, 8, 20));
    assert_true(pl_access_collide(&slices, 3, 4, &bytes, 4, 5)); /* that of 4 has parts of two */
    assert_true(pl_access_collide(&slices, 3, 4, &bytes, 11, 12));
    assert_true(pl_access_collide(&slices, 7, 8, &bytes, 19, 20));
}

/* Of one step a worker has its own part of some memory, of another step the parts may lie elsewhere in it. */
static void test_workers_have_memory_of_their_own(void **state)
{
    (void)state;
    static const struct pl_step steps[2];
    const struct pl_access own = {.begin = (uintptr_t)arena, .bytes = 64, .writes = true, .per_worker = true};
    const struct pl_chain_stage first = {.frame = {.step = &steps[0]}, .access_count = 1, .accesses = {own}};
    const struct pl_chain_stage second = {.frame = {.step = &steps[0]}, .access_count = 1, .accesses = {own}};
    const struct pl_chain_stage other = {.frame = {.step = &steps[1]}, .access_count = 1, .accesses = {own}};
    assert_false(pl_access_collide(&second, 0, 4, &first, 4, 8));
    assert_true(pl_access_collide(&other, 0, 4, &first, 4, 8));
}

/* Of which nothing is known. */
static void test_others_need_everything(void **state)
{
    (void)state;
    const struct pl_chain_stage first = stage_of(0, ROWS, 1);
    struct pl_chain_stage second = stage_of(ROWS, 2 * ROWS, 1);
    second.accesses[0].window = (struct pl_byte_window){0};
    assert_true(pl_access_collide(&second, 0, 1, &first, 7, 8));
    assert_true(pl_access_collide(&first, 7, 8, &second, 0, 1));
    second.accesses[0].begin = (uintptr_t)arena; /* both only read it */
    assert_false(pl_access_collide(&second, 0, 1, &first, 7, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_mirror_each_other),      cmocka_unit_test(test_short_stages_are_cut_evenly),
        cmocka_unit_test(test_same_rows_do_not_wait),         cmocka_unit_test(test_windows_wait_for_their_neighbours),
        cmocka_unit_test(test_memory_that_is_used_again_is_waited_for), cmocka_unit_test(test_others_need_everything),
        cmocka_unit_test(test_slices_are_whole_elements), cmocka_unit_test(test_workers_have_memory_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
