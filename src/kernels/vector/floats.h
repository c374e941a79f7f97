/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen floats, the width of a packed block, in the vectors of this level: what kernels that are
 * written once for all of them are made of. */
#ifndef PL_KERNELS_VECTOR_FLOATS_H
#define PL_KERNELS_VECTOR_FLOATS_H

#if defined(PL_KERNELS_X86)
#include "kernels/x86/floats_x86.h"
#else
#include "kernels/arm/floats_neon.h"
#endif

#endif
