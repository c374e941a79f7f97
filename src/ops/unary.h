/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of one input that work element by element: what activation.c, rectifier.c and
 * elementary.c share. */
#ifndef PL_OPS_UNARY_H
#define PL_OPS_UNARY_H

#include "kernels/elementwise_kernels.h"
#include "ops/lookup.h"
#include "ops/op.h"

struct pl_unary_plan {
    pl_unary_kernel kernel;
    struct pl_unary_params params;
    int32_t in_bytes; /* of an element */
    int32_t out_bytes;
    bool is_half; /* 16-bit floats: `kernel` sees them as float32, `cast` converts */
    enum pl_cast_type half;
    pl_cast_kernel cast;
    bool has_least; /* the function is not defined below `least` */
    int32_t least;
    /* for quantized types; what params.lookup_8 and lookup_16 point to */
    union {
        uint8_t lookup_8[PL_LOOKUP_8];
        int16_t lookup_16[PL_LOOKUP_16];
    };
};

/* One input of these types, one output of its type and shape. Of types without kernels of their own,
 * PL_TYPES_HALF may be among them: they are computed in float32 and rounded once. Quantized types have their
 * quantization, int16 with zero points 0. A kernel must be set after it. */
pl_status pl_unary_prepare(struct pl_prepare *prepare, uint32_t types, struct pl_unary_plan **plan);

/* The same where int8 and int16 may be plain numbers, and where types may differ. */
pl_status pl_unary_prepare_plain(struct pl_prepare *prepare, uint32_t types, pl_type out_type,
                                 struct pl_unary_plan **plan);

/* Makes the plan a table of `function`, for int8, uint8 and int16 with quantization. */
void pl_unary_use_lookup(struct pl_prepare *prepare, struct pl_unary_plan *plan,
                         pl_lookup_function function, float parameter);

/* Makes the plan values times params.sides, as rescale_sides_int16 does it: for 8-bit types a table,
 * for int16 that kernel. */
void pl_unary_rescale_sides(struct pl_prepare *prepare, struct pl_unary_plan *plan);

/* Makes the plan a table of an 8-bit function of integers; what it gives is clamped. */
typedef int64_t (*pl_unary_function)(int32_t value, const void *context);
void pl_unary_use_table(struct pl_prepare *prepare, struct pl_unary_plan *plan,
                        pl_unary_function function, const void *context);

/* Adds the stage. */
pl_status pl_unary_finish(struct pl_prepare *prepare, struct pl_unary_plan *plan, int64_t cost);

#endif
