/* SPDX-License-Identifier: Apache-2.0 */
/* STABLEHLO_GATHER and STABLEHLO_SCATTER. Both go through the elements of a tensor (the result, the
 * updates) some of whose dimensions count windows and some the elements in a window; a vector of
 * indices says where in the operand a window begins. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/combine.h"
#include "ops/move.h"

struct windows {
    struct pl_shape operand;
    struct pl_shape elements;          /* the result or the updates */
    int32_t operand_axis[PL_MAX_RANK]; /* of each of its dimensions; -1: it counts windows */
    int64_t index_stride[PL_MAX_RANK]; /* in the indices, of those that count windows */
    int64_t vector_stride;             /* from one component of an index to the next */
    int32_t component_count;
    int32_t component_axis[PL_MAX_RANK]; /* the operand's axis of each component */
    int64_t window[PL_MAX_RANK];         /* sizes along the operand's axes */
    pl_type index_type;
    int64_t element_bytes;
    pl_combine_kernel combine; /* NULL: the update replaces what was there */
};

/* Where element `unit` lies in its window, and where the index of its window begins. */
static int64_t take_apart(const struct windows *params, int64_t unit,
                          int64_t coordinates[PL_MAX_RANK])
{
    int64_t index = 0;
    for (int32_t i = 0; i < params->operand.rank; i++) coordinates[i] = 0;
    for (int32_t i = params->elements.rank - 1; i >= 0; i--) {
        const int64_t coordinate = unit % params->elements.dims[i];
        unit /= params->elements.dims[i];
        if (params->operand_axis[i] < 0) index += coordinate * params->index_stride[i];
        else coordinates[params->operand_axis[i]] = coordinate;
    }
    return index;
}

static int64_t component(const struct pl_eval *eval, int64_t index, int32_t i)
{
    const struct windows *params = eval->params;
    return pl_axis_element(eval->inputs[1], params->index_type, index + i * params->vector_stride);
}

static int64_t flatten(const struct windows *params, const int64_t coordinates[PL_MAX_RANK])
{
    int64_t flat = 0;
    for (int32_t i = 0; i < params->operand.rank; i++)
        flat = flat * params->operand.dims[i] + coordinates[i];
    return flat;
}

/* ---- options --------------------------------------------------------------------------------- */

/* A vector of axes in [0, rank), as a list and as a mask; no axis twice. */
struct axes {
    int32_t count;
    int32_t list[PL_MAX_RANK];
    uint32_t mask;
};

static pl_status read_axes(struct pl_prepare *prepare, enum pl_field field, const char *name,
                           int32_t rank, struct axes *axes)
{
    uint32_t count = 0;
    const int64_t *found = pl_record_vector(prepare->op->options, field, &count);
    *axes = (struct axes){0};
    if (found == NULL) return PL_OK;
    for (uint32_t i = 0; i < count; i++) {
        if (found[i] < 0 || found[i] >= rank || (axes->mask >> found[i] & 1) != 0)
            return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                                   "option %s: axis %lld appears twice or is not in [0, %d)", name,
                                   (long long)found[i], (int)rank);
        axes->mask |= 1u << found[i];
        axes->list[axes->count++] = (int32_t)found[i];
    }
    return PL_OK;
}

/* The names of an operator's options. */
struct option_names {
    enum pl_field window_dims, dropped_dims, index_map, vector_dim;
    const char *window_text, *dropped_text, *map_text;
};

/* What both operators have in common; the shape of the elements is set. `dropped`: axes of the
 * operand along which a window has one element that the elements have no dimension for. */
static pl_status describe(struct pl_prepare *prepare, const struct option_names *names,
                          struct windows *params)
{
    struct axes window;
    struct axes dropped;
    struct axes map;
    const int32_t rank = params->operand.rank;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    PL_TRY(
        read_axes(prepare, names->window_dims, names->window_text, params->elements.rank, &window));
    PL_TRY(read_axes(prepare, names->dropped_dims, names->dropped_text, rank, &dropped));
    PL_TRY(read_axes(prepare, names->index_map, names->map_text, rank, &map));
    const int64_t vector_dim = pl_record_integer(prepare->op->options, names->vector_dim);
    PL_TRY(pl_check_option(prepare, "index_vector_dim", vector_dim, 0, indices->rank));
    const int32_t components = vector_dim < indices->rank ? indices->dims[vector_dim] : 1;
    if (window.count + dropped.count != rank || map.count != components)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "%d + %d axes for an operand of rank %d, %d axes for indices of %d",
                               (int)window.count, (int)dropped.count, (int)rank, (int)map.count,
                               (int)components);
    int64_t strides[PL_MAX_RANK];
    pl_box_dense_strides(indices, 1, strides);
    params->component_count = components;
    params->vector_stride = vector_dim < indices->rank ? strides[vector_dim] : 0;
    memcpy(params->component_axis, map.list, sizeof map.list);
    params->index_type = prepare->inputs[1]->tensor->type;

    for (int32_t i = 0; i < params->elements.rank; i++) params->operand_axis[i] = -1;
    for (int32_t i = 0, axis = 0; i < window.count; i++, axis++) {
        while ((dropped.mask >> axis & 1) != 0) axis++;
        params->operand_axis[window.list[i]] = axis;
    }
    int32_t next = 0;
    for (int32_t i = 0; i < params->elements.rank; i++) {
        if (params->operand_axis[i] >= 0) continue;
        if (next == vector_dim) next++;
        if (next >= indices->rank || indices->dims[next] != params->elements.dims[i])
            return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                                 "does not have a dimension of %d for dimension %d of the windows",
                                 (int)params->elements.dims[i], (int)i);
        params->index_stride[i] = strides[next++];
    }
    if (next == vector_dim) next++;
    if (next >= indices->rank) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                         "has more dimensions than there are to count windows");
}

