/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, verifying and writing of model files: one fault each in a small valid model. */
#include "made_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "model/verify.h"

#define EXPECT(text) made_expect(made, PL_INVALID_MODEL, (text))

static void test_valid_model(void **state)
{
    struct made_model *made = *state;
    made_expect_ok(made);
}

/* ---- the file as bytes ----------------------------------------------------------------------- */

static void *write_made(struct made_model *made, size_t *size)
{
    const struct pl_write_options options = {.source = NULL};
    void *bytes = NULL;
    assert_int_equal(pl_model_write(&made->unit.memory, made->root, &options, &bytes, size, NULL),
                     PL_OK);
    return bytes;
}

static pl_status open_bytes(struct made_model *made, const void *bytes, size_t size,
                            struct pl_error *error)
{
    const struct pl_model_limits limits = {.tensor_bytes = INT32_MAX};
    struct pl_model *model = NULL;
    error->text[0] = 0;
    const pl_status status = pl_model_open(&made->unit.memory, bytes, size, &limits, &model, error);
    if (status == PL_OK) pl_model_close(model);
    return status;
}

/* Whatever is cut off, the end is noticed; only padding at the end may be missing. */
static void test_truncated(void **state)
{
    struct made_model *made = *state;
    struct pl_error error;
    size_t size = 0;
    uint8_t *bytes = write_made(made, &size);
    for (size_t length = 0; length + 16 < size; length++) {
        uint8_t *cut =
            pl_allocate(&made->unit.memory, length); /* its own end, so that a sanitizer sees it */
        memcpy(cut, bytes, length);
        assert_int_equal(open_bytes(made, cut, length, &error), PL_INVALID_MODEL);
        assert_non_null(strstr(error.text, "offset 0x"));
        pl_free(&made->unit.memory, cut, length);
    }
    pl_free(&made->unit.memory, bytes, size);
}

static void test_not_a_model(void **state)
{
    struct made_model *made = *state;
    struct pl_error error;
    assert_int_equal(open_bytes(made, "", 0, &error), PL_INVALID_MODEL);
    assert_int_equal(open_bytes(made, "\x08\0\0\0TFL2\0\0\0\0", 12, &error), PL_INVALID_MODEL);
    assert_non_null(strstr(error.text, "TFL3"));
    assert_int_equal(open_bytes(made, "\xff\xff\xff\xffTFL3", 8, &error), PL_INVALID_MODEL);
}

/* Every byte of the file, set to every one of some values: refused or accepted, never read
 * outside. */
static void test_every_byte_changed(void **state)
{
    struct made_model *made = *state;
    static const uint8_t values[] = {0, 1, 2, 4, 0x7f, 0x80, 0xfe, 0xff};
    struct pl_error error;
    size_t size = 0, refused = 0;
    uint8_t *bytes = write_made(made, &size);
    for (size_t i = 0; i < size; i++) {
        const uint8_t kept = bytes[i];
        for (size_t k = 0; k < sizeof values; k++) {
            bytes[i] = values[k];
            if (open_bytes(made, bytes, size, &error) == PL_OK) continue;
            assert_non_null(strstr(error.text, "at offset 0x"));
            refused++;
        }
        bytes[i] = kept;
    }
    assert_true(refused > size);
    pl_free(&made->unit.memory, bytes, size);
}

/* The message leads to the bytes that are wrong. */
static void test_offset_is_where_the_value_is(void **state)
{
    struct made_model *made = *state;
    MADE_INT32S(made, made->tensors[2], PL_Tensor_shape, 1, -77777);
    struct pl_error error;
    size_t size = 0;
    uint8_t *bytes = write_made(made, &size);
    assert_int_equal(open_bytes(made, bytes, size, &error), PL_INVALID_MODEL);
    unsigned long offset = 0;
    const char *text = strstr(error.text, "subgraphs[0].tensors[2].shape[1]: found -77777");
    assert_non_null(text);
    assert_int_equal(sscanf(strstr(text, "at offset "), "at offset 0x%lx", &offset), 1);
    int32_t there = 0;
    assert_true(offset + sizeof there <= size);
    memcpy(&there, bytes + offset, sizeof there);
    assert_int_equal(there, -77777);
    pl_free(&made->unit.memory, bytes, size);
}

/* Ten thousand subgraphs that are one and the same table: the tensors of all would be far more
 * than the file. */
static void test_shared_tables_are_limited(void **state)
{
    struct made_model *made = *state;
    enum { COUNT = 100000 };
    struct pl_error error;
    size_t size = 0;
    uint8_t *bytes = write_made(made, &size);
    const size_t vector = (size + 3) / 4 * 4;
    const size_t all = vector + 4 + 4 * (size_t)COUNT;
    uint8_t *large = pl_allocate_zero(&made->unit.memory, all);
    memcpy(large, bytes, size);
    struct pl_model *model = NULL;
    const struct pl_model_limits limits = {.tensor_bytes = INT32_MAX};
    assert_int_equal(pl_model_open(&made->unit.memory, bytes, size, &limits, &model, &error),
                     PL_OK);
    const uint32_t root_at = model->root->offset,
                   subgraph_at = pl_record_item(model->root, PL_Model_subgraphs, 0)->offset;
    pl_model_close(model);
    int32_t back = 0;
    memcpy(&back, bytes + root_at, sizeof back);
    uint16_t within = 0; /* of the field `subgraphs`, slot 2 */
    memcpy(&within, bytes + (int64_t)root_at - back + 4 + 2 * 2, sizeof within);
    const uint32_t count = COUNT, distance = (uint32_t)vector - (root_at + within);
    memcpy(large + root_at + within, &distance, 4);
    memcpy(large + vector, &count, 4);
    for (uint32_t i = 0; i < COUNT; i++) {
        /* The tables are before the vector; a distance that wraps around must not be believed. */
        const uint32_t around = subgraph_at - (uint32_t)(vector + 4 + 4 * i);
        memcpy(large + vector + 4 + 4 * i, &around, 4);
    }
    assert_int_equal(open_bytes(made, large, all, &error), PL_INVALID_MODEL);
    /* Now forward: a copy of the file behind the vector. */
    uint8_t *forward = pl_allocate_zero(&made->unit.memory, all + size + 64);
    const size_t copy = (all + 63) / 64 * 64;
    memcpy(forward, large, all);
    memcpy(forward + copy, bytes, size);
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint32_t ahead = (uint32_t)(copy + subgraph_at - (vector + 4 + 4 * i));
        memcpy(forward + vector + 4 + 4 * i, &ahead, 4);
    }
    assert_int_equal(open_bytes(made, forward, all + size + 64, &error), PL_INVALID_MODEL);
    assert_non_null(strstr(error.text, "would not end"));
    pl_free(&made->unit.memory, forward, all + size + 64);
    pl_free(&made->unit.memory, large, all);
    pl_free(&made->unit.memory, bytes, size);
}

