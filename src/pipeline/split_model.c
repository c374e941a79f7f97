/* SPDX-License-Identifier: Apache-2.0 */
/* A model becomes two: which operator goes where, and what passes between them. */
#include <string.h>
#include <unistd.h>

#include "pipeline/ends.h"
#include "pipeline/fuse_internal.h"
#include "pipeline/model_io.h"

/* What is known of an operator. */
enum {
    BEFORE = 1, /* a cut tensor depends on it */
    AFTER = 2,  /* it depends on a cut tensor, or what does needs it and no cut tensor does */
    FIXED = 4,  /* it always computes the same: both sides can have it */
    IN_FIRST = 8,
    IN_SECOND = 16
};

struct side {
    struct pl_assembly assembly;
    struct pl_source source;
    struct pl_saved saved;
    const struct pl_record *root;
};

struct split {
    const struct pl_split_request *request;
    struct pl_open_model model;
    struct side first;
    struct side second;
    uint8_t *marks;    /* per operator */
    int32_t *producer; /* per tensor: the operator, -1 none */
    bool *cut;         /* per tensor */
    bool *input;       /* per tensor: of the model */
    bool *wanted;      /* per tensor: scratch */
    int32_t *cuts;
    uint32_t operator_count;
    struct pl_error *error;
};

typedef bool (*tensor_test)(const struct split *split, int32_t tensor);

static const int32_t *ends_of(const struct split *split, uint32_t op, enum pl_field field,
                              uint32_t *count)
{
    return pl_record_vector(pl_record_item(split->first.source.primary, PL_SubGraph_operators, op),
                            field, count);
}

static const char *name_of(const struct split *split, int32_t tensor)
{
    return pl_end_tensor_name(&split->first.source, tensor);
}

/* Whether any input (or output) of the operator passes. */
static bool any_end(const struct split *split, uint32_t op, enum pl_field field, tensor_test test)
{
    uint32_t count = 0;
    const int32_t *tensors = ends_of(split, op, field, &count);
    for (uint32_t i = 0; i < count; i++)
        if (tensors[i] >= 0 && test(split, tensors[i])) return true;
    return false;
}

static void want_inputs(struct split *split, uint32_t op)
{
    uint32_t count = 0;
    const int32_t *tensors = ends_of(split, op, PL_Operator_inputs, &count);
    for (uint32_t i = 0; i < count; i++)
        if (tensors[i] >= 0) split->wanted[tensors[i]] = true;
}

static bool is_wanted(const struct split *split, int32_t tensor)
{
    return split->wanted[tensor];
}

static bool is_wanted_and_not_cut(const struct split *split, int32_t tensor)
{
    return split->wanted[tensor] && !split->cut[tensor];
}

/* A cut tensor, or what an operator after the cut produces. */
static bool comes_after(const struct split *split, int32_t tensor)
{
    if (split->cut[tensor]) return true;
    return split->producer[tensor] >= 0 && (split->marks[split->producer[tensor]] & AFTER) != 0;
}

/* ---- what was asked for ---------------------------------------------------------------------- */

