/* SPDX-License-Identifier: Apache-2.0 */
/* Columns of text that line up, on stdout. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

struct table {
    const char *alignment; /* one character per column: 'l' or 'r' */
    char **cells;          /* row by row */
    size_t cell_count;
};

/* Appends a cell. Control characters, which a file's names may hold, become '?'. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints all rows, `indent` spaces before each, and frees the cells. */
void table_print(struct table *table, int indent);

/* Replaces control characters in place, so that a name out of a file cannot drive the terminal. */
void make_printable(char *text);

/* 12345678 as "12,345,678". To be freed. */
char *grouped_number(size_t number);

#endif
