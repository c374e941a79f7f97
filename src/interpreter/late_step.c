/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that are prepared while running, because shapes depend on data. What was prepared is kept and serves again while
 * the shapes of the inputs, and what bytes it read, are the same; its memory is used again in any case. So a model whose
 * shapes settle allocates nothing any more. */
#include <assert.h>
#include <string.h>

#include "base/checked.h"
#include "interpreter/models/models.h"
#include "interpreter/run.h"

/* Shapes, axes and sizes are small. What read more is prepared anew every time. */
enum { MOST_READ_BYTES = 256 };

struct pl_late_step {
    struct pl_region region; /* everything that is prepared */
    struct pl_step step;
    struct pl_late_value *inputs;  /* as it was prepared for */
    struct pl_late_value *outputs; /* not known: eval says */
    size_t scratch_bytes;
    uint32_t read_inputs;
    size_t read_bytes;
    unsigned char read[MOST_READ_BYTES]; /* the bytes of those inputs, one behind the other */
    bool prepared;                       /* and nothing says that it must be prepared anew */
};

/* ---- the life of it ----------------------------------------------------------------------------------------------- */

static bool fill(struct pl_late *late, const struct pl_program *program)
{
    struct pl_region *region = &late->region;
    struct pl_late_slot *own = pl_region_array(region, (size_t)program->late_tensor_count, sizeof *own);
    late->slots = pl_region_array(region, (size_t)program->late_tensor_count, sizeof late->slots[0]);
    late->steps = pl_region_array(region, (size_t)program->late_step_count, sizeof late->steps[0]);
    if (own == NULL || late->slots == NULL || late->steps == NULL) return false;
    for (int32_t i = 0; i < program->late_tensor_count; i++) late->slots[i] = &own[i];
    late->step_count = program->late_step_count;
    for (int32_t i = 0; i < late->step_count; i++) pl_region_init(&late->steps[i].region, region->memory);
    return true;
}

bool pl_late_create(struct pl_memory *memory, const struct pl_program *program, struct pl_late **late)
{
    *late = NULL;
    if (program->late_tensor_count == 0 && program->late_step_count == 0) return true;
    struct pl_late *fresh = pl_allocate_zero(memory, sizeof *fresh);
    if (fresh == NULL) return false;
    pl_region_init(&fresh->region, memory);
    if (!fill(fresh, program)) {
        pl_late_destroy(memory, fresh);
        return false;
    }
    *late = fresh;
    return true;
}

void pl_late_destroy(struct pl_memory *memory, struct pl_late *late)
{
    if (late == NULL) return;
    for (int32_t i = 0; i < late->step_count; i++) pl_region_clear(&late->steps[i].region);
    pl_region_clear(&late->region);
    pl_free(memory, late, sizeof *late);
}

/* ---- tensors ------------------------------------------------------------------------------------------------------ */

struct pl_late_value pl_late_look(const struct pl_run *run, const struct pl_planned_tensor *tensor)
{
    if (tensor->late >= 0) return run->late->slots[tensor->late]->value;
    return (struct pl_late_value){tensor->value.shape, tensor->bytes, true};
}

static pl_status reserve(struct pl_run *run, struct pl_sized *memory, size_t bytes, uint32_t base)
{
    /* Something without bytes has an address all the same. */
    if (bytes > run->interpreter->options.tensor_limit_bytes ||
        !pl_sized_reserve(run->interpreter->memory, memory, bytes == 0 ? 1 : bytes))
        return pl_fail(run->error, PL_OUT_OF_MEMORY, "no memory left for a tensor of %zu bytes", bytes);
    run->bases[base] = memory->data;
    return PL_OK;
}

pl_status pl_late_set(struct pl_run *run, const struct pl_planned_tensor *tensor, const struct pl_late_value *value)
{
    struct pl_late_slot *slot = run->late->slots[tensor->late];
    struct pl_sized *memory = tensor->slot >= 0 ? &slot->memory : &run->lane->memories[tensor->late_memory];
    slot->value.known = false;
    PL_TRY(reserve(run, memory, value->bytes, tensor->location.base));
    slot->value = *value;
    slot->value.known = true;
    return PL_OK;
}

/* ---- is it prepared for what there is now ------------------------------------------------------------------------- */

