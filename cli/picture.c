/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures by stb_image. Resizing is done here, because it is part of what a model sees: plain
 * interpolation between pixel centres, without smoothing first, as TensorFlow's own resize with
 * half-pixel centres does it. */
#include "picture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_BMP
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS 32768
#include <stb_image.h>

bool picture_is(const unsigned char *head, size_t bytes)
{
    static const unsigned char png[] = {0x89, 'P', 'N', 'G'}, jpeg[] = {0xff, 0xd8, 0xff};
    return (bytes >= 4 && memcmp(head, png, 4) == 0) ||
           (bytes >= 3 && memcmp(head, jpeg, 3) == 0) || (bytes >= 2 && memcmp(head, "BM", 2) == 0);
}

int picture_read(struct picture *picture, const char *path, int32_t channels)
{
    *picture = (struct picture){.channels = channels};
    FILE *file = fopen(path, "rb");
    if (file == NULL) return complain(EXIT_FILE, "%s: %s", path, strerror(errno));
    int channels_in_file;
    picture->pixels =
        stbi_load_from_file(file, &picture->width, &picture->height, &channels_in_file, channels);
    fclose(file);
    if (picture->pixels == NULL)
        return complain(EXIT_FILE, "%s: cannot read this picture: %s", path, stbi_failure_reason());
    if (picture->width < 1 || picture->height < 1)
        return complain(EXIT_FILE, "%s: a picture of %dx%d pixels", path, picture->width,
                        picture->height);
    return EXIT_FINE;
}

void picture_free(struct picture *picture)
{
    free(picture->pixels);
    picture->pixels = NULL;
}

/* ---- resizing -------------------------------------------------------------------------------- */

/* Where one output row or column comes from: two inputs and the weight of the second. */
struct source {
    int32_t first;
    int32_t second;
    float weight;
};

static struct source *sources_bilinear(int32_t from, int32_t to)
{
    struct source *sources = heap_array((size_t)to, sizeof *sources);
    for (int32_t i = 0; i < to; i++) {
        double at = ((double)i + 0.5) * from / to - 0.5;
        at = at < 0 ? 0 : at > from - 1 ? from - 1 : at;
        sources[i].first = (int32_t)at;
        sources[i].second = sources[i].first + 1 < from ? sources[i].first + 1 : from - 1;
        sources[i].weight = (float)(at - sources[i].first);
    }
    return sources;
}

/* The position is added up, not multiplied: where a centre falls exactly between two pixels, the
 * rounding of this sum decides, and Pillow's NEAREST, by which others have prepared their
 * pictures, adds up. */
static struct source *sources_nearest(int32_t from, int32_t to)
{
    struct source *sources = heap_array((size_t)to, sizeof *sources);
    double step = (double)from / to, at = step * 0.5;
    for (int32_t i = 0; i < to; i++, at += step) {
        int32_t pixel = (int32_t)at;
        sources[i].first = sources[i].second = pixel < from ? pixel : from - 1;
    }
    return sources;
}

static float mix(float first, float second, float weight)
{
    return first + (second - first) * weight;
}

static uint8_t sample(const struct picture *picture, struct source row, struct source column,
                      int32_t channel)
{
    size_t stride = (size_t)picture->width * (size_t)picture->channels;
    size_t left = (size_t)column.first * (size_t)picture->channels + (size_t)channel;
    size_t right = (size_t)column.second * (size_t)picture->channels + (size_t)channel;
    const uint8_t *top = picture->pixels + (size_t)row.first * stride;
    const uint8_t *bottom = picture->pixels + (size_t)row.second * stride;
    float value = mix(mix(top[left], top[right], column.weight),
                      mix(bottom[left], bottom[right], column.weight), row.weight);
    return (uint8_t)(value + 0.5f);
}

void picture_resize(struct picture *picture, int32_t width, int32_t height, bool nearest)
{
    if (picture->width == width && picture->height == height) return;
    struct source *(*find)(int32_t, int32_t) = nearest ? sources_nearest : sources_bilinear;
    struct source *rows = find(picture->height, height), *columns = find(picture->width, width);
    uint8_t *pixels = heap_array((size_t)width * (size_t)height, (size_t)picture->channels);
    uint8_t *out = pixels;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            for (int32_t channel = 0; channel < picture->channels; channel++)
                *out++ = sample(picture, rows[y], columns[x], channel);
    free(rows);
    free(columns);
    free(picture->pixels);
    *picture = (struct picture){width, height, picture->channels, pixels};
}

/* ---- elements -------------------------------------------------------------------------------- */

char *picture_fill(const struct picture *picture, plait_type type,
                   const struct picture_settings *settings, void *elements)
{
    size_t count = (size_t)picture->width * (size_t)picture->height * (size_t)picture->channels;
    if (type == PLAIT_UINT8) {
        memcpy(elements, picture->pixels, count);
        return heap_text("bytes as they are");
    }
    if (type == PLAIT_INT8) {
        int8_t *out = elements;
        for (size_t i = 0; i < count; i++) out[i] = (int8_t)(picture->pixels[i] - 128);
        return heap_text("byte - 128");
    }
    if (type == PLAIT_FLOAT32) {
        float *out = elements;
        for (size_t i = 0; i < count; i++)
            out[i] = (float)((picture->pixels[i] - settings->mean) / settings->deviation);
        return heap_text("(byte - %g) / %g", settings->mean, settings->deviation);
    }
    return NULL;
}