static void test_failing_allocations(void **state)
{
    struct made_model *made = *state;
    struct pl_error error;
    size_t size = 0;
    uint8_t *bytes = write_made(made, &size);
    pl_status status = PL_OUT_OF_MEMORY;
    int64_t n = 0;
    for (; status != PL_OK; n++) {
        made->unit.calls = 0;
        made->unit.fail_at = n + 1;
        status = open_bytes(made, bytes, size, &error);
        assert_true(status == PL_OK || status == PL_OUT_OF_MEMORY);
    }
    made->unit.fail_at = 0;
    assert_true(n > 2);
    pl_free(&made->unit.memory, bytes, size);
}

/* ---- the model as a whole -------------------------------------------------------------------- */

static void test_version(void **state)
{
    struct made_model *made = *state;
    made_integer(made->root, PL_Model_version, 2);
    EXPECT("version: found 2");
}

static void test_no_subgraphs(void **state)
{
    struct made_model *made = *state;
    made_tables(made, made->root, PL_Model_subgraphs, NULL, 0);
    EXPECT("subgraphs: found no subgraphs");
}

static void test_no_buffers(void **state)
{
    struct made_model *made = *state;
    made_tables(made, made->root, PL_Model_buffers, NULL, 0);
    EXPECT("buffers: found no buffers");
}

static void test_custom_operator_without_name(void **state)
{
    struct made_model *made = *state;
    made_integer(made->code, PL_OperatorCode_builtin_code, PL_BuiltinOperator_CUSTOM);
    EXPECT("operator_codes[0].custom_code");
}

static void test_old_and_new_operator_codes(void **state)
{
    struct made_model *made = *state;
    made_integer(made->code, PL_OperatorCode_deprecated_builtin_code, 127);
    made_integer(made->code, PL_OperatorCode_builtin_code, PL_BuiltinOperator_CUMSUM);
    assert_int_equal(pl_model_operator_code(made->code), PL_BuiltinOperator_CUMSUM);
    made_integer(made->code, PL_OperatorCode_deprecated_builtin_code, PL_BuiltinOperator_MUL);
    made_integer(made->code, PL_OperatorCode_builtin_code, 0);
    assert_int_equal(pl_model_operator_code(made->code), PL_BuiltinOperator_MUL);
    made_integer(made->code, PL_OperatorCode_builtin_code, -5);
    made_integer(made->code, PL_OperatorCode_deprecated_builtin_code, -1);
    EXPECT("operator_codes[0].builtin_code: found -1");
}

static void test_metadata(void **state)
{
    struct made_model *made = *state;
    struct pl_record *metadata = made_record(made, PL_TABLE_Metadata);
    made_tables(made, made->root, PL_Model_metadata, (const struct pl_record *const[]){metadata},
                1);
    made_integer(metadata, PL_Metadata_buffer, 1);
    made_expect_ok(made);
    made_integer(metadata, PL_Metadata_buffer, 2);
    EXPECT("metadata[0].buffer: found buffer 2");
    made_integer(metadata, PL_Metadata_buffer, 1);
    MADE_INT32S(made, made->root, PL_Model_metadata_buffer, 1, 2);
    EXPECT("metadata_buffer[1]: found buffer 2");
    MADE_INT32S(made, made->root, PL_Model_metadata_buffer, -1);
    EXPECT("metadata_buffer[0]: found buffer -1");
}

static void test_external_buffers(void **state)
{
    struct made_model *made = *state;
    struct pl_record *external = made_record(made, PL_TABLE_ExternalBuffer);
    struct pl_record *group = made_record(made, PL_TABLE_ExternalBufferGroup);
    made_integer(external, PL_ExternalBuffer_id, 7);
    made_tables(made, made->root, PL_Model_external_buffers,
                (const struct pl_record *const[]){external}, 1);
    EXPECT("external_buffers[0].group: found group 0");
    made_tables(made, made->root, PL_Model_external_buffer_groups,
                (const struct pl_record *const[]){group}, 1);
    made_expect_ok(made);
    made_integer(external, PL_ExternalBuffer_offset, INT64_MAX);
    made_integer(external, PL_ExternalBuffer_length, -1);
    EXPECT("external_buffers[0].length: found 18446744073709551615 bytes");
    made_integer(external, PL_ExternalBuffer_length, 1);
    made_integer(made->tensors[1], PL_Tensor_external_buffer, 8);
    EXPECT("tensors[1].external_buffer: found external buffer 8");
}

/* Bytes behind the FlatBuffer: written there, found again, and refused if they are not in the
 * file. */
