/* SPDX-License-Identifier: Apache-2.0 */
/* Casts of what 32 bits hold, by way of them, in loops that compilers make vectors of: the reference goes through 64 bits, since it
 * has to hold everything. */
#include "kernels/vector/cast_vector.h"

#include <string.h>

#include "kernels/c/conversion_c.h"
#include "kernels/loop.h"

enum { BLOCK = 256 };

/* Numbers of some type as 32 bits; of unsigned ones of 32 bits it is the bits. */
#define LOAD(type, expression)                                                                                         \
    do {                                                                                                               \
        const type *in = in_data;                                                                                      \
        for (int64_t i = 0; i < count; i++) to[i] = (int32_t)(expression);                                             \
    } while (0)

static void load_words(int32_t *restrict to, const void *restrict in_data, enum pl_cast_type type, int64_t count)
{
    switch ((int)type) {
    case PL_CAST_BOOL: LOAD(uint8_t, in[i] != 0); break;
    case PL_CAST_INT8: LOAD(int8_t, in[i]); break;
    case PL_CAST_UINT8: LOAD(uint8_t, in[i]); break;
    case PL_CAST_INT16: LOAD(int16_t, in[i]); break;
    case PL_CAST_UINT16: LOAD(uint16_t, in[i]); break;
    default: LOAD(uint32_t, in[i]); break;
    }
}

#define STORE(type, expression)                                                                                        \
    do {                                                                                                               \
        type *out = out_data;                                                                                          \
        for (int64_t i = 0; i < count; i++) out[i] = (type)(expression);                                               \
    } while (0)

static void store_words(void *restrict out_data, enum pl_cast_type type, const int32_t *restrict from, int64_t count)
{
    switch ((int)type) {
    case PL_CAST_BOOL: STORE(uint8_t, from[i] != 0); break;
    case PL_CAST_INT8:
    case PL_CAST_UINT8: STORE(uint8_t, from[i]); break;
    case PL_CAST_INT16:
    case PL_CAST_UINT16: STORE(uint16_t, from[i]); break;
    case PL_CAST_FLOAT32: STORE(float, from[i]); break;
    default: STORE(int32_t, from[i]); break;
    }
}

/* Toward zero, saturating; what is no number becomes the largest. Bounds are exact in float. */
PL_ALWAYS_INLINE int32_t limited(float x, float low, float high)
{
    const float below = x < high ? x : high;
    return (int32_t)(below > low ? below : low);
}

PL_ALWAYS_INLINE int32_t word_of(float x)
{
    return !(x < 0x1p31f) ? INT32_MAX : x < -0x1p31f ? INT32_MIN : (int32_t)x;
}

static void store_floats(void *restrict out_data, enum pl_cast_type type, const float *restrict from, int64_t count)
{
    switch ((int)type) {
    case PL_CAST_BOOL: STORE(uint8_t, from[i] != 0.0f); break;
    case PL_CAST_INT8: STORE(int8_t, limited(from[i], INT8_MIN, INT8_MAX)); break;
    case PL_CAST_UINT8: STORE(uint8_t, limited(from[i], 0, UINT8_MAX)); break;
    case PL_CAST_INT16: STORE(int16_t, limited(from[i], INT16_MIN, INT16_MAX)); break;
    case PL_CAST_UINT16: STORE(uint16_t, limited(from[i], 0, UINT16_MAX)); break;
    default: STORE(int32_t, word_of(from[i])); break;
    }
}

/* Bytes of an element that words can be made of or are made into, 0: they cannot. */
static int64_t element_bytes(enum pl_cast_type type)
{
    switch ((int)type) {
    case PL_CAST_BOOL:
    case PL_CAST_INT8:
    case PL_CAST_UINT8: return 1;
    case PL_CAST_INT16:
    case PL_CAST_UINT16: return 2;
    case PL_CAST_INT32:
    case PL_CAST_UINT32: return 4;
    default: return 0;
    }
}

static bool is_word(enum pl_cast_type type)
{
    return type == PL_CAST_INT32 || type == PL_CAST_UINT32;
}

/* Of integers; wraps. */
static void cast_words(void *out, enum pl_cast_type to, const void *in, enum pl_cast_type from, int64_t count)
{
    const int64_t from_bytes = element_bytes(from), to_bytes = to == PL_CAST_FLOAT32 ? 4 : element_bytes(to);
    if (is_word(from) && is_word(to)) {
        if (out != in) memcpy(out, in, (size_t)(count * to_bytes));
        return;
    }
    for (int64_t done = 0; done < count; done += BLOCK) {
        const int64_t block = count - done < BLOCK ? count - done : BLOCK;
        int32_t words[BLOCK];
        load_words(words, (const uint8_t *)in + done * from_bytes, from, block);
        store_words((uint8_t *)out + done * to_bytes, to, words, block);
    }
}

/* To integers of at most 32 bits. Copied first, since it may be in place. */
static void cast_floats(void *out, enum pl_cast_type to, const float *in, int64_t count)
{
    const int64_t to_bytes = element_bytes(to);
    for (int64_t done = 0; done < count; done += BLOCK) {
        const int64_t block = count - done < BLOCK ? count - done : BLOCK;
        float floats[BLOCK];
        memcpy(floats, in + done, (size_t)block * sizeof *floats);
        store_floats((uint8_t *)out + done * to_bytes, to, floats, block);
    }
}

void PL_LEVEL(pl_cast_vector)(void *out, enum pl_cast_type to, const void *in, enum pl_cast_type from, int64_t count)
{
    const bool from_words = element_bytes(from) != 0, to_words = element_bytes(to) != 0;
    const bool signed_to_float = to == PL_CAST_FLOAT32 && from != PL_CAST_UINT32;
    if (from != to && from_words && (to_words || signed_to_float)) cast_words(out, to, in, from, count);
    else if (from == PL_CAST_FLOAT32 && to_words && to != PL_CAST_UINT32) cast_floats(out, to, in, count);
    else PL_LEVEL(pl_cast_c)(out, to, in, from, count);
}
