/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that work element by element on runs. A table entry that is NULL is a combination that
 * does not exist, so the tables say which types an operator has. Outputs may be the same memory
 * as an input whose elements have the same size (and which is not broadcast); else they do not
 * overlap. */
#ifndef PL_KERNELS_ELEMENTWISE_KERNELS_H
#define PL_KERNELS_ELEMENTWISE_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels/fixed_point.h"
#include "kernels/kernels.h"

/* ---- two inputs ------------------------------------------------------------------------------ */

enum pl_binary {
    PL_BINARY_ADD,
    PL_BINARY_SUB,
    PL_BINARY_MUL,
    PL_BINARY_DIV,
    PL_BINARY_MAXIMUM,
    PL_BINARY_MINIMUM,
    PL_BINARY_SQUARED_DIFFERENCE,
    PL_BINARY_EQUAL,
    PL_BINARY_NOT_EQUAL,
    PL_BINARY_LESS,
    PL_BINARY_LESS_EQUAL,
    PL_BINARY_GREATER,
    PL_BINARY_GREATER_EQUAL,
    PL_BINARY_LOGICAL_AND,
    PL_BINARY_LOGICAL_OR,
    PL_BINARY_POW,
    PL_BINARY_ATAN2, /* of a / b */
    PL_BINARY_FLOOR_DIV,
    PL_BINARY_FLOOR_MOD,
    PL_BINARY_BITWISE_XOR,
    PL_BINARY_RIGHT_SHIFT,
    PL_BINARY_PRELU, /* b: the factors of negative values */
    PL_BINARY_COUNT
};

/* What an element is. Plain integers wrap; quantized ones are rescaled. */
enum pl_kind {
    PL_KIND_FLOAT32,
    PL_KIND_INT8,
    PL_KIND_UINT8,
    PL_KIND_FLOAT64,
    PL_KIND_COMPLEX64,
    PL_KIND_INT16,
    PL_KIND_UINT16,
    PL_KIND_INT32,
    PL_KIND_INT64,
    PL_KIND_UINT32,
    PL_KIND_BOOL,
    PL_KIND_QUANTIZED_INT8,
    PL_KIND_QUANTIZED_UINT8,
    PL_KIND_QUANTIZED_INT16,
    PL_KIND_POWER_INT16, /* scales are powers of two: inputs are only shifted right */
    PL_KIND_COUNT
};

/* count elements; an input with step 0 is one element for all of them. At most one step is 0. */
struct pl_binary_run {
    void *out;
    const void *a;
    const void *b;
    int64_t count;
    int32_t a_step;
    int32_t b_step;
};

struct pl_binary_params {
    float low, high;            /* clamp of float results */
    int64_t low_int, high_int;  /* clamp of integer results, quantized or not */
    int32_t offsets[2];         /* added to the quantized inputs */
    int32_t out_offset;         /* added to the quantized output */
    int32_t left_shift;         /* of the inputs, before their multipliers */
    struct pl_multiplier in[2]; /* of the inputs; in POWER kinds only -shift counts; of PRELU:
                                 * in[0] of values that are not negative */
    struct pl_multiplier out; /* of the result; of PRELU: of negative values times their factors */
};

typedef void (*pl_binary_kernel)(const struct pl_binary_run *run,
                                 const struct pl_binary_params *params);

struct pl_binary_table {
    pl_binary_kernel kernels[PL_BINARY_COUNT][PL_KIND_COUNT];
};

/* ---- a choice of two ------------------------------------------------------------------------- */

/* out = condition ? x : y; an input with step 0 is one element for all of them. */
struct pl_select_run {
    void *out;
    const uint8_t *condition;
    const void *x;
    const void *y;
    int64_t count;
    int32_t condition_step;
    int32_t x_step;
    int32_t y_step;
};

typedef void (*pl_select_kernel)(const struct pl_select_run *run);

/* By the size of an element. */
struct pl_select_table {
    pl_select_kernel bytes_1;
    pl_select_kernel bytes_2;
    pl_select_kernel bytes_4;
    pl_select_kernel bytes_8;
};

/* ---- one input ------------------------------------------------------------------------------- */

enum { PL_LOOKUP_8 = 256, PL_LOOKUP_16 = 513 };

struct pl_unary_params {
    float low, high;            /* of clamp and fake_quantize */
    float scale, inverse_scale; /* of fake_quantize: a step, and one over it */
    float out_scale;            /* of square_root_int16, whose input has `scale` */
    float alpha;                /* of elu's and leaky_relu's negative side */
    const uint8_t *lookup_8;    /* PL_LOOKUP_8 output bytes, by input byte */
    const int16_t *lookup_16;   /* PL_LOOKUP_16 values at every 128th input, interpolated between */
    int32_t multiplier; /* of logistic_16 and tanh_16: input * multiplier >> shift has the scale */
    int32_t shift;      /* 1 / (3 * 4096) */
    /* of rescale_sides: values from 0 on times sides[0]; the others, which change their sign before
     * or after if it says so, times sides[1] */
    struct pl_multiplier sides[2];
    bool negate_before, negate_after;
};

typedef void (*pl_unary_kernel)(void *out, const void *in, int64_t count,
                                const struct pl_unary_params *params);

/* Functions that are named by what they do and the type they take; without a type: float32.
 * real, imaginary and length make floats or doubles of complex numbers. */
