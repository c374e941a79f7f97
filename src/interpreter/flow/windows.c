/* SPDX-License-Identifier: Apache-2.0 */
/* Windows over rows: what came so far, and when there is enough. */
#include <string.h>

#include "interpreter/flow/flow_internal.h"
#include "interpreter/models/models.h"

struct pl_window_state *pl_window_find(const struct pl_instance *instance, int32_t tensor)
{
    struct pl_window_state *window = instance->windows;
    while (window != NULL && window->tensor != tensor) window = window->next;
    return window;
}

/* The crop and its boxes lie behind each other; what was there for another link stays unused. */
static bool keep_crop(struct pl_instance *instance, struct pl_window_state *window, const struct pl_crop *crop)
{
    if (window->box_capacity < crop->boxes.most) {
        window->boxes = pl_region_array(&instance->region, (size_t)crop->boxes.most, sizeof window->boxes[0]);
        window->box_capacity = window->boxes != NULL ? crop->boxes.most : 0;
    }
    if (window->crop == NULL) window->crop = pl_region_allocate(&instance->region, sizeof *window->crop);
    if (window->crop == NULL || window->boxes == NULL) return false;
    *window->crop = *crop;
    return true;
}

bool pl_window_add(struct pl_instance *instance, int32_t tensor, struct pl_link_options *options)
{
    struct pl_window_state *window = pl_window_find(instance, tensor);
    if (options->hop == 0 && options->when.kind == PL_CONDITION_NONE && options->crop == NULL) return true;
    if (window == NULL) {
        window = pl_region_allocate(&instance->region, sizeof *window);
        if (window == NULL) return false;
        window->next = instance->windows;
        window->tensor = tensor;
        instance->windows = window;
    }
    window->begun = false;
    window->box_count = window->box_next = 0;
    if (options->crop == NULL) return true;
    if (!keep_crop(instance, window, options->crop)) return false;
    options->crop = window->crop;
    return true;
}

void pl_windows_reset(struct pl_instance *instance)
{
    for (struct pl_window_state *window = instance->windows; window != NULL; window = window->next) {
        window->begun = false;
        window->box_count = window->box_next = 0;
    }
    for (const struct pl_buffer *buffer = instance->buffers; buffer != NULL; buffer = buffer->next)
        if (pl_slot_is_rows(&buffer->slot)) pl_buffer_reset(buffer);
    instance->ran = 0;
}

/* What does not fill a hop at the beginning of the first window: so that it is full just when a hop is. */
static int32_t rows_before_first(const struct pl_joined_link *link)
{
    return (link->hop - link->window_rows % link->hop) % link->hop;
}

/* The rows of nothing that come first are no part of any window. */
static struct pl_window_state *begun_window(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *window = window_of(plan, link);
    if (window->begun) return window;
    window->filled = rows_before_first(link);
    window->missing = link->window_rows + window->filled;
    window->zeros = link->zero_rows;
    window->offered = window->taken = 0;
    window->begun = true;
    return window;
}

static int zero_byte(const struct pl_tensor *tensor)
{
    const bool bytes = tensor->type == PL_INT8 || tensor->type == PL_UINT8;
    return bytes && tensor->quantization.count > 0 ? tensor->quantization.zero_points[0] : 0;
}

size_t pl_window_take(const struct pl_unit_plan *plan, const struct pl_joined_link *link, const char *data, size_t count)
{
    struct pl_window_state *window = begun_window(plan, link);
    const size_t bytes = row_bytes(plan, link);
    char *rows = bytes_of(plan, link->rows);
    int32_t zeros = link->hop - window->filled < window->zeros ? link->hop - window->filled : window->zeros;
    memset(rows + (size_t)window->filled * bytes, zero_byte(tensor_at(plan, link->rows)->value.tensor), (size_t)zeros * bytes);
    window->filled += zeros;
    window->zeros -= zeros;
    size_t taken = (size_t)(link->hop - window->filled);
    if (taken > count) taken = count;
    if (taken > 0) memcpy(rows + (size_t)window->filled * bytes, data, taken * bytes);
    window->filled += (int32_t)taken;
    return taken;
}

bool pl_window_has_hop(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *window = begun_window(plan, link);
    if (link->from >= 0) {
        const char *data = bytes_of(plan, link->from) + window->taken * row_bytes(plan, link);
        window->taken += pl_window_take(plan, link, data, window->offered - window->taken);
    } else {
        (void)pl_window_take(plan, link, NULL, 0);
    }
    return window->filled == link->hop;
}

bool pl_window_use_hop(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *window = window_of(plan, link);
    window->filled = 0;
    window->missing = window->missing > link->hop ? window->missing - link->hop : 0;
    return window->missing == 0;
}

size_t pl_window_left(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    const struct pl_window_state *window = begun_window(plan, link);
    return window->offered - window->taken;
}

void pl_window_offer(const struct pl_unit_plan *plan, const struct pl_joined_link *link)
{
    struct pl_window_state *window = begun_window(plan, link);
    window->offered = tensor_at(plan, link->from)->bytes / row_bytes(plan, link);
    window->taken = 0;
}
