/* SPDX-License-Identifier: Apache-2.0 */
/* What a link puts before its consumer: LiteRT's operators where the ends are not equal, and of a window the operators
 * that keep its rows. */
#include "graph/join_internal.h"

static bool has_operand(pl_adapter_kind kind)
{
    return kind == PL_ADAPTER_SCALE || kind == PL_ADAPTER_OFFSET || kind == PL_ADAPTER_RESHAPE;
}

/* Every operator makes a tensor, and some have a constant. */
enum { WINDOW_TENSORS = 3, WINDOW_OPERATORS = 2, CROP_TENSORS = 2, CROP_OPERATORS = 1 };

static int32_t own_tensors(const struct pl_link_options *options)
{
    return options->hop > 0 ? WINDOW_TENSORS : options->crop != NULL ? CROP_TENSORS : 0;
}

static int32_t own_operators(const struct pl_link_options *options)
{
    return options->hop > 0 ? WINDOW_OPERATORS : options->crop != NULL ? CROP_OPERATORS : 0;
}

int32_t pl_join_link_tensors(const struct pl_joiner *joiner, int32_t link_index)
{
    const struct pl_adapter *adapter = &joiner->adapters[link_index];
    int32_t count = adapter->count;
    for (int32_t i = 0; i < adapter->count; i++) count += has_operand(adapter->kinds[i]);
    return count + own_tensors(&joiner->links[link_index].options);
}

int32_t pl_join_link_operators(const struct pl_joiner *joiner, int32_t link_index)
{
    return joiner->adapters[link_index].count + own_operators(&joiner->links[link_index].options);
}

static int32_t add_tensor(struct pl_joiner *joiner, const struct pl_tensor *tensor)
{
    joiner->graph->subgraphs[0].tensors[joiner->next_tensor] = *tensor;
    return joiner->next_tensor++;
}

static pl_status add_constant(struct pl_joiner *joiner, pl_type type, const void *data, int32_t count, int32_t *index)
{
    struct pl_graph *graph = joiner->graph;
    struct pl_tensor tensor = {.name = "", .type = type, .shape = {1, {count}}, .signature = {1, {count}}};
    if (type == PL_FLOAT32) tensor.shape = tensor.signature = (struct pl_shape){0, {0}};
    PL_TRY(pl_constant_intern(joiner->store, data, (size_t)count * 4, false, &tensor.constant, joiner->error));
    graph->constants[graph->constant_count++] = tensor.constant;
    *index = add_tensor(joiner, &tensor);
    return PL_OK;
}

/* An operator from tensor `from` to tensor `to`; *inputs has room for a second input. */
static struct pl_operator *add_operator(struct pl_joiner *joiner, int32_t link_index, int32_t code, int32_t from,
                                        int32_t to, int32_t **inputs)
{
    struct pl_subgraph *whole = &joiner->graph->subgraphs[0];
    int32_t *ends = pl_region_array(&joiner->graph->region, 3, sizeof *ends);
    if (ends == NULL) return NULL;
    struct pl_operator *op = &whole->operators[whole->operator_count++];
    *op = (struct pl_operator){.code = code,
                               .version = 1,
                               .index = -1 - link_index,
                               .member = joiner->joined[link_index].to_member,
                               .per_row = joiner->joined[link_index].rows >= 0,
                               .input_count = 1,
                               .output_count = 1,
                               .inputs = ends,
                               .outputs = ends + 2};
    ends[0] = from;
    ends[2] = to;
    *inputs = ends;
    return op;
}

/* ---- adapters ----------------------------------------------------------------------------------------------------- */

/* The second input of MUL, ADD and RESHAPE. */
static pl_status add_operand(struct pl_joiner *joiner, pl_adapter_kind kind, const struct pl_link *link,
                             const struct pl_tensor *to, int32_t *index)
{
    if (kind == PL_ADAPTER_SCALE) return add_constant(joiner, PL_FLOAT32, &link->options.scale, 1, index);
    if (kind == PL_ADAPTER_OFFSET) return add_constant(joiner, PL_FLOAT32, &link->options.offset, 1, index);
    return add_constant(joiner, PL_INT32, to->signature.dims, to->signature.rank, index);
}

/* What comes out of one adapter: the last one's has the type of `to`, those before it the type that the adapter makes;
 * all have the producer's shape. */
