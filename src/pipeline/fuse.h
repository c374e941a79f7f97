/* SPDX-License-Identifier: Apache-2.0 */
/* Fusion: several models and the links between them become one file that stock TensorFlow Lite
 * loads, with the bits of the models run one after another. And its reverse: a model cut at
 * named tensors into two files. */
#ifndef PL_PIPELINE_FUSE_H
#define PL_PIPELINE_FUSE_H

#include "graph/adapter.h"
#include "model/model.h"

/* One of bytes and path is there. */
struct pl_fuse_model {
    const char *name;
    const char *path;
    const void *bytes;
    size_t size;
};

struct pl_fuse_link {
    const char *from_model;
    const char *output;
    const char *to_model;
    const char *input;
    struct pl_link_options options;
};

struct pl_fuse_kept {
    const char *model;
    const char *output;
};

struct pl_fuse_request {
    const struct pl_fuse_model *models;
    size_t model_count;
    const struct pl_fuse_link *links;
    size_t link_count;
    const struct pl_fuse_kept *kept; /* outputs that stay outputs although a link consumes them */
    size_t kept_count;
    bool keep_signatures;
};

/* Writes the file, which appears only when it is complete and verified. */
pl_status pl_fuse(struct pl_memory *memory, const struct pl_model_limits *limits,
                  const struct pl_fuse_request *request, const char *path, struct pl_error *error);

struct pl_split_request {
    struct pl_fuse_model model;
    const char *const *tensors; /* of the primary subgraph: a name, or #index */
    size_t tensor_count;
};

/* Writes two files: what it takes to produce the tensors, and the rest, which begins with them.
 * Both appear or none. */
pl_status pl_split(struct pl_memory *memory, const struct pl_model_limits *limits,
                   const struct pl_split_request *request, const char *first_path,
                   const char *second_path, struct pl_error *error);

#endif
