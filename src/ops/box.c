/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/box.h"

#include <assert.h>

pl_status pl_box_element_bytes(struct pl_prepare *prepare, struct pl_place place, int64_t *bytes)
{
    const struct pl_value *value = pl_check_value(prepare, place);
    const pl_type type = value->tensor->type;
    const int32_t bits = pl_type_bits(type);
    if (bits < 8)
        return pl_check_fail(prepare, PL_UNSUPPORTED, place, "elements of %s cannot be moved",
                             pl_type_name(type));
    *bytes = bits / 8;
    return PL_OK;
}

void pl_box_dense_strides(const struct pl_shape *shape, int64_t element_bytes,
                          int64_t strides[PL_MAX_RANK])
{
    int64_t stride = element_bytes;
    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= shape->dims[i];
    }
}

void pl_box_add(struct pl_box *box, int64_t dim, int64_t to_stride, int64_t from_stride)
{
    assert(box->rank < PL_BOX_MAX_RANK);
    box->dims[box->rank] = dim;
    box->to[box->rank] = to_stride;
    box->from[box->rank] = from_stride;
    box->rank++;
}

/* Whether dimension `outer` is dimension `inner` continued, at both ends. */
static bool continues(const struct pl_box *box, int32_t outer, int32_t inner)
{
    return box->to[outer] == box->dims[inner] * box->to[inner] &&
           box->from[outer] == box->dims[inner] * box->from[inner];
}

static void join_dimensions(struct pl_box *box)
{
    int32_t rank = 0;
    for (int32_t i = 0; i < box->rank; i++) {
        if (box->dims[i] == 1) continue;
        if (rank > 0 && continues(box, rank - 1, i)) {
            box->dims[rank - 1] *= box->dims[i];
        } else {
            box->dims[rank] = box->dims[i];
            rank++;
        }
        box->to[rank - 1] = box->to[i];
        box->from[rank - 1] = box->from[i];
    }
    box->rank = rank;
}

/* Runs that are as long as a machine word or two are elements of their own. */
static void widen_element(struct pl_box *box)
{
    const int32_t last = box->rank - 1;
    if (last < 1 || box->to[last] != box->element_bytes || box->from[last] != box->element_bytes)
        return;
    const int64_t run_bytes = box->dims[last] * box->element_bytes;
    if (run_bytes != 2 && run_bytes != 4 && run_bytes != 8 && run_bytes != 16) return;
    box->element_bytes = run_bytes;
    box->rank--;
}

static void insert_outer(struct pl_box *box)
{
    for (int32_t i = box->rank; i > 0; i--) {
        box->dims[i] = box->dims[i - 1];
        box->to[i] = box->to[i - 1];
        box->from[i] = box->from[i - 1];
    }
    box->dims[0] = 1;
    box->to[0] = 0;
    box->from[0] = 0;
    box->rank++;
}

void pl_box_simplify(struct pl_box *box)
{
    join_dimensions(box);
    widen_element(box);
    if (box->rank == 0) pl_box_add(box, 1, box->element_bytes, box->element_bytes);
    if (box->rank == 1) insert_outer(box);
}

int64_t pl_box_units(const struct pl_box *box)
{
    if (box->dims[box->rank - 1] == 0) return 0;
    int64_t units = 1;
    for (int32_t i = 0; i < box->rank - 1; i++) units *= box->dims[i];
    return units;
}

int64_t pl_box_unit_bytes(const struct pl_box *box)
{
    return box->dims[box->rank - 1] * box->element_bytes;
}

void pl_box_copy(const struct pl_box *box, const struct pl_movement_kernels *kernels, void *to,
                 const void *from, int64_t first, int64_t last)
{
    const int32_t row_axis = box->rank - 2;
    const int64_t plane_rows = box->dims[row_axis];
    struct pl_plane plane = {
        .columns = box->dims[row_axis + 1],
        .to_row = box->to[row_axis],
        .to_column = box->to[row_axis + 1],
        .from_row = box->from[row_axis],
        .from_column = box->from[row_axis + 1],
        .element_bytes = box->element_bytes,
    };
    for (int64_t unit = first; unit < last;) {
        const int64_t row = unit % plane_rows;
        plane.rows = plane_rows - row < last - unit ? plane_rows - row : last - unit;
        int64_t to_offset = row * plane.to_row;
        int64_t from_offset = row * plane.from_row;
        int64_t rest = unit / plane_rows;
        for (int32_t i = row_axis - 1; i >= 0; i--) {
            const int64_t coordinate = rest % box->dims[i];
            rest /= box->dims[i];
            to_offset += coordinate * box->to[i];
            from_offset += coordinate * box->from[i];
        }
        kernels->copy_plane((char *)to + to_offset, (const char *)from + from_offset, &plane);
        unit += plane.rows;
    }
}
