/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PL_KERNELS_VECTOR_CAST_VECTOR_H
#define PL_KERNELS_VECTOR_CAST_VECTOR_H

#include "kernels/elementwise_kernels.h"
#include "kernels/kernels.h"

void PL_LEVEL(pl_cast_vector)(void *out, enum pl_cast_type to, const void *in, enum pl_cast_type from, int64_t count);

/* For the table. */
#define PL_CAST_VECTOR .cast = PL_LEVEL(pl_cast_vector),

#endif
