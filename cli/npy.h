/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's .npy files: little-endian arrays in C order, of the types that tensors have. */
#ifndef CLI_NPY_H
#define CLI_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plait/plait.h"

enum { NPY_MAX_RANK = 32 };

struct npy_array {
    plait_type type;
    int32_t rank;
    int32_t dims[NPY_MAX_RANK];
    size_t width; /* of strings: bytes of each, shorter ones end in 0 */
    size_t bytes;
    void *data; /* freed by npy_free() */
};

/* Whether a file's first bytes are those of a .npy file. */
bool npy_is(const unsigned char *head, size_t bytes);

/* Reads a whole file. Returns an exit code, after saying what is wrong. */
int npy_read(struct npy_array *array, const char *path);
void npy_free(struct npy_array *array);

/* Writes a file of version 1.0. */
int npy_write(const struct npy_array *array, const char *path);

#endif
