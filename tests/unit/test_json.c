/* SPDX-License-Identifier: Apache-2.0 */
/* JSON with places: what is taken, what is refused and where, and that memory that ends is an error. */
#include "unit.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

struct read {
    struct unit_memory unit;
    struct pl_region region;
    const struct pl_json *root;
    pl_status status;
    struct pl_error error;
};

/* The bytes are on the heap alone, so that AddressSanitizer sees a read behind them. */
static void read_bytes(struct read *read, const char *bytes, size_t size, int64_t fail_at)
{
    char *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(read, 0, sizeof *read);
    unit_memory_init(&read->unit, fail_at);
    pl_region_init(&read->region, &read->unit.memory);
    read->status = pl_json_read(&read->region, "f", copy, size, &read->root, &read->error);
    free(copy);
}

static void end(struct read *read)
{
    pl_region_clear(&read->region);
    assert_int_equal(read->unit.live, 0);
}

static void assert_refused(const char *text, const char *message)
{
    struct read read;
    read_bytes(&read, text, strlen(text), 0);
    assert_int_equal(read.status, PL_INVALID_PIPELINE);
    assert_string_equal(read.error.text, message);
    end(&read);
}

static void assert_accepted(const char *text)
{
    struct read read;
    read_bytes(&read, text, strlen(text), 0);
    if (read.status != PL_OK) fail_msg("%s: %s", text, read.error.text);
    end(&read);
}

static void test_values_and_places(void **state)
{
    (void)state;
    struct read read;
    const char *text = "{\"a\": [1, -2.5e2,\n  true, false, null],\n\t\"\xc3\xa9\": {\"b\": \"x\\u00e9\\n\\ud83d\\ude00\"}}\n";
    read_bytes(&read, text, strlen(text), 0);
    assert_int_equal(read.status, PL_OK);
    assert_int_equal(read.root->kind, PL_JSON_OBJECT);
    assert_int_equal(read.root->count, 2);
    const struct pl_json *list = read.root->first;
    assert_string_equal(list->name, "a");
    assert_int_equal(list->kind, PL_JSON_LIST);
    assert_int_equal(list->count, 5);
    assert_int_equal(list->place.column, 7);
    assert_true(list->first->number == 1 && list->first->next->number == -250);
    const struct pl_json *flag = list->first->next->next;
    assert_true(flag->flag && flag->kind == PL_JSON_FLAG);
    assert_int_equal(flag->place.line, 2);
    assert_int_equal(flag->place.column, 3);
    assert_int_equal(flag->next->kind, PL_JSON_FLAG);
    assert_int_equal(flag->next->next->kind, PL_JSON_NULL);
    const struct pl_json *object = list->next;
    assert_int_equal(object->name_place.line, 3);
    assert_int_equal(object->name_place.column, 2);
    assert_int_equal(object->place.column, 7); /* a tab and an accented letter are one column each */
    assert_string_equal(object->first->text, "x\xc3\xa9\n\xf0\x9f\x98\x80");
    assert_null(object->next);
    end(&read);
}

static void test_what_is_json(void **state)
{
    (void)state;
    static const char *const texts[] = {" [ ] ", "{}", "0", "-0", "0.5", "1e9", "1E+2", "\"\"", "\"\\/\\\\\\b\\f\\r\\t\\\"\"",
                                        "[[[[]]]]", "1e-400"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) assert_accepted(texts[i]);
}

static void test_refused_with_place(void **state)
{
    (void)state;
    assert_refused("", "f:1:1: the file ends where there must be a value");
    assert_refused("{\"a\": 1,}", "f:1:9: found '}', there must be a name in quotes");
    assert_refused("[1,\n2", "f:2:2: the file ends where there must be ',' or ']'");
    assert_refused("[1 2]", "f:1:4: found '2', there must be ',' or ']'");
    assert_refused("{a: 1}", "f:1:2: found 'a', there must be a name in quotes, or '}'");
    assert_refused("{\"a\" 1}", "f:1:6: found '1', there must be ':' behind the name");
    assert_refused("{\"a\": 1, \"b\": 2,\n \"a\": 3}", "f:2:2: 'a' is there already, in line 1");
    assert_refused("[] x", "f:1:4: found 'x', there must be nothing more");
    assert_refused("\"a\nb\"", "f:1:1: this text has no end on its line");
    assert_refused("\"a", "f:1:1: this text has no end on its line");
    assert_refused("truth", "f:1:1: found 't', there must be a value");
    assert_refused("\xef\xbb\xbf{}", "f:1:1: found '?', there must be a value");
    assert_refused("[1e999]", "f:1:2: this number is too large");
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"01", "1.", ".5", "+1", "-", "1e", "1e+", "0x10", "NaN", "\"\\x\"", "\"\\u12\"",
                                        "\"\\u0000\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\", "\"\x01\"",
                                        "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xe2\x82", "\"\xf4\x90\x80\x80\"",
                                        "/**/1", "[,]", "{\"a\"}", "nul", "'a'", "}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct read read;
        read_bytes(&read, texts[i], strlen(texts[i]), 0);
        if (read.status != PL_INVALID_PIPELINE) fail_msg("%s was taken", texts[i]);
        end(&read);
    }
    struct read read;
    read_bytes(&read, "\"a\0b\"", 5, 0);
    assert_int_equal(read.status, PL_INVALID_PIPELINE);
    end(&read);
}

