/* SPDX-License-Identifier: Apache-2.0 */
#include "draw.h"

#include <stdlib.h>

#include "heap.h"
#include "table.h"

enum { MARGIN = 24 };

static void draw_heading(struct svg *svg, const char *text)
{
    svg->height += 34;
    svg_text(svg, &(struct svg_text){.x = MARGIN, .y = svg->height - 10, .size = 15, .anchor = 's', .bold = true}, text);
}

static void draw_total(struct svg *svg, const struct models *models)
{
    struct plait_stats stats = {.cpu = ""};
    plait_get_stats(models->interpreter, &stats);
    char *bytes = grouped_number(stats.memory_bytes);
    char *text = heap_text("Memory: %s bytes in all, with kernels for %s", bytes, stats.cpu);
    draw_heading(svg, text);
    free(text);
    free(bytes);
}

int draw(const struct models *models, const char *path)
{
    struct svg svg;
    struct arena_map map;
    arena_map_make(&map, models);
    svg_open(&svg);
    draw_heading(&svg, "Models and links");
    draw_models(&svg, models);
    draw_heading(&svg, "The arena while one operator after the other runs (white: scratch)");
    draw_arena(&svg, models, &map);
    draw_total(&svg, models);
    draw_memory(&svg, models);
    arena_map_free(&map);
    return svg_close(&svg, path);
}
