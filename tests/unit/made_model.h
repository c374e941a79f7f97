/* SPDX-License-Identifier: Apache-2.0 */
/* A small valid model made of records, for tests that plant one fault in it: in [1,4] + weights
 * [4] = out [1,4]. */
#ifndef PL_TESTS_MADE_MODEL_H
#define PL_TESTS_MADE_MODEL_H

#include "unit.h"

#include "model/model.h"
#include "model/write.h"

enum { MADE_TENSORS = 3, MADE_BUFFERS = 2 };

struct made_model {
    struct unit_memory unit;
    struct pl_region region;
    struct pl_record *root;
    struct pl_record *subgraph;
    struct pl_record *tensors[MADE_TENSORS]; /* in, weights, out */
    struct pl_record *buffers[MADE_BUFFERS]; /* empty, weights */
    struct pl_record *code;
    struct pl_record *op;
    struct pl_record *signature;
    struct pl_record *map_in; /* the signature's */
    struct pl_record *map_out;
};

void made_model_init(struct made_model *made);
/* Checks that nothing was leaked. */
void made_model_clear(struct made_model *made);

struct pl_record *made_record(struct made_model *made, enum pl_table table);
void made_integer(struct pl_record *record, enum pl_field field, int64_t value);
void made_real(struct pl_record *record, enum pl_field field, double value);
void made_text(struct made_model *made, struct pl_record *record, enum pl_field field,
               const char *text);
void made_child(struct pl_record *record, enum pl_field field, const struct pl_record *child);
/* count elements of the field's own type, copied. */
void made_numbers(struct made_model *made, struct pl_record *record, enum pl_field field,
                  const void *data, uint32_t count);
#define MADE_INT32S(made, record, field, ...)                                                      \
    made_numbers((made), (record), (field), (const int32_t[]){__VA_ARGS__},                        \
                 (uint32_t)(sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t)))
void made_tables(struct made_model *made, struct pl_record *record, enum pl_field field,
                 const struct pl_record *const *items, uint32_t count);

/* Writes the model and opens what was written; *bytes is to be freed with pl_free() after the
 * model is closed. */
pl_status made_open(struct made_model *made, struct pl_model **model, void **bytes, size_t *size,
                    struct pl_error *error);
/* That the model is accepted, or refused with a message that has this text and an offset in it. */
void made_expect_ok(struct made_model *made);
void made_expect(struct made_model *made, pl_status status, const char *text);

#endif
