/* SPDX-License-Identifier: Apache-2.0 */
/* Subgraphs: indices, the order of operators, and calls from one to another. */
#include "model/verify_internal.h"

/* Planning makes one copy of a subgraph for each call of it: not more operators than this
 * altogether. */
enum { LARGEST_EXPANSION = 1 << 18 };

/* ---- order ----------------------------------------------------------------------------------- */

/* A subgraph under verification. */
struct subject {
    struct pl_verifier *verifier;
    const struct pl_file_place *place;
    const struct pl_record *record;
    uint8_t *marks;
    uint32_t tensor_count;
};

/* That the elements of a vector of tensor indices are in range; `least` is -1 where one can be
 * left out. */
static pl_status verify_indices(const struct subject *subject, const struct pl_file_place *up,
                                const struct pl_record *record, enum pl_field field, int32_t least)
{
    uint32_t count = 0;
    const int32_t *indices = pl_record_vector(record, field, &count);
    for (uint32_t i = 0; i < count; i++)
        PL_VERIFY(subject->verifier,
                  indices[i] >= least && indices[i] < (int64_t)subject->tensor_count,
                  PL_AT(up, record, field, i), "found tensor %ld, expected %ld to %ld",
                  (long)indices[i], (long)least, (long)subject->tensor_count - 1);
    return PL_OK;
}

static pl_status mark_inputs(const struct subject *subject)
{
    uint32_t count = 0;
    PL_TRY(verify_indices(subject, subject->place, subject->record, PL_SubGraph_inputs, 0));
    const int32_t *inputs = pl_record_vector(subject->record, PL_SubGraph_inputs, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *mark = &subject->marks[inputs[i]];
        PL_VERIFY(subject->verifier, (*mark & PL_MARK_CONSTANT) == 0,
                  PL_AT(subject->place, subject->record, PL_SubGraph_inputs, i),
                  "found tensor %ld, which is a constant", (long)inputs[i]);
        *mark |= PL_MARK_INPUT;
    }
    PL_TRY(verify_indices(subject, subject->place, subject->record, PL_SubGraph_outputs, 0));
    const int32_t *outputs = pl_record_vector(subject->record, PL_SubGraph_outputs, &count);
    for (uint32_t i = 0; i < count; i++) subject->marks[outputs[i]] |= PL_MARK_OUTPUT;
    return PL_OK;
}

/* That a tensor has its bytes by now. One without elements that nobody has produced is a
 * constant from here on. */
static bool is_available(uint8_t *mark)
{
    if ((*mark & (PL_MARK_INPUT | PL_MARK_CONSTANT | PL_MARK_VARIABLE | PL_MARK_PRODUCED)) != 0)
        return true;
    if ((*mark & PL_MARK_EMPTY) == 0) return false;
    *mark |= PL_MARK_CONSTANT;
    return true;
}

static pl_status verify_flow(const struct subject *subject, const struct pl_file_place *place,
                             const struct pl_record *op)
{
    uint32_t count = 0;
    PL_TRY(verify_indices(subject, place, op, PL_Operator_inputs, -1));
    const int32_t *inputs = pl_record_vector(op, PL_Operator_inputs, &count);
    for (uint32_t i = 0; i < count; i++)
        PL_VERIFY(subject->verifier, inputs[i] < 0 || is_available(&subject->marks[inputs[i]]),
                  PL_AT(place, op, PL_Operator_inputs, i),
                  "found tensor %ld, which no operator before this one produces", (long)inputs[i]);
    PL_TRY(verify_indices(subject, place, op, PL_Operator_outputs, 0));
    const int32_t *outputs = pl_record_vector(op, PL_Operator_outputs, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *mark = &subject->marks[outputs[i]];
        const struct pl_file_place *at = PL_AT(place, op, PL_Operator_outputs, i);
        PL_VERIFY(subject->verifier, (*mark & PL_MARK_CONSTANT) == 0, at,
                  "found tensor %ld, which is a constant", (long)outputs[i]);
        PL_VERIFY(subject->verifier, (*mark & PL_MARK_INPUT) == 0, at,
                  "found tensor %ld, which is an input of the subgraph", (long)outputs[i]);
        PL_VERIFY(subject->verifier,
                  (*mark & PL_MARK_PRODUCED) == 0 || (*mark & PL_MARK_VARIABLE) != 0, at,
                  "found tensor %ld, which is produced already", (long)outputs[i]);
        *mark |= PL_MARK_PRODUCED;
    }
    return verify_indices(subject, place, op, PL_Operator_intermediates, -1);
}

/* ---- operators ------------------------------------------------------------------------------- */

