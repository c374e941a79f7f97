/* SPDX-License-Identifier: Apache-2.0 */
/* SVDF: a dense layer of low rank over time. Each filter multiplies the input [batches, inputs] to
 * one number, which joins those of earlier invocations in the state [batches, filters * memory];
 * these are weighted over time, `rank` filters added up for each unit, biased and activated.
 * float32, hybrid, or int8 with a state of int16, or of int8 as TensorFlow Lite Micro has it. A unit
 * is a batch. */
#include <string.h>

#include "ops/quantize.h"
#include "ops/recurrent.h"

enum { INPUT, FEATURES, TIMES, BIAS, STATE, INPUTS };

struct svdf {
    struct pl_recurrent recurrent; /* first: its stage reads it */
    struct pl_recurrent_weights features;
    int32_t batches, inputs, filters, memory, rank, units;
    enum pl_recurrent_activation activation;
    const float *times; /* hybrid: int8 times scale; NULL: the input */
    /* integer */
    const int32_t *feature_bias; /* the zero point's share */
    struct pl_multiplier feature_multiplier, time_multiplier;
    int32_t zero_point; /* of the output */
    bool narrow;        /* the state and the weights over time are int8 */
    int32_t state_zero_point;
    const int16_t *wide_times; /* of a narrow one */
};

enum { SCRATCH_FILTERS, SCRATCH_QUANTIZED, SCRATCH_STATE = 1 };

/* ---- eval ------------------------------------------------------------------------------------ */

/* Makes room for one more number at the end of every filter's memory, and puts it there. */
#define DEFINE_REMEMBER(name, type)                                                                \
    static void remember_##name(const struct svdf *svdf, type *state, const type *numbers)         \
    {                                                                                              \
        const size_t kept = (size_t)(svdf->memory - 1);                                            \
        for (int32_t filter = 0; filter < svdf->filters; filter++, state += svdf->memory) {        \
            memmove(state, state + 1, kept * sizeof *state);                                       \
            state[kept] = numbers[filter];                                                         \
        }                                                                                          \
    }

DEFINE_REMEMBER(float, float)
DEFINE_REMEMBER(int16, int16_t)
DEFINE_REMEMBER(int8, int8_t)

static pl_status eval_float(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct svdf *svdf = eval->params;
    const struct pl_recurrent *recurrent = &svdf->recurrent;
    const float *times = svdf->times != NULL ? svdf->times : eval->inputs[TIMES];
    const float *bias = eval->inputs[BIAS];
    float *filters = eval->scratch[SCRATCH_FILTERS];
    const int64_t memory = (int64_t)svdf->filters * svdf->memory;
    for (int64_t batch = from; batch < to; batch++) {
        float *state = (float *)pl_recurrent_state(eval, STATE) + batch * memory;
        float *output = (float *)eval->outputs[0] + batch * svdf->units;
        struct pl_recurrent_factor input = {.quantized = eval->scratch[SCRATCH_QUANTIZED]};
        pl_recurrent_take(recurrent, (const float *)eval->inputs[INPUT] + batch * svdf->inputs,
                          svdf->inputs, &input);
        memset(filters, 0, (size_t)svdf->filters * sizeof *filters);
        pl_recurrent_add(recurrent, eval, &svdf->features, &input, filters);
        remember_float(svdf, state, filters);
        recurrent->kernels->dot_rows(filters, times, state, svdf->filters, svdf->memory);
        for (int32_t unit = 0; unit < svdf->units; unit++) {
            float sum = 0.0f;
            for (int32_t i = 0; i < svdf->rank; i++) sum += filters[unit * svdf->rank + i];
            output[unit] = bias != NULL ? sum + bias[unit] : sum;
        }
        recurrent->kernels->activate(output, output, svdf->units, svdf->activation);
    }
    return PL_OK;
}

static int8_t finish(const struct svdf *svdf, int32_t sum)
{
    const int64_t value = (int64_t)pl_multiply(sum, svdf->time_multiplier) + svdf->zero_point;
    return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
}

/* Puts the numbers, which have no zero point yet, into a state of int8, and gives all of it without
 * one. */
