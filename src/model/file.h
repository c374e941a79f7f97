/* SPDX-License-Identifier: Apache-2.0 */
/* A file in memory as a FlatBuffer: reads that cannot leave it. Nothing here knows the schema.
 *
 * A FlatBuffer is read from a root offset on. A table begins with the signed distance back to
 * its vtable; the vtable says for each slot where in the table its field stands (0: absent).
 * Texts, vectors and tables are reached by unsigned distances forward. Functions return NULL, or
 * what is wrong as a phrase for a message. */
#ifndef PL_MODEL_FILE_H
#define PL_MODEL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pl_file {
    const uint8_t *bytes;
    size_t size;
    uint32_t end; /* of what can be the FlatBuffer: at most 2 GiB, buffers may follow behind */
};

struct pl_file_table {
    uint32_t at;
    uint32_t bytes; /* of the table without its vtable */
    uint32_t vtable_at;
    uint32_t slot_count;
};

enum { PL_FILE_SMALLEST = 8 }; /* root offset and file identifier */

void pl_file_init(struct pl_file *file, const void *bytes, size_t size);
/* Where the root table stands; checks the file identifier. */
const char *pl_file_root(const struct pl_file *file, uint32_t *at);
const char *pl_file_table(const struct pl_file *file, uint32_t at, struct pl_file_table *table);
/* Where the field of a slot stands; 0 if it is absent. `bytes` is its size and alignment. */
const char *pl_file_field(const struct pl_file *file, const struct pl_file_table *table,
                          uint32_t slot, uint32_t bytes, uint32_t *at);
/* Where the distance that is stored here leads to. */
const char *pl_file_follow(const struct pl_file *file, uint32_t at, uint32_t *target);
/* The elements of the vector that stands here. */
const char *pl_file_vector(const struct pl_file *file, uint32_t at, size_t element_bytes,
                           uint32_t *count, uint32_t *elements_at);

/* Numbers at a place that was checked. */
uint16_t pl_file_u16(const struct pl_file *file, uint32_t at);
uint32_t pl_file_u32(const struct pl_file *file, uint32_t at);

#endif
