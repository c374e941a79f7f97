/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tensor_type.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"

static const struct {
    const char *word;
    int32_t bits;
    int32_t api;
} types[PL_TYPE_COUNT] = {
#define PL_TYPE(name, number, bits, api, word) [number] = {word, bits, api},
    PL_TYPE_LIST(PL_TYPE)
#undef PL_TYPE
};

const char *pl_type_name(pl_type type)
{
    return (unsigned)type < PL_TYPE_COUNT ? types[type].word : "unknown type";
}

int32_t pl_type_bits(pl_type type)
{
    return (unsigned)type < PL_TYPE_COUNT ? types[type].bits : 0;
}

int32_t pl_type_api_number(pl_type type)
{
    return (unsigned)type < PL_TYPE_COUNT ? types[type].api : 0;
}

bool pl_shape_equal(const struct pl_shape *a, const struct pl_shape *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

int64_t pl_shape_count(const struct pl_shape *shape)
{
    return pl_shape_span(shape, 0, shape->rank);
}

int64_t pl_shape_span(const struct pl_shape *shape, int32_t from, int32_t to)
{
    assert(from >= 0 && to <= shape->rank);
    int64_t product = 1;
    for (int32_t i = from; i < to; i++) product *= shape->dims[i];
    return product;
}

bool pl_shape_bytes(const struct pl_shape *shape, pl_type type, size_t *bytes)
{
    size_t count = 1;
    bool empty = false;
    for (int32_t i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0) return false;
        if (shape->dims[i] == 0) empty = true;
        /* A product that overflows is refused even if a later dimension is 0: spans of the shape are computed too. */
        else if (!pl_size_multiply(count, (size_t)shape->dims[i], &count)) return false;
    }
    const size_t bits = (size_t)pl_type_bits(type);
    size_t total = 0;
    if (bits >= 8) {
        if (!pl_size_multiply(count, bits / 8, &total)) return false;
    } else if (bits > 0) {
        total = count / (8 / bits) + (count % (8 / bits) != 0);
    }
    if (count > PTRDIFF_MAX / 16 || total > PTRDIFF_MAX / 2) return false;
    *bytes = empty ? 0 : total;
    return true;
}

const char *pl_shape_text(const struct pl_shape *shape, char text[PL_SHAPE_TEXT_BYTES])
{
    int used = snprintf(text, PL_SHAPE_TEXT_BYTES, "[");
    for (int32_t i = 0; i < shape->rank; i++)
        used += snprintf(text + used, (size_t)(PL_SHAPE_TEXT_BYTES - used), i == 0 ? "%d" : ",%d", (int)shape->dims[i]);
    snprintf(text + used, (size_t)(PL_SHAPE_TEXT_BYTES - used), "]");
    return text;
}
