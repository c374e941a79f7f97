/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { LONGEST_NUMBER = 64 };

struct reader {
    struct pl_region *region;
    const char *file;
    const unsigned char *at;
    const unsigned char *end;
    struct pl_json_place place; /* of `at` */
    size_t depth;
    size_t values;
    struct pl_error *error;
};

/* ---- messages ----------------------------------------------------------------------------------------------------- */

pl_status pl_json_fail(struct pl_error *error, const char *file, struct pl_json_place place, const char *format, ...)
{
    char text[PL_ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return pl_fail(error, PL_INVALID_PIPELINE, "%s:%u:%u: %s", file, place.line, place.column, text);
}

struct pl_json_quoted pl_json_quote(const char *text)
{
    struct pl_json_quoted quoted = {{0}};
    const size_t room = sizeof quoted.text - sizeof "...";
    const size_t length = strlen(text);
    size_t end = length <= room ? length : room;
    while (end < length && end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80) end--;
    for (size_t i = 0; i < end; i++) quoted.text[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
    if (end < length) memcpy(quoted.text + end, "...", 3);
    return quoted;
}

const char *pl_json_kind_text(pl_json_kind kind)
{
    switch (kind) {
    case PL_JSON_NULL: return "null";
    case PL_JSON_FLAG: return "true or false";
    case PL_JSON_NUMBER: return "a number";
    case PL_JSON_TEXT: return "a text";
    case PL_JSON_LIST: return "a list";
    case PL_JSON_OBJECT: return "an object";
    }
    return "nothing";
}

static pl_status no_memory(const struct reader *reader)
{
    return pl_fail(reader->error, PL_OUT_OF_MEMORY, "no memory left to read '%s'", reader->file);
}

/* What stands here, for a message; "" if the file ends. */
static struct pl_json_quoted here(const struct reader *reader)
{
    char text[2] = {0};
    if (reader->at < reader->end) text[0] = *reader->at < 0x80 ? (char)*reader->at : '?';
    return pl_json_quote(text);
}

static pl_status expect_failed(const struct reader *reader, const char *expected)
{
    if (reader->at == reader->end)
        return pl_json_fail(reader->error, reader->file, reader->place, "the file ends where there must be %s", expected);
    return pl_json_fail(reader->error, reader->file, reader->place, "found '%s', there must be %s", here(reader).text,
                        expected);
}

/* ---- characters --------------------------------------------------------------------------------------------------- */

/* Bytes of the character that begins here, 0 if it is no UTF-8: too long a form, a surrogate, or nothing that is. */
static size_t character_bytes(const unsigned char *at, const unsigned char *end)
{
    const size_t bytes = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : *at < 0xf5 ? 4 : 0;
    if (bytes == 0 || (size_t)(end - at) < bytes) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] >= 0xa0)) return 0;
    if ((*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] >= 0x90)) return 0;
    return bytes;
}

/* Over bytes that are one character; lines end in it where it is '\n'. */
static void step(struct reader *reader, size_t bytes)
{
    if (*reader->at == '\n') {
        reader->place.line++;
        reader->place.column = 1;
    } else {
        reader->place.column++;
    }
    reader->at += bytes;
}

static bool is_here(const struct reader *reader, char c)
{
    return reader->at < reader->end && *reader->at == (unsigned char)c;
}

static bool take(struct reader *reader, char c)
{
    if (!is_here(reader, c)) return false;
    step(reader, 1);
    return true;
}

static void skip_space(struct reader *reader)
{
    while (take(reader, ' ') || take(reader, '\t') || take(reader, '\n') || take(reader, '\r')) continue;
}

/* ---- texts -------------------------------------------------------------------------------------------------------- */

/* The four digits behind \u, -1 if they are none. */
static int32_t take_hex(struct reader *reader)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        if (reader->at == reader->end) return -1;
        const int c = *reader->at;
        const int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
        step(reader, 1);
    }
    return value;
}

static size_t put_character(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    const size_t bytes = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = bytes - 1; i > 0; i--, c >>= 6) to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(first[bytes] | c);
    return bytes;
}

/* Behind "\u": one character, of one or two of these; 0 if there is none. */
static uint32_t take_unicode(struct reader *reader)
{
    const int32_t first = take_hex(reader);
    if (first < 0xd800 || first > 0xdfff) return first > 0 ? (uint32_t)first : 0;
    if (first > 0xdbff || !take(reader, '\\') || !take(reader, 'u')) return 0;
    const int32_t second = take_hex(reader);
    if (second < 0xdc00 || second > 0xdfff) return 0;
    return 0x10000 + ((uint32_t)(first - 0xd800) << 10) + (uint32_t)(second - 0xdc00);
}

