/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "graph/asleep.h"

enum { RAW_BYTES = 50 * 4096 + 100 };

/* The file that is read again: as it was, or with another byte. */
static unsigned char again[RAW_BYTES + 64];
static int reads;

static pl_status read_again(struct pl_reader *reader, uint64_t at, void *to, size_t bytes, struct pl_error *error)
{
    reads++;
    if (reader->file == 1) return pl_fail(error, PL_IO, "it cannot be read");
    memcpy(to, again + at, bytes);
    if (reader->file == 2) ((char *)to)[bytes / 2] ^= 1;
    return PL_OK;
}

static void invert(void *to, const void *raw, const void *context)
{
    const size_t count = *(const size_t *)context;
    for (size_t i = 0; i < count; i++) ((unsigned char *)to)[i] = (unsigned char)~((const unsigned char *)raw)[i];
}

/* Two constants of one content, one of them packed. */
struct sleepers {
    struct pl_memory memory;
    struct pl_constant_store *store;
    struct pl_constant *raw, *packed;
    const unsigned char *form;
};

static struct pl_constant *read_constant(struct sleepers *sleepers, uint64_t at)
{
    struct pl_constant *constant = NULL;
    struct pl_error error;
    const struct pl_file_bytes read = {again + at, RAW_BYTES, at, 4, false};
    assert_int_equal(pl_constant_intern_read(sleepers->store, &read, &constant, &error), PL_OK);
    return constant;
}

static void load_sleepers(struct sleepers *sleepers)
{
    struct pl_error error;
    const size_t count = RAW_BYTES;
    const struct pl_packing packing = {
        .pack = invert, .context = &count, .context_bytes = sizeof count, .bytes = RAW_BYTES};
    for (size_t i = 0; i < sizeof again; i++) again[i] = (unsigned char)(i * i >> 3);
    pl_memory_init(&sleepers->memory, pl_memory_system, NULL, SIZE_MAX);
    if (!pl_gives_back_pages(&sleepers->memory, RAW_BYTES))
        SKIP("a sanitizer watches the heap: no memory is given back by pages");
    assert_int_equal(pl_constant_store_create(&sleepers->memory, &sleepers->store, &error), PL_OK);
    pl_constant_store_remember(sleepers->store);
    sleepers->raw = read_constant(sleepers, 0);
    sleepers->packed = read_constant(sleepers, 64);
    const void *form = NULL;
    assert_int_equal(pl_constant_pack(sleepers->store, sleepers->packed, &packing, &form, &error), PL_OK);
    sleepers->form = form;
    pl_constant_keep_packed(sleepers->store, sleepers->packed);
    pl_constant_drop_raw(sleepers->store, sleepers->packed);
}

static void unload_sleepers(struct sleepers *sleepers)
{
    pl_constant_release(sleepers->store, sleepers->raw);
    pl_constant_release(sleepers->store, sleepers->packed);
    assert_int_equal(pl_constant_store_asleep(sleepers->store), 0);
    pl_constant_store_delete(sleepers->store);
    assert_int_equal(atomic_load(&sleepers->memory.bytes), 0);
}

static size_t give_up(struct sleepers *sleepers, bool raw_is_needed)
{
    struct pl_constant *const all[] = {sleepers->raw, sleepers->packed};
    pl_constants_begin_round(sleepers->store);
    pl_constants_need(sleepers->store, &(struct pl_constants){all, raw_is_needed});
    return pl_constants_give_up(sleepers->store, &(struct pl_constants){all, 2}, true);
}

/* file: 0 as it was, 1 cannot be read, 2 changed. */
static pl_status make_again(struct sleepers *sleepers, int file)
{
    struct pl_constant *const all[] = {sleepers->raw, sleepers->packed};
    struct pl_reader reader = {.read = read_again, .path = "a file", .file = file};
    struct pl_error error;
    return pl_constants_make_again(sleepers->store, &(struct pl_constants){all, 2}, &reader, &error);
}

static void assert_awake(const struct sleepers *sleepers)
{
    assert_memory_equal(sleepers->raw->raw->data, again, RAW_BYTES);
    for (size_t i = 0; i < RAW_BYTES; i++) assert_int_equal(sleepers->form[i], (unsigned char)~again[64 + i]);
}

