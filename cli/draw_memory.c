/* SPDX-License-Identifier: Apache-2.0 */
/* What all of it takes, a bar for each kind of memory: each model's part, and below it what there is of it together. */
#include <stdlib.h>

#include "draw.h"
#include "heap.h"
#include "table.h"

enum { LEFT = 150, RIGHT = 24, MARGIN = 12, ROW = 46, BAR = 18, BELOW = 7, LEAST_NAME = 36 };

struct kind {
    const char *name;
    size_t (*of_model)(const struct plait_memory *memory);
    size_t (*together)(const struct plait_stats *stats);
};

static size_t constants_of(const struct plait_memory *memory) { return memory->constant_bytes; }
static size_t io_of(const struct plait_memory *memory) { return memory->io_bytes; }
static size_t state_of(const struct plait_memory *memory) { return memory->state_bytes; }
static size_t arena_of(const struct plait_memory *memory) { return memory->arena_bytes; }
static size_t constants_together(const struct plait_stats *stats) { return stats->constant_bytes; }
static size_t io_together(const struct plait_stats *stats) { return stats->io_bytes; }
static size_t state_together(const struct plait_stats *stats) { return stats->state_bytes; }
static size_t arena_together(const struct plait_stats *stats) { return stats->arena_bytes; }

static const struct kind kinds[] = {
    {"constants", constants_of, constants_together},
    {"inputs and outputs", io_of, io_together},
    {"state", state_of, state_together},
    {"arena", arena_of, arena_together},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct row {
    struct plait_memory *memories;
    struct plait_stats stats;
    double bytes; /* that the width is */
};

static size_t sum_of(const struct models *models, const struct row *row, const struct kind *kind)
{
    size_t sum = 0;
    for (size_t i = 0; i < models->count; i++) sum += kind->of_model(&row->memories[i]);
    return sum;
}

static char *amount_text(size_t sum, size_t together)
{
    char *all = grouped_number(together), *alone = grouped_number(sum);
    char *text = sum > together ? heap_text("%s bytes; each model for itself: %s", all, alone) : heap_text("%s bytes", all);
    free(alone);
    free(all);
    return text;
}

static void draw_kind(struct svg *svg, const struct models *models, const struct row *row, const struct kind *kind)
{
    const double scale = (SVG_WIDTH - LEFT - RIGHT) / row->bytes;
    const size_t sum = sum_of(models, row, kind), together = kind->together(&row->stats);
    if (sum == 0 && together == 0) return;
    double x = LEFT;
    svg_text(svg, &(struct svg_text){.x = LEFT - 10, .y = svg->height + 13, .size = 12, .anchor = 'e'}, kind->name);
    for (size_t i = 0; i < models->count; i++) {
        const size_t bytes = kind->of_model(&row->memories[i]);
        const double width = (double)bytes * scale;
        char *number = grouped_number(bytes), *about = heap_text("%s: %s, %s bytes", models->items[i].name, kind->name, number);
        if (bytes > 0)
            svg_box(svg, &(struct svg_box){.x = x, .y = svg->height, .width = width, .height = BAR, .fill = svg_fill(i),
                                           .stroke = svg_stroke(i)}, about);
        if (width >= LEAST_NAME)
            svg_text(svg, &(struct svg_text){.x = x + width / 2, .y = svg->height + 13, .size = 10, .anchor = 'm',
                                             .width = width - 6}, models->items[i].name);
        x += width;
        free(about);
        free(number);
    }
    svg_box(svg, &(struct svg_box){.x = LEFT, .y = svg->height + BAR + 2, .width = (double)together * scale, .height = BELOW,
                                   .fill = "#444"}, NULL);
    char *text = amount_text(sum, together);
    const double end = LEFT + (double)together * scale + 6, width = svg_text_width(text, 11);
    const bool fits = end + width < SVG_WIDTH - RIGHT;
    svg_text(svg, &(struct svg_text){.x = fits ? end : SVG_WIDTH - RIGHT, .y = svg->height + BAR + (fits ? 10 : 20),
                                     .size = 11, .anchor = fits ? 's' : 'e', .colour = "#333"}, text);
    free(text);
    svg->height += ROW;
}

void draw_memory(struct svg *svg, const struct models *models)
{
    struct row row = {.memories = heap_array(models->count, sizeof *row.memories), .bytes = 1};
    plait_get_stats(models->interpreter, &row.stats);
    for (size_t i = 0; i < models->count; i++) plait_model_memory(models->items[i].model, &row.memories[i]);
    for (size_t k = 0; k < KINDS; k++) {
        const double sum = (double)sum_of(models, &row, &kinds[k]), together = (double)kinds[k].together(&row.stats);
        if (sum > row.bytes) row.bytes = sum;
        if (together > row.bytes) row.bytes = together;
    }
    for (size_t k = 0; k < KINDS; k++) draw_kind(svg, models, &row, &kinds[k]);
    free(row.memories);
    svg->height += MARGIN;
}
