/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "graph/constant.h"

struct setting {
    struct unit_memory unit;
    struct pl_constant_store *store;
    struct pl_error error;
};

static int set_up(void **state)
{
    static struct setting setting;
    unit_memory_init(&setting.unit, 0);
    assert_int_equal(pl_constant_store_create(&setting.unit.memory, &setting.store, &setting.error),
                     PL_OK);
    *state = &setting;
    return 0;
}

static int tear_down(void **state)
{
    struct setting *setting = *state;
    assert_int_equal(pl_constant_store_bytes(setting->store), 0);
    pl_constant_store_delete(setting->store);
    assert_int_equal(setting->unit.live, 0);
    return 0;
}

static struct pl_constant *intern(struct setting *setting, const void *data, size_t bytes,
                                  bool borrow)
{
    struct pl_constant *constant = NULL;
    assert_int_equal(
        pl_constant_intern(setting->store, data, bytes, borrow, &constant, &setting->error), PL_OK);
    return constant;
}

static void test_equal_bytes_are_kept_once(void **state)
{
    struct setting *setting = *state;
    const char first[] = "the same bytes", second[] = "the same bytes", third[] = "other bytes!!!";
    struct pl_constant *a = intern(setting, first, sizeof first, false);
    struct pl_constant *b = intern(setting, second, sizeof second, false);
    struct pl_constant *c = intern(setting, third, sizeof third, false);
    assert_ptr_equal(a->raw->data, b->raw->data);
    assert_ptr_not_equal(a->raw->data, c->raw->data);
    assert_ptr_not_equal(a->raw->data, first);
    assert_int_equal((uintptr_t)a->raw->data % PL_ALIGNMENT, 0);
    assert_int_equal(pl_constant_store_bytes(setting->store), sizeof first + sizeof third);
    pl_constant_release(setting->store, a);
    assert_string_equal(b->raw->data, first);
    pl_constant_retain(b);
    pl_constant_release(setting->store, b);
    pl_constant_release(setting->store, b);
    pl_constant_release(setting->store, c);
}

/* A hash only finds candidates: contents that were given one hash are still told apart. */
static void test_memcmp_decides(void **state)
{
    struct setting *setting = *state;
    struct pl_constant *a = intern(setting, "aaaa", 4, false);
    struct pl_constant *b = intern(setting, "bbbb", 4, false);
    const void *packed_bytes = a->raw->data;
    struct pl_content *content = a->raw;
    assert_int_not_equal(content->hash, b->raw->hash);
    /* The bytes behind the hash change: the next intern of "aaaa" must not believe the hash. */
    memcpy((char *)(uintptr_t)packed_bytes, "zzzz", 4);
    struct pl_constant *c = intern(setting, "aaaa", 4, false);
    assert_ptr_not_equal(c->raw, content);
    assert_memory_equal(c->raw->data, "aaaa", 4);
    pl_constant_release(setting->store, a);
    pl_constant_release(setting->store, b);
    pl_constant_release(setting->store, c);
}

static void test_borrowed_bytes_stay_the_owners(void **state)
{
    struct setting *setting = *state;
    static const _Alignas(16) char bytes[32] = "borrowed bytes", twin[32] = "borrowed bytes";
    struct pl_constant *borrowed = intern(setting, bytes, 32, true);
    assert_ptr_equal(borrowed->raw->data, bytes);
    assert_int_equal(pl_constant_store_bytes(setting->store), 0);
    /* Whoever does not borrow these very bytes must not depend on them. */
    struct pl_constant *owned = intern(setting, bytes, 32, false);
    struct pl_constant *other = intern(setting, twin, 32, true);
    assert_ptr_not_equal(owned->raw->data, bytes);
    assert_ptr_not_equal(other->raw->data, bytes);
    struct pl_constant *crooked = intern(setting, bytes + 1, 8, true);
    assert_ptr_not_equal(crooked->raw->data, bytes + 1);
    pl_constant_release(setting->store, borrowed);
    pl_constant_release(setting->store, owned);
    pl_constant_release(setting->store, other);
    pl_constant_release(setting->store, crooked);
}

static void pack_reversed(void *to, const void *raw, const void *context)
{
    const size_t count = *(const size_t *)context;
    for (size_t i = 0; i < count; i++) ((char *)to)[i] = ((const char *)raw)[count - 1 - i];
}

static void pack_zeros(void *to, const void *raw, const void *context)
{
    (void)to;
    (void)raw;
    (void)context;
}

static pl_status pack(struct setting *setting, struct pl_constant *constant,
                      pl_pack_function function, uint64_t parameters, size_t bytes,
                      const void **packed)
{
    const size_t count = 4;
    const struct pl_packing packing = {
        .pack = function, .context = &count, .context_bytes = sizeof count, .parameters = {0, 0, 0, parameters}, .bytes = bytes};
    return pl_constant_pack(setting->store, constant, &packing, packed, &setting->error);
}

