/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread does between two looks at what it waits for. */
#ifndef PL_BASE_PAUSE_H
#define PL_BASE_PAUSE_H

static inline void pl_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || (defined(__arm__) && __ARM_ARCH >= 7)
    __asm__ volatile("yield");
#endif
}

#endif
