/* SPDX-License-Identifier: Apache-2.0 */
/* FlexBuffers, as far as the options of custom operators need them: a map from names to numbers,
 * found without trusting a byte. Nothing is copied, and no read leaves the buffer. */
#ifndef PL_MODEL_FLEXBUFFER_H
#define PL_MODEL_FLEXBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A vector of values of one width, each with its type behind them. */
struct pl_flexbuffer_map {
    const uint8_t *data;
    size_t bytes;
    size_t count;
    size_t values; /* offsets in data; the types follow the values */
    size_t width;  /* of a value in bytes */
    size_t keys;
    size_t key_width;
};

enum pl_flexbuffer_kind {
    PL_FLEXBUFFER_ABSENT,  /* no such key, or null */
    PL_FLEXBUFFER_INTEGER, /* integer is set; booleans are 0 and 1 */
    PL_FLEXBUFFER_REAL,    /* real is set */
    PL_FLEXBUFFER_OTHER    /* no number, or it leads out of the buffer */
};

struct pl_flexbuffer_number {
    enum pl_flexbuffer_kind kind;
    int64_t integer;
    double real;
};

/* False if the root is no map that lies in the buffer. */
bool pl_flexbuffer_open(const void *data, size_t bytes, struct pl_flexbuffer_map *map);

struct pl_flexbuffer_number pl_flexbuffer_find(const struct pl_flexbuffer_map *map,
                                               const char *key);

#endif
