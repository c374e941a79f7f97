/* SPDX-License-Identifier: Apache-2.0 */
/* Broken models made of good ones, by number: the same seed and number give the same file. */
#ifndef PL_TESTS_MUTATOR_H
#define PL_TESTS_MUTATOR_H

#include "model/model.h"

/* What a place in the file is, if it is not a field's own value. */
enum spot_kind { SPOT_NUMBER, SPOT_REAL, SPOT_OFFSET, SPOT_LENGTH, SPOT_VTABLE };

/* A number somewhere in the file that means something. */
struct spot {
    enum pl_field field;
    uint32_t at;
    uint8_t bytes;
    uint8_t kind;
};

struct mutator {
    struct pl_memory *memory;
    const uint8_t *bytes;
    size_t size;
    struct pl_region region; /* the records below, and what a mutation adds to them */
    struct pl_model *model;
    struct pl_record *root;     /* a copy whose values may be changed for a while */
    struct pl_record **records; /* all of it */
    size_t record_count;
    struct spot *spots; /* sorted by field */
    size_t spot_count;
    size_t fields[PL_FIELD_COUNT + 1]; /* where the spots of each field begin */
};

/* The bytes must be a valid model, and stay. */
bool mutator_init(struct mutator *mutator, struct pl_memory *memory, const void *bytes,
                  size_t size);
void mutator_clear(struct mutator *mutator);

/* The mutation of this number, in memory that is to be freed with pl_free(mutator->memory, *,
 * *size). */
uint8_t *mutator_make(struct mutator *mutator, uint64_t seed, uint64_t number, size_t *size);

#endif
