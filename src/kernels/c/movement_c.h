/* SPDX-License-Identifier: Apache-2.0 */
/* What faster kernels leave to c/. */
#ifndef PL_KERNELS_C_MOVEMENT_C_H
#define PL_KERNELS_C_MOVEMENT_C_H

#include "kernels/kernels.h"
#include "kernels/movement_kernels.h"

void PL_LEVEL(pl_bilinear_uint8_c)(uint8_t *restrict to, const uint8_t *restrict near,
                                   const uint8_t *restrict far,
                                   const struct pl_resize_row *restrict row);
void PL_LEVEL(pl_join_runs_c)(void *to, const void *const *from, const struct pl_runs *runs, int64_t first, int64_t last);
void PL_LEVEL(pl_part_runs_c)(void *const *to, const void *from, const struct pl_runs *runs, int64_t first, int64_t last);

#endif
