/* SPDX-License-Identifier: Apache-2.0 */
/* The walk through a sparse tensor, level by level as traversal_order says: see densify.h and
 * model/verify_sparsity.c, which has checked all that is believed here. */
#include "graph/densify.h"

#include <assert.h>
#include <string.h>

enum { MOST_LEVELS = 2 * PL_MAX_RANK };

/* The numbers of an Int32Vector, Uint16Vector or Uint8Vector. */
struct indices {
    const uint8_t *data;
    size_t bytes; /* of a number */
};

struct level {
    int64_t size;            /* dense: so many */
    int64_t stride;          /* what an index adds to the place in the dense tensor */
    struct indices segments; /* sparse, else data is NULL */
    struct indices positions;
};

struct walk {
    struct level levels[MOST_LEVELS];
    int32_t count;
    size_t element_bytes;
    const char *next; /* value */
    char *to;
};

static struct indices open_indices(const struct pl_record *record)
{
    const enum pl_field field = record->table == PL_TABLE_Int32Vector    ? PL_Int32Vector_values
                                : record->table == PL_TABLE_Uint16Vector ? PL_Uint16Vector_values
                                                                         : PL_Uint8Vector_values;
    uint32_t count = 0;
    const uint8_t *data = pl_record_vector(record, field, &count);
    return (struct indices){data, pl_schema_element_bytes(pl_schema_field(field)->element)};
}

static int64_t get_index(const struct indices *indices, int64_t i)
{
    int32_t value = 0; /* the file's numbers are little-endian, as ours */
    memcpy(&value, indices->data + (size_t)i * indices->bytes, indices->bytes);
    return value;
}

/* The elements of a level under entry `parent` of the level above, at this place. */
static void walk_level(struct walk *walk, int32_t index, int64_t parent, int64_t place)
{
    if (index == walk->count) {
        memcpy(walk->to + (size_t)place * walk->element_bytes, walk->next, walk->element_bytes);
        walk->next += walk->element_bytes;
        return;
    }
    const struct level *level = &walk->levels[index];
    if (level->segments.data == NULL) {
        for (int64_t i = 0; i < level->size; i++)
            walk_level(walk, index + 1, parent * level->size + i, place + i * level->stride);
        return;
    }
    const int64_t end = get_index(&level->segments, parent + 1);
    for (int64_t i = get_index(&level->segments, parent); i < end; i++) {
        const int64_t position = get_index(&level->positions, i);
        walk_level(walk, index + 1, i, place + position * level->stride);
    }
}

/* strides: of each dimension in blocks, then of each block dimension. */
static void find_strides(const struct pl_record *sparsity, const struct pl_shape *shape,
                         int64_t *strides)
{
    uint32_t blocks = 0, count = 0;
    const int32_t *map = pl_record_vector(sparsity, PL_SparsityParameters_block_map, &blocks);
    const int32_t *order =
        pl_record_vector(sparsity, PL_SparsityParameters_traversal_order, &count);
    for (int32_t i = 0; i < shape->rank; i++) strides[i] = pl_shape_span(shape, i + 1, shape->rank);
    /* The last block dimension of a dimension is the innermost one. */
    for (uint32_t b = blocks; b-- > 0;) {
        int64_t size = 1;
        for (uint32_t i = (uint32_t)shape->rank; i < count; i++) {
            if (order[i] != shape->rank + (int32_t)b) continue;
            size =
                pl_record_integer(pl_record_item(sparsity, PL_SparsityParameters_dim_metadata, i),
                                  PL_DimensionMetadata_dense_size);
        }
        strides[shape->rank + (int32_t)b] = strides[map[b]];
        strides[map[b]] *= size;
    }
}

void pl_densify(const struct pl_record *sparsity, const struct pl_shape *shape,
                size_t element_bytes, const void *values, void *to)
{
    int64_t strides[MOST_LEVELS] = {0};
    uint32_t count = 0;
    struct walk walk = {.element_bytes = element_bytes, .next = values, .to = to};
    const int32_t *order =
        pl_record_vector(sparsity, PL_SparsityParameters_traversal_order, &count);
    assert(count <= MOST_LEVELS);
    find_strides(sparsity, shape, strides);
    walk.count = (int32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_record *metadata =
            pl_record_item(sparsity, PL_SparsityParameters_dim_metadata, i);
        struct level *level = &walk.levels[i];
        level->stride = strides[order[i]];
        level->size = pl_record_integer(metadata, PL_DimensionMetadata_dense_size);
        if (pl_record_integer(metadata, PL_DimensionMetadata_format) == PL_DimensionType_DENSE)
            continue;
        level->segments =
            open_indices(pl_record_child(metadata, PL_DimensionMetadata_array_segments));
        level->positions =
            open_indices(pl_record_child(metadata, PL_DimensionMetadata_array_indices));
    }
    walk_level(&walk, 0, 0, 0);
}