static pl_status take_escape(struct reader *reader, char *text, size_t *length)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const struct pl_json_place place = reader->place;
    step(reader, 1);
    uint32_t c = 0;
    if (take(reader, 'u')) {
        c = take_unicode(reader);
    } else if (reader->at < reader->end && *reader->at != '\0') {
        const char *found = strchr(names, *reader->at);
        c = found != NULL ? (uint32_t)meanings[found - names] : 0;
        if (found != NULL) step(reader, 1);
    }
    if (c == 0)
        return pl_json_fail(reader->error, reader->file, place, "no character that can be in a text is written like this; "
                            "a '\\' itself is written '\\\\'");
    *length += put_character(text + *length, c);
    return PL_OK;
}

/* Where the text ends that begins here, for the most that it can take. */
static size_t longest_text(const struct reader *reader)
{
    const unsigned char *at = reader->at;
    while (at < reader->end && *at != '"') at += *at == '\\' ? 2 : 1;
    return (size_t)(at - reader->at);
}

static pl_status take_text(struct reader *reader, const char **text)
{
    const struct pl_json_place begin = reader->place;
    if (!take(reader, '"')) return expect_failed(reader, "a text in quotes");
    char *made = pl_region_allocate(reader->region, longest_text(reader) + 1);
    size_t length = 0;
    if (made == NULL) return no_memory(reader);
    while (!is_here(reader, '"')) {
        if (reader->at == reader->end || *reader->at < ' ')
            return pl_json_fail(reader->error, reader->file, begin, "this text has no end on its line");
        if (*reader->at == '\\') {
            PL_TRY(take_escape(reader, made, &length));
            continue;
        }
        const size_t bytes = character_bytes(reader->at, reader->end);
        if (bytes == 0)
            return pl_json_fail(reader->error, reader->file, reader->place, "byte 0x%02x is no UTF-8 here", *reader->at);
        memcpy(made + length, reader->at, bytes);
        length += bytes;
        step(reader, bytes);
    }
    step(reader, 1);
    *text = made;
    return PL_OK;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------ */

static size_t digits(const unsigned char *at, const unsigned char *end)
{
    size_t count = 0;
    while (at + count < end && at[count] >= '0' && at[count] <= '9') count++;
    return count;
}

/* Bytes of the number that begins here, 0 if there is none. */
static size_t number_bytes(const struct reader *reader)
{
    const unsigned char *at = reader->at, *end = reader->end;
    if (at < end && *at == '-') at++;
    size_t count = digits(at, end);
    if (count == 0 || (count > 1 && *at == '0')) return 0;
    at += count;
    if (at < end && *at == '.') {
        count = digits(at + 1, end);
        if (count == 0) return 0;
        at += count + 1;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        count = digits(at, end);
        if (count == 0) return 0;
        at += count;
    }
    return (size_t)(at - reader->at);
}

/* strtod() wants the point of the caller's locale. */
static double value_of(const unsigned char *digits_at, size_t bytes)
{
    char half[16], text[LONGEST_NUMBER + sizeof half];
    snprintf(half, sizeof half, "%.1f", 0.5);
    const size_t point = strlen(half) - 2;
    size_t length = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (digits_at[i] != '.') {
            text[length++] = (char)digits_at[i];
            continue;
        }
        memcpy(text + length, half + 1, point);
        length += point;
    }
    text[length] = '\0';
    return strtod(text, NULL);
}

static pl_status take_number(struct reader *reader, struct pl_json *value)
{
    const size_t bytes = number_bytes(reader);
    if (bytes == 0 || bytes > LONGEST_NUMBER)
        return pl_json_fail(reader->error, reader->file, reader->place, "this is no number as JSON writes them%s",
                            bytes > 0 ? " in at most 64 characters" : "");
    value->kind = PL_JSON_NUMBER;
    value->number = value_of(reader->at, bytes);
    if (!isfinite(value->number))
        return pl_json_fail(reader->error, reader->file, reader->place, "this number is too large");
    reader->at += bytes;
    reader->place.column += (uint32_t)bytes;
    return PL_OK;
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static pl_status take_value(struct reader *reader, struct pl_json *value);

static bool take_word(struct reader *reader, const char *word)
{
    const size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) return false;
    reader->at += length;
    reader->place.column += (uint32_t)length;
    return true;
}

/* The hash tells equal names from others nearly always, so that thousands of names are quick to compare. */
static pl_status check_new(const struct reader *reader, const struct pl_json *object, const struct pl_json *member,
                           const uint64_t *hashes)
{
    const uint64_t hash = hashes[object->count];
    const struct pl_json *other = object->first;
    for (size_t i = 0; i < object->count; i++, other = other->next)
        if (hashes[i] == hash && strcmp(other->name, member->name) == 0)
            return pl_json_fail(reader->error, reader->file, member->name_place, "'%s' is there already, in line %u",
                                pl_json_quote(member->name).text, other->name_place.line);
    return PL_OK;
}