static pl_status prepare(struct split *split, struct pl_memory *memory,
                         const struct pl_model_limits *limits)
{
    const struct pl_fuse_model *model = &split->request->model;
    PL_TRY(pl_assembly_init(&split->first.assembly, memory, split->error));
    PL_TRY(pl_assembly_init(&split->second.assembly, memory, split->error));
    PL_TRY(pl_open_model(memory, limits, model, &split->model, split->error));
    PL_TRY(pl_assembly_source(&split->first.assembly, model->name, split->model.model,
                              &split->first.source));
    PL_TRY(pl_assembly_source(&split->second.assembly, model->name, split->model.model,
                              &split->second.source));
    const struct pl_source *source = &split->first.source;
    struct pl_region *region = &split->first.assembly.region;
    split->operator_count = pl_record_count(source->primary, PL_SubGraph_operators);
    split->marks = pl_region_array(region, split->operator_count, 1);
    split->producer = pl_region_array(region, source->tensor_count, sizeof *split->producer);
    split->cut = pl_region_array(region, source->tensor_count, sizeof *split->cut);
    split->input = pl_region_array(region, source->tensor_count, sizeof *split->input);
    split->wanted = pl_region_array(region, source->tensor_count, sizeof *split->wanted);
    split->cuts = pl_region_array(region, split->request->tensor_count, sizeof *split->cuts);
    if (split->marks == NULL || split->producer == NULL || split->cut == NULL ||
        split->input == NULL || split->wanted == NULL || split->cuts == NULL)
        return pl_assembly_no_memory(&split->first.assembly);
    for (uint32_t i = 0; i < source->input_count; i++) split->input[source->inputs[i]] = true;
    for (uint32_t i = 0; i < source->tensor_count; i++) split->producer[i] = -1;
    for (uint32_t op = 0; op < split->operator_count; op++) {
        uint32_t count = 0;
        const int32_t *outputs = ends_of(split, op, PL_Operator_outputs, &count);
        for (uint32_t i = 0; i < count; i++) split->producer[outputs[i]] = (int32_t)op;
    }
    return PL_OK;
}

static pl_status find_cut(struct split *split, const char *name, int32_t *tensor)
{
    const uint32_t count = split->first.source.tensor_count;
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(name_of(split, (int32_t)i), name) != 0) continue;
        *tensor = (int32_t)i;
        found++;
    }
    PL_ENSURE(found < 2, split->error, PL_NOT_FOUND,
              "tensor '%s' is ambiguous: %lu have this name; use #index", name,
              (unsigned long)found);
    if (found == 1) return PL_OK;
    *tensor = pl_end_number(name);
    PL_ENSURE(*tensor >= 0 && (uint32_t)*tensor < count, split->error, PL_NOT_FOUND,
              "there is no tensor '%s' in the model's first subgraph, which has %lu", name,
              (unsigned long)count);
    return PL_OK;
}

/* Of a variable, a hash table or a list: not a value that could be handed over. */
static bool is_handle(const struct split *split, int32_t tensor)
{
    const struct pl_record *record = pl_record_item(split->first.source.primary,
                                                    PL_SubGraph_tensors, (uint32_t)tensor);
    const int64_t type = pl_record_integer(record, PL_Tensor_type);
    return type == PL_TensorType_RESOURCE || type == PL_TensorType_VARIANT;
}

static pl_status find_cuts(struct split *split)
{
    PL_ENSURE(split->request->tensor_count > 0, split->error, PL_INVALID_ARGUMENT,
              "there is no tensor to split at");
    for (size_t i = 0; i < split->request->tensor_count; i++) {
        PL_TRY(find_cut(split, split->request->tensors[i], &split->cuts[i]));
        const int32_t tensor = split->cuts[i];
        PL_ENSURE(!split->cut[tensor], split->error, PL_INVALID_ARGUMENT,
                  "tensor '%s' is given twice", name_of(split, tensor));
        PL_ENSURE(split->producer[tensor] >= 0, split->error, PL_MISMATCH,
                  "tensor '%s' is not what an operator produces: there is nothing before it",
                  name_of(split, tensor));
        PL_ENSURE(!is_handle(split, tensor), split->error, PL_MISMATCH,
                  "tensor '%s' is a handle, which means nothing outside of its model",
                  name_of(split, tensor));
        split->cut[tensor] = true;
    }
    return PL_OK;
}

/* ---- sides ----------------------------------------------------------------------------------- */

static bool is_fixed_tensor(const struct split *split, int32_t tensor)
{
    if (split->producer[tensor] >= 0) return (split->marks[split->producer[tensor]] & FIXED) != 0;
    size_t bytes = 0;
    const struct pl_source *source = &split->first.source;
    return pl_model_tensor_bytes(
               source->model,
               pl_record_item(source->primary, PL_SubGraph_tensors, (uint32_t)tensor),
               &bytes) != NULL;
}

static bool is_open_tensor(const struct split *split, int32_t tensor)
{
    return !is_fixed_tensor(split, tensor);
}

