/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in its order, and memory that fails on demand. */
#ifndef PL_TESTS_UNIT_H
#define PL_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>

#include "base/memory.h"

/* Ends the test as skipped, and says why in pytest's words, which scripts/checks.sh gathers. */
#define SKIP(why) (printf("SKIPPED [1] %s:%d: %s\n", __FILE__, __LINE__, (why)), skip())

/* malloc, counted; allocation number fail_at (from 1) gives NULL, 0: none fails. `live` is what was
 * not freed. */
struct unit_memory {
    struct pl_memory memory;
    atomic_int_fast64_t live;
    int64_t calls;
    int64_t fail_at;
};

void unit_memory_init(struct unit_memory *unit, int64_t fail_at);

#endif
