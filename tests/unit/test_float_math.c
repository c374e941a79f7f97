/* SPDX-License-Identifier: Apache-2.0 */
/* The elementary functions against libm in double, on a sample of all floats; the levels of kernels
 * against each other; sums in their fixed order; fixed-point functions against real ones. */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "kernels/elementwise_kernels.h"
#include "kernels/fixed_functions.h"
#include "kernels/float_math.h"
#include "kernels/float_sum.h"
#include "kernels/wide_math.h"

enum { SAMPLE_STEP = 40093, BLOCK = 1000 };

/* Distance in units in the last place of the exact result, as a float. */
static double distance(float found, double exact)
{
    if (isnan(exact)) return isnan(found) ? 0.0 : 1e9;
    if (isinf((float)exact) || isinf(found)) return (float)exact == found ? 0.0 : 1e9;
    int exponent = 0;
    frexp(exact, &exponent);
    if (exact == 0.0 || exponent < -125) exponent = -125;
    return fabs((double)found - exact) / ldexp(1.0, exponent - 24);
}

static double worst_of(float (*found)(float), double (*exact)(double))
{
    double worst = 0.0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += SAMPLE_STEP) {
        const float x = pl_float_from_bits((uint32_t)bits);
        const double one = distance(found(x), exact((double)x));
        if (one > worst) worst = one;
    }
    return worst;
}

static double exact_logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static void functions_are_accurate(void **state)
{
    (void)state;
    assert_true(worst_of(pl_expf, exp) < 1.1);
    assert_true(worst_of(pl_tanhf, tanh) < 2.6);
    assert_true(worst_of(pl_logisticf, exact_logistic) < 2.4);
    assert_true(worst_of(pl_erff, erf) < 1.1);
    assert_true(worst_of(pl_expm1f, expm1) < 2.6);
    assert_true(worst_of(pl_logf, log) < 0.51);
    assert_true(worst_of(pl_sinf, sin) < 0.51);
    assert_true(worst_of(pl_cosf, cos) < 0.51);
}

/* Below 3e-8 and two units: compared with the sum of both, since small results are not rounded. */
static void gelu_is_accurate(void **state)
{
    (void)state;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += SAMPLE_STEP) {
        const float x = pl_float_from_bits((uint32_t)bits);
        if (isnan(x) || fabsf(x) > 1e30f) continue;
        const double exact = 0.5 * (double)x * erfc((double)x * -0.70710678118654752);
        const double error = fabs((double)pl_geluf(x) - exact);
        assert_true(error <= 3e-8 + fabs(exact) * 3e-7);
    }
    assert_true(pl_geluf(INFINITY) == INFINITY && pl_geluf(0.0f) == 0.0f && isnan(pl_geluf(NAN)));
}

static void ends_are_right(void **state)
{
    (void)state;
    assert_true(pl_expf(-INFINITY) == 0.0f && isinf(pl_expf(INFINITY)) && pl_expf(0.0f) == 1.0f);
    assert_true(pl_tanhf(INFINITY) == 1.0f && pl_tanhf(-INFINITY) == -1.0f);
    assert_true(signbit(pl_tanhf(-0.0f)) && signbit(pl_erff(-0.0f)));
    assert_true(pl_logisticf(-INFINITY) == 0.0f && pl_logisticf(INFINITY) == 1.0f);
    assert_true(isnan(pl_logisticf(NAN)) && isnan(pl_tanhf(NAN)) && isnan(pl_erff(NAN)));
}

/* All levels, and any cut of a run, give one answer. */
static void levels_agree(void **state)
{
    (void)state;
    const struct pl_kernels *levels[PL_KERNELS_MAX_LEVELS];
    const int32_t count = pl_kernels_list(levels);
    static float in[BLOCK], first[BLOCK], other[BLOCK];
    const struct pl_unary_params params = {.low = -1.0f, .high = 1.0f};
    for (uint64_t start = 0; start <= UINT32_MAX; start += (uint64_t)SAMPLE_STEP * BLOCK) {
        for (int32_t i = 0; i < BLOCK; i++)
            in[i] = pl_float_from_bits((uint32_t)(start + (uint64_t)i * SAMPLE_STEP));
        for (int32_t which = 0; which < 4; which++) {
            for (int32_t level = 0; level < count; level++) {
                const struct pl_unary_table *table = levels[level]->elementwise->unary;
                const pl_unary_kernel kernels[] = {table->logistic, table->tanh, table->gelu,
                                                   table->gelu_by_tanh};
                float *out = level == 0 ? first : other;
                const int32_t cut = level == 0 ? BLOCK : 37;
                kernels[which](out, in, cut, &params);
                kernels[which](out + cut, in + cut, BLOCK - cut, &params);
                for (int32_t i = 0; i < BLOCK; i++)
                    assert_true(pl_float_bits(out[i]) == pl_float_bits(first[i]) ||
                                (isnan(out[i]) && isnan(first[i])));
            }
        }
    }
}

static void sums_have_their_order(void **state)
{
    (void)state;
    float x[53], partial[PL_PARTIAL_SUMS] = {0};
    for (int32_t i = 0; i < 53; i++) {
        x[i] = 1.0f / (float)(3 + i * i);
        partial[i % PL_PARTIAL_SUMS] += x[i];
    }
    for (int32_t half = PL_PARTIAL_SUMS / 2; half > 0; half /= 2)
        for (int32_t j = 0; j < half; j++) partial[j] += partial[j + half];
    pl_partial_sums sums = {0};
    pl_partial_add(&sums, x, 53);
    assert_true(pl_partial_total(&sums) == partial[0]);
}

static void fixed_functions_are_near(void **state)
{
    (void)state;
    for (int32_t a = 0; a > -(1 << 30); a -= 1234567) {
        /* The series ends at the fourth power of 1/8: 2.5e-7 is left out. */
        const double real = exp((double)a / (1 << 26));
        assert_true(fabs((double)pl_fixed_exp(a) / 2147483648.0 - real) < 3e-7);
    }
    for (int64_t value = 2; value <= INT32_MAX; value += value / 7 + 1) {
        const int32_t x = (int32_t)value;
        const struct pl_multiplier inverse = pl_fixed_inverse_square_root(x);
        const double found = ldexp((double)inverse.multiplier, inverse.shift - 31);
        assert_true(fabs(found * sqrt((double)x) - 1.0) < 2e-6);
        int32_t bits = 0;
        const int32_t reciprocal = pl_fixed_reciprocal(x, 31, &bits);
        assert_true(fabs(ldexp((double)reciprocal, -31 - bits) * x - 1.0) < 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_accurate), cmocka_unit_test(gelu_is_accurate),
        cmocka_unit_test(ends_are_right),         cmocka_unit_test(levels_agree),
        cmocka_unit_test(sums_have_their_order),  cmocka_unit_test(fixed_functions_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
