/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized sums, differences and products of bytes, exactly as the reference rounds.
 *
 * The reference brings both inputs to a common scale of 20 more bits and the sum to the output's,
 * with four roundings of which only the last one is coarse. In float the value before that is off
 * by little (see find_scales); where it is farther than that from a tie its nearest integer is the
 * result, else the vector is done again in integers. Products are exact, and are rounded as sums of matrix products are. */
#include "kernels/x86/binary_bytes_x86.h"

#include <string.h>

#include "kernels/x86/fixed_x86.h"
#include "kernels/x86/requantize_x86.h"

enum { GROUP = 4, GROUP_BYTES = GROUP * PL_LANES };

enum operation { ADD, SUB, MUL, SQUARED_DIFFERENCE };

struct scales {
    const struct pl_binary_params *params;
    bool fits;   /* float will do */
    float in[2]; /* of sums */
    float out;   /* of products */
    float nudge; /* see requantize_x86.h */
    float safe;  /* distance from the nearest integer at which that is the result */
};

/* ---- in integers ----------------------------------------------------------------------------- */

/* An input, less its zero point, on the common scale. */
PL_ALWAYS_INLINE pl_vec common_scale(pl_vec x, const struct pl_binary_params *params, int index)
{
    const __m128i left = _mm_cvtsi32_si128(params->left_shift);
    return pl_multiply_x86(PL_VEC_32(sll)(x, left), params->in[index]);
}

PL_ALWAYS_INLINE pl_vec do_exactly(enum operation operation, pl_vec x, pl_vec y,
                                   const struct pl_binary_params *params)
{
    if (operation == MUL) return pl_multiply_x86(PL_VEC_32(mullo)(x, y), params->out);
    const pl_vec a = common_scale(x, params, 0), b = common_scale(y, params, 1);
    if (operation == ADD) return pl_multiply_x86(pl_vec_add(a, b), params->out);
    const pl_vec difference = PL_VEC_32(sub)(a, b);
    if (operation == SUB) return pl_multiply_x86(difference, params->out);
    return pl_multiply_x86(PL_VEC_32(mullo)(difference, difference), params->out);
}

/* The same within the output's range, where adding the zero point wraps. */
PL_ALWAYS_INLINE pl_vec redo(enum operation operation, pl_vec x, pl_vec y,
                             const struct pl_binary_params *params)
{
    const pl_vec offset = pl_vec_set(params->out_offset);
    const pl_vec placed = pl_vec_add(do_exactly(operation, x, y, params), offset);
    const pl_vec raised = PL_VEC_32(max)(placed, pl_vec_set((int32_t)params->low_int));
    return PL_VEC_32(sub)(PL_VEC_32(min)(raised, pl_vec_set((int32_t)params->high_int)), offset);
}

/* ---- in float -------------------------------------------------------------------------------- */

/* 2^exponent, by its bits: runs of one row of channels are short. */
static double power_of_two(int32_t exponent)
{
    const uint64_t bits = (uint64_t)(1023 + exponent) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

static double real_scale(struct pl_multiplier m)
{
    return (double)m.multiplier * power_of_two(m.shift - 31);
}

static struct scales find_scales(enum operation operation, const struct pl_binary_params *params)
{
    struct scales scales = {.params = params};
    if (operation == MUL) {
        scales.fits = params->out.shift < 12; /* products have 19 bits */
        scales.out = (float)real_scale(params->out);
        scales.nudge = params->out.shift < 0 ? (float)power_of_two(params->out.shift - 1) : 0.0f;
        scales.safe = PL_SAFE_DISTANCE;
        return scales;
    }
    const double out = real_scale(params->out) * power_of_two(params->left_shift);
    const double a = real_scale(params->in[0]) * out, b = real_scale(params->in[1]) * out;
    scales.in[0] = (float)a;
    scales.in[1] = (float)(operation == SUB ? -b : b);
    /* Inputs are below 2^9 and have three roundings of 2^-24; the reference's own before the last,
     * with 20 bits more, are below 2^-18 for each step of the inputs. */
    scales.fits = operation != SQUARED_DIFFERENCE && a + b <= 16.0 && params->left_shift == 20;
    scales.safe = 0.5f - (float)((a + b < 1.0 ? 1.0 : a + b) * 0x1p-12);
    return scales;
}

PL_ALWAYS_INLINE struct pl_rounded_x86 round_quickly(enum operation operation, pl_vec x, pl_vec y,
                                                     const struct scales *scales)
{
    if (operation == MUL) {
        return pl_round_scaled_x86(PL_VEC_32(mullo)(x, y), PL_VEC_FLOAT(set1)(scales->out),
                                   PL_VEC_FLOAT(set1)(scales->nudge));
    }
#if defined(__AVX512F__)
    const __m512 b = _mm512_mul_ps(_mm512_cvtepi32_ps(y), _mm512_set1_ps(scales->in[1]));
    const __m512 value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(x), _mm512_set1_ps(scales->in[0]), b);
    return (struct pl_rounded_x86){_mm512_cvtps_epi32(value), _mm512_reduce_ps(value, 0)};
#else
    const __m256 b = _mm256_mul_ps(_mm256_cvtepi32_ps(y), _mm256_set1_ps(scales->in[1]));
    const __m256 value = _mm256_fmadd_ps(_mm256_cvtepi32_ps(x), _mm256_set1_ps(scales->in[0]), b);
    const __m256i values = _mm256_cvtps_epi32(value);
    return (struct pl_rounded_x86){values, _mm256_sub_ps(value, _mm256_cvtepi32_ps(values))};
#endif
}

