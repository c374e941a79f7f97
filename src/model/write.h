/* SPDX-License-Identifier: Apache-2.0 */
/* From records to the bytes of a file: the same table of facts as reading. Fields that have
 * their default are left out, as every writer of FlatBuffers does; what decodes equal is written
 * equal. */
#ifndef PL_MODEL_WRITE_H
#define PL_MODEL_WRITE_H

#include <stdbool.h>

#include "base/memory.h"
#include "base/status.h"
#include "model/file.h"
#include "model/record.h"

struct pl_write_options {
    /* The file whose bytes buffers and operators refer to by offset; NULL if none of them does. */
    const struct pl_file *source;
    /* Put the bytes of buffers behind the FlatBuffer even if the file is small; they go there
     * anyway if the FlatBuffer would grow beyond 2 GiB. */
    bool buffers_behind;
};

/* Writes the model whose root this is. *bytes is the caller's, to be freed with pl_free(memory,
 * *bytes, *size). */
pl_status pl_model_write(struct pl_memory *memory, const struct pl_record *root,
                         const struct pl_write_options *options, void **bytes, size_t *size,
                         struct pl_error *error);

#endif
