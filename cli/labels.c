/* SPDX-License-Identifier: Apache-2.0 */
#include "labels.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

/* What stands behind "INDEX " or "INDEX:" at the beginning of a line, NULL if nothing of the
 * kind is there. */
static char *behind_index(char *line, size_t index)
{
    char *end;
    unsigned long number = strtoul(line, &end, 10);
    if (end == line || number != index || (!isspace((unsigned char)*end) && *end != ':'))
        return NULL;
    end += *end == ':';
    while (isspace((unsigned char)*end)) end++;
    return end;
}

static void take_indices_away(struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++)
        if (behind_index(labels->names[i], i) == NULL) return;
    for (size_t i = 0; i < labels->count; i++) {
        char *name = behind_index(labels->names[i], i);
        memmove(labels->names[i], name, strlen(name) + 1);
    }
}

int labels_read(struct labels *labels, const char *path)
{
    *labels = (struct labels){0};
    FILE *file = fopen(path, "r");
    if (file == NULL) return complain(EXIT_FILE, "%s: %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    for (ssize_t length; (length = getline(&line, &room, file)) >= 0;) {
        while (length > 0 && isspace((unsigned char)line[length - 1])) line[--length] = '\0';
        labels->names = heap_grow(labels->names, labels->count, sizeof *labels->names);
        labels->names[labels->count++] = heap_text("%s", line);
    }
    free(line);
    bool failed = ferror(file) != 0;
    int reason = errno;
    fclose(file);
    if (failed) return complain(EXIT_FILE, "%s: %s", path, strerror(reason));
    while (labels->count > 0 && labels->names[labels->count - 1][0] == '\0')
        free(labels->names[--labels->count]);
    if (labels->count == 0) return complain(EXIT_FILE, "%s: no labels in it", path);
    take_indices_away(labels);
    return EXIT_FINE;
}

void labels_free(struct labels *labels)
{
    for (size_t i = 0; i < labels->count; i++) free(labels->names[i]);
    free(labels->names);
}
