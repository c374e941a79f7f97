/* SPDX-License-Identifier: Apache-2.0 */
/* The floating point control register is the caller's outside and ours inside: round to nearest, no
 * flushing of subnormals, no traps. Every entry that computes enters and leaves; every worker
 * enters. */
#ifndef PL_BASE_FLOAT_STATE_H
#define PL_BASE_FLOAT_STATE_H

#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>

struct pl_float_state {
    uint32_t control;
};

static inline struct pl_float_state pl_float_state_enter(void)
{
    const struct pl_float_state saved = {_mm_getcsr()};
    _mm_setcsr(0x1f80); /* all exceptions masked and none raised, everything else 0 */
    return saved;
}

static inline void pl_float_state_leave(struct pl_float_state saved)
{
    _mm_setcsr(saved.control);
}

#elif defined(__aarch64__)

struct pl_float_state {
    uint64_t control;
};

static inline struct pl_float_state pl_float_state_enter(void)
{
    struct pl_float_state saved;
    const uint64_t ours = 0;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved.control));
    __asm__ volatile("msr fpcr, %0" : : "r"(ours) : "memory");
    return saved;
}

static inline void pl_float_state_leave(struct pl_float_state saved)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(saved.control) : "memory");
}

#elif defined(__arm__) && defined(__VFP_FP__) && !defined(__SOFTFP__)

struct pl_float_state {
    uint32_t control;
};

static inline struct pl_float_state pl_float_state_enter(void)
{
    struct pl_float_state saved;
    const uint32_t ours = 0;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(saved.control));
    __asm__ volatile("vmsr fpscr, %0" : : "r"(ours) : "memory");
    return saved;
}

static inline void pl_float_state_leave(struct pl_float_state saved)
{
    __asm__ volatile("vmsr fpscr, %0" : : "r"(saved.control) : "memory");
}

#else
#include <fenv.h>

struct pl_float_state {
    fenv_t environment;
};

static inline struct pl_float_state pl_float_state_enter(void)
{
    struct pl_float_state saved;
    fegetenv(&saved.environment);
    fesetenv(FE_DFL_ENV);
    return saved;
}

static inline void pl_float_state_leave(struct pl_float_state saved)
{
    fesetenv(&saved.environment);
}

#endif
#endif
