/* SPDX-License-Identifier: Apache-2.0 */
/* Axes and integer constants, see axis.h. */
#include "ops/axis.h"

enum { MAX_AXES = 64 };

bool pl_axis_normalize(int64_t axis, int32_t rank, int32_t *normalized)
{
    if (axis < -(int64_t)rank || axis >= rank) return false;
    *normalized = (int32_t)(axis < 0 ? axis + rank : axis);
    return true;
}

pl_status pl_axis_check(struct pl_prepare *prepare, int64_t axis, int32_t rank, int32_t *normalized)
{
    if (pl_axis_normalize(axis, rank, normalized)) return PL_OK;
    return pl_prepare_fail(prepare, PL_MISMATCH, "axis %lld is not in [%d, %d)", (long long)axis,
                           -rank, rank);
}

int64_t pl_axis_element(const void *data, pl_type type, int64_t i)
{
    switch ((int)type) {
    case PL_INT32: return ((const int32_t *)data)[i];
    case PL_INT64: return ((const int64_t *)data)[i];
    case PL_INT16: return ((const int16_t *)data)[i];
    default: return ((const int8_t *)data)[i];
    }
}

static bool is_integer_type(pl_type type)
{
    return type == PL_INT32 || type == PL_INT64 || type == PL_INT16 || type == PL_INT8;
}

pl_status pl_axis_read_integers(struct pl_prepare *prepare, int32_t input, int32_t capacity,
                                int64_t *values, int32_t *count)
{
    if (input >= prepare->input_count || prepare->inputs[input] == NULL)
        return pl_prepare_fail(prepare, PL_MISMATCH, "input %d is missing", input);
    const struct pl_value *value = prepare->inputs[input];
    const char *name = value->tensor->name;
    if (!is_integer_type(value->tensor->type))
        return pl_prepare_fail(prepare, PL_MISMATCH, "input %d '%s': found %s, expected integers",
                               input, name, pl_type_name(value->tensor->type));
    const int64_t elements = pl_shape_count(&value->shape);
    if (elements > capacity)
        return pl_prepare_fail(prepare, PL_MISMATCH,
                               "input %d '%s': found %lld elements, expected at most %d", input,
                               name, (long long)elements, capacity);
    const void *bytes = NULL;
    if (elements > 0) PL_TRY(pl_prepare_read(prepare, input, &bytes));
    *count = (int32_t)elements;
    for (int32_t i = 0; i < *count; i++) values[i] = pl_axis_element(bytes, value->tensor->type, i);
    return PL_OK;
}

pl_status pl_axis_read_integer(struct pl_prepare *prepare, int32_t input, int64_t *value)
{
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, input, 1, value, &count));
    if (count == 1) return PL_OK;
    return pl_prepare_fail(prepare, PL_MISMATCH, "input %d '%s': found no element, expected one",
                           input, prepare->inputs[input]->tensor->name);
}

pl_status pl_axis_read_mask(struct pl_prepare *prepare, int32_t input, int32_t rank, uint32_t *mask)
{
    int64_t axes[MAX_AXES];
    int32_t count = 0;
    PL_TRY(pl_axis_read_integers(prepare, input, MAX_AXES, axes, &count));
    *mask = 0;
    for (int32_t i = 0; i < count; i++) {
        int32_t axis = 0;
        PL_TRY(pl_axis_check(prepare, axes[i], rank, &axis));
        *mask |= 1u << axis;
    }
    return PL_OK;
}
