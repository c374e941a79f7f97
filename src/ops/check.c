/* SPDX-License-Identifier: Apache-2.0 */
/* Checks shared by prepare functions: see check.h. */
#include "ops/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { TEXT_BYTES = 384 };

const struct pl_value *pl_check_value(const struct pl_prepare *prepare, struct pl_place place)
{
    const int32_t count = place.output ? prepare->output_count : prepare->input_count;
    if (place.index < 0 || place.index >= count) return NULL;
    return place.output ? prepare->outputs[place.index] : prepare->inputs[place.index];
}

pl_status pl_check_fail(struct pl_prepare *prepare, pl_status status, struct pl_place place,
                        const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    const struct pl_value *value = pl_check_value(prepare, place);
    const char *side = place.output ? "output" : "input";
    const char *name = value != NULL && value->tensor->name != NULL ? value->tensor->name : "";
    return pl_prepare_fail(prepare, status, "%s %d '%s': %s", side, (int)place.index, name, text);
}

pl_status pl_check_arity(struct pl_prepare *prepare, int32_t min_inputs, int32_t max_inputs,
                         int32_t output_count)
{
    if (prepare->input_count < min_inputs || prepare->input_count > max_inputs) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "found %d inputs, expected %d to %d",
                               (int)prepare->input_count, (int)min_inputs, (int)max_inputs);
    }
    for (int32_t i = 0; i < min_inputs; i++) {
        if (prepare->inputs[i] == NULL) {
            return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                                   "input %d is left out, but it is not optional", (int)i);
        }
    }
    if (prepare->output_count != output_count) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL, "found %d outputs, expected %d",
                               (int)prepare->output_count, (int)output_count);
    }
    for (int32_t i = 0; i < output_count; i++) {
        if (prepare->outputs[i] == NULL) {
            return pl_prepare_fail(prepare, PL_INVALID_MODEL, "output %d is left out", (int)i);
        }
    }
    return PL_OK;
}

/* "float32, int8 or uint8" */
static void write_types(uint32_t types, char text[TEXT_BYTES])
{
    int length = 0;
    text[0] = 0;
    for (int type = 0; type < PL_TYPE_COUNT; type++) {
        const uint32_t bit = PL_TYPE_BIT(type);
        if ((types & bit) == 0 || length >= TEXT_BYTES - 24) continue;
        const bool last = (types >> type) == 1;
        const char *link = length == 0 ? "" : last ? " or " : ", ";
        length += snprintf(text + length, (size_t)(TEXT_BYTES - length), "%s%s", link,
                           pl_type_name((pl_type)type));
    }
}

pl_status pl_check_type(struct pl_prepare *prepare, struct pl_place place, uint32_t types)
{
    const struct pl_value *value = pl_check_value(prepare, place);
    if (value == NULL)
        return pl_check_fail(prepare, PL_INVALID_MODEL, place,
                             "is left out, but it is not optional");
    if ((types & PL_TYPE_BIT(value->tensor->type)) != 0) return PL_OK;
    char expected[TEXT_BYTES];
    write_types(types, expected);
    return pl_check_fail(prepare, PL_UNSUPPORTED, place, "found %s, expected %s",
                         pl_type_name(value->tensor->type), expected);
}

pl_status pl_check_same_type(struct pl_prepare *prepare, struct pl_place a, struct pl_place b)
{
    const pl_type found = pl_check_value(prepare, a)->tensor->type;
    const pl_type expected = pl_check_value(prepare, b)->tensor->type;
    if (found == expected) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, a, "found %s, expected %s as %s %d has",
                         pl_type_name(found), pl_type_name(expected), b.output ? "output" : "input",
                         (int)b.index);
}

