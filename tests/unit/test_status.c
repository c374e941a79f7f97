/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes and messages. */
#include "unit.h"

#include <string.h>

#include "base/status.h"
#include "plait/plait.h"

static void test_codes_are_the_public_ones(void **state)
{
    (void)state;
#define PL_STATUS(name, value, text)                                                               \
    assert_int_equal((int)PLAIT_##name, (int)PL_##name);                                           \
    assert_string_equal(pl_status_text(PL_##name), text);
#include "base/status.def"
#undef PL_STATUS
    assert_string_equal(pl_status_text((pl_status)99), "unknown status");
}

static void test_fail_writes_and_returns(void **state)
{
    (void)state;
    struct pl_error error = {0};
    assert_int_equal(pl_fail(&error, PL_NOT_FOUND, "no %s in %d", "tensor", 7), PL_NOT_FOUND);
    assert_int_equal(error.status, PL_NOT_FOUND);
    assert_string_equal(error.text, "no tensor in 7");
    assert_int_equal(pl_fail(NULL, PL_IO, "nobody listens"), PL_IO);
}

static void test_places_are_put_before(void **state)
{
    (void)state;
    struct pl_error error = {0};
    pl_fail(&error, PL_MISMATCH, "found 3, expected 4");
    assert_int_equal(pl_fail_at(&error, "operator %d", 2), PL_MISMATCH);
    pl_fail_at(&error, "model '%s'", "m");
    pl_error_append(&error, " (%s)", "resize it");
    assert_string_equal(error.text, "model 'm': operator 2: found 3, expected 4 (resize it)");
}

static void test_long_text_is_cut(void **state)
{
    (void)state;
    struct pl_error error = {0};
    pl_fail(&error, PL_IO, "%s", "start");
    for (int i = 0; i < 400; i++) pl_error_append(&error, " and %d", i);
    const size_t length = strlen(error.text);
    assert_int_equal(length, PL_ERROR_TEXT_BYTES - 1);
    assert_string_equal(error.text + length - 3, "...");
    pl_fail_at(&error, "more");
    assert_memory_equal(error.text, "more: start and 0", 17);
    assert_string_equal(error.text + strlen(error.text) - 3, "...");
}

static pl_status try_twice(struct pl_error *error, int value, int *reached)
{
    PL_ENSURE(value != 1, error, PL_INVALID_ARGUMENT, "value is %d", value);
    *reached = 1;
    PL_TRY(value == 2 ? PL_BUSY : PL_OK);
    *reached = 2;
    return PL_OK;
}

static void test_macros_return_early(void **state)
{
    (void)state;
    struct pl_error error = {0};
    int reached = 0;
    assert_int_equal(try_twice(&error, 1, &reached), PL_INVALID_ARGUMENT);
    assert_int_equal(reached, 0);
    assert_string_equal(error.text, "value is 1");
    assert_int_equal(try_twice(&error, 2, &reached), PL_BUSY);
    assert_int_equal(reached, 1);
    assert_int_equal(try_twice(&error, 3, &reached), PL_OK);
    assert_int_equal(reached, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_are_the_public_ones),
        cmocka_unit_test(test_fail_writes_and_returns),
        cmocka_unit_test(test_places_are_put_before),
        cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_macros_return_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
