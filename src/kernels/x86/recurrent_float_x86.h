/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_X86_RECURRENT_FLOAT_X86_H
#define PL_KERNELS_X86_RECURRENT_FLOAT_X86_H

#include "kernels/kernels.h"
#include "kernels/recurrent_kernels.h"

void PL_LEVEL(pl_activate_x86)(float *to, const float *from, int32_t count,
                               enum pl_recurrent_activation activation);
void PL_LEVEL(pl_update_cell_x86)(float *cell, const float *forget, const float *candidate,
                                  const float *input, int32_t count, float bound);
void PL_LEVEL(pl_multiply_gates_x86)(float *to, const float *a, const float *b, int32_t count);

/* For the table. */
#define PL_RECURRENT_FLOAT_X86                                                                     \
    .activate = PL_LEVEL(pl_activate_x86), .update_cell = PL_LEVEL(pl_update_cell_x86),            \
    .multiply = PL_LEVEL(pl_multiply_gates_x86),

#endif