static void test_packed_forms(void **state)
{
    struct setting *setting = *state;
    const void *first = NULL, *second = NULL, *third = NULL;
    struct pl_constant *a = intern(setting, "abcd", 4, false);
    struct pl_constant *b = intern(setting, "abcd", 4, false);
    assert_int_equal(pack(setting, a, pack_reversed, 1, 4, &first), PL_OK);
    assert_memory_equal(first, "dcba", 4);
    assert_int_equal((uintptr_t)first % PL_ALIGNMENT, 0);
    assert_int_equal(pack(setting, a, pack_reversed, 1, 4, &second), PL_OK);
    assert_ptr_equal(first, second);
    /* Another constant's equal form is one content; another layout is another form. */
    assert_int_equal(pack(setting, b, pack_reversed, 1, 4, &second), PL_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(pack(setting, a, pack_zeros, 1, 8, &third), PL_OK);
    assert_memory_equal(third, "\0\0\0\0\0\0\0", 8);
    pl_constant_drop_raw(setting->store, a);
    assert_null(a->raw);
    assert_int_equal(pl_constant_store_bytes(setting->store), 4 + 4 + 8);
    pl_constant_drop_raw(setting->store, b);
    assert_int_equal(pl_constant_store_bytes(setting->store), 4 + 8);
    assert_int_equal(pack(setting, a, pack_reversed, 1, 4, &second), PL_OK);
    assert_ptr_equal(first, second);
    assert_int_not_equal(pack(setting, a, pack_reversed, 2, 4, &second), PL_OK);
    pl_constant_release(setting->store, a);
    pl_constant_release(setting->store, b);
}

static void test_many_and_empty(void **state)
{
    struct setting *setting = *state;
    struct pl_constant *constants[1000];
    for (int32_t i = 0; i < 1000; i++)
        constants[i] = intern(setting, &i, i == 0 ? 0 : sizeof i, false);
    for (int32_t i = 1; i < 1000; i++) {
        struct pl_constant *again = intern(setting, &i, sizeof i, false);
        assert_ptr_equal(again->raw, constants[i]->raw);
        pl_constant_release(setting->store, again);
    }
    assert_int_equal(constants[0]->bytes, 0);
    for (int32_t i = 0; i < 1000; i++) pl_constant_release(setting->store, constants[i]);
}

static void test_failing_allocations(void **state)
{
    struct setting *setting = *state;
    for (int64_t n = 1; n <= 4; n++) {
        struct pl_constant *constant = NULL;
        const void *packed = NULL;
        setting->unit.calls = 0;
        setting->unit.fail_at = n;
        pl_status status =
            pl_constant_intern(setting->store, "text", 4, false, &constant, &setting->error);
        if (n > 2) {
            assert_int_equal(status, PL_OK);
            status = pack(setting, constant, pack_reversed, 0, 4, &packed);
        }
        assert_int_equal(status, PL_OUT_OF_MEMORY);
        setting->unit.fail_at = 0;
        pl_constant_release(setting->store, constant);
    }
}

/* A file of ten pages, with a constant that lies across pages 2 to 6, at 4 bytes beyond their start. */
struct read_file {
    struct pl_memory memory;
    struct pl_constant_store *store;
    struct pl_file_pages *pages;
    char *constant;
    size_t page, bytes;
};

static void read_file(struct read_file *file)
{
    struct pl_error error;
    file->page = pl_page_bytes();
    file->bytes = 4 * file->page + 8;
    pl_memory_init(&file->memory, pl_memory_system, NULL, SIZE_MAX);
    if (!pl_gives_back_pages(&file->memory, 10 * file->page))
        SKIP("a sanitizer watches the heap: no memory is given back by pages");
    assert_int_equal(pl_constant_store_create(&file->memory, &file->store, &error), PL_OK);
    assert_non_null(file->pages = pl_file_pages_create(&file->memory, 10 * file->page));
    memset(pl_file_pages_data(file->pages), 7, 10 * file->page);
    file->constant = (char *)pl_file_pages_data(file->pages) + 2 * file->page + 4;
    pl_constant_store_import_from(file->store, file->pages);
}

static struct pl_constant *intern_read(struct read_file *file, const void *data, size_t bytes,
                                       size_t alignment)
{
    struct pl_constant *constant = NULL;
    struct pl_error error;
    assert_int_equal(
        pl_constant_intern_read(file->store, &(struct pl_file_bytes){data, bytes, 0, alignment, false}, &constant, &error),
        PL_OK);
    return constant;
}

static void test_constants_stay_in_a_file_that_was_read(void **state)
{
    (void)state;
    struct read_file file;
    read_file(&file);
    struct pl_constant *large = intern_read(&file, file.constant, file.bytes, 4);
    struct pl_constant *small = intern_read(&file, file.constant, 64, 4);
    struct pl_constant *wide = intern_read(&file, file.constant, file.bytes, 16);
    pl_constant_store_import_from(file.store, NULL);
    assert_ptr_equal(large->raw->data, file.constant);
    assert_int_equal((uintptr_t)small->raw->data % PL_ALIGNMENT, 0);
    assert_int_equal((uintptr_t)wide->raw->data % PL_ALIGNMENT, 0);

    const size_t all = atomic_load(&file.memory.bytes);
    pl_file_pages_release(file.pages);
    assert_int_equal(all - atomic_load(&file.memory.bytes), 5 * file.page);
    for (size_t i = 0; i < file.bytes; i++)
        assert_int_equal(((const char *)large->raw->data)[i], 7);

    const size_t kept = atomic_load(&file.memory.bytes);
    pl_constant_drop_raw(file.store, large);
    assert_true(kept - atomic_load(&file.memory.bytes) >= 5 * file.page);
    pl_constant_release(file.store, large);
    pl_constant_release(file.store, small);
    pl_constant_release(file.store, wide);
    pl_constant_store_delete(file.store);
    assert_int_equal(atomic_load(&file.memory.bytes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_equal_bytes_are_kept_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memcmp_decides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_borrowed_bytes_stay_the_owners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_packed_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_and_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_allocations, set_up, tear_down),
        cmocka_unit_test(test_constants_stay_in_a_file_that_was_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
