/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of operators of two inputs, for elementwise_c.c and plain_c.c. */
#ifndef PL_KERNELS_C_BINARY_C_H
#define PL_KERNELS_C_BINARY_C_H

#include "kernels/elementwise_kernels.h"
#include "kernels/loop.h"

enum { PL_FILL = 256 };

/* name_one(x, y, p) computes one element; params are copied so that no store to the output can
 * seem to change them. An input that stays is spread over a small buffer, so that there is one
 * vectorized loop for each operator, not three. */
#define PL_BINARY_LOOPS(name, type, out_type)                                                      \
    static void name(const struct pl_binary_run *run, const struct pl_binary_params *params)       \
    {                                                                                              \
        const struct pl_binary_params p = *params;                                                 \
        type fill[PL_FILL];                                                                        \
        const bool a_stays = run->a_step == 0;                                                     \
        const bool stays = a_stays || run->b_step == 0;                                            \
        const int64_t block = stays && run->count > PL_FILL ? PL_FILL : run->count;                \
        if (stays) {                                                                               \
            const type value = *(const type *)(a_stays ? run->a : run->b);                         \
            for (int64_t i = 0; i < block; i++) fill[i] = value;                                   \
        }                                                                                          \
        for (int64_t from = 0; from < run->count; from += block) {                                 \
            const int64_t count = run->count - from < block ? run->count - from : block;           \
            out_type *out = (out_type *)run->out + from;                                           \
            const type *a = a_stays ? fill : (const type *)run->a + from;                          \
            const type *b = run->b_step == 0 ? fill : (const type *)run->b + from;                 \
            PL_INDEPENDENT_LOOP                                                                    \
            for (int64_t i = 0; i < count; i++) out[i] = name##_one(a[i], b[i], &p);               \
        }                                                                                          \
    }

#define PL_BINARY_KERNEL(name, type, out_type, expression)                                         \
    PL_ALWAYS_INLINE out_type name##_one(type x, type y, const struct pl_binary_params *p)         \
    {                                                                                              \
        (void)p;                                                                                   \
        return expression;                                                                         \
    }                                                                                              \
    PL_BINARY_LOOPS(name, type, out_type)

/* The kernels of plain_c.c: PL_LEVEL(pl_<name>). */
#define PL_PLAIN_LIST(PL_PLAIN)                                                                    \
    PL_PLAIN(pow_float32)                                                                          \
    PL_PLAIN(pow_int32)                                                                            \
    PL_PLAIN(atan2_float32)                                                                        \
    PL_PLAIN(atan2_float64)                                                                        \
    PL_PLAIN(floor_div_float32)                                                                    \
    PL_PLAIN(floor_div_int8)                                                                       \
    PL_PLAIN(floor_div_int16)                                                                      \
    PL_PLAIN(floor_div_int32)                                                                      \
    PL_PLAIN(floor_div_int64)                                                                      \
    PL_PLAIN(floor_mod_float32)                                                                    \
    PL_PLAIN(floor_mod_int8)                                                                       \
    PL_PLAIN(floor_mod_int16)                                                                      \
    PL_PLAIN(floor_mod_int32)                                                                      \
    PL_PLAIN(floor_mod_int64)                                                                      \
    PL_PLAIN(xor_int8)                                                                             \
    PL_PLAIN(xor_uint8)                                                                            \
    PL_PLAIN(xor_int16)                                                                            \
    PL_PLAIN(xor_uint16)                                                                           \
    PL_PLAIN(xor_int32)                                                                            \
    PL_PLAIN(xor_uint32)                                                                           \
    PL_PLAIN(shift_int8)                                                                           \
    PL_PLAIN(shift_uint8)                                                                          \
    PL_PLAIN(shift_int16)                                                                          \
    PL_PLAIN(shift_uint16)                                                                         \
    PL_PLAIN(shift_int32)                                                                          \
    PL_PLAIN(shift_uint32)                                                                         \
    PL_PLAIN(prelu_float32)                                                                        \
    PL_PLAIN(prelu_int8)                                                                           \
    PL_PLAIN(prelu_uint8)                                                                          \
    PL_PLAIN(prelu_int16)

#define PL_PLAIN(name)                                                                             \
    void PL_LEVEL(pl_##name)(const struct pl_binary_run *run,                                      \
                             const struct pl_binary_params *params);
PL_PLAIN_LIST(PL_PLAIN)
#undef PL_PLAIN

#endif
