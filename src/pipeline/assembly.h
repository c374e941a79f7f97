/* SPDX-License-Identifier: Apache-2.0 */
/* A model file under construction from parts of others, in records: what a file carries that
 * nobody here knows of stays as it is. Tensors and operators are added to the primary subgraph;
 * buffers and operator codes are merged by content, and subgraphs that are called come along by
 * themselves.
 *
 * The sources' models and bytes must outlive the assembly: records lead into them. */
#ifndef PL_PIPELINE_ASSEMBLY_H
#define PL_PIPELINE_ASSEMBLY_H

#include "base/status.h"
#include "graph/parts.h"
#include "model/model.h"

/* A model that gives parts. */
struct pl_source {
    const char *name;
    const struct pl_model *model;
    const struct pl_record *primary; /* its subgraph 0 */
    uint32_t tensor_count;           /* of the primary subgraph */
    uint32_t input_count;
    uint32_t output_count;
    const int32_t *inputs;
    const int32_t *outputs;
    int32_t *tensors; /* what each tensor of the primary subgraph became, -1: nothing yet */
    bool own_resources;   /* they would be another source's too: they get this one's name */
    int32_t *subgraphs; /* as tensors */
    int32_t *buffers;
    int32_t *codes;
    uint32_t external_base; /* what is added to the ids of its external buffers */
    int64_t table_base;     /* what is added to the ids of its hash tables */
    struct pl_part *parts;  /* what it was fused from itself */
    int32_t part_count;
};

struct pl_record_list {
    const struct pl_record **items;
    uint32_t count;
    uint32_t room;
};

/* Where a tensor or a subgraph of the assembly comes from; source NULL: it was made here. */
struct pl_origin {
    struct pl_source *source;
    uint32_t index;
};

/* An input or output of the whole. */
struct pl_end {
    int32_t tensor;
    const char *name; /* as its own model calls it */
    const char *model;
};

struct pl_ends {
    struct pl_end *items;
    uint32_t count;
    uint32_t room;
};

struct pl_assembly {
    struct pl_region region;
    struct pl_error *error;
    struct pl_record_list tensors; /* of the primary subgraph */
    struct pl_record_list operators;
    struct pl_origin *tensor_origins;
    uint32_t settled; /* tensors whose own references were followed */
    const char **operator_parts; /* where each operator came from, in words */
    struct pl_ends inputs;
    struct pl_ends outputs;
    struct pl_record_list subgraphs; /* 0 is the primary one, NULL until it is finished */
    struct pl_origin *subgraph_origins;
    struct pl_record_list codes;
    struct pl_record_list buffers;
    struct pl_record_list metadata;
    struct pl_record_list signatures;
    struct pl_record_list groups; /* of external buffers */
    struct pl_record_list externals;
    int32_t *metadata_buffers; /* of the old field of that name */
    uint32_t metadata_buffer_count;
    uint32_t external_last; /* the largest id so far */
    struct pl_content_chain *contents;
    const char *description;
};

pl_status pl_assembly_init(struct pl_assembly *assembly, struct pl_memory *memory,
                           struct pl_error *error);
void pl_assembly_clear(struct pl_assembly *assembly);

/* Makes a source of a model; its external buffers are added at once. */
pl_status pl_assembly_source(struct pl_assembly *assembly, const char *name,
                             const struct pl_model *model, struct pl_source *source);

/* The place of a tensor of the source's primary subgraph; it is added if it is not there yet. */
pl_status pl_assembly_tensor(struct pl_assembly *assembly, struct pl_source *source, int32_t tensor,
                             int32_t *index);
/* A tensor made here. */
pl_status pl_assembly_new_tensor(struct pl_assembly *assembly, struct pl_record *tensor,
                                 int32_t *index);
