/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and cells of 16 bits: fixed_point_16.h in vectors of words, to the bit.
 *
 * Its products are rounded with ties away from zero, which for a negative one is the floor of half
 * more than it: what the instruction computes. The product of INT16_MIN with itself, which alone
 * would be different, cannot come up. */
#include "kernels/x86/recurrent_gates_x86.h"

#include "kernels/fixed_point_16.h"
#include "kernels/x86/bytes_x86.h"
#include "kernels/x86/fixed_x86.h"

enum { WORDS = PL_VEC_WORDS };

/* ---- functions ------------------------------------------------------------------------------- */

PL_ALWAYS_INLINE pl_vec multiply(pl_vec a, pl_vec b)
{
    return PL_VEC_16(mulhrs)(a, b);
}

PL_ALWAYS_INLINE pl_vec word(int32_t x)
{
    return PL_VEC_16(set1)((int16_t)x);
}

/* x where any of `bits` is set in `chooser`, else y; `bits` is one bit. */
PL_ALWAYS_INLINE pl_vec where_set(pl_vec chooser, int32_t bits, pl_vec x, pl_vec y)
{
#if defined(__AVX512F__)
    return _mm512_mask_mov_epi16(y, _mm512_test_epi16_mask(chooser, word(bits)), x);
#else
    const __m256i set = _mm256_cmpeq_epi16(_mm256_and_si256(chooser, word(bits)), word(bits));
    return _mm256_blendv_epi8(y, x, set);
#endif
}

/* x where a > b, else y. */
PL_ALWAYS_INLINE pl_vec where_greater(pl_vec a, pl_vec b, pl_vec x, pl_vec y)
{
#if defined(__AVX512F__)
    return _mm512_mask_mov_epi16(y, _mm512_cmpgt_epi16_mask(a, b), x);
#else
    return _mm256_blendv_epi8(y, x, _mm256_cmpgt_epi16(a, b));
#endif
}

/* x where a is 0, else y. */
PL_ALWAYS_INLINE pl_vec where_zero(pl_vec a, pl_vec x, pl_vec y)
{
#if defined(__AVX512F__)
    return _mm512_mask_mov_epi16(y, _mm512_testn_epi16_mask(a, a), x);
#else
    return _mm256_blendv_epi8(y, x, _mm256_cmpeq_epi16(a, _mm256_setzero_si256()));
#endif
}

/* pl_shift_right_16 by 1 and by 2. */
PL_ALWAYS_INLINE pl_vec shift_right(pl_vec x, const int exponent)
{
    const int32_t mask = (1 << exponent) - 1;
    const pl_vec remainder = PL_VEC_AND(x, word(mask));
    const pl_vec threshold = PL_VEC_16(sub)(word(mask >> 1), PL_VEC_16(srai)(x, 15));
    /* The type of a count differs between widths and compilers: a literal is either. */
    const pl_vec shifted = exponent == 1 ? PL_VEC_16(srai)(x, 1) : PL_VEC_16(srai)(x, 2);
    return where_greater(remainder, threshold, PL_VEC_16(add)(shifted, word(1)), shifted);
}

/* pl_exp_small_16. */
PL_ALWAYS_INLINE pl_vec exp_small(pl_vec a)
{
    const pl_vec exp_of_eighth = word(28918);
    const pl_vec x = PL_VEC_16(add)(a, word(1 << 12));
    const pl_vec x2 = multiply(x, x), x3 = multiply(x2, x), x4 = multiply(x2, x2);
    const pl_vec high = multiply(PL_VEC_16(add)(shift_right(x4, 2), x3), word(10923));
    const pl_vec tail = shift_right(PL_VEC_16(add)(high, x2), 1);
    return PL_VEC_16(adds)(exp_of_eighth, multiply(exp_of_eighth, PL_VEC_16(add)(x, tail)));
}

/* pl_exp_negative_16. */
PL_ALWAYS_INLINE pl_vec exp_negative(pl_vec a, const int32_t integer_bits)
{
    const int32_t fraction_bits = 15 - integer_bits;
    const int32_t quarter = 1 << (fraction_bits - 2);
    const pl_vec small = PL_VEC_16(sub)(PL_VEC_AND(a, word(quarter - 1)), word(quarter));
    /* At least -1/4: no bit is lost. */
    pl_vec result = exp_small(PL_VEC_16(sll)(small, _mm_cvtsi32_si128(integer_bits)));
    const pl_vec remainder = PL_VEC_16(sub)(small, a);
#pragma GCC unroll 7
    for (int32_t i = 0; i < 7; i++) {
        if (integer_bits <= i - 2) continue;
        result = where_set(remainder, 1 << (fraction_bits + i - 2),
                           multiply(result, word(pl_exp_powers_16[i])), result);
    }
    if (integer_bits > 5)
        result = where_greater(word(-(1 << (20 - integer_bits))), a, word(0), result);
    return where_zero(a, word(INT16_MAX), result);
}