static int32_t adapter_result(struct pl_joiner *joiner, const struct pl_adapter *adapter, int32_t at,
                              const struct pl_tensor *to, int32_t input)
{
    struct pl_tensor result = joiner->graph->subgraphs[0].tensors[input];
    result.name = "";
    result.constant = NULL;
    const pl_adapter_kind kind = adapter->kinds[at];
    const bool last = at + 1 == adapter->count;
    if (kind == PL_ADAPTER_DEQUANTIZE || kind == PL_ADAPTER_CAST) {
        result.type = PL_FLOAT32;
        result.quantization.count = 0;
    }
    if (last || kind == PL_ADAPTER_QUANTIZE ||
        (kind == PL_ADAPTER_CAST && at + 2 == adapter->count && adapter->kinds[at + 1] == PL_ADAPTER_RESHAPE)) {
        result.type = to->type;
        result.quantization = to->quantization;
    }
    return add_tensor(joiner, &result);
}

/* From tensor `input` to `target`, or to a tensor that is made for it where target is -1; *result is which. */
static pl_status add_adapters(struct pl_joiner *joiner, int32_t link_index, int32_t input, int32_t target,
                              int32_t *result)
{
    const struct pl_adapter *adapter = &joiner->adapters[link_index];
    const struct pl_tensor *to = &joiner->graph->subgraphs[0].tensors[joiner->joined[link_index].to];
    for (int32_t i = 0; i < adapter->count; i++) {
        const pl_adapter_kind kind = adapter->kinds[i];
        const bool given = i + 1 == adapter->count && target >= 0;
        const int32_t output = given ? target : adapter_result(joiner, adapter, i, to, input);
        int32_t *inputs = NULL;
        struct pl_operator *op =
            add_operator(joiner, link_index, pl_adapter_operator(kind), input, output, &inputs);
        if (op == NULL) return pl_join_no_memory(joiner);
        if (has_operand(kind)) {
            op->input_count = 2;
            PL_TRY(add_operand(joiner, kind, &joiner->links[link_index], to, &inputs[1]));
        }
        input = output;
    }
    *result = input;
    return PL_OK;
}

/* ---- windows ------------------------------------------------------------------------------------------------------ */

/* Rows come one after another: the axis is the first one, unless all before it are 1. *in_place: it stays where it is. */
static struct pl_shape rows_shape(const struct pl_shape *window, int32_t axis, int32_t hop, bool *in_place)
{
    struct pl_shape shape = *window;
    *in_place = true;
    for (int32_t i = 0; i < axis; i++) *in_place = *in_place && window->dims[i] == 1;
    if (*in_place) {
        shape.dims[axis] = hop;
        return shape;
    }
    for (int32_t i = axis; i > 0; i--) shape.dims[i] = window->dims[i - 1];
    shape.dims[0] = hop;
    return shape;
}

/* Moves the first axis to where the window has it. */
static pl_status add_transpose(struct pl_joiner *joiner, int32_t link_index, int32_t axis, int32_t *tensor)
{
    struct pl_tensor moved = joiner->graph->subgraphs[0].tensors[*tensor];
    const int32_t hop = moved.shape.dims[0];
    int32_t permutation[PL_MAX_RANK];
    for (int32_t i = 0; i < moved.shape.rank; i++) permutation[i] = i < axis ? i + 1 : i == axis ? 0 : i;
    for (int32_t i = 0; i < axis; i++) moved.shape.dims[i] = moved.shape.dims[i + 1];
    moved.shape.dims[axis] = hop;
    moved.signature = moved.shape;
    const int32_t output = add_tensor(joiner, &moved);
    int32_t *inputs = NULL;
    struct pl_operator *op =
        add_operator(joiner, link_index, PL_BuiltinOperator_TRANSPOSE, *tensor, output, &inputs);
    if (op == NULL) return pl_join_no_memory(joiner);
    op->input_count = 2;
    PL_TRY(add_constant(joiner, PL_INT32, permutation, moved.shape.rank, &inputs[1]));
    *tensor = output;
    return PL_OK;
}