/* ---- STABLEHLO_GATHER ------------------------------------------------------------------------ */

/* A unit is an element of the result. Windows are moved so that they lie inside. */
static pl_status eval_gather(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct windows *params = eval->params;
    const size_t bytes = (size_t)params->element_bytes;
    for (int64_t unit = from; unit < to; unit++) {
        int64_t coordinates[PL_MAX_RANK];
        const int64_t index = take_apart(params, unit, coordinates);
        for (int32_t i = 0; i < params->component_count; i++) {
            const int32_t axis = params->component_axis[i];
            const int64_t last = params->operand.dims[axis] - params->window[axis];
            const int64_t begin = component(eval, index, i);
            coordinates[axis] += begin < 0 ? 0 : begin > last ? last : begin;
        }
        memcpy((char *)eval->outputs[0] + unit * params->element_bytes,
               (const char *)eval->inputs[0] + flatten(params, coordinates) * params->element_bytes,
               bytes);
    }
    return PL_OK;
}

/* The result has the window's dimensions (but for the collapsed ones) at offset_dims, and those of
 * the indices in between. */
static pl_status set_result(struct pl_prepare *prepare, struct windows *params)
{
    const struct pl_record *options = prepare->op->options;
    const struct pl_shape *indices = &prepare->inputs[1]->shape;
    uint32_t size_count = 0;
    const int64_t *sizes =
        pl_record_vector(options, PL_StablehloGatherOptions_slice_sizes, &size_count);
    struct axes collapsed;
    struct axes offset;
    PL_TRY(pl_check_option(prepare, "slice_sizes", sizes != NULL ? size_count : 0,
                           params->operand.rank, params->operand.rank));
    for (int32_t i = 0; i < params->operand.rank; i++) {
        PL_TRY(pl_check_option(prepare, "slice_sizes", sizes[i], 0, params->operand.dims[i]));
        params->window[i] = sizes[i];
    }
    PL_TRY(read_axes(prepare, PL_StablehloGatherOptions_collapsed_slice_dims,
                     "collapsed_slice_dims", params->operand.rank, &collapsed));
    PL_TRY(read_axes(prepare, PL_StablehloGatherOptions_offset_dims, "offset_dims", PL_MAX_RANK,
                     &offset));
    const int64_t vector_dim =
        pl_record_integer(options, PL_StablehloGatherOptions_index_vector_dim);
    const int32_t rank = offset.count + indices->rank - (vector_dim < indices->rank ? 1 : 0);
    if (rank < 0 || rank > PL_MAX_RANK)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the result has rank %d, the limit is %d",
                               (int)rank, PL_MAX_RANK);
    params->elements.rank = rank;
    int32_t axis = 0;
    int32_t next = 0;
    for (int32_t i = 0; i < rank; i++) {
        if ((offset.mask >> i & 1) != 0) {
            while (axis < params->operand.rank && (collapsed.mask >> axis & 1) != 0) axis++;
            params->elements.dims[i] =
                axis < params->operand.rank ? (int32_t)params->window[axis] : 0;
            axis++;
        } else {
            if (next == vector_dim) next++;
            params->elements.dims[i] = next < indices->rank ? indices->dims[next] : 0;
            next++;
        }
    }
    return pl_check_set_output(prepare, 0, &params->elements);
}

