/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of links: what holds of which values. */
#include "unit.h"

#include <math.h>

#include "interpreter/flow/flow.h"

static bool holds(pl_condition_kind kind, int32_t index, double least, const struct pl_tensor *tensor, const void *data,
                  size_t bytes)
{
    const struct pl_condition when = {kind, -1, index, least, least};
    return pl_condition_holds(&when, tensor, data, bytes, 1, true);
}

static void test_floats(void **state)
{
    (void)state;
    const struct pl_tensor tensor = {.type = PL_FLOAT32};
    const float values[] = {1, 4, 4, -9}, strange[] = {NAN, -1, NAN};
    assert_true(holds(PL_CONDITION_AT_LEAST, -1, 4, &tensor, values, sizeof values));
    assert_false(holds(PL_CONDITION_AT_LEAST, -1, 4.001, &tensor, values, sizeof values));
    assert_true(holds(PL_CONDITION_AT_LEAST, 0, 1, &tensor, values, sizeof values));
    assert_false(holds(PL_CONDITION_AT_LEAST, 3, 1, &tensor, values, sizeof values));
    assert_false(holds(PL_CONDITION_AT_LEAST, 4, -100, &tensor, values, sizeof values));
    assert_true(holds(PL_CONDITION_BEST, 1, 0, &tensor, values, sizeof values));
    assert_false(holds(PL_CONDITION_BEST, 2, 0, &tensor, values, sizeof values));
    assert_false(holds(PL_CONDITION_BEST, 4, 0, &tensor, values, sizeof values));
    assert_true(holds(PL_CONDITION_BEST, 1, 0, &tensor, strange, sizeof strange));
    assert_false(holds(PL_CONDITION_AT_LEAST, 0, -100, &tensor, strange, sizeof strange));
    assert_false(holds(PL_CONDITION_AT_LEAST, -1, -100, &tensor, values, 0));
    assert_false(holds(PL_CONDITION_BEST, 0, 0, &tensor, values, 0));
}

static void test_quantized(void **state)
{
    (void)state;
    const float scale = 0.5f;
    const int32_t zero_point = -128;
    struct pl_tensor tensor = {.type = PL_INT8, .quantization = {.count = 1, .scales = &scale, .zero_points = &zero_point}};
    const int8_t values[] = {-128, -120, 127};
    assert_true(holds(PL_CONDITION_AT_LEAST, 1, 4, &tensor, values, sizeof values));
    assert_false(holds(PL_CONDITION_AT_LEAST, 1, 4.1, &tensor, values, sizeof values));
    assert_true(holds(PL_CONDITION_AT_LEAST, -1, 127.5, &tensor, values, sizeof values));
    assert_true(holds(PL_CONDITION_BEST, 2, 0, &tensor, values, sizeof values));
    tensor = (struct pl_tensor){.type = PL_UINT8};
    assert_true(holds(PL_CONDITION_BEST, 1, 0, &tensor, values, sizeof values)); /* 128, 136, 127 */
}

static void test_other_types(void **state)
{
    (void)state;
    const int16_t shorts[] = {-5, 300};
    const int32_t ints[] = {1 << 30, -7};
    const bool flags[] = {false, true};
    struct pl_tensor tensor = {.type = PL_INT16};
    assert_true(holds(PL_CONDITION_AT_LEAST, 1, 300, &tensor, shorts, sizeof shorts));
    tensor.type = PL_INT32;
    assert_true(holds(PL_CONDITION_BEST, 0, 0, &tensor, ints, sizeof ints));
    tensor.type = PL_BOOL;
    assert_true(holds(PL_CONDITION_AT_LEAST, -1, 1, &tensor, flags, sizeof flags));
}

static void test_every(void **state)
{
    (void)state;
    const struct pl_condition when = {PL_CONDITION_EVERY, -1, 3, 0, 0};
    const struct pl_tensor tensor = {.type = PL_FLOAT32};
    for (uint64_t run = 1; run < 10; run++) assert_int_equal(pl_condition_holds(&when, &tensor, "", 0, run, false), run % 3 == 0);
}

/* It begins at one value and ends below another. */
static void test_until(void **state)
{
    (void)state;
    const struct pl_condition when = {PL_CONDITION_AT_LEAST, -1, -1, 5, 2};
    const struct pl_tensor tensor = {.type = PL_FLOAT32};
    const float values[] = {4, 5, 3, 2, 1.5f, 4, 6, 0};
    const bool wanted[] = {false, true, true, true, false, false, true, false};
    bool held = false;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        held = pl_condition_holds(&when, &tensor, &values[i], sizeof values[i], i + 1, held);
        assert_int_equal(held, wanted[i]);
    }
}

static void test_refused(void **state)
{
    (void)state;
    struct pl_error error;
    struct pl_tensor tensor = {.name = "t", .type = PL_FLOAT32, .shape = {.rank = 1, .dims = {4}}};
    struct pl_condition when = {PL_CONDITION_BEST, -1, 3, 0, 0};
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_OK);
    when.index = 4;
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_MISMATCH);
    tensor.has_signature = true; /* its size is not known yet */
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_OK);
    when.index = -1;
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_INVALID_ARGUMENT);
    when.kind = PL_CONDITION_AT_LEAST;
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_OK);
    when.until = 0.5; /* more than least */
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_INVALID_ARGUMENT);
    when.until = NAN;
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_INVALID_ARGUMENT);
    when.until = -1;
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_OK);
    tensor.type = PL_STRING;
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_MISMATCH);
    when = (struct pl_condition){PL_CONDITION_EVERY, -1, 0, 0, 0};
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_INVALID_ARGUMENT);
    when.index = 1;
    assert_int_equal(pl_condition_check(&when, &tensor, &error), PL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_floats), cmocka_unit_test(test_quantized), cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_every),  cmocka_unit_test(test_until),     cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
