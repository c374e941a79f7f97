/* SPDX-License-Identifier: Apache-2.0 */
/* Options of custom operators: see custom_options.h. */
#include "ops/custom_options.h"

#include "ops/check.h"

pl_status pl_custom_open(struct pl_prepare *prepare, struct pl_custom_options *options)
{
    options->prepare = prepare;
    if (pl_flexbuffer_open(prepare->op->custom_options, prepare->op->custom_options_bytes,
                           &options->map))
        return PL_OK;
    return pl_prepare_fail(prepare, PL_INVALID_MODEL,
                           "its custom options are no FlexBuffer that holds a map");
}

static pl_status find(const struct pl_custom_options *options, const char *name,
                      struct pl_flexbuffer_number *number)
{
    *number = pl_flexbuffer_find(&options->map, name);
    if (number->kind != PL_FLEXBUFFER_OTHER) return PL_OK;
    return pl_prepare_fail(options->prepare, PL_INVALID_MODEL, "custom option %s is no number",
                           name);
}

pl_status pl_custom_integer(const struct pl_custom_options *options, const char *name, int64_t low,
                            int64_t high, int64_t *value)
{
    struct pl_flexbuffer_number number;
    PL_TRY(find(options, name, &number));
    if (number.kind == PL_FLEXBUFFER_REAL) {
        /* Towards zero, as a conversion in C; what does not fit, and NaN, is out of range. */
        if (!(number.real > -9.0e18 && number.real < 9.0e18))
            return pl_prepare_fail(options->prepare, PL_INVALID_MODEL, "custom option %s is %g",
                                   name, number.real);
        number.integer = (int64_t)number.real;
    }
    *value = number.integer;
    return pl_check_option(options->prepare, name, *value, low, high);
}

pl_status pl_custom_int32(const struct pl_custom_options *options, const char *name, int32_t low,
                          int32_t high, int32_t *value)
{
    int64_t wide = 0;
    PL_TRY(pl_custom_integer(options, name, low, high, &wide));
    *value = (int32_t)wide;
    return PL_OK;
}

pl_status pl_custom_real(const struct pl_custom_options *options, const char *name, float *value)
{
    struct pl_flexbuffer_number number;
    PL_TRY(find(options, name, &number));
    const double real = number.kind == PL_FLEXBUFFER_REAL ? number.real : (double)number.integer;
    if (!(real >= -3.0e38 && real <= 3.0e38))
        return pl_prepare_fail(options->prepare, PL_INVALID_MODEL, "custom option %s is %g", name,
                               real);
    *value = (float)real;
    return PL_OK;
}

pl_status pl_custom_bool(const struct pl_custom_options *options, const char *name, bool *value)
{
    int64_t wide = 0;
    PL_TRY(pl_custom_integer(options, name, INT64_MIN, INT64_MAX, &wide));
    *value = wide != 0;
    return PL_OK;
}

bool pl_custom_has(const struct pl_custom_options *options, const char *name)
{
    return pl_flexbuffer_find(&options->map, name).kind != PL_FLEXBUFFER_ABSENT;
}
