/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse tensors. The dimensions of the dense tensor, cut into blocks, and then those within a
 * block, are walked through in the order of traversal_order; each is dense, or lists the indices
 * that are there (as in compressed sparse rows). */
#include <string.h>

#include "model/verify_internal.h"

enum { LARGEST_LEVELS = 2 * PL_MAX_RANK };

struct levels {
    uint32_t count; /* of dimensions and block dimensions together */
    int32_t rank;
    int64_t sizes[LARGEST_LEVELS]; /* of each dimension in blocks, then of each block dimension */
};

/* That traversal_order has each dimension once, those of the dense tensor first. */
static pl_status verify_order(struct pl_verifier *verifier, const struct pl_file_place *place,
                              const struct pl_record *sparsity, const struct levels *levels)
{
    uint32_t count = 0;
    const int32_t *order =
        pl_record_vector(sparsity, PL_SparsityParameters_traversal_order, &count);
    PL_VERIFY(verifier, count == levels->count,
              PL_AT(place, sparsity, PL_SparsityParameters_traversal_order, PL_NO_INDEX),
              "found %lu dimensions, expected %lu", (unsigned long)count,
              (unsigned long)levels->count);
    uint32_t seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        const int32_t least = i < (uint32_t)levels->rank ? 0 : levels->rank;
        const int32_t end = i < (uint32_t)levels->rank ? levels->rank : (int32_t)count;
        PL_VERIFY(verifier, order[i] >= least && order[i] < end && (seen >> order[i] & 1u) == 0,
                  PL_AT(place, sparsity, PL_SparsityParameters_traversal_order, i),
                  "found %ld, expected each of %ld to %ld once", (long)order[i], (long)least,
                  (long)end - 1);
        seen |= 1u << order[i];
    }
    return PL_OK;
}

/* The sizes of block dimensions are in their metadata; dimensions of the tensor are counted in
 * blocks. */
static pl_status find_sizes(struct pl_verifier *verifier, const struct pl_file_place *place,
                            const struct pl_record *sparsity, const struct pl_shape *shape,
                            struct levels *levels)
{
    uint32_t blocks = 0, order_count = 0;
    const int32_t *map = pl_record_vector(sparsity, PL_SparsityParameters_block_map, &blocks);
    const int32_t *order =
        pl_record_vector(sparsity, PL_SparsityParameters_traversal_order, &order_count);
    for (int32_t i = 0; i < shape->rank; i++) levels->sizes[i] = shape->dims[i];
    for (uint32_t i = (uint32_t)shape->rank; i < levels->count; i++) {
        const struct pl_file_place *at =
            PL_AT(place, sparsity, PL_SparsityParameters_dim_metadata, i);
        const struct pl_record *metadata =
            pl_record_item(sparsity, PL_SparsityParameters_dim_metadata, i);
        PL_VERIFY(verifier,
                  pl_record_integer(metadata, PL_DimensionMetadata_format) ==
                      PL_DimensionType_DENSE,
                  PL_AT(at, metadata, PL_DimensionMetadata_format, PL_NO_INDEX),
                  "found a sparse dimension within a block, expected a dense one");
        const int64_t size = pl_record_integer(metadata, PL_DimensionMetadata_dense_size);
        PL_VERIFY(verifier, size >= 1,
                  PL_AT(at, metadata, PL_DimensionMetadata_dense_size, PL_NO_INDEX),
                  "found %lld, expected 1 or above", (long long)size);
        levels->sizes[order[i]] = size;
    }
    for (uint32_t i = 0; i < blocks; i++) {
        const struct pl_file_place *at = PL_AT(place, sparsity, PL_SparsityParameters_block_map, i);
        PL_VERIFY(verifier, map[i] >= 0 && map[i] < shape->rank, at,
                  "found dimension %ld, the tensor has %d", (long)map[i], (int)shape->rank);
        const int64_t size = levels->sizes[shape->rank + (int32_t)i];
        PL_VERIFY(verifier, levels->sizes[map[i]] % size == 0, at,
                  "found blocks of %lld in dimension %ld, which has %lld", (long long)size,
                  (long)map[i], (long long)levels->sizes[map[i]]);
        levels->sizes[map[i]] /= size;
    }
    return PL_OK;
}

/* The numbers of an Int32Vector, Uint16Vector or Uint8Vector. */
struct index_vector {
    const struct pl_record *record;
    const uint8_t *data;
    uint32_t count;
    size_t bytes;
};

static pl_status open_indices(struct pl_verifier *verifier, const struct pl_file_place *place,
                              const struct pl_record *record, struct index_vector *indices)
{
    PL_VERIFY(verifier, record != NULL, place, "found no indices for a sparse dimension");
    const enum pl_field field = record->table == PL_TABLE_Int32Vector    ? PL_Int32Vector_values
                                : record->table == PL_TABLE_Uint16Vector ? PL_Uint16Vector_values
                                                                         : PL_Uint8Vector_values;
    indices->record = record;
    indices->data = pl_record_vector(record, field, &indices->count);
    indices->bytes = pl_schema_element_bytes(pl_schema_field(field)->element);
    return pl_verify_spend(verifier, place, indices->count * indices->bytes);
}

static int64_t get_index(const struct index_vector *indices, uint64_t i)
{
    int32_t value = 0; /* the file's numbers are little-endian, as ours */
    memcpy(&value, indices->data + i * indices->bytes, indices->bytes);
    return value;
}