static void mark_fixed(struct split *split)
{
    for (uint32_t op = 0; op < split->operator_count; op++) {
        const struct pl_source *source = &split->first.source;
        const struct pl_record *record = pl_record_item(source->primary, PL_SubGraph_operators, op);
        if (pl_shared_is_pure(source, record) &&
            !any_end(split, op, PL_Operator_inputs, is_open_tensor))
            split->marks[op] |= FIXED;
    }
}

static void clear_wanted(struct split *split)
{
    memset(split->wanted, 0, split->first.source.tensor_count * sizeof *split->wanted);
}

static void mark_before(struct split *split)
{
    clear_wanted(split);
    for (size_t i = 0; i < split->request->tensor_count; i++) split->wanted[split->cuts[i]] = true;
    for (uint32_t op = split->operator_count; op-- > 0;) {
        if (!any_end(split, op, PL_Operator_outputs, is_wanted)) continue;
        split->marks[op] |= BEFORE;
        want_inputs(split, op);
    }
}

static bool is_wanted_input(const struct split *split, int32_t tensor)
{
    return split->input[tensor] && split->wanted[tensor];
}

/* Whether an operator has to be on the second side for what it reads. `wanted` is what that side
 * reads so far: an input of the model is on one side only. */
static bool follows(const struct split *split, uint32_t op)
{
    if ((split->marks[op] & (AFTER | FIXED)) != 0) return false;
    if (any_end(split, op, PL_Operator_inputs, comes_after)) return true;
    return (split->marks[op] & BEFORE) == 0 &&
           any_end(split, op, PL_Operator_inputs, is_wanted_input);
}

/* What needs the cut tensors, what only that needs, and so on. */
static void mark_after(struct split *split)
{
    clear_wanted(split);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t op = 0; op < split->operator_count; op++) {
            if (!follows(split, op)) continue;
            split->marks[op] |= AFTER;
            changed = true;
        }
        clear_wanted(split);
        for (uint32_t op = split->operator_count; op-- > 0;) {
            const bool needed = any_end(split, op, PL_Operator_outputs, is_wanted_and_not_cut);
            if ((split->marks[op] & (AFTER | BEFORE | FIXED)) == 0 && needed) {
                split->marks[op] |= AFTER;
                changed = true;
            }
            if ((split->marks[op] & AFTER) != 0) want_inputs(split, op);
        }
    }
}

static pl_status check_cuts(const struct split *split)
{
    for (size_t i = 0; i < split->request->tensor_count; i++) {
        const int32_t tensor = split->cuts[i];
        PL_ENSURE((split->marks[split->producer[tensor]] & AFTER) == 0, split->error, PL_MISMATCH,
                  "tensor '%s' depends on another tensor of the cut", name_of(split, tensor));
    }
    return PL_OK;
}

/* An operator without inputs and outputs prepares variables: it goes where they are. */
static pl_status place_initializers(struct split *split)
{
    struct pl_assembly *assembly = &split->first.assembly;
    struct pl_record_list second = {0};
    for (uint32_t op = 0; op < split->operator_count; op++)
        if ((split->marks[op] & AFTER) != 0)
            PL_TRY(pl_resources_of(assembly, &split->first.source, op, &second));
    for (uint32_t op = 0; op < split->operator_count; op++) {
        uint32_t inputs = 0, outputs = 0;
        struct pl_record_list own = {0};
        (void)ends_of(split, op, PL_Operator_inputs, &inputs);
        (void)ends_of(split, op, PL_Operator_outputs, &outputs);
        if (inputs + outputs > 0) continue;
        PL_TRY(pl_resources_of(assembly, &split->first.source, op, &own));
        if (pl_resources_shared(&own, &second) != NULL) split->marks[op] |= AFTER;
    }
    return PL_OK;
}