static void remember_narrow(const struct svdf *svdf, int8_t *state, int16_t *numbers, int16_t *wide)
{
    int8_t *narrow = (int8_t *)numbers; /* written behind what is read */
    for (int32_t i = 0; i < svdf->filters; i++) {
        const int32_t value = numbers[i] + svdf->state_zero_point;
        narrow[i] = (int8_t)pl_clamp(value, INT8_MIN, INT8_MAX);
    }
    remember_int8(svdf, state, narrow);
    for (int64_t i = 0; i < (int64_t)svdf->filters * svdf->memory; i++)
        wide[i] = (int16_t)(state[i] - svdf->state_zero_point);
}

static pl_status eval_integer(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct svdf *svdf = eval->params;
    const struct pl_recurrent_kernels *kernels = svdf->recurrent.kernels;
    const struct pl_recurrent_matrix features = {eval->inputs[FEATURES], svdf->filters,
                                                 svdf->inputs};
    const int32_t *bias = eval->inputs[BIAS];
    int32_t *sums = eval->scratch[SCRATCH_FILTERS];
    int16_t *numbers = eval->scratch[SCRATCH_FILTERS];
    const int64_t memory = (int64_t)svdf->filters * svdf->memory;
    for (int64_t batch = from; batch < to; batch++) {
        int16_t *state = svdf->narrow ? eval->scratch[SCRATCH_STATE] : NULL;
        const int16_t *times = svdf->wide_times;
        int8_t *output = (int8_t *)eval->outputs[0] + batch * svdf->units;
        memset(numbers, 0, (size_t)svdf->filters * sizeof *numbers);
        kernels->add_product_int16(numbers,
                                   (const int8_t *)eval->inputs[INPUT] + batch * svdf->inputs,
                                   &features, svdf->feature_bias, svdf->feature_multiplier);
        if (svdf->narrow) {
            remember_narrow(svdf, (int8_t *)pl_recurrent_state(eval, STATE) + batch * memory,
                            numbers, state);
        } else {
            state = (int16_t *)pl_recurrent_state(eval, STATE) + batch * memory;
            times = eval->inputs[TIMES];
            remember_int16(svdf, state, numbers);
        }
        kernels->dot_rows_int16(sums, times, state, svdf->filters, svdf->memory);
        for (int32_t unit = 0; unit < svdf->units; unit++) {
            uint32_t sum = bias != NULL ? (uint32_t)bias[unit] : 0;
            for (int32_t i = 0; i < svdf->rank; i++) sum += (uint32_t)sums[unit * svdf->rank + i];
            output[unit] = finish(svdf, (int32_t)sum);
        }
    }
    return PL_OK;
}

/* ---- prepare --------------------------------------------------------------------------------- */

static pl_status check_types(struct pl_prepare *prepare, bool integer, uint32_t weights)
{
    const uint32_t floats = PL_TYPES_FLOAT;
    const uint32_t integers = PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_INT8);
    PL_TRY(pl_check_type(prepare, pl_input(TIMES), integer ? integers : weights));
    if (prepare->inputs[BIAS] != NULL)
        PL_TRY(pl_check_type(prepare, pl_input(BIAS), integer ? PL_TYPE_BIT(PL_INT32) : floats));
    return pl_check_same_type(prepare, pl_output(0), pl_input(INPUT));
}

