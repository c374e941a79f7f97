/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and parameters of operators with a filter and a bias: see filter.h. */
#include "ops/filter.h"

#include "ops/check.h"
#include "ops/packed.h"
#include "ops/quantize.h"

pl_status pl_filter_choose(struct pl_prepare *prepare, struct pl_filter_places places,
                           enum pl_filter_kind *kind)
{
    static const struct {
        pl_type input, filter;
        enum pl_filter_kind kind;
    } kinds[] = {
        {PL_FLOAT32, PL_FLOAT32, PL_FILTER_FLOAT},  {PL_FLOAT32, PL_INT8, PL_FILTER_HYBRID},
        {PL_FLOAT32, PL_INT4, PL_FILTER_HYBRID},    {PL_FLOAT32, PL_INT2, PL_FILTER_HYBRID},
        {PL_FLOAT32, PL_UINT8, PL_FILTER_HYBRID},   {PL_INT8, PL_INT8, PL_FILTER_INT8},
        {PL_INT8, PL_INT4, PL_FILTER_INT8},         {PL_INT8, PL_INT2, PL_FILTER_INT8},
        {PL_UINT8, PL_UINT8, PL_FILTER_UINT8},      {PL_INT16, PL_INT8, PL_FILTER_INT16},
        {PL_INT16, PL_INT4, PL_FILTER_INT16},       {PL_INT16, PL_INT2, PL_FILTER_INT16},
        {PL_INT16, PL_INT16, PL_FILTER_INT16_WIDE},
    };
    PL_TRY(pl_check_type(prepare, pl_input(places.input), PL_TYPES_FLOAT | PL_TYPES_QUANTIZED));
    const pl_type input = prepare->inputs[places.input]->tensor->type;
    const pl_type filter = prepare->inputs[places.filter]->tensor->type;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].input == input && kinds[i].filter == filter) {
            *kind = kinds[i].kind;
            return PL_OK;
        }
    }
    return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(places.filter),
                         "%s under an input of %s is not supported", pl_type_name(filter),
                         pl_type_name(input));
}

pl_type pl_filter_weights_type(const struct pl_prepare *prepare, struct pl_filter_places places,
                               enum pl_filter_kind kind)
{
    const pl_type type = prepare->inputs[places.filter]->tensor->type;
    return kind == PL_FILTER_HYBRID && type == PL_UINT8 ? PL_INT8 : type;
}

pl_status pl_filter_check_bias(struct pl_prepare *prepare, struct pl_filter_places places,
                               enum pl_filter_kind kind, int32_t channels,
                               struct pl_filter_bias *bias)
{
    const struct pl_value *value = pl_check_value(prepare, pl_input(places.bias));
    *bias = (struct pl_filter_bias){value != NULL, false, places.bias};
    if (value == NULL) return PL_OK;
    uint32_t types = PL_TYPE_BIT(PL_INT32);
    if (kind == PL_FILTER_FLOAT || kind == PL_FILTER_HYBRID) types = PL_TYPES_FLOAT;
    if (kind == PL_FILTER_INT16 || kind == PL_FILTER_INT16_WIDE) types |= PL_TYPE_BIT(PL_INT64);
    PL_TRY(pl_check_type(prepare, pl_input(places.bias), types));
    PL_TRY(pl_check_count(prepare, pl_input(places.bias), channels));
    bias->wide = value->tensor->type == PL_INT64;
    return pl_check_symmetric(prepare, pl_input(places.bias));
}

const void *pl_filter_bias(const struct pl_filter_bias *bias, const struct pl_eval *eval)
{
    return bias->present ? eval->inputs[bias->input] : NULL;
}

pl_status pl_filter_check_quantized(struct pl_prepare *prepare, struct pl_filter_places places,
                                    enum pl_filter_kind kind, int64_t activation, int32_t channels,
                                    struct pl_output_range *range)
{
    PL_TRY(pl_check_quantized(prepare, pl_input(places.input)));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    if (kind == PL_FILTER_UINT8) {
        PL_TRY(pl_check_quantized(prepare, pl_input(places.filter)));
    } else {
        PL_TRY(pl_check_quantized_channels(prepare, pl_input(places.filter), channels));
    }
    if (kind == PL_FILTER_INT16 || kind == PL_FILTER_INT16_WIDE) {
        PL_TRY(pl_check_symmetric(prepare, pl_input(places.input)));
        PL_TRY(pl_check_symmetric(prepare, pl_output(0)));
    }
    const struct pl_value *output = prepare->outputs[0];
    range->zero_point = output->tensor->quantization.zero_points[0];
    return pl_quantize_activation_range(prepare, activation, output, &range->low, &range->high);
}

