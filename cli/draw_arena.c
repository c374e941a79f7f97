/* SPDX-License-Identifier: Apache-2.0 */
/* The arena over time: to the right the operators in the order in which they run, upwards the bytes of the arena. */
#include <stdlib.h>

#include "draw.h"
#include "heap.h"
#include "table.h"

enum { LEFT = 92, RIGHT = 24, HEIGHT = 320, HEAD = 26, FOOT = 34, TICKS = 4, LEAST_WIDTH = 90 };
enum { NAME_WIDTH = 36, NAME_HEIGHT = 12 }; /* a piece as large as this shows its name */

struct plot {
    struct svg *svg;
    const struct models *models;
    const struct arena_map *map;
    double top, bottom; /* of the plot */
    double bytes;       /* that its height is */
};

static double y_of(const struct plot *plot, size_t bytes)
{
    return plot->bottom - (plot->bottom - plot->top) * (double)bytes / plot->bytes;
}

/* Room for each model, more for one with more steps. */
static double width_of(const struct plot *plot, const struct arena_model *model)
{
    const double all = SVG_WIDTH - LEFT - RIGHT, count = (double)plot->map->count;
    const double least = LEAST_WIDTH * count < all / 2 ? LEAST_WIDTH : all / 2 / count;
    const double steps = plot->map->steps > 0 ? (double)plot->map->steps : 1;
    return least + (all - least * count) * (double)model->steps / steps;
}

/* A step of 1, 2 or 5 times a power of ten, so that there are a few up to the top. */
static double tick_of(double most)
{
    double tick = 1;
    while (tick * 10 * TICKS <= most) tick *= 10;
    return tick * 5 * TICKS <= most ? tick * 5 : tick * 2 * TICKS <= most ? tick * 2 : tick;
}

static void draw_axis(const struct plot *plot)
{
    const double tick = tick_of(plot->bytes);
    for (double at = 0; at <= plot->bytes; at += tick) {
        const double y = y_of(plot, (size_t)at);
        char *number = tick < 1000 ? heap_text("%.0f B", at) : heap_text("%.0f kB", at / 1000);
        svg_line(plot->svg, LEFT, y, SVG_WIDTH - RIGHT, y, "#ddd", false);
        svg_text(plot->svg, &(struct svg_text){.x = LEFT - 8, .y = y + 4, .size = 11, .anchor = 'e', .colour = "#555"}, number);
        free(number);
    }
}

static char *step_text(const struct plot *plot, const struct arena_model *model, size_t step)
{
    struct plait_profile_entry entry;
    if (plait_profile_at(plot->models->items[model->index].model, step, &entry) != PLAIT_OK) return heap_text("%s", "?");
    if (entry.operator_index < 0) return heap_text("%s of a link", entry.name);
    return heap_text("%d (%s)", entry.operator_index, entry.name);
}

static void draw_piece(const struct plot *plot, const struct arena_model *model, size_t index, double x, double step_width)
{
    const struct plait_arena_piece *piece = &model->pieces[index];
    char *first = step_text(plot, model, piece->first_step), *last = step_text(plot, model, piece->last_step);
    char *bytes = grouped_number(piece->bytes), *offset = grouped_number(piece->offset);
    const char *name = piece->tensor != NULL ? piece->tensor : "scratch";
    char *about = heap_text("%s: %s\n%s bytes at %s\noperators %s to %s", plot->models->items[model->index].name, name, bytes,
                            offset, first, last);
    const double left = x + step_width * (double)piece->first_step, top = y_of(plot, piece->offset + piece->bytes);
    const double width = step_width * (double)(piece->last_step - piece->first_step + 1);
    const double height = y_of(plot, piece->offset) - top;
    svg_box(plot->svg, &(struct svg_box){.x = left, .y = top, .width = width, .height = height,
                                         .fill = piece->tensor != NULL ? svg_fill(model->index) : "#ffffff",
                                         .stroke = svg_stroke(model->index), .opacity = 0.8}, about);
    /* What is written over it begins with the last step. */
    const double free_width = piece->last_step > piece->first_step ? width - step_width : width;
    if (free_width >= NAME_WIDTH && height >= NAME_HEIGHT)
        svg_text(plot->svg, &(struct svg_text){.x = left + 4, .y = top + height / 2 + 3, .size = 9, .anchor = 's',
                                               .colour = "#333", .width = free_width - 6}, name);
    free(about);
    free(offset);
    free(bytes);
    free(last);
    free(first);
}

static void draw_model(const struct plot *plot, const struct arena_model *model, double x, double width)
{
    const double step_width = model->steps > 0 ? width / (double)model->steps : width;
    char *steps = heap_text("%zu%s", model->steps, width < LEAST_WIDTH ? "" : model->steps == 1 ? " operator" : " operators");
    svg_box(plot->svg, &(struct svg_box){.x = x, .y = plot->top - HEAD, .width = width, .height = HEAD - 6,
                                         .fill = svg_fill(model->index)}, plot->models->items[model->index].name);
    svg_text(plot->svg, &(struct svg_text){.x = x + width / 2, .y = plot->top - HEAD + 14, .size = 11, .anchor = 'm',
                                           .bold = true, .width = width - 6}, plot->models->items[model->index].name);
    svg_text(plot->svg, &(struct svg_text){.x = x + width / 2, .y = plot->bottom + 15, .size = 10, .anchor = 'm',
                                           .colour = "#555", .width = width - 4}, steps);
    for (size_t i = 0; i < model->count; i++) draw_piece(plot, model, i, x, step_width);
    svg_line(plot->svg, x + width, plot->top - HEAD, x + width, plot->bottom + 4, "#999", false);
    free(steps);
}

static void draw_high_water(const struct plot *plot)
{
    char *bytes = grouped_number(plot->map->arena_bytes), *text = heap_text("high-water mark: %s bytes", bytes);
    const double y = y_of(plot, plot->map->arena_bytes);
    svg_line(plot->svg, LEFT, y, SVG_WIDTH - RIGHT, y, "#c00", true);
    svg_text(plot->svg, &(struct svg_text){.x = SVG_WIDTH - RIGHT, .y = y - 5, .size = 12, .anchor = 'e', .bold = true,
                                           .colour = "#c00"}, text);
    free(text);
    free(bytes);
}

void draw_arena(struct svg *svg, const struct models *models, const struct arena_map *map)
{
    struct plot plot = {.svg = svg, .models = models, .map = map, .top = svg->height + HEAD,
                        .bottom = svg->height + HEAD + HEIGHT,
                        .bytes = map->arena_bytes > 0 ? (double)map->arena_bytes * 1.09 : 1};
    double x = LEFT;
    draw_axis(&plot);
    for (size_t i = 0; i < map->count; i++) {
        const double width = width_of(&plot, &map->models[i]);
        draw_model(&plot, &map->models[i], x, width);
        x += width;
    }
    draw_high_water(&plot);
    svg->height = plot.bottom + FOOT;
}
