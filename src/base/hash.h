/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit hashes that find equal content. Not for secrets, and never the last word: memcmp decides.
 * The same on every machine of one byte order. */
#ifndef PL_BASE_HASH_H
#define PL_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* data may be NULL where bytes is 0. */
uint64_t pl_hash_bytes(const void *data, size_t bytes);

/* Hash of a sequence: combine(combine(first, second), third); order matters. */
uint64_t pl_hash_combine(uint64_t hash, uint64_t next);

#endif