/* pl_reciprocal_16, for a from 0 on. */
PL_ALWAYS_INLINE pl_vec reciprocal(pl_vec a)
{
    /* (a + INT16_MAX) / 2, which does not fit, with its half up: unsigned averages round so. */
    const pl_vec half_denominator = PL_VEC_U16(avg)(a, word(INT16_MAX));
    const pl_vec one = word(1 << 13);
    pl_vec x = PL_VEC_16(add)(word(23130), multiply(half_denominator, word(-15420)));
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
        const pl_vec error = PL_VEC_16(sub)(one, multiply(half_denominator, x));
        const pl_vec step = multiply(x, error);
        const pl_vec twice = PL_VEC_16(adds)(step, step);
        x = PL_VEC_16(add)(x, PL_VEC_16(adds)(twice, twice));
    }
    return x;
}

/* pl_logistic_16. */
PL_ALWAYS_INLINE pl_vec logistic(pl_vec x)
{
    const pl_vec zero = word(0);
    const pl_vec negative = where_greater(x, zero, PL_VEC_16(sub)(zero, x), x);
    const pl_vec half = reciprocal(exp_negative(negative, 3));
    const pl_vec positive = PL_VEC_16(adds)(half, half);
    const pl_vec result =
        where_greater(x, zero, positive, PL_VEC_16(sub)(word(INT16_MAX), positive));
    return where_zero(x, word(1 << 14), result);
}

/* pl_tanh_16. */
PL_ALWAYS_INLINE pl_vec hyperbolic_tangent(pl_vec x, const int32_t integer_bits)
{
    const pl_vec zero = word(0);
    const pl_vec negative = where_greater(zero, x, x, PL_VEC_16(sub)(zero, x));
    const pl_vec quarter =
        PL_VEC_16(sub)(reciprocal(exp_negative(negative, integer_bits + 1)), word(1 << 13));
    const pl_vec half = PL_VEC_16(adds)(quarter, quarter);
    const pl_vec magnitude = PL_VEC_16(adds)(half, half);
    const pl_vec result = where_greater(zero, x, PL_VEC_16(sub)(zero, magnitude), magnitude);
    return where_zero(x, zero, result);
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* The first `count` words of a vector. */
PL_ALWAYS_INLINE pl_vec load_words(const int16_t *from, int32_t count)
{
    return count >= WORDS ? pl_vec_load(from) : pl_bytes_load(from, 2 * count);
}

PL_ALWAYS_INLINE void store_words(int16_t *to, pl_vec x, int32_t count)
{
    if (count >= WORDS) pl_vec_store(to, x);
    else pl_bytes_store(to, x, 2 * count);
}

void PL_LEVEL(pl_logistic_int16_x86)(int16_t *x, int32_t count)
{
    for (int32_t i = 0; i < count; i += WORDS)
        store_words(x + i, logistic(load_words(x + i, count - i)), count - i);
}

PL_ALWAYS_INLINE void tanh_of(int16_t *to, const int16_t *from, int32_t count,
                              const int32_t integer_bits)
{
    for (int32_t i = 0; i < count; i += WORDS)
        store_words(to + i, hyperbolic_tangent(load_words(from + i, count - i), integer_bits),
                    count - i);
}

void PL_LEVEL(pl_tanh_int16_x86)(int16_t *to, const int16_t *from, int32_t count,
                                 int32_t integer_bits)
{
    switch (integer_bits) { /* with a constant the steps of exp are chosen when this is compiled */
    case 3: tanh_of(to, from, count, 3); break;
    case 4: tanh_of(to, from, count, 4); break;
    default: tanh_of(to, from, count, integer_bits); break;
    }
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* Half of the words of a vector, each as 32 bits. */
PL_ALWAYS_INLINE pl_vec widen(const int16_t *from)
{
#if defined(__AVX512F__)
    return _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i_u *)from));
#else
    return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i_u *)from));
#endif
}

/* The same, saturated. */
PL_ALWAYS_INLINE void narrow(int16_t *to, pl_vec x)
{
#if defined(__AVX512F__)
    _mm256_storeu_si256((__m256i_u *)to, _mm512_cvtsepi32_epi16(x));
#else
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(x, x), 0x08);
    _mm_storeu_si128((__m128i_u *)to, _mm256_castsi256_si128(words));
#endif
}

