/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/parts.h"

#include <stdbool.h>
#include <string.h>

/* A number that ends in a space; false if there is none. */
static bool read_number(const char **at, const char *end, int32_t *number)
{
    int64_t value = 0;
    const char *c = *at;
    for (; c < end && *c >= '0' && *c <= '9'; c++) {
        value = 10 * value + (*c - '0');
        if (value > INT32_MAX) return false;
    }
    if (c == *at || c >= end || *c != ' ') return false;
    *number = (int32_t)value;
    *at = c + 1;
    return true;
}

static bool is_clean(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~') return false;
    return length > 0;
}

/* A line without what ends it; false if it makes no sense. */
static bool read_line(const char *at, const char *end, int32_t operator_count, struct pl_part *part)
{
    if (!read_number(&at, end, &part->first) || !read_number(&at, end, &part->count)) return false;
    part->name = at; /* not a text yet: it ends with the line */
    return is_clean(at, (size_t)(end - at)) && part->first < operator_count && part->count > 0 &&
           part->count <= operator_count - part->first;
}

static pl_status read_lines(struct pl_region *region, const void *text, size_t bytes,
                            int32_t operator_count, struct pl_part **parts, int32_t *count,
                            struct pl_error *error)
{
    const char *at = text;
    const char *const end = text == NULL ? NULL : at + bytes;
    *parts = pl_region_array(region, PL_MOST_PARTS, sizeof **parts);
    PL_ENSURE(*parts != NULL, error, PL_OUT_OF_MEMORY, "no memory for the list of parts");
    while (at < end && *count < PL_MOST_PARTS) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL) break;
        struct pl_part *part = &(*parts)[*count];
        if (read_line(at, line_end, operator_count, part)) {
            part->name = pl_region_text(region, part->name, (size_t)(line_end - part->name));
            PL_ENSURE(part->name != NULL, error, PL_OUT_OF_MEMORY,
                      "no memory for the list of parts");
            (*count)++;
        }
        at = line_end + 1;
    }
    return PL_OK;
}

pl_status pl_parts_find(struct pl_region *region, const struct pl_model *model,
                        struct pl_part **parts, int32_t *count, struct pl_error *error)
{
    const struct pl_record *root = model->root;
    uint32_t entries = 0, operators = 0;
    *count = 0;
    *parts = NULL;
    (void)pl_record_vector(root, PL_Model_metadata, &entries);
    (void)pl_record_vector(pl_record_item(root, PL_Model_subgraphs, 0), PL_SubGraph_operators,
                           &operators);
    for (uint32_t i = 0; i < entries; i++) {
        const struct pl_record *entry = pl_record_item(root, PL_Model_metadata, i);
        const uint32_t buffer = (uint32_t)pl_record_integer(entry, PL_Metadata_buffer);
        size_t bytes = 0;
        if (strcmp(pl_record_text(entry, PL_Metadata_name), PL_PARTS_METADATA) != 0) continue;
        const void *text = pl_model_buffer_bytes(
            &model->file, pl_record_item(root, PL_Model_buffers, buffer), &bytes);
        return read_lines(region, text, bytes, (int32_t)operators, parts, count, error);
    }
    return PL_OK;
}
