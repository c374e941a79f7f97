/* SPDX-License-Identifier: Apache-2.0 */
/* Equal prefixes once: an operator that computes the same from the same tensors as one of
 * another source is that one. "The same" is by version, options and constants, byte by byte;
 * operators with state, effects or subgraphs, and those that nobody here knows, are never
 * shared. */
#include <string.h>

#include "base/hash.h"
#include "ops/op.h"
#include "pipeline/fuse_internal.h"

enum { CHAIN_COUNT = 4096 };

struct pl_shared_operator {
    struct pl_shared_operator *next;
    uint64_t hash;
    struct pl_source *source;
    uint32_t op; /* in the source */
};

pl_status pl_shared_init(struct pl_assembly *assembly, struct pl_shared_operators *shared)
{
    shared->chains = pl_region_array(&assembly->region, CHAIN_COUNT, sizeof *shared->chains);
    return shared->chains != NULL ? PL_OK : pl_assembly_no_memory(assembly);
}

static const struct pl_record *operator_of(const struct pl_source *source, uint32_t op)
{
    return pl_record_item(source->primary, PL_SubGraph_operators, op);
}

static const struct pl_record *tensor_of(const struct pl_source *source, int32_t tensor)
{
    return pl_record_item(source->primary, PL_SubGraph_tensors, (uint32_t)tensor);
}

static bool is_constant(const struct pl_source *source, int32_t tensor)
{
    size_t bytes = 0;
    return pl_model_tensor_bytes(source->model, tensor_of(source, tensor), &bytes) != NULL;
}

static bool is_variable(const struct pl_source *source, int32_t tensor)
{
    return pl_record_integer(tensor_of(source, tensor), PL_Tensor_is_variable) != 0;
}

bool pl_shared_is_pure(const struct pl_source *source, const struct pl_record *op)
{
    const struct pl_record *code =
        pl_record_item(source->model->root, PL_Model_operator_codes,
                       (uint32_t)pl_record_integer(op, PL_Operator_opcode_index));
    const struct pl_operator facts = {.code = pl_model_operator_code(code)};
    if (facts.code == PL_BuiltinOperator_CUSTOM) return false;
    const struct pl_op *known = pl_op_find(&facts);
    size_t custom_bytes = 0;
    return known != NULL && pl_traits_are_pure(known->traits) &&
           pl_record_count(op, PL_Operator_intermediates) == 0 &&
           pl_model_custom_options(&source->model->file, op, &custom_bytes) == NULL;
}

/* Whether its inputs are constants and tensors of the whole, and its outputs plain new tensors.
 * *hash: of all that. */
static pl_status look_at(struct pl_assembly *assembly, struct pl_source *source,
                         const struct pl_record *op, bool *good, uint64_t *hash)
{
    uint32_t inputs = 0, outputs = 0;
    const int32_t *input = pl_record_vector(op, PL_Operator_inputs, &inputs);
    const int32_t *output = pl_record_vector(op, PL_Operator_outputs, &outputs);
    int32_t code = 0;
    PL_TRY(pl_assembly_source_code(assembly, source,
                                   pl_record_integer(op, PL_Operator_opcode_index), &code));
    *good = outputs > 0 && pl_shared_is_pure(source, op);
    *hash = (uint64_t)code;
    for (uint32_t i = 0; *good && i < inputs; i++) {
        uint64_t key = UINT64_MAX;
        if (input[i] >= 0 && is_constant(source, input[i])) {
            int32_t buffer = 0;
            PL_TRY(pl_assembly_source_buffer(
                assembly, source, pl_record_integer(tensor_of(source, input[i]), PL_Tensor_buffer),
                &buffer));
            key = (uint64_t)buffer << 32;
        } else if (input[i] >= 0) {
            *good = source->tensors[input[i]] >= 0 && !is_variable(source, input[i]);
            key = (uint64_t)source->tensors[input[i]];
        }
        *hash = pl_hash_combine(*hash, key);
    }
    for (uint32_t i = 0; *good && i < outputs; i++)
        *good = source->tensors[output[i]] < 0 && !is_variable(source, output[i]);
    return PL_OK;
}

static bool same_numbers(const struct pl_record *a, const struct pl_record *b, enum pl_field field)
{
    uint32_t a_count = 0, b_count = 0;
    const void *a_data = pl_record_vector(a, field, &a_count);
    const void *b_data = pl_record_vector(b, field, &b_count);
    const size_t bytes = (size_t)a_count * pl_schema_element_bytes(pl_schema_field(field)->element);
    return a_count == b_count && (bytes == 0 || memcmp(a_data, b_data, bytes) == 0);
}

static bool same_child(const struct pl_record *a, const struct pl_record *b, enum pl_field field)
{
    return pl_record_equal(pl_record_child(a, field), pl_record_child(b, field));
}

/* But for name and bytes. Finer quantization leads to further tensors: such ones are never the
 * same. */
