/* SPDX-License-Identifier: Apache-2.0 */
/* The model as a whole: buffers, metadata, operator codes, signatures; see verify.h. */
#include "model/verify.h"

#include <string.h>

#include "model/name_order.h"
#include "model/verify_internal.h"

enum { SCHEMA_VERSION = 3, WORK_PER_BYTE = 16, WORK_FOR_ALL = 1 << 20 };

pl_status pl_verify_no_memory(struct pl_verifier *verifier, const struct pl_file_place *place)
{
    return pl_file_place_fail(&verifier->model->file, place, verifier->error, PL_OUT_OF_MEMORY,
                              "no memory to verify the model");
}

pl_status pl_verify_spend(struct pl_verifier *verifier, const struct pl_file_place *place,
                          uint64_t bytes)
{
    PL_VERIFY(verifier, bytes <= verifier->work_left, place,
              "the file refers to its buffers so often that it would not end");
    verifier->work_left -= bytes;
    return PL_OK;
}

/* ---- buffers and what refers to them --------------------------------------------------------- */

static pl_status verify_buffer(struct pl_verifier *verifier, const struct pl_file_place *place,
                               const struct pl_record *buffer)
{
    const struct pl_file *file = &verifier->model->file;
    if (pl_verify_count(buffer, PL_Buffer_data) > 0) return PL_OK;
    const uint64_t offset = (uint64_t)pl_record_integer(buffer, PL_Buffer_offset);
    const uint64_t size = (uint64_t)pl_record_integer(buffer, PL_Buffer_size);
    if (offset <= 1) return PL_OK;
    PL_VERIFY(verifier, offset <= file->size, PL_AT(place, buffer, PL_Buffer_offset, PL_NO_INDEX),
              "found %llu, the file has %zu bytes", (unsigned long long)offset, file->size);
    PL_VERIFY(verifier, size <= file->size - offset,
              PL_AT(place, buffer, PL_Buffer_size, PL_NO_INDEX),
              "found %llu bytes from offset %llu on, the file has %zu bytes",
              (unsigned long long)size, (unsigned long long)offset, file->size);
    return PL_OK;
}

static pl_status verify_buffers(struct pl_verifier *verifier, const struct pl_record *root)
{
    const uint32_t count = pl_verify_count(root, PL_Model_buffers);
    PL_VERIFY(verifier, count > 0, PL_AT(NULL, root, PL_Model_buffers, PL_NO_INDEX),
              "found no buffers, expected at least the empty buffer 0");
    for (uint32_t i = 0; i < count; i++)
        PL_TRY(verify_buffer(verifier, PL_AT(NULL, root, PL_Model_buffers, i),
                             pl_record_item(root, PL_Model_buffers, i)));
    for (uint32_t i = 0; i < pl_verify_count(root, PL_Model_metadata); i++) {
        const struct pl_record *metadata = pl_record_item(root, PL_Model_metadata, i);
        const int64_t buffer = pl_record_integer(metadata, PL_Metadata_buffer);
        PL_VERIFY(verifier, buffer < count,
                  PL_AT(PL_AT(NULL, root, PL_Model_metadata, i), metadata, PL_Metadata_buffer,
                        PL_NO_INDEX),
                  "found buffer %lld, the model has %lu", (long long)buffer, (unsigned long)count);
    }
    uint32_t old_count = 0;
    const int32_t *old = pl_record_vector(root, PL_Model_metadata_buffer, &old_count);
    for (uint32_t i = 0; i < old_count; i++)
        PL_VERIFY(verifier, old[i] >= 0 && (uint32_t)old[i] < count,
                  PL_AT(NULL, root, PL_Model_metadata_buffer, i),
                  "found buffer %ld, the model has %lu", (long)old[i], (unsigned long)count);
    return PL_OK;
}

