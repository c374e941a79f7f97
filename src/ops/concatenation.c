/* SPDX-License-Identifier: Apache-2.0 */
/* CONCATENATION and PACK: for every outer index, a run of each input behind the other. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"
#include "ops/nibbles.h"

struct part {
    int64_t run;    /* bytes, or elements of 4 bits */
    int64_t offset; /* in the output's run */
    bool rescale;   /* uint8 of another scale or zero point than the output's */
    float scale;
    float bias;
};

struct concatenation {
    const struct pl_movement_kernels *kernels;
    int32_t part_count;
    int32_t zero_point; /* the output's */
    int64_t run;        /* of all parts */
    int64_t outer;
    struct part *parts;
    struct pl_runs runs; /* where they are short */
};

/* A unit is one run of one input. */
static pl_status eval_concatenation(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct concatenation *params = eval->params;
    int64_t outer = from / params->part_count;
    int64_t input = from % params->part_count;
    for (int64_t unit = from; unit < to; unit++, input++) {
        if (input == params->part_count) {
            input = 0;
            outer++;
        }
        const struct part *part = &params->parts[input];
        const char *source = (const char *)eval->inputs[input] + outer * part->run;
        char *target = (char *)eval->outputs[0] + outer * params->run + part->offset;
        if (part->run == 0 || source == target) continue;
        if (part->rescale) {
            params->kernels->rescale_uint8((uint8_t *)target, (const uint8_t *)source, part->run,
                                           part->scale, part->bias, params->zero_point);
        } else {
            memcpy(target, source, (size_t)part->run);
        }
    }
    return PL_OK;
}

/* Where runs are short, a unit is an outer index, and each input's runs are moved together. */
static pl_status eval_short_runs(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct concatenation *params = eval->params;
    params->kernels->join_runs(eval->outputs[0], eval->inputs, &params->runs, from, to);
    return PL_OK;
}

/* All at once: neighbours share bytes. */
static pl_status eval_nibbles(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct concatenation *params = eval->params;
    uint8_t *output = eval->outputs[0];
    (void)from;
    (void)to;
    output[(params->outer * params->run - 1) / 2] = 0;
    for (int64_t outer = 0; outer < params->outer; outer++) {
        for (int32_t i = 0; i < params->part_count; i++) {
            const struct part *part = &params->parts[i];
            pl_nibbles_copy(output, outer * params->run + part->offset, eval->inputs[i],
                            outer * part->run, part->run);
        }
    }
    return PL_OK;
}

static pl_status make_params(struct pl_prepare *prepare, struct concatenation **params)
{
    struct concatenation *made = pl_prepare_allocate(prepare, sizeof *made);
    if (made == NULL) return PL_OUT_OF_MEMORY;
    made->parts = pl_prepare_allocate(prepare, (size_t)prepare->input_count * sizeof *made->parts);
    if (made->parts == NULL) return PL_OUT_OF_MEMORY;
    made->kernels = prepare->kernels->movement;
    made->part_count = prepare->input_count;
    prepare->params = made;
    *params = made;
    return PL_OK;
}

/* The next input has runs of this length. */
static void add_part(struct concatenation *params, int32_t input, int64_t run)
{
    params->parts[input].offset = params->run;
    params->parts[input].run = run;
    params->run += run;
}

static bool rescales(const struct concatenation *params)
{
    for (int32_t i = 0; i < params->part_count; i++)
        if (params->parts[i].rescale) return true;
    return false;
}

/* With one outer index the inputs lie behind each other. */
static pl_status offer_parts(struct pl_prepare *prepare, const struct concatenation *params)
{
    int64_t *offsets = pl_prepare_allocate(prepare, (size_t)params->part_count * sizeof *offsets);
    if (offsets == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < params->part_count; i++)
        offsets[i] = params->parts[i].rescale ? -1 : params->parts[i].offset;
    prepare->part_offsets = offsets;
    return PL_OK;
}

