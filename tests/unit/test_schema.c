/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "model/schema.h"

/* Facts copied from nowhere but the published schema: a row that is mistyped or out of place
 * shows here. */
static void test_known_facts(void **state)
{
    (void)state;
    assert_int_equal(PL_BuiltinOperator_CONV_2D, 3);
    assert_int_equal(PL_BuiltinOperator_CUSTOM, 32);
    assert_int_equal(PL_BuiltinOperator_STABLEHLO_COMPOSITE, 206);
    assert_int_equal(PL_TensorType_INT4, 17);
    assert_int_equal(PL_ActivationFunctionType_RELU6, 3);
    assert_int_equal(pl_schema_field(PL_Conv2DOptions_dilation_h_factor)->slot, 5);
    assert_true(pl_schema_field(PL_Conv2DOptions_dilation_h_factor)->fallback == 1.0);
    assert_int_equal(pl_schema_field(PL_Operator_builtin_options)->slot, 4);
    assert_int_equal(pl_schema_field(PL_Operator_builtin_options_2)->slot, 12);
    assert_int_equal(pl_schema_field(PL_Tensor_has_rank)->slot, 8);
    assert_int_equal(pl_schema_field(PL_SignatureDef_subgraph_index)->slot, 4);
    assert_int_equal(pl_schema_field(PL_ResizeBilinearOptions_align_corners)->slot, 2);
    assert_int_equal(pl_schema_field(PL_Buffer_size)->element, PL_ELEMENT_UINT64);
    assert_int_equal(pl_schema_alignment(PL_Buffer_data), 16);
    assert_int_equal(pl_schema_alignment(PL_QuantizationParameters_zero_point), 8);
    assert_true(pl_schema_field(PL_UniqueOptions_idx_out_type)->fallback == PL_TensorType_INT32);
}

/* Reading finds values and members by place, so numbers must have no gaps. */
static void test_numbers_have_no_gaps(void **state)
{
    (void)state;
    int32_t enum_next[PL_ENUM_COUNT] = {0};
    int32_t union_next[PL_UNION_COUNT] = {0};
#define PL_VALUE(enumeration, name, number)                                                        \
    assert_int_equal(enum_next[PL_ENUM_##enumeration]++, number);
#define PL_MEMBER(name, table, number) assert_int_equal(++union_next[PL_UNION_##name], number);
#include "model/schema.def"
    for (int i = 1; i < PL_ENUM_COUNT; i++)
        assert_int_equal(enum_next[i], pl_schema_enum_count((enum pl_enum)i));
}

static void test_names_of_values(void **state)
{
    (void)state;
    assert_string_equal(pl_schema_value_name(PL_ENUM_Padding, PL_Padding_VALID), "VALID");
    assert_null(pl_schema_value_name(PL_ENUM_Padding, 2));
    assert_null(pl_schema_value_name(PL_ENUM_Padding, -1));
    assert_string_equal(pl_schema_enum_name(PL_ENUM_TensorType), "TensorType");
    assert_string_equal(pl_schema_table_name(PL_TABLE_SubGraph), "SubGraph");
}

static void test_unions_both_ways(void **state)
{
    (void)state;
    for (int u = 1; u < PL_UNION_COUNT; u++) {
        enum pl_table table;
        int32_t number = 0;
        assert_false(pl_schema_union_table((enum pl_union)u, 0, &table));
        while (pl_schema_union_table((enum pl_union)u, ++number, &table))
            assert_int_equal(pl_schema_union_number((enum pl_union)u, table), number);
        assert_true(number > 1);
    }
    assert_int_equal(pl_schema_union_number(PL_UNION_BuiltinOptions, PL_TABLE_Tensor), 0);
    assert_int_equal(pl_schema_union_number(PL_UNION_BuiltinOptions, PL_TABLE_Conv2DOptions), 1);
}

static void test_fields_of_tables(void **state)
{
    (void)state;
    for (int t = 0; t < PL_TABLE_COUNT; t++) {
        int last = -1;
        const int32_t first = pl_schema_first_field((enum pl_table)t);
        for (int32_t i = 0; i < pl_schema_field_count((enum pl_table)t); i++) {
            const struct pl_field_facts *facts = pl_schema_field((enum pl_field)(first + i));
            assert_int_equal(facts->table, t);
            assert_true(facts->slot > last);
            assert_true(facts->form != PL_FORM_UNION || facts->slot > last + 1);
            last = facts->slot;
            const bool refers = facts->form == PL_FORM_TABLE || facts->form == PL_FORM_TABLES;
            if (refers) assert_in_range(facts->of, 0, PL_TABLE_COUNT - 1);
            if (facts->form == PL_FORM_UNION) assert_in_range(facts->of, 1, PL_UNION_COUNT - 1);
            if (facts->form == PL_FORM_NUMBER) assert_in_range(facts->of, 0, PL_ENUM_COUNT - 1);
        }
    }
}

static int nesting(enum pl_table table, int depth);

static int deepest(int best, enum pl_table table, int depth)
{
    const int found = nesting(table, depth + 1);
    return found > best ? found : best;
}

/* Decoding, copying and comparing recurse: no table may be within itself. */
static int nesting(enum pl_table table, int depth)
{
    int best = depth;
    assert_true(depth < 16);
    const int32_t first = pl_schema_first_field(table);
    for (int32_t i = 0; i < pl_schema_field_count(table); i++) {
        const struct pl_field_facts *facts = pl_schema_field((enum pl_field)(first + i));
        enum pl_table member;
        if (facts->form == PL_FORM_TABLE || facts->form == PL_FORM_TABLES)
            best = deepest(best, (enum pl_table)facts->of, depth);
        for (int32_t n = 1; facts->form == PL_FORM_UNION &&
                            pl_schema_union_table((enum pl_union)facts->of, n, &member);
             n++)
            best = deepest(best, member, depth);
    }
    return best;
}

static void test_no_table_within_itself(void **state)
{
    (void)state;
    assert_in_range(nesting(PL_TABLE_Model, 0), 4, 8);
}

static void test_options_of_operators(void **state)
{
    (void)state;
    enum pl_table table;
    assert_true(pl_schema_operator_options(PL_BuiltinOperator_MINIMUM, &table));
    assert_int_equal(table, PL_TABLE_MaximumMinimumOptions);
    assert_false(pl_schema_operator_options(PL_BuiltinOperator_CUSTOM, &table));
    assert_false(pl_schema_operator_options(10000, &table));
    /* Every row names a member of one of the two unions. */
#define PL_OPTIONS(operator, options)                                                              \
    assert_true(pl_schema_union_number(PL_UNION_BuiltinOptions, PL_TABLE_##options) +              \
                    pl_schema_union_number(PL_UNION_BuiltinOptions2, PL_TABLE_##options) >         \
                0);
#include "model/schema.def"
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_facts),          cmocka_unit_test(test_numbers_have_no_gaps),
        cmocka_unit_test(test_names_of_values),      cmocka_unit_test(test_unions_both_ways),
        cmocka_unit_test(test_fields_of_tables),     cmocka_unit_test(test_no_table_within_itself),
        cmocka_unit_test(test_options_of_operators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
