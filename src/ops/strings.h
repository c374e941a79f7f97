/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of strings, in TensorFlow Lite's layout: an int32 count, count + 1 int32 offsets from the
 * beginning of the buffer (the last is its end), then the characters. Whatever is read was checked
 * before: a buffer may come from a file or from a caller. */
#ifndef PL_OPS_STRINGS_H
#define PL_OPS_STRINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/op.h"

struct pl_strings {
    const char *data;
    int32_t count;
};

/* Checks every offset. False if the buffer is not of that layout. */
bool pl_strings_open(const void *data, size_t bytes, struct pl_strings *strings);
/* String `index` of count; not terminated. */
const char *pl_strings_at(const struct pl_strings *strings, int32_t index, size_t *length);

/* In prepare: the strings of input i, one for each element of its shape. Like pl_prepare_read(),
 * PL_LATE if they are not known yet. */
pl_status pl_strings_read(struct pl_prepare *prepare, int32_t input, struct pl_strings *strings);
/* In prepare: output i has this shape, and text_bytes characters in all its strings. */
pl_status pl_strings_set_output(struct pl_prepare *prepare, int32_t output,
                                const struct pl_shape *shape, size_t text_bytes);
/* In eval: the strings of an input that pl_strings_read() has checked in prepare. */
struct pl_strings pl_strings_of_eval(const struct pl_eval *eval, int32_t input);

/* The bytes of a buffer; false if its offsets would not fit into 31 bits. */
bool pl_strings_bytes(int64_t count, size_t text_bytes, size_t *bytes);

/* Writes a buffer of pl_strings_bytes() from front to back: as many strings as were announced. */
struct pl_strings_writer {
    char *data;
    int32_t count;
    int32_t next;
    int32_t end; /* where the next string begins */
};
void pl_strings_begin(struct pl_strings_writer *writer, void *to, int32_t count);
void pl_strings_add(struct pl_strings_writer *writer, const char *text, size_t length);

#endif
