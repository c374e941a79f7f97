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

/* CHAINS independent sums, each a variable of its own: what is not optimized much keeps an array in memory. The empty
 * assembly, with registers of class "x", "v" or "w", keeps every step as it is. */
#define STEP(step, register, sum)                                                                  \
    sum = step(sum, x);                                                                            \
    __asm__ volatile("" : "+" register(sum), "+" register(x));
#define DEFINE_PEAK(name, features, register, type, zero, step)                                    \
    __attribute__((target(features), noinline)) static void peak_##name(void *context)             \
    {                                                                                              \
        type x = zero, a = zero, b = zero, c = zero, d = zero, e = zero, f = zero, g = zero;       \
        type h = zero, i = zero, j = zero, k = zero, l = zero;                                     \
        for (int round = 0; round < ROUNDS; round++) {                                             \
            STEP(step, register, a) STEP(step, register, b) STEP(step, register, c)                \
            STEP(step, register, d) STEP(step, register, e) STEP(step, register, f)                \
            STEP(step, register, g) STEP(step, register, h) STEP(step, register, i)                \
            STEP(step, register, j) STEP(step, register, k) STEP(step, register, l)                \
        }                                                                                          \
        *(volatile int32_t *)context = (int32_t)a[0];                                              \
    }

#if defined(__x86_64__)
#define FMA_256(sum, x)  _mm256_fmadd_ps(x, x, sum)
#define MADD_256(sum, x) _mm256_add_epi32(sum, _mm256_madd_epi16(x, x))
#define DOT_256(sum, x)  _mm256_dpbusd_avx_epi32(sum, x, x)
#define FMA_512(sum, x)  _mm512_fmadd_ps(x, x, sum)
#define MADD_512(sum, x) _mm512_add_epi32(sum, _mm512_madd_epi16(x, x))
#define DOT_512(sum, x)  _mm512_dpbusd_epi32(sum, x, x)
DEFINE_PEAK(fma256, "avx2,fma", "x", __m256, _mm256_setzero_ps(), FMA_256)
DEFINE_PEAK(madd256, "avx2,fma", "x", __m256i, _mm256_setzero_si256(), MADD_256)
DEFINE_PEAK(dot256, "avxvnni", "x", __m256i, _mm256_setzero_si256(), DOT_256)
DEFINE_PEAK(fma512, "avx512f", "v", __m512, _mm512_setzero_ps(), FMA_512)
DEFINE_PEAK(madd512, "avx512bw", "v", __m512i, _mm512_setzero_si512(), MADD_512)
DEFINE_PEAK(dot512, "avx512vnni", "v", __m512i, _mm512_setzero_si512(), DOT_512)
#elif defined(__aarch64__)
#define FMA(sum, x) vfmaq_f32(sum, x, x)
#define PAIRS(sum, x)                                                                              \
    vpadalq_s16(sum, vmull_high_s8(vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(x)))
#define DOT(sum, x) vdotq_s32(sum, vreinterpretq_s8_s32(x), vreinterpretq_s8_s32(x))
DEFINE_PEAK(fma, "arch=armv8-a", "w", float32x4_t, vdupq_n_f32(0), FMA)
DEFINE_PEAK(pairs, "arch=armv8-a", "w", int32x4_t, vdupq_n_s32(0), PAIRS)
DEFINE_PEAK(dot, "arch=armv8.2-a+dotprod", "w", int32x4_t, vdupq_n_s32(0), DOT)
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