/* 64-bit sums are multiplied with one shift, which must stay one to the right. */
static pl_status check_wide_shift(struct pl_prepare *prepare,
                                  const struct pl_multiplier *multiplier)
{
    if (multiplier->shift <= 14) return PL_OK;
    return pl_prepare_fail(prepare, PL_UNSUPPORTED,
                           "the quantization scales give a factor above 2^14");
}

pl_status pl_filter_multipliers(struct pl_prepare *prepare, struct pl_filter_places places,
                                enum pl_filter_kind kind, int32_t channels,
                                const struct pl_multiplier **multipliers)
{
    const struct pl_value *input = prepare->inputs[places.input],
                          *filter = prepare->inputs[places.filter];
    const struct pl_value *output = prepare->outputs[0];
    struct pl_multiplier *all = pl_prepare_allocate(prepare, (size_t)channels * sizeof *all);
    if (all == NULL) return PL_OUT_OF_MEMORY;
    *multipliers = all;
    if (kind == PL_FILTER_UINT8) {
        double real = 0;
        struct pl_multiplier one = {0, 0};
        const struct pl_value *bias = pl_check_value(prepare, pl_input(places.bias));
        PL_TRY(pl_quantize_product_scale(prepare, input, filter, bias, output, &real));
        PL_TRY(pl_quantize_multiplier(prepare, real, &one));
        for (int32_t channel = 0; channel < channels; channel++) all[channel] = one;
        return PL_OK;
    }
    PL_TRY(pl_quantize_channel_multipliers(prepare, input, filter, output, channels, all));
    if (kind != PL_FILTER_INT16) return PL_OK;
    for (int32_t channel = 0; channel < channels; channel++)
        PL_TRY(check_wide_shift(prepare, &all[channel]));
    return PL_OK;
}

pl_status pl_filter_scales(struct pl_prepare *prepare, struct pl_filter_places places,
                           int32_t channels, const float **scales, bool *uniform)
{
    PL_TRY(pl_check_quantized_channels(prepare, pl_input(places.filter), channels));
    const struct pl_quantization *quantization =
        &prepare->inputs[places.filter]->tensor->quantization;
    float *all = pl_prepare_allocate(prepare, (size_t)channels * sizeof *all);
    if (all == NULL) return PL_OUT_OF_MEMORY;
    *scales = all;
    *uniform = true;
    for (int32_t channel = 0; channel < channels; channel++) {
        all[channel] = quantization->scales[quantization->count > 1 ? channel : 0];
        if (all[channel] != all[0]) *uniform = false;
    }
    return PL_OK;
}

pl_status pl_filter_check_bias_type(struct pl_prepare *prepare, struct pl_filter_places places,
                                    enum pl_filter_kind kind, int64_t type, bool *narrow)
{
    const struct pl_value *bias = pl_check_value(prepare, pl_input(places.bias));
    *narrow = false;
    if (kind != PL_FILTER_INT16 && kind != PL_FILTER_INT16_WIDE) return PL_OK;
    if (type == PL_FLOAT32) return PL_OK;
    if (type != PL_INT32 && type != PL_INT64) {
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "option quantized_bias_type: found %lld, expected int32 or int64",
                               (long long)type);
    }
    if (bias != NULL && (int64_t)bias->tensor->type != type) {
        return pl_check_fail(prepare, PL_MISMATCH, pl_input(places.bias),
                             "found %s, quantized_bias_type says %s",
                             pl_type_name(bias->tensor->type), pl_type_name((pl_type)type));
    }
    *narrow = type == PL_INT32;
    return PL_OK;
}

struct unpacking {
    pl_type type;
    int64_t count;
};

static void unpack(void *to, const void *raw, const void *context)
{
    const struct unpacking *unpacking = context;
    pl_packed_load(to, raw, 0, unpacking->count, unpacking->type);
}

pl_status pl_filter_unpack(struct pl_prepare *prepare, int32_t filter, const int8_t **unpacked)
{
    const struct pl_value *value = prepare->inputs[filter];
    const struct unpacking context = {value->tensor->type, pl_shape_count(&value->shape)};
    const struct pl_packing packing = {
        .pack = unpack,
        .context = &context,
        .context_bytes = sizeof context,
        .parameters = {(uint64_t)context.count, (uint64_t)context.type},
        .bytes = (size_t)context.count,
    };
    const void *packed = NULL;
    PL_TRY(pl_check_constant(prepare, pl_input(filter)));
    PL_TRY(pl_prepare_pack(prepare, filter, &packing, &packed));
    *unpacked = packed;
    return PL_OK;
}
