/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/adapter.h"

#include <assert.h>

static bool is_quantized(const struct pl_tensor *tensor)
{
    const bool integer = tensor->type == PL_INT8 || tensor->type == PL_UINT8 || tensor->type == PL_INT16;
    return integer && tensor->quantization.count == 1;
}

static bool same_quantization(const struct pl_tensor *a, const struct pl_tensor *b)
{
    if (a->type != b->type || a->quantization.count != b->quantization.count) return false;
    for (int32_t i = 0; i < a->quantization.count; i++)
        if (a->quantization.scales[i] != b->quantization.scales[i] ||
            a->quantization.zero_points[i] != b->quantization.zero_points[i])
            return false;
    return true;
}

/* Open dimensions fit anything: the plan checks them again when the producer's shape is known. */
static bool shapes_fit(const struct pl_tensor *from, const struct pl_tensor *to)
{
    if (from->shape.rank != to->shape.rank) return false;
    for (int32_t i = 0; i < to->shape.rank; i++)
        if (from->shape.dims[i] != to->shape.dims[i] && from->signature.dims[i] != -1 && to->signature.dims[i] != -1)
            return false;
    return true;
}

static void add(struct pl_adapter *adapter, pl_adapter_kind kind)
{
    assert(adapter->count < PL_MAX_ADAPTERS);
    adapter->kinds[adapter->count++] = kind;
}

static pl_status refuse(const struct pl_tensor *from, const struct pl_tensor *to, struct pl_error *error,
                        const char *what)
{
    char a[PL_SHAPE_TEXT_BYTES];
    char b[PL_SHAPE_TEXT_BYTES];
    return pl_fail(error, PL_MISMATCH, "output '%s' (%s %s) does not fit input '%s' (%s %s): %s", from->name,
                   pl_type_name(from->type), pl_shape_text(&from->shape, a), to->name, pl_type_name(to->type),
                   pl_shape_text(&to->shape, b), what);
}

static bool can_cast(pl_type type)
{
    return pl_type_bits(type) >= 8 && type != PL_RESOURCE && type != PL_COMPLEX128;
}

/* The value part: after it the type and quantization are those of `to`. */
static pl_status find_value_adapters(const struct pl_tensor *from, const struct pl_tensor *to,
                                     const struct pl_link_options *options, struct pl_adapter *adapter,
                                     struct pl_error *error)
{
    const bool arithmetic = options->has_scale || options->has_offset;
    if (same_quantization(from, to) && !arithmetic) return PL_OK;
    const bool through_float = arithmetic || to->type == PL_FLOAT32 || from->type == PL_FLOAT32;
    if (is_quantized(from) && is_quantized(to) && !through_float) {
        add(adapter, PL_ADAPTER_QUANTIZE);
        return PL_OK;
    }
    pl_type type = from->type;
    if (is_quantized(from) && through_float) {
        add(adapter, PL_ADAPTER_DEQUANTIZE);
        type = PL_FLOAT32;
    }
    const pl_type wanted = is_quantized(to) || arithmetic ? PL_FLOAT32 : to->type;
    if (type != wanted) {
        if (!options->cast) return refuse(from, to, error, "the types differ; a link with `cast` would convert");
        if (!can_cast(type) || !can_cast(wanted)) return refuse(from, to, error, "no CAST between these types");
        add(adapter, PL_ADAPTER_CAST);
    }
    if (options->has_scale) add(adapter, PL_ADAPTER_SCALE);
    if (options->has_offset) add(adapter, PL_ADAPTER_OFFSET);
    if (is_quantized(to)) add(adapter, PL_ADAPTER_QUANTIZE);
    else if (arithmetic && to->type != PL_FLOAT32) return refuse(from, to, error, "scale and offset are for float32");
    else if (adapter->count == 0) return refuse(from, to, error, "the quantization differs and one side has none");
    return PL_OK;
}

/* Parts are cut out of one picture, for an input of one. */
static pl_status check_crop(const struct pl_tensor *from, const struct pl_tensor *to, struct pl_error *error)
{
    const struct pl_shape *a = &from->shape, *b = &to->shape;
    const bool elements = from->type == PL_FLOAT32 || from->type == PL_INT8 || from->type == PL_UINT8 || from->type == PL_INT16;
    if (elements && a->rank == 4 && b->rank == 4 && (a->dims[3] == b->dims[3] || from->has_signature || to->has_signature))
        return PL_OK;
    return refuse(from, to, error, "parts are cut out of [1, rows, columns, channels] of float32, int8, uint8 or int16, for an "
                  "input of as many channels");
}

pl_status pl_adapter_find(const struct pl_tensor *from, const struct pl_tensor *to,
                          const struct pl_link_options *options, struct pl_adapter *adapter, struct pl_error *error)
{
    adapter->count = 0;
    PL_TRY(find_value_adapters(from, to, options, adapter, error));
    if (options->hop != 0) {
        if (pl_window_axis(options, &to->shape) >= 0) return PL_OK;
        return refuse(from, to, error, "a window needs an axis of the input, a hop of 1 row or more, and 0 or more rows "
                      "of zeros");
    }
    if (options->crop != NULL) return check_crop(from, to, error);
    if (shapes_fit(from, to)) return PL_OK;
    if (!options->reshape) return refuse(from, to, error, "the shapes differ; a link with `reshape` would reshape");
    int32_t open = 0;
    for (int32_t i = 0; i < to->signature.rank; i++) open += to->signature.dims[i] == -1;
    if (open == 0 && pl_shape_count(&from->shape) != pl_shape_count(&to->shape))
        return refuse(from, to, error, "the number of elements differs");
    if (open > 1) return refuse(from, to, error, "more than one dimension is open");
    add(adapter, PL_ADAPTER_RESHAPE);
    return PL_OK;
}

int32_t pl_window_axis(const struct pl_link_options *options, const struct pl_shape *window)
{
    const int32_t axis = options->axis < 0 ? options->axis + window->rank : options->axis;
    return options->hop < 1 || options->zero_rows < 0 || axis < 0 || axis >= window->rank ? -1 : axis;
}

int32_t pl_adapter_operator(pl_adapter_kind kind)
{
    switch (kind) {
    case PL_ADAPTER_DEQUANTIZE: return PL_BuiltinOperator_DEQUANTIZE;
    case PL_ADAPTER_CAST: return PL_BuiltinOperator_CAST;
    case PL_ADAPTER_SCALE: return PL_BuiltinOperator_MUL;
    case PL_ADAPTER_OFFSET: return PL_BuiltinOperator_ADD;
    case PL_ADAPTER_QUANTIZE: return PL_BuiltinOperator_QUANTIZE;
    default: return PL_BuiltinOperator_RESHAPE;
    }
}
