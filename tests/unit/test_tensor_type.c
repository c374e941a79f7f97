/* SPDX-License-Identifier: Apache-2.0 */
/* Element types, and shapes whose products overflow. */
#include "unit.h"

#include "base/tensor_type.h"
#include "plait/plait.h"

static void test_types(void **state)
{
    (void)state;
    assert_string_equal(pl_type_name(PL_BFLOAT16), "bfloat16");
    assert_int_equal(pl_type_bits(PL_COMPLEX128), 128);
    assert_int_equal(pl_type_bits(PL_INT4), 4);
    assert_int_equal(pl_type_bits(PL_STRING), 0);
    assert_string_equal(pl_type_name((pl_type)77), "unknown type");
    assert_int_equal(pl_type_bits((pl_type)-1), 0);
    assert_int_equal(pl_type_api_number((pl_type)77), 0);
}

static void test_api_numbers_are_the_public_ones(void **state)
{
    (void)state;
#define PL_TYPE(name, number, bits, api, word)                                                     \
    assert_int_equal(pl_type_api_number(PL_##name), (int)PLAIT_##name);
    PL_TYPE_LIST(PL_TYPE)
#undef PL_TYPE
}

static void test_counts_and_spans(void **state)
{
    (void)state;
    const struct pl_shape shape = {4, {2, 3, 4, 5}};
    const struct pl_shape scalar = {0};
    assert_int_equal(pl_shape_count(&shape), 120);
    assert_int_equal(pl_shape_count(&scalar), 1);
    assert_int_equal(pl_shape_span(&shape, 1, 3), 12);
    assert_int_equal(pl_shape_span(&shape, 2, 2), 1);
}

static void test_equality_looks_at_rank_and_dims(void **state)
{
    (void)state;
    const struct pl_shape a = {2, {2, 3, 9}};
    const struct pl_shape b = {2, {2, 3, 7}};
    const struct pl_shape c = {3, {2, 3, 9}};
    const struct pl_shape d = {2, {2, 4}};
    assert_true(pl_shape_equal(&a, &b));
    assert_false(pl_shape_equal(&a, &c));
    assert_false(pl_shape_equal(&a, &d));
}

static size_t bytes_of(struct pl_shape shape, pl_type type)
{
    size_t bytes = 12345;
    return pl_shape_bytes(&shape, type, &bytes) ? bytes : SIZE_MAX;
}

static void test_bytes(void **state)
{
    (void)state;
    assert_int_equal(bytes_of((struct pl_shape){3, {2, 3, 4}}, PL_FLOAT32), 96);
    assert_int_equal(bytes_of((struct pl_shape){0}, PL_INT64), 8);
    assert_int_equal(bytes_of((struct pl_shape){1, {5}}, PL_INT4), 3);
    assert_int_equal(bytes_of((struct pl_shape){1, {5}}, PL_INT2), 2);
    assert_int_equal(bytes_of((struct pl_shape){1, {5}}, PL_STRING), 0);
    assert_int_equal(bytes_of((struct pl_shape){2, {0, 7}}, PL_FLOAT32), 0);
}

static void test_bytes_refuse(void **state)
{
    (void)state;
    assert_int_equal(bytes_of((struct pl_shape){2, {-1, 7}}, PL_INT8), SIZE_MAX);
    assert_int_equal(bytes_of((struct pl_shape){3, {INT32_MAX, INT32_MAX, 4}}, PL_INT8), SIZE_MAX);
    assert_int_equal(bytes_of((struct pl_shape){3, {INT32_MAX, INT32_MAX, INT32_MAX}}, PL_INT8),
                     SIZE_MAX);
    assert_int_equal(bytes_of((struct pl_shape){4, {0, INT32_MAX, INT32_MAX, INT32_MAX}}, PL_INT8),
                     SIZE_MAX);
    assert_int_equal(bytes_of((struct pl_shape){2, {INT32_MAX, INT32_MAX}}, PL_COMPLEX128),
                     SIZE_MAX);
}

static void test_text(void **state)
{
    (void)state;
    char text[PL_SHAPE_TEXT_BYTES];
    const struct pl_shape shape = {3, {1, -1, 3}};
    const struct pl_shape scalar = {0};
    const int32_t low = INT32_MIN;
    const struct pl_shape longest = {8, {low, low, low, low, low, low, low, low}};
    assert_string_equal(pl_shape_text(&shape, text), "[1,-1,3]");
    assert_string_equal(pl_shape_text(&scalar, text), "[]");
    assert_string_equal(
        pl_shape_text(&longest, text),
        "[-2147483648,-2147483648,-2147483648,-2147483648,-2147483648,-2147483648,-2147483648,"
        "-2147483648]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_api_numbers_are_the_public_ones),
        cmocka_unit_test(test_counts_and_spans),
        cmocka_unit_test(test_equality_looks_at_rank_and_dims),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_refuse),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