static pl_status verify_options(const struct subject *subject, const struct pl_file_place *place,
                                const struct pl_record *op, int32_t code)
{
    static const enum pl_field fields[] = {PL_Operator_builtin_options,
                                           PL_Operator_builtin_options_2};
    enum pl_table expected = PL_TABLE_Model;
    if (!pl_schema_operator_options(code, &expected)) return PL_OK;
    for (int32_t i = 0; i < 2; i++) {
        const struct pl_record *options = pl_record_child(op, fields[i]);
        PL_VERIFY(subject->verifier, options == NULL || options->table == expected,
                  PL_AT(place, op, fields[i], PL_NO_INDEX), "found %s, expected %s for %s",
                  pl_schema_table_name(options->table), pl_schema_table_name(expected),
                  pl_schema_value_name(PL_ENUM_BuiltinOperator, code));
    }
    return PL_OK;
}

static pl_status verify_custom_options(const struct subject *subject,
                                       const struct pl_file_place *place,
                                       const struct pl_record *op)
{
    const size_t size = subject->verifier->model->file.size;
    const uint64_t offset =
        (uint64_t)pl_record_integer(op, PL_Operator_large_custom_options_offset);
    const uint64_t bytes = (uint64_t)pl_record_integer(op, PL_Operator_large_custom_options_size);
    uint32_t count = 0;
    if (pl_record_vector(op, PL_Operator_custom_options, &count) != NULL || offset <= 1)
        return PL_OK;
    PL_VERIFY(subject->verifier, offset <= size,
              PL_AT(place, op, PL_Operator_large_custom_options_offset, PL_NO_INDEX),
              "found %llu, the file has %zu bytes", (unsigned long long)offset, size);
    PL_VERIFY(subject->verifier, bytes <= size - offset,
              PL_AT(place, op, PL_Operator_large_custom_options_size, PL_NO_INDEX),
              "found %llu bytes from offset %llu on, the file has %zu bytes",
              (unsigned long long)bytes, (unsigned long long)offset, size);
    /* They are copied once per operator. */
    return pl_verify_spend(subject->verifier, place, bytes);
}

static pl_status verify_operator(const struct subject *subject, const struct pl_file_place *place,
                                 const struct pl_record *op)
{
    const struct pl_record *root = subject->verifier->model->root;
    const uint32_t codes = pl_verify_count(root, PL_Model_operator_codes);
    const int64_t index = pl_record_integer(op, PL_Operator_opcode_index);
    PL_VERIFY(
        subject->verifier, index < codes, PL_AT(place, op, PL_Operator_opcode_index, PL_NO_INDEX),
        "found operator code %lld, the model has %lu", (long long)index, (unsigned long)codes);
    const int32_t code =
        pl_model_operator_code(pl_record_item(root, PL_Model_operator_codes, (uint32_t)index));
    PL_TRY(verify_options(subject, place, op, code));
    PL_TRY(verify_custom_options(subject, place, op));
    return verify_flow(subject, place, op);
}