static pl_status prepare_short_runs(struct pl_prepare *prepare, struct concatenation *params)
{
    const int32_t count = params->part_count;
    struct pl_run_part *parts = pl_prepare_allocate(prepare, (size_t)count * sizeof *parts);
    if (parts == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < count; i++) parts[i] = (struct pl_run_part){params->parts[i].offset, params->parts[i].run};
    params->runs = (struct pl_runs){.parts = parts, .part_count = count, .row_bytes = params->run};
    pl_runs_prepare(&params->runs, true);
    pl_prepare_stage(prepare, eval_short_runs, params->outer, params->run);
    return PL_OK;
}

static pl_status add_work(struct pl_prepare *prepare, struct concatenation *params, int64_t outer)
{
    const int32_t count = params->part_count;
    const bool nibbles = pl_type_bits(prepare->outputs[0]->tensor->type) == PL_NIBBLE_BITS;
    params->outer = outer;
    if (params->run == 0 || outer == 0) return PL_OK;
    if (outer == 1 && !nibbles) PL_TRY(offer_parts(prepare, params));
    if (nibbles) pl_prepare_stage(prepare, eval_nibbles, 1, pl_cost(outer, params->run));
    else if (params->run / count <= PL_MOVE_SHORT_BYTES && !rescales(params))
        return prepare_short_runs(prepare, params);
    else pl_prepare_stage(prepare, eval_concatenation, outer * count, params->run / count);
    return PL_OK;
}

/* ---- CONCATENATION --------------------------------------------------------------------------- */

static bool same_quantization(const struct pl_quantization *a, const struct pl_quantization *b)
{
    if (a->count == 0 || b->count == 0) return a->count == b->count;
    return a->scales[0] == b->scales[0] && a->zero_points[0] == b->zero_points[0];
}

/* int8 must have one scale everywhere, int16 no zero point, as the reference has it; uint8 is
 * rescaled in float. */
static pl_status prepare_quantization(struct pl_prepare *prepare, int32_t input, struct part *part)
{
    const struct pl_tensor *from = prepare->inputs[input]->tensor;
    const struct pl_tensor *to = prepare->outputs[0]->tensor;
    if (to->type == PL_INT8 && !same_quantization(&from->quantization, &to->quantization)) {
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(input),
                             "int8 inputs need the scale and zero point of the output");
    }
    if (to->type == PL_INT16) {
        PL_TRY(pl_check_symmetric(prepare, pl_input(input)));
        PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    }
    if (to->type != PL_UINT8 || same_quantization(&from->quantization, &to->quantization))
        return PL_OK;
    PL_TRY(pl_check_quantized(prepare, pl_input(input)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    const float inverse = 1.0f / to->quantization.scales[0];
    part->rescale = true;
    part->scale = from->quantization.scales[0] * inverse;
    part->bias = (float)-from->quantization.zero_points[0] * part->scale;
    return PL_OK;
}

/* All inputs have the type and, but for the axis, the shape of the output. */
static pl_status set_shape(struct pl_prepare *prepare, int32_t axis)
{
    struct pl_shape output = prepare->inputs[0]->shape;
    int64_t total = 0;
    for (int32_t i = 0; i < prepare->input_count; i++) {
        const struct pl_shape *shape = &prepare->inputs[i]->shape;
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_output(0)));
        PL_TRY(pl_check_rank(prepare, pl_input(i), output.rank, output.rank));
        for (int32_t d = 0; d < output.rank; d++) {
            if (d == axis || shape->dims[d] == output.dims[d]) continue;
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(i),
                                 "dimension %d is %d, expected %d as in input 0", (int)d,
                                 (int)shape->dims[d], (int)output.dims[d]);
        }
        total += shape->dims[axis];
    }
    if (total > INT32_MAX)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output would be too large");
    output.dims[axis] = (int32_t)total;
    return pl_check_set_output(prepare, 0, &output);
}

/* Constant scalars become a vector. */
static pl_status set_vector_shape(struct pl_prepare *prepare)
{
    const struct pl_shape output = {1, {prepare->input_count}};
    for (int32_t i = 0; i < prepare->input_count; i++) {
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_output(0)));
        PL_TRY(pl_check_rank(prepare, pl_input(i), 0, 0));
        PL_TRY(pl_check_constant(prepare, pl_input(i)));
    }
    return pl_check_set_output(prepare, 0, &output);
}

