/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and the order of them, see order.h. */
#include "ops/order.h"

#include <string.h>

#include "ops/check.h"

/* The bits of a float count up away from 0 on both sides; -0 is 0. */
static int64_t float_key(float value)
{
    uint32_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    const int64_t magnitude = bits & 0x7fffffff;
    return bits >> 31 != 0 ? -magnitude : magnitude;
}

#define KEYS(type, expression)                                                                     \
    do {                                                                                           \
        const type *elements = (const type *)data + from;                                          \
        for (int64_t i = 0; i < count; i++) keys[i] = (expression);                                \
    } while (false)

uint32_t pl_order_types(void)
{
    return PL_TYPES_FLOAT | PL_TYPES_QUANTIZED | PL_TYPES_INDEX | PL_TYPE_BIT(PL_UINT32) |
           PL_TYPE_BIT(PL_BOOL);
}

void pl_order_keys(pl_type type, const void *data, int64_t from, int64_t count, int64_t *keys)
{
    switch ((int)type) {
    case PL_FLOAT32: KEYS(float, float_key(elements[i])); break;
    case PL_INT8: KEYS(int8_t, elements[i]); break;
    case PL_UINT8: KEYS(uint8_t, elements[i]); break;
    case PL_INT16: KEYS(int16_t, elements[i]); break;
    case PL_INT32: KEYS(int32_t, elements[i]); break;
    case PL_UINT32: KEYS(uint32_t, elements[i]); break;
    case PL_INT64: KEYS(int64_t, elements[i]); break;
    default: KEYS(uint8_t, elements[i] != 0); break; /* bool */
    }
}

static bool comes_before(const int64_t *keys, int32_t a, int32_t b)
{
    return keys[a] != keys[b] ? keys[a] > keys[b] : a < b;
}

/* Lets the index at `place` sink until none below it comes later: the last one of all is on top. */
static void sink(const int64_t *keys, int32_t *heap, int32_t size, int32_t place)
{
    const int32_t index = heap[place];
    for (;;) {
        int64_t child = 2 * (int64_t)place + 1;
        if (child >= size) break;
        if (child + 1 < size && comes_before(keys, heap[child], heap[child + 1])) child++;
        if (!comes_before(keys, index, heap[child])) break;
        heap[place] = heap[child];
        place = (int32_t)child;
    }
    heap[place] = index;
}

void pl_order_best(const int64_t *keys, int32_t count, int32_t best_count, int32_t *best)
{
    if (best_count <= 0) return;
    for (int32_t i = 0; i < best_count; i++) best[i] = i;
    for (int32_t i = best_count / 2 - 1; i >= 0; i--) sink(keys, best, best_count, i);
    int64_t bound = keys[best[0]]; /* what is equal comes later */
    for (int32_t i = best_count; i < count; i++) {
        if (keys[i] <= bound) continue;
        best[0] = i;
        sink(keys, best, best_count, 0);
        bound = keys[best[0]];
    }
    for (int32_t size = best_count - 1; size > 0; size--) {
        const int32_t last = best[0];
        best[0] = best[size];
        best[size] = last;
        sink(keys, best, size, 0);
    }
}

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, KEY_BITS = 64 };

static uint32_t digit_of(int64_t key, int32_t shift)
{
    return (uint32_t)(((uint64_t)key ^ UINT64_C(1) << 63) >> shift & (DIGITS - 1));
}

/* One pass of a radix sort, which keeps the order of equal digits. */
static void sort_by_digit(const int64_t *keys, int32_t count, int32_t shift, const int32_t *from,
                          int32_t *to)
{
    int32_t places[DIGITS] = {0};
    for (int32_t i = 0; i < count; i++) places[digit_of(keys[i], shift)]++;
    int32_t total = 0;
    for (int32_t i = 0; i < DIGITS; i++) {
        const int32_t size = places[i];
        places[i] = total;
        total += size;
    }
    for (int32_t i = 0; i < count; i++) to[places[digit_of(keys[from[i]], shift)]++] = from[i];
}

int32_t *pl_order_sort(const int64_t *keys, int32_t count, int32_t *a, int32_t *b)
{
    uint64_t differ = 0;
    for (int32_t i = 0; i < count; i++) {
        a[i] = i;
        differ |= (uint64_t)(keys[i] ^ keys[0]);
    }
    for (int32_t shift = 0; shift < KEY_BITS; shift += DIGIT_BITS) {
        if ((differ >> shift & (DIGITS - 1)) == 0) continue;
        sort_by_digit(keys, count, shift, a, b);
        int32_t *sorted = b;
        b = a;
        a = sorted;
    }
    return a;
}