static bool same_tensor(const struct pl_record *a, const struct pl_record *b)
{
    static const enum pl_field numbers[] = {PL_Tensor_type, PL_Tensor_is_variable,
                                            PL_Tensor_has_rank, PL_Tensor_external_buffer};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (pl_record_integer(a, numbers[i]) != pl_record_integer(b, numbers[i])) return false;
    if (pl_record_integer(a, PL_Tensor_external_buffer) != 0 ||
        pl_record_count(a, PL_Tensor_variant_tensors) > 0 ||
        pl_record_count(b, PL_Tensor_variant_tensors) > 0)
        return false;
    const struct pl_record *quantization = pl_record_child(a, PL_Tensor_quantization);
    if (pl_record_child(quantization, PL_QuantizationParameters_details) != NULL) return false;
    return same_numbers(a, b, PL_Tensor_shape) && same_numbers(a, b, PL_Tensor_shape_signature) &&
           same_child(a, b, PL_Tensor_quantization) && same_child(a, b, PL_Tensor_sparsity);
}

/* Two inputs: constants by their bytes, others by where they are in the whole. */
static pl_status compare_input(struct pl_assembly *assembly, struct pl_source *a_source, int32_t a,
                               struct pl_source *b_source, int32_t b, bool *same)
{
    int32_t a_buffer = 0, b_buffer = 0;
    *same = a < 0 && b < 0;
    if (a < 0 || b < 0) return PL_OK;
    const struct pl_record *a_tensor = tensor_of(a_source, a), *b_tensor = tensor_of(b_source, b);
    const bool constant = is_constant(a_source, a);
    if (!constant || !is_constant(b_source, b)) {
        *same = !constant && a_source->tensors[a] == b_source->tensors[b];
        return PL_OK;
    }
    PL_TRY(pl_assembly_source_buffer(assembly, a_source,
                                     pl_record_integer(a_tensor, PL_Tensor_buffer), &a_buffer));
    PL_TRY(pl_assembly_source_buffer(assembly, b_source,
                                     pl_record_integer(b_tensor, PL_Tensor_buffer), &b_buffer));
    *same = a_buffer == b_buffer && same_tensor(a_tensor, b_tensor);
    return PL_OK;
}

/* That `op` of `source` computes what `known` does; its inputs were looked at. */
static pl_status compare(struct pl_assembly *assembly, const struct pl_shared_operator *known,
                         struct pl_source *source, const struct pl_record *op, bool *same)
{
    const struct pl_record *other = operator_of(known->source, known->op);
    int32_t code = 0, other_code = 0;
    uint32_t inputs = 0, other_inputs = 0, outputs = 0, other_outputs = 0;
    const int32_t *input = pl_record_vector(op, PL_Operator_inputs, &inputs);
    const int32_t *other_input = pl_record_vector(other, PL_Operator_inputs, &other_inputs);
    const int32_t *output = pl_record_vector(op, PL_Operator_outputs, &outputs);
    const int32_t *other_output = pl_record_vector(other, PL_Operator_outputs, &other_outputs);
    PL_TRY(pl_assembly_source_code(assembly, source,
                                   pl_record_integer(op, PL_Operator_opcode_index), &code));
    PL_TRY(pl_assembly_source_code(
        assembly, known->source, pl_record_integer(other, PL_Operator_opcode_index), &other_code));
    *same = code == other_code && same_child(op, other, PL_Operator_builtin_options) &&
            same_child(op, other, PL_Operator_builtin_options_2) &&
            same_numbers(op, other, PL_Operator_mutating_variable_inputs) &&
            inputs == other_inputs && outputs == other_outputs;
    for (uint32_t i = 0; *same && i < inputs; i++)
        PL_TRY(compare_input(assembly, source, input[i], known->source, other_input[i], same));
    for (uint32_t i = 0; *same && i < outputs; i++)
        *same =
            same_tensor(tensor_of(source, output[i]), tensor_of(known->source, other_output[i]));
    return PL_OK;
}

pl_status pl_shared_add(struct pl_assembly *assembly, struct pl_shared_operators *shared,
                        struct pl_source *source, uint32_t index)
{
    const struct pl_record *op = operator_of(source, index);
    bool good = false, same = false;
    uint64_t hash = 0;
    PL_TRY(look_at(assembly, source, op, &good, &hash));
    if (!good) return pl_assembly_operator(assembly, source, index);
    struct pl_shared_operator **chain = &shared->chains[hash % CHAIN_COUNT];
    for (const struct pl_shared_operator *known = *chain; known != NULL; known = known->next) {
        if (known->hash != hash || known->source == source) continue;
        PL_TRY(compare(assembly, known, source, op, &same));
        if (!same) continue;
        uint32_t count = 0;
        const int32_t *mine = pl_record_vector(op, PL_Operator_outputs, &count);
        const int32_t *theirs =
            pl_record_vector(operator_of(known->source, known->op), PL_Operator_outputs, &count);
        for (uint32_t i = 0; i < count; i++)
            if (mine[i] >= 0) source->tensors[mine[i]] = known->source->tensors[theirs[i]];
        return PL_OK;
    }
    struct pl_shared_operator *fresh = pl_region_allocate(&assembly->region, sizeof *fresh);
    if (fresh == NULL) return pl_assembly_no_memory(assembly);
    *fresh = (struct pl_shared_operator){*chain, hash, source, index};
    *chain = fresh;
    return pl_assembly_operator(assembly, source, index);
}
