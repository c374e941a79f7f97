/* SPDX-License-Identifier: Apache-2.0 */
/* EMBEDDING_LOOKUP_SPARSE: rows of a table, each times a weight, added up where the indices of a
 * sparse tensor say, whose last dimension they replace; then divided by the weights' sum, or by the
 * root of the sum of their squares. Neighbouring entries for one place are one group. One unit. */
#include <math.h>
#include <string.h>

#include "ops/axis.h"
#include "ops/check.h"

enum { IDS, INDICES, DENSE_SHAPE, WEIGHTS, TABLE, INPUTS };

struct lookup {
    int64_t combiner;
    int32_t entries;
    int32_t rank;              /* of an index */
    int64_t dims[PL_MAX_RANK]; /* of the sparse tensor, but for the last one */
    int32_t rows;
    int64_t row; /* floats of a row */
    size_t output_bytes;
};

/* Entries of one place in a row. */
struct group {
    int64_t place;
    int32_t count;
    float weight;
    float squares;
};

/* Which row of the output an entry belongs to. */
static pl_status find_place(const struct pl_eval *eval, const struct lookup *lookup, int64_t entry,
                            int64_t *place)
{
    const int32_t *index = (const int32_t *)eval->inputs[INDICES] + entry * lookup->rank;
    *place = 0;
    for (int32_t i = 0; i < lookup->rank - 1; i++) {
        if (index[i] < 0 || index[i] >= lookup->dims[i])
            return pl_eval_fail(eval, "index %d of entry %lld is outside of dimension %d of %lld",
                                (int)index[i], (long long)entry, (int)i,
                                (long long)lookup->dims[i]);
        *place = *place * lookup->dims[i] + index[i];
    }
    return PL_OK;
}

static void finish_group(const struct lookup *lookup, const struct group *group, float *output)
{
    if (lookup->combiner == PL_CombinerType_SUM || group->count == 0) return;
    const float divisor =
        lookup->combiner == PL_CombinerType_MEAN ? group->weight : sqrtf(group->squares);
    float *row = output + group->place * lookup->row;
    for (int64_t i = 0; i < lookup->row; i++) row[i] /= divisor;
}

static pl_status eval_lookup(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lookup *lookup = eval->params;
    const int32_t *ids = eval->inputs[IDS];
    const float *weights = eval->inputs[WEIGHTS], *table = eval->inputs[TABLE];
    float *output = eval->outputs[0];
    struct group group = {0};
    (void)from;
    (void)to;
    memset(output, 0, lookup->output_bytes);
    for (int32_t entry = 0; entry < lookup->entries; entry++) {
        int64_t place = 0;
        if (ids[entry] < 0 || ids[entry] >= lookup->rows)
            return pl_eval_fail(eval, "id %d of entry %d is outside of the table of %d rows",
                                (int)ids[entry], (int)entry, (int)lookup->rows);
        PL_TRY(find_place(eval, lookup, entry, &place));
        if (place != group.place) {
            finish_group(lookup, &group, output);
            group = (struct group){.place = place};
        }
        const float weight = weights[entry];
        const float *from_row = table + ids[entry] * lookup->row;
        float *to_row = output + place * lookup->row;
        group.count++;
        group.weight += weight;
        group.squares = fmaf(weight, weight, group.squares);
        for (int64_t i = 0; i < lookup->row; i++) to_row[i] = fmaf(from_row[i], weight, to_row[i]);
    }
    finish_group(lookup, &group, output);
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status check_inputs(struct pl_prepare *prepare)
{
    const uint32_t int32 = PL_TYPE_BIT(PL_INT32);
    const uint32_t types[INPUTS] = {int32, int32, int32, PL_TYPES_FLOAT, PL_TYPES_FLOAT};
    static const int32_t ranks[INPUTS] = {1, 2, 1, 1, 2};
    for (int32_t i = 0; i < INPUTS; i++) {
        PL_TRY(pl_check_type(prepare, pl_input(i), types[i]));
        PL_TRY(pl_check_rank(prepare, pl_input(i), ranks[i], i == TABLE ? PL_MAX_RANK : ranks[i]));
    }
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPES_FLOAT));
    const int32_t entries = prepare->inputs[IDS]->shape.dims[0];
    const int32_t *indices = prepare->inputs[INDICES]->shape.dims;
    if (indices[0] != entries)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(INDICES),
                             "found %d indices, expected %d as there are ids", (int)indices[0],
                             (int)entries);
    PL_TRY(pl_check_count(prepare, pl_input(WEIGHTS), entries));
    if (indices[1] < 1 || indices[1] > PL_MAX_RANK)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(INDICES),
                             "found indices of %d dimensions, expected 1 to %d", (int)indices[1],
                             (int)PL_MAX_RANK);
    return pl_check_count(prepare, pl_input(DENSE_SHAPE), indices[1]);
}

static pl_status prepare_output(struct pl_prepare *prepare, struct lookup *lookup)
{
    const struct pl_shape *table = &prepare->inputs[TABLE]->shape;
    struct pl_shape output = {0};
    int64_t dims[PL_MAX_RANK];
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, DENSE_SHAPE, PL_MAX_RANK, dims, &count));
    if (lookup->rank - 1 + table->rank - 1 > PL_MAX_RANK)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(TABLE),
                             "the output would have %d dimensions, at most %d are supported",
                             (int)(lookup->rank + table->rank - 2), (int)PL_MAX_RANK);
    for (int32_t i = 0; i < lookup->rank - 1; i++) {
        lookup->dims[i] = dims[i];
        output.dims[output.rank++] = (int32_t)dims[i];
    }
    for (int32_t i = 1; i < table->rank; i++) output.dims[output.rank++] = table->dims[i];
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    (void)pl_shape_bytes(&output, PL_FLOAT32, &lookup->output_bytes);
    return PL_OK;
}

pl_status pl_prepare_embedding_lookup_sparse(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, INPUTS, INPUTS, 1));
    PL_TRY(check_inputs(prepare));
    struct lookup *lookup = pl_prepare_allocate(prepare, sizeof *lookup);
    if (lookup == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = lookup;
    const struct pl_shape *table = &prepare->inputs[TABLE]->shape;
    lookup->combiner =
        pl_record_integer(prepare->op->options, PL_EmbeddingLookupSparseOptions_combiner);
    PL_TRY(pl_check_option(prepare, "combiner", lookup->combiner, PL_CombinerType_SUM,
                           PL_CombinerType_SQRTN));
    lookup->entries = prepare->inputs[IDS]->shape.dims[0];
    lookup->rank = prepare->inputs[INDICES]->shape.dims[1];
    lookup->rows = table->dims[0];
    lookup->row = pl_shape_span(table, 1, table->rank);
    PL_TRY(prepare_output(prepare, lookup));
    pl_prepare_stage(prepare, eval_lookup, lookup->output_bytes > 0 ? 1 : 0,
                     pl_cost(lookup->entries, lookup->row));
    return PL_OK;
}