PL_ALWAYS_INLINE pl_vec wrap_to_word(pl_vec x)
{
    return PL_VEC_32(srai)(PL_VEC_32(slli)(x, 16), 16);
}

static void update_lanes(int16_t *cell, const int16_t *forget, const int16_t *candidate,
                         const int16_t *input, int32_t cell_exponent, int16_t bound)
{
    const pl_vec keep = widen(forget);
    const pl_vec gate =
        input != NULL ? widen(input) : wrap_to_word(PL_VEC_32(sub)(pl_vec_set(INT16_MAX), keep));
    const pl_vec kept = wrap_to_word(pl_shift_right_x86(PL_VEC_32(mullo)(keep, widen(cell)), 15));
    const pl_vec added = wrap_to_word(
        pl_shift_right_x86(PL_VEC_32(mullo)(gate, widen(candidate)), 30 + cell_exponent));
    pl_vec sum = pl_vec_add(kept, added);
    if (bound > 0) sum = PL_VEC_32(min)(PL_VEC_32(max)(sum, pl_vec_set(-bound)), pl_vec_set(bound));
    narrow(cell, sum);
}

void PL_LEVEL(pl_update_cell_int16_x86)(int16_t *cell, const int16_t *forget,
                                        const int16_t *candidate, const int16_t *input,
                                        int32_t count, int32_t cell_exponent, int16_t bound)
{
    int32_t i = 0;
    for (; i + PL_LANES <= count; i += PL_LANES)
        update_lanes(cell + i, forget + i, candidate + i, input != NULL ? input + i : NULL,
                     cell_exponent, bound);
    if (i == count) return;
    int16_t rest[4][PL_LANES] = {{0}};
    const size_t bytes = (size_t)(count - i) * sizeof *cell;
    memcpy(rest[0], cell + i, bytes);
    memcpy(rest[1], forget + i, bytes);
    memcpy(rest[2], candidate + i, bytes);
    if (input != NULL) memcpy(rest[3], input + i, bytes);
    update_lanes(rest[0], rest[1], rest[2], input != NULL ? rest[3] : NULL, cell_exponent, bound);
    memcpy(cell + i, rest[0], bytes);
}

/* Of products of words the sum with a zero point does not overflow. */
PL_ALWAYS_INLINE pl_vec product_lanes(const int16_t *a, const int16_t *b,
                                      struct pl_multiplier multiplier, int32_t zero_point)
{
    const pl_vec scaled = pl_multiply_x86(PL_VEC_32(mullo)(widen(a), widen(b)), multiplier);
    const pl_vec limited =
        PL_VEC_32(min)(PL_VEC_32(max)(scaled, pl_vec_set(-(1 << 20))), pl_vec_set(1 << 20));
    const pl_vec placed = pl_vec_add(limited, pl_vec_set(zero_point));
    return PL_VEC_32(min)(PL_VEC_32(max)(placed, pl_vec_set(INT8_MIN)), pl_vec_set(INT8_MAX));
}

void PL_LEVEL(pl_multiply_int8_x86)(int8_t *to, const int16_t *a, const int16_t *b, int32_t count,
                                    struct pl_multiplier multiplier, int32_t zero_point)
{
    for (int32_t i = 0; i < count; i += PL_LANES) {
        int16_t rest[2][PL_LANES] = {{0}};
        const int32_t lanes = count - i < PL_LANES ? count - i : PL_LANES;
        const int16_t *x = a + i, *y = b + i;
        if (lanes < PL_LANES) {
            x = memcpy(rest[0], x, (size_t)lanes * sizeof *x);
            y = memcpy(rest[1], y, (size_t)lanes * sizeof *y);
        }
        const pl_vec bytes = product_lanes(x, y, multiplier, zero_point);
        pl_store_lowest_bytes((uint8_t *)to + i, bytes, bytes, lanes);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

enum { SHORT = 8 };

void PL_LEVEL(pl_dot_rows_int16_x86)(int32_t *to, const int16_t *a, const int16_t *b, int32_t rows,
                                     int32_t count)
{
    for (int32_t r = 0; r < rows; r++, a += count, b += count) {
        __m128i sums = _mm_setzero_si128();
        int32_t i = 0;
        for (; i + SHORT <= count; i += SHORT) {
            const __m128i x = _mm_loadu_si128((const __m128i_u *)(a + i));
            const __m128i y = _mm_loadu_si128((const __m128i_u *)(b + i));
            sums = _mm_add_epi32(sums, _mm_madd_epi16(x, y));
        }
        sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
        sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1));
        uint32_t sum = (uint32_t)_mm_cvtsi128_si32(sums);
        for (; i < count; i++) sum += (uint32_t)(a[i] * b[i]);
        to[r] = (int32_t)sum;
    }
}
