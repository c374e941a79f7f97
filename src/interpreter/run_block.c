/* SPDX-License-Identifier: Apache-2.0 */
/* Subgraphs that operators run, and what else operators ask for while they run. */
#include <string.h>

#include "interpreter/models/models.h"
#include "interpreter/run.h"

/* ---- the running operator's own tensors --------------------------------------------------------------------------- */

static struct pl_now now_of(const struct pl_run *run, const struct pl_planned_tensor *tensor)
{
    const struct pl_late_value value = pl_late_look(run, tensor);
    return (struct pl_now){pl_run_resolve(run, tensor->location), value.known ? value.bytes : 0, value.shape};
}

static void look_at_input(const struct pl_eval *eval, int32_t index, struct pl_now *now)
{
    const struct pl_frame *frame = eval->run;
    const int32_t tensor = frame->step->op->inputs[index];
    *now = tensor < 0 ? (struct pl_now){0} : now_of(frame->run, &frame->block->tensors[tensor]);
}

static pl_status set_output(const struct pl_eval *eval, int32_t index, const struct pl_shape *shape, size_t bytes)
{
    const struct pl_frame *frame = eval->run;
    const struct pl_planned_tensor *tensor = &frame->block->tensors[frame->step->op->outputs[index]];
    struct pl_value value = {.tensor = tensor->value.tensor, .shape = *shape, .bytes = bytes};
    struct pl_late_value late = {.shape = *shape};
    char text[PL_SHAPE_TEXT_BYTES];
    if (tensor->late < 0 || !pl_value_bytes(&value, &late.bytes))
        return pl_eval_fail(eval, "output %d '%s' cannot get shape %s", (int)index, value.tensor->name,
                            pl_shape_text(shape, text));
    PL_TRY(pl_late_set(frame->run, tensor, &late));
    frame->pointers[frame->step->input_count + index] = pl_run_resolve(frame->run, tensor->location);
    return PL_OK;
}

static pl_status resize_state(const struct pl_eval *eval, struct pl_sized *state, size_t bytes)
{
    const struct pl_frame *frame = eval->run;
    const struct pl_interpreter *interpreter = frame->run->interpreter;
    if (bytes <= interpreter->options.tensor_limit_bytes && pl_sized_resize(interpreter->memory, state, bytes))
        return PL_OK;
    return pl_fail(eval->error, PL_OUT_OF_MEMORY, "no memory left for a state of %zu bytes", bytes);
}

/* ---- a block's ends ----------------------------------------------------------------------------------------------- */

static struct pl_planned_tensor *input_of(const struct pl_block *block, int32_t index)
{
    return &block->tensors[block->subgraph->inputs[index]];
}

static struct pl_planned_tensor *output_of(const struct pl_block *block, int32_t index)
{
    return &block->tensors[block->subgraph->outputs[index]];
}

static uint32_t output_base(const struct pl_block *block, int32_t index)
{
    return block->first_base + (uint32_t)(block->subgraph->input_count + index);
}

static void give_input(const struct pl_run *run, const struct pl_block *block, int32_t index, const struct pl_now *now)
{
    const struct pl_planned_tensor *tensor = input_of(block, index);
    run->bases[block->first_base + (uint32_t)index] = now->data;
    if (tensor->late >= 0)
        run->late->slots[tensor->late]->value = (struct pl_late_value){now->shape, now->bytes, true};
}

/* Memory of the block's own for an output that has no place. */
static pl_status keep_output(struct pl_run *run, const struct pl_block *block, int32_t index, size_t bytes, void **data)
{
    struct pl_sized *memory = &run->lane->memories[block->first_output_memory + index];
    if (bytes > run->interpreter->options.tensor_limit_bytes ||
        !pl_sized_reserve(run->interpreter->memory, memory, bytes == 0 ? 1 : bytes))
        return pl_fail(run->error, PL_OUT_OF_MEMORY, "no memory left for a tensor of %zu bytes", bytes);
    *data = memory->data;
    return PL_OK;
}

static bool is_input(const struct pl_block *block, int32_t tensor)
{
    for (int32_t i = 0; i < block->subgraph->input_count; i++)
        if (block->subgraph->inputs[i] == tensor) return true;
    return false;
}

