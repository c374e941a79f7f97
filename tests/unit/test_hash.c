/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "base/hash.h"

static void test_equal_content_equal_hash(void **state)
{
    (void)state;
    char a[300];
    char b[304];
    memset(a, 42, sizeof a);
    memset(b, 42, sizeof b);
    for (size_t bytes = 0; bytes <= 300; bytes++)
        assert_int_equal(pl_hash_bytes(a, bytes), pl_hash_bytes(b + 3, bytes));
    assert_int_equal(pl_hash_bytes(NULL, 0), pl_hash_bytes("x", 0));
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    unsigned char data[64] = {0};
    const uint64_t before = pl_hash_bytes(data, sizeof data);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        assert_int_not_equal(pl_hash_bytes(data, sizeof data), before);
        data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    assert_int_not_equal(pl_hash_bytes(data, 63), before);
}

static void test_combining_keeps_order(void **state)
{
    (void)state;
    assert_int_equal(pl_hash_combine(1, 2), pl_hash_combine(1, 2));
    assert_int_not_equal(pl_hash_combine(1, 2), pl_hash_combine(2, 1));
    assert_int_not_equal(pl_hash_combine(0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_content_equal_hash),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_combining_keeps_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