static void say_spans(struct pl_prepare *prepare, int32_t axis)
{
    if (prepare->input_count > 31) return;
    for (int32_t i = 0; i < prepare->outputs[0]->shape.rank; i++)
        if (i != axis)
            pl_prepare_span(prepare, i,
                            (struct pl_span){.input_axis = i,
                                             .inputs = (1u << prepare->input_count) - 1,
                                             .size = 1,
                                             .stride = 1});
}

pl_status pl_prepare_concatenation(struct pl_prepare *prepare)
{
    const int32_t count = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, count > 0 ? count : 1, count, 1));
    int64_t element_bytes = 0; /* of 4 bits: 1, and then runs count elements */
    PL_TRY(pl_move_check(prepare, 0,
                         PL_TYPES_BYTES_1 | PL_TYPES_BYTES_4 | PL_TYPE_BIT(PL_INT16) |
                             PL_TYPE_BIT(PL_FLOAT16) | PL_TYPE_BIT(PL_BFLOAT16) |
                             PL_TYPE_BIT(PL_INT64) | PL_TYPE_BIT(PL_INT4),
                         &element_bytes));
    const struct pl_record *options = prepare->op->options;
    if (pl_record_integer(options, PL_ConcatenationOptions_fused_activation_function) !=
        PL_ActivationFunctionType_NONE)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "a fused activation is not supported");
    const struct pl_shape *first = &prepare->inputs[0]->shape;
    const bool scalars = first->rank == 0;
    int32_t axis = 0;
    PL_TRY(pl_axis_check(prepare, pl_record_integer(options, PL_ConcatenationOptions_axis),
                         scalars ? 1 : first->rank, &axis));
    PL_TRY(scalars ? set_vector_shape(prepare) : set_shape(prepare, axis));

    struct concatenation *params = NULL;
    PL_TRY(make_params(prepare, &params));
    const struct pl_quantization *quantization = &prepare->outputs[0]->tensor->quantization;
    params->zero_point = quantization->count > 0 ? quantization->zero_points[0] : 0;
    for (int32_t i = 0; i < count; i++) {
        const struct pl_shape *shape = &prepare->inputs[i]->shape;
        add_part(params, i, pl_shape_span(shape, axis, shape->rank) * element_bytes);
        PL_TRY(prepare_quantization(prepare, i, &params->parts[i]));
    }
    say_spans(prepare, axis);
    return add_work(prepare, params, pl_shape_span(first, 0, axis));
}

/* ---- PACK ------------------------------------------------------------------------------------ */

pl_status pl_prepare_pack_operator(struct pl_prepare *prepare)
{
    const int32_t count = prepare->input_count;
    PL_TRY(pl_check_arity(prepare, count > 0 ? count : 1, count, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES_4 | PL_TYPES_QUANTIZED | PL_TYPE_BIT(PL_INT64),
                         &element_bytes));
    const struct pl_record *options = prepare->op->options;
    PL_TRY(pl_check_option(prepare, "values_count",
                           pl_record_integer(options, PL_PackOptions_values_count), count, count));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    if (input->rank == PL_MAX_RANK)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0),
                             "has %d dimensions already, the most there can be", PL_MAX_RANK);
    int32_t axis = 0;
    PL_TRY(pl_axis_check(prepare, pl_record_integer(options, PL_PackOptions_axis), input->rank + 1,
                         &axis));
    struct pl_shape output = {.rank = input->rank + 1};
    for (int32_t i = 0; i < output.rank; i++)
        output.dims[i] = i == axis ? count : input->dims[i < axis ? i : i - 1];
    PL_TRY(pl_check_set_output(prepare, 0, &output));

    struct concatenation *params = NULL;
    PL_TRY(make_params(prepare, &params));
    for (int32_t i = 0; i < count; i++) {
        PL_TRY(pl_check_same_type(prepare, pl_input(i), pl_output(0)));
        PL_TRY(pl_check_same_shape(prepare, pl_input(i), pl_input(0)));
        PL_TRY(pl_check_same_quantization(prepare, pl_input(i), pl_output(0)));
        add_part(params, i, pl_shape_span(input, axis, input->rank) * element_bytes);
    }
    return add_work(prepare, params, pl_shape_span(input, 0, axis));
}
