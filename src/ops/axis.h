/* SPDX-License-Identifier: Apache-2.0 */
/* Axes, and the small integer tensors (axes, sizes, paddings) that must be known before a shape
 * can be. */
#ifndef PL_OPS_AXIS_H
#define PL_OPS_AXIS_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/op.h"

/* Negative axes count from the end. False unless -rank <= axis < rank. */
bool pl_axis_normalize(int64_t axis, int32_t rank, int32_t *normalized);

/* The same for an operator: fails with the axis and the rank named. */
pl_status pl_axis_check(struct pl_prepare *prepare, int64_t axis, int32_t rank,
                        int32_t *normalized);

/* Element i of int32, int64, int16 or int8 data. */
int64_t pl_axis_element(const void *data, pl_type type, int64_t i);

/* Reads all elements of an int32, int64, int16 or int8 input. Fails if the input is missing, of
 * another type, or has more than `capacity` elements; PL_LATE if it is no constant, see
 * pl_prepare_read(). *count is how many there are. */
pl_status pl_axis_read_integers(struct pl_prepare *prepare, int32_t input, int32_t capacity,
                                int64_t *values, int32_t *count);

/* Reads one element, of whatever rank. */
pl_status pl_axis_read_integer(struct pl_prepare *prepare, int32_t input, int64_t *value);

/* Reads axes of a tensor of this rank (repeated ones count once): bit i of *mask is axis i. */
pl_status pl_axis_read_mask(struct pl_prepare *prepare, int32_t input, int32_t rank,
                            uint32_t *mask);

#endif
