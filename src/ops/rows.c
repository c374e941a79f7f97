/* SPDX-License-Identifier: Apache-2.0 */
/* ROWS: the operator of plait's own that keeps rows of a window from one run to the next: see graph.h. Its state is the
 * rows that are kept, [outer, keep, inner]. */
#include <string.h>

#include "base/checked.h"
#include "ops/check.h"

struct rows {
    int64_t outer;
    size_t row_bytes; /* of one outer index */
    size_t fresh;     /* rows */
    size_t keep;      /* rows in the state */
    size_t skip;      /* of the new ones */
    size_t take;
};

/* `count` rows from row `from` on of what is kept and new, in this order. */
static void copy_rows(const struct rows *rows, const char *kept, const char *fresh, size_t from, size_t count, char *to)
{
    const size_t old = from >= rows->keep ? 0 : rows->keep - from < count ? rows->keep - from : count;
    memcpy(to, kept + from * rows->row_bytes, old * rows->row_bytes);
    const size_t first = from + old - rows->keep + rows->skip;
    if (count > old) memcpy(to + old * rows->row_bytes, fresh + first * rows->row_bytes, (count - old) * rows->row_bytes);
}

static void keep_last(const struct rows *rows, char *kept, const char *fresh)
{
    const size_t old = rows->keep > rows->fresh ? rows->keep - rows->fresh : 0;
    const size_t taken = rows->keep - old;
    memmove(kept, kept + taken * rows->row_bytes, old * rows->row_bytes);
    memcpy(kept + old * rows->row_bytes, fresh + (rows->fresh - taken) * rows->row_bytes, taken * rows->row_bytes);
}

static pl_status eval_rows(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct rows *rows = eval->params;
    for (int64_t i = from; i < to; i++) {
        const char *fresh = (const char *)eval->inputs[0] + (size_t)i * rows->fresh * rows->row_bytes;
        char *output = (char *)eval->outputs[0] + (size_t)i * rows->take * rows->row_bytes;
        if (rows->keep == 0) {
            memmove(output, fresh + rows->skip * rows->row_bytes, rows->take * rows->row_bytes);
            continue;
        }
        char *kept = (char *)eval->states[0] + (size_t)i * rows->keep * rows->row_bytes;
        copy_rows(rows, kept, fresh, 0, rows->take, output);
        keep_last(rows, kept, fresh);
    }
    return PL_OK;
}

/* What it was made for has to be what comes. */
static pl_status check_rows(struct pl_prepare *prepare, const struct pl_rows *options)
{
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    if (options->axis < input->rank && input->dims[options->axis] == options->fresh) return PL_OK;
    char text[PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(0), "found shape %s, expected %d rows along axis %d",
                         pl_shape_text(input, text), (int)options->fresh, (int)options->axis);
}

pl_status pl_prepare_rows(struct pl_prepare *prepare)
{
    const struct pl_rows *options = prepare->op->custom_options;
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    size_t bytes = 0;
    PL_TRY(check_rows(prepare, options));
    PL_TRY(pl_check_set_output(prepare, 0, &options->output));
    if (pl_type_bits(prepare->inputs[0]->tensor->type) < 8 ||
        !pl_shape_bytes(input, prepare->inputs[0]->tensor->type, &bytes))
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "no windows of this type");
    struct rows *rows = pl_prepare_allocate(prepare, sizeof *rows);
    if (rows == NULL) return PL_OUT_OF_MEMORY;
    rows->outer = pl_shape_span(input, 0, options->axis);
    rows->fresh = (size_t)options->fresh;
    rows->take = (size_t)options->take;
    rows->keep = options->keep > 0 ? (size_t)options->keep : 0;
    rows->skip = options->keep < 0 ? (size_t)-options->keep : 0;
    if (rows->outer > 0) rows->row_bytes = bytes / ((size_t)rows->outer * rows->fresh);
    prepare->params = rows;
    size_t kept_bytes = 0;
    if (!pl_size_multiply(rows->keep * (size_t)rows->outer, rows->row_bytes, &kept_bytes))
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(0), "the window is too large");
    if (rows->keep > 0) pl_prepare_state(prepare, NULL, kept_bytes);
    else if (rows->take == rows->fresh) prepare->view_of_input = 0;
    pl_prepare_stage(prepare, eval_rows, rows->outer, pl_cost(options->take, (int64_t)rows->row_bytes));
    return PL_OK;
}