static void test_what_sleeps_is_made_again_where_it_was(void **state)
{
    (void)state;
    struct sleepers sleepers;
    load_sleepers(&sleepers);
    const void *data = sleepers.raw->raw->data;
    const size_t awake = atomic_load(&sleepers.memory.bytes);
    assert_int_equal(give_up(&sleepers, true), RAW_BYTES);
    assert_true(awake - atomic_load(&sleepers.memory.bytes) >= RAW_BYTES - 3 * 4096);
    assert_memory_equal(data, again, RAW_BYTES);
    assert_int_equal(sleepers.form[RAW_BYTES / 2], 0);
    assert_int_equal(give_up(&sleepers, false), RAW_BYTES); /* the other one has nothing left */
    assert_int_equal(pl_constant_store_asleep(sleepers.store), 2 * RAW_BYTES);
    assert_null(pl_constant_look(sleepers.store, sleepers.raw));
    for (int file = 1; file <= 2; file++) {
        const size_t asleep = atomic_load(&sleepers.memory.bytes);
        assert_int_equal(make_again(&sleepers, file), PL_IO);
        assert_int_equal(atomic_load(&sleepers.memory.bytes), asleep);
    }
    assert_int_equal(make_again(&sleepers, 0), PL_OK);
    assert_int_equal(atomic_load(&sleepers.memory.bytes), awake);
    assert_ptr_equal(sleepers.raw->raw->data, data);
    assert_awake(&sleepers);
    reads = 0;
    assert_int_equal(make_again(&sleepers, 1), PL_OK);
    assert_int_equal(reads, 0);
    unload_sleepers(&sleepers);
}

/* Equal bytes that come while a content sleeps cannot be compared with it; and what somebody looks at stays. */
static void test_what_sleeps_is_not_found(void **state)
{
    (void)state;
    struct sleepers sleepers;
    load_sleepers(&sleepers);
    assert_int_equal(give_up(&sleepers, false), 2 * RAW_BYTES);
    struct pl_constant *other = read_constant(&sleepers, 0);
    assert_ptr_not_equal(other->raw, sleepers.raw->raw);
    assert_memory_equal(pl_constant_look(sleepers.store, other), again, RAW_BYTES);
    pl_constants_begin_round(sleepers.store);
    assert_int_equal(pl_constants_give_up(sleepers.store, &(struct pl_constants){&other, 1}, true), 0);
    pl_constant_release(sleepers.store, other);
    assert_int_equal(make_again(&sleepers, 0), PL_OK);
    assert_awake(&sleepers);
    assert_int_equal(give_up(&sleepers, false), 2 * RAW_BYTES); /* it ends asleep */
    unload_sleepers(&sleepers);
}

/* The limit is in the way of every step once: what was made stays, and the rest is made with more room. */
static void test_waking_can_fail_everywhere(void **state)
{
    (void)state;
    struct sleepers sleepers;
    load_sleepers(&sleepers);
    const size_t awake = atomic_load(&sleepers.memory.bytes);
    int refused = 0;
    for (size_t room = 0; room < 4 * RAW_BYTES; room += RAW_BYTES / 3) {
        assert_int_equal(give_up(&sleepers, false), 2 * RAW_BYTES);
        sleepers.memory.limit_bytes = atomic_load(&sleepers.memory.bytes) + room;
        const pl_status status = make_again(&sleepers, 0);
        assert_true(status == PL_OK || status == PL_OUT_OF_MEMORY);
        refused += status != PL_OK;
        sleepers.memory.limit_bytes = SIZE_MAX;
        assert_int_equal(make_again(&sleepers, 0), PL_OK);
        assert_int_equal(atomic_load(&sleepers.memory.bytes), awake);
        assert_awake(&sleepers);
    }
    assert_true(refused > 5);
    unload_sleepers(&sleepers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_sleeps_is_made_again_where_it_was),
        cmocka_unit_test(test_what_sleeps_is_not_found),
        cmocka_unit_test(test_waking_can_fail_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
