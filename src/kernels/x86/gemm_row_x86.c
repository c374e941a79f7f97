/* SPDX-License-Identifier: Apache-2.0 */
/* Products of one row of bytes: see gemm_row_x86.h. Sums go from registers to outputs. */
#include "kernels/x86/gemm_row_x86.h"

#include "kernels/x86/gemm_finish_group_x86.h"

/* Vectors of outputs at a time. Fewer have several sums each, of every second or fourth step, since an addition waits
 * for the one before. */
enum { MOST_VECTORS = 8, MOST_SUMS = 8, STEPS_AT_ONCE = 4 };
#define UNROLL _Pragma("GCC unroll 8")

struct row {
    const struct pl_product_x86 *product;
    const uint8_t *input;
    int64_t steps;
    int32_t start; /* of all sums */
};

/* ---- sums ------------------------------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE void add_step(const int vectors, const uint8_t *input, const int8_t *weights, int64_t block_bytes,
                               pl_vec *sums)
{
    const pl_gemm_operand x = pl_gemm_load_input(input);
    UNROLL for (int v = 0; v < vectors; v++)
    {
        const int8_t *from = weights + v / PL_BLOCK_VECTORS * block_bytes + v % PL_BLOCK_VECTORS * PL_VECTOR_BYTES;
        sums[v] = pl_gemm_add_step(sums[v], x, pl_gemm_load_weights(from));
    }
}

PL_ALWAYS_INLINE void multiply(const int vectors, const struct row *row, int32_t block,
                               const struct pl_gemm_column_x86 *columns, pl_vec sums[MOST_SUMS])
{
    const int chains = MOST_SUMS / vectors < STEPS_AT_ONCE ? MOST_SUMS / vectors : STEPS_AT_ONCE;
    const int64_t k = row->product->source.k, block_bytes = pl_gemm_packed_bytes(k);
    const int8_t *weights = pl_gemm_packed_block(row->product->source.packed, block, k);
    const uint8_t *input = row->input, *end = input + row->steps * PL_STEP_INPUT_BYTES;
    UNROLL for (int v = 0; v < vectors; v++)
    {
        const int32_t *starts = columns[v / PL_BLOCK_VECTORS].starts + v % PL_BLOCK_VECTORS * PL_LANES;
        sums[v] = pl_vec_add(pl_vec_load(starts), pl_vec_set(row->start));
    }
    UNROLL for (int i = vectors; i < vectors * chains; i++) sums[i] = pl_vec_set(0);
    for (; end - input >= STEPS_AT_ONCE * PL_STEP_INPUT_BYTES; weights += STEPS_AT_ONCE * PL_STEP_BYTES) {
        UNROLL for (int i = 0; i < STEPS_AT_ONCE; i++)
        {
            add_step(vectors, input, weights + i * PL_STEP_BYTES, block_bytes, sums + i % chains * vectors);
            input += PL_STEP_INPUT_BYTES;
        }
    }
    for (; input < end; input += PL_STEP_INPUT_BYTES, weights += PL_STEP_BYTES)
        add_step(vectors, input, weights, block_bytes, sums);
    UNROLL for (int i = vectors; i < vectors * chains; i++) sums[i % vectors] = pl_vec_add(sums[i % vectors], sums[i]);
}

/* ---- outputs ---------------------------------------------------------------------------------------------------- */

