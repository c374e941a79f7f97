/* SPDX-License-Identifier: Apache-2.0 */
#include "link_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

/* One ",NAME" or ",NAME=VALUE" behind the two ends. */
struct field {
    const char *name; /* with the '=', if a value follows */
    int32_t least;    /* of whole numbers */
    int32_t *whole;   /* where the value goes: one of these is set */
    float *single;
    double *real;
    char **text;
    bool *given; /* is set, too, if not NULL */
};

enum { MOST_FIELDS = 32 };

/* Where they go, of this link; `read` is what was there beside the options. */
struct read {
    int32_t best;
    int32_t every;
    bool axis, zeros, index, threshold, is_best, is_every;
};

static size_t list_fields(struct link_text *link, struct read *read, struct field *fields)
{
    struct plait_link_options *options = &link->options;
    struct crop_text *crop = &link->crop;
    struct plait_boxes *boxes = &crop->crop.boxes;
    const struct field all[] = {
        {.name = "reshape", .given = &options->reshape},
        {.name = "cast", .given = &options->cast},
        {.name = "input", .given = &options->from_input},
        {.name = "scale=", .single = &options->scale, .given = &options->has_scale},
        {.name = "offset=", .single = &options->offset, .given = &options->has_offset},
        {.name = "window=", .least = 1, .whole = &options->hop},
        {.name = "axis=", .least = INT32_MIN, .whole = &options->axis, .given = &read->axis},
        {.name = "zeros=", .whole = &options->zero_rows, .given = &read->zeros},
        {.name = "threshold=", .real = &options->when_least, .given = &read->threshold},
        {.name = "until=", .real = &options->when_until, .given = &options->when_has_until},
        {.name = "index=", .whole = &options->when_index, .given = &read->index},
        {.name = "best=", .whole = &read->best, .given = &read->is_best},
        {.name = "every=", .least = 1, .whole = &read->every, .given = &read->is_every},
        {.name = "output=", .text = &link->when_output},
        {.name = "crop=", .text = &crop->from},
        {.name = "scores=", .text = &crop->scores},
        {.name = "order=", .text = &crop->order},
        {.name = "anchors=", .text = &crop->anchors},
        {.name = "variances=", .text = &crop->variances},
        {.name = "linear", .given = &boxes->linear},
        {.name = "sigmoid", .given = &boxes->sigmoid},
        {.name = "class=", .whole = &boxes->class_index, .given = &crop->more},
        {.name = "least=", .real = &boxes->least, .given = &crop->more},
        {.name = "overlap=", .real = &boxes->overlap, .given = &crop->more},
        {.name = "most=", .least = 1, .whole = &boxes->most, .given = &crop->more},
        {.name = "margin=", .real = &crop->crop.margin, .given = &crop->more},
    };
    const size_t count = sizeof all / sizeof all[0];
    memcpy(fields, all, sizeof all);
    return count;
}

/* False: it cannot be there. */
static bool take_value(const struct field *field, const char *value)
{
    char *end = NULL;
    if (field->text != NULL) {
        free(*field->text);
        *field->text = heap_text("%s", value);
        return true;
    }
    if (field->whole != NULL) {
        const long number = strtol(value, &end, 10);
        if (number < field->least || number > INT32_MAX) return false;
        *field->whole = (int32_t)number;
    } else {
        const double number = strtod(value, &end);
        if (isnan(number)) return false;
        if (field->single != NULL) *field->single = strtof(value, &end);
        else *field->real = number;
    }
    return end != value && *end == '\0';
}

/* Takes one field off the end of a link's text. *found: there was one. */
static int take_field(char *text, const struct field *fields, size_t count, bool *found)
{
    char *comma = strrchr(text, ',');
    *found = false;
    for (size_t i = 0; comma != NULL && i < count && !*found; i++) {
        const struct field *field = &fields[i];
        const size_t length = strlen(field->name);
        const bool has_value = field->name[length - 1] == '=';
        if (has_value ? strncmp(comma + 1, field->name, length) != 0 : strcmp(comma + 1, field->name) != 0) continue;
        if (has_value && !take_value(field, comma + 1 + length))
            return complain(EXIT_USAGE, "--link: '%s' is no number that can be there", comma + 1);
        if (field->given != NULL) *field->given = true;
        *comma = '\0';
        *found = true;
    }
    return EXIT_FINE;
}

/* Makes a condition of what was read. */
static int take_condition(struct link_text *link, const struct read *read)
{
    struct plait_link_options *options = &link->options;
    const int kinds = read->threshold + read->is_best + read->is_every;
    if (kinds > 1)
        return complain(EXIT_USAGE, "--link: a condition is one of ,threshold= ,best= and ,every=");
    if ((read->index || options->when_has_until) && !read->threshold)
        return complain(EXIT_USAGE, "--link: ,index= and ,until= are of ,threshold=VALUE, which is missing");
    if (link->when_output != NULL && kinds == 0)
        return complain(EXIT_USAGE, "--link: ,output= is of a condition: ,threshold= ,best= or ,every= is missing");
    if (read->threshold) options->when = PLAIT_WHEN_AT_LEAST;
    if (read->threshold && !read->index) options->when_index = -1;
    if (read->is_best) options->when = PLAIT_WHEN_BEST;
    if (read->is_best) options->when_index = read->best;
    if (read->is_every) options->when = PLAIT_WHEN_EVERY;
    if (read->is_every) options->when_index = read->every;
    options->when_output = link->when_output;
    return EXIT_FINE;
}

static int take_fields(struct link_text *link, char *text)
{
    struct field fields[MOST_FIELDS];
    struct read read = {0};
    const size_t count = list_fields(link, &read, fields);
    int code = EXIT_FINE;
    for (bool found = true; found && code == EXIT_FINE;) code = take_field(text, fields, count, &found);
    if (code == EXIT_FINE && link->options.hop == 0 && (read.axis || read.zeros))
        code = complain(EXIT_USAGE, "--link: ,axis= and ,zeros= are of a window; ,window=HOP is missing");
    link->crop.more = link->crop.more || link->crop.crop.boxes.linear || link->crop.crop.boxes.sigmoid;
    if (code == EXIT_FINE) code = crop_text_take(&link->crop, &link->options.crop);
    return code == EXIT_FINE ? take_condition(link, &read) : code;
}

int link_read(struct link_text *link, const struct models *models, const char *value)
{
    char *ends = heap_text("%s", value);
    *link = (struct link_text){0};
    plait_link_options_default(&link->options);
    crop_text_begin(&link->crop);
    int code = take_fields(link, ends);
    if (code == EXIT_FINE)
        code = reference_read(&link->from, models, "--link", ends, "A.OUT=B.IN");
    if (code == EXIT_FINE)
        code = reference_read(&link->to, models, "--link", link->from.rest, NULL);
    link->from.rest = link->to.rest = NULL;
    free(ends);
    return code;
}

void link_free(struct link_text *link)
{
    reference_free(&link->from);
    reference_free(&link->to);
    free(link->when_output);
    crop_text_free(&link->crop);
}
