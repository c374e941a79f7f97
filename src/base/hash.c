/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t pl_hash_bytes(const void *data, size_t bytes)
{
    return XXH3_64bits(bytes == 0 ? "" : data, bytes);
}

uint64_t pl_hash_combine(uint64_t hash, uint64_t next)
{
    const uint64_t pair[2] = {hash, next};
    return XXH3_64bits(pair, sizeof pair);
}
