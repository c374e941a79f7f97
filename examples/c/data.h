/* SPDX-License-Identifier: Apache-2.0 */
/* What the examples in C share: data from .npy files, and real numbers to int8 and back. */
#ifndef EXAMPLES_C_DATA_H
#define EXAMPLES_C_DATA_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS = 450, PIXELS = 64, CLASSES = 10, MACHINES = 4, SOUNDS = 10, BANDS = 640 };

static inline void stop(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* The elements of a .npy file that must hold exactly so many bytes. */
static inline void *read_elements(const char *folder, const char *name, size_t bytes)
{
    char path[4096];
    unsigned char prefix[10];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    void *elements = malloc(bytes);
    if (file == NULL || elements == NULL || fread(prefix, 1, sizeof prefix, file) != sizeof prefix)
        stop(path, "cannot be read");
    if (fseek(file, prefix[8] + 256L * prefix[9], SEEK_CUR) != 0 ||
        fread(elements, 1, bytes, file) != bytes)
        stop(path, "is too short");
    fclose(file);
    return elements;
}

static inline int8_t to_int8(float value, float scale, int32_t zero_point)
{
    const float q = roundf(value / scale) + (float)zero_point;
    return (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
}

static inline float to_real(int8_t value, float scale, int32_t zero_point)
{
    return (float)(value - zero_point) * scale;
}

static inline int largest(const int8_t *scores, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (scores[i] > scores[best]) best = i;
    return best;
}

#endif