static void test_buffers_behind(void **state)
{
    struct made_model *made = *state;
    const struct pl_write_options options = {.buffers_behind = true};
    const struct pl_model_limits limits = {.tensor_bytes = INT32_MAX};
    struct pl_model *model = NULL;
    struct pl_error error;
    void *bytes = NULL;
    size_t size = 0, found = 0;
    assert_int_equal(
        pl_model_write(&made->unit.memory, made->root, &options, &bytes, &size, &error), PL_OK);
    assert_int_equal(pl_model_open(&made->unit.memory, bytes, size, &limits, &model, &error),
                     PL_OK);
    const struct pl_record *subgraph = pl_record_item(model->root, PL_Model_subgraphs, 0);
    const struct pl_record *weights = pl_record_item(subgraph, PL_SubGraph_tensors, 1);
    const void *data = pl_model_tensor_bytes(model, weights, &found);
    assert_int_equal(found, 16);
    assert_memory_equal(data, ((const float[]){1, 2, 3, 4}), 16);
    assert_ptr_equal(data, (char *)bytes + size - 16);
    pl_model_close(model);
    assert_int_equal(open_bytes(made, bytes, size - 1, &error), PL_INVALID_MODEL);
    assert_non_null(strstr(error.text, "buffers[1].size: found 16 bytes"));
    assert_int_equal(open_bytes(made, bytes, size - 17, &error), PL_INVALID_MODEL);
    assert_non_null(strstr(error.text, "buffers[1].offset"));
    pl_free(&made->unit.memory, bytes, size);
}

/* A file of 5 GiB, of which only the ends are there: what is beyond 4 GiB is found by its offset. */
static void test_bytes_beyond_4_gib(void **state)
{
    struct made_model *made = *state;
    const uint64_t all = (uint64_t)5 << 30, offset = all - 4096;
    if (all > SIZE_MAX) SKIP("5 GiB are more than this machine can address");
    uint8_t *large = mmap(NULL, (size_t)all, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (large == MAP_FAILED) SKIP("there is no room for 5 GiB");
    const struct pl_model_limits limits = {.tensor_bytes = INT32_MAX};
    struct pl_model *model = NULL;
    struct pl_error error;
    size_t size = 0, found = 0;
    /* The writer knows no such file, so the fields are put into one that has other values there. */
    const struct pl_write_options options = {.buffers_behind = true};
    void *bytes = NULL;
    assert_int_equal(
        pl_model_write(&made->unit.memory, made->root, &options, &bytes, &size, &error), PL_OK);
    const uint64_t behind = size - 16;
    for (size_t i = 0; i + 8 <= size; i += 8)
        if (memcmp((char *)bytes + i, &behind, 8) == 0) memcpy((char *)bytes + i, &offset, 8);
    memcpy(large, bytes, size - 16);
    memcpy(large + offset, (const float[]){1, 2, 3, 4}, 16);
    if (pl_model_open(&made->unit.memory, large, (size_t)all, &limits, &model, &error) != PL_OK)
        fail_msg("refused: %s", error.text);
    const struct pl_record *subgraph = pl_record_item(model->root, PL_Model_subgraphs, 0);
    const struct pl_record *weights = pl_record_item(subgraph, PL_SubGraph_tensors, 1);
    assert_ptr_equal(pl_model_tensor_bytes(model, weights, &found), large + offset);
    assert_int_equal(found, 16);
    pl_model_close(model);
    assert_int_equal(open_bytes(made, large, (size_t)offset + 15, &error), PL_INVALID_MODEL);
    assert_non_null(strstr(error.text, "buffers[1].size"));
    pl_free(&made->unit.memory, bytes, size);
    munmap(large, (size_t)all);
}

/* Custom options behind the FlatBuffer come into it when the model is written again. */
static void test_custom_options_behind(void **state)
{
    struct made_model *made = *state;
    const struct pl_model_limits limits = {.tensor_bytes = INT32_MAX};
    const struct pl_write_options plain = {.source = NULL};
    struct pl_model *model = NULL;
    struct pl_error error;
    size_t size = 0, found = 0;
    void *bytes = NULL, *again = NULL;
    made_integer(made->code, PL_OperatorCode_builtin_code, PL_BuiltinOperator_CUSTOM);
    made_text(made, made->code, PL_OperatorCode_custom_code, "Mine");
    made_child(made->op, PL_Operator_builtin_options, NULL);
    made_numbers(made, made->op, PL_Operator_custom_options, "0123456789ab", 12);
    assert_int_equal(pl_model_write(&made->unit.memory, made->root, &plain, &bytes, &size, &error),
                     PL_OK);
    assert_int_equal(pl_model_open(&made->unit.memory, bytes, size, &limits, &model, &error),
                     PL_OK);
    /* The same bytes, named by their offset. */
    struct pl_record *root = pl_record_copy(&made->region, model->root);
    const struct pl_record *subgraph = pl_record_item(root, PL_Model_subgraphs, 0);
    struct pl_record *op =
        (struct pl_record *)(uintptr_t)pl_record_item(subgraph, PL_SubGraph_operators, 0);
    const char *options =
        pl_model_custom_options(&model->file,
                                pl_record_item(pl_record_item(model->root, PL_Model_subgraphs, 0),
                                               PL_SubGraph_operators, 0),
                                &found);
    pl_record_value_of(op, PL_Operator_custom_options)->vector.data = NULL;
    made_integer(op, PL_Operator_large_custom_options_offset, options - (const char *)bytes);
    made_integer(op, PL_Operator_large_custom_options_size, 12);
    const struct pl_write_options from_file = {.source = &model->file};
    size_t again_size = 0;
    assert_int_equal(
        pl_model_write(&made->unit.memory, root, &from_file, &again, &again_size, &error), PL_OK);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, bytes, size);
    pl_free(&made->unit.memory, again, again_size);
    /* A record that was made by hand is verified like one from a file. */
    struct pl_model copy = *model;
    copy.root = root;
    assert_int_equal(pl_model_verify(&copy, &limits, &error), PL_OK);
    made_integer(op, PL_Operator_large_custom_options_size, (int64_t)size);
    assert_int_equal(pl_model_verify(&copy, &limits, &error), PL_INVALID_MODEL);
    assert_non_null(strstr(error.text, "operators[0].large_custom_options_size"));
    made_integer(op, PL_Operator_large_custom_options_offset, (int64_t)size + 1);
    assert_int_equal(pl_model_verify(&copy, &limits, &error), PL_INVALID_MODEL);
    assert_non_null(strstr(error.text, "operators[0].large_custom_options_offset"));
    pl_model_close(model);
    pl_free(&made->unit.memory, bytes, size);
}

