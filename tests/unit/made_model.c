/* SPDX-License-Identifier: Apache-2.0 */
#include "made_model.h"

#include <stdio.h>
#include <string.h>

struct pl_record *made_record(struct made_model *made, enum pl_table table)
{
    struct pl_record *record = pl_record_new(&made->region, table);
    assert_non_null(record);
    return record;
}

void made_integer(struct pl_record *record, enum pl_field field, int64_t value)
{
    pl_record_value_of(record, field)->integer = value;
}

void made_real(struct pl_record *record, enum pl_field field, double value)
{
    pl_record_value_of(record, field)->real = value;
}

void made_text(struct made_model *made, struct pl_record *record, enum pl_field field,
               const char *text)
{
    union pl_record_value *value = pl_record_value_of(record, field);
    value->vector.count = (uint32_t)strlen(text);
    value->vector.data = pl_region_text(&made->region, text, strlen(text));
}

void made_child(struct pl_record *record, enum pl_field field, const struct pl_record *child)
{
    pl_record_value_of(record, field)->record = child;
}

void made_numbers(struct made_model *made, struct pl_record *record, enum pl_field field,
                  const void *data, uint32_t count)
{
    union pl_record_value *value = pl_record_value_of(record, field);
    value->vector.count = count;
    value->vector.data = pl_region_copy(
        &made->region, data, count * pl_schema_element_bytes(pl_schema_field(field)->element));
}

void made_tables(struct made_model *made, struct pl_record *record, enum pl_field field,
                 const struct pl_record *const *items, uint32_t count)
{
    union pl_record_value *value = pl_record_value_of(record, field);
    value->vector.count = count;
    value->vector.data = pl_region_copy(&made->region, items, count * sizeof *items);
}

static struct pl_record *make_map(struct made_model *made, const char *name, int32_t tensor)
{
    struct pl_record *map = made_record(made, PL_TABLE_TensorMap);
    made_text(made, map, PL_TensorMap_name, name);
    made_integer(map, PL_TensorMap_tensor_index, tensor);
    return map;
}

static void make_tensors(struct made_model *made)
{
    static const char *const names[MADE_TENSORS] = {"in", "weights", "out"};
    for (int i = 0; i < MADE_TENSORS; i++) {
        made->tensors[i] = made_record(made, PL_TABLE_Tensor);
        made_text(made, made->tensors[i], PL_Tensor_name, names[i]);
        MADE_INT32S(made, made->tensors[i], PL_Tensor_shape, 1, 4);
    }
    MADE_INT32S(made, made->tensors[1], PL_Tensor_shape, 4);
    made_integer(made->tensors[1], PL_Tensor_buffer, 1);
    for (int i = 0; i < MADE_BUFFERS; i++) made->buffers[i] = made_record(made, PL_TABLE_Buffer);
    made_numbers(made, made->buffers[1], PL_Buffer_data, (const float[]){1, 2, 3, 4}, 16);
}

static void make_subgraph(struct made_model *made)
{
    made->op = made_record(made, PL_TABLE_Operator);
    MADE_INT32S(made, made->op, PL_Operator_inputs, 0, 1);
    MADE_INT32S(made, made->op, PL_Operator_outputs, 2);
    struct pl_record *options = made_record(made, PL_TABLE_AddOptions);
    made_integer(options, PL_AddOptions_fused_activation_function, PL_ActivationFunctionType_RELU6);
    made_child(made->op, PL_Operator_builtin_options, options);
    made->subgraph = made_record(made, PL_TABLE_SubGraph);
    made_text(made, made->subgraph, PL_SubGraph_name, "main");
    made_tables(made, made->subgraph, PL_SubGraph_tensors,
                (const struct pl_record *const *)made->tensors, MADE_TENSORS);
    made_tables(made, made->subgraph, PL_SubGraph_operators,
                (const struct pl_record *const[]){made->op}, 1);
    MADE_INT32S(made, made->subgraph, PL_SubGraph_inputs, 0);
    MADE_INT32S(made, made->subgraph, PL_SubGraph_outputs, 2);
}

void made_model_init(struct made_model *made)
{
    unit_memory_init(&made->unit, 0);
    pl_region_init(&made->region, &made->unit.memory);
    make_tensors(made);
    make_subgraph(made);
    made->code = made_record(made, PL_TABLE_OperatorCode);
    made->signature = made_record(made, PL_TABLE_SignatureDef);
    made_text(made, made->signature, PL_SignatureDef_signature_key, "serving_default");
    made->map_in = make_map(made, "x", 0);
    made->map_out = make_map(made, "y", 2);
    made_tables(made, made->signature, PL_SignatureDef_inputs,
                (const struct pl_record *const[]){made->map_in}, 1);
    made_tables(made, made->signature, PL_SignatureDef_outputs,
                (const struct pl_record *const[]){made->map_out}, 1);
    made->root = made_record(made, PL_TABLE_Model);
    made_integer(made->root, PL_Model_version, 3);
    made_text(made, made->root, PL_Model_description, "made");
    made_tables(made, made->root, PL_Model_operator_codes,
                (const struct pl_record *const[]){made->code}, 1);
    made_tables(made, made->root, PL_Model_subgraphs,
                (const struct pl_record *const[]){made->subgraph}, 1);
    made_tables(made, made->root, PL_Model_buffers, (const struct pl_record *const *)made->buffers,
                MADE_BUFFERS);
    made_tables(made, made->root, PL_Model_signature_defs,
                (const struct pl_record *const[]){made->signature}, 1);
}

void made_model_clear(struct made_model *made)
{
    pl_region_clear(&made->region);
    assert_int_equal(made->unit.live, 0);
}

pl_status made_open(struct made_model *made, struct pl_model **model, void **bytes, size_t *size,
                    struct pl_error *error)
{
    const struct pl_write_options write = {.source = NULL};
    const struct pl_model_limits limits = {.tensor_bytes = INT32_MAX};
    const pl_status status =
        pl_model_write(&made->unit.memory, made->root, &write, bytes, size, error);
    if (status != PL_OK) return status;
    return pl_model_open(&made->unit.memory, *bytes, *size, &limits, model, error);
}

void made_expect_ok(struct made_model *made)
{
    struct pl_model *model = NULL;
    struct pl_error error = {.text = ""};
    void *bytes = NULL;
    size_t size = 0;
    const pl_status status = made_open(made, &model, &bytes, &size, &error);
    if (status != PL_OK) fail_msg("refused: %s", error.text);
    pl_model_close(model);
    pl_free(&made->unit.memory, bytes, size);
}

void made_expect(struct made_model *made, pl_status expected, const char *text)
{
    struct pl_model *model = NULL;
    struct pl_error error = {.text = ""};
    void *bytes = NULL;
    size_t size = 0;
    const pl_status status = made_open(made, &model, &bytes, &size, &error);
    pl_free(&made->unit.memory, bytes, size);
    if (status == PL_OK) pl_model_close(model);
    if (status != expected)
        fail_msg("found status %d '%s', expected %s", (int)status, error.text, text);
    if (strstr(error.text, text) == NULL) fail_msg("found '%s', expected '%s'", error.text, text);
    assert_non_null(strstr(error.text, "at offset 0x"));
}
