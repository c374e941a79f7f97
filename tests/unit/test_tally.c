/* SPDX-License-Identifier: Apache-2.0 */
/* Times by size: every one is in the bucket that ends behind it, and buckets are narrow. */
#include "unit.h"

#include <string.h>

#include "interpreter/tally.h"

static void check_time(uint64_t nanoseconds)
{
    const int32_t bucket = pl_tally_bucket(nanoseconds);
    assert_in_range(bucket, 0, PL_TALLY_BUCKETS - 1);
    assert_true(nanoseconds < pl_tally_bucket_end(bucket));
    assert_true(bucket == 0 || pl_tally_bucket_end(bucket - 1) <= nanoseconds);
}

static void every_time_is_in_its_bucket(void **state)
{
    (void)state;
    for (uint64_t nanoseconds = 0; nanoseconds < 10000; nanoseconds++) check_time(nanoseconds);
    for (int32_t shift = 13; shift < 40; shift++)
        for (int64_t beside = -2; beside <= 2; beside++) check_time((UINT64_C(1) << shift) + (uint64_t)beside);
}

static void buckets_are_narrow(void **state)
{
    (void)state;
    for (int32_t bucket = 12; bucket < PL_TALLY_BUCKETS; bucket++)
        assert_true(pl_tally_bucket_end(bucket) * 4 <= pl_tally_bucket_end(bucket - 1) * 5);
}

static void what_is_longer_than_all_is_in_the_last(void **state)
{
    (void)state;
    struct pl_tally tally;
    memset(&tally, 0, sizeof tally);
    pl_tally_add(&tally, UINT64_MAX, true);
    pl_tally_add(&tally, 0, false);
    assert_int_equal(tally.latencies[PL_TALLY_BUCKETS - 1], 1);
    assert_int_equal(tally.latencies[0], 1);
    assert_int_equal(tally.runs, 2);
    assert_int_equal(tally.failed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_time_is_in_its_bucket),
        cmocka_unit_test(buckets_are_narrow),
        cmocka_unit_test(what_is_longer_than_all_is_in_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