/* ---- tensors --------------------------------------------------------------------------------- */

static void test_type_out_of_range(void **state)
{
    struct made_model *made = *state;
    made_integer(made->tensors[0], PL_Tensor_type, 99);
    EXPECT("subgraphs[0].tensors[0].type: found 99, expected a TensorType");
}

static void test_rank(void **state)
{
    struct made_model *made = *state;
    MADE_INT32S(made, made->tensors[2], PL_Tensor_shape, 1, 1, 1, 1, 1, 1, 1, 4);
    made_expect_ok(made);
    MADE_INT32S(made, made->tensors[2], PL_Tensor_shape, 1, 1, 1, 1, 1, 1, 1, 1, 4);
    EXPECT("subgraphs[0].tensors[2].shape: found 9 dimensions");
}

static void test_shape_overflow(void **state)
{
    struct made_model *made = *state;
    MADE_INT32S(made, made->tensors[2], PL_Tensor_shape, INT32_MAX, INT32_MAX, INT32_MAX);
    EXPECT("subgraphs[0].tensors[2].shape: found [2147483647,2147483647,2147483647]");
    MADE_INT32S(made, made->tensors[2], PL_Tensor_shape, 1 << 20, 1 << 10);
    if (sizeof(size_t) > 4) made_expect(made, PL_OUT_OF_MEMORY, "the limit of a tensor");
    else EXPECT("[1048576,1024] of float32, which has more bytes than can be counted");
}

static void test_shape_signature(void **state)
{
    struct made_model *made = *state;
    MADE_INT32S(made, made->tensors[0], PL_Tensor_shape_signature, -1, 4);
    made_expect_ok(made);
    MADE_INT32S(made, made->tensors[0], PL_Tensor_shape_signature, -2, 4);
    EXPECT("tensors[0].shape_signature[0]: found -2");
    MADE_INT32S(made, made->tensors[0], PL_Tensor_shape_signature, -1);
    EXPECT("tensors[0].shape_signature: found 1 dimensions");
}

static void test_buffer_size(void **state)
{
    struct made_model *made = *state;
    MADE_INT32S(made, made->tensors[1], PL_Tensor_shape, 5);
    EXPECT("tensors[1].buffer: found 16 bytes in the buffer, expected 20 for [5] of float32");
    MADE_INT32S(made, made->tensors[1], PL_Tensor_shape, 4);
    made_integer(made->tensors[1], PL_Tensor_type, PL_TensorType_INT4);
    EXPECT("tensors[1].buffer: found 16 bytes in the buffer, expected 2 ");
    made_integer(made->tensors[1], PL_Tensor_buffer, 2);
    EXPECT("tensors[1].buffer: found buffer 2, the model has 2");
}

static void test_variable_with_bytes(void **state)
{
    struct made_model *made = *state;
    made_integer(made->tensors[1], PL_Tensor_is_variable, 1);
    EXPECT("tensors[1].buffer: found 16 bytes for a variable");
}

static void test_strings(void **state)
{
    struct made_model *made = *state;
    made_integer(made->tensors[1], PL_Tensor_type, PL_TensorType_STRING);
    MADE_INT32S(made, made->tensors[1], PL_Tensor_shape, 2);
    /* "ab", "c" */
    const int32_t good[] = {2, 16, 18, 19, 'a' | 'b' << 8 | 'c' << 16};
    made_numbers(made, made->buffers[1], PL_Buffer_data, good, 19);
    made_expect_ok(made);
    made_numbers(made, made->buffers[1], PL_Buffer_data, good, 18);
    EXPECT("tensors[1].buffer: found string offset 19");
    made_numbers(made, made->buffers[1], PL_Buffer_data, good, 15);
    EXPECT("tensors[1].buffer: found 15 bytes, 2 strings need 16");
    made_numbers(made, made->buffers[1], PL_Buffer_data, (const int32_t[]){2, 16, 15, 19, 0}, 20);
    EXPECT("tensors[1].buffer: found string offset 15");
    made_numbers(made, made->buffers[1], PL_Buffer_data, (const int32_t[]){-1, 16, 18, 19, 0}, 20);
    EXPECT("tensors[1].buffer: found -1 strings");
    made_numbers(made, made->buffers[1], PL_Buffer_data, good, 3);
    EXPECT("tensors[1].buffer: found 3 bytes of strings");
}

static void test_variant_with_bytes(void **state)
{
    struct made_model *made = *state;
    made_integer(made->tensors[1], PL_Tensor_type, PL_TensorType_VARIANT);
    EXPECT("tensors[1].buffer: found 16 bytes for a variant");
}

/* Many tensors of strings over one buffer: each is small in the file, but all of them are walked
 * through. */
static void test_strings_that_would_not_end(void **state)
{
    struct made_model *made = *state;
    enum { TENSORS = 3000, STRINGS = 20000 };
    int32_t *strings = pl_region_array(&made->region, STRINGS + 2, sizeof *strings);
    const struct pl_record **tensors = pl_region_array(&made->region, TENSORS + 3, sizeof *tensors);
    strings[0] = STRINGS;
    for (int i = 0; i <= STRINGS; i++) strings[1 + i] = 4 * (STRINGS + 2);
    made_numbers(made, made->buffers[1], PL_Buffer_data, strings, 4 * (STRINGS + 2));
    made_integer(made->tensors[1], PL_Tensor_type, PL_TensorType_STRING);
    MADE_INT32S(made, made->tensors[1], PL_Tensor_shape, STRINGS);
    for (int i = 0; i < TENSORS + 3; i++) tensors[i] = made->tensors[i < 3 ? i : 1];
    made_tables(made, made->subgraph, PL_SubGraph_tensors, tensors, 20);
    made_expect_ok(made);
    made_tables(made, made->subgraph, PL_SubGraph_tensors, tensors, TENSORS + 3);
    EXPECT("the file refers to its buffers so often that it would not end");
}

