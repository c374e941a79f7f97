/* SPDX-License-Identifier: Apache-2.0 */
/* MATRIX_DIAG and MATRIX_SET_DIAG: the diagonals of matrices. */
#include <string.h>

#include "ops/check.h"
#include "ops/move.h"

struct diagonal {
    int64_t rows;
    int64_t columns;
    int64_t length; /* of the diagonal */
    int64_t element_bytes;
    int32_t input; /* where the diagonal is */
};

/* A unit is a row: the background is there already. */
static void put_diagonal(const struct pl_eval *eval, int64_t unit, char *row)
{
    const struct diagonal *params = eval->params;
    const int64_t i = unit % params->rows;
    if (i >= params->length) return;
    const int64_t element = unit / params->rows * params->length + i;
    memcpy(row + i * params->element_bytes,
           (const char *)eval->inputs[params->input] + element * params->element_bytes,
           (size_t)params->element_bytes);
}

static pl_status eval_matrix_diag(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct diagonal *params = eval->params;
    const int64_t row_bytes = params->columns * params->element_bytes;
    for (int64_t unit = from; unit < to; unit++) {
        char *row = (char *)eval->outputs[0] + unit * row_bytes;
        memset(row, 0, (size_t)row_bytes);
        put_diagonal(eval, unit, row);
    }
    return PL_OK;
}

static pl_status eval_matrix_set_diag(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct diagonal *params = eval->params;
    const int64_t row_bytes = params->columns * params->element_bytes;
    for (int64_t unit = from; unit < to; unit++) {
        char *row = (char *)eval->outputs[0] + unit * row_bytes;
        if (eval->outputs[0] != eval->inputs[0])
            memcpy(row, (const char *)eval->inputs[0] + unit * row_bytes, (size_t)row_bytes);
        put_diagonal(eval, unit, row);
    }
    return PL_OK;
}

static pl_status add_work(struct pl_prepare *prepare, pl_eval_function eval, int32_t input,
                          int64_t element_bytes)
{
    const struct pl_shape *output = &prepare->outputs[0]->shape;
    struct diagonal *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    params->rows = output->dims[output->rank - 2];
    params->columns = output->dims[output->rank - 1];
    params->length = params->rows < params->columns ? params->rows : params->columns;
    params->element_bytes = element_bytes;
    params->input = input;
    prepare->params = params;
    const int64_t rows = pl_shape_span(output, 0, output->rank - 1);
    pl_prepare_stage(prepare, eval, params->columns > 0 ? rows : 0,
                     params->columns * element_bytes);
    return PL_OK;
}

/* The reference takes other types for float32 and then reads outside. */
enum { DIAGONAL_TYPES = PL_TYPES_FLOAT | PL_TYPES_QUANTIZED | PL_TYPES_INDEX };

pl_status pl_prepare_matrix_diag(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_move_check(prepare, 0, DIAGONAL_TYPES, &element_bytes));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 1, PL_MAX_RANK - 1));
    struct pl_shape output = prepare->inputs[0]->shape;
    output.dims[output.rank] = output.dims[output.rank - 1];
    output.rank++;
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    return add_work(prepare, eval_matrix_diag, 0, element_bytes);
}

pl_status pl_prepare_matrix_set_diag(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    int64_t element_bytes = 0;
    PL_TRY(pl_move_check(prepare, 0, DIAGONAL_TYPES, &element_bytes));
    PL_TRY(pl_check_same_type(prepare, pl_input(1), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 2, PL_MAX_RANK));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    const int32_t rows = input->dims[input->rank - 2];
    const int32_t columns = input->dims[input->rank - 1];
    const int64_t matrices = pl_shape_span(input, 0, input->rank - 2);
    PL_TRY(pl_check_count(prepare, pl_input(1), matrices * (rows < columns ? rows : columns)));
    PL_TRY(pl_check_set_output(prepare, 0, input));
    prepare->in_place_inputs = 1;
    return add_work(prepare, eval_matrix_set_diag, 1, element_bytes);
}
