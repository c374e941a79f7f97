/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that many prepare functions share. Each fails through pl_prepare_fail() with a message
 * that names the tensor and says what was found and what is expected. */
#ifndef PL_OPS_CHECK_H
#define PL_OPS_CHECK_H

#include "ops/op.h"

/* A set of types is an OR of these. */
#define PL_TYPE_BIT(type) (1u << (type))
enum {
    PL_TYPES_FLOAT = PL_TYPE_BIT(PL_FLOAT32),
    PL_TYPES_HALF = PL_TYPE_BIT(PL_FLOAT16) | PL_TYPE_BIT(PL_BFLOAT16),
    PL_TYPES_QUANTIZED_8 = PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_UINT8),
    PL_TYPES_QUANTIZED = PL_TYPES_QUANTIZED_8 | PL_TYPE_BIT(PL_INT16),
    PL_TYPES_INDEX = PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_INT64)
};

/* A tensor of an operator for messages: inputs count from 0, outputs likewise. */
struct pl_place {
    bool output;
    int32_t index;
};
static inline struct pl_place pl_input(int32_t index)
{
    return (struct pl_place){false, index};
}
static inline struct pl_place pl_output(int32_t index)
{
    return (struct pl_place){true, index};
}

/* The value at a place, NULL if it is left out or beyond the operator's arity. */
const struct pl_value *pl_check_value(const struct pl_prepare *prepare, struct pl_place place);

/* Fails with "input 1 'name': <message>". */
pl_status pl_check_fail(struct pl_prepare *prepare, pl_status status, struct pl_place place,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* min_inputs to max_inputs inputs, the first min_inputs of them not left out, and exactly
 * output_count outputs. */
pl_status pl_check_arity(struct pl_prepare *prepare, int32_t min_inputs, int32_t max_inputs,
                         int32_t output_count);

/* The tensor is there and its type is in the set (PL_UNSUPPORTED if not). */
pl_status pl_check_type(struct pl_prepare *prepare, struct pl_place place, uint32_t types);
/* Both have one type. */
pl_status pl_check_same_type(struct pl_prepare *prepare, struct pl_place a, struct pl_place b);

pl_status pl_check_rank(struct pl_prepare *prepare, struct pl_place place, int32_t min_rank,
                        int32_t max_rank);
pl_status pl_check_same_shape(struct pl_prepare *prepare, struct pl_place a, struct pl_place b);
/* Exactly this many elements. */
pl_status pl_check_count(struct pl_prepare *prepare, struct pl_place place, int64_t count);
pl_status pl_check_constant(struct pl_prepare *prepare, struct pl_place place);

/* Quantized per tensor: one finite scale > 0, a zero point that the type can hold (int16 and
 * int32: exactly 0 is the operator's to ask). */
pl_status pl_check_quantized(struct pl_prepare *prepare, struct pl_place place);
/* Quantized per tensor, or per channel along a dimension of `channels` elements: finite scales
 * >= 0. */
pl_status pl_check_quantized_channels(struct pl_prepare *prepare, struct pl_place place,
                                      int32_t channels);
/* The same scale and zero point (both may be without quantization). */
pl_status pl_check_same_quantization(struct pl_prepare *prepare, struct pl_place a,
                                     struct pl_place b);
/* The zero point is 0. */
pl_status pl_check_symmetric(struct pl_prepare *prepare, struct pl_place place);

/* int32 or int64, whichever the options name. */
pl_status pl_check_index_option(struct pl_prepare *prepare, struct pl_place place, int64_t wanted);

/* An integer of the options in [low, high]. */
pl_status pl_check_option(struct pl_prepare *prepare, const char *name, int64_t value, int64_t low,
                          int64_t high);

/* A product for the cost of a unit: what overflows is as costly as can be. */
static inline int64_t pl_cost(int64_t a, int64_t b)
{
    int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

/* Sets the shape of an output; its bytes must fit into memory. */
pl_status pl_check_set_output(struct pl_prepare *prepare, int32_t index,
                              const struct pl_shape *shape);

#endif
