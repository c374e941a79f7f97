/* SPDX-License-Identifier: Apache-2.0 */
/* Times, and what a level could do with everything in registers. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "checkkernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* ---- times ----------------------------------------------------------------------------------- */

static double best_seconds(void (*run)(void *context), void *context)
{
    run(context);
    int64_t calls = 1;
    double best = 1e9;
    for (int round = 0; round < 12;) {
        const uint64_t start = pl_clock_ns();
        for (int64_t i = 0; i < calls; i++) run(context);
        const double seconds = (double)(pl_clock_ns() - start) * 1e-9;
        if (seconds < 2e-3 && round == 0) {
            calls *= 2;
            continue;
        }
        if (seconds / (double)calls < best) best = seconds / (double)calls;
        round++;
    }
    return best;
}

void bench_time(const struct bench *bench, const char *what, void (*run)(void *context),
                void *context, double macs, double peak)
{
    const double seconds = best_seconds(run, context);
    printf("%-12s %-16s %-40s %10.2f us %8.2f G/s", bench->kernels->level, bench->name, what,
           seconds * 1e6, macs / seconds * 1e-9);
    if (peak > 0) printf(" %5.1f %% of peak", 100.0 * macs / seconds / peak);
    putchar('\n');
}

/* ---- peaks ----------------------------------------------------------------------------------- */

enum { CHAINS = 12, ROUNDS = 20000 };

/* A loop with CHAINS independent sums in registers, of class "x", "v" or "w": without the unrolling they
 * would lie in memory. */
#define DEFINE_PEAK(name, features, register, type, zero, step)                                    \
    __attribute__((target(features), noinline)) static void peak_##name(void *context)             \
    {                                                                                              \
        type sums[CHAINS], x = zero;                                                               \
        UNROLL for (int i = 0; i < CHAINS; i++) sums[i] = zero;                                    \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            UNROLL for (int i = 0; i < CHAINS; i++)                                                \
            {                                                                                      \
                sums[i] = step;                                                                    \
                __asm__ volatile("" : "+" register(sums[i]), "+" register(x));                     \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (int i = 1; i < CHAINS; i++) sums[0] += sums[i];                                \
        *(volatile int32_t *)context = (int32_t)sums[0][0];                                        \
    }
#define UNROLL _Pragma("GCC unroll 16")

#if defined(__x86_64__)
DEFINE_PEAK(fma256, "avx2,fma", "x", __m256, _mm256_setzero_ps(), _mm256_fmadd_ps(x, x, sums[i]))
DEFINE_PEAK(madd256, "avx2,fma", "x", __m256i, _mm256_setzero_si256(),
            _mm256_add_epi32(sums[i], _mm256_madd_epi16(x, x)))
DEFINE_PEAK(dot256, "avxvnni", "x", __m256i, _mm256_setzero_si256(),
            _mm256_dpbusd_avx_epi32(sums[i], x, x))
DEFINE_PEAK(fma512, "avx512f", "v", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(x, x, sums[i]))
DEFINE_PEAK(madd512, "avx512bw", "v", __m512i, _mm512_setzero_si512(),
            _mm512_add_epi32(sums[i], _mm512_madd_epi16(x, x)))
DEFINE_PEAK(dot512, "avx512vnni", "v", __m512i, _mm512_setzero_si512(),
            _mm512_dpbusd_epi32(sums[i], x, x))
#elif defined(__aarch64__)
DEFINE_PEAK(fma, "arch=armv8-a", "w", float32x4_t, vdupq_n_f32(0), vfmaq_f32(sums[i], x, x))
DEFINE_PEAK(pairs, "arch=armv8-a", "w", int32x4_t, vdupq_n_s32(0),
            vpadalq_s16(sums[i], vmull_high_s8(vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(x))))
DEFINE_PEAK(dot, "arch=armv8.2-a+dotprod", "w", int32x4_t, vdupq_n_s32(0),
            vdotq_s32(sums[i], vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(x)))
#endif

static double macs_per_second(void (*run)(void *context), int macs)
{
    int32_t result = 0;
    return (double)CHAINS * ROUNDS * macs / best_seconds(run, &result);
}

struct peak bench_peak(const char *level)
{
    struct peak peak = {0, 0};
    if (strcmp(level, "c") == 0) return peak;
#if defined(__x86_64__)
    const bool wide = strncmp(level, "avx512", 6) == 0;
    peak.float_macs = wide ? macs_per_second(peak_fma512, 16) : macs_per_second(peak_fma256, 8);
    if (strcmp(level, "avx512vnni") == 0) peak.byte_macs = macs_per_second(peak_dot512, 64);
    else if (wide) peak.byte_macs = macs_per_second(peak_madd512, 32);
    else if (strcmp(level, "avxvnni") == 0) peak.byte_macs = macs_per_second(peak_dot256, 32);
    else peak.byte_macs = macs_per_second(peak_madd256, 16);
#elif defined(__aarch64__)
    const bool dot = strcmp(level, "neon-dot") == 0;
    peak.float_macs = macs_per_second(peak_fma, 4);
    peak.byte_macs = dot ? macs_per_second(peak_dot, 16) : macs_per_second(peak_pairs, 8);
#else
    (void)macs_per_second;
    return peak;
#endif
    printf("%-12s peak %38.1f G/s of bytes %8.1f G/s of floats\n", level, peak.byte_macs * 1e-9,
           peak.float_macs * 1e-9);
    return peak;
}
