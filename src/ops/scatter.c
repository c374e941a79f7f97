/* SPDX-License-Identifier: Apache-2.0 */
/* SCATTER_ND: updates added up in a tensor of zeros. SPARSE_TO_DENSE: values put into a tensor of
 * one value. Later entries meet what earlier ones left, so all is one unit. */
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"
#include "ops/combine.h"
#include "ops/move.h"

/* Both write runs whose places are coordinates of the output's first dimensions. */
struct scatter {
    const struct pl_movement_kernels *kernels;
    pl_combine_kernel combine; /* NULL: the new value replaces the old one */
    struct pl_shape output;
    int64_t updates; /* runs */
    int64_t run;     /* elements */
    int64_t element_bytes;
    int32_t depth;
    bool one_value; /* for all places */
    pl_type index_type;
};

static pl_status find_place(const struct pl_eval *eval, const void *indices, int64_t update,
                            int64_t *place)
{
    const struct scatter *params = eval->params;
    *place = 0;
    for (int32_t i = 0; i < params->depth; i++) {
        const int64_t size = params->output.dims[i];
        const int64_t index =
            pl_axis_element(indices, params->index_type, update * params->depth + i);
        if (index < 0 || index >= size)
            return pl_eval_fail(eval, "index %lld of place %lld is outside of dimension %d of %lld",
                                (long long)index, (long long)update, (int)i, (long long)size);
        *place = *place * size + index;
    }
    return PL_OK;
}

static pl_status write_updates(const struct pl_eval *eval, const void *indices, const char *updates)
{
    const struct scatter *params = eval->params;
    const int64_t run_bytes = params->run * params->element_bytes;
    for (int64_t update = 0; update < params->updates; update++) {
        int64_t place = 0;
        PL_TRY(find_place(eval, indices, update, &place));
        char *to = (char *)eval->outputs[0] + place * run_bytes;
        const char *from = updates + (params->one_value ? 0 : update * run_bytes);
        if (params->combine != NULL) params->combine(to, from, params->run, 1);
        else memcpy(to, from, (size_t)run_bytes);
    }
    return PL_OK;
}

/* ---- SCATTER_ND ------------------------------------------------------------------------------ */

static pl_status eval_scatter_nd(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct scatter *params = eval->params;
    (void)from;
    (void)to;
    memset(eval->outputs[0], 0, (size_t)(pl_shape_count(&params->output) * params->element_bytes));
    return write_updates(eval, eval->inputs[0], eval->inputs[1]);
}

/* A shape that input `input` gives. */
static pl_status read_shape(struct pl_prepare *prepare, int32_t input, struct pl_shape *shape)
{
    int64_t dims[PL_MAX_RANK];
    PL_TRY(pl_check_rank(prepare, pl_input(input), 1, 1));
    PL_TRY(pl_axis_read_integers(prepare, input, PL_MAX_RANK, dims, &shape->rank));
    for (int32_t i = 0; i < shape->rank; i++) {
        if (dims[i] < 0 || dims[i] > INT32_MAX)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(input), "dimension %d is %lld",
                                 (int)i, (long long)dims[i]);
        shape->dims[i] = (int32_t)dims[i];
    }
    return pl_check_set_output(prepare, 0, shape);
}

/* Updates are [places of the indices][the output's dimensions behind the coordinates]. */
static pl_status check_updates(struct pl_prepare *prepare, const struct pl_shape *output)
{
    const struct pl_shape *indices = &prepare->inputs[0]->shape;
    const struct pl_shape *updates = &prepare->inputs[1]->shape;
    const int32_t outer = indices->rank - 1;
    const int32_t depth = indices->dims[outer];
    bool fits = depth <= output->rank && updates->rank == outer + output->rank - depth;
    for (int32_t i = 0; fits && i < updates->rank; i++)
        fits = updates->dims[i] == (i < outer ? indices->dims[i] : output->dims[depth + i - outer]);
    if (fits) return PL_OK;
    char text[3][PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(1),
                         "found shape %s, which indices %s do not spread over %s",
                         pl_shape_text(updates, text[0]), pl_shape_text(indices, text[1]),
                         pl_shape_text(output, text[2]));
}

