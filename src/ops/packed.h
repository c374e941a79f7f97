/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of 4 and 2 bits (int4, uint4, int2) as int8 and back. The first element of a byte is in
 * its low bits. */
#ifndef PL_OPS_PACKED_H
#define PL_OPS_PACKED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tensor_type.h"

/* Such elements are handled in blocks: a whole number of bytes. */
enum { PL_PACKED_BLOCK = 256 };

/* Whether a type has elements of 4 or 2 bits. */
bool pl_packed_is(pl_type type);
/* The values that it can have. */
void pl_packed_range(pl_type type, int32_t *low, int32_t *high);
/* Elements first to first + count. */
void pl_packed_load(int8_t *to, const uint8_t *from, int64_t first, int64_t count, pl_type type);
/* From the beginning of a byte on; what is left of the last one becomes 0. */
void pl_packed_store(uint8_t *to, const int8_t *from, int64_t count, pl_type type);

#endif
