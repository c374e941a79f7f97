/* SPDX-License-Identifier: Apache-2.0 */
/* Operators of two inputs that broadcast: what arithmetic.c and comparison.c share. */
#ifndef PL_OPS_BINARY_H
#define PL_OPS_BINARY_H

#include "kernels/elementwise_kernels.h"
#include "ops/broadcast.h"
#include "ops/op.h"

/* Whether elements b[0..count) hold a value that the operator cannot take. */
typedef bool (*pl_binary_check)(const void *b, int64_t count, int32_t forbidden);

struct pl_binary_plan {
    struct pl_broadcast broadcast;
    struct pl_binary_params params;
    pl_binary_kernel kernel;
    int32_t in_bytes; /* of an element */
    int32_t out_bytes;
    bool is_half; /* 16-bit floats: `kernel` sees them as float32, `cast` converts */
    enum pl_cast_type half;
    pl_cast_kernel cast;
    pl_binary_check check; /* of input 1, or NULL */
    int32_t forbidden;     /* for check */
    const char *complaint; /* what check finds, for the message */
};

/* The kind of elements of this type: of a quantized tensor, or plain numbers. PL_KIND_COUNT: none.
 * 16-bit floats are float32 to a kernel. */
enum pl_kind pl_binary_kind(pl_type type, bool quantized);

/* Whether elements equal `forbidden`. float32 or integers, not those of 4 bytes without sign. */
pl_binary_check pl_binary_zero_check(pl_type type);

/* Two inputs of one type. */
pl_status pl_binary_check_inputs(struct pl_prepare *prepare);

/* Sets the output's shape, finds the kernel (PL_UNSUPPORTED if there is none), makes *plan in
 * the program's memory with a copy of params, and adds the stage. The operator has checked which
 * 16-bit floats it takes. */
pl_status pl_binary_prepare(struct pl_prepare *prepare, enum pl_binary operation, enum pl_kind kind,
                            const struct pl_binary_params *params, struct pl_binary_plan **plan);

#endif
