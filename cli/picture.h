/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures (BMP, PNG, JPEG): reading, resizing, and turning bytes into the elements of a tensor. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plait/plait.h"

/* channels bytes per pixel, row by row from the top. */
struct picture {
    int32_t width;
    int32_t height;
    int32_t channels;
    uint8_t *pixels; /* freed by picture_free() */
};

struct picture_settings {
    bool nearest; /* else bilinear */
    double mean;  /* float tensors get (byte - mean) / deviation */
    double deviation;
};

/* Whether a file's first bytes are those of a picture that can be read. */
bool picture_is(const unsigned char *head, size_t bytes);

/* Reads a file as 1 (luminance), 3 (RGB) or 4 (RGBA) channels. Returns an exit code, after
 * saying what is wrong. */
int picture_read(struct picture *picture, const char *path, int32_t channels);
void picture_free(struct picture *picture);

/* Makes the picture width x height. Both ways put pixel centres at i + 0.5. */
void picture_resize(struct picture *picture, int32_t width, int32_t height, bool nearest);

/* Writes pixels as elements: uint8 the bytes, int8 byte - 128, float (byte - mean) / deviation;
 * NULL stands for a type that pictures are not turned into, otherwise the text says what was
 * done. The text is freed by the caller. */
char *picture_fill(const struct picture *picture, plait_type type,
                   const struct picture_settings *settings, void *elements);

#endif
