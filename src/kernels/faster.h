/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of this level that are faster than those of c/, for the tables at the end of the
 * files in c/: see kernels.h. */
#ifndef PL_KERNELS_FASTER_H
#define PL_KERNELS_FASTER_H

#if defined(PL_KERNELS_X86)
#include "kernels/x86/faster_x86.h"
#elif defined(PL_KERNELS_ARM)
#include "kernels/arm/faster_arm.h"
#else
#define PL_FASTER_GEMM
#define PL_FASTER_DEPTHWISE
#define PL_FASTER_POOLING
#define PL_FASTER_BINARY
#define PL_FASTER_UNARY
#define PL_FASTER_CONVERT
#define PL_FASTER_FFT
#define PL_FASTER_REDUCTION
#define PL_FASTER_MOVEMENT
#define PL_FASTER_RECURRENT
#define PL_FASTER_SIGNAL
#endif

/* They replace initializers on purpose. */
#pragma GCC diagnostic ignored "-Woverride-init"

#endif