/* Which operators each side has: its own, and the fixed ones it needs. */
static void choose_side(struct split *split, uint8_t in, bool second)
{
    clear_wanted(split);
    for (size_t i = 0; !second && i < split->request->tensor_count; i++)
        split->wanted[split->cuts[i]] = true;
    for (uint32_t i = 0; i < split->first.source.output_count; i++) {
        const int32_t output = split->first.source.outputs[i];
        const bool fixed =
            split->producer[output] >= 0 && (split->marks[split->producer[output]] & FIXED) != 0;
        if (!second && fixed) split->wanted[output] = true;
    }
    for (uint32_t op = split->operator_count; op-- > 0;) {
        const bool own =
            (split->marks[op] & FIXED) == 0 && ((split->marks[op] & AFTER) != 0) == second;
        const bool needed =
            (split->marks[op] & FIXED) != 0 &&
            any_end(split, op, PL_Operator_outputs, second ? is_wanted_and_not_cut : is_wanted);
        if (!own && !needed) continue;
        split->marks[op] |= in;
        want_inputs(split, op);
    }
}

static bool uses(const struct split *split, int32_t tensor, uint8_t in)
{
    for (uint32_t op = 0; op < split->operator_count; op++) {
        uint32_t count = 0;
        const int32_t *inputs = ends_of(split, op, PL_Operator_inputs, &count);
        for (uint32_t i = 0; (split->marks[op] & in) != 0 && i < count; i++)
            if (inputs[i] == tensor) return true;
    }
    return false;
}

/* Whether what the second side takes is there: constants, its own, the cut. */
static pl_status check_input(const struct split *split, int32_t tensor)
{
    if (split->cut[tensor] || is_fixed_tensor(split, tensor)) return PL_OK;
    const int32_t producer = split->producer[tensor];
    const bool elsewhere =
        producer >= 0 ? (split->marks[producer] & IN_SECOND) == 0 : uses(split, tensor, IN_FIRST);
    const struct pl_record *record =
        pl_record_item(split->first.source.primary, PL_SubGraph_tensors, (uint32_t)tensor);
    const bool state = producer < 0 && (split->input[tensor] ||
                                        pl_record_integer(record, PL_Tensor_is_variable) != 0);
    PL_ENSURE(!elsewhere || (producer < 0 && !state), split->error, PL_MISMATCH,
              "tensor '%s' (#%ld) is needed on both sides; split at it too, or elsewhere",
              name_of(split, tensor), (long)tensor);
    return PL_OK;
}

static pl_status check_sides(struct split *split)
{
    struct pl_record_list first = {0}, second = {0};
    uint32_t in_first = 0, in_second = 0;
    for (uint32_t op = 0; op < split->operator_count; op++) {
        uint32_t count = 0;
        const int32_t *inputs = ends_of(split, op, PL_Operator_inputs, &count);
        const bool there = (split->marks[op] & IN_SECOND) != 0;
        in_first += (split->marks[op] & IN_FIRST) != 0;
        in_second += there;
        for (uint32_t i = 0; there && i < count; i++)
            if (inputs[i] >= 0) PL_TRY(check_input(split, inputs[i]));
        PL_TRY(pl_resources_of(&split->first.assembly, &split->first.source, op,
                               there ? &second : &first));
    }
    PL_ENSURE(in_first > 0 && in_second > 0, split->error, PL_MISMATCH,
              "no operator depends on tensor '%s'", name_of(split, split->cuts[0]));
    const struct pl_record *shared = pl_resources_shared(&first, &second);
    PL_ENSURE(shared == NULL, split->error, PL_MISMATCH, "variable '%s' is used on both sides",
              shared->table == PL_TABLE_VarHandleOptions
                  ? pl_record_text(shared, PL_VarHandleOptions_shared_name)
                  : "");
    return PL_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_second_output(const struct split *split, int32_t tensor)
{
    if (split->cut[tensor]) return false;
    if (split->producer[tensor] >= 0)
        return (split->marks[split->producer[tensor]] & IN_FIRST) == 0;
    return split->input[tensor] && !uses(split, tensor, IN_FIRST) && uses(split, tensor, IN_SECOND);
}

static pl_status add_inputs(struct split *split, struct side *side, bool second)
{
    const struct pl_source *source = &split->first.source;
    for (size_t i = 0; second && i < split->request->tensor_count; i++)
        if (uses(split, split->cuts[i], IN_SECOND))
            PL_TRY(pl_assembly_end(&side->assembly, &side->source, split->cuts[i], false));
    for (uint32_t i = 0; i < source->input_count; i++)
        if (second == (uses(split, source->inputs[i], IN_SECOND) &&
                       !uses(split, source->inputs[i], IN_FIRST)))
            PL_TRY(pl_assembly_end(&side->assembly, &side->source, source->inputs[i], false));
    return PL_OK;
}

static pl_status add_outputs(struct split *split, struct side *side, bool second)
{
    const struct pl_source *source = &split->first.source;
    for (uint32_t i = 0; i < source->output_count; i++)
        if (second == is_second_output(split, source->outputs[i]))
            PL_TRY(pl_assembly_end(&side->assembly, &side->source, source->outputs[i], true));
    for (size_t i = 0; !second && i < split->request->tensor_count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < source->output_count; k++)
            known = known || source->outputs[k] == split->cuts[i];
        if (!known) PL_TRY(pl_assembly_end(&side->assembly, &side->source, split->cuts[i], true));
    }
    return PL_OK;
}

