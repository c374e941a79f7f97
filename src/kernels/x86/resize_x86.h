/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_RESIZE_X86_H
#define PL_KERNELS_X86_RESIZE_X86_H

#include "kernels/kernels.h"
#include "kernels/movement_kernels.h"

void PL_LEVEL(pl_bilinear_uint8_x86)(uint8_t *to, const uint8_t *near, const uint8_t *far,
                                     const struct pl_resize_row *row);

/* For the table. */
#define PL_RESIZE_X86 .bilinear_uint8 = PL_LEVEL(pl_bilinear_uint8_x86),

#endif
