/* SPDX-License-Identifier: Apache-2.0 */
/* Spreading (see spread.h), and the operators that do only that: DILATE and STABLEHLO_PAD. */
#include "ops/spread.h"

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"

bool pl_spread_size(int64_t size, int64_t low, int64_t high, int64_t step, int64_t *spread)
{
    int64_t total = 0;
    const bool small = low >= -INT32_MAX && low <= INT32_MAX && high >= -INT32_MAX &&
                       high <= INT32_MAX && step >= 1 && step <= INT32_MAX;
    return small && !__builtin_mul_overflow(size > 0 ? size - 1 : 0, step, &total) &&
           !__builtin_add_overflow(total, (int64_t)(size > 0), &total) &&
           !__builtin_add_overflow(total, low, &total) &&
           !__builtin_add_overflow(total, high, spread) && *spread >= 0 && *spread <= INT32_MAX;
}

/* Smallest i with low + i * step >= bound; both sides are small by now. */
static int64_t first_from(int64_t low, int64_t step, int64_t bound)
{
    const int64_t distance = bound - low;
    return distance > 0 ? (distance - 1) / step + 1 : 0;
}

void pl_spread_init(struct pl_spread *spread, const struct pl_prepare *prepare,
                    const struct pl_shape *input, const struct pl_shape *output, const int64_t *low,
                    const int64_t *step, int64_t element_bytes, int32_t value)
{
    int64_t to[PL_MAX_RANK];
    int64_t from[PL_MAX_RANK];
    pl_box_dense_strides(output, element_bytes, to);
    pl_box_dense_strides(input, element_bytes, from);
    *spread = (struct pl_spread){.box = {.element_bytes = element_bytes},
                                 .kernels = prepare->kernels->movement,
                                 .element_bytes = element_bytes,
                                 .count = pl_shape_count(output),
                                 .value = value};
    for (int32_t i = 0; i < input->rank; i++) {
        int64_t end = first_from(low[i], step[i], output->dims[i]);
        if (end > input->dims[i]) end = input->dims[i];
        const int64_t first = first_from(low[i], step[i], 0);
        const int64_t count = end > first ? end - first : 0;
        pl_box_add(&spread->box, count, count > 1 ? step[i] * to[i] : to[i], from[i]);
        if (count == 0) continue;
        spread->to_offset += (low[i] + first * step[i]) * to[i];
        spread->from_offset += first * from[i];
    }
    pl_box_simplify(&spread->box);
}

void pl_spread_fill(const struct pl_spread *spread, const struct pl_eval *eval, void *output,
                    int64_t from, int64_t to)
{
    spread->kernels->fill((char *)output + from * spread->element_bytes,
                          eval->inputs[spread->value], to - from, spread->element_bytes);
}

void pl_spread_copy(const struct pl_spread *spread, const struct pl_eval *eval, void *output,
                    int64_t from, int64_t to)
{
    pl_box_copy(&spread->box, spread->kernels, (char *)output + spread->to_offset,
                (const char *)eval->inputs[0] + spread->from_offset, from, to);
}

/* ---- DILATE and STABLEHLO_PAD ---------------------------------------------------------------- */

static pl_status eval_fill(const struct pl_eval *eval, int64_t from, int64_t to)
{
    pl_spread_fill(eval->params, eval, eval->outputs[0], from, to);
    return PL_OK;
}

static pl_status eval_copy(const struct pl_eval *eval, int64_t from, int64_t to)
{
    pl_spread_copy(eval->params, eval, eval->outputs[0], from, to);
    return PL_OK;
}

/* Types, and that input `value` has one element. */
static pl_status check_spread(struct pl_prepare *prepare, int32_t value, int64_t *element_bytes)
{
    PL_TRY(pl_check_arity(prepare, value + 1, value + 1, 1));
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES | PL_TYPE_BIT(PL_COMPLEX128), element_bytes));
    PL_TRY(pl_check_same_type(prepare, pl_input(value), pl_input(0)));
    PL_TRY(pl_check_count(prepare, pl_input(value), 1));
    return pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK);
}