pl_status pl_check_rank(struct pl_prepare *prepare, struct pl_place place, int32_t min_rank,
                        int32_t max_rank)
{
    const struct pl_shape *shape = &pl_check_value(prepare, place)->shape;
    if (shape->rank >= min_rank && shape->rank <= max_rank) return PL_OK;
    char found[PL_SHAPE_TEXT_BYTES];
    pl_shape_text(shape, found);
    if (min_rank == max_rank) {
        return pl_check_fail(prepare, PL_MISMATCH, place, "found shape %s, expected %d dimensions",
                             found, (int)min_rank);
    }
    return pl_check_fail(prepare, PL_MISMATCH, place,
                         "found shape %s, expected %d to %d dimensions", found, (int)min_rank,
                         (int)max_rank);
}

pl_status pl_check_same_shape(struct pl_prepare *prepare, struct pl_place a, struct pl_place b)
{
    const struct pl_shape *found = &pl_check_value(prepare, a)->shape;
    const struct pl_shape *expected = &pl_check_value(prepare, b)->shape;
    if (pl_shape_equal(found, expected)) return PL_OK;
    char found_text[PL_SHAPE_TEXT_BYTES], expected_text[PL_SHAPE_TEXT_BYTES];
    return pl_check_fail(prepare, PL_MISMATCH, a, "found shape %s, expected %s as %s %d has",
                         pl_shape_text(found, found_text), pl_shape_text(expected, expected_text),
                         b.output ? "output" : "input", (int)b.index);
}

pl_status pl_check_count(struct pl_prepare *prepare, struct pl_place place, int64_t count)
{
    const struct pl_shape *shape = &pl_check_value(prepare, place)->shape;
    const int64_t found = pl_shape_count(shape);
    if (found == count) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, place, "found %lld elements, expected %lld",
                         (long long)found, (long long)count);
}

pl_status pl_check_constant(struct pl_prepare *prepare, struct pl_place place)
{
    if (pl_check_value(prepare, place)->constant != NULL) return PL_OK;
    return pl_check_fail(prepare, PL_UNSUPPORTED, place, "must be a constant");
}

/* Zero points that the type can hold; types without a rule of their own may have any. */
static bool zero_point_fits(pl_type type, int32_t zero_point)
{
    switch (type) {
    case PL_INT2: return zero_point >= -2 && zero_point <= 1;
    case PL_INT4: return zero_point >= -8 && zero_point <= 7;
    case PL_INT8: return zero_point >= INT8_MIN && zero_point <= INT8_MAX;
    case PL_UINT8: return zero_point >= 0 && zero_point <= UINT8_MAX;
    case PL_INT16: return zero_point >= INT16_MIN && zero_point <= INT16_MAX;
    default: return true;
    }
}

static pl_status check_channel(struct pl_prepare *prepare, struct pl_place place, int32_t channel,
                               bool zero_allowed)
{
    const struct pl_tensor *tensor = pl_check_value(prepare, place)->tensor;
    const float scale = tensor->quantization.scales[channel];
    if (!isfinite(scale) || scale < 0.0f || (scale == 0.0f && !zero_allowed)) {
        return pl_check_fail(prepare, PL_INVALID_MODEL, place,
                             "quantization scale %d is %g, expected a number > 0", (int)channel,
                             (double)scale);
    }
    const int32_t zero_point = tensor->quantization.zero_points[channel];
    if (!zero_point_fits(tensor->type, zero_point)) {
        return pl_check_fail(prepare, PL_INVALID_MODEL, place, "zero point %d does not fit %s",
                             (int)zero_point, pl_type_name(tensor->type));
    }
    return PL_OK;
}

pl_status pl_check_quantized(struct pl_prepare *prepare, struct pl_place place)
{
    const int32_t count = pl_check_value(prepare, place)->tensor->quantization.count;
    if (count == 0)
        return pl_check_fail(prepare, PL_MISMATCH, place, "has no quantization, expected a scale");
    if (count != 1) {
        return pl_check_fail(prepare, PL_UNSUPPORTED, place,
                             "found %d quantization scales, expected 1", (int)count);
    }
    return check_channel(prepare, place, 0, false);
}

