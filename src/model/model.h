/* SPDX-License-Identifier: Apache-2.0 */
/* A model file that was verified: its records, and the bytes that they lead to. */
#ifndef PL_MODEL_MODEL_H
#define PL_MODEL_MODEL_H

#include "base/memory.h"
#include "base/status.h"
#include "model/file.h"
#include "model/record.h"

struct pl_model_limits {
    size_t tensor_bytes; /* of one tensor */
};

struct pl_model {
    struct pl_file file;
    struct pl_region region;      /* of the records */
    const struct pl_record *root; /* of PL_TABLE_Model */
};

/* Verifies the file and decodes it. The bytes must stay as they are until pl_model_close();
 * records point into them. What is checked is in verify.h; on failure the message names the
 * field and its offset, and there is nothing to close. */
pl_status pl_model_open(struct pl_memory *memory, const void *bytes, size_t size,
                        const struct pl_model_limits *limits, struct pl_model **model,
                        struct pl_error *error);
/* NULL is allowed. */
void pl_model_close(struct pl_model *model);

/* The bytes of a buffer (a record of PL_TABLE_Buffer) and an operator's custom options: in the
 * FlatBuffer or behind it. NULL and 0 bytes where the file gives none. */
const void *pl_model_buffer_bytes(const struct pl_file *file, const struct pl_record *buffer,
                                  size_t *bytes);
const void *pl_model_custom_options(const struct pl_file *file, const struct pl_record *op,
                                    size_t *bytes);
/* The same for a tensor; buffer 0 and empty buffers mean none. */
const void *pl_model_tensor_bytes(const struct pl_model *model, const struct pl_record *tensor,
                                  size_t *bytes);

/* PL_BuiltinOperator_* of a record of PL_TABLE_OperatorCode: the larger of the old field and the
 * new one. */
int32_t pl_model_operator_code(const struct pl_record *operator_code);

#endif
