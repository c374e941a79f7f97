/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of what is timed: aligned, and of numbers that make no sums overflow. */
#ifndef CHECKKERNEL_TIMES_H
#define CHECKKERNEL_TIMES_H

#include "checkkernel.h"

/* Ends the program where there is none; free() gives it back. */
void *times_zeros(size_t bytes);
void *times_bytes(size_t bytes);
float *times_floats(size_t count); /* from -1 to 1 */
struct pl_multiplier *times_multipliers(int32_t count, int32_t shift);

#endif
