/* SPDX-License-Identifier: Apache-2.0 */
/* The options of custom operators: numbers by name in a FlexBuffer. A number may be written as any
 * kind of number, as in TensorFlow Lite; anything else is refused by name. */
#ifndef PL_OPS_CUSTOM_OPTIONS_H
#define PL_OPS_CUSTOM_OPTIONS_H

#include "model/flexbuffer.h"
#include "ops/op.h"

struct pl_custom_options {
    struct pl_prepare *prepare;
    struct pl_flexbuffer_map map;
};

pl_status pl_custom_open(struct pl_prepare *prepare, struct pl_custom_options *options);

/* An integer in [low, high]; 0 is what an option that is left out means. */
pl_status pl_custom_integer(const struct pl_custom_options *options, const char *name, int64_t low,
                            int64_t high, int64_t *value);
/* The same in 32 bits. */
pl_status pl_custom_int32(const struct pl_custom_options *options, const char *name, int32_t low,
                          int32_t high, int32_t *value);
pl_status pl_custom_real(const struct pl_custom_options *options, const char *name, float *value);
pl_status pl_custom_bool(const struct pl_custom_options *options, const char *name, bool *value);
bool pl_custom_has(const struct pl_custom_options *options, const char *name);

#endif