/* An output that is an input, a constant, or another output is not written by a step: copy it. */
static void copy_output(const struct pl_run *run, const struct pl_block *block, int32_t index)
{
    const struct pl_planned_tensor *tensor = output_of(block, index);
    const uint32_t base = output_base(block, index);
    if (tensor->late >= 0 || tensor->bytes == 0) return;
    if (tensor->location.base == base && tensor->location.offset == 0) return;
    memcpy(run->bases[base], pl_run_resolve(run, tensor->location), tensor->bytes);
}

static pl_status run_steps(struct pl_run *run, const struct pl_block *block, void *arena)
{
    PL_TRY(pl_run_go_on(run, run->error));
    run->bases[block->arena_base] = arena;
    for (int32_t i = 0; i < block->step_count; i++)
        if (block->steps[i].op_def != NULL) PL_TRY(pl_run_step(run, block, &block->steps[i]));
    for (int32_t i = 0; i < block->subgraph->output_count; i++) copy_output(run, block, i);
    return PL_OK;
}

/* ---- running one -------------------------------------------------------------------------------------------------- */

/* Where output `index` of the block belongs, as far as that is known before it runs. */
static pl_status place_output(const struct pl_eval *eval, const struct pl_block *block, int32_t index)
{
    const struct pl_frame *frame = eval->run;
    const struct pl_planned_tensor *inner = output_of(block, index);
    const struct pl_planned_tensor *outer = &frame->block->tensors[frame->step->op->outputs[index]];
    if (inner->late >= 0) return PL_OK;
    if (outer->late >= 0) PL_TRY(set_output(eval, index, &inner->value.shape, inner->bytes));
    frame->run->bases[output_base(block, index)] = eval->outputs[index];
    return PL_OK;
}

static pl_status call_block(const struct pl_eval *eval, const struct pl_block *block, int32_t first_input, void *arena)
{
    const struct pl_frame *frame = eval->run;
    struct pl_run *run = frame->run;
    for (int32_t i = 0; i < block->subgraph->input_count; i++) {
        struct pl_now now;
        look_at_input(eval, first_input + i, &now);
        give_input(run, block, i, &now);
    }
    for (int32_t i = 0; i < block->subgraph->output_count; i++) PL_TRY(place_output(eval, block, i));
    PL_TRY(run_steps(run, block, arena));
    for (int32_t i = 0; i < block->subgraph->output_count; i++) {
        if (output_of(block, i)->late < 0) continue;
        const struct pl_now now = now_of(run, output_of(block, i));
        PL_TRY(set_output(eval, i, &now.shape, now.bytes));
        if (now.bytes > 0) memcpy(eval->outputs[i], now.data, now.bytes);
    }
    return PL_OK;
}

/* An input that comes out again is copied: whoever runs the block may write over it before it looks at all outputs. */
static pl_status take_output(struct pl_run *run, const struct pl_block *block, int32_t index, struct pl_now *now)
{
    const struct pl_planned_tensor *tensor = output_of(block, index);
    *now = now_of(run, tensor);
    if (tensor->late < 0) now->data = run->bases[output_base(block, index)];
    if (tensor->late < 0 || !is_input(block, block->subgraph->outputs[index])) return PL_OK;
    const void *from = now->data;
    PL_TRY(keep_output(run, block, index, now->bytes, &now->data));
    if (now->bytes > 0) memcpy(now->data, from, now->bytes);
    return PL_OK;
}

static pl_status run_block(const struct pl_eval *eval, const struct pl_block *block, void *arena,
                           const struct pl_now *inputs, struct pl_now *outputs)
{
    const struct pl_frame *frame = eval->run;
    struct pl_run *run = frame->run;
    for (int32_t i = 0; i < block->subgraph->input_count; i++) give_input(run, block, i, &inputs[i]);
    for (int32_t i = 0; i < block->subgraph->output_count; i++) {
        const struct pl_planned_tensor *tensor = output_of(block, i);
        if (tensor->late >= 0) continue;
        void *place = outputs[i].data;
        if (place == NULL) PL_TRY(keep_output(run, block, i, tensor->bytes, &place));
        run->bases[output_base(block, i)] = place;
    }
    PL_TRY(run_steps(run, block, arena));
    for (int32_t i = 0; i < block->subgraph->output_count; i++)
        if (outputs[i].data == NULL) PL_TRY(take_output(run, block, i, &outputs[i]));
    return PL_OK;
}

const struct pl_eval_services pl_run_services = {.call_block = call_block,
                                                 .run_block = run_block,
                                                 .look_at_input = look_at_input,
                                                 .set_output = set_output,
                                                 .resize_state = resize_state};