static bool same_inputs(const struct pl_run *run, const struct pl_block *block, const struct pl_late_step *late)
{
    const struct pl_operator *op = late->step.op;
    for (int32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] < 0) continue;
        const struct pl_late_value now = pl_late_look(run, &block->tensors[op->inputs[i]]);
        if (now.bytes != late->inputs[i].bytes || !pl_shape_equal(&now.shape, &late->inputs[i].shape)) return false;
    }
    return true;
}

/* Compares what was read with what there is now, or keeps it; false if it differs, or is too much to be kept. */
static bool go_through_read(const struct pl_run *run, const struct pl_step *step, struct pl_late_step *late, bool keep)
{
    size_t at = 0;
    for (int32_t i = 0; i < step->input_count; i++) {
        if ((late->read_inputs >> i & 1) == 0) continue;
        const size_t bytes = late->inputs[i].bytes;
        if (bytes > MOST_READ_BYTES - at) return false;
        const void *now = pl_run_resolve(run, step->locations[i]);
        if (keep) memcpy(late->read + at, now, bytes);
        else if (memcmp(late->read + at, now, bytes) != 0) return false;
        at += bytes;
    }
    return true;
}

static bool is_ready(const struct pl_run *run, const struct pl_block *block, const struct pl_step *step,
                     struct pl_late_step *late)
{
    return late->prepared && same_inputs(run, block, late) && go_through_read(run, step, late, false);
}

static pl_status check_inputs(const struct pl_run *run, const struct pl_block *block, const struct pl_operator *op)
{
    for (int32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] < 0 || pl_late_look(run, &block->tensors[op->inputs[i]]).known) continue;
        return pl_fail(run->error, PL_RUN_ERROR, "operator %d (%s): input %d '%s' has no value yet: feed it, or run what "
                       "produces it first", (int)op->index, pl_operator_name(op), (int)i,
                       block->tensors[op->inputs[i]].value.tensor->name);
    }
    return PL_OK;
}

/* ---- state -------------------------------------------------------------------------------------------------------- */

/* What prepare->plan points to. */
struct preparing {
    struct pl_run *run;
    const struct pl_block *block;
};

/* State is the model's, under its key or its operator's number, as that of steps which the plan prepared. The list of
 * buffers is read by others meanwhile. */
static struct pl_buffer *find_state(struct pl_run *run, const struct pl_block *block, const struct pl_prepare *prepare,
                                    int32_t index)
{
    const struct pl_state *state = &prepare->states[index];
    const struct pl_slot slot = {.member = block->nested ? block->member : prepare->op->member,
                                 .subgraph = block->own_subgraph,
                                 .tensor = -1,
                                 .operator_index = prepare->op->index,
                                 .state_index = index,
                                 .state_key = state->key,
                                 .bytes = state->bytes,
                                 .is_state = true,
                                 .sized = state->sized};
    struct pl_interpreter *interpreter = run->interpreter;
    struct pl_instance *instance = pl_unit_plan_member(run->plan, &slot);
    pl_lock(interpreter);
    struct pl_buffer *buffer = pl_buffer_find(instance, &slot);
    if (buffer == NULL) {
        buffer = pl_buffer_create(interpreter->memory, &slot);
        if (buffer != NULL) {
            buffer->next = instance->buffers;
            instance->buffers = buffer;
        }
    } else if (!pl_buffer_fit(interpreter->memory, buffer, &slot)) {
        buffer = NULL;
    }
    pthread_mutex_unlock(&interpreter->lock);
    return buffer;
}

static const struct pl_sized *look_at_state(struct pl_prepare *prepare, int32_t index)
{
    const struct preparing *preparing = prepare->plan;
    const struct pl_buffer *buffer = find_state(preparing->run, preparing->block, prepare, index);
    return buffer == NULL ? NULL : buffer->own;
}

static const struct pl_late_services services = {look_at_state};

/* ---- preparing ---------------------------------------------------------------------------------------------------- */

static pl_status no_memory(const struct pl_run *run, const struct pl_operator *op)
{
    return pl_fail(run->error, PL_OUT_OF_MEMORY, "operator %d (%s): no memory left to prepare it", (int)op->index,
                   pl_operator_name(op));
}