/* Within a segment indices ascend, so that there are never more entries than the dense tensor
 * has. */
static pl_status verify_ascending(struct pl_verifier *verifier, const struct pl_file_place *place,
                                  const struct index_vector *segments,
                                  const struct index_vector *indices, int64_t size)
{
    for (uint64_t segment = 0; segment + 1 < segments->count; segment++) {
        int64_t least = 0;
        const uint64_t end = (uint64_t)get_index(segments, segment + 1);
        for (uint64_t i = (uint64_t)get_index(segments, segment); i < end; i++) {
            const int64_t index = get_index(indices, i);
            PL_VERIFY(verifier, index >= least && index < size, place,
                      "found index %lld at place %llu, expected %lld to %lld", (long long)index,
                      (unsigned long long)i, (long long)least, (long long)size - 1);
            least = index + 1;
        }
    }
    return PL_OK;
}

/* `count` entries of the level above become as many as there are indices. */
static pl_status verify_sparse_level(struct pl_verifier *verifier,
                                     const struct pl_file_place *place,
                                     const struct pl_record *metadata, int64_t size,
                                     uint64_t *count)
{
    struct index_vector segments, indices;
    const struct pl_file_place *at_segments =
        PL_AT(place, metadata, PL_DimensionMetadata_array_segments, PL_NO_INDEX);
    const struct pl_file_place *at_indices =
        PL_AT(place, metadata, PL_DimensionMetadata_array_indices, PL_NO_INDEX);
    PL_TRY(open_indices(verifier, at_segments,
                        pl_record_child(metadata, PL_DimensionMetadata_array_segments), &segments));
    PL_TRY(open_indices(verifier, at_indices,
                        pl_record_child(metadata, PL_DimensionMetadata_array_indices), &indices));
    PL_VERIFY(verifier, segments.count == *count + 1, at_segments,
              "found %lu segments, expected %llu", (unsigned long)segments.count,
              (unsigned long long)*count + 1);
    int64_t last = 0;
    for (uint64_t i = 0; i < segments.count; i++) {
        const int64_t segment = get_index(&segments, i);
        PL_VERIFY(verifier,
                  segment >= last && segment <= (int64_t)indices.count && (i > 0 || segment == 0),
                  at_segments, "found segment %lld at place %llu, expected %lld to %lu",
                  (long long)segment, (unsigned long long)i, (long long)last,
                  (unsigned long)indices.count);
        last = segment;
    }
    PL_VERIFY(verifier, last == (int64_t)indices.count, at_segments,
              "found %lld entries, there are %lu indices", (long long)last,
              (unsigned long)indices.count);
    PL_TRY(verify_ascending(verifier, at_indices, &segments, &indices, size));
    *count = indices.count;
    return PL_OK;
}

static pl_status verify_level(struct pl_verifier *verifier, const struct pl_file_place *place,
                              const struct pl_record *metadata, int64_t size, uint64_t *count)
{
    if (pl_record_integer(metadata, PL_DimensionMetadata_format) == PL_DimensionType_SPARSE_CSR)
        return verify_sparse_level(verifier, place, metadata, size, count);
    const int64_t found = pl_record_integer(metadata, PL_DimensionMetadata_dense_size);
    const struct pl_file_place *at =
        PL_AT(place, metadata, PL_DimensionMetadata_dense_size, PL_NO_INDEX);
    PL_VERIFY(verifier, found == size, at, "found %lld, expected %lld", (long long)found,
              (long long)size);
    /* Cannot overflow: never more than the elements of the dense tensor, which are counted. */
    *count *= (uint64_t)size;
    return PL_OK;
}

pl_status pl_verify_sparsity(struct pl_verifier *verifier, const struct pl_file_place *place,
                             const struct pl_record *sparsity, const struct pl_shape *shape,
                             uint64_t *count)
{
    struct levels levels = {.count = pl_verify_count(sparsity, PL_SparsityParameters_dim_metadata),
                            .rank = shape->rank};
    const uint32_t blocks = pl_verify_count(sparsity, PL_SparsityParameters_block_map);
    PL_VERIFY(verifier, blocks <= PL_MAX_RANK,
              PL_AT(place, sparsity, PL_SparsityParameters_block_map, PL_NO_INDEX),
              "found %lu block dimensions, expected at most %d", (unsigned long)blocks,
              PL_MAX_RANK);
    PL_VERIFY(verifier, levels.count == (uint32_t)shape->rank + blocks,
              PL_AT(place, sparsity, PL_SparsityParameters_dim_metadata, PL_NO_INDEX),
              "found %lu dimensions, expected %d and %lu of blocks", (unsigned long)levels.count,
              (int)shape->rank, (unsigned long)blocks);
    PL_TRY(verify_order(verifier, place, sparsity, &levels));
    PL_TRY(find_sizes(verifier, place, sparsity, shape, &levels));
    uint32_t order_count = 0;
    const int32_t *order =
        pl_record_vector(sparsity, PL_SparsityParameters_traversal_order, &order_count);
    *count = 1;
    for (uint32_t i = 0; i < levels.count; i++)
        PL_TRY(verify_level(verifier, PL_AT(place, sparsity, PL_SparsityParameters_dim_metadata, i),
                            pl_record_item(sparsity, PL_SparsityParameters_dim_metadata, i),
                            levels.sizes[order[i]], count));
    return PL_OK;
}