/* Bytes of the vectors, as groups of four, of which what is left of the last one is zero. */
PL_ALWAYS_INLINE void write_bytes(const int vectors, const struct row *row, const struct pl_finish_x86 *finish,
                                  const pl_vec sums[MOST_SUMS])
{
    const struct pl_gemm_part *part = row->product->part;
    uint8_t *output = (uint8_t *)part->output + part->from_x * finish->stride + finish->first;
    UNROLL for (int v = 0; v < vectors; v += PL_GROUP)
    {
        const int count = vectors < PL_GROUP ? vectors : PL_GROUP, from = v * PL_LANES;
        const struct pl_group_x86 group = {finish->requantizer, finish->columns + v / PL_BLOCK_VECTORS,
                                           finish->first + from, count};
        const struct pl_group_scales_x86 scales = pl_group_scales_x86(group.columns, count, false, finish->requantizer->range);
        pl_vec words[PL_GROUP];
        UNROLL for (int i = 0; i < PL_GROUP; i++) words[i] = i < count ? sums[v + i] : pl_vec_set(0);
        const pl_vec bytes = finish->requantizer->is_unsigned ? pl_finish_group_x86(group, &scales, true, words)
                                                              : pl_finish_group_x86(group, &scales, false, words);
        const int32_t rest = finish->count - from;
        pl_store_row_x86(bytes, rest < PL_GROUP_BYTES ? rest : PL_GROUP_BYTES, output + from);
    }
}

PL_ALWAYS_INLINE void run_vectors(const int vectors, const struct row *row, int32_t block, int32_t count)
{
    const struct pl_product_x86 *product = row->product;
    struct pl_gemm_column_x86 made[MOST_VECTORS];
    const struct pl_gemm_column_x86 *columns =
        pl_columns_x86(product, block, (vectors + PL_BLOCK_VECTORS - 1) / PL_BLOCK_VECTORS, made);
    pl_vec sums[MOST_SUMS];
    multiply(vectors, row, block, columns, sums);
    struct pl_finish_x86 finish = {.rows = 1,
                                   .vectors = vectors,
                                   .first = block * PL_GEMM_BLOCK,
                                   .count = count,
                                   .stride = product->shape->output_stride,
                                   .columns = columns,
                                   .requantizer = product->source.requantizer};
    if (finish.requantizer != NULL) {
        write_bytes(vectors, row, &finish, sums);
        return;
    }
    _Alignas(64) int32_t words[(MOST_VECTORS + PL_GROUP) * PL_LANES];
    UNROLL for (int v = 0; v < vectors; v++) pl_vec_store(words + v * PL_LANES, sums[v]);
    finish.sums = words;
    product->finish(product, &finish, product->part->from_x);
}

#define DEFINE_VECTORS(vectors)                                                                                        \
    static void run_##vectors(const struct row *row, int32_t block, int32_t count)                                     \
    {                                                                                                                  \
        run_vectors(vectors, row, block, count);                                                                       \
    }
DEFINE_VECTORS(1)
DEFINE_VECTORS(2)
DEFINE_VECTORS(4)
DEFINE_VECTORS(8)

/* ---- a row ------------------------------------------------------------------------------------------------------ */

void PL_LEVEL(pl_run_row_x86)(const struct pl_product_x86 *product, const uint8_t *input)
{
    const struct pl_gemm_part *part = product->part;
    const int64_t k = pl_gemm_padded(product->source.k);
    struct row row = {product, input, k / PL_GEMM_STEP, 0};
    if (product->weight_offset != 0) {
        const uint32_t outside = (uint32_t)product->source.k * (uint32_t)product->source.zero_point;
        row.start = (int32_t)((pl_sum_inputs(input, k) - outside) * (uint32_t)product->weight_offset);
    }
    const int32_t last = part->to_block * PL_GEMM_BLOCK, channels = product->shape->channels;
    const int32_t end = last < channels ? last : channels;
    for (int32_t n = part->from_block * PL_GEMM_BLOCK; n < end;) {
        const int32_t rest = (end - n + PL_LANES - 1) / PL_LANES;
        const int vectors = rest >= 8 ? 8 : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
        const int32_t count = vectors * PL_LANES < end - n ? vectors * PL_LANES : end - n;
        const int32_t block = n / PL_GEMM_BLOCK;
        switch (vectors) {
        case 1: run_1(&row, block, count); break;
        case 2: run_2(&row, block, count); break;
        case 4: run_4(&row, block, count); break;
        default: run_8(&row, block, count); break;
        }
        n += vectors * PL_LANES;
    }
}
