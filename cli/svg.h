/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing into an SVG file: shapes and texts, in pixels from the upper left corner. */
#ifndef CLI_SVG_H
#define CLI_SVG_H

#include <stdbool.h>
#include <stdio.h>

enum { SVG_WIDTH = 1200 };

/* A page whose height is known when all is drawn. */
struct svg {
    FILE *body;
    char *text;
    size_t bytes;
    double height; /* of what is drawn so far */
};

void svg_open(struct svg *svg);
/* Writes the file and frees all. Returns an exit code. */
int svg_close(struct svg *svg, const char *path);

struct svg_text {
    double x, y; /* of its base line */
    double size;
    char anchor;       /* 's', 'm' or 'e': x is its start, middle or end */
    bool bold;
    const char *colour; /* NULL: black */
    double width;      /* what is longer is cut; 0: any */
};
/* Whatever bytes the text has. Nothing is drawn where fewer than four characters fit. */
void svg_text(struct svg *svg, const struct svg_text *place, const char *text);

/* A rectangle with round corners; `about` is shown where the pointer rests, NULL: nothing. */
struct svg_box {
    double x, y, width, height, radius;
    const char *fill, *stroke;
    double opacity;
};
void svg_box(struct svg *svg, const struct svg_box *box, const char *about);

/* From left to right, bent so that it leaves and arrives level. */
void svg_curve(struct svg *svg, double x1, double y1, double x2, double y2, bool arrow);
void svg_line(struct svg *svg, double x1, double y1, double x2, double y2, const char *colour, bool dashed);

/* About how wide a text of this size is. */
double svg_text_width(const char *text, double size);

/* Colours of model number `index`: of an area, and of its edge. */
const char *svg_fill(size_t index);
const char *svg_stroke(size_t index);

#endif