static void assert_many_refused(const char *first, const char *each, size_t count)
{
    const size_t length = strlen(each), begin = strlen(first);
    char *text = malloc(begin + count * length + 1);
    assert_non_null(text);
    memcpy(text, first, begin + 1);
    for (size_t i = 0; i < count; i++) memcpy(text + begin + i * length, each, length + 1);
    struct read read;
    read_bytes(&read, text, begin + count * length, 0);
    assert_int_equal(read.status, PL_INVALID_PIPELINE);
    assert_null(strstr(read.error.text, "ends where"));
    end(&read);
    free(text);
}

static void test_limits(void **state)
{
    (void)state;
    assert_many_refused("", "[", PL_JSON_MOST_DEPTH + 1);
    assert_many_refused("[0", ",0", PL_JSON_MOST_MEMBERS);
    assert_many_refused("", " ", PL_JSON_MOST_BYTES + 1);
    assert_many_refused("", "1", 65);
    char text[PL_JSON_MOST_DEPTH * 2 + 1] = {0};
    memset(text, '[', PL_JSON_MOST_DEPTH);
    memset(text + PL_JSON_MOST_DEPTH, ']', PL_JSON_MOST_DEPTH);
    assert_accepted(text);
}

static void test_equal_names_among_many(void **state)
{
    (void)state;
    char text[4096] = "{";
    for (int i = 0; i < 100; i++) sprintf(text + strlen(text), "\"n%d\": 0,", i);
    char *last = text + strlen(text);
    strcpy(last, "\"n100\": 0}");
    assert_accepted(text);
    strcpy(last, "\"n37\": 0}");
    struct read read;
    read_bytes(&read, text, strlen(text), 0);
    assert_non_null(strstr(read.error.text, "'n37' is there already"));
    end(&read);
}

static void test_every_allocation_can_fail(void **state)
{
    (void)state;
    char text[20000] = "[";
    for (int i = 0; i < 100; i++) sprintf(text + strlen(text), "{\"name\": \"text %d\", \"b\": [1, 2]},", i);
    strcat(text, "0]");
    int64_t failed = 0;
    for (int64_t fail_at = 1;; fail_at++) {
        struct read read;
        read_bytes(&read, text, strlen(text), fail_at);
        const pl_status status = read.status;
        end(&read);
        if (status == PL_OK) break;
        assert_int_equal(status, PL_OUT_OF_MEMORY);
        failed++;
    }
    assert_true(failed > 2);
}

static void test_point_of_the_locale(void **state)
{
    (void)state;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL && setlocale(LC_NUMERIC, "fr_FR.UTF-8") == NULL)
        SKIP("no locale with a comma is installed");
    struct read read;
    read_bytes(&read, "0.1", 3, 0);
    setlocale(LC_NUMERIC, "C");
    assert_int_equal(read.status, PL_OK);
    assert_true(read.root->number == 0.1);
    end(&read);
}

static void test_quote(void **state)
{
    (void)state;
    assert_string_equal(pl_json_quote("a\x1b[1m").text, "a?[1m");
    char text[200];
    memset(text, 'a', sizeof text);
    memcpy(text + 58, "\xc3\xa9", 3); /* just fits */
    assert_string_equal(pl_json_quote(text).text + 57, "a\xc3\xa9");
    memset(text, 'a', sizeof text);
    text[199] = '\0';
    memcpy(text + 59, "\xc3\xa9", 2); /* would be cut in its middle */
    assert_string_equal(pl_json_quote(text).text + 58, "a...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_places),    cmocka_unit_test(test_what_is_json),
        cmocka_unit_test(test_refused_with_place),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),               cmocka_unit_test(test_equal_names_among_many),
        cmocka_unit_test(test_every_allocation_can_fail), cmocka_unit_test(test_point_of_the_locale),
        cmocka_unit_test(test_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