pl_status pl_prepare_stablehlo_gather(struct pl_prepare *prepare)
{
    static const struct option_names names = {PL_StablehloGatherOptions_offset_dims,
                                              PL_StablehloGatherOptions_collapsed_slice_dims,
                                              PL_StablehloGatherOptions_start_index_map,
                                              PL_StablehloGatherOptions_index_vector_dim,
                                              "offset_dims",
                                              "collapsed_slice_dims",
                                              "start_index_map"};
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct windows *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES, &params->element_bytes));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    params->operand = prepare->inputs[0]->shape;
    PL_TRY(set_result(prepare, params));
    PL_TRY(describe(prepare, &names, params));
    prepare->params = params;
    pl_prepare_stage(prepare, eval_gather, pl_shape_count(&params->elements),
                     params->operand.rank + params->elements.rank);
    return PL_OK;
}

/* ---- STABLEHLO_SCATTER ----------------------------------------------------------------------- */

/* Updates outside of the operand have no effect. Later ones meet earlier ones: all is one unit. */
static pl_status eval_scatter(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct windows *params = eval->params;
    const int64_t updates = pl_shape_count(&params->elements);
    const size_t bytes = (size_t)params->element_bytes;
    (void)from;
    (void)to;
    if (eval->outputs[0] != eval->inputs[0])
        memcpy(eval->outputs[0], eval->inputs[0], (size_t)pl_shape_count(&params->operand) * bytes);
    for (int64_t unit = 0; unit < updates; unit++) {
        int64_t coordinates[PL_MAX_RANK];
        const int64_t index = take_apart(params, unit, coordinates);
        bool inside = true;
        for (int32_t i = 0; i < params->component_count; i++) {
            const int32_t axis = params->component_axis[i];
            const int64_t begin = component(eval, index, i);
            inside = inside && begin >= -INT32_MAX && begin <= INT32_MAX;
            coordinates[axis] += inside ? begin : 0;
        }
        for (int32_t i = 0; i < params->operand.rank; i++)
            inside = inside && coordinates[i] >= 0 && coordinates[i] < params->operand.dims[i];
        if (!inside) continue;
        char *target =
            (char *)eval->outputs[0] + flatten(params, coordinates) * params->element_bytes;
        const char *update = (const char *)eval->inputs[2] + unit * params->element_bytes;
        if (params->combine != NULL) params->combine(target, update, 1, 1);
        else memcpy(target, update, bytes);
    }
    return PL_OK;
}

static pl_status find_region(struct pl_prepare *prepare, pl_combine_kernel *combine)
{
    int32_t code = 0;
    const int64_t subgraph = pl_record_integer(
        prepare->op->options, PL_StablehloScatterOptions_update_computation_subgraph_index);
    const pl_type type = prepare->inputs[0]->tensor->type;
    enum pl_combine operation = PL_COMBINE_ADD;
    PL_TRY(pl_combine_region(prepare, subgraph, &code));
    PL_TRY(pl_combine_find(prepare, 0, operation, type, combine));
    switch (code) {
    case -1: *combine = NULL; return PL_OK;
    case PL_BuiltinOperator_STABLEHLO_ADD: operation = PL_COMBINE_ADD; break;
    case PL_BuiltinOperator_STABLEHLO_MULTIPLY: operation = PL_COMBINE_MULTIPLY; break;
    case PL_BuiltinOperator_STABLEHLO_MAXIMUM: operation = PL_COMBINE_MAXIMUM; break;
    case PL_BuiltinOperator_STABLEHLO_MINIMUM: operation = PL_COMBINE_MINIMUM; break;
    default:
        return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                               "subgraph %lld is no STABLEHLO_ADD, MULTIPLY, MAXIMUM or MINIMUM",
                               (long long)subgraph);
    }
    return pl_combine_find(prepare, 0, operation, type, combine);
}

pl_status pl_prepare_stablehlo_scatter(struct pl_prepare *prepare)
{
    static const struct option_names names = {
        PL_StablehloScatterOptions_update_window_dims,
        PL_StablehloScatterOptions_inserted_window_dims,
        PL_StablehloScatterOptions_scatter_dims_to_operand_dims,
        PL_StablehloScatterOptions_index_vector_dim,
        "update_window_dims",
        "inserted_window_dims",
        "scatter_dims_to_operand_dims"};
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    struct windows *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_same_type(prepare, pl_input(2), pl_input(0)));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    PL_TRY(find_region(prepare, &params->combine));
    PL_TRY(pl_box_element_bytes(prepare, pl_input(0), &params->element_bytes));
    params->operand = prepare->inputs[0]->shape;
    params->elements = prepare->inputs[2]->shape;
    PL_TRY(describe(prepare, &names, params));
    PL_TRY(pl_check_set_output(prepare, 0, &params->operand));
    prepare->params = params;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval_scatter, pl_shape_count(&params->operand) > 0 ? 1 : 0,
                     pl_cost(pl_shape_count(&params->elements), 8));
    return PL_OK;
}
