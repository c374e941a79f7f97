/* SPDX-License-Identifier: Apache-2.0 */
/* A tile of PL_TILE_VECTORS whose outputs are all there, whose sums become bytes without a way through memory. With vectors of
 * 512 bits that is not tried: there tiles are larger, so that what lies between two of them counts less. */
#ifndef PL_KERNELS_X86_GEMM_WHOLE_X86_H
#define PL_KERNELS_X86_GEMM_WHOLE_X86_H

#include "kernels/x86/gemm_product_x86.h"

#if defined(__AVX512F__)
#define PL_RUN_WHOLE_BYTES_X86 NULL
#else
void PL_LEVEL(pl_run_whole_bytes_x86)(const struct pl_product_x86 *product, const struct pl_tile_x86 *tile, int rows,
                                      int32_t first, int32_t x);
#define PL_RUN_WHOLE_BYTES_X86 PL_LEVEL(pl_run_whole_bytes_x86)
#endif

#endif
