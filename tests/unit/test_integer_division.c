/* SPDX-License-Identifier: Apache-2.0 */
/* Quotients of integers are computed by way of double: against the integers' own, at every level. */
#include "unit.h"

#include <stdlib.h>

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

enum { NUMBERS = 1000, ROUNDS = 200 };

static int32_t draw(void)
{
    const uint32_t bits = (uint32_t)rand() << 16 ^ (uint32_t)rand();
    return (int32_t)bits >> rand() % 32;
}

static int32_t quotient(int32_t x, int32_t y)
{
    return y == -1 ? (int32_t)(0u - (uint32_t)x) : x / y;
}

/* Any numbers, and dividends at and beside what divides. */
static void draw_pairs(int32_t *x, int32_t *y)
{
    for (int i = 0; i < NUMBERS; i++) {
        do y[i] = draw();
        while (y[i] == 0);
        const int64_t close = (int64_t)y[i] * draw() + rand() % 3 - 1;
        x[i] = i % 2 == 0 && close >= INT32_MIN && close <= INT32_MAX ? (int32_t)close : draw();
    }
    x[0] = x[1] = x[2] = INT32_MIN;
    y[0] = -1;
    y[1] = 1;
    y[2] = INT32_MIN;
}

static void test_quotients(void **state)
{
    (void)state;
    const struct pl_kernels *list[PL_KERNELS_MAX_LEVELS];
    const int32_t levels = pl_kernels_list(list);
    const struct pl_binary_params params = {.low_int = INT32_MIN, .high_int = INT32_MAX};
    static int32_t x[NUMBERS], y[NUMBERS], found[NUMBERS];
    for (int round = 0; round < ROUNDS; round++) {
        draw_pairs(x, y);
        const struct pl_binary_run run = {.out = found, .a = x, .b = y, .count = NUMBERS, .a_step = 1, .b_step = 1};
        for (int32_t level = 0; level < levels; level++) {
            list[level]->elementwise->binary->kernels[PL_BINARY_DIV][PL_KIND_INT32](&run, &params);
            for (int i = 0; i < NUMBERS; i++)
                if (found[i] != quotient(x[i], y[i]))
                    fail_msg("%s: %d / %d is %d", list[level]->level, (int)x[i], (int)y[i], (int)found[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_quotients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
