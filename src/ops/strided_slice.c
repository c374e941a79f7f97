/* SPDX-License-Identifier: Apache-2.0 */
/* STRIDED_SLICE: a strided box of the input. Its masks say which of begin, end and strides stand
 * for what. */
#include "ops/axis.h"
#include "ops/check.h"
#include "ops/move.h"
#include "ops/span.h"

/* What the file says: one entry per item of the slice, as in x[1:2, ..., new, 3]. */
struct specification {
    int32_t count;
    int64_t begin[PL_MAX_RANK];
    int64_t end[PL_MAX_RANK];
    int64_t strides[PL_MAX_RANK];
    uint32_t begin_mask;
    uint32_t end_mask;
    uint32_t ellipsis_mask;
    uint32_t new_axis_mask;
    uint32_t shrink_axis_mask;
    bool offset; /* end counts from begin */
};

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

static pl_status read_specification(struct pl_prepare *prepare, struct specification *slice)
{
    int32_t end_count = 0;
    int32_t stride_count = 0;
    PL_TRY(pl_axis_read_integers(prepare, 1, PL_MAX_RANK, slice->begin, &slice->count));
    PL_TRY(pl_axis_read_integers(prepare, 2, PL_MAX_RANK, slice->end, &end_count));
    PL_TRY(pl_axis_read_integers(prepare, 3, PL_MAX_RANK, slice->strides, &stride_count));
    if (end_count != slice->count || stride_count != slice->count) {
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "begin, end and strides have %d, %d and %d elements",
                               (int)slice->count, (int)end_count, (int)stride_count);
    }
    const struct pl_record *options = prepare->op->options;
    slice->begin_mask = (uint32_t)pl_record_integer(options, PL_StridedSliceOptions_begin_mask);
    slice->end_mask = (uint32_t)pl_record_integer(options, PL_StridedSliceOptions_end_mask);
    slice->ellipsis_mask =
        (uint32_t)pl_record_integer(options, PL_StridedSliceOptions_ellipsis_mask);
    slice->new_axis_mask =
        (uint32_t)pl_record_integer(options, PL_StridedSliceOptions_new_axis_mask);
    slice->shrink_axis_mask =
        (uint32_t)pl_record_integer(options, PL_StridedSliceOptions_shrink_axis_mask);
    slice->offset = pl_record_integer(options, PL_StridedSliceOptions_offset) != 0;
    for (int32_t i = 0; i < slice->count; i++) {
        if (slice->strides[i] == 0)
            return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(3), "stride %d is 0", (int)i);
        /* No axis is longer, so nothing changes, and sums and products stay small. */
        slice->begin[i] = clamp(slice->begin[i], -INT32_MAX, INT32_MAX);
        slice->end[i] = clamp(slice->end[i], -INT32_MAX, INT32_MAX);
        slice->strides[i] = clamp(slice->strides[i], -INT32_MAX, INT32_MAX);
    }
    slice->ellipsis_mask &= (1u << slice->count) - 1;
    /* There LiteRT drops axes of the input. */
    const uint32_t beyond = slice->new_axis_mask & ~((1u << slice->count) - 1) & ((1u << PL_MAX_RANK) - 1);
    if (beyond != 0)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "option new_axis_mask: found 0x%x, expected bits of %d slices alone",
                               (unsigned)slice->new_axis_mask, (int)slice->count);
    slice->new_axis_mask &= (1u << slice->count) - 1;
    return PL_OK;
}

/* The first index of item i on an axis of this size. */
static int64_t first_index(const struct specification *slice, int32_t i, int64_t size)
{
    const bool forward = slice->strides[i] > 0;
    if (slice->begin_mask >> i & 1) return forward ? 0 : size - 1;
    const int64_t begin = slice->begin[i] < 0 ? slice->begin[i] + size : slice->begin[i];
    return forward ? clamp(begin, 0, size) : clamp(begin, -1, size - 1);
}

/* How many indices there are from `first` on. */
static int64_t index_count(const struct specification *slice, int32_t i, int64_t size,
                           int64_t first)
{
    const int64_t stride = slice->strides[i];
    int64_t end = slice->end[i] + (slice->offset ? first : 0);
    if (end < 0) end += size;
    end = stride > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
    if (slice->end_mask >> i & 1) end = stride > 0 ? size : -1;
    const int64_t span = stride > 0 ? end - first : first - end;
    const int64_t step = stride > 0 ? stride : -stride;
    return span > 0 ? (span + step - 1) / step : 0;
}

/* Where the slice stands while its items are taken one by one. */
struct cursor {
    const struct pl_shape *input;
    const int64_t *strides; /* the input's, in bytes */
    int32_t axis;           /* the next one of the input */
    struct pl_shape output;
    int64_t
        counts[PL_BOX_MAX_RANK]; /* of the box: new axes are no part of it, shrunk ones count 1 */
    int64_t steps[PL_BOX_MAX_RANK];
    int64_t offset;
};

static pl_status add_output(struct pl_prepare *prepare, struct cursor *cursor, int64_t size)
{
    if (cursor->output.rank == PL_MAX_RANK)
        return pl_prepare_fail(prepare, PL_UNSUPPORTED, "the output has more than %d dimensions",
                               PL_MAX_RANK);
    cursor->output.dims[cursor->output.rank++] = (int32_t)size;
    return PL_OK;
}

