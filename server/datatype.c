/* SPDX-License-Identifier: Apache-2.0 */
#include "datatype.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static const struct datatype datatypes[] = {
    {"BOOL", PLAIT_BOOL, KIND_BOOL, 1},         {"UINT8", PLAIT_UINT8, KIND_UNSIGNED, 1},
    {"UINT16", PLAIT_UINT16, KIND_UNSIGNED, 2}, {"UINT32", PLAIT_UINT32, KIND_UNSIGNED, 4},
    {"UINT64", PLAIT_UINT64, KIND_UNSIGNED, 8}, {"INT8", PLAIT_INT8, KIND_SIGNED, 1},
    {"INT16", PLAIT_INT16, KIND_SIGNED, 2},     {"INT32", PLAIT_INT32, KIND_SIGNED, 4},
    {"INT64", PLAIT_INT64, KIND_SIGNED, 8},     {"FP16", PLAIT_FLOAT16, KIND_HALF, 2},
    {"BF16", PLAIT_BFLOAT16, KIND_HALF, 2},     {"FP32", PLAIT_FLOAT32, KIND_FLOAT, 4},
    {"FP64", PLAIT_FLOAT64, KIND_FLOAT, 8},     {"BYTES", PLAIT_STRING, KIND_TEXT, 0},
};
enum { DATATYPE_COUNT = sizeof datatypes / sizeof datatypes[0] };

const struct datatype *datatype_of(plait_type type)
{
    for (size_t i = 0; i < DATATYPE_COUNT; i++)
        if (datatypes[i].type == type) return &datatypes[i];
    return NULL;
}

const struct datatype *datatype_named(const char *name)
{
    for (size_t i = 0; i < DATATYPE_COUNT; i++)
        if (strcmp(datatypes[i].name, name) == 0) return &datatypes[i];
    return NULL;
}

/* Elements in memory, of 1, 2, 4 or 8 bytes. */
static uint64_t load_bits(const struct datatype *type, const void *element)
{
    uint64_t wide = 0;
    uint32_t word = 0;
    uint16_t half = 0;
    switch (type->bytes) {
    case 1: return *(const uint8_t *)element;
    case 2: return memcpy(&half, element, 2), half;
    case 4: return memcpy(&word, element, 4), word;
    default: return memcpy(&wide, element, 8), wide;
    }
}

static void store_bits(const struct datatype *type, uint64_t bits, void *element)
{
    const uint32_t word = (uint32_t)bits;
    const uint16_t half = (uint16_t)bits;
    switch (type->bytes) {
    case 1: *(uint8_t *)element = (uint8_t)bits; break;
    case 2: memcpy(element, &half, 2); break;
    case 4: memcpy(element, &word, 4); break;
    default: memcpy(element, &bits, 8); break;
    }
}

static int64_t load_signed(const struct datatype *type, const void *element)
{
    const unsigned unused = 64 - 8 * (unsigned)type->bytes;
    return (int64_t)(load_bits(type, element) << unused) >> unused;
}

static bool read_whole(const struct datatype *type, const json_t *value, void *element)
{
    if (!json_is_integer(value)) return false;
    const json_int_t number = json_integer_value(value);
    const unsigned bits = 8 * (unsigned)type->bytes;
    if (type->kind == KIND_UNSIGNED && (number < 0 || (bits < 64 && number >> bits != 0))) return false;
    if (type->kind == KIND_SIGNED && number >> (bits - 1) != 0 && number >> (bits - 1) != -1) return false;
    store_bits(type, (uint64_t)number, element);
    return true;
}

bool datatype_read(const struct datatype *type, const json_t *value, void *element)
{
    if (type->kind == KIND_SIGNED || type->kind == KIND_UNSIGNED) return read_whole(type, value, element);
    if (type->kind == KIND_BOOL) {
        const bool number = json_is_integer(value) && (json_integer_value(value) & ~(json_int_t)1) == 0;
        if (!json_is_boolean(value) && !number) return false;
        *(uint8_t *)element = json_is_true(value) || (number && json_integer_value(value) == 1);
        return true;
    }
    if (type->kind != KIND_FLOAT || !json_is_number(value)) return false;
    const double wide = json_number_value(value);
    if (type->bytes == 8) {
        memcpy(element, &wide, sizeof wide);
        return true;
    }
    const float narrow = (float)wide;
    memcpy(element, &narrow, sizeof narrow);
    return isfinite(narrow);
}

/* IEEE half precision, exactly. */
static double value_of_half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double size = exponent == 31  ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                        : exponent == 0 ? ldexp(fraction, -24)
                                        : ldexp(1024 + fraction, exponent - 25);
    return (bits & 0x8000) != 0 ? -size : size;
}

static double value_of_float_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

double datatype_value(const struct datatype *type, const void *element)
{
    const uint64_t bits = load_bits(type, element);
    double wide;
    switch (type->kind) {
    case KIND_BOOL:
    case KIND_UNSIGNED: return (double)bits;
    case KIND_SIGNED: return (double)load_signed(type, element);
    case KIND_HALF:
        return type->type == PLAIT_FLOAT16 ? value_of_half((uint16_t)bits) : value_of_float_bits((uint32_t)bits << 16);
    case KIND_FLOAT:
        if (type->bytes == 4) return value_of_float_bits((uint32_t)bits);
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    case KIND_TEXT: break;
    }
    return 0;
}

void datatype_print(const struct datatype *type, const void *element, struct bytes *text)
{
    if (type->kind == KIND_BOOL) bytes_text(text, load_bits(type, element) != 0 ? "true" : "false");
    else if (type->kind == KIND_UNSIGNED) bytes_print(text, "%" PRIu64, load_bits(type, element));
    else if (type->kind == KIND_SIGNED) bytes_print(text, "%" PRId64, load_signed(type, element));
    else {
        const double value = datatype_value(type, element);
        if (isfinite(value)) bytes_print(text, "%.*g", type->bytes == 8 ? 17 : 9, value);
        else bytes_text(text, "null");
    }
}
