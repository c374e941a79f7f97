/* SPDX-License-Identifier: Apache-2.0 */
/* Which level of kernels is chosen. */
#include "unit.h"

#include <string.h>

#include "kernels/kernels.h"

static void test_list(void **state)
{
    (void)state;
    const struct pl_kernels *list[PL_KERNELS_MAX_LEVELS];
    const int32_t count = pl_kernels_list(list);
    assert_in_range(count, 1, PL_KERNELS_MAX_LEVELS);
    assert_string_equal(list[0]->level, "c");
    assert_ptr_equal(pl_kernels_choose(NULL), list[count - 1]);
    assert_ptr_equal(pl_kernels_choose(""), list[count - 1]);
    for (int32_t i = 0; i < count; i++)
        assert_ptr_equal(pl_kernels_choose(list[i]->level), list[i]);
}

/* A name masks what is above it, whether this CPU has that level or not. */
static void test_mask(void **state)
{
    (void)state;
    assert_null(pl_kernels_choose("avx1024"));
#if defined(__x86_64__) && defined(PL_FEWER_LEVELS)
    const char *const names[] = {"c", "c-x86v3", "avx2"};
#elif defined(__x86_64__)
    const char *const names[] = {"c", "c-x86v3", "avx2", "avxvnni", "avx512", "avx512vnni"};
#elif defined(__aarch64__)
    const char *const names[] = {"c", "neon", "neon-dot"};
#elif defined(__arm__)
    const char *const names[] = {"c", "neon"};
#else
    const char *const names[] = {"c"};
#endif
    const int32_t count = (int32_t)(sizeof names / sizeof names[0]);
    for (int32_t i = 0; i < count; i++) {
        const struct pl_kernels *chosen = pl_kernels_choose(names[i]);
        assert_non_null(chosen);
        int32_t place = 0;
        while (place < count && strcmp(names[place], chosen->level) != 0) place++;
        assert_in_range(place, 0, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
