/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a classifier's answers: a text file with one name a line, the first for index 0. */
#ifndef CLI_LABELS_H
#define CLI_LABELS_H

#include <stddef.h>

struct labels {
    char **names;
    size_t count;
};

/* Reads a file. Where every line starts with its own index ("0 background"), the index is left
 * out of the name. Returns an exit code; labels_free() in any case. */
int labels_read(struct labels *labels, const char *path);
void labels_free(struct labels *labels);

#endif
