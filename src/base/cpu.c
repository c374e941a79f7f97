/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/cpu.h"

#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* The register state that the operating system saves and restores. */
static uint64_t extended_state(void)
{
    uint32_t low = 0;
    uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has_all(uint32_t value, uint32_t wanted)
{
    return (value & wanted) == wanted;
}

uint32_t pl_cpu_features(void)
{
    const uint64_t sse_and_avx_state = 6;
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if (!has_all(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C)) return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    if (!has_all(b, bit_AVX2 | bit_BMI2)) return 0;
    return (extended_state() & sse_and_avx_state) == sse_and_avx_state ? PL_CPU_X86V3 : 0;
}
#else
uint32_t pl_cpu_features(void)
{
    return 0;
}
#endif

int32_t pl_cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        const int count = CPU_COUNT(&set);
        return count > 0 ? count : 1;
    }
    /* More processors than a cpu_set_t holds. */
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 && online < INT32_MAX ? (int32_t)online : 1;
}