static struct pl_record *quantize(struct made_model *made, int tensor, uint32_t scales,
                                  uint32_t zeros)
{
    static const float scale[4] = {0.5f, 1, 2, 4};
    static const int64_t zero[4] = {1, 2, 3, 4};
    struct pl_record *quantization = made_record(made, PL_TABLE_QuantizationParameters);
    made_numbers(made, quantization, PL_QuantizationParameters_scale, scale, scales);
    if (zeros > 0)
        made_numbers(made, quantization, PL_QuantizationParameters_zero_point, zero, zeros);
    made_child(made->tensors[tensor], PL_Tensor_quantization, quantization);
    return quantization;
}

static void test_quantization_lengths(void **state)
{
    struct made_model *made = *state;
    quantize(made, 1, 4, 4);
    made_expect_ok(made);
    quantize(made, 1, 4, 0);
    made_expect_ok(made);
    quantize(made, 1, 1, 1);
    made_expect_ok(made);
    quantize(made, 1, 4, 3);
    EXPECT("tensors[1].quantization.zero_point: found 3 zero points, expected 4");
    quantize(made, 1, 3, 3);
    EXPECT("tensors[1].quantization.scale: found 3 scales, expected 1, or 4");
}

/* A dimension out of range is let through only where just one can be meant, as in people's real
 * files. */
static void test_quantized_dimension(void **state)
{
    struct made_model *made = *state;
    made_integer(quantize(made, 1, 4, 4), PL_QuantizationParameters_quantized_dimension, 3);
    made_expect_ok(made);
    made_integer(quantize(made, 2, 1, 1), PL_QuantizationParameters_quantized_dimension, 3);
    made_expect_ok(made);
    made_integer(quantize(made, 2, 4, 4), PL_QuantizationParameters_quantized_dimension, 1);
    made_expect_ok(made);
    made_integer(quantize(made, 2, 4, 4), PL_QuantizationParameters_quantized_dimension, 2);
    EXPECT("tensors[2].quantization.quantized_dimension: found 2, the tensor has 2 dimensions");
    made_integer(quantize(made, 2, 1, 1), PL_QuantizationParameters_quantized_dimension, -1);
    EXPECT("tensors[2].quantization.quantized_dimension: found -1");
    struct pl_record *blocks = made_record(made, PL_TABLE_BlockwiseQuantization);
    made_child(quantize(made, 2, 0, 0), PL_QuantizationParameters_details, blocks);
    made_expect_ok(made);
    made_integer(blocks, PL_BlockwiseQuantization_scales, 3);
    EXPECT("tensors[2].quantization.details.scales: found tensor 3");
}

static void test_quantization_values(void **state)
{
    struct made_model *made = *state;
    struct pl_record *quantization = quantize(made, 2, 1, 1);
    made_numbers(made, quantization, PL_QuantizationParameters_scale, (const float[]){NAN}, 1);
    EXPECT("tensors[2].quantization.scale[0]: found nan");
    made_numbers(made, quantization, PL_QuantizationParameters_scale, (const float[]){-1}, 1);
    EXPECT("tensors[2].quantization.scale[0]: found -1");
    made_numbers(made, quantization, PL_QuantizationParameters_scale, (const float[]){0}, 1);
    made_expect_ok(made);
    made_integer(made->tensors[2], PL_Tensor_type, PL_TensorType_INT8);
    made_numbers(made, quantization, PL_QuantizationParameters_zero_point, (const int64_t[]){-128},
                 1);
    made_expect_ok(made);
    made_numbers(made, quantization, PL_QuantizationParameters_zero_point, (const int64_t[]){-129},
                 1);
    EXPECT("tensors[2].quantization.zero_point[0]: found -129, expected -128 to 127");
}

/* ---- sparse tensors -------------------------------------------------------------------------- */

/* weights [4] with entries at 1 and 3 only. */
static struct pl_record *make_sparse(struct made_model *made, struct pl_record **sparsity)
{
    struct pl_record *metadata = made_record(made, PL_TABLE_DimensionMetadata);
    struct pl_record *segments = made_record(made, PL_TABLE_Int32Vector);
    struct pl_record *indices = made_record(made, PL_TABLE_Uint8Vector);
    MADE_INT32S(made, segments, PL_Int32Vector_values, 0, 2);
    made_numbers(made, indices, PL_Uint8Vector_values, (const uint8_t[]){1, 3}, 2);
    made_integer(metadata, PL_DimensionMetadata_format, PL_DimensionType_SPARSE_CSR);
    made_child(metadata, PL_DimensionMetadata_array_segments, segments);
    made_child(metadata, PL_DimensionMetadata_array_indices, indices);
    *sparsity = made_record(made, PL_TABLE_SparsityParameters);
    MADE_INT32S(made, *sparsity, PL_SparsityParameters_traversal_order, 0);
    made_tables(made, *sparsity, PL_SparsityParameters_dim_metadata,
                (const struct pl_record *const[]){metadata}, 1);
    made_child(made->tensors[1], PL_Tensor_sparsity, *sparsity);
    made_numbers(made, made->buffers[1], PL_Buffer_data, (const float[]){1, 2}, 8);
    return metadata;
}

