/* SPDX-License-Identifier: Apache-2.0 */
/* Moving elements: see move.h. */
#include "ops/move.h"

#include "ops/nibbles.h"
#include "ops/strings.h"

struct move {
    struct pl_box box;
    const struct pl_movement_kernels *kernels;
    int32_t input;
    int64_t from_offset;
    int64_t output_count; /* elements */
};

enum { UNPACKED_INPUT, UNPACKED_OUTPUT };

/* ---- whole bytes ----------------------------------------------------------------------------- */

static pl_status eval_bytes(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct move *params = eval->params;
    const char *input = (const char *)eval->inputs[params->input] + params->from_offset;
    pl_box_copy(&params->box, params->kernels, eval->outputs[0], input, from, to);
    return PL_OK;
}

/* ---- 4 bits ---------------------------------------------------------------------------------- */

/* A unit is a byte of the input. */
static pl_status eval_unpack(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct move *params = eval->params;
    const uint8_t *packed = eval->inputs[params->input];
    uint8_t *unpacked = eval->scratch[UNPACKED_INPUT];
    for (int64_t i = from; i < to; i++) {
        unpacked[2 * i] = packed[i] & 15;
        unpacked[2 * i + 1] = packed[i] >> 4;
    }
    return PL_OK;
}

static pl_status eval_nibbles(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct move *params = eval->params;
    const char *input = (const char *)eval->scratch[UNPACKED_INPUT] + params->from_offset;
    pl_box_copy(&params->box, params->kernels, eval->scratch[UNPACKED_OUTPUT], input, from, to);
    return PL_OK;
}

/* A unit is a byte of the output. */
static pl_status eval_pack(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct move *params = eval->params;
    const uint8_t *unpacked = eval->scratch[UNPACKED_OUTPUT];
    uint8_t *packed = eval->outputs[0];
    for (int64_t i = from; i < to; i++) {
        const bool whole = 2 * i + 1 < params->output_count;
        packed[i] = (uint8_t)(unpacked[2 * i] | (whole ? unpacked[2 * i + 1] << 4 : 0));
    }
    return PL_OK;
}

static void add_nibble_stages(struct pl_prepare *prepare, const struct move *params)
{
    const int64_t input_bytes = (pl_shape_count(&prepare->inputs[params->input]->shape) + 1) / 2;
    const int64_t output_bytes = (params->output_count + 1) / 2;
    pl_prepare_scratch(prepare, 2 * (size_t)input_bytes, false);
    pl_prepare_scratch(prepare, 2 * (size_t)output_bytes, false);
    if (output_bytes == 0) return;
    pl_prepare_stage(prepare, eval_unpack, input_bytes, 2);
    pl_prepare_stage(prepare, eval_nibbles, pl_box_units(&params->box),
                     pl_box_unit_bytes(&params->box));
    pl_prepare_stage(prepare, eval_pack, output_bytes, 2);
}

/* ---- strings --------------------------------------------------------------------------------- */

struct string_move {
    const int32_t *picks;
    int32_t count;
    int32_t input;
};

static pl_status eval_strings(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct string_move *params = eval->params;
    const struct pl_strings strings = pl_strings_of_eval(eval, params->input);
    struct pl_strings_writer writer;
    (void)from;
    (void)to;
    pl_strings_begin(&writer, eval->outputs[0], params->count);
    for (int32_t i = 0; i < params->count; i++) {
        size_t length = 0;
        const char *text = pl_strings_at(&strings, params->picks[i], &length);
        pl_strings_add(&writer, text, length);
    }
    return PL_OK;
}

pl_status pl_move_strings(struct pl_prepare *prepare, int32_t input, const int32_t *picks)
{
    struct pl_strings strings = {0};
    PL_TRY(pl_strings_read(prepare, input, &strings));
    const struct pl_shape shape = prepare->outputs[0]->shape;
    const int64_t count = pl_shape_count(&shape);
    size_t text_bytes = 0;
    for (int64_t i = 0; i < count && text_bytes <= INT32_MAX; i++) {
        size_t length = 0;
        pl_strings_at(&strings, picks[i], &length);
        text_bytes += length;
    }
    PL_TRY(pl_strings_set_output(prepare, 0, &shape, text_bytes));
    struct string_move *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    *params = (struct string_move){picks, (int32_t)count, input};
    prepare->params = params;
    pl_prepare_stage(prepare, eval_strings, 1, count);
    return PL_OK;
}

/* The box moves the numbers of the strings, once. */
static pl_status move_string_box(struct pl_prepare *prepare, int32_t input,
                                 const struct pl_box *box, int64_t from_offset)
{
    struct pl_strings strings = {0};
    PL_TRY(pl_strings_read(prepare, input, &strings));
    const size_t count = (size_t)pl_shape_count(&prepare->outputs[0]->shape);
    int32_t *numbers = pl_prepare_allocate(prepare, (size_t)strings.count * sizeof *numbers + 1);
    int32_t *picks = pl_prepare_allocate(prepare, count * sizeof *picks + 1);
    if (numbers == NULL || picks == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < strings.count; i++) numbers[i] = i;
    if (count > 0)
        pl_box_copy(box, prepare->kernels->movement, picks, (const char *)numbers + from_offset, 0,
                    pl_box_units(box));
    return pl_move_strings(prepare, input, picks);
}

/* ---- all ------------------------------------------------------------------------------------- */

pl_status pl_move_check(struct pl_prepare *prepare, int32_t input, uint32_t types,
                        int64_t *element_bytes)
{
    PL_TRY(pl_check_type(prepare, pl_input(input), types));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(input)));
    const pl_type type = prepare->inputs[input]->tensor->type;
    if (type == PL_STRING) *element_bytes = (int64_t)sizeof(int32_t);
    else if (pl_type_bits(type) == PL_NIBBLE_BITS) *element_bytes = 1;
    else return pl_box_element_bytes(prepare, pl_input(input), element_bytes);
    return PL_OK;
}

/* Where the box is one run of the input, the output is a piece of that. */
static pl_status offer_view(struct pl_prepare *prepare, int32_t input, const struct pl_box *box,
                            int64_t from_offset)
{
    int64_t run = box->element_bytes;
    for (int32_t i = box->rank - 1; i >= 0; i--) {
        if (box->dims[i] != 1 && (box->to[i] != run || box->from[i] != run)) return PL_OK;
        run *= box->dims[i];
    }
    if (run == 0) return PL_OK;
    int64_t *offset = pl_prepare_allocate(prepare, sizeof *offset);
    if (offset == NULL) return PL_OUT_OF_MEMORY;
    *offset = from_offset;
    prepare->view_of_input = input;
    prepare->view_offsets = offset;
    return PL_OK;
}

pl_status pl_move_box(struct pl_prepare *prepare, int32_t input, struct pl_box *box,
                      int64_t from_offset)
{
    const pl_type type = prepare->inputs[input]->tensor->type;
    pl_box_simplify(box);
    if (type == PL_STRING) return move_string_box(prepare, input, box, from_offset);
    struct move *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->box = *box;
    params->kernels = prepare->kernels->movement;
    params->input = input;
    params->from_offset = from_offset;
    params->output_count = pl_shape_count(&prepare->outputs[0]->shape);
    prepare->params = params;
    if (pl_type_bits(type) == PL_NIBBLE_BITS) {
        add_nibble_stages(prepare, params);
        return PL_OK;
    }
    pl_prepare_stage(prepare, eval_bytes, pl_box_units(&params->box),
                     pl_box_unit_bytes(&params->box));
    return offer_view(prepare, input, &params->box, from_offset);
}
