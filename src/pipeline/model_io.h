/* SPDX-License-Identifier: Apache-2.0 */
/* Models from files and into files. */
#ifndef PL_PIPELINE_MODEL_IO_H
#define PL_PIPELINE_MODEL_IO_H

#include "pipeline/fuse.h"

/* A model that is open, with its bytes if they are its own. */
struct pl_open_model {
    struct pl_memory *memory;
    struct pl_model *model;
    void *bytes; /* NULL: the caller's */
    size_t size;
};

/* Verifies the model; messages begin with its name. */
pl_status pl_open_model(struct pl_memory *memory, const struct pl_model_limits *limits,
                        const struct pl_fuse_model *from, struct pl_open_model *opened,
                        struct pl_error *error);
/* Of what is all zero too. */
void pl_close_model(struct pl_open_model *opened);

/* A file that is complete and verified, but not in its place yet. */
struct pl_saved {
    struct pl_memory *memory;
    char *temporary; /* beside its place */
    size_t room;
};

/* Encodes the model, writes it beside `path`, syncs it, and loads it again. */
pl_status pl_save_model(struct pl_memory *memory, const struct pl_model_limits *limits,
                        const struct pl_record *root, const char *path, struct pl_saved *saved,
                        struct pl_error *error);
/* Moves it to its place. */
pl_status pl_saved_place(struct pl_saved *saved, const char *path, struct pl_error *error);
/* Removes what was not moved. Of what is all zero too. */
void pl_saved_clear(struct pl_saved *saved);

#endif