/* Bytes in other files are not read here, but what says where they are must hold together. */
static pl_status verify_external_buffers(struct pl_verifier *verifier, const struct pl_record *root)
{
    const uint32_t groups = pl_verify_count(root, PL_Model_external_buffer_groups);
    for (uint32_t i = 0; i < pl_verify_count(root, PL_Model_external_buffers); i++) {
        const struct pl_record *external = pl_record_item(root, PL_Model_external_buffers, i);
        const struct pl_file_place *place = PL_AT(NULL, root, PL_Model_external_buffers, i);
        const int64_t group = pl_record_integer(external, PL_ExternalBuffer_group);
        const uint64_t offset = (uint64_t)pl_record_integer(external, PL_ExternalBuffer_offset);
        const uint64_t length = (uint64_t)pl_record_integer(external, PL_ExternalBuffer_length);
        PL_VERIFY(verifier, group < groups,
                  PL_AT(place, external, PL_ExternalBuffer_group, PL_NO_INDEX),
                  "found group %lld, the model has %lu", (long long)group, (unsigned long)groups);
        PL_VERIFY(verifier, length <= UINT64_MAX - offset,
                  PL_AT(place, external, PL_ExternalBuffer_length, PL_NO_INDEX),
                  "found %llu bytes from offset %llu on", (unsigned long long)length,
                  (unsigned long long)offset);
    }
    return PL_OK;
}

static pl_status verify_operator_codes(struct pl_verifier *verifier, const struct pl_record *root)
{
    for (uint32_t i = 0; i < pl_verify_count(root, PL_Model_operator_codes); i++) {
        const struct pl_record *code = pl_record_item(root, PL_Model_operator_codes, i);
        const struct pl_file_place *place = PL_AT(NULL, root, PL_Model_operator_codes, i);
        const int32_t number = pl_model_operator_code(code);
        PL_VERIFY(verifier, number >= 0,
                  PL_AT(place, code, PL_OperatorCode_builtin_code, PL_NO_INDEX),
                  "found %ld, expected an operator from 0 on", (long)number);
        PL_VERIFY(verifier,
                  number != PL_BuiltinOperator_CUSTOM ||
                      pl_verify_count(code, PL_OperatorCode_custom_code) > 0,
                  PL_AT(place, code, PL_OperatorCode_custom_code, PL_NO_INDEX),
                  "found no name, a custom operator needs one");
    }
    return PL_OK;
}

/* ---- signatures ------------------------------------------------------------------------------ */

static pl_status verify_names(struct pl_verifier *verifier, const struct pl_file_place *up,
                              const struct pl_record *signature, enum pl_field field,
                              enum pl_tensor_mark mark, uint32_t subgraph, uint32_t tensor_count)
{
    const uint32_t count = pl_verify_count(signature, field);
    struct pl_named *names = pl_region_array(&verifier->scratch, count, sizeof *names);
    if (names == NULL) return pl_verify_no_memory(verifier, up);
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_record *map = pl_record_item(signature, field, i);
        const struct pl_file_place *place = PL_AT(up, signature, field, i);
        const int64_t tensor = pl_record_integer(map, PL_TensorMap_tensor_index);
        PL_VERIFY(verifier, tensor < tensor_count,
                  PL_AT(place, map, PL_TensorMap_tensor_index, PL_NO_INDEX),
                  "found tensor %lld, subgraph %lu has %lu", (long long)tensor,
                  (unsigned long)subgraph, (unsigned long)tensor_count);
        PL_VERIFY(verifier, (verifier->marks[subgraph][tensor] & mark) != 0,
                  PL_AT(place, map, PL_TensorMap_tensor_index, PL_NO_INDEX),
                  "found tensor %lld, which is no %s of subgraph %lu", (long long)tensor,
                  mark == PL_MARK_INPUT ? "input" : "output", (unsigned long)subgraph);
        names[i] = (struct pl_named){pl_record_text(map, PL_TensorMap_name), i};
    }
    pl_sort_names(names, count);
    for (uint32_t i = 1; i < count; i++)
        PL_VERIFY(verifier, strcmp(names[i - 1].name, names[i].name) != 0,
                  PL_AT(up, signature, field, names[i].number),
                  "found the name '%.80s' again, expected each once", names[i].name);
    return PL_OK;
}

static pl_status verify_signature(struct pl_verifier *verifier, const struct pl_file_place *place,
                                  const struct pl_record *signature)
{
    const struct pl_record *root = verifier->model->root;
    const uint32_t subgraphs = pl_verify_count(root, PL_Model_subgraphs);
    const int64_t subgraph = pl_record_integer(signature, PL_SignatureDef_subgraph_index);
    PL_VERIFY(verifier, subgraph < subgraphs,
              PL_AT(place, signature, PL_SignatureDef_subgraph_index, PL_NO_INDEX),
              "found subgraph %lld, the model has %lu", (long long)subgraph,
              (unsigned long)subgraphs);
    PL_VERIFY(verifier, pl_verify_count(signature, PL_SignatureDef_signature_key) > 0,
              PL_AT(place, signature, PL_SignatureDef_signature_key, PL_NO_INDEX), "found no key");
    const uint32_t tensors = pl_verify_count(
        pl_record_item(root, PL_Model_subgraphs, (uint32_t)subgraph), PL_SubGraph_tensors);
    PL_TRY(verify_names(verifier, place, signature, PL_SignatureDef_inputs, PL_MARK_INPUT,
                        (uint32_t)subgraph, tensors));
    return verify_names(verifier, place, signature, PL_SignatureDef_outputs, PL_MARK_OUTPUT,
                        (uint32_t)subgraph, tensors);
}