/* What prepare gets; everything in the step's region. */
struct arguments {
    struct pl_value *values; /* inputs, then outputs */
    struct pl_value **places;
    const void **data;
};

static bool gather_arguments(const struct pl_run *run, const struct pl_block *block, const struct pl_step *step,
                             struct pl_late_step *late, struct arguments *arguments)
{
    const struct pl_operator *op = step->op;
    const size_t count = (size_t)op->input_count + (size_t)op->output_count;
    arguments->values = pl_region_array(&late->region, count, sizeof arguments->values[0]);
    arguments->places = pl_region_array(&late->region, count, sizeof arguments->places[0]);
    arguments->data = pl_region_array(&late->region, (size_t)op->input_count, sizeof arguments->data[0]);
    late->inputs = pl_region_array(&late->region, (size_t)op->input_count, sizeof late->inputs[0]);
    late->outputs = pl_region_array(&late->region, (size_t)op->output_count, sizeof late->outputs[0]);
    if (arguments->values == NULL || arguments->places == NULL || arguments->data == NULL || late->inputs == NULL ||
        late->outputs == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const bool is_input = i < (size_t)op->input_count;
        const int32_t tensor = is_input ? op->inputs[i] : op->outputs[i - (size_t)op->input_count];
        if (tensor < 0) continue;
        struct pl_value *value = arguments->places[i] = &arguments->values[i];
        *value = block->tensors[tensor].value;
        value->late = false;
        if (!is_input) continue;
        late->inputs[i] = pl_late_look(run, &block->tensors[tensor]);
        value->shape = late->inputs[i].shape;
        value->bytes = late->inputs[i].bytes;
        arguments->data[i] = pl_run_resolve(run, step->locations[i]);
    }
    return true;
}

static pl_status take_outputs(const struct pl_run *run, struct pl_prepare *prepare, struct pl_late_step *late)
{
    const size_t limit = run->interpreter->options.tensor_limit_bytes;
    for (int32_t i = 0; i < prepare->output_count; i++) {
        const struct pl_value *value = prepare->outputs[i];
        if (value == NULL) continue;
        struct pl_late_value *output = &late->outputs[i];
        *output = (struct pl_late_value){.shape = value->shape, .known = !value->late};
        char text[PL_SHAPE_TEXT_BYTES];
        if (output->known && (!pl_value_bytes(value, &output->bytes) || output->bytes > limit))
            return pl_prepare_fail(prepare, PL_OUT_OF_MEMORY,
                                   "output %d '%s' %s is larger than the limit of %zu bytes for one tensor", (int)i,
                                   value->tensor->name, pl_shape_text(&value->shape, text), limit);
    }
    return PL_OK;
}

/* Offsets of scratch in the block's memory for it. */
static bool place_scratch(const struct pl_run *run, const struct pl_block *block, const struct pl_prepare *prepare,
                          struct pl_late_step *late, struct pl_location *at, size_t *worker_bytes)
{
    late->scratch_bytes = 0;
    for (int32_t i = 0; i < prepare->scratch_count; i++) {
        size_t rounded = 0;
        size_t total = 0;
        at[i] = (struct pl_location){late->scratch_bytes, block->late_scratch_base};
        if (!pl_size_round_up(prepare->scratch[i].bytes, PL_ALIGNMENT, &rounded)) return false;
        if (prepare->scratch[i].per_worker) worker_bytes[i] = rounded;
        const size_t workers = prepare->scratch[i].per_worker ? (size_t)run->program->workers : 1;
        if (!pl_size_multiply(rounded, workers, &total) ||
            !pl_size_add(late->scratch_bytes, total, &late->scratch_bytes))
            return false;
    }
    return true;
}

