/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/packed.h"

bool pl_packed_is(pl_type type)
{
    return type == PL_INT4 || type == PL_UINT4 || type == PL_INT2;
}

void pl_packed_range(pl_type type, int32_t *low, int32_t *high)
{
    *low = type == PL_INT4 ? -8 : type == PL_UINT4 ? 0 : -2;
    *high = type == PL_INT4 ? 7 : type == PL_UINT4 ? 15 : 1;
}

void pl_packed_load(int8_t *to, const uint8_t *from, int64_t first, int64_t count, pl_type type)
{
    const int32_t bits = pl_type_bits(type);
    const int32_t in_byte = 8 / bits;
    const int32_t mask = (1 << bits) - 1;
    const int32_t sign = type == PL_UINT4 ? 0 : 1 << (bits - 1);
    for (int64_t i = 0; i < count; i++) {
        const int64_t element = first + i;
        const int32_t raw = from[element / in_byte] >> (element % in_byte * bits) & mask;
        to[i] = (int8_t)((raw ^ sign) - sign);
    }
}

void pl_packed_store(uint8_t *to, const int8_t *from, int64_t count, pl_type type)
{
    const int32_t bits = pl_type_bits(type);
    const int32_t in_byte = 8 / bits;
    const int32_t mask = (1 << bits) - 1;
    for (int64_t i = 0; i < count; i += in_byte) {
        int32_t byte = 0;
        for (int32_t k = 0; k < in_byte && i + k < count; k++)
            byte |= (from[i + k] & mask) << (k * bits);
        to[i / in_byte] = (uint8_t)byte;
    }
}
