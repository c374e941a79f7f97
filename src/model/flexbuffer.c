/* SPDX-License-Identifier: Apache-2.0 */
/* Maps of numbers in FlexBuffers: see flexbuffer.h. A map's values stand behind its length; before
 * the length are the width of its keys and the distance back to them. */
#include "model/flexbuffer.h"

#include <string.h>

enum flexbuffer_type {
    TYPE_NULL = 0,
    TYPE_INT = 1,
    TYPE_UINT = 2,
    TYPE_FLOAT = 3,
    TYPE_INDIRECT_INT = 6,
    TYPE_INDIRECT_FLOAT = 8,
    TYPE_MAP = 9,
    TYPE_BOOL = 26
};

static bool is_width(uint64_t width)
{
    return width == 1 || width == 2 || width == 4 || width == 8;
}

/* An unsigned number of `width` bytes; false if it is not in the buffer. */
static bool read_unsigned(const uint8_t *data, size_t bytes, size_t at, size_t width,
                          uint64_t *value)
{
    if (at > bytes || width > bytes - at) return false;
    *value = 0;
    for (size_t i = 0; i < width; i++) *value |= (uint64_t)data[at + i] << (8 * i);
    return true;
}

/* Follows the distance back that stands at `at`. */
static bool follow(const uint8_t *data, size_t bytes, size_t at, size_t width, size_t *target)
{
    uint64_t distance = 0;
    if (!read_unsigned(data, bytes, at, width, &distance) || distance > at) return false;
    *target = at - (size_t)distance;
    return true;
}

bool pl_flexbuffer_open(const void *data, size_t bytes, struct pl_flexbuffer_map *map)
{
    *map = (struct pl_flexbuffer_map){.data = data, .bytes = bytes};
    if (data == NULL || bytes < 3) return false;
    const size_t root_width = map->data[bytes - 1];
    const uint8_t packed = map->data[bytes - 2];
    if (!is_width(root_width) || root_width > bytes - 2 || packed >> 2 != TYPE_MAP) return false;
    if (!follow(data, bytes, bytes - 2 - root_width, root_width, &map->values)) return false;

    map->width = (size_t)1 << (packed & 3);
    const size_t width = map->width;
    uint64_t count = 0;
    uint64_t key_width = 0;
    if (map->values < 3 * width) return false;
    if (!read_unsigned(data, bytes, map->values - width, width, &count)) return false;
    if (!read_unsigned(data, bytes, map->values - 2 * width, width, &key_width)) return false;
    if (!is_width(key_width)) return false;
    if (!follow(data, bytes, map->values - 3 * width, width, &map->keys)) return false;
    map->key_width = (size_t)key_width;
    if (count > (bytes - map->values) / (width + 1)) return false; /* a value and its type */
    if (count > (bytes - map->keys) / map->key_width) return false;
    map->count = (size_t)count;
    return true;
}

/* Whether the text at `at`, closed by 0 within the buffer, is the key. */
static bool key_equals(const struct pl_flexbuffer_map *map, size_t at, const char *key)
{
    const size_t length = strlen(key) + 1;
    return at <= map->bytes && length <= map->bytes - at &&
           memcmp(map->data + at, key, length) == 0;
}

static double real_of_bits(uint64_t bits, size_t width)
{
    if (width == 8) {
        double real;
        memcpy(&real, &bits, sizeof real);
        return real;
    }
    const uint32_t narrow = (uint32_t)bits;
    float real;
    memcpy(&real, &narrow, sizeof real);
    return real;
}

static int64_t sign_extend(uint64_t bits, size_t width)
{
    const unsigned unused = (unsigned)(64 - 8 * width);
    return (int64_t)(bits << unused) >> unused;
}

static struct pl_flexbuffer_number read_number(const struct pl_flexbuffer_map *map, size_t at,
                                               uint8_t packed)
{
    struct pl_flexbuffer_number number = {.kind = PL_FLEXBUFFER_OTHER};
    size_t width = map->width;
    int type = packed >> 2;
    if (type == TYPE_NULL) number.kind = PL_FLEXBUFFER_ABSENT;
    if (type >= TYPE_INDIRECT_INT && type <= TYPE_INDIRECT_FLOAT) {
        if (!follow(map->data, map->bytes, at, width, &at)) return number;
        width = (size_t)1 << (packed & 3);
        type += TYPE_INT - TYPE_INDIRECT_INT;
    }
    uint64_t bits = 0;
    if (!read_unsigned(map->data, map->bytes, at, width, &bits)) return number;
    if (type == TYPE_INT || type == TYPE_UINT || type == TYPE_BOOL) {
        if (type == TYPE_UINT && bits > INT64_MAX) return number;
        number.kind = PL_FLEXBUFFER_INTEGER;
        number.integer = type == TYPE_INT ? sign_extend(bits, width) : (int64_t)bits;
    } else if (type == TYPE_FLOAT && width >= 4) {
        number.kind = PL_FLEXBUFFER_REAL;
        number.real = real_of_bits(bits, width);
    }
    return number;
}

struct pl_flexbuffer_number pl_flexbuffer_find(const struct pl_flexbuffer_map *map, const char *key)
{
    for (size_t i = 0; i < map->count; i++) {
        size_t name = 0;
        if (!follow(map->data, map->bytes, map->keys + i * map->key_width, map->key_width, &name))
            continue;
        if (key_equals(map, name, key))
            return read_number(map, map->values + i * map->width,
                               map->data[map->values + map->count * map->width + i]);
    }
    return (struct pl_flexbuffer_number){.kind = PL_FLEXBUFFER_ABSENT};
}
