/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: cells are kept until all are known, then printed as wide as the widest of their
 * column. */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"

void make_printable(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
}

char *grouped_number(size_t number)
{
    char *digits = heap_text("%zu", number);
    size_t length = strlen(digits), written = 0;
    char *text = heap_array(length + length / 3 + 1, 1);
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) text[written++] = ',';
        text[written++] = digits[i];
    }
    free(digits);
    return text;
}

void table_add(struct table *table, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *cell = heap_text_of(format, arguments);
    va_end(arguments);
    make_printable(cell);
    table->cells = heap_grow(table->cells, table->cell_count, sizeof *table->cells);
    table->cells[table->cell_count++] = cell;
}

/* Columns on the terminal: characters, not bytes, of UTF-8. */
static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_row(char *const *cells, const size_t *widths, const char *alignment, int indent)
{
    size_t used = strlen(alignment); /* nothing is printed behind the last cell that is not empty */
    while (used > 0 && cells[used - 1][0] == '\0') used--;
    printf("%*s", indent, "");
    for (size_t column = 0; column < used; column++) {
        int padding = (int)(widths[column] - text_width(cells[column]));
        if (column > 0 && widths[column - 1] > 0) fputs("  ", stdout);
        if (alignment[column] == 'r') printf("%*s%s", padding, "", cells[column]);
        else printf("%s%*s", cells[column], column + 1 < used ? padding : 0, "");
    }
    putchar('\n');
}

void table_print(struct table *table, int indent)
{
    size_t columns = strlen(table->alignment), rows = table->cell_count / columns;
    size_t *widths = heap_array(columns, sizeof *widths);
    for (size_t i = 0; i < rows * columns; i++) {
        size_t width = text_width(table->cells[i]);
        if (width > widths[i % columns]) widths[i % columns] = width;
    }
    for (size_t row = 0; row < rows; row++)
        print_row(table->cells + row * columns, widths, table->alignment, indent);
    for (size_t i = 0; i < table->cell_count; i++) free(table->cells[i]);
    free(table->cells);
    free(widths);
    *table = (struct table){.alignment = table->alignment};
}
