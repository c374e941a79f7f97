/* SPDX-License-Identifier: Apache-2.0 */
/* The custom operator aeq.hadamard_rotation: Walsh-Hadamard transforms of runs of hadamard_size numbers, one behind
 * the other through the whole tensor whatever its rows are, each times one over the square root of its length. */
#include <math.h>
#include <string.h>

#include "ops/check.h"
#include "ops/custom_options.h"

struct hadamard {
    int32_t length; /* of a transform, a power of two */
    int64_t transforms;
    int64_t rest; /* numbers behind the last transform: they stay as they are */
    float factor;
};

static void transform(float *data, int32_t length, float factor)
{
    for (int32_t half = 1; half < length; half *= 2) {
        for (int32_t first = 0; first < length; first += 2 * half) {
            for (int32_t i = first; i < first + half; i++) {
                const float a = data[i], b = data[i + half];
                data[i] = a + b;
                data[i + half] = a - b;
            }
        }
    }
    for (int32_t i = 0; i < length; i++) data[i] *= factor;
}

/* A unit is a transform; the last one is the rest. */
static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct hadamard *params = eval->params;
    for (int64_t unit = from; unit < to; unit++) {
        const int64_t first = unit * params->length;
        const int64_t count = unit < params->transforms ? params->length : params->rest;
        float *out = (float *)eval->outputs[0] + first;
        const float *in = (const float *)eval->inputs[0] + first;
        if (out != in) memcpy(out, in, (size_t)count * sizeof *out);
        if (unit < params->transforms) transform(out, params->length, params->factor);
    }
    return PL_OK;
}

pl_status pl_prepare_hadamard_rotation(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    /* int32: the bits of floats. */
    PL_TRY(pl_check_type(prepare, pl_input(0), PL_TYPES_FLOAT | PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_same_type(prepare, pl_output(0), pl_input(0)));
    PL_TRY(pl_check_rank(prepare, pl_input(0), 2, 3));
    struct hadamard *params = pl_prepare_allocate(prepare, sizeof *params);
    if (params == NULL) return PL_OUT_OF_MEMORY;
    struct pl_custom_options options;
    PL_TRY(pl_custom_open(prepare, &options));
    PL_TRY(pl_custom_int32(&options, "hadamard_size", 1, INT32_MAX, &params->length));
    const int32_t length = params->length;
    if ((length & (length - 1)) != 0)
        return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                               "option hadamard_size: found %d, expected a power of two",
                               (int)length);
    /* The reference takes the root of short lengths in float, of others in double. */
    params->factor =
        length < 16 ? 1.0f / sqrtf((float)length) : (float)(1.0 / sqrt((double)length));
    const struct pl_shape *shape = &prepare->inputs[0]->shape;
    PL_TRY(pl_check_set_output(prepare, 0, shape));
    const int64_t count = pl_shape_count(shape);
    const int32_t width = shape->dims[shape->rank - 1];
    params->transforms = pl_shape_span(shape, 0, shape->rank - 1) * (width / length);
    params->rest = count - params->transforms * length;
    prepare->params = params;
    prepare->in_place_inputs = 1;
    pl_prepare_stage(prepare, eval, params->transforms + (params->rest > 0), (int64_t)length * 6);
    return PL_OK;
}