static pl_status verify_signatures(struct pl_verifier *verifier, const struct pl_record *root)
{
    const uint32_t count = pl_verify_count(root, PL_Model_signature_defs);
    struct pl_named *keys = pl_region_array(&verifier->scratch, count, sizeof *keys);
    if (keys == NULL) return pl_verify_no_memory(verifier, NULL);
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_record *signature = pl_record_item(root, PL_Model_signature_defs, i);
        PL_TRY(
            verify_signature(verifier, PL_AT(NULL, root, PL_Model_signature_defs, i), signature));
        keys[i] = (struct pl_named){pl_record_text(signature, PL_SignatureDef_signature_key), i};
    }
    pl_sort_names(keys, count);
    for (uint32_t i = 1; i < count; i++)
        PL_VERIFY(verifier, strcmp(keys[i - 1].name, keys[i].name) != 0,
                  PL_AT(NULL, root, PL_Model_signature_defs, keys[i].number),
                  "found the key '%.80s' again, expected each once", keys[i].name);
    return PL_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static pl_status verify_subgraphs(struct pl_verifier *verifier, const struct pl_record *root)
{
    const uint32_t count = pl_verify_count(root, PL_Model_subgraphs);
    PL_VERIFY(verifier, count > 0, PL_AT(NULL, root, PL_Model_subgraphs, PL_NO_INDEX),
              "found no subgraphs");
    verifier->marks = pl_region_array(&verifier->scratch, count, sizeof verifier->marks[0]);
    if (verifier->marks == NULL) return pl_verify_no_memory(verifier, NULL);
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_record *subgraph = pl_record_item(root, PL_Model_subgraphs, i);
        const struct pl_file_place *place = PL_AT(NULL, root, PL_Model_subgraphs, i);
        const uint32_t tensors = pl_verify_count(subgraph, PL_SubGraph_tensors);
        uint8_t *marks = pl_region_array(&verifier->scratch, tensors, 1);
        if (marks == NULL) return pl_verify_no_memory(verifier, place);
        for (uint32_t k = 0; k < tensors; k++)
            PL_TRY(pl_verify_tensor(verifier, PL_AT(place, subgraph, PL_SubGraph_tensors, k),
                                    pl_record_item(subgraph, PL_SubGraph_tensors, k), tensors,
                                    &marks[k]));
        PL_TRY(pl_verify_subgraph(verifier, place, subgraph, marks));
        verifier->marks[i] = marks;
    }
    return PL_OK;
}

static pl_status verify_all(struct pl_verifier *verifier)
{
    const struct pl_record *root = verifier->model->root;
    const int64_t version = pl_record_integer(root, PL_Model_version);
    PL_VERIFY(verifier, version == SCHEMA_VERSION, PL_AT(NULL, root, PL_Model_version, PL_NO_INDEX),
              "found %lld, expected schema version %d", (long long)version, SCHEMA_VERSION);
    PL_TRY(verify_buffers(verifier, root));
    PL_TRY(verify_external_buffers(verifier, root));
    PL_TRY(verify_operator_codes(verifier, root));
    PL_TRY(verify_subgraphs(verifier, root));
    PL_TRY(pl_verify_calls(verifier));
    return verify_signatures(verifier, root);
}

pl_status pl_model_verify(const struct pl_model *model, const struct pl_model_limits *limits,
                          struct pl_error *error)
{
    struct pl_verifier verifier = {.model = model, .limits = limits, .error = error};
    verifier.work_left = (uint64_t)model->file.size * WORK_PER_BYTE + WORK_FOR_ALL;
    pl_region_init(&verifier.scratch, model->region.memory);
    const pl_status status = verify_all(&verifier);
    pl_region_clear(&verifier.scratch);
    return status;
}