static pl_status prepare_shapes(struct pl_prepare *prepare, struct svdf *svdf, bool integer)
{
    PL_TRY(pl_check_rank(prepare, pl_input(INPUT), 2, 2));
    PL_TRY(pl_check_rank(prepare, pl_input(FEATURES), 2, 2));
    PL_TRY(pl_check_rank(prepare, pl_input(TIMES), 2, 2));
    const struct pl_shape *input = &prepare->inputs[INPUT]->shape;
    svdf->batches = input->dims[0];
    svdf->inputs = input->dims[1];
    svdf->filters = prepare->inputs[FEATURES]->shape.dims[0];
    svdf->memory = prepare->inputs[TIMES]->shape.dims[1];
    const int64_t rank = pl_record_integer(prepare->op->options, PL_SVDFOptions_rank);
    PL_TRY(pl_check_option(prepare, "rank", rank, 1, INT32_MAX));
    if (svdf->filters < 1 || svdf->filters % rank != 0 || svdf->inputs < 1 || svdf->memory < 1 ||
        svdf->inputs > PL_RECURRENT_MOST_ELEMENTS || svdf->filters > PL_RECURRENT_MOST_ELEMENTS)
        return pl_prepare_fail(
            prepare, PL_MISMATCH,
            "%d filters of rank %lld on %d inputs over %d times are not possible",
            (int)svdf->filters, (long long)rank, (int)svdf->inputs, (int)svdf->memory);
    svdf->rank = (int32_t)rank;
    svdf->units = svdf->filters / svdf->rank;
    const struct pl_shape features = pl_recurrent_matrix_shape(svdf->filters, svdf->inputs);
    const struct pl_shape times = pl_recurrent_matrix_shape(svdf->filters, svdf->memory);
    PL_TRY(pl_recurrent_check_tensor(prepare, FEATURES, ~0u, features));
    PL_TRY(pl_recurrent_check_tensor(prepare, TIMES, ~0u, times));
    if (prepare->inputs[BIAS] != NULL)
        PL_TRY(
            pl_recurrent_check_tensor(prepare, BIAS, ~0u, pl_recurrent_vector_shape(svdf->units)));
    const int64_t memory = (int64_t)svdf->filters * svdf->memory;
    if (memory > INT32_MAX)
        return pl_check_fail(prepare, PL_UNSUPPORTED, pl_input(TIMES), "is too large");
    PL_TRY(pl_check_rank(prepare, pl_input(STATE), 2, 2));
    const struct pl_shape output = pl_recurrent_matrix_shape(svdf->batches, svdf->units);
    PL_TRY(pl_recurrent_check_tensor(prepare, STATE, ~0u,
                                     pl_recurrent_matrix_shape(svdf->batches, (int32_t)memory)));
    const pl_type times_type = prepare->inputs[TIMES]->tensor->type;
    PL_TRY(pl_recurrent_check_state(prepare, STATE, integer ? times_type : PL_FLOAT32,
                                    svdf->batches * memory));
    return pl_check_set_output(prepare, 0, &output);
}

static float scale_of(const struct pl_value *value)
{
    return value->tensor->quantization.scales[0];
}

static pl_status prepare_times(struct pl_prepare *prepare, struct svdf *svdf)
{
    const struct pl_value *value = prepare->inputs[TIMES];
    PL_TRY(pl_check_constant(prepare, pl_input(TIMES)));
    PL_TRY(pl_check_quantized(prepare, pl_input(TIMES)));
    const int64_t count = pl_shape_count(&value->shape);
    float *times = pl_prepare_allocate(prepare, (size_t)count * sizeof *times);
    if (times == NULL) return PL_OUT_OF_MEMORY;
    for (int64_t i = 0; i < count; i++)
        times[i] = (float)((const int8_t *)value->constant)[i] * scale_of(value);
    svdf->times = times;
    return PL_OK;
}

static pl_status prepare_float(struct pl_prepare *prepare, struct svdf *svdf)
{
    const struct pl_record *options = prepare->op->options;
    PL_TRY(pl_recurrent_activation(
        prepare, pl_record_integer(options, PL_SVDFOptions_fused_activation_function),
        &svdf->activation));
    PL_TRY(pl_recurrent_prepare_weights(prepare, &svdf->recurrent, FEATURES, &svdf->features));
    if (svdf->recurrent.hybrid) PL_TRY(prepare_times(prepare, svdf));
    pl_prepare_scratch(prepare, (size_t)svdf->filters * sizeof(float), true);
    pl_prepare_scratch(prepare, (size_t)svdf->inputs, true);
    pl_recurrent_prepare_late(prepare, &svdf->recurrent);
    return PL_OK;
}

static pl_status prepare_narrow(struct pl_prepare *prepare, struct svdf *svdf)
{
    const struct pl_value *value = prepare->inputs[TIMES];
    PL_TRY(pl_check_constant(prepare, pl_input(TIMES)));
    const int64_t count = pl_shape_count(&value->shape);
    int16_t *times = pl_prepare_allocate(prepare, (size_t)count * sizeof *times);
    if (times == NULL) return PL_OUT_OF_MEMORY;
    for (int64_t i = 0; i < count; i++) times[i] = ((const int8_t *)value->constant)[i];
    svdf->wide_times = times;
    svdf->narrow = true;
    svdf->state_zero_point = prepare->inputs[STATE]->tensor->quantization.zero_points[0];
    pl_prepare_scratch(prepare, (size_t)count * sizeof *times, true);
    return PL_OK;
}