pl_status pl_prepare_scatter_nd(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 3, 3, 1));
    struct scatter *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_type(prepare, pl_input(2), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_move_check(prepare, 1, PL_TYPES_BYTES_1 | PL_TYPES_FLOAT | PL_TYPES_INDEX,
                         &params->element_bytes));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, PL_MAX_RANK));
    PL_TRY(read_shape(prepare, 2, &params->output));
    PL_TRY(check_updates(prepare, &params->output));
    const struct pl_shape *indices = &prepare->inputs[0]->shape;
    PL_TRY(pl_combine_find(prepare, 1, PL_COMBINE_ADD, prepare->inputs[1]->tensor->type,
                           &params->combine));
    params->depth = indices->dims[indices->rank - 1];
    params->updates = pl_shape_span(indices, 0, indices->rank - 1);
    params->run = pl_shape_span(&params->output, params->depth, params->output.rank);
    params->index_type = PL_INT32;
    prepare->params = params;
    const int64_t count = pl_shape_count(&params->output);
    pl_prepare_stage(prepare, eval_scatter_nd, count > 0 || params->updates > 0 ? 1 : 0, count);
    return PL_OK;
}

/* ---- SPARSE_TO_DENSE ------------------------------------------------------------------------- */

enum { SPARSE_MAX_DEPTH = 4 };

static pl_status eval_sparse_to_dense(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct scatter *params = eval->params;
    (void)from;
    (void)to;
    params->kernels->fill(eval->outputs[0], eval->inputs[3], pl_shape_count(&params->output),
                          params->element_bytes);
    return write_updates(eval, eval->inputs[0], eval->inputs[2]);
}

/* Indices are [places][coordinates], or one coordinate for each place. One value is for one place
 * only, as the reference has it. */
static pl_status check_sparse(struct pl_prepare *prepare, struct scatter *params)
{
    const struct pl_shape *indices = &prepare->inputs[0]->shape;
    const struct pl_shape *values = &prepare->inputs[2]->shape;
    params->depth = indices->rank == 2 ? indices->dims[1] : 1;
    params->updates = indices->rank > 0 ? indices->dims[0] : 1;
    PL_TRY(pl_check_count(prepare, pl_input(1), params->depth));
    if (params->depth > SPARSE_MAX_DEPTH)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0),
                             "found %d coordinates, expected at most %d", (int)params->depth,
                             (int)SPARSE_MAX_DEPTH);
    if (pl_shape_count(values) == params->updates) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(2), "found %lld values for %lld places",
                         (long long)pl_shape_count(values), (long long)params->updates);
}

pl_status pl_prepare_sparse_to_dense(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 4, 4, 1));
    struct scatter *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_INDEX));
    PL_TRY(pl_check_type(prepare, pl_input(1), PL_TYPES_INDEX));
    PL_TRY(pl_move_check(prepare, 2, PL_TYPES_FLOAT | PL_TYPES_INDEX | PL_TYPES_QUANTIZED_8,
                         &params->element_bytes));
    PL_TRY(pl_check_same_type(prepare, pl_input(3), pl_input(2)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 0, 2));
    PL_TRY(pl_check_rank(prepare, pl_input(1), 1, 1));
    PL_TRY(pl_check_rank(prepare, pl_input(2), 0, 1));
    PL_TRY(pl_check_count(prepare, pl_input(3), 1));
    PL_TRY(check_sparse(prepare, params));
    PL_TRY(read_shape(prepare, 1, &params->output));
    params->kernels = prepare->kernels->movement;
    params->run = 1;
    params->index_type = prepare->inputs[0]->tensor->type;
    prepare->params = params;
    const int64_t count = pl_shape_count(&params->output);
    pl_prepare_stage(prepare, eval_sparse_to_dense, count > 0 || params->updates > 0 ? 1 : 0,
                     count);
    return PL_OK;
}
