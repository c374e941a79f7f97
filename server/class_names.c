/* SPDX-License-Identifier: Apache-2.0 */
#include "class_names.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reply.h"

enum { MOST_TEXT = 4 << 20 };

void class_names_free(struct class_names *names)
{
    bytes_free(&names->text);
    free(names->names);
    *names = (struct class_names){0};
}

/* ---- lines ------------------------------------------------------------------------------------------------------------ */

/* What stands behind "INDEX " or "INDEX:" at the beginning of a line, NULL if nothing of the kind is there. */
static const char *behind_index(const char *line, size_t index)
{
    char *end;
    const unsigned long number = strtoul(line, &end, 10);
    if (end == line || number != index || (!isspace((unsigned char)*end) && *end != ':')) return NULL;
    end += *end == ':';
    return end + strspn(end, " \t");
}

static void take_indices_away(struct class_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        if (behind_index(names->names[i], i) == NULL) return;
    for (size_t i = 0; i < names->count; i++) names->names[i] = behind_index(names->names[i], i);
}

/* Cuts the text, which ends with 0, into its lines. False: no memory. */
static bool cut(struct class_names *names)
{
    char *text = names->text.data;
    size_t lines = 1;
    for (const char *c = text; *c != '\0'; c++) lines += *c == '\n';
    names->names = calloc(lines, sizeof *names->names);
    if (names->names == NULL) return false;
    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) *end++ = '\0';
        for (size_t length = strlen(line); length > 0 && isspace((unsigned char)line[length - 1]);) line[--length] = '\0';
        names->names[names->count++] = line;
        line = end;
    }
    while (names->count > 0 && names->names[names->count - 1][0] == '\0') names->count--;
    take_indices_away(names);
    return true;
}

/* So many bytes of a file as names. */
static plait_status read_text(struct class_names *names, FILE *file, size_t bytes)
{
    char *room = bytes_room(&names->text, bytes + 1);
    if (room == NULL) return PLAIT_OUT_OF_MEMORY;
    names->text.length = fread(room, 1, bytes, file);
    room[names->text.length] = '\0';
    if (ferror(file)) return PLAIT_IO;
    if (strlen(room) != names->text.length || !is_utf8(room, names->text.length)) return PLAIT_INVALID_ARGUMENT;
    return cut(names) ? PLAIT_OK : PLAIT_OUT_OF_MEMORY;
}

plait_status class_names_read(struct class_names *names, const char *path, struct bytes *why)
{
    *names = (struct class_names){0};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        bytes_print(why, "%s: %s", path, strerror(errno));
        return PLAIT_IO;
    }
    plait_status status = read_text(names, file, MOST_TEXT);
    const int reason = errno;
    fclose(file);
    if (status == PLAIT_OK && names->count == 0) status = PLAIT_INVALID_ARGUMENT;
    if (status == PLAIT_OK) return status;
    class_names_free(names);
    if (status != PLAIT_OUT_OF_MEMORY)
        bytes_print(why, "%s: %s", path, status == PLAIT_IO ? strerror(reason) : "no labels in it, or not UTF-8");
    return status;
}

/* ---- the archive ------------------------------------------------------------------------------------------------------ */

enum { END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MOST_COMMENT = 65535, MOST_NAME = 256 };
enum { END_MARK = 0x06054b50, ENTRY_MARK = 0x02014b50, LOCAL_MARK = 0x04034b50 };

static uint32_t number(const unsigned char *at, size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) value |= (uint32_t)at[i] << (8 * i);
    return value;
}

static bool read_at(FILE *file, uint64_t place, void *data, size_t bytes)
{
    return place <= LONG_MAX && fseek(file, (long)place, SEEK_SET) == 0 && fread(data, 1, bytes, file) == bytes;
}

/* Where the list of files is, and how many there are: the last such record, a comment may follow it. */
static plait_status find_list(FILE *file, uint64_t *place, size_t *count)
{
    if (fseek(file, 0, SEEK_END) != 0) return PLAIT_NOT_FOUND;
    const long size = ftell(file), length = size < END_BYTES + MOST_COMMENT ? size : END_BYTES + MOST_COMMENT;
    if (size < END_BYTES) return PLAIT_NOT_FOUND;
    unsigned char *end = malloc((size_t)length);
    if (end == NULL) return PLAIT_OUT_OF_MEMORY;
    long at = read_at(file, (uint64_t)(size - length), end, (size_t)length) ? length - END_BYTES : -1;
    while (at >= 0 && number(end + at, 4) != END_MARK) at--;
    if (at >= 0) {
        *count = number(end + at + 10, 2);
        *place = number(end + at + 16, 4);
    }
    free(end);
    return at >= 0 ? PLAIT_OK : PLAIT_NOT_FOUND;
}

static bool is_text(const char *name, size_t length)
{
    return length > 4 && memcmp(name + length - 4, ".txt", 4) == 0;
}

/* The file that this entry of the list is about, where it is a text and stored as it is. */
static plait_status read_entry(struct class_names *names, FILE *file, const unsigned char *entry, uint64_t place)
{
    char name[MOST_NAME];
    unsigned char local[LOCAL_BYTES];
    const size_t length = number(entry + 28, 2), bytes = number(entry + 20, 4);
    if (number(entry + 10, 2) != 0 || length > sizeof name || bytes > MOST_TEXT) return PLAIT_NOT_FOUND;
    if (!read_at(file, place + ENTRY_BYTES, name, length) || !is_text(name, length)) return PLAIT_NOT_FOUND;
    if (!read_at(file, number(entry + 42, 4), local, sizeof local) || number(local, 4) != LOCAL_MARK) return PLAIT_NOT_FOUND;
    if (fseek(file, (long)number(local + 26, 2) + (long)number(local + 28, 2), SEEK_CUR) != 0) return PLAIT_NOT_FOUND;
    return read_text(names, file, bytes);
}

plait_status class_names_of_model(struct class_names *names, const char *path, size_t count)
{
    *names = (struct class_names){0};
    FILE *file = fopen(path, "re");
    uint64_t place = 0;
    size_t entries = 0;
    plait_status status = file != NULL ? find_list(file, &place, &entries) : PLAIT_NOT_FOUND;
    for (size_t i = 0; i < entries && status != PLAIT_OUT_OF_MEMORY; i++) {
        unsigned char entry[ENTRY_BYTES];
        if (!read_at(file, place, entry, sizeof entry) || number(entry, 4) != ENTRY_MARK) break;
        status = read_entry(names, file, entry, place);
        if (status == PLAIT_OK && names->count == count) break;
        class_names_free(names);
        place += ENTRY_BYTES + number(entry + 28, 2) + number(entry + 30, 2) + number(entry + 32, 2);
    }
    if (file != NULL) fclose(file);
    return status == PLAIT_OUT_OF_MEMORY ? status : PLAIT_OK;
}