static pl_status build_side(struct split *split, struct side *side, bool second)
{
    PL_TRY(add_inputs(split, side, second));
    for (uint32_t op = 0; op < split->operator_count; op++)
        if ((split->marks[op] & (second ? IN_SECOND : IN_FIRST)) != 0)
            PL_TRY(pl_assembly_operator(&side->assembly, &side->source, op));
    PL_TRY(add_outputs(split, side, second));
    PL_TRY(pl_assembly_sign(&side->assembly, &side->source, 1, false));
    PL_TRY(pl_assembly_describe(&side->assembly, &side->source, 1, "", false));
    return pl_assembly_finish(&side->assembly, &side->root);
}

static pl_status split_all(struct split *split, struct pl_memory *memory,
                           const struct pl_model_limits *limits)
{
    PL_TRY(prepare(split, memory, limits));
    PL_TRY(find_cuts(split));
    mark_fixed(split);
    mark_before(split);
    mark_after(split);
    PL_TRY(check_cuts(split));
    PL_TRY(place_initializers(split));
    choose_side(split, IN_FIRST, false);
    choose_side(split, IN_SECOND, true);
    PL_TRY(check_sides(split));
    PL_TRY(build_side(split, &split->first, false));
    return build_side(split, &split->second, true);
}

static pl_status save_all(struct split *split, struct pl_memory *memory,
                          const struct pl_model_limits *limits, const char *first_path,
                          const char *second_path)
{
    PL_ENSURE(strcmp(first_path, second_path) != 0, split->error, PL_INVALID_ARGUMENT,
              "both files have one name, '%s'", first_path);
    PL_TRY(pl_save_model(memory, limits, split->first.root, first_path, &split->first.saved,
                         split->error));
    PL_TRY(pl_save_model(memory, limits, split->second.root, second_path, &split->second.saved,
                         split->error));
    PL_TRY(pl_saved_place(&split->first.saved, first_path, split->error));
    const pl_status status = pl_saved_place(&split->second.saved, second_path, split->error);
    if (status != PL_OK) (void)unlink(first_path);
    return status;
}

pl_status pl_split(struct pl_memory *memory, const struct pl_model_limits *limits,
                   const struct pl_split_request *request, const char *first_path,
                   const char *second_path, struct pl_error *error)
{
    struct split split = {.request = request, .error = error};
    pl_status status = split_all(&split, memory, limits);
    if (status == PL_OK) status = save_all(&split, memory, limits, first_path, second_path);
    pl_saved_clear(&split.first.saved);
    pl_saved_clear(&split.second.saved);
    pl_close_model(&split.model);
    if (split.first.assembly.region.memory != NULL) pl_assembly_clear(&split.first.assembly);
    if (split.second.assembly.region.memory != NULL) pl_assembly_clear(&split.second.assembly);
    return status;
}
