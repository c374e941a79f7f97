/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of 4-bit elements, two in a byte, the first one in the low half. */
#ifndef PL_OPS_NIBBLES_H
#define PL_OPS_NIBBLES_H

#include <stdint.h>
#include <string.h>

enum { PL_NIBBLE_BITS = 4 };

static inline void pl_nibble_set(uint8_t *to, int64_t index, uint8_t value)
{
    uint8_t *byte = &to[index / 2];
    *byte = (uint8_t)(index % 2 == 0 ? (*byte & 0xf0) | value : (*byte & 15) | value << 4);
}

static inline uint8_t pl_nibble_get(const uint8_t *from, int64_t index)
{
    return index % 2 == 0 ? from[index / 2] & 15 : from[index / 2] >> 4;
}

/* Copies `count` elements; the others of the first and the last byte stay. */
static inline void pl_nibbles_copy(uint8_t *to, int64_t to_index, const uint8_t *from,
                                   int64_t from_index, int64_t count)
{
    int64_t done = 0;
    if (to_index % 2 == 0 && from_index % 2 == 0) {
        done = count / 2 * 2;
        if (done > 0) memcpy(&to[to_index / 2], &from[from_index / 2], (size_t)(done / 2));
    }
    for (; done < count; done++)
        pl_nibble_set(to, to_index + done, pl_nibble_get(from, from_index + done));
}

#endif
