/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that move the elements of one input to output 0 and look at no bytes: they say where
 * each element comes from, as a box, and everything else happens here, for elements of whole bytes,
 * of 4 bits (which are unpacked and packed around the box) and for strings. */
#ifndef PL_OPS_MOVE_H
#define PL_OPS_MOVE_H

#include "ops/box.h"
#include "ops/op.h"

/* Types whose elements have 1, 2, 4 or 8 bytes. */
enum {
    PL_TYPES_BYTES_1 = PL_TYPE_BIT(PL_INT8) | PL_TYPE_BIT(PL_UINT8) | PL_TYPE_BIT(PL_BOOL),
    PL_TYPES_BYTES_2 = PL_TYPE_BIT(PL_INT16) | PL_TYPE_BIT(PL_UINT16) | PL_TYPE_BIT(PL_FLOAT16) |
                       PL_TYPE_BIT(PL_BFLOAT16),
    PL_TYPES_BYTES_4 = PL_TYPE_BIT(PL_INT32) | PL_TYPE_BIT(PL_UINT32) | PL_TYPE_BIT(PL_FLOAT32),
    PL_TYPES_BYTES_8 = PL_TYPE_BIT(PL_INT64) | PL_TYPE_BIT(PL_UINT64) | PL_TYPE_BIT(PL_FLOAT64) |
                       PL_TYPE_BIT(PL_COMPLEX64),
    PL_TYPES_BYTES = PL_TYPES_BYTES_1 | PL_TYPES_BYTES_2 | PL_TYPES_BYTES_4 | PL_TYPES_BYTES_8
};

/* Runs up to this many bytes are better moved many at a time; so many runs are a block. */
enum { PL_MOVE_SHORT_BYTES = 32, PL_MOVE_BLOCK = 256 };

/* Input and output 0 have one type, of the set; *element_bytes is what the box counts in. */
pl_status pl_move_check(struct pl_prepare *prepare, int32_t input, uint32_t types,
                        int64_t *element_bytes);

/* The work of the operator: output 0, whose shape is set, is the box of the input, whose first
 * element is at from_offset. The box is simplified here. */
pl_status pl_move_box(struct pl_prepare *prepare, int32_t input, struct pl_box *box,
                      int64_t from_offset);

/* The same for strings: element i of output 0 is string picks[i] of the input. The picks live as
 * long as the program. */
pl_status pl_move_strings(struct pl_prepare *prepare, int32_t input, const int32_t *picks);

#endif