static pl_status take_whole_axis(struct pl_prepare *prepare, struct cursor *cursor)
{
    const int64_t size = cursor->input->dims[cursor->axis];
    cursor->counts[cursor->axis] = size;
    cursor->steps[cursor->axis] = cursor->strides[cursor->axis];
    cursor->axis++;
    return add_output(prepare, cursor, size);
}

static pl_status take_item(struct pl_prepare *prepare, struct cursor *cursor,
                           const struct specification *slice, int32_t i)
{
    const int64_t size = cursor->input->dims[cursor->axis];
    const int64_t stride = cursor->strides[cursor->axis];
    const int64_t first = first_index(slice, i, size);
    const bool shrink = slice->shrink_axis_mask >> i & 1;
    const int64_t count = shrink ? 1 : index_count(slice, i, size, first);
    if (shrink && (first < 0 || first >= size)) {
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "index %lld is outside of dimension %d of %lld",
                               (long long)slice->begin[i], (int)cursor->axis, (long long)size);
    }
    cursor->counts[cursor->axis] = count;
    cursor->steps[cursor->axis] = count > 1 ? slice->strides[i] * stride : 0;
    if (count > 0) cursor->offset += first * stride;
    cursor->axis++;
    return shrink ? PL_OK : add_output(prepare, cursor, count);
}

/* Places [first, end) among the axes of input and new ones that the ellipsis stands for; it takes
 * one even where the items leave none, and the items that then find no place are not looked at: so
 * the reference has it. */
struct ellipsis {
    int32_t first;
    int32_t end;
};

static struct ellipsis place_ellipsis(const struct specification *slice, int32_t places)
{
    if (slice->ellipsis_mask == 0) return (struct ellipsis){places, places + 1};
    const int32_t first = __builtin_ctz(slice->ellipsis_mask);
    const int32_t end = first + 1 + places - slice->count;
    const int32_t bounded = end < places ? end : places;
    return (struct ellipsis){first, bounded > first + 1 ? bounded : first + 1};
}

/* A new axis at the place of the ellipsis has no effect. */
static pl_status take_items(struct pl_prepare *prepare, struct cursor *cursor,
                            const struct specification *slice)
{
    const int32_t rank = cursor->input->rank;
    const uint32_t new_axes = slice->new_axis_mask & ~slice->ellipsis_mask;
    const int32_t places = rank + __builtin_popcount(new_axes);
    const struct ellipsis ellipsis = place_ellipsis(slice, places);
    bool fits = (slice->ellipsis_mask & (slice->ellipsis_mask - 1)) == 0 &&
                (slice->ellipsis_mask != 0 || slice->count <= places);
    for (int32_t i = 0; fits && i < places; i++) {
        const int32_t item = i < ellipsis.end ? i : i - (ellipsis.end - ellipsis.first - 1);
        const bool hidden = i >= ellipsis.first && i < ellipsis.end;
        if (!hidden && (new_axes >> item & 1)) {
            PL_TRY(add_output(prepare, cursor, 1));
            continue;
        }
        fits = cursor->axis < rank;
        if (!fits) break;
        if (hidden || item >= slice->count) PL_TRY(take_whole_axis(prepare, cursor));
        else PL_TRY(take_item(prepare, cursor, slice, item));
    }
    if (!fits || cursor->axis != rank) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "the slice has %d items for an input of rank %d", (int)slice->count,
                               (int)rank);
    }
    return PL_OK;
}

/* A slice with steps of 1 that keeps the axes is a box. */
static void say_spans(struct pl_prepare *prepare, const struct cursor *cursor)
{
    int64_t first[PL_MAX_RANK];
    if (cursor->output.rank != cursor->input->rank) return;
    for (int32_t i = 0; i < cursor->input->rank; i++) {
        if (cursor->counts[i] != cursor->output.dims[i]) return;
        if (cursor->counts[i] != 1 && cursor->steps[i] != cursor->strides[i]) return;
        first[i] = cursor->strides[i] > 0 ? cursor->offset / cursor->strides[i] : 0;
    }
    pl_span_box(prepare, cursor->input, &cursor->output, first);
}

pl_status pl_prepare_strided_slice(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 4, 4, 1));
    struct pl_box box = {0};
    PL_TRY(pl_move_check(prepare, 0, PL_TYPES_BYTES | PL_TYPE_BIT(PL_STRING), &box.element_bytes));
    for (int32_t i = 1; i < 4; i++) {
        PL_TRY(pl_check_type(prepare, pl_input(i), PL_TYPE_BIT(PL_INT32)));
        PL_TRY(pl_check_rank(prepare, pl_input(i), 1, 1));
    }
    struct specification slice = {.count = 0};
    PL_TRY(read_specification(prepare, &slice));
    const struct pl_shape *input = &prepare->inputs[0]->shape;
    int64_t strides[PL_MAX_RANK];
    pl_box_dense_strides(input, box.element_bytes, strides);
    struct cursor cursor = {.input = input, .strides = strides};
    PL_TRY(take_items(prepare, &cursor, &slice));
    PL_TRY(pl_check_set_output(prepare, 0, &cursor.output));
    say_spans(prepare, &cursor);

    int64_t to_strides[PL_MAX_RANK];
    int64_t to_stride = box.element_bytes;
    for (int32_t i = input->rank - 1; i >= 0; i--) {
        to_strides[i] = to_stride;
        to_stride *= cursor.counts[i];
    }
    for (int32_t i = 0; i < input->rank; i++)
        pl_box_add(&box, cursor.counts[i], to_strides[i], cursor.steps[i]);
    return pl_move_box(prepare, 0, &box, cursor.offset);
}
