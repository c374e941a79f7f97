/* SPDX-License-Identifier: Apache-2.0 */
#include "made_model.h"

#include <string.h>

#include "graph/import.h"

struct setting {
    struct made_model made;
    struct pl_constant_store *store;
    void *bytes;
    size_t size;
};

static int set_up(void **state)
{
    static struct setting setting;
    made_model_init(&setting.made);
    setting.bytes = NULL;
    assert_int_equal(pl_constant_store_create(&setting.made.unit.memory, &setting.store, NULL),
                     PL_OK);
    *state = &setting;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *setting = *state;
    pl_constant_store_delete(setting->store);
    pl_free(&setting->made.unit.memory, setting->bytes, setting->size);
    made_model_clear(&setting->made);
    return 0;
}

/* Imports, and overwrites the file unless it is borrowed: nothing may point into it. */
static pl_status import(struct setting *setting, bool borrow, struct pl_graph **graph,
                        struct pl_error *error)
{
    struct pl_model *model = NULL;
    struct pl_memory *memory = &setting->made.unit.memory;
    pl_free(memory, setting->bytes, setting->size);
    setting->bytes = NULL;
    const pl_status opened =
        made_open(&setting->made, &model, &setting->bytes, &setting->size, error);
    if (opened != PL_OK) fail_msg("refused: %s", error->text);
    const pl_status status = pl_graph_import(model, setting->store, borrow, graph, error);
    pl_model_close(model);
    if (!borrow) memset(setting->bytes, 0xdd, setting->size);
    return status;
}

static struct pl_graph *import_ok(struct setting *setting, bool borrow)
{
    struct pl_graph *graph = NULL;
    struct pl_error error = {.text = ""};
    if (import(setting, borrow, &graph, &error) != PL_OK) fail_msg("not imported: %s", error.text);
    return graph;
}

static void test_everything_arrives(void **state)
{
    struct setting *setting = *state;
    struct pl_graph *graph = import_ok(setting, false);
    assert_string_equal(graph->description, "made");
    assert_int_equal(graph->subgraph_count, 1);
    assert_int_equal(graph->member_count, 1);
    const struct pl_subgraph *subgraph = &graph->subgraphs[0];
    assert_string_equal(subgraph->name, "main");
    assert_int_equal(subgraph->tensor_count, 3);
    assert_int_equal(subgraph->input_count, 1);
    assert_int_equal(subgraph->outputs[0], 2);
    assert_string_equal(subgraph->tensors[1].name, "weights");
    assert_int_equal(subgraph->tensors[1].type, PL_FLOAT32);
    assert_int_equal(subgraph->tensors[0].shape.rank, 2);
    assert_int_equal(subgraph->tensors[0].shape.dims[1], 4);
    assert_false(subgraph->tensors[0].has_signature);
    assert_null(subgraph->tensors[0].constant);
    assert_memory_equal(subgraph->tensors[1].constant->raw->data, ((const float[]){1, 2, 3, 4}),
                        16);
    const struct pl_operator *op = &subgraph->operators[0];
    assert_string_equal(pl_operator_name(op), "ADD");
    assert_int_equal(op->version, 1);
    assert_int_equal(op->input_count, 2);
    assert_int_equal(op->inputs[1], 1);
    assert_int_equal(pl_record_integer(op->options, PL_AddOptions_fused_activation_function),
                     PL_ActivationFunctionType_RELU6);
    assert_int_equal(graph->constant_count, 1);
    pl_graph_retain(graph);
    pl_graph_release(graph);
    pl_graph_release(graph);
    pl_graph_release(NULL);
}

static void test_constants_are_shared(void **state)
{
    struct setting *setting = *state;
    struct pl_graph *first = import_ok(setting, false);
    struct pl_graph *second = import_ok(setting, false);
    assert_ptr_equal(first->constants[0]->raw, second->constants[0]->raw);
    assert_int_equal(pl_constant_store_bytes(setting->store), 16);
    pl_graph_release(first);
    pl_graph_release(second);
}

