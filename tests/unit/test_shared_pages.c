/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/constant.h"
#include "graph/shared_pages.h"

enum { BYTES = 40000, HASH = 0x1234 };

struct setting {
    char path[64];
    int folder;
    char data[BYTES];
};

static int set_up(void **state)
{
    struct setting *setting = calloc(1, sizeof *setting);
    struct pl_error error;
    strcpy(setting->path, "/tmp/plait-shared-XXXXXX");
    assert_non_null(mkdtemp(setting->path));
    assert_int_equal(pl_shared_open(setting->path, &setting->folder, &error), PL_OK);
    for (int i = 0; i < BYTES; i++) setting->data[i] = (char)(i * 7);
    *state = setting;
    return 0;
}

static const char *name_of(void)
{
    static char name[64];
    snprintf(name, sizeof name, "%016x-%d", HASH, BYTES);
    return name;
}

static int tear_down(void **state)
{
    struct setting *setting = *state;
    unlinkat(setting->folder, name_of(), 0);
    close(setting->folder);
    assert_int_equal(rmdir(setting->path), 0); /* nothing else was left */
    free(setting);
    return 0;
}

static const void *map(struct setting *setting)
{
    const void *mapped = pl_shared_map(setting->folder, setting->data, BYTES, HASH);
    if (mapped != NULL) assert_memory_equal(mapped, setting->data, BYTES);
    return mapped;
}

static ino_t file_number(struct setting *setting)
{
    struct stat facts;
    assert_int_equal(fstatat(setting->folder, name_of(), &facts, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(facts.st_mode & 07777, 0400);
    return facts.st_ino;
}

static void test_a_file_is_made_and_found(void **state)
{
    const void *first = map(*state);
    const ino_t number = file_number(*state);
    const void *second = map(*state);
    assert_non_null(first);
    assert_non_null(second);
    assert_true(file_number(*state) == number);
    pl_shared_unmap(first, BYTES);
    pl_shared_unmap(second, BYTES);
}

/* Other bytes, fewer bytes, a file that others may write, a link: it is made anew, and who has the old one keeps it. */
static void test_what_lies_there_is_not_believed(void **state)
{
    struct setting *setting = *state;
    for (int damage = 0; damage < 4; damage++) {
        unlinkat(setting->folder, name_of(), 0);
        const int file = openat(setting->folder, name_of(), O_CREAT | O_RDWR, 0600);
        assert_int_equal(write(file, setting->data, BYTES), BYTES);
        if (damage == 0) assert_int_equal(pwrite(file, "other", 5, BYTES / 2), 5);
        if (damage == 1) assert_int_equal(ftruncate(file, BYTES - 1), 0);
        if (damage == 2) assert_int_equal(fchmod(file, 0666), 0);
        if (damage == 3) {
            assert_int_equal(renameat(setting->folder, name_of(), setting->folder, "other"), 0);
            assert_int_equal(symlinkat("other", setting->folder, name_of()), 0);
        }
        const void *mapped = map(setting);
        assert_non_null(mapped);
        file_number(setting);
        pl_shared_unmap(mapped, BYTES);
        close(file);
    }
    unlinkat(setting->folder, "other", 0);
}

enum { THREADS = 4 };

struct beginner {
    struct setting *setting;
    pthread_barrier_t *begin;
    const void *mapped;
};

static void *map_at_once(void *argument)
{
    struct beginner *beginner = argument;
    pthread_barrier_wait(beginner->begin);
    beginner->mapped = pl_shared_map(beginner->setting->folder, beginner->setting->data, BYTES, HASH);
    return NULL;
}

/* All have the file that stays: what is written into it is seen by all. */
static void test_who_begins_at_once_has_the_same(void **state)
{
    struct setting *setting = *state;
    pthread_barrier_t begin;
    pthread_barrier_init(&begin, NULL, THREADS);
    for (int round = 0; round < 100; round++) {
        struct beginner beginners[THREADS];
        pthread_t threads[THREADS];
        unlinkat(setting->folder, name_of(), 0);
        for (int i = 0; i < THREADS; i++) {
            beginners[i] = (struct beginner){setting, &begin, NULL};
            assert_int_equal(pthread_create(&threads[i], NULL, map_at_once, &beginners[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        assert_int_equal(fchmodat(setting->folder, name_of(), 0600, 0), 0);
        const int file = openat(setting->folder, name_of(), O_RDWR);
        assert_int_equal(pwrite(file, "other", 5, 0), 5);
        close(file);
        for (int i = 0; i < THREADS; i++) {
            assert_non_null(beginners[i].mapped);
            assert_memory_equal(beginners[i].mapped, "other", 5);
            pl_shared_unmap(beginners[i].mapped, BYTES);
        }
    }
    pthread_barrier_destroy(&begin);
}

static void test_without_room_there_is_none(void **state)
{
    struct setting *setting = *state;
    const int folder = setting->folder;
    setting->folder = open("/proc/self", O_RDONLY | O_DIRECTORY); /* no file can be made here */
    assert_null(map(setting));
    close(setting->folder);
    setting->folder = folder;
}

static void test_folders(void **state)
{
    struct setting *setting = *state;
    struct pl_error error;
    int folder = -1;
    assert_int_equal(pl_shared_open("/nowhere", &folder, &error), PL_IO);
    assert_int_equal(pl_shared_open("/proc/self/status", &folder, &error), PL_IO);
    assert_int_equal(chmod(setting->path, 0770), 0);
    assert_int_equal(pl_shared_open(setting->path, &folder, &error), PL_IO);
    assert_non_null(strstr(error.text, "others may write it"));
    assert_int_equal(folder, -1);
}

static void pack_negated(void *to, const void *raw, const void *context)
{
    (void)context;
    for (int i = 0; i < BYTES; i++) ((char *)to)[i] = (char)-((const char *)raw)[i];
}

/* Two stores, as of two processes: the packed form is no memory of theirs, and ends with its constant. */
static void test_packed_forms_are_shared(void **state)
{
    struct setting *setting = *state;
    const struct pl_packing packing = {.pack = pack_negated, .bytes = BYTES, .keep = true};
    char removed[128];
    for (int round = 0; round < 2; round++) {
        struct unit_memory unit;
        struct pl_constant_store *store = NULL;
        struct pl_constant *constant = NULL;
        struct pl_error error;
        const void *packed = NULL;
        unit_memory_init(&unit, 0);
        assert_int_equal(pl_constant_store_create(&unit.memory, &store, &error), PL_OK);
        pl_constant_store_share(store, dup(setting->folder));
        assert_int_equal(pl_constant_intern(store, setting->data, BYTES, true, &constant, &error), PL_OK);
        assert_int_equal(pl_constant_pack(store, constant, &packing, &packed, &error), PL_OK);
        for (int i = 0; i < BYTES; i++) assert_int_equal(((const char *)packed)[i], (char)-setting->data[i]);
        assert_true(constant->packed->content->shared);
        pl_constant_drop_raw(store, constant);
        assert_int_equal(pl_constant_store_bytes(store), BYTES);
        assert_true(unit.live < BYTES);
        snprintf(removed, sizeof removed, "%016llx-%d", (unsigned long long)constant->packed->content->hash, BYTES);
        pl_constant_release(store, constant);
        assert_int_equal(pl_constant_store_bytes(store), 0);
        pl_constant_store_delete(store);
        assert_int_equal(unit.live, 0);
    }
    assert_int_equal(unlinkat(setting->folder, removed, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_file_is_made_and_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_lies_there_is_not_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_who_begins_at_once_has_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_room_there_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_packed_forms_are_shared, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
