/* SPDX-License-Identifier: Apache-2.0 */
/* Names come out of files and can hold anything: what XML cannot have becomes '?'. */
#include "svg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "json_text.h"
#include "talk.h"

enum { LEAST_CHARACTERS = 4 };

static const double glyph = 0.6; /* of the size, on average */

static const char *const fills[] = {"#a6cee3", "#fdbf6f", "#b2df8a", "#fb9a99", "#cab2d6",
                                    "#ffe680", "#9fd9cf", "#e0c2a2", "#f4b6d8", "#c3cbd6"};
static const char *const strokes[] = {"#1f6091", "#b35f00", "#33801f", "#b3201f", "#6a3d9a",
                                      "#8f7300", "#1b7f6f", "#7d4f21", "#a8327a", "#4d5866"};
enum { COLOURS = sizeof fills / sizeof fills[0] };

const char *svg_fill(size_t index)
{
    return fills[index % COLOURS];
}

const char *svg_stroke(size_t index)
{
    return strokes[index % COLOURS];
}

/* ---- the file -------------------------------------------------------------------------------- */

void svg_open(struct svg *svg)
{
    *svg = (struct svg){0};
    svg->body = open_memstream(&svg->text, &svg->bytes);
    if (svg->body == NULL) exit(complain(EXIT_MEMORY, "out of memory"));
}

static void write_page(const struct svg *svg, FILE *file)
{
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\" "
            "font-family=\"Helvetica, Arial, sans-serif\">\n"
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
            "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555\"/></marker></defs>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            SVG_WIDTH, svg->height, SVG_WIDTH, svg->height);
    fwrite(svg->text, 1, svg->bytes, file);
    fputs("</svg>\n", file);
}

int svg_close(struct svg *svg, const char *path)
{
    if (fclose(svg->body) != 0) exit(complain(EXIT_MEMORY, "out of memory"));
    FILE *file = fopen(path, "w");
    bool fine = file != NULL;
    if (fine) {
        write_page(svg, file);
        fine = ferror(file) == 0;
        fine = fclose(file) == 0 && fine;
    }
    free(svg->text);
    return fine ? EXIT_FINE : complain(EXIT_FILE, "--svg: %s: %s", path, strerror(errno));
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool is_clean(const char *text)
{
    json_t *value = json_string(text); /* UTF-8, or NULL */
    json_decref(value);
    return value != NULL && strstr(text, "\xef\xbf\xbe") == NULL && strstr(text, "\xef\xbf\xbf") == NULL;
}

/* The first `characters` of it. */
static void put_escaped(struct svg *svg, const char *text, size_t characters)
{
    const bool clean = is_clean(text);
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        const bool continued = (byte & 0xc0) == 0x80;
        if (!continued && characters-- == 0) return;
        if (byte == '&') fputs("&amp;", svg->body);
        else if (byte == '<') fputs("&lt;", svg->body);
        else if (byte == '>') fputs("&gt;", svg->body);
        else if (byte >= 0x80 && clean) putc(byte, svg->body);
        else if (!continued) putc((byte < ' ' && byte != '\n') || byte >= 0x7f ? '?' : byte, svg->body);
    }
}

static size_t character_count(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

double svg_text_width(const char *text, double size)
{
    return (double)character_count(text) * size * glyph;
}

void svg_text(struct svg *svg, const struct svg_text *place, const char *text)
{
    const double fits = place->width / (place->size * (place->bold ? glyph * 1.08 : glyph));
    const size_t count = character_count(text);
    const bool cut = place->width > 0 && (double)count > fits;
    if (cut && fits < LEAST_CHARACTERS) return;
    fprintf(svg->body, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\"%s%s fill=\"%s\">", place->x, place->y, place->size,
            place->anchor == 'm' ? " text-anchor=\"middle\"" : place->anchor == 'e' ? " text-anchor=\"end\"" : "",
            place->bold ? " font-weight=\"bold\"" : "", place->colour != NULL ? place->colour : "#111");
    put_escaped(svg, text, cut ? (size_t)fits - 1 : count + 1);
    fprintf(svg->body, "%s</text>\n", cut ? "\xe2\x80\xa6" : "");
}

/* ---- shapes ---------------------------------------------------------------------------------- */

void svg_box(struct svg *svg, const struct svg_box *box, const char *about)
{
    fprintf(svg->body, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"", box->x, box->y, box->width,
            box->height, box->fill);
    if (box->radius > 0) fprintf(svg->body, " rx=\"%.0f\"", box->radius);
    if (box->stroke != NULL) fprintf(svg->body, " stroke=\"%s\"", box->stroke);
    if (box->opacity > 0) fprintf(svg->body, " fill-opacity=\"%.2g\"", box->opacity);
    if (about == NULL) {
        fputs("/>\n", svg->body);
        return;
    }
    fputs("><title>", svg->body);
    put_escaped(svg, about, strlen(about) + 1);
    fputs("</title></rect>\n", svg->body);
}

void svg_curve(struct svg *svg, double x1, double y1, double x2, double y2, bool arrow)
{
    const double middle = (x1 + x2) / 2;
    fprintf(svg->body, "<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\" fill=\"none\" stroke=\"#555\"%s/>\n", x1, y1,
            middle, y1, middle, y2, x2, y2, arrow ? " marker-end=\"url(#arrow)\"" : "");
}

void svg_line(struct svg *svg, double x1, double y1, double x2, double y2, const char *colour, bool dashed)
{
    fprintf(svg->body, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\"%s/>\n", x1, y1, x2, y2, colour,
            dashed ? " stroke-dasharray=\"6 4\"" : "");
}