static void test_borrowed_constants(void **state)
{
    struct setting *setting = *state;
    struct pl_graph *graph = import_ok(setting, true);
    const char *data = graph->constants[0]->raw->data;
    const char *file = setting->bytes;
    assert_true(data > file && data < file + setting->size);
    assert_int_equal(pl_constant_store_bytes(setting->store), 0);
    pl_graph_release(graph);
}

static void test_open_dimensions_and_quantization(void **state)
{
    struct setting *setting = *state;
    struct made_model *made = &setting->made;
    struct pl_record *quantization = made_record(made, PL_TABLE_QuantizationParameters);
    made_numbers(made, quantization, PL_QuantizationParameters_scale, (const float[]){1, 2, 3, 4},
                 4);
    made_integer(quantization, PL_QuantizationParameters_quantized_dimension, 3);
    made_child(made->tensors[1], PL_Tensor_quantization, quantization);
    MADE_INT32S(made, made->tensors[0], PL_Tensor_shape_signature, -1, 4);
    MADE_INT32S(made, made->tensors[2], PL_Tensor_shape_signature, 1, 4);
    struct pl_graph *graph = import_ok(setting, false);
    const struct pl_tensor *tensors = graph->subgraphs[0].tensors;
    assert_true(tensors[0].has_signature);
    assert_int_equal(tensors[0].signature.dims[0], -1);
    assert_int_equal(tensors[0].shape.dims[0], 1);
    assert_false(tensors[2].has_signature);
    assert_int_equal(tensors[1].quantization.count, 4);
    assert_true(tensors[1].quantization.scales[3] == 4.0f);
    assert_int_equal(tensors[1].quantization.zero_points[3], 0);
    assert_int_equal(tensors[1].quantization.dimension, 0); /* 3 was let through on a vector */
    assert_int_equal(tensors[0].quantization.count, 0);
    pl_graph_release(graph);
}

static void test_custom_and_unknown_operators(void **state)
{
    struct setting *setting = *state;
    struct made_model *made = &setting->made;
    made_integer(made->code, PL_OperatorCode_builtin_code, PL_BuiltinOperator_CUSTOM);
    made_text(made, made->code, PL_OperatorCode_custom_code, "MyOperator");
    made_numbers(made, made->op, PL_Operator_custom_options, "\1\2\3", 3);
    struct pl_graph *graph = import_ok(setting, false);
    const struct pl_operator *op = &graph->subgraphs[0].operators[0];
    assert_string_equal(pl_operator_name(op), "MyOperator");
    assert_int_equal(op->custom_options_bytes, 3);
    assert_memory_equal(op->custom_options, "\1\2\3", 3);
    pl_graph_release(graph);
    made_integer(made->code, PL_OperatorCode_builtin_code, 5000);
    graph = import_ok(setting, false);
    assert_string_equal(pl_operator_name(&graph->subgraphs[0].operators[0]), "operator 5000");
    pl_graph_release(graph);
}

/* Names are in the order of TensorFlow Lite's maps, byte by byte, however the file has them. */
static void test_signature_names_are_sorted(void **state)
{
    struct setting *setting = *state;
    struct made_model *made = &setting->made;
    static const char *const names[] = {"b", "a", "B", "\xc3\xa4", "aa", "10", "9"};
    static const char *const sorted[] = {"10", "9", "B", "a", "aa", "b", "\xc3\xa4"};
    const struct pl_record *maps[7];
    for (int i = 0; i < 7; i++) {
        struct pl_record *map = pl_record_copy(&made->region, made->map_in);
        made_text(made, map, PL_TensorMap_name, names[i]);
        maps[i] = map;
    }
    made_tables(made, made->signature, PL_SignatureDef_inputs, maps, 7);
    struct pl_graph *graph = import_ok(setting, false);
    assert_int_equal(graph->signature_count, 1);
    const struct pl_signature *signature = &graph->signatures[0];
    assert_string_equal(signature->key, "serving_default");
    assert_int_equal(signature->input_count, 7);
    for (int i = 0; i < 7; i++) assert_string_equal(signature->inputs[i].name, sorted[i]);
    assert_string_equal(signature->outputs[0].name, "y");
    assert_int_equal(signature->outputs[0].tensor, 2);
    pl_graph_release(graph);
}

