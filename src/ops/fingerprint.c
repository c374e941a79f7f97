/* SPDX-License-Identifier: Apache-2.0 */
/* FarmHash's fingerprint: see fingerprint.h. Short texts have a rule per length; longer ones go
 * through blocks of 64 bytes. */
#include "ops/fingerprint.h"

#include <assert.h>
#include <string.h>

static const uint64_t K0 = UINT64_C(0xc3a5c85c97cb3127);
static const uint64_t K1 = UINT64_C(0xb492b66fbe98f273);
static const uint64_t K2 = UINT64_C(0x9ae16a3b2f90404f);

struct pair {
    uint64_t first, second;
};

static uint64_t word(const uint8_t *s)
{
    uint64_t value;
    memcpy(&value, s, sizeof value);
    return value;
}

static uint64_t half_word(const uint8_t *s)
{
    uint32_t value;
    memcpy(&value, s, sizeof value);
    return value;
}

static uint64_t rotate(uint64_t x, int bits)
{
    return (x >> bits) | (x << (64 - bits));
}

static uint64_t fold(uint64_t x)
{
    return x ^ (x >> 47);
}

static uint64_t mix(uint64_t u, uint64_t v, uint64_t factor)
{
    const uint64_t a = fold((u ^ v) * factor);
    return fold((v ^ a) * factor) * factor;
}

static uint64_t up_to_16(const uint8_t *s, size_t n)
{
    const uint64_t factor = K2 + n * 2;
    if (n >= 8) {
        const uint64_t a = word(s) + K2;
        const uint64_t b = word(s + n - 8);
        return mix(rotate(b, 37) * factor + a, (rotate(a, 25) + b) * factor, factor);
    }
    return mix(n + (half_word(s) << 3), half_word(s + n - 4), factor);
}

/* Both rules for 17 to 64 bytes end like this. */
static uint64_t finish(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t factor)
{
    return mix(rotate(a + b, 43) + rotate(c, 30) + d, a + rotate(b + K2, 18) + c, factor);
}

static uint64_t up_to_32(const uint8_t *s, size_t n)
{
    const uint64_t factor = K2 + n * 2;
    return finish(word(s) * K1, word(s + 8), word(s + n - 8) * factor, word(s + n - 16) * K2,
                  factor);
}

static uint64_t up_to_64(const uint8_t *s, size_t n)
{
    const uint64_t factor = K2 + n * 2;
    const uint64_t a = word(s) * K2;
    const uint64_t b = word(s + 8);
    const uint64_t c = word(s + n - 8) * factor;
    const uint64_t d = word(s + n - 16) * K2;
    const uint64_t y = rotate(a + b, 43) + rotate(c, 30) + d;
    const uint64_t z = finish(a, b, c, d, factor);
    const uint64_t e = word(s + 16) * factor;
    const uint64_t f = word(s + 24);
    const uint64_t g = (y + word(s + n - 32)) * factor;
    const uint64_t h = (z + word(s + n - 24)) * factor;
    return mix(rotate(e + f, 43) + rotate(g, 30) + h, e + rotate(f + a, 18) + g, factor);
}

static struct pair mix_32(const uint8_t *s, uint64_t a, uint64_t b)
{
    const uint64_t first = a + word(s);
    const uint64_t last = word(s + 24);
    const uint64_t sum = first + word(s + 8) + word(s + 16);
    const uint64_t turned = rotate(b + first + last, 21) + rotate(sum, 44);
    return (struct pair){sum + last, turned + first};
}

struct blocks {
    uint64_t x, y, z;
    struct pair v, w;
};

/* One block of 64 bytes. In the last one other factors count. */
static void add_block(struct blocks *b, const uint8_t *s, uint64_t factor, uint64_t w_weight,
                      uint64_t v_weight)
{
    b->x = rotate(b->x + b->y + b->v.first + word(s + 8), 37) * factor;
    b->y = rotate(b->y + b->v.second + word(s + 48), 42) * factor;
    b->x ^= b->w.second * w_weight;
    b->y += b->v.first * v_weight + word(s + 40);
    b->z = rotate(b->z + b->w.first, 33) * factor;
    b->v = mix_32(s, b->v.second * factor, b->x + b->w.first);
    b->w = mix_32(s + 32, b->z + b->w.second, b->y + word(s + 16));
    const uint64_t x = b->x;
    b->x = b->z;
    b->z = x;
}

static uint64_t longer(const uint8_t *s, size_t n)
{
    const uint64_t seed = 81;
    struct blocks b = {.x = seed * K2 + word(s), .y = seed * K1 + 113};
    b.z = fold(b.y * K2 + 113) * K2;
    const uint8_t *last = s + n - 64; /* overlaps with the block before it */
    for (const uint8_t *end = s + (n - 1) / 64 * 64; s != end; s += 64) add_block(&b, s, K1, 1, 1);
    const uint64_t factor = K1 + ((b.z & 0xff) << 1);
    b.w.first += (n - 1) & 63;
    b.v.first += b.w.first;
    b.w.first += b.v.first;
    add_block(&b, last, factor, 9, 9);
    return mix(mix(b.v.first, b.w.first, factor) + fold(b.y) * K0 + b.z,
               mix(b.v.second, b.w.second, factor) + b.x, factor);
}

uint64_t pl_fingerprint(const void *data, size_t bytes)
{
    assert(bytes >= 4);
    return bytes <= 16   ? up_to_16(data, bytes)
           : bytes <= 32 ? up_to_32(data, bytes)
           : bytes <= 64 ? up_to_64(data, bytes)
                         : longer(data, bytes);
}
