/* SPDX-License-Identifier: Apache-2.0 */
#include "duration.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    double nanoseconds;
} units[] = {{"ns", 1.0}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};

bool duration_read(const char *text, uint64_t *nanoseconds)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]) && text[0] != '.') return false;
    const double number = strtod(text, &end);
    double length = strcmp(end, "Hz") == 0 ? 1e9 / number : 0.0;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].name) == 0) length = number * units[i].nanoseconds;
    if (!isfinite(length) || length < 1.0 || length > 24.0 * 3600.0 * 1e9) return false;
    *nanoseconds = (uint64_t)llround(length);
    return true;
}