pl_status pl_verify_subgraph(struct pl_verifier *verifier, const struct pl_file_place *place,
                             const struct pl_record *subgraph, uint8_t *marks)
{
    const struct subject subject = {verifier, place, subgraph, marks,
                                    pl_verify_count(subgraph, PL_SubGraph_tensors)};
    PL_TRY(mark_inputs(&subject));
    for (uint32_t i = 0; i < pl_verify_count(subgraph, PL_SubGraph_operators); i++)
        PL_TRY(verify_operator(&subject, PL_AT(place, subgraph, PL_SubGraph_operators, i),
                               pl_record_item(subgraph, PL_SubGraph_operators, i)));
    uint32_t count = 0;
    const int32_t *outputs = pl_record_vector(subgraph, PL_SubGraph_outputs, &count);
    for (uint32_t i = 0; i < count; i++)
        PL_VERIFY(verifier, is_available(&marks[outputs[i]]),
                  PL_AT(place, subgraph, PL_SubGraph_outputs, i),
                  "found tensor %ld, which no operator produces", (long)outputs[i]);
    return PL_OK;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* What is known of a subgraph's calls once it was visited. */
struct call_facts {
    bool open; /* on the way from the subgraph where the walk began */
    bool done;
    int32_t depth;      /* of the calls below it */
    uint64_t operators; /* with those of all calls below it */
};

struct walk {
    struct pl_verifier *verifier;
    struct call_facts *facts; /* per subgraph */
    uint32_t subgraph_count;
};

static pl_status visit(struct walk *walk, const struct pl_file_place *from, uint32_t index,
                       int32_t depth);

static pl_status visit_call(struct walk *walk, const struct pl_file_place *place, int64_t callee,
                            uint32_t caller, int32_t depth)
{
    PL_VERIFY(walk->verifier, callee >= 0 && callee < walk->subgraph_count, place,
              "found subgraph %lld, the model has %lu", (long long)callee,
              (unsigned long)walk->subgraph_count);
    PL_TRY(visit(walk, place, (uint32_t)callee, depth + 1));
    struct call_facts *facts = &walk->facts[caller];
    const struct call_facts *below = &walk->facts[callee];
    if (facts->depth < below->depth + 1) facts->depth = below->depth + 1;
    facts->operators +=
        below->operators; /* each is limited, and calls are fewer than 2^32: no overflow */
    PL_VERIFY(walk->verifier, facts->operators <= LARGEST_EXPANSION, place,
              "found calls that need more than %ld operators when each call has its own",
              (long)LARGEST_EXPANSION);
    return PL_OK;
}

/* The options decide which subgraphs are called; an operator that must have them and has none
 * calls subgraph 0. */
static pl_status visit_operator(struct walk *walk, const struct pl_file_place *place,
                                const struct pl_record *op, uint32_t caller, int32_t depth)
{
    const struct pl_record *root = walk->verifier->model->root;
    const struct pl_record *code = pl_record_item(
        root, PL_Model_operator_codes, (uint32_t)pl_record_integer(op, PL_Operator_opcode_index));
    const struct pl_record *options = pl_record_child(op, PL_Operator_builtin_options);
    enum pl_field union_field = PL_Operator_builtin_options;
    if (options == NULL) {
        options = pl_record_child(op, PL_Operator_builtin_options_2);
        union_field = PL_Operator_builtin_options_2;
    }
    enum pl_table expected = PL_TABLE_Model;
    if (!pl_schema_operator_options(pl_model_operator_code(code), &expected)) return PL_OK;
    const int32_t first = pl_schema_first_field(expected);
    for (int32_t i = 0; i < pl_schema_field_count(expected); i++) {
        const enum pl_field field = (enum pl_field)(first + i);
        if (!pl_schema_names_subgraph(field)) continue;
        const struct pl_file_place *here = PL_AT(place, op, union_field, PL_NO_INDEX);
        PL_VERIFY(walk->verifier, options != NULL, here, "found no %s",
                  pl_schema_table_name(expected));
        if (pl_schema_field(field)->form == PL_FORM_NUMBER) {
            PL_TRY(visit_call(walk, PL_AT(here, options, field, PL_NO_INDEX),
                              pl_record_integer(options, field), caller, depth));
            continue;
        }
        uint32_t count = 0;
        const int32_t *callees = pl_record_vector(options, field, &count);
        for (uint32_t k = 0; k < count; k++)
            PL_TRY(visit_call(walk, PL_AT(here, options, field, k), callees[k], caller, depth));
    }
    return PL_OK;
}

/* Goes no deeper than the limit, so the stack is safe. */
static pl_status visit(struct walk *walk, const struct pl_file_place *from, uint32_t index,
                       int32_t depth)
{
    const struct pl_record *root = walk->verifier->model->root;
    struct call_facts *facts = &walk->facts[index];
    PL_VERIFY(walk->verifier, !facts->open, from, "found subgraph %lu, which calls itself this way",
              (unsigned long)index);
    PL_VERIFY(walk->verifier, depth + facts->depth <= PL_CALL_DEPTH_LIMIT, from,
              "found calls within calls deeper than %d", PL_CALL_DEPTH_LIMIT);
    if (facts->done) return PL_OK;
    const struct pl_record *subgraph = pl_record_item(root, PL_Model_subgraphs, index);
    const struct pl_file_place *place = PL_AT(NULL, root, PL_Model_subgraphs, index);
    const uint32_t count = pl_verify_count(subgraph, PL_SubGraph_operators);
    facts->open = true;
    facts->operators = 1 + (uint64_t)count;
    for (uint32_t i = 0; i < count; i++)
        PL_TRY(visit_operator(walk, PL_AT(place, subgraph, PL_SubGraph_operators, i),
                              pl_record_item(subgraph, PL_SubGraph_operators, i), index, depth));
    facts->open = false;
    facts->done = true;
    return PL_OK;
}

pl_status pl_verify_calls(struct pl_verifier *verifier)
{
    struct walk walk = {.verifier = verifier,
                        .subgraph_count =
                            pl_verify_count(verifier->model->root, PL_Model_subgraphs)};
    walk.facts = pl_region_array(&verifier->scratch, walk.subgraph_count, sizeof *walk.facts);
    if (walk.facts == NULL) return pl_verify_no_memory(verifier, NULL);
    for (uint32_t i = 0; i < walk.subgraph_count; i++) PL_TRY(visit(&walk, NULL, i, 0));
    return PL_OK;
}
