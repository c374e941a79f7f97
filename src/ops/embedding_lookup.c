/* SPDX-License-Identifier: Apache-2.0 */
/* EMBEDDING_LOOKUP: rows of a table picked by int32 indices, as they are, or made floats if the
 * table is of 8, 4 or 2 bits and the output of floats: with one scale, one per row, or one per
 * block of a row. A unit is a row of the output. */
#include <string.h>

#include "kernels/elementwise_kernels.h"
#include "ops/check.h"

enum { INDICES, TABLE };

struct lookup {
    int64_t rows;
    int64_t row;        /* elements */
    size_t row_bytes;   /* of a plain copy; 0: rows become floats */
    int32_t bits;       /* of an element of the table */
    int32_t block_size; /* elements that share a scale; the row if it has one */
    int64_t row_scales; /* from one row's scales to the next row's */
    const float *scales;
    pl_cast_kernel to_half; /* NULL: the output is float32 */
    int32_t scratch;        /* a row of floats, on its way to float16 */
};

static pl_status find_row(const struct pl_eval *eval, const struct lookup *lookup, int64_t unit,
                          int64_t *row)
{
    *row = ((const int32_t *)eval->inputs[INDICES])[unit];
    if (*row >= 0 && *row < lookup->rows) return PL_OK;
    return pl_eval_fail(eval, "index %lld at place %lld is outside of the table of %lld rows",
                        (long long)*row, (long long)unit, (long long)lookup->rows);
}

static pl_status eval_copy(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lookup *lookup = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        int64_t row = 0;
        PL_TRY(find_row(eval, lookup, unit, &row));
        memcpy((char *)eval->outputs[0] + (size_t)unit * lookup->row_bytes,
               (const char *)eval->inputs[TABLE] + (size_t)row * lookup->row_bytes,
               lookup->row_bytes);
    }
    return PL_OK;
}

/* Signed numbers of up to 8 bits lie in bytes from the lowest bits up. */
static inline int32_t read_bits(const uint8_t *table, int64_t index, int32_t bits)
{
    const int64_t bit = index * bits;
    const uint32_t top = (uint32_t)table[bit / 8] << (32 - bits - (int32_t)(bit % 8));
    return (int32_t)top >> (32 - bits);
}

static void dequantize_row(const struct lookup *lookup, const uint8_t *table, int64_t row,
                           float *to)
{
    /* The reference begins a row at a whole byte, whatever is in front of it there. */
    const int64_t first = row * lookup->row / (8 / lookup->bits) * (8 / lookup->bits);
    const float *scales = lookup->scales + row * lookup->row_scales;
    for (int64_t i = 0; i < lookup->row; i++)
        to[i] = (float)read_bits(table, first + i, lookup->bits) * scales[i / lookup->block_size];
}

static pl_status eval_dequantize(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct lookup *lookup = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        int64_t row = 0;
        PL_TRY(find_row(eval, lookup, unit, &row));
        if (lookup->to_half == NULL) {
            dequantize_row(lookup, eval->inputs[TABLE], row,
                           (float *)eval->outputs[0] + unit * lookup->row);
            continue;
        }
        float *floats = eval->scratch[lookup->scratch];
        dequantize_row(lookup, eval->inputs[TABLE], row, floats);
        lookup->to_half((uint16_t *)eval->outputs[0] + unit * lookup->row, PL_CAST_FLOAT16, floats,
                        PL_CAST_FLOAT32, lookup->row);
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status prepare_copy(struct pl_prepare *prepare, struct lookup *lookup)
{
    const int64_t bits = pl_type_bits(prepare->inputs[TABLE]->tensor->type);
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(TABLE)));
    if (bits == 0 || lookup->row * bits % 8 != 0)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(TABLE),
                             "its rows of %lld %s are no whole bytes", (long long)lookup->row,
                             pl_type_name(prepare->inputs[TABLE]->tensor->type));
    if (prepare->inputs[TABLE]->tensor->quantization.count > 1)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(TABLE),
                             "found scales per row, expected one for an output of %s",
                             pl_type_name(prepare->outputs[0]->tensor->type));
    lookup->row_bytes = (size_t)(lookup->row * bits / 8);
    return PL_OK;
}

