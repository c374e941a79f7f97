/* SPDX-License-Identifier: Apache-2.0 */
#include "model/file.h"

#include <assert.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the numbers of a file are read in the machine's own order, which must be little-endian"
#endif

void pl_file_init(struct pl_file *file, const void *bytes, size_t size)
{
    file->bytes = bytes;
    file->size = size;
    file->end = size < INT32_MAX ? (uint32_t)size : INT32_MAX;
}

static bool has(const struct pl_file *file, uint64_t at, uint64_t bytes)
{
    return at <= file->end && bytes <= file->end - at;
}

uint16_t pl_file_u16(const struct pl_file *file, uint32_t at)
{
    assert(has(file, at, 2));
    uint16_t value;
    memcpy(&value, file->bytes + at, sizeof value);
    return value;
}

uint32_t pl_file_u32(const struct pl_file *file, uint32_t at)
{
    assert(has(file, at, 4));
    uint32_t value;
    memcpy(&value, file->bytes + at, sizeof value);
    return value;
}

const char *pl_file_root(const struct pl_file *file, uint32_t *at)
{
    if (!has(file, 0, PL_FILE_SMALLEST)) return "the file is too short to be a model";
    if (memcmp(file->bytes + 4, "TFL3", 4) != 0)
        return "the file is no TensorFlow Lite model (no \"TFL3\" in bytes 4 to 7)";
    *at = pl_file_u32(file, 0);
    return NULL;
}

const char *pl_file_table(const struct pl_file *file, uint32_t at, struct pl_file_table *table)
{
    if (at % 4 != 0) return "the table is not aligned to 4 bytes";
    if (!has(file, at, 4)) return "the table lies beyond the end of the file";
    int32_t back = 0;
    memcpy(&back, file->bytes + at, sizeof back);
    const int64_t vtable = (int64_t)at - back;
    if (vtable < 0 || !has(file, (uint64_t)vtable, 4)) return "the vtable lies outside the file";
    if (vtable % 2 != 0) return "the vtable is not aligned to 2 bytes";
    table->at = at;
    table->vtable_at = (uint32_t)vtable;
    const uint16_t vtable_bytes = pl_file_u16(file, table->vtable_at);
    table->bytes = pl_file_u16(file, table->vtable_at + 2);
    if (vtable_bytes < 4 || vtable_bytes % 2 != 0) return "the size of the vtable is wrong";
    if (!has(file, table->vtable_at, vtable_bytes))
        return "the vtable reaches beyond the end of the file";
    if (table->bytes < 4) return "the size of the table is wrong";
    if (!has(file, at, table->bytes)) return "the table reaches beyond the end of the file";
    table->slot_count = (vtable_bytes - 4u) / 2;
    return NULL;
}

const char *pl_file_field(const struct pl_file *file, const struct pl_file_table *table,
                          uint32_t slot, uint32_t bytes, uint32_t *at)
{
    *at = 0;
    if (slot >= table->slot_count) return NULL;
    const uint32_t within = pl_file_u16(file, table->vtable_at + 4 + 2 * slot);
    if (within == 0) return NULL;
    if (within < 4 || within > table->bytes || bytes > table->bytes - within)
        return "the field lies outside its table";
    if ((table->at + within) % bytes != 0) return "the field is not aligned";
    *at = table->at + within;
    return NULL;
}

const char *pl_file_follow(const struct pl_file *file, uint32_t at, uint32_t *target)
{
    const uint64_t to = (uint64_t)at + pl_file_u32(file, at);
    if (to == at) return "the offset is 0";
    if (!has(file, to, 4)) return "the offset leads beyond the end of the file";
    *target = (uint32_t)to;
    return NULL;
}

const char *pl_file_vector(const struct pl_file *file, uint32_t at, size_t element_bytes,
                           uint32_t *count, uint32_t *elements_at)
{
    if (at % 4 != 0) return "the vector is not aligned to 4 bytes";
    if (!has(file, at, 4)) return "the vector lies beyond the end of the file";
    *count = pl_file_u32(file, at);
    *elements_at = at + 4;
    if (!has(file, (uint64_t)at + 4, (uint64_t)*count * element_bytes))
        return "the vector reaches beyond the end of the file";
    return NULL;
}
