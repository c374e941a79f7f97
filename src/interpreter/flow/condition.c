/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of links: whether a model is to run on what another one gave. */
#include "interpreter/flow/flow.h"

static bool is_number(pl_type type)
{
    switch (type) {
    case PL_FLOAT32:
    case PL_INT8:
    case PL_UINT8:
    case PL_BOOL:
    case PL_INT16:
    case PL_INT32: return true;
    default: return false;
    }
}

static double element(pl_type type, const void *data, size_t index)
{
    switch (type) {
    case PL_FLOAT32: return (double)((const float *)data)[index];
    case PL_INT8: return ((const int8_t *)data)[index];
    case PL_UINT8:
    case PL_BOOL: return ((const uint8_t *)data)[index];
    case PL_INT16: return ((const int16_t *)data)[index];
    default: return ((const int32_t *)data)[index];
    }
}

double pl_tensor_value(const struct pl_tensor *tensor, const void *data, size_t index)
{
    const double stored = element(tensor->type, data, index);
    const struct pl_quantization *quantization = &tensor->quantization;
    if (quantization->count == 0 || tensor->type == PL_FLOAT32) return stored;
    return (stored - quantization->zero_points[0]) * (double)quantization->scales[0];
}

/* The first of the largest; what is no number is not one of them. */
static size_t best(const struct pl_tensor *tensor, const void *data, size_t count)
{
    size_t found = count;
    for (size_t i = 0; i < count; i++) {
        const double other = element(tensor->type, data, i);
        if (other == other && (found == count || other > element(tensor->type, data, found))) found = i;
    }
    return found;
}

bool pl_condition_holds(const struct pl_condition *when, const struct pl_tensor *tensor, const void *data, size_t bytes,
                        uint64_t runs, bool held)
{
    const size_t count = bytes * 8 / (size_t)pl_type_bits(tensor->type), index = (size_t)when->index;
    switch (when->kind) {
    case PL_CONDITION_NONE: return true;
    case PL_CONDITION_EVERY: return runs % (uint64_t)when->index == 0;
    case PL_CONDITION_BEST: return index < count && best(tensor, data, count) == index;
    case PL_CONDITION_AT_LEAST: break;
    }
    const double least = held ? when->until : when->least;
    if (when->index >= 0) return index < count && pl_tensor_value(tensor, data, index) >= least;
    for (size_t i = 0; i < count; i++)
        if (pl_tensor_value(tensor, data, i) >= least) return true;
    return false;
}

pl_status pl_tensor_check_values(const struct pl_tensor *tensor, const char *what, struct pl_error *error)
{
    if (is_number(tensor->type) && tensor->quantization.count <= 1) return PL_OK;
    return pl_fail(error, PL_MISMATCH, "%s output '%s' (%s), which must be float32, int8, uint8, int16, int32 or bool, with one "
                   "scale at most", what, tensor->name, pl_type_name(tensor->type));
}

pl_status pl_condition_check(const struct pl_condition *when, const struct pl_tensor *tensor, struct pl_error *error)
{
    if (when->kind == PL_CONDITION_EVERY)
        return when->index >= 1 ? PL_OK : pl_fail(error, PL_INVALID_ARGUMENT, "every %dth run is none", when->index);
    if (when->kind == PL_CONDITION_AT_LEAST && !(when->until <= when->least))
        return pl_fail(error, PL_INVALID_ARGUMENT, "a condition that begins to hold at %g cannot end at %g, which is more",
                       when->least, when->until);
    if (when->index < (when->kind == PL_CONDITION_BEST ? 0 : -1))
        return pl_fail(error, PL_INVALID_ARGUMENT, "a condition looks at element %d, which cannot be", when->index);
    PL_TRY(pl_tensor_check_values(tensor, "a condition looks at", error));
    if (tensor->has_signature) return PL_OK;
    const int64_t count = pl_shape_count(&tensor->shape);
    if (when->index < count) return PL_OK;
    return pl_fail(error, PL_MISMATCH, "a condition looks at element %d of output '%s', which has %lld", when->index,
                   tensor->name, (long long)count);
}
