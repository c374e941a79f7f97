/* SPDX-License-Identifier: Apache-2.0 */
/* Products of one row of bytes: dense layers of a single example. Each weight is read once, so that what counts is how
 * fast the second level cache gives them, and what lies between its last weight and the first one of the next layer. */
#ifndef PL_KERNELS_X86_GEMM_ROW_X86_H
#define PL_KERNELS_X86_GEMM_ROW_X86_H

#include "kernels/x86/gemm_product_x86.h"

/* Of a part that is one pixel, whose inputs `row` has. */
void PL_LEVEL(pl_run_row_x86)(const struct pl_product_x86 *product, const uint8_t *row);

#endif