/* Adds operator `op` of the source's primary subgraph with its tensors. */
pl_status pl_assembly_operator(struct pl_assembly *assembly, struct pl_source *source, uint32_t op);
/* Adds an operator made here; `part` says in words where it comes from. */
pl_status pl_assembly_new_operator(struct pl_assembly *assembly, struct pl_record *op, int32_t code,
                                   int32_t version, const char *part);
/* The place of a subgraph of the source; a copy is added if it is not there yet. */
pl_status pl_assembly_subgraph(struct pl_assembly *assembly, struct pl_source *source,
                               int64_t subgraph, int32_t *index);
pl_status pl_assembly_buffer(struct pl_assembly *assembly, const void *data, size_t bytes,
                             int32_t *index);
pl_status pl_assembly_source_buffer(struct pl_assembly *assembly, struct pl_source *source,
                                    int64_t buffer, int32_t *index);
pl_status pl_assembly_source_code(struct pl_assembly *assembly, struct pl_source *source,
                                  int64_t code, int32_t *index);
/* Makes a tensor of the source's primary subgraph an input or output of the whole. */
pl_status pl_assembly_end(struct pl_assembly *assembly, struct pl_source *source, int32_t tensor,
                          bool output);

/* Adds the tensors that other tensors lead to: none is missing afterwards. */
pl_status pl_assembly_settle(struct pl_assembly *assembly);
/* The root of the finished file. */
pl_status pl_assembly_finish(struct pl_assembly *assembly, const struct pl_record **root);

/* ---- whole.c: what concerns the file as a whole */

/* Gives the tensors of the primary subgraph names of their own: "model/name" where they collide. */
pl_status pl_assembly_name(struct pl_assembly *assembly);
/* Adds the signature of the whole, and with `own` those of the sources under keys of their own. */
pl_status pl_assembly_sign(struct pl_assembly *assembly, struct pl_source *sources, size_t count,
                           bool own);
/* Adds the descriptions and metadata of the sources, the highest minimum of the runtime's
 * version (least_version is that of what was added here, "" for nothing), and with `parts` where
 * operators came from. */
pl_status pl_assembly_describe(struct pl_assembly *assembly, struct pl_source *sources,
                               size_t count, const char *least_version, bool parts);
/* Of versions like "2.10.0". */
bool pl_version_is_lower(const char *a, const char *b);

/* ---- resources.c: marks the sources whose variables or hash tables another source would share
 * by accident */
pl_status pl_resources_separate(struct pl_assembly *assembly, struct pl_source *sources,
                                size_t count);
/* Adds the options that name what an operator of the primary subgraph uses, itself or in the
 * subgraphs it runs. */
pl_status pl_resources_of(struct pl_assembly *assembly, const struct pl_source *source, uint32_t op,
                          struct pl_record_list *list);
/* A resource that is in both lists; NULL if there is none. */
const struct pl_record *pl_resources_shared(const struct pl_record_list *a,
                                            const struct pl_record_list *b);

/* ---- merge.c */

pl_status pl_assembly_init_contents(struct pl_assembly *assembly);
/* The place of an operator code; it is added if there is no equal one. */
pl_status pl_assembly_code(struct pl_assembly *assembly, const struct pl_record *code,
                           int32_t *index);

/* ---- what the folder shares */

pl_status pl_assembly_no_memory(const struct pl_assembly *assembly);
pl_status pl_assembly_add(struct pl_assembly *assembly, struct pl_record_list *list,
                          const struct pl_record *record);
/* A text in the assembly's region; NULL if there is no more memory. */
char *pl_assembly_text(struct pl_assembly *assembly, const char *first, const char *between,
                       const char *last);
void pl_record_set_text(struct pl_record *record, enum pl_field field, const char *text);
void pl_record_set_vector(struct pl_record *record, enum pl_field field, const void *data,
                          uint32_t count);
void pl_record_set_integer(struct pl_record *record, enum pl_field field, int64_t value);
/* Number of items of a vector. */
uint32_t pl_record_count(const struct pl_record *record, enum pl_field field);

#endif
