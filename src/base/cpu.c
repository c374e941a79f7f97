/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/cpu.h"

#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

#if defined(__aarch64__) || defined(__arm__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

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

static uint32_t find_avx512(uint32_t b, uint32_t c, uint64_t saved)
{
    const uint64_t wide_state = 0xe6; /* SSE, AVX, masks, both halves of the wide registers */
    if ((saved & wide_state) != wide_state) return 0;
    if (!has_all(b, bit_AVX512F | bit_AVX512CD | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL))
        return 0;
    return PL_CPU_AVX512 | (has_all(c, bit_AVX512VNNI) ? PL_CPU_AVX512_VNNI : 0u);
}

uint32_t pl_cpu_features(void)
{
    const uint64_t sse_and_avx_state = 6;
    const uint32_t avx_vnni = 1 << 4; /* of EAX of leaf 7.1 */
    uint32_t a = 0;
    uint32_t b = 0;
    uint32_t c = 0;
    uint32_t d = 0;
    __cpuid(0, a, b, c, d);
    if (a < 7) return 0;
    __cpuid(1, a, b, c, d);
    if (!has_all(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C)) return 0;
    __cpuid_count(7, 0, a, b, c, d);
    const uint64_t saved = extended_state();
    if (!has_all(b, bit_AVX2 | bit_BMI2)) return 0;
    if ((saved & sse_and_avx_state) != sse_and_avx_state) return 0;
    uint32_t features = PL_CPU_X86V3 | find_avx512(b, c, saved);
    if (a < 1) return features;
    __cpuid_count(7, 1, a, b, c, d);
    return features | (has_all(a, avx_vnni) ? PL_CPU_AVX_VNNI : 0u);
}
#elif defined(__aarch64__)
uint32_t pl_cpu_features(void)
{
    return PL_CPU_NEON | (getauxval(AT_HWCAP) & HWCAP_ASIMDDP ? PL_CPU_NEON_DOT : 0u);
}
#elif defined(__arm__)
uint32_t pl_cpu_features(void)
{
    const unsigned long wanted = HWCAP_NEON | HWCAP_VFPv4;
    return (getauxval(AT_HWCAP) & wanted) == wanted ? PL_CPU_NEON : 0u;
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
