/* SPDX-License-Identifier: Apache-2.0 */
/* Maps in FlexBuffers: what a whole one gives, and that a broken one gives no read outside (under
 * AddressSanitizer, since every variant is on the heap). */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "model/flexbuffer.h"

/* {"a": 5, "big": 70000, "f": 1.5, "neg": -3, "no": null, "text": "x", "yes": true}, written by the
 * FlatBuffers library. */
static const uint8_t whole[] = {
    0x61, 0x00, 0x62, 0x69, 0x67, 0x00, 0x66, 0x00, 0x6e, 0x65, 0x67, 0x00, 0x6e, 0x6f, 0x00,
    0x74, 0x65, 0x78, 0x74, 0x00, 0x01, 0x78, 0x00, 0x79, 0x65, 0x73, 0x00, 0x07, 0x1c, 0x1b,
    0x18, 0x17, 0x14, 0x12, 0x0b, 0x00, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x07,
    0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x70, 0x11, 0x01, 0x00, 0x00, 0x00, 0xc0, 0x3f,
    0xfd, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x2f, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
    0x00, 0x06, 0x06, 0x0e, 0x06, 0x02, 0x14, 0x6a, 0x23, 0x26, 0x01,
};

/* {"f": indirect 2.5, "i": indirect -300, "u": unsigned 200} */
static const uint8_t indirect[] = {
    0x66, 0x00, 0x00, 0x00, 0x00, 0x00, 0x20, 0x40, 0x69, 0x00, 0xd4, 0xfe, 0x75, 0x00, 0x03,
    0x0f, 0x08, 0x05, 0x03, 0x01, 0x03, 0x11, 0x0c, 0xc8, 0x22, 0x19, 0x08, 0x06, 0x24, 0x01,
};

static const char *const keys[] = {"a", "big", "f", "neg", "no", "text", "yes", "b", ""};
enum { KEYS = sizeof keys / sizeof keys[0] };

static void test_numbers_by_name(void **state)
{
    (void)state;
    struct pl_flexbuffer_map map;
    assert_true(pl_flexbuffer_open(whole, sizeof whole, &map));
    assert_int_equal(map.count, 7);
    assert_int_equal(pl_flexbuffer_find(&map, "a").integer, 5);
    assert_int_equal(pl_flexbuffer_find(&map, "big").integer, 70000);
    assert_int_equal(pl_flexbuffer_find(&map, "neg").integer, -3);
    assert_int_equal(pl_flexbuffer_find(&map, "yes").integer, 1);
    const struct pl_flexbuffer_number real = pl_flexbuffer_find(&map, "f");
    assert_int_equal(real.kind, PL_FLEXBUFFER_REAL);
    assert_true(real.real == 1.5);
}

static void test_what_is_no_number(void **state)
{
    (void)state;
    struct pl_flexbuffer_map map;
    assert_true(pl_flexbuffer_open(whole, sizeof whole, &map));
    assert_int_equal(pl_flexbuffer_find(&map, "a").kind, PL_FLEXBUFFER_INTEGER);
    assert_int_equal(pl_flexbuffer_find(&map, "no").kind, PL_FLEXBUFFER_ABSENT);
    assert_int_equal(pl_flexbuffer_find(&map, "b").kind, PL_FLEXBUFFER_ABSENT);
    assert_int_equal(pl_flexbuffer_find(&map, "").kind, PL_FLEXBUFFER_ABSENT);
    assert_int_equal(pl_flexbuffer_find(&map, "text").kind, PL_FLEXBUFFER_OTHER);
}

static void test_numbers_elsewhere(void **state)
{
    (void)state;
    struct pl_flexbuffer_map map;
    assert_true(pl_flexbuffer_open(indirect, sizeof indirect, &map));
    assert_true(pl_flexbuffer_find(&map, "f").real == 2.5);
    assert_int_equal(pl_flexbuffer_find(&map, "i").integer, -300);
    assert_int_equal(pl_flexbuffer_find(&map, "u").integer, 200);
    uint8_t broken[sizeof indirect];
    memcpy(broken, indirect, sizeof indirect);
    broken[21] = 200; /* the distance to the 2.5 */
    assert_true(pl_flexbuffer_open(broken, sizeof broken, &map));
    assert_int_equal(pl_flexbuffer_find(&map, "f").kind, PL_FLEXBUFFER_OTHER);
}

static void look_at_all(const uint8_t *data, size_t bytes)
{
    struct pl_flexbuffer_map map;
    if (!pl_flexbuffer_open(data, bytes, &map)) return;
    for (size_t i = 0; i < KEYS; i++) pl_flexbuffer_find(&map, keys[i]);
}

static void test_truncated(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < sizeof whole; bytes++) {
        uint8_t *front = malloc(bytes + 1);
        uint8_t *back = malloc(bytes + 1);
        assert_true(front != NULL && back != NULL);
        memcpy(front + 1, whole, bytes);
        memcpy(back + 1, whole + sizeof whole - bytes, bytes);
        look_at_all(front + 1, bytes);
        look_at_all(back + 1, bytes);
        free(front);
        free(back);
    }
    assert_false(pl_flexbuffer_open(NULL, 0, &(struct pl_flexbuffer_map){0}));
}

static void test_every_byte_changed(void **state)
{
    (void)state;
    uint8_t *changed = malloc(sizeof whole);
    assert_non_null(changed);
    for (size_t at = 0; at < sizeof whole; at++) {
        memcpy(changed, whole, sizeof whole);
        for (int value = 0; value < 256; value++) {
            changed[at] = (uint8_t)value;
            look_at_all(changed, sizeof whole);
        }
    }
    free(changed);
}

static void test_noise(void **state)
{
    (void)state;
    uint8_t *noise = malloc(sizeof whole);
    assert_non_null(noise);
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        memcpy(noise, whole, sizeof whole);
        for (int i = 0; i < 4; i++) {
            random = random * 1664525u + 1013904223u;
            noise[(random >> 8) % sizeof whole] = (uint8_t)(random >> 24);
        }
        look_at_all(noise, sizeof whole);
    }
    free(noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_by_name), cmocka_unit_test(test_what_is_no_number),
        cmocka_unit_test(test_truncated),       cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_noise),           cmocka_unit_test(test_numbers_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