/* The hashes of the names so far, of which there is room for twice as many when it is full. */
static uint64_t *room_for_hash(const struct reader *reader, uint64_t *hashes, size_t count)
{
    enum { FIRST = 8 };
    if (count != 0 && (count < FIRST || (count & (count - 1)) != 0)) return hashes;
    uint64_t *larger = pl_region_array(reader->region, count == 0 ? FIRST : 2 * count, sizeof *larger);
    if (larger != NULL && count > 0) memcpy(larger, hashes, count * sizeof *larger);
    return larger;
}

/* "NAME": in front of a member. */
static pl_status take_name(struct reader *reader, const struct pl_json *object, struct pl_json *member, uint64_t **hashes)
{
    member->name_place = reader->place;
    if (!is_here(reader, '"')) return expect_failed(reader, object->count == 0 ? "a name in quotes, or '}'" : "a name in quotes");
    PL_TRY(take_text(reader, &member->name));
    *hashes = room_for_hash(reader, *hashes, object->count);
    if (*hashes == NULL) return no_memory(reader);
    (*hashes)[object->count] = pl_hash_bytes(member->name, strlen(member->name));
    PL_TRY(check_new(reader, object, member, *hashes));
    skip_space(reader);
    if (!take(reader, ':')) return expect_failed(reader, "':' behind the name");
    skip_space(reader);
    return PL_OK;
}

/* Behind the opening bracket, up to and with the closing one. */
static pl_status take_members(struct reader *reader, struct pl_json *value, char closing)
{
    struct pl_json **next = &value->first;
    uint64_t *hashes = NULL;
    skip_space(reader);
    if (take(reader, closing)) return PL_OK;
    do {
        skip_space(reader);
        if (value->count == PL_JSON_MOST_MEMBERS)
            return pl_json_fail(reader->error, reader->file, reader->place, "more than %d members are too many",
                                PL_JSON_MOST_MEMBERS);
        struct pl_json *member = pl_region_allocate(reader->region, sizeof *member);
        if (member == NULL) return no_memory(reader);
        if (value->kind == PL_JSON_OBJECT) PL_TRY(take_name(reader, value, member, &hashes));
        PL_TRY(take_value(reader, member));
        *next = member;
        next = &member->next;
        value->count++;
        skip_space(reader);
    } while (take(reader, ','));
    if (!take(reader, closing)) return expect_failed(reader, closing == '}' ? "',' or '}'" : "',' or ']'");
    return PL_OK;
}

static pl_status take_nested(struct reader *reader, struct pl_json *value, pl_json_kind kind, char closing)
{
    if (reader->depth == PL_JSON_MOST_DEPTH)
        return pl_json_fail(reader->error, reader->file, value->place, "nested more than %d deep", PL_JSON_MOST_DEPTH);
    value->kind = kind;
    step(reader, 1);
    reader->depth++;
    PL_TRY(take_members(reader, value, closing));
    reader->depth--;
    return PL_OK;
}

static pl_status take_value(struct reader *reader, struct pl_json *value)
{
    value->place = reader->place;
    if (++reader->values > PL_JSON_MOST_VALUES)
        return pl_json_fail(reader->error, reader->file, reader->place, "more than %d values are too many",
                            PL_JSON_MOST_VALUES);
    if (is_here(reader, '{')) return take_nested(reader, value, PL_JSON_OBJECT, '}');
    if (is_here(reader, '[')) return take_nested(reader, value, PL_JSON_LIST, ']');
    if (is_here(reader, '"')) {
        value->kind = PL_JSON_TEXT;
        return take_text(reader, &value->text);
    }
    value->kind = PL_JSON_FLAG;
    value->flag = take_word(reader, "true");
    if (value->flag || take_word(reader, "false")) return PL_OK;
    value->kind = PL_JSON_NULL;
    if (take_word(reader, "null")) return PL_OK;
    if (is_here(reader, '-') || digits(reader->at, reader->end) > 0) return take_number(reader, value);
    return expect_failed(reader, "a value");
}

pl_status pl_json_read(struct pl_region *region, const char *file, const void *bytes, size_t size,
                       const struct pl_json **root, struct pl_error *error)
{
    const unsigned char *begin = bytes;
    struct reader reader = {.region = region, .file = file, .at = begin, .place = {1, 1}, .error = error};
    if (size > PL_JSON_MOST_BYTES)
        return pl_json_fail(error, file, reader.place, "%zu bytes are too many; %d are read at most", size,
                            PL_JSON_MOST_BYTES);
    reader.end = size > 0 ? begin + size : begin;
    struct pl_json *value = pl_region_allocate(region, sizeof *value);
    if (value == NULL) return no_memory(&reader);
    skip_space(&reader);
    PL_TRY(take_value(&reader, value));
    skip_space(&reader);
    if (reader.at != reader.end) return expect_failed(&reader, "nothing more");
    *root = value;
    return PL_OK;
}