static pl_status add_rows(struct pl_joiner *joiner, int32_t link_index, int32_t axis, int32_t from)
{
    const struct pl_link *link = &joiner->links[link_index];
    int32_t *inputs = NULL;
    struct pl_rows *rows = pl_region_allocate(&joiner->graph->region, sizeof *rows);
    struct pl_operator *op =
        add_operator(joiner, link_index, PL_OPERATOR_ROWS, from, joiner->joined[link_index].to, &inputs);
    if (rows == NULL || op == NULL) return pl_join_no_memory(joiner);
    *rows = (struct pl_rows){.axis = axis,
                             .fresh = link->options.hop,
                             .keep = link->window.dims[axis] - link->options.hop,
                             .take = link->window.dims[axis],
                             .output = link->window};
    op->custom_options = rows;
    op->custom_options_bytes = sizeof *rows;
    op->index = pl_own_index(link->to_tensor, false);
    return PL_OK;
}

static pl_status add_window(struct pl_joiner *joiner, int32_t link_index)
{
    const struct pl_link *link = &joiner->links[link_index];
    struct pl_joined_link *joined = &joiner->joined[link_index];
    struct pl_tensor *to = &joiner->graph->subgraphs[0].tensors[joined->to];
    const int32_t axis = pl_window_axis(&link->options, &link->window);
    if (axis < 0)
        return pl_fail(joiner->error, PL_MISMATCH, "input '%s' has %d dimensions now, its window is along axis %d",
                       to->name, (int)link->window.rank, (int)link->options.axis);
    to->shape = link->window;
    struct pl_tensor rows = joined->from < 0 ? *to : joiner->graph->subgraphs[0].tensors[joined->from];
    bool in_place = false;
    rows.name = "";
    rows.shape = rows.signature = rows_shape(&link->window, axis, link->options.hop, &in_place);
    joined->rows = add_tensor(joiner, &rows);
    joined->hop = link->options.hop;
    joined->zero_rows = link->options.zero_rows;
    joined->window_rows = link->window.dims[axis];
    int32_t last = joined->rows;
    PL_TRY(add_adapters(joiner, link_index, joined->rows, -1, &last));
    if (!in_place) PL_TRY(add_transpose(joiner, link_index, axis, &last));
    return add_rows(joiner, link_index, axis, last);
}

/* ---- parts of pictures -------------------------------------------------------------------------------------------- */

/* CROP gives a picture of the producer's type, and adapters what the input takes. */
static pl_status add_crop(struct pl_joiner *joiner, int32_t link_index)
{
    const struct pl_link *link = &joiner->links[link_index];
    struct pl_joined_link *joined = &joiner->joined[link_index];
    struct pl_tensor *tensors = joiner->graph->subgraphs[0].tensors;
    const struct pl_tensor box = {
        .name = "", .type = PL_INT32, .shape = {1, {PL_CROP_NUMBERS}}, .signature = {1, {PL_CROP_NUMBERS}}};
    struct pl_crop_shape *options = pl_region_allocate(&joiner->graph->region, sizeof *options);
    if (options == NULL) return pl_join_no_memory(joiner);
    options->output = link->window;
    tensors[joined->to].shape = link->window;
    joined->box = add_tensor(joiner, &box);
    int32_t cut = joined->to, result = 0;
    if (joiner->adapters[link_index].count > 0) {
        struct pl_tensor part = tensors[joined->from];
        part.name = "";
        part.shape = part.signature = link->window;
        part.has_signature = false;
        cut = add_tensor(joiner, &part);
    }
    int32_t *inputs = NULL;
    struct pl_operator *op = add_operator(joiner, link_index, PL_OPERATOR_CROP, joined->from, cut, &inputs);
    if (op == NULL) return pl_join_no_memory(joiner);
    op->custom_options = options;
    op->custom_options_bytes = sizeof *options;
    op->input_count = 2;
    inputs[1] = joined->box;
    return add_adapters(joiner, link_index, cut, joined->to, &result);
}

pl_status pl_join_add_link(struct pl_joiner *joiner, int32_t link_index)
{
    if (joiner->links[link_index].options.hop > 0) return add_window(joiner, link_index);
    if (joiner->links[link_index].options.crop != NULL) return add_crop(joiner, link_index);
    const struct pl_joined_link *joined = &joiner->joined[link_index];
    int32_t result = 0;
    return add_adapters(joiner, link_index, joined->from, joined->to, &result);
}
