/* SPDX-License-Identifier: Apache-2.0 */
/* What faster kernels leave to c/. */
#ifndef PL_KERNELS_C_CONVERSION_C_H
#define PL_KERNELS_C_CONVERSION_C_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_cast_c)(void *out, enum pl_cast_type to, const void *in, enum pl_cast_type from, int64_t count);

#endif