static pl_status make_step(struct pl_run *run, const struct pl_block *block, const struct pl_step *step,
                           const struct pl_prepare *prepare, struct pl_late_step *late)
{
    const int32_t ends = prepare->input_count + prepare->output_count;
    const int32_t count = ends + prepare->scratch_count + prepare->state_count;
    struct pl_location *locations = pl_region_array(&late->region, (size_t)count, sizeof *locations);
    size_t *worker_bytes = pl_region_array(&late->region, PL_MAX_SCRATCH, sizeof *worker_bytes);
    const struct pl_stage *stages = pl_region_copy(&late->region, prepare->stages, sizeof prepare->stages);
    struct pl_pace *paces = pl_region_array(&late->region, PL_MAX_STAGES, sizeof *paces);
    if (locations == NULL || worker_bytes == NULL || stages == NULL || paces == NULL) return no_memory(run, step->op);
    memcpy(locations, step->locations, (size_t)ends * sizeof *locations);
    for (int32_t i = 0; i < prepare->input_count && i < 32; i++)
        if ((prepare->packed_inputs >> i & 1) != 0) locations[i] = (struct pl_location){0, PL_BASE_ADDRESS};
    if (!place_scratch(run, block, prepare, late, locations + ends, worker_bytes)) return no_memory(run, step->op);
    for (int32_t i = 0; i < prepare->state_count; i++) {
        const struct pl_buffer *buffer = find_state(run, block, prepare, i);
        if (buffer == NULL) return no_memory(run, step->op);
        locations[ends + prepare->scratch_count + i] =
            (struct pl_location){(uint64_t)(uintptr_t)buffer->data, PL_BASE_ADDRESS};
    }
    late->step = *step;
    late->step.params = prepare->params;
    late->step.locations = locations;
    late->step.worker_bytes = worker_bytes;
    late->step.stages = stages;
    late->step.paces = paces;
    late->step.scratch_count = prepare->scratch_count;
    late->step.state_count = prepare->state_count;
    late->step.stage_count = prepare->stage_count;
    return PL_OK;
}

static pl_status prepare_step(struct pl_run *run, const struct pl_block *block, const struct pl_step *step,
                              struct pl_late_step *late)
{
    const struct pl_operator *op = step->op;
    struct arguments arguments = {0};
    struct preparing preparing = {run, block};
    late->prepared = false;
    pl_region_rewind(&late->region);
    if (!gather_arguments(run, block, step, late, &arguments)) return no_memory(run, op);
    struct pl_prepare prepare = {.op_def = step->op_def,
                                 .op = op,
                                 .user_node = step->user_node,
                                 .graph = run->program->graph,
                                 .input_count = op->input_count,
                                 .output_count = op->output_count,
                                 .inputs = arguments.places,
                                 .outputs = arguments.places + op->input_count,
                                 .kernels = run->interpreter->options.kernels,
                                 .region = &late->region,
                                 .error = run->error,
                                 .plan = &preparing,
                                 .data = arguments.data,
                                 .late = &services,
                                 .view_of_input = -1};
    const pl_status status = step->op_def->prepare(&prepare);
    if (status == PL_LATE) return pl_prepare_fail(&prepare, PL_UNSUPPORTED, "its shapes cannot be known");
    PL_TRY(status);
    PL_TRY(take_outputs(run, &prepare, late));
    PL_TRY(make_step(run, block, step, &prepare, late));
    late->read_inputs = prepare.read_inputs;
    late->prepared = !prepare.read_state && go_through_read(run, step, late, true);
    return PL_OK;
}

static pl_status give_memory(struct pl_run *run, const struct pl_block *block, const struct pl_late_step *late)
{
    const struct pl_operator *op = late->step.op;
    for (int32_t i = 0; i < op->output_count; i++) {
        if (op->outputs[i] < 0) continue;
        const struct pl_planned_tensor *tensor = &block->tensors[op->outputs[i]];
        if (late->outputs[i].known) PL_TRY(pl_late_set(run, tensor, &late->outputs[i]));
        else run->late->slots[tensor->late]->value.known = false;
    }
    return reserve(run, &run->lane->memories[block->late_scratch], late->scratch_bytes, block->late_scratch_base);
}

pl_status pl_late_prepare(struct pl_run *run, const struct pl_block *block, const struct pl_step *step,
                          const struct pl_step **ready)
{
    struct pl_late_step *late = &run->late->steps[step->late];
    PL_TRY(check_inputs(run, block, step->op));
    if (!is_ready(run, block, step, late)) PL_TRY(prepare_step(run, block, step, late));
    *ready = &late->step;
    if (give_memory(run, block, late) == PL_OK) return PL_OK;
    return pl_fail_at(run->error, "operator %d (%s)", (int)step->op->index, pl_operator_name(step->op));
}
