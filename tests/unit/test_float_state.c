/* SPDX-License-Identifier: Apache-2.0 */
/* Our floating point state is set inside, the caller's is back after. */
#include "unit.h"

#include <fenv.h>
#include <float.h>

#include "base/float_state.h"

/* volatile, result included: computed here and now, with the register as it is. */
static float third(void)
{
    volatile float one = 1.0f;
    volatile float three = 3.0f;
    volatile float result = one / three;
    return result;
}

static float subnormal(void)
{
    volatile float smallest = FLT_MIN;
    volatile float two = 2.0f;
    volatile float result = smallest / two;
    return result;
}

static void test_rounding_is_set_and_restored(void **state)
{
    (void)state;
    const float nearest = third();
    fesetround(FE_DOWNWARD);
    const float down = third();
    const struct pl_float_state saved = pl_float_state_enter();
    const float inside = third();
    pl_float_state_leave(saved);
    const float after = third();
    fesetround(FE_TONEAREST);
    if (down == nearest) SKIP("an emulator that rounds to nearest whatever it is told");
    assert_true(inside == nearest);
    assert_true(after == down);
}

#if defined(__x86_64__)
static void test_flush_to_zero_is_off_inside(void **state)
{
    (void)state;
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* FTZ and DAZ */
    const float outside = subnormal();
    const struct pl_float_state saved = pl_float_state_enter();
    const float inside = subnormal();
    pl_float_state_leave(saved);
    const float after = subnormal();
    _mm_setcsr(before);
    if (outside != 0.0f) SKIP("an emulator that never flushes");
    assert_true(inside > 0.0f);
    assert_true(after == 0.0f);
}
#else
static void test_flush_to_zero_is_off_inside(void **state)
{
    (void)state;
    const struct pl_float_state saved = pl_float_state_enter();
    const float inside = subnormal();
    pl_float_state_leave(saved);
    assert_true(inside > 0.0f);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding_is_set_and_restored),
        cmocka_unit_test(test_flush_to_zero_is_off_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