PL_ALWAYS_INLINE bool is_unsure(pl_vec_float distance, float safe)
{
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask(distance, _mm512_set1_ps(safe), _CMP_NLE_UQ) != 0;
#else
    return _mm256_movemask_ps(_mm256_cmp_ps(distance, _mm256_set1_ps(safe), _CMP_NLE_UQ)) != 0;
#endif
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* PL_LANES bytes as words. */
PL_ALWAYS_INLINE pl_vec load_words(const uint8_t *from, bool is_unsigned)
{
#if defined(__AVX512F__)
    const __m128i bytes = _mm_loadu_si128((const __m128i_u *)from);
    return is_unsigned ? _mm512_cvtepu8_epi32(bytes) : _mm512_cvtepi8_epi32(bytes);
#else
    const __m128i bytes = _mm_loadl_epi64((const __m128i_u *)from);
    return is_unsigned ? _mm256_cvtepu8_epi32(bytes) : _mm256_cvtepi8_epi32(bytes);
#endif
}

PL_ALWAYS_INLINE void run_group(enum operation operation, bool is_unsigned,
                                const struct scales *scales, const uint8_t *a, const uint8_t *b,
                                uint8_t *out)
{
    const struct pl_binary_params *params = scales->params;
    const struct pl_output_range range = {params->out_offset, (int32_t)params->low_int,
                                          (int32_t)params->high_int};
    pl_vec x[GROUP], y[GROUP], values[GROUP];
    pl_vec_float distances[GROUP];
#pragma GCC unroll 4
    for (int i = 0; i < GROUP; i++) {
        x[i] =
            pl_vec_add(load_words(a + i * PL_LANES, is_unsigned), pl_vec_set(params->offsets[0]));
        y[i] =
            pl_vec_add(load_words(b + i * PL_LANES, is_unsigned), pl_vec_set(params->offsets[1]));
        const struct pl_rounded_x86 rounded = round_quickly(operation, x[i], y[i], scales);
        values[i] = rounded.values;
        distances[i] = pl_absolute_x86(rounded.distance);
    }
    const pl_vec_float worst = PL_VEC_FLOAT(max)(PL_VEC_FLOAT(max)(distances[0], distances[1]),
                                                 PL_VEC_FLOAT(max)(distances[2], distances[3]));
    if (!scales->fits || is_unsure(worst, scales->safe)) {
#pragma GCC unroll 4
        for (int i = 0; i < GROUP; i++)
            if (!scales->fits || is_unsure(distances[i], scales->safe))
                values[i] = redo(operation, x[i], y[i], params);
    }
    pl_vec_store(out, pl_pack_bytes_x86(values, range, is_unsigned));
}

/* What is left of a run, through memory of a whole group. */
PL_ALWAYS_INLINE void run_rest(enum operation operation, bool is_unsigned,
                               const struct scales *scales, const uint8_t *a, const uint8_t *b,
                               uint8_t *out, int64_t count)
{
    uint8_t whole_a[GROUP_BYTES] = {0}, whole_b[GROUP_BYTES] = {0}, whole_out[GROUP_BYTES];
    memcpy(whole_a, a, (size_t)count);
    memcpy(whole_b, b, (size_t)count);
    run_group(operation, is_unsigned, scales, whole_a, whole_b, whole_out);
    memcpy(out, whole_out, (size_t)count);
}

PL_ALWAYS_INLINE void run_bytes(enum operation operation, bool is_unsigned,
                                const struct pl_binary_run *run,
                                const struct pl_binary_params *params)
{
    const struct pl_binary_params own = *params; /* no output can change it */
    const struct scales scales = find_scales(operation, &own);
    uint8_t fill[GROUP_BYTES]; /* an input that stays */
    const uint8_t *a = run->a, *b = run->b;
    if (run->a_step == 0) a = memset(fill, *a, sizeof fill);
    if (run->b_step == 0) b = memset(fill, *b, sizeof fill);
    const int64_t a_step = run->a_step == 0 ? 0 : GROUP_BYTES;
    const int64_t b_step = run->b_step == 0 ? 0 : GROUP_BYTES;
    uint8_t *out = run->out;
    int64_t left = run->count;
    for (; left >= GROUP_BYTES; left -= GROUP_BYTES, a += a_step, b += b_step, out += GROUP_BYTES)
        run_group(operation, is_unsigned, &scales, a, b, out);
    if (left > 0) run_rest(operation, is_unsigned, &scales, a, b, out, left);
}

#define DEFINE_BINARY(name, operation, is_unsigned)                                                \
    void PL_LEVEL(pl_##name##_x86)(const struct pl_binary_run *run,                                \
                                   const struct pl_binary_params *params)                          \
    {                                                                                              \
        run_bytes(operation, is_unsigned, run, params);                                            \
    }

DEFINE_BINARY(add_i8, ADD, false)
DEFINE_BINARY(add_u8, ADD, true)
DEFINE_BINARY(sub_i8, SUB, false)
DEFINE_BINARY(sub_u8, SUB, true)
DEFINE_BINARY(mul_i8, MUL, false)
DEFINE_BINARY(mul_u8, MUL, true)
DEFINE_BINARY(squared_difference_i8, SQUARED_DIFFERENCE, false)
