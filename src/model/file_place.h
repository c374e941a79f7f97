/* SPDX-License-Identifier: Apache-2.0 */
/* A place in a model file, for messages: "subgraphs[0].tensors[12].shape[1]: ... at offset
 * 0x1a4". Places are chained on the stack of whoever walks through the file, so that nothing is
 * formatted until something is wrong. */
#ifndef PL_MODEL_FILE_PLACE_H
#define PL_MODEL_FILE_PLACE_H

#include "base/status.h"
#include "model/file.h"
#include "model/schema.h"

enum { PL_NO_INDEX = -1 };

struct pl_file_place {
    const struct pl_file_place *up; /* NULL: the field is one of the root */
    uint32_t table_at;              /* offset of the table that has the field */
    enum pl_field field;
    int64_t index; /* of the vector's element that is meant, or PL_NO_INDEX */
};

/* Fails with the place, the message and the offset. */
pl_status pl_file_place_fail(const struct pl_file *file, const struct pl_file_place *place,
                             struct pl_error *error, pl_status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
