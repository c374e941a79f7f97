/* SPDX-License-Identifier: Apache-2.0 */
/* BUCKETIZE: for each element, how many of the sorted boundaries are not above it. */
#include "ops/check.h"

struct bucketize_plan {
    void (*run)(const struct bucketize_plan *plan, int32_t *out, const char *in, int64_t count);
    const float *boundaries;
    int64_t boundary_count;
    int32_t in_bytes;
};

/* Elements are compared in the type that C gives both: doubles in double, others in float. */
#define BUCKETIZE(name, type)                                                                      \
    static void name(const struct bucketize_plan *plan, int32_t *out, const char *in_bytes,        \
                     int64_t count)                                                                \
    {                                                                                              \
        const type *in = (const type *)(const void *)in_bytes;                                     \
        for (int64_t i = 0; i < count; i++) {                                                      \
            int64_t low = 0;                                                                       \
            int64_t high = plan->boundary_count;                                                   \
            while (low < high) {                                                                   \
                const int64_t middle = low + (high - low) / 2;                                     \
                if (in[i] < plan->boundaries[middle]) {                                            \
                    high = middle;                                                                 \
                } else {                                                                           \
                    low = middle + 1;                                                              \
                }                                                                                  \
            }                                                                                      \
            out[i] = (int32_t)low;                                                                 \
        }                                                                                          \
    }

BUCKETIZE(run_float32, float)
BUCKETIZE(run_float64, double)
#pragma GCC diagnostic ignored "-Wconversion" /* from integers to float, which rounds, as meant */
BUCKETIZE(run_int32, int32_t)
BUCKETIZE(run_int64, int64_t)

static pl_status eval(const struct pl_eval *eval, int64_t from, int64_t to)
{
    const struct bucketize_plan *plan = eval->params;
    plan->run(plan, (int32_t *)eval->outputs[0] + from,
              (const char *)eval->inputs[0] + from * plan->in_bytes, to - from);
    return PL_OK;
}

pl_status pl_prepare_bucketize(struct pl_prepare *prepare)
{
    PL_TRY(pl_check_arity(prepare, 1, 1, 1));
    PL_TRY(pl_check_type(prepare, pl_input(0),
                         PL_TYPE_BIT(PL_FLOAT32) | PL_TYPE_BIT(PL_FLOAT64) | PL_TYPE_BIT(PL_INT32) |
                             PL_TYPE_BIT(PL_INT64)));
    PL_TRY(pl_check_type(prepare, pl_output(0), PL_TYPE_BIT(PL_INT32)));
    PL_TRY(pl_check_set_output(prepare, 0, &prepare->inputs[0]->shape));
    uint32_t count = 0;
    const float *boundaries =
        pl_record_vector(prepare->op->options, PL_BucketizeOptions_boundaries, &count);
    for (uint32_t i = 1; i < count; i++)
        if (boundaries[i] < boundaries[i - 1])
            return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                                   "option boundaries: number %u is below the one before it, "
                                   "expected a sorted list",
                                   (unsigned)i);
    struct bucketize_plan *plan = pl_prepare_allocate(prepare, sizeof *plan);
    if (plan == NULL) return PL_OUT_OF_MEMORY;
    const pl_type type = prepare->inputs[0]->tensor->type;
    plan->run = type == PL_FLOAT32   ? run_float32
                : type == PL_FLOAT64 ? run_float64
                : type == PL_INT32   ? run_int32
                                     : run_int64;
    plan->boundaries = boundaries;
    plan->boundary_count = count;
    plan->in_bytes = pl_type_bits(type) / 8;
    prepare->params = plan;
    pl_prepare_stage(prepare, eval, pl_shape_count(&prepare->inputs[0]->shape), 8);
    return PL_OK;
}
