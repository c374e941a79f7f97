/* SPDX-License-Identifier: Apache-2.0 */
/* What faster kernels leave to c/. */
#ifndef PL_KERNELS_C_SIGNAL_C_H
#define PL_KERNELS_C_SIGNAL_C_H

#include "kernels/kernels.h"
#include "kernels/signal_kernels.h"

int32_t PL_LEVEL(pl_auto_scale_c)(int16_t *output, const int16_t *input, int64_t count);

#endif