static pl_status prepare_blocks(struct pl_prepare *prepare, struct lookup *lookup)
{
    const struct pl_value *table = prepare->inputs[TABLE];
    const struct pl_quantization *quantization = &table->tensor->quantization;
    const int32_t size = quantization->block_size;
    PL_TRY(pl_check_type(prepare, pl_input(TABLE), PL_TYPE_BIT(PL_INT4)));
    PL_TRY(pl_check_rank(prepare, pl_input(TABLE), 2, 2));
    if (lookup->row % size != 0 || lookup->row * lookup->rows / size != quantization->block_count)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(TABLE),
                             "blocks of %d and %lld scales do not fit rows of %lld", (int)size,
                             (long long)quantization->block_count, (long long)lookup->row);
    lookup->block_size = size;
    lookup->row_scales = lookup->row / size;
    lookup->scales = quantization->block_scales;
    return PL_OK;
}

static pl_status prepare_scales(struct pl_prepare *prepare, struct lookup *lookup)
{
    const struct pl_quantization *quantization = &prepare->inputs[TABLE]->tensor->quantization;
    const int64_t rows = lookup->rows < INT32_MAX ? lookup->rows : INT32_MAX;
    PL_TRY(pl_check_quantized_channels(prepare, pl_input(TABLE), (int32_t)rows));
    if (quantization->zero_points[0] != 0)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(TABLE),
                             "found zero point %d, expected 0", (int)quantization->zero_points[0]);
    if (quantization->count > 1 && quantization->dimension != 0)
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(TABLE),
                             "quantized along dimension %d, expected 0",
                             (int)quantization->dimension);
    lookup->block_size = lookup->row < INT32_MAX ? (int32_t)lookup->row : INT32_MAX;
    lookup->row_scales = quantization->count > 1 ? 1 : 0;
    lookup->scales = quantization->scales;
    return PL_OK;
}

static pl_status prepare_dequantize(struct pl_prepare *prepare, struct lookup *lookup)
{
    const struct pl_value *table = prepare->inputs[TABLE];
    PL_TRY(pl_check_type(prepare, pl_input(TABLE),
                         PL_TYPES_QUANTIZED_8 | PL_TYPE_BIT(PL_INT4) | PL_TYPE_BIT(PL_INT2)));
    lookup->bits = pl_type_bits(table->tensor->type);
    if (lookup->row > INT32_MAX)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(TABLE), "is too large");
    if (table->tensor->quantization.block_size > 0) PL_TRY(prepare_blocks(prepare, lookup));
    else PL_TRY(prepare_scales(prepare, lookup));
    if (prepare->outputs[0]->tensor->type == PL_FLOAT32) return PL_OK;
    lookup->to_half = prepare->kernels->elementwise->convert->cast;
    lookup->scratch = pl_prepare_scratch(prepare, (size_t)lookup->row * sizeof(float), true);
    return PL_OK;
}

pl_status pl_prepare_embedding_lookup(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 2, 2, 1));
    struct lookup *lookup = pl_prepare_allocate(prepare, sizeof *lookup);
    if (lookup == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = lookup;
    PL_TRY(pl_check_type(prepare, pl_input(INDICES), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_rank(prepare, pl_input(INDICES), 1, 1));
    PL_TRY(pl_check_rank(prepare, pl_input(TABLE), 2, PL_MAX_RANK));
    struct pl_shape output = prepare->inputs[TABLE]->shape;
    lookup->rows = output.dims[0];
    lookup->row = pl_shape_span(&output, 1, output.rank);
    output.dims[0] = prepare->inputs[INDICES]->shape.dims[0];
    PL_TRY(pl_check_set_output(prepare, 0, &output));
    const pl_type type = prepare->outputs[0]->tensor->type;
    const bool floats = type == PL_FLOAT32 || type == PL_FLOAT16;
    const bool dequantized = floats && type != prepare->inputs[TABLE]->tensor->type;
    if (dequantized) PL_TRY(prepare_dequantize(prepare, lookup));
    else PL_TRY(prepare_copy(prepare, lookup));
    pl_prepare_stage(prepare, dequantized ? eval_dequantize : eval_copy,
                     lookup->row > 0 ? output.dims[0] : 0, lookup->row);
    return PL_OK;
}
