/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers and operator codes of a file under construction: each content once. */
#include <string.h>

#include "base/hash.h"
#include "ops/op.h"
#include "pipeline/assembly.h"

enum { CONTENT_CHAINS = 4096 };

/* A buffer among those of equal hash. */
struct pl_content_chain {
    struct pl_content_chain *next;
    uint64_t hash;
    int32_t buffer;
};

pl_status pl_assembly_init_contents(struct pl_assembly *assembly)
{
    assembly->contents =
        pl_region_array(&assembly->region, CONTENT_CHAINS, sizeof *assembly->contents);
    return assembly->contents != NULL ? PL_OK : pl_assembly_no_memory(assembly);
}

pl_status pl_assembly_buffer(struct pl_assembly *assembly, const void *data, size_t bytes,
                             int32_t *index)
{
    *index = 0;
    if (data == NULL) return PL_OK;
    PL_ENSURE(bytes <= UINT32_MAX, assembly->error, PL_UNSUPPORTED,
              "a buffer of %zu bytes is too large", bytes);
    const uint64_t hash = pl_hash_bytes(data, bytes);
    struct pl_content_chain *chain = &assembly->contents[hash % CONTENT_CHAINS];
    for (const struct pl_content_chain *at = chain->next; at != NULL; at = at->next) {
        uint32_t count = 0;
        if (at->hash != hash) continue;
        const void *known =
            pl_record_vector(assembly->buffers.items[at->buffer], PL_Buffer_data, &count);
        if (count != bytes || (bytes > 0 && memcmp(known, data, bytes) != 0)) continue;
        *index = at->buffer;
        return PL_OK;
    }
    struct pl_content_chain *fresh = pl_region_allocate(&assembly->region, sizeof *fresh);
    struct pl_record *buffer = pl_record_new(&assembly->region, PL_TABLE_Buffer);
    if (fresh == NULL || buffer == NULL) return pl_assembly_no_memory(assembly);
    pl_record_set_vector(buffer, PL_Buffer_data, data, (uint32_t)bytes);
    *fresh = (struct pl_content_chain){chain->next, hash, (int32_t)assembly->buffers.count};
    chain->next = fresh;
    *index = fresh->buffer;
    return pl_assembly_add(assembly, &assembly->buffers, buffer);
}

pl_status pl_assembly_source_buffer(struct pl_assembly *assembly, struct pl_source *source,
                                    int64_t buffer, int32_t *index)
{
    int32_t *place = &source->buffers[buffer];
    if (*place < 0) {
        size_t bytes = 0;
        const struct pl_record *record =
            pl_record_item(source->model->root, PL_Model_buffers, (uint32_t)buffer);
        const void *data = pl_model_buffer_bytes(&source->model->file, record, &bytes);
        PL_TRY(pl_assembly_buffer(assembly, data, bytes, place));
    }
    *index = *place;
    return PL_OK;
}

static bool same_code(const struct pl_record *a, const struct pl_record *b)
{
    return pl_model_operator_code(a) == pl_model_operator_code(b) &&
           pl_record_integer(a, PL_OperatorCode_version) ==
               pl_record_integer(b, PL_OperatorCode_version) &&
           strcmp(pl_record_text(a, PL_OperatorCode_custom_code),
                  pl_record_text(b, PL_OperatorCode_custom_code)) == 0;
}

pl_status pl_assembly_code(struct pl_assembly *assembly, const struct pl_record *code,
                           int32_t *index)
{
    for (uint32_t i = 0; i < assembly->codes.count; i++) {
        *index = (int32_t)i;
        if (same_code(assembly->codes.items[i], code)) return PL_OK;
    }
    *index = (int32_t)assembly->codes.count;
    return pl_assembly_add(assembly, &assembly->codes, code);
}

/* An operator that LiteRT has no kernel for, as far as this program knows. */
static pl_status check_code(const struct pl_assembly *assembly, const struct pl_source *source,
                            const struct pl_record *code)
{
    const int32_t number = pl_model_operator_code(code);
    const int64_t version = pl_record_integer(code, PL_OperatorCode_version);
    const char *name = pl_schema_value_name(PL_ENUM_BuiltinOperator, number);
    const struct pl_operator facts = {.code = number};
    PL_ENSURE(name != NULL && number != PL_BuiltinOperator_PLACEHOLDER_FOR_GREATER_OP_CODES,
              assembly->error, PL_UNSUPPORTED, "model '%s': there is no operator of number %ld",
              source->name, (long)number);
    if (number == PL_BuiltinOperator_CUSTOM) return PL_OK;
    const struct pl_op *known = pl_op_find(&facts);
    const int64_t most = known != NULL ? known->max_version : INT8_MAX;
    PL_ENSURE(version >= 1 && version <= most, assembly->error, PL_UNSUPPORTED,
              "model '%s': %s has version %lld, known are 1 to %lld", source->name, name,
              (long long)version, (long long)most);
    return PL_OK;
}

pl_status pl_assembly_source_code(struct pl_assembly *assembly, struct pl_source *source,
                                  int64_t code, int32_t *index)
{
    int32_t *place = &source->codes[code];
    if (*place < 0) {
        const struct pl_record *record =
            pl_record_item(source->model->root, PL_Model_operator_codes, (uint32_t)code);
        PL_TRY(check_code(assembly, source, record));
        PL_TRY(pl_assembly_code(assembly, record, place));
    }
    *index = *place;
    return PL_OK;
}
