/* SPDX-License-Identifier: Apache-2.0 */
/* Sums to bytes without checks: wherever that is said to be right, every sum at which an output begins
 * gives the reference's byte, and so do those beside it. */
#include "unit.h"

#if defined(__AVX2__)
#include "kernels/x86/requantize_sure_x86.h"

enum { CASES = 400 };

static uint64_t random_state = 1;

static int32_t draw(int32_t low, int32_t high)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return low + (int32_t)((random_state >> 33) % ((uint64_t)high - (uint64_t)low + 1));
}

/* The first sum, up to `largest`, whose output is not below `output`. */
static int64_t find_first(const struct pl_requantizer_x86 *requantizer, int32_t channel,
                          int32_t output, int64_t largest)
{
    int64_t low = 0, high = largest + 1;
    while (low < high) {
        const int64_t sum = (low + high) / 2;
        const int32_t found = pl_requantize_exactly_x86(requantizer, (int32_t)sum, channel);
        if (found < output) low = sum + 1;
        else high = sum;
    }
    return low;
}

static int32_t byte_of(const struct pl_requantizer_x86 *requantizer, const struct pl_sure_x86 *sure,
                       int32_t channel, int32_t sum)
{
    const int32_t first = channel / PL_LANES * PL_LANES;
    const pl_vec value = pl_round_surely_x86(pl_vec_set(sum), PL_VEC_FLOAT(loadu)(sure->scale + first),
                                             PL_VEC_FLOAT(loadu)(sure->offset + first));
    const pl_vec values[4] = {value, value, value, value};
    const struct pl_range_x86 range = pl_range_x86(requantizer->range);
    uint8_t bytes[4 * PL_LANES];
    pl_vec_store(bytes, pl_pack_surely_x86(values, &range, requantizer->is_unsigned));
    const uint8_t byte = bytes[channel - first];
    return requantizer->is_unsigned ? byte : (int8_t)byte;
}

static void check_channel(const struct pl_requantizer_x86 *requantizer, const struct pl_sure_x86 *sure,
                          int32_t channel)
{
    const int64_t largest = requantizer->bound + requantizer->bias[channel];
    for (int32_t output = requantizer->range.low; output <= requantizer->range.high; output++) {
        const int64_t first = find_first(requantizer, channel, output, largest);
        for (int64_t sum = first - 2; sum <= first + 1; sum++) {
            if (sum > largest) continue;
            assert_int_equal(byte_of(requantizer, sure, channel, (int32_t)sum),
                             pl_requantize_exactly_x86(requantizer, (int32_t)sum, channel));
        }
    }
    const int32_t least = (int32_t)-largest;
    assert_int_equal(byte_of(requantizer, sure, channel, least),
                     pl_requantize_exactly_x86(requantizer, least, channel));
}

/* How many of the cases with that shift, and one less, were sure. */
static int check_shift(int32_t shift, int32_t bound)
{
    struct pl_multiplier multipliers[PL_REQUANTIZE_BLOCK];
    int32_t bias[PL_REQUANTIZE_BLOCK];
    int sure_cases = 0;
    for (int i = 0; i < CASES; i++) {
        struct pl_requantizer_x86 requantizer = {
            .multipliers = multipliers, .is_unsigned = draw(0, 1) == 1, .bias = bias, .bound = bound};
        for (int n = 0; n < PL_REQUANTIZE_BLOCK; n++) {
            multipliers[n].multiplier = draw(0, 3) == 0 ? 1 << 30 : draw(1 << 30, INT32_MAX);
            multipliers[n].shift = shift - draw(0, 1);
            bias[n] = draw(0, 9999);
        }
        const int32_t bottom = requantizer.is_unsigned ? 0 : -128;
        requantizer.range.zero_point = draw(0, 1) == 0 ? bottom : draw(bottom, bottom + 255);
        requantizer.range.low = draw(0, 1) == 0 ? requantizer.range.zero_point
                                                : draw(requantizer.range.zero_point, bottom + 255);
        requantizer.range.high = draw(0, 1) == 0 ? bottom + 255 : draw(requantizer.range.low, bottom + 255);
        struct pl_sure_x86 sure;
        if (!pl_requantize_surely_x86(&requantizer, 0, PL_REQUANTIZE_BLOCK, &sure)) continue;
        sure_cases++;
        for (int32_t n = 0; n < PL_REQUANTIZE_BLOCK; n++) check_channel(&requantizer, &sure, n);
    }
    return sure_cases;
}

static void every_output_begins_where_it_should(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) SKIP("no AVX2");
    /* Large scales are always sure, small ones where few outputs are reached. */
    assert_true(check_shift(-2, 1 << 20) > CASES * 9 / 10);
    assert_true(check_shift(-6, 1 << 20) > CASES / 2);
    assert_true(check_shift(-9, 1 << 22) < CASES);
    assert_true(check_shift(-16, 1 << 17) > CASES / 2);
}

static void what_has_no_end_at_the_zero_point_is_not_sure(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) SKIP("no AVX2");
    const struct pl_multiplier multiplier = {1 << 30, -3}, larger = {1 << 30, 0};
    struct pl_requantizer_x86 requantizer = {
        .multipliers = &multiplier, .range = {0, 0, 127}, .bound = 1 << 20};
    struct pl_sure_x86 sure;
    assert_true(pl_requantize_surely_x86(&requantizer, 0, 1, &sure));
    requantizer.range.low = -1;
    assert_false(pl_requantize_surely_x86(&requantizer, 0, 1, &sure));
    requantizer.range.low = 0;
    requantizer.multipliers = &larger;
    assert_false(pl_requantize_surely_x86(&requantizer, 0, 1, &sure));
}
#else
static void every_output_begins_where_it_should(void **state)
{
    (void)state;
    SKIP("not for this processor");
}

static void what_has_no_end_at_the_zero_point_is_not_sure(void **state)
{
    (void)state;
    SKIP("not for this processor");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_output_begins_where_it_should),
        cmocka_unit_test(what_has_no_end_at_the_zero_point_is_not_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
