/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can do. Asked of the processor and the operating system each time, which
 * below a hypervisor takes some 70 us for each CPUID: keep the answer. */
#ifndef PL_BASE_CPU_H
#define PL_BASE_CPU_H

#include <stdint.h>

/* A feature is there if the processor has all of it and the system saves its registers. */
enum pl_cpu_feature {
    PL_CPU_X86V3 = 1 << 0,      /* AVX2, FMA, BMI2, F16C */
    PL_CPU_AVX_VNNI = 1 << 1,   /* dot products of bytes in 256 bits */
    PL_CPU_AVX512 = 1 << 2,     /* AVX-512 F, CD, BW, DQ and VL */
    PL_CPU_AVX512_VNNI = 1 << 3,
    PL_CPU_NEON = 1 << 4,       /* with fused multiply-adds, which 32-bit Arm has since VFPv4 */
    PL_CPU_NEON_DOT = 1 << 5    /* SDOT and UDOT */
};

/* A sum of enum pl_cpu_feature. */
uint32_t pl_cpu_features(void);

/* How many processors this process may run on, at least 1. */
int32_t pl_cpu_count(void);

#endif