static void test_sparse(void **state)
{
    struct made_model *made = *state;
    struct pl_record *sparsity = NULL;
    struct pl_record *metadata = make_sparse(made, &sparsity);
    made_expect_ok(made);
    made_numbers(made, made->buffers[1], PL_Buffer_data, (const float[]){1, 2, 3}, 12);
    EXPECT("tensors[1].buffer: found 12 bytes in the buffer, 2 elements of float32 need 8");
    metadata = make_sparse(made, &sparsity);
    MADE_INT32S(made, sparsity, PL_SparsityParameters_traversal_order, 1);
    EXPECT("sparsity.traversal_order[0]: found 1");
    metadata = make_sparse(made, &sparsity);
    struct pl_record *indices = made_record(made, PL_TABLE_Uint16Vector);
    made_numbers(made, indices, PL_Uint16Vector_values, (const uint16_t[]){1, 4}, 2);
    made_child(metadata, PL_DimensionMetadata_array_indices, indices);
    EXPECT("dim_metadata[0].array_indices: found index 4 at place 1");
    made_numbers(made, indices, PL_Uint16Vector_values, (const uint16_t[]){1, 1}, 2);
    EXPECT("dim_metadata[0].array_indices: found index 1 at place 1, expected 2 to 3");
    made_child(metadata, PL_DimensionMetadata_array_indices, NULL);
    EXPECT("dim_metadata[0].array_indices: found no indices");
    metadata = make_sparse(made, &sparsity);
    struct pl_record *segments = made_record(made, PL_TABLE_Int32Vector);
    MADE_INT32S(made, segments, PL_Int32Vector_values, 0, 3);
    made_child(metadata, PL_DimensionMetadata_array_segments, segments);
    EXPECT("dim_metadata[0].array_segments: found segment 3");
    MADE_INT32S(made, segments, PL_Int32Vector_values, 0, 1);
    EXPECT("dim_metadata[0].array_segments: found 1 entries, there are 2 indices");
    MADE_INT32S(made, segments, PL_Int32Vector_values, 0, 1, 2);
    EXPECT("dim_metadata[0].array_segments: found 3 segments, expected 2");
    metadata = make_sparse(made, &sparsity);
    made_integer(metadata, PL_DimensionMetadata_format, PL_DimensionType_DENSE);
    made_integer(metadata, PL_DimensionMetadata_dense_size, 3);
    EXPECT("dim_metadata[0].dense_size: found 3, expected 4");
    made_numbers(made, sparsity, PL_SparsityParameters_traversal_order, NULL, 0);
    EXPECT("sparsity.traversal_order: found 0 dimensions, expected 1");
    MADE_INT32S(made, sparsity, PL_SparsityParameters_block_map, 0);
    EXPECT("sparsity.dim_metadata: found 1 dimensions, expected 1 and 1 of blocks");
    MADE_INT32S(made, sparsity, PL_SparsityParameters_block_map, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    EXPECT("sparsity.block_map: found 9 block dimensions");
    make_sparse(made, &sparsity);
    made_integer(made->tensors[1], PL_Tensor_buffer, 0);
    EXPECT("tensors[1].sparsity: found a sparse tensor without bytes");
}

/* weights [4] as two blocks of two, of which the second is there. */
static void test_sparse_blocks(void **state)
{
    struct made_model *made = *state;
    struct pl_record *sparsity = NULL;
    struct pl_record *outer = make_sparse(made, &sparsity);
    struct pl_record *segments = made_record(made, PL_TABLE_Int32Vector);
    struct pl_record *indices = made_record(made, PL_TABLE_Int32Vector);
    struct pl_record *inner = made_record(made, PL_TABLE_DimensionMetadata);
    MADE_INT32S(made, segments, PL_Int32Vector_values, 0, 1);
    MADE_INT32S(made, indices, PL_Int32Vector_values, 1);
    made_child(outer, PL_DimensionMetadata_array_segments, segments);
    made_child(outer, PL_DimensionMetadata_array_indices, indices);
    made_integer(inner, PL_DimensionMetadata_dense_size, 2);
    MADE_INT32S(made, sparsity, PL_SparsityParameters_traversal_order, 0, 1);
    MADE_INT32S(made, sparsity, PL_SparsityParameters_block_map, 0);
    made_tables(made, sparsity, PL_SparsityParameters_dim_metadata,
                (const struct pl_record *const[]){outer, inner}, 2);
    made_expect_ok(made);
    MADE_INT32S(made, indices, PL_Int32Vector_values, 2);
    EXPECT("array_indices: found index 2 at place 0, expected 0 to 1");
    made_integer(inner, PL_DimensionMetadata_dense_size, 3);
    EXPECT("block_map[0]: found blocks of 3 in dimension 0, which has 4");
    made_integer(inner, PL_DimensionMetadata_dense_size, 0);
    EXPECT("dim_metadata[1].dense_size: found 0");
    made_integer(inner, PL_DimensionMetadata_format, PL_DimensionType_SPARSE_CSR);
    EXPECT("dim_metadata[1].format: found a sparse dimension within a block");
    made_integer(inner, PL_DimensionMetadata_format, PL_DimensionType_DENSE);
    MADE_INT32S(made, sparsity, PL_SparsityParameters_block_map, 1);
    made_integer(inner, PL_DimensionMetadata_dense_size, 2);
    EXPECT("block_map[0]: found dimension 1");
}

/* ---- operators and their order --------------------------------------------------------------- */

static void test_operator_indices(void **state)
{
    struct made_model *made = *state;
    made_integer(made->op, PL_Operator_opcode_index, 1);
    EXPECT("subgraphs[0].operators[0].opcode_index: found operator code 1");
    made_integer(made->op, PL_Operator_opcode_index, 0);
    MADE_INT32S(made, made->op, PL_Operator_inputs, 0, 3);
    EXPECT("subgraphs[0].operators[0].inputs[1]: found tensor 3");
    MADE_INT32S(made, made->op, PL_Operator_inputs, 0, -2);
    EXPECT("subgraphs[0].operators[0].inputs[1]: found tensor -2");
    MADE_INT32S(made, made->op, PL_Operator_inputs, 0, -1);
    made_expect_ok(made);
    MADE_INT32S(made, made->op, PL_Operator_intermediates, 5);
    EXPECT("subgraphs[0].operators[0].intermediates[0]: found tensor 5");
    MADE_INT32S(made, made->subgraph, PL_SubGraph_inputs, 3);
    EXPECT("subgraphs[0].inputs[0]: found tensor 3");
}

static void test_order(void **state)
{
    struct made_model *made = *state;
    MADE_INT32S(made, made->op, PL_Operator_inputs, 0, 2);
    EXPECT("operators[0].inputs[1]: found tensor 2, which no operator before this one produces");
    MADE_INT32S(made, made->op, PL_Operator_inputs, 0, 1);
    MADE_INT32S(made, made->op, PL_Operator_outputs, 2, 2);
    EXPECT("operators[0].outputs[1]: found tensor 2, which is produced already");
    MADE_INT32S(made, made->op, PL_Operator_outputs, 1);
    EXPECT("operators[0].outputs[0]: found tensor 1, which is a constant");
    MADE_INT32S(made, made->op, PL_Operator_outputs, 0);
    EXPECT("operators[0].outputs[0]: found tensor 0, which is an input");
    made_tables(made, made->subgraph, PL_SubGraph_operators, NULL, 0);
    EXPECT("subgraphs[0].outputs[0]: found tensor 2, which no operator produces");
    MADE_INT32S(made, made->subgraph, PL_SubGraph_inputs, 1);
    EXPECT("subgraphs[0].inputs[0]: found tensor 1, which is a constant");
}

/* A tensor without elements needs nobody who makes it. */
static void test_empty_tensor(void **state)
{
    struct made_model *made = *state;
    made_integer(made->tensors[1], PL_Tensor_buffer, 0);
    EXPECT("operators[0].inputs[1]: found tensor 1, which no operator");
    MADE_INT32S(made, made->tensors[1], PL_Tensor_shape, 0);
    made_expect_ok(made);
}

static void test_options_of_another_operator(void **state)
{
    struct made_model *made = *state;
    made_integer(made->code, PL_OperatorCode_builtin_code, PL_BuiltinOperator_MUL);
    EXPECT("operators[0].builtin_options: found AddOptions, expected MulOptions for MUL");
    made_child(made->op, PL_Operator_builtin_options, NULL);
    made_expect_ok(made);
}

static void test_enum_in_options(void **state)
{
    struct made_model *made = *state;
    struct pl_record *options = made_record(made, PL_TABLE_AddOptions);
    made_integer(options, PL_AddOptions_fused_activation_function, 6);
    made_child(made->op, PL_Operator_builtin_options, options);
    EXPECT("operators[0].builtin_options.fused_activation_function: found 6, expected a "
           "ActivationFunctionType");
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* `count` subgraphs; each but the last calls the next one with both branches of an IF. */
static struct pl_record *chain_calls(struct made_model *made, int count)
{
    const struct pl_record *subgraphs[64];
    struct pl_record *last = NULL;
    made_integer(made->code, PL_OperatorCode_builtin_code, PL_BuiltinOperator_IF);
    for (int i = 0; i < count; i++) {
        struct pl_record *subgraph = pl_record_copy(&made->region, made->subgraph);
        struct pl_record *op = pl_record_copy(&made->region, made->op);
        last = made_record(made, PL_TABLE_IfOptions);
        made_integer(last, PL_IfOptions_then_subgraph_index, i + 1);
        made_integer(last, PL_IfOptions_else_subgraph_index, i + 1);
        made_child(op, PL_Operator_builtin_options, last);
        made_tables(made, subgraph, PL_SubGraph_operators, (const struct pl_record *const[]){op},
                    1);
        if (i == count - 1) {
            made_tables(made, subgraph, PL_SubGraph_operators, NULL, 0);
            MADE_INT32S(made, subgraph, PL_SubGraph_outputs, 0);
        }
        subgraphs[i] = subgraph;
    }
    made_tables(made, made->root, PL_Model_subgraphs, subgraphs, (uint32_t)count);
    made_tables(made, made->root, PL_Model_signature_defs, NULL, 0);
    return last;
}

static void test_depth_of_calls(void **state)
{
    struct made_model *made = *state;
    chain_calls(made, 16);
    made_expect_ok(made);
    chain_calls(made, 18);
    EXPECT("found calls within calls deeper than 16");
}

static void test_calls_in_a_circle(void **state)
{
    struct made_model *made = *state;
    chain_calls(made, 2);
    uint32_t count = 0;
    const struct pl_record *const *subgraphs =
        pl_record_vector(made->root, PL_Model_subgraphs, &count);
    const struct pl_record *twice[] = {subgraphs[0], subgraphs[0]};
    made_tables(made, made->root, PL_Model_subgraphs, twice, 2);
    EXPECT("subgraphs[1].operators[0].builtin_options.then_subgraph_index: found subgraph 1, which "
           "calls itself");
    made_tables(made, made->root, PL_Model_subgraphs, twice, 1);
    EXPECT("subgraphs[0].operators[0].builtin_options.then_subgraph_index: found subgraph 1, the "
           "model has 1");
}

/* An operator that has to have options and has none would call subgraph 0, itself. */
static void test_call_without_options(void **state)
{
    struct made_model *made = *state;
    made_integer(made->code, PL_OperatorCode_builtin_code, PL_BuiltinOperator_WHILE);
    made_child(made->op, PL_Operator_builtin_options, NULL);
    EXPECT("found no WhileOptions");
}

/* Each level calls the next one many times: few subgraphs, but endless copies of them. */
static void test_calls_that_explode(void **state)
{
    struct made_model *made = *state;
    enum { LEVELS = 8, CALLS = 30 };
    const struct pl_record *subgraphs[LEVELS + 1];
    chain_calls(made, LEVELS + 1);
    uint32_t count = 0;
    const struct pl_record *const *chain = pl_record_vector(made->root, PL_Model_subgraphs, &count);
    for (int i = 0; i <= LEVELS; i++) {
        struct pl_record *subgraph = pl_record_copy(&made->region, chain[i]);
        const struct pl_record *ops[CALLS];
        for (int k = 0; k < CALLS && i < LEVELS; k++) {
            struct pl_record *op =
                pl_record_copy(&made->region, pl_record_item(chain[i], PL_SubGraph_operators, 0));
            made_numbers(made, op, PL_Operator_outputs, NULL, 0);
            ops[k] = op;
        }
        if (i < LEVELS) made_tables(made, subgraph, PL_SubGraph_operators, ops, CALLS);
        MADE_INT32S(made, subgraph, PL_SubGraph_outputs, 0);
        subgraphs[i] = subgraph;
    }
    made_tables(made, made->root, PL_Model_subgraphs, subgraphs, LEVELS + 1);
    EXPECT("found calls that need more than");
}

/* ---- signatures ------------------------------------------------------------------------------ */

static void test_signatures(void **state)
{
    struct made_model *made = *state;
    made_integer(made->signature, PL_SignatureDef_subgraph_index, 1);
    EXPECT("signature_defs[0].subgraph_index: found subgraph 1");
    made_integer(made->signature, PL_SignatureDef_subgraph_index, 0);
    made_integer(made->map_in, PL_TensorMap_tensor_index, 9);
    EXPECT("signature_defs[0].inputs[0].tensor_index: found tensor 9");
    made_integer(made->map_in, PL_TensorMap_tensor_index, 2);
    EXPECT("signature_defs[0].inputs[0].tensor_index: found tensor 2, which is no input");
    made_integer(made->map_in, PL_TensorMap_tensor_index, 0);
    made_tables(made, made->signature, PL_SignatureDef_outputs,
                (const struct pl_record *const[]){made->map_out, made->map_out}, 2);
    EXPECT("signature_defs[0].outputs[1]: found the name 'y' again");
}

static void test_signature_keys(void **state)
{
    struct made_model *made = *state;
    made_tables(made, made->root, PL_Model_signature_defs,
                (const struct pl_record *const[]){made->signature, made->signature}, 2);
    EXPECT("signature_defs[1]: found the key 'serving_default' again");
    made_text(made, made->signature, PL_SignatureDef_signature_key, "");
    EXPECT("signature_defs[0].signature_key: found no key");
}

/* ---- records --------------------------------------------------------------------------------- */

static void test_written_models_decode_equal(void **state)
{
    struct made_model *made = *state;
    struct pl_error error;
    struct pl_model *model = NULL;
    void *bytes = NULL;
    size_t size = 0;
    quantize(made, 1, 4, 4);
    assert_int_equal(made_open(made, &model, &bytes, &size, &error), PL_OK);
    assert_true(pl_record_equal(made->root, model->root));
    struct pl_record *copy = pl_record_copy(&made->region, model->root);
    assert_true(pl_record_equal(copy, model->root));
    assert_string_equal(pl_record_text(copy, PL_Model_description), "made");
    made_numbers(made, made->buffers[1], PL_Buffer_data, (const float[]){1, 2, 3, 5}, 16);
    assert_false(pl_record_equal(made->root, model->root));
    pl_model_close(model);
    pl_free(&made->unit.memory, bytes, size);
}

static void test_defaults_of_absent_records(void **state)
{
    (void)state;
    assert_int_equal(pl_record_integer(NULL, PL_Conv2DOptions_dilation_w_factor), 1);
    struct made_model *made = *state;
    const struct pl_record *other = made_record(made, PL_TABLE_AddOptions);
    assert_int_equal(pl_record_integer(other, PL_Conv2DOptions_dilation_w_factor), 1);
    assert_int_equal(pl_record_integer(other, PL_AddOptions_pot_scale_int16), 1);
    uint32_t count = 7;
    assert_null(pl_record_vector(other, PL_ReshapeOptions_new_shape, &count));
    assert_int_equal(count, 0);
    assert_null(pl_record_child(NULL, PL_Tensor_quantization));
    assert_true(pl_record_real(NULL, PL_SoftmaxOptions_beta) == 0.0f);
}

static int set_up(void **state)
{
    static struct made_model made;
    made_model_init(&made);
    *state = &made;
    return 0;
}

static int tear_down(void **state)
{
    made_model_clear(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_valid_model),
        TEST(test_truncated),
        TEST(test_not_a_model),
        TEST(test_every_byte_changed),
        TEST(test_offset_is_where_the_value_is),
        TEST(test_shared_tables_are_limited),
        TEST(test_failing_allocations),
        TEST(test_version),
        TEST(test_no_subgraphs),
        TEST(test_no_buffers),
        TEST(test_custom_operator_without_name),
        TEST(test_old_and_new_operator_codes),
        TEST(test_metadata),
        TEST(test_external_buffers),
        TEST(test_buffers_behind),
        TEST(test_bytes_beyond_4_gib),
        TEST(test_custom_options_behind),
        TEST(test_type_out_of_range),
        TEST(test_rank),
        TEST(test_shape_overflow),
        TEST(test_shape_signature),
        TEST(test_buffer_size),
        TEST(test_variable_with_bytes),
        TEST(test_variant_with_bytes),
        TEST(test_strings_that_would_not_end),
        TEST(test_strings),
        TEST(test_quantization_lengths),
        TEST(test_quantized_dimension),
        TEST(test_quantization_values),
        TEST(test_sparse),
        TEST(test_sparse_blocks),
        TEST(test_operator_indices),
        TEST(test_order),
        TEST(test_empty_tensor),
        TEST(test_options_of_another_operator),
        TEST(test_enum_in_options),
        TEST(test_depth_of_calls),
        TEST(test_calls_in_a_circle),
        TEST(test_call_without_options),
        TEST(test_calls_that_explode),
        TEST(test_signatures),
        TEST(test_signature_keys),
        TEST(test_written_models_decode_equal),
        TEST(test_defaults_of_absent_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