/* A tensor of no elements that nobody produces is a constant; one that is produced is not. */
static void test_empty_tensors(void **state)
{
    struct setting *setting = *state;
    struct made_model *made = &setting->made;
    MADE_INT32S(made, made->tensors[1], PL_Tensor_shape, 0);
    MADE_INT32S(made, made->tensors[2], PL_Tensor_shape, 0, 4);
    made_integer(made->tensors[1], PL_Tensor_buffer, 0);
    struct pl_graph *graph = import_ok(setting, false);
    const struct pl_tensor *tensors = graph->subgraphs[0].tensors;
    assert_non_null(tensors[1].constant);
    assert_int_equal(tensors[1].constant->bytes, 0);
    assert_null(tensors[2].constant);
    pl_graph_release(graph);
}

/* Tensors of types and quantizations that few operators take, or none, need not refuse a model. */
static void test_rare_types_and_quantizations(void **state)
{
    struct setting *setting = *state;
    struct made_model *made = &setting->made;
    made_integer(made->tensors[0], PL_Tensor_type, PL_TensorType_FLOAT8_E5M2);
    struct pl_record *quantization = made_record(made, PL_TABLE_QuantizationParameters);
    struct pl_record *axes = made_record(made, PL_TABLE_MultiAxisQuantization);
    MADE_INT32S(made, axes, PL_MultiAxisQuantization_quantized_dimensions, 0);
    made_child(quantization, PL_QuantizationParameters_details, axes);
    made_child(made->tensors[2], PL_Tensor_quantization, quantization);
    struct pl_graph *graph = import_ok(setting, false);
    assert_int_equal(graph->subgraphs[0].tensors[0].type, PL_FLOAT8_E5M2);
    assert_int_equal(graph->subgraphs[0].tensors[2].quantization.count, 0);
    pl_graph_release(graph);
    /* Scales that are no constant of float16 are as good as none. */
    made_child(quantization, PL_QuantizationParameters_details,
               made_record(made, PL_TABLE_BlockwiseQuantization));
    graph = import_ok(setting, false);
    assert_int_equal(graph->subgraphs[0].tensors[2].quantization.block_size, 0);
    pl_graph_release(graph);
}

static void test_failing_allocations(void **state)
{
    struct setting *setting = *state;
    struct made_model *made = &setting->made;
    struct pl_model *model = NULL;
    struct pl_error error;
    assert_int_equal(made_open(made, &model, &setting->bytes, &setting->size, &error), PL_OK);
    pl_status status = PL_OUT_OF_MEMORY;
    int64_t n = 0;
    while (status != PL_OK) {
        struct pl_graph *graph = NULL;
        const int64_t live = made->unit.live;
        made->unit.calls = 0;
        made->unit.fail_at = ++n;
        status = pl_graph_import(model, setting->store, false, &graph, &error);
        made->unit.fail_at = 0;
        assert_true(status == PL_OK || status == PL_OUT_OF_MEMORY);
        assert_true(status == PL_OK || graph == NULL);
        pl_graph_release(graph);
        assert_int_equal(made->unit.live, live);
    }
    assert_true(n > 4);
    pl_model_close(model);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_everything_arrives),
        TEST(test_constants_are_shared),
        TEST(test_borrowed_constants),
        TEST(test_open_dimensions_and_quantization),
        TEST(test_custom_and_unknown_operators),
        TEST(test_signature_names_are_sorted),
        TEST(test_empty_tensors),
        TEST(test_rare_types_and_quantizations),
        TEST(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