static pl_status add_spread(struct pl_prepare *prepare, const struct pl_shape *output,
                            const int64_t *low, const int64_t *step, int64_t element_bytes,
                            int32_t value)
{
    PL_TRY(pl_check_set_output(prepare, 0, output));
    struct pl_spread *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    pl_spread_init(params, prepare, &prepare->inputs[0]->shape, output, low, step, element_bytes,
                   value);
    prepare->params = params;
    if (params->count == 0) return PL_OK;
    pl_prepare_stage(prepare, eval_fill, params->count, element_bytes);
    pl_prepare_stage(prepare, eval_copy, pl_box_units(&params->box),
                     pl_box_unit_bytes(&params->box));
    return PL_OK;
}

pl_status pl_prepare_dilate(struct pl_prepare *prepare)
{
    int64_t element_bytes = 0;
    PL_TRY(check_spread(prepare, 2, &element_bytes));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    PL_TRY(pl_check_count(prepare, pl_input(1), input->rank));
    const int64_t low[PL_MAX_RANK] = {0};
    int64_t step[PL_MAX_RANK] = {0};
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, 1, PL_MAX_RANK, step, &count));
    struct pl_shape output = {.rank = input->rank};
    for (int32_t i = 0; i < input->rank; i++) {
        int64_t size = 0;
        if (!pl_spread_size(input->dims[i], 0, 0, step[i], &size))
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(1),
                                 "dimension %d of %d is dilated by %lld", (int)i,
                                 (int)input->dims[i], (long long)step[i]);
        output.dims[i] = (int32_t)size;
    }
    return add_spread(prepare, &output, low, step, element_bytes, 2);
}

/* An option with one number per dimension. */
static pl_status read_option(struct pl_prepare *prepare, enum pl_field field, const char *name,
                             const int64_t **values)
{
    uint32_t count = 0;
    *values = pl_record_vector(prepare->op->options, field, &count);
    const int32_t rank = prepare->inputs[0]->shape.rank;
    if (*values != NULL && count == (uint32_t)rank) return PL_OK;
    return pl_prepare_fail(prepare, PL_INVALID_MODEL, "option %s: found %u numbers, expected %d",
                           name, *values != NULL ? (unsigned)count : 0u, (int)rank);
}

/* If nothing is left of one dimension nothing is left of all, as the reference has it. */
pl_status pl_prepare_stablehlo_pad(struct pl_prepare *prepare)
{
    int64_t element_bytes = 0;
    PL_TRY(check_spread(prepare, 1, &element_bytes));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int64_t *low = NULL;
    const int64_t *high = NULL;
    const int64_t *interior = NULL;
    PL_TRY(read_option(prepare, PL_StablehloPadOptions_edge_padding_low, "edge_padding_low", &low));
    PL_TRY(
        read_option(prepare, PL_StablehloPadOptions_edge_padding_high, "edge_padding_high", &high));
    PL_TRY(read_option(prepare, PL_StablehloPadOptions_interior_padding, "interior_padding",
                       &interior));
    struct pl_shape output = {.rank = input->rank};
    int64_t step[PL_MAX_RANK] = {0};
    bool empty = false;
    for (int32_t i = 0; i < input->rank; i++) {
        int64_t size = 0;
        PL_TRY(pl_check_option(prepare, "interior_padding", interior[i], 0, INT32_MAX - 1));
        PL_TRY(pl_check_option(prepare, "edge_padding_low", low[i], -INT32_MAX, INT32_MAX));
        PL_TRY(pl_check_option(prepare, "edge_padding_high", high[i], -INT32_MAX, INT32_MAX));
        step[i] = interior[i] + 1;
        if (!pl_spread_size(input->dims[i], low[i], high[i], step[i], &size) && size > 0)
            return pl_prepare_fail(prepare, PL_UNSUPPORTED, "dimension %d would become %lld",
                                   (int)i, (long long)size);
        empty = empty || size <= 0;
        output.dims[i] = size > 0 ? (int32_t)size : 0;
    }
    if (empty) output = (struct pl_shape){.rank = input->rank};
    return add_spread(prepare, &output, low, step, element_bytes, 1);
}