static pl_status prepare_integer(struct pl_prepare *prepare, struct svdf *svdf)
{
    static const int32_t quantized[] = {INPUT, FEATURES, TIMES, STATE};
    /* The reference takes this one alone, and leaves it to the output's range. */
    PL_TRY(pl_check_option(
        prepare, "fused_activation_function",
        pl_record_integer(prepare->op->options, PL_SVDFOptions_fused_activation_function),
        PL_ActivationFunctionType_RELU, PL_ActivationFunctionType_RELU));
    for (size_t i = 0; i < sizeof quantized / sizeof quantized[0]; i++)
        PL_TRY(pl_check_quantized(prepare, pl_input(quantized[i])));
    PL_TRY(pl_check_quantized(prepare, pl_output(0)));
    PL_TRY(pl_check_constant(prepare, pl_input(FEATURES)));
    const struct pl_value *const *inputs = (const struct pl_value *const *)prepare->inputs;
    const double state = (double)scale_of(inputs[STATE]);
    const double feature = (double)scale_of(inputs[INPUT]) * (double)scale_of(inputs[FEATURES]);
    const double time = state * (double)scale_of(inputs[TIMES]);
    const struct pl_value *output = prepare->outputs[0];
    PL_TRY(pl_quantize_multiplier(prepare, feature / state, &svdf->feature_multiplier));
    PL_TRY(
        pl_quantize_multiplier(prepare, time / (double)scale_of(output), &svdf->time_multiplier));
    svdf->zero_point = output->tensor->quantization.zero_points[0];
    int32_t *bias = pl_prepare_allocate(prepare, (size_t)svdf->filters * sizeof *bias);
    if (bias == NULL) return PL_OUT_OF_MEMORY;
    svdf->feature_bias = bias;
    pl_recurrent_sum_rows(bias, inputs[FEATURES]->constant, svdf->filters, svdf->inputs);
    const int32_t zero_point = inputs[INPUT]->tensor->quantization.zero_points[0];
    for (int32_t i = 0; i < svdf->filters; i++) bias[i] *= -zero_point;
    pl_prepare_scratch(prepare, (size_t)svdf->filters * sizeof(int32_t), true);
    return inputs[TIMES]->tensor->type == PL_INT8 ? prepare_narrow(prepare, svdf) : PL_OK;
}

pl_status pl_prepare_svdf(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, BIAS, INPUTS, 1));
    if (prepare->input_count != INPUTS || prepare->inputs[STATE] == NULL)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "found %d inputs, expected %d and a state",
                               (int)prepare->input_count, (int)INPUTS);
    struct svdf *svdf = pl_prepare_allocate(prepare, sizeof *svdf);
    if (svdf == NULL) return PL_OUT_OF_MEMORY;
    prepare->params = svdf;
    const uint32_t int8 = PL_TYPE_BIT(PL_INT8);
    PL_TRY(pl_check_type(prepare, pl_input(INPUT), PL_TYPES_FLOAT | int8));
    const bool integer = prepare->inputs[INPUT]->tensor->type == PL_INT8;
    PL_TRY(pl_check_type(prepare, pl_input(FEATURES),
                         integer ? int8 : PL_TYPES_FLOAT | PL_TYPES_QUANTIZED_8));
    const pl_type weights = prepare->inputs[FEATURES]->tensor->type;
    PL_TRY(check_types(prepare, integer, PL_TYPE_BIT(weights)));
    PL_TRY(prepare_shapes(prepare, svdf, integer));
    const bool asymmetric =
        pl_record_integer(prepare->op->options, PL_SVDFOptions_asymmetric_quantize_inputs) != 0;
    pl_recurrent_prepare(prepare, weights, asymmetric, &svdf->recurrent);
    if (integer) PL_TRY(prepare_integer(prepare, svdf));
    else PL_TRY(prepare_float(prepare, svdf));
    const int64_t cost = (int64_t)svdf->filters * ((int64_t)svdf->inputs + svdf->memory);
    pl_prepare_stage(prepare, integer ? eval_integer : eval_float, svdf->batches, cost);
    return PL_OK;
}
