/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_RUNS_X86_H
#define PL_KERNELS_X86_RUNS_X86_H

#include "kernels/kernels.h"
#include "kernels/movement_kernels.h"

void PL_LEVEL(pl_join_runs_x86)(void *to, const void *const *from, const struct pl_runs *runs, int64_t first, int64_t last);
void PL_LEVEL(pl_part_runs_x86)(void *const *to, const void *from, const struct pl_runs *runs, int64_t first, int64_t last);

/* For the table. */
#define PL_RUNS_X86 .join_runs = PL_LEVEL(pl_join_runs_x86), .part_runs = PL_LEVEL(pl_part_runs_x86),

#endif
