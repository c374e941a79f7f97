/* SPDX-License-Identifier: Apache-2.0 */
/* plait.h: how sparse constants are stored. */
#include <string.h>

#include "capi/handles.h"

/* Numbers of the file, of 1, 2 or 4 bytes, as many as fit; returns how many there are. */
static size_t copy_numbers(const struct pl_record *record, enum pl_field field, int32_t *values, size_t capacity)
{
    uint32_t count = 0;
    const char *data = pl_record_vector(record, field, &count);
    const size_t bytes = pl_schema_element_bytes(pl_schema_field(field)->element);
    for (size_t i = 0; i < count && i < capacity; i++) {
        values[i] = 0;
        memcpy(&values[i], data + i * bytes, bytes); /* little-endian, as the file */
    }
    return count;
}

static size_t copy_indices(const struct pl_record *record, int32_t *values, size_t capacity)
{
    if (record == NULL) return 0;
    const enum pl_field field = record->table == PL_TABLE_Int32Vector    ? PL_Int32Vector_values
                                : record->table == PL_TABLE_Uint16Vector ? PL_Uint16Vector_values
                                                                         : PL_Uint8Vector_values;
    return copy_numbers(record, field, values, capacity);
}

static size_t copy_dimension(const struct pl_record *dimension, plait_sparsity_part part, int32_t *values,
                             size_t capacity)
{
    const bool dense = pl_record_integer(dimension, PL_DimensionMetadata_format) == 0;
    if (part == PLAIT_SPARSITY_DENSE_SIZE) {
        if (dense && capacity > 0) values[0] = (int32_t)pl_record_integer(dimension, PL_DimensionMetadata_dense_size);
        return dense;
    }
    if (dense) return 0;
    return copy_indices(pl_record_child(dimension, part == PLAIT_SPARSITY_SEGMENTS ? PL_DimensionMetadata_array_segments
                                                                                   : PL_DimensionMetadata_array_indices),
                        values, capacity);
}

size_t plait_tensor_sparsity(const struct plait_tensor *tensor, plait_sparsity_part part, size_t dimension,
                             int32_t *values, size_t capacity)
{
    if (tensor == NULL || (values == NULL && capacity > 0)) return 0;
    const struct pl_record *sparsity = pl_handle_tensor(pl_const_tensor(tensor))->sparsity;
    if (sparsity == NULL) return 0;
    switch (part) {
    case PLAIT_SPARSITY_ORDER:
        return copy_numbers(sparsity, PL_SparsityParameters_traversal_order, values, capacity);
    case PLAIT_SPARSITY_BLOCKS: return copy_numbers(sparsity, PL_SparsityParameters_block_map, values, capacity);
    case PLAIT_SPARSITY_DENSE_SIZE:
    case PLAIT_SPARSITY_SEGMENTS:
    case PLAIT_SPARSITY_INDICES: break;
    }
    uint32_t count = 0;
    (void)pl_record_vector(sparsity, PL_SparsityParameters_dim_metadata, &count);
    if (dimension >= count) return 0;
    return copy_dimension(pl_record_item(sparsity, PL_SparsityParameters_dim_metadata, (uint32_t)dimension), part, values,
                          capacity);
}