pl_status pl_check_quantized_channels(struct pl_prepare *prepare, struct pl_place place,
                                      int32_t channels)
{
    const struct pl_value *value = pl_check_value(prepare, place);
    const struct pl_quantization *quantization = &value->tensor->quantization;
    const int32_t count = quantization->count;
    if (count == 0)
        return pl_check_fail(prepare, PL_MISMATCH, place, "has no quantization, expected scales");
    if (count != 1 && count != channels) {
        return pl_check_fail(prepare, PL_MISMATCH, place,
                             "found %d quantization scales, expected 1 or %d", (int)count,
                             (int)channels);
    }
    const int32_t dimension = quantization->dimension;
    if (count > 1 && (dimension < 0 || dimension >= value->shape.rank ||
                      value->shape.dims[dimension] != count)) {
        return pl_check_fail(prepare, PL_MISMATCH, place,
                             "quantized along dimension %d, which has not %d elements",
                             (int)dimension, (int)count);
    }
    for (int32_t channel = 0; channel < count; channel++) {
        PL_TRY(check_channel(prepare, place, channel, true));
    }
    return PL_OK;
}

pl_status pl_check_same_quantization(struct pl_prepare *prepare, struct pl_place a,
                                     struct pl_place b)
{
    const struct pl_quantization *found = &pl_check_value(prepare, a)->tensor->quantization;
    const struct pl_quantization *expected = &pl_check_value(prepare, b)->tensor->quantization;
    if (found->count == 0 && expected->count == 0) return PL_OK;
    if (found->count == 0 || expected->count == 0) {
        return pl_check_fail(prepare, PL_MISMATCH, a, "found %s quantization, expected %s as %s %d has",
                             found->count == 0 ? "no" : "a", expected->count == 0 ? "none" : "one",
                             b.output ? "output" : "input", (int)b.index);
    }
    if (found->scales[0] == expected->scales[0] &&
        found->zero_points[0] == expected->zero_points[0])
        return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, a,
                         "found scale %g and zero point %d, expected %g and %d as %s %d has",
                         (double)found->scales[0], (int)found->zero_points[0],
                         (double)expected->scales[0], (int)expected->zero_points[0],
                         b.output ? "output" : "input", (int)b.index);
}

pl_status pl_check_symmetric(struct pl_prepare *prepare, struct pl_place place)
{
    const struct pl_quantization *quantization =
        &pl_check_value(prepare, place)->tensor->quantization;
    for (int32_t i = 0; i < quantization->count; i++) {
        if (quantization->zero_points[i] != 0) {
            return pl_check_fail(prepare, PL_MISMATCH, place, "found zero point %d, expected 0",
                                 (int)quantization->zero_points[i]);
        }
    }
    return PL_OK;
}

pl_status pl_check_index_option(struct pl_prepare *prepare, struct pl_place place, int64_t wanted)
{
    PL_TRY(pl_check_type(prepare, place, PL_TYPES_INDEX));
    const pl_type found = pl_check_value(prepare, place)->tensor->type;
    if (wanted == (int64_t)found) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, place, "found %s, the options say type %lld",
                         pl_type_name(found), (long long)wanted);
}

pl_status pl_check_option(struct pl_prepare *prepare, const char *name, int64_t value, int64_t low,
                          int64_t high)
{
    if (value >= low && value <= high) return PL_OK;
    return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                           "option %s: found %lld, expected %lld to %lld", name, (long long)value,
                           (long long)low, (long long)high);
}

pl_status pl_check_set_output(struct pl_prepare *prepare, int32_t index,
                              const struct pl_shape *shape)
{
    struct pl_value *output = prepare->outputs[index];
    size_t bytes = 0;
    if (!pl_shape_bytes(shape, output->tensor->type, &bytes)) {
        char text[PL_SHAPE_TEXT_BYTES];
        return pl_check_fail(prepare, PL_MISMATCH, pl_output(index), "shape %s is not possible",
                             pl_shape_text(shape, text));
    }
    output->shape = *shape;
    return PL_OK;
}
