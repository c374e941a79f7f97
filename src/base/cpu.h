/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can do. Asked of the processor and the operating system each time: keep the
 * answer. */
#ifndef PL_BASE_CPU_H
#define PL_BASE_CPU_H

#include <stdint.h>

enum pl_cpu_feature {
    PL_CPU_X86V3 = 1 << 0 /* AVX2, FMA, BMI2, F16C, and the system saves the wide registers */
};

/* A sum of enum pl_cpu_feature. */
uint32_t pl_cpu_features(void);

/* How many processors this process may run on, at least 1. */
int32_t pl_cpu_count(void);

#endif