#define PL_ELEMENTARY_LIST(PL_ELEMENTARY)                                                          \
    PL_ELEMENTARY(absolute)                                                                        \
    PL_ELEMENTARY(absolute_int16)                                                                  \
    PL_ELEMENTARY(absolute_int32)                                                                  \
    PL_ELEMENTARY(negate)                                                                          \
    PL_ELEMENTARY(negate_int8)                                                                     \
    PL_ELEMENTARY(negate_int16)                                                                    \
    PL_ELEMENTARY(negate_int32)                                                                    \
    PL_ELEMENTARY(negate_int64)                                                                    \
    PL_ELEMENTARY(sign)                                                                            \
    PL_ELEMENTARY(sign_int32)                                                                      \
    PL_ELEMENTARY(sign_float64)                                                                    \
    PL_ELEMENTARY(sine)                                                                            \
    PL_ELEMENTARY(cosine)                                                                          \
    PL_ELEMENTARY(exponential)                                                                     \
    PL_ELEMENTARY(logarithm)                                                                       \
    PL_ELEMENTARY(square_root)                                                                     \
    PL_ELEMENTARY(square_root_int16)                                                               \
    PL_ELEMENTARY(square)                                                                          \
    PL_ELEMENTARY(round_down)                                                                      \
    PL_ELEMENTARY(round_up)                                                                        \
    PL_ELEMENTARY(round_even)                                                                      \
    PL_ELEMENTARY(elu)                                                                             \
    PL_ELEMENTARY(leaky_relu)                                                                      \
    PL_ELEMENTARY(fake_quantize)                                                                   \
    PL_ELEMENTARY(rescale_sides_int16)                                                             \
    PL_ELEMENTARY(real_complex64)                                                                  \
    PL_ELEMENTARY(imaginary_complex64)                                                             \
    PL_ELEMENTARY(length_complex64)                                                                \
    PL_ELEMENTARY(real_complex128)                                                                 \
    PL_ELEMENTARY(imaginary_complex128)                                                            \
    PL_ELEMENTARY(length_complex128)

struct pl_elementary_table {
#define PL_ELEMENTARY(name) pl_unary_kernel name;
    PL_ELEMENTARY_LIST(PL_ELEMENTARY)
#undef PL_ELEMENTARY
};

struct pl_unary_table {
    /* float32 to float32 */
    pl_unary_kernel clamp;
    pl_unary_kernel logistic;
    pl_unary_kernel tanh;
    pl_unary_kernel gelu;
    pl_unary_kernel gelu_by_tanh;
    pl_unary_kernel hard_swish;
    pl_unary_kernel rsqrt;
    /* bool to bool */
    pl_unary_kernel logical_not;
    /* 8 bit to 8 bit, any function; int16 to int16 */
    pl_unary_kernel lookup_8;
    pl_unary_kernel lookup_16;
    pl_unary_kernel logistic_16;
    pl_unary_kernel tanh_16;
};

/* ---- conversions ----------------------------------------------------------------------------- */

struct pl_convert_params {
    struct pl_multiplier multiplier; /* of requantize */
    int32_t in_offset;               /* subtracted from integer inputs */
    int32_t out_offset;              /* added to integer outputs */
    int32_t low, high;               /* clamp of integer outputs */
    float scale;                     /* real value of one step */
};

typedef void (*pl_convert_kernel)(void *out, const void *in, int64_t count,
                                  const struct pl_convert_params *params);

/* Quantized types as rows and columns. */
enum pl_step_type { PL_STEP_INT8, PL_STEP_UINT8, PL_STEP_INT16, PL_STEP_INT32, PL_STEP_COUNT };

/* Types of casts. Values go through int64 or double, which hold all they are given. */
enum pl_cast_type {
    PL_CAST_BOOL,
    PL_CAST_INT8,
    PL_CAST_UINT8,
    PL_CAST_INT16,
    PL_CAST_UINT16,
    PL_CAST_INT32,
    PL_CAST_UINT32,
    PL_CAST_INT64,
    PL_CAST_FLOAT16,
    PL_CAST_BFLOAT16,
    PL_CAST_FLOAT32,
    PL_CAST_FLOAT64,
    PL_CAST_COMPLEX64, /* real part only */
    PL_CAST_COUNT
};

/* elements from `in` of type `from` to `out` of type `to`. Integers wrap; floats to integers
 * saturate, NaN gives the largest; to floats they round to nearest even. */
typedef void (*pl_cast_kernel)(void *out, enum pl_cast_type to, const void *in,
                               enum pl_cast_type from, int64_t count);

struct pl_convert_table {
    pl_convert_kernel quantize[PL_STEP_COUNT];   /* float32 to the type; int32: NULL */
    pl_convert_kernel dequantize[PL_STEP_COUNT]; /* the type to float32; int32: NULL */
    pl_convert_kernel requantize[PL_STEP_COUNT][PL_STEP_COUNT]; /* [from][to] */
    pl_convert_kernel float16_to_float32;
    pl_cast_kernel cast;
};

struct pl_elementwise_kernels {
    const struct pl_binary_table *binary;
    const struct pl_select_table *select;
    const struct pl_unary_table *unary;
    const struct pl_elementary_table *elementary;
    const struct pl_convert_table *convert;
};

#endif
