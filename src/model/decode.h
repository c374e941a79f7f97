/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a file to records: bounded reads driven by the schema's table, so that what
 * comes out has the form that the schema says. Whether it makes sense as a model is verify.h's
 * question. */
#ifndef PL_MODEL_DECODE_H
#define PL_MODEL_DECODE_H

#include "base/memory.h"
#include "base/status.h"
#include "model/file.h"
#include "model/record.h"

/* The root, a record of PL_TABLE_Model. Records live in the region; texts, and numbers that are
 * aligned, stay in the file. Checked: offsets, vtables, vectors, texts, alignment and the ranges
 * of enums. Time and memory are bounded by the size of the file, also where its tables are
 * shared. */
pl_status pl_decode_model(const struct pl_file *file, struct pl_region *region,
                          const struct pl_record **root, struct pl_error *error);

#endif
