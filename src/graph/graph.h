/* SPDX-License-Identifier: Apache-2.0 */
/* The graph: what a model is once it is verified and imported. Immutable after it is built, counted, shared by clones.
 * Everything in it lives in its region or in the constant store; nothing points into the file. */
#ifndef PL_GRAPH_GRAPH_H
#define PL_GRAPH_GRAPH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/tensor_type.h"
#include "graph/boxes.h"
#include "graph/constant.h"
#include "graph/parts.h"
#include "model/record.h"

/* real = scales[c] * (q - zero_points[c]), c along `dimension` where count > 1. count == 0: not quantized. */
struct pl_quantization {
    int32_t count;
    int32_t dimension;
    const float *scales;        /* count */
    const int32_t *zero_points; /* count (a file that leaves them out means 0) */
    /* Blockwise instead: block_size > 0 neighbours of the last dimension have one of block_scales. */
    int32_t block_size;
    int64_t block_count;
    const float *block_scales;
};

struct pl_tensor {
    const char *name; /* may be "" and need not be unique */
    pl_type type;
    bool has_signature;     /* the file leaves dimensions open: see `signature` */
    bool is_variable;       /* state that survives an invoke */
    struct pl_shape shape;     /* the file's */
    struct pl_shape signature; /* the same with -1 for open dimensions; equals shape if !has_signature */
    struct pl_quantization quantization;
    struct pl_constant *constant;      /* NULL unless the file gives the bytes */
    const struct pl_record *sparsity;  /* of the file, NULL if dense; the constant here is dense in any case */
};

struct pl_operator {
    int32_t code;            /* PL_BuiltinOperator_* */
    const char *custom_name; /* of CUSTOM operators, else NULL */
    int32_t version;
    int32_t index;  /* in its subgraph of the file; -1 for an adapter */
    int32_t member; /* which graph of a join it came from; 0 otherwise */
    int32_t subgraph_base; /* what a join adds to the subgraph indices in its options; 0 otherwise */
    bool shared;           /* in a join: it stands for operators of other members too */
    bool per_row;          /* of a model with windows: runs with every hop of new rows, be the windows full or not */
    int64_t moves_on;      /* behind a window: input 0 is, most likely, what it was in the run before from this element on,
                            * and then as many new ones; 0: not known */
    const struct pl_record *options; /* NULL if the file has none */
    const void *custom_options;      /* bytes, FlexBuffer by convention */
    size_t custom_options_bytes;
    int32_t input_count;
    int32_t output_count;
    int32_t intermediate_count;
    const int32_t *inputs; /* tensor indices, -1: an optional input left out */
    const int32_t *outputs;
    const int32_t *intermediates;
};

/* Operators of plait's own, which no file has: their custom_options are one of the structs here. */
enum { PL_OPERATOR_ROWS = -1, PL_OPERATOR_CROP = -2 };

/* The number of an operator of plait's own, or of the rows that a window takes, in its model. */
static inline int32_t pl_own_index(int32_t number, bool taken_rows)
{
    return INT32_MIN + 2 * number + taken_rows;
}

/* Whether such a number is of plait's own. */
static inline bool pl_index_is_own(int32_t index)
{
    return index < INT32_MIN / 2;
}

/* ROWS: of the rows that came before, `keep` are kept (negative: so many of the new ones are skipped); the output is the
 * first `take` of these and the new ones. */
struct pl_rows {
    int32_t axis; /* of the input, along which `fresh` rows come */
    int32_t fresh;
    int32_t keep;
    int32_t take;
    struct pl_shape output; /* another shape than the input's may have the same rows */
};

/* CROP: of the picture that is input 0, the rows and columns that input 1 says (first row, first column, last row + 1, last
 * column + 1; what is beyond the picture is left out, and where nothing is left it is the whole picture), resized as by
 * RESIZE_BILINEAR with half_pixel_centers. */
struct pl_crop_shape {
    struct pl_shape output; /* [1, height, width, channels] */
};
enum { PL_CROP_NUMBERS = 4 };

struct pl_subgraph {
    const char *name;
    int32_t tensor_count;
    int32_t operator_count;
    int32_t input_count;
    int32_t output_count;
    struct pl_tensor *tensors;
    struct pl_operator *operators; /* in execution order: every tensor is produced before it is used */
    const int32_t *inputs;
    const int32_t *outputs;
};

struct pl_signature_tensor {
    const char *name;
    int32_t tensor;
};

struct pl_signature {
    const char *key;
    int32_t subgraph;
    int32_t input_count;
    int32_t output_count;
    const struct pl_signature_tensor *inputs; /* sorted by name */
    const struct pl_signature_tensor *outputs;
};

/* When the consumer of a link runs. */
typedef enum pl_condition_kind {
    PL_CONDITION_NONE, /* always */
    PL_CONDITION_AT_LEAST, /* an element is `least` or more: number `index`, or any if that is -1 */
    PL_CONDITION_BEST,     /* element number `index` is the largest, the first of such */
    PL_CONDITION_EVERY     /* in each index-th run of the producer */
} pl_condition_kind;

struct pl_condition {
    pl_condition_kind kind;
    int32_t tensor; /* that is looked at; of the producer, in a join of that; -1: the one that is linked */
    int32_t index;
    double least; /* of values, not of elements as stored, */
    double until; /* and once it holds, it holds until none is so much: `least`, or something below it */
};

/* A link inside a join: tensor `to` is the consumer's input, fed by tensor `from` of the producer (both indices of
 * subgraph 0 of the join). Without an adapter they are one buffer and operators name only `from`. */
struct pl_joined_link {
    int32_t from;
    int32_t to;
    int32_t to_member;
    bool adapted; /* adapter operators produce `to` from `from` */
    bool given;   /* `from` is an input that no link feeds: it is there whether its model runs or not */
    /* Of a window: `from` is -1 where the caller brings the rows, and operators that are per_row make `to`. */
    int32_t rows; /* the tensor that takes hop new rows, of the producer's type; -1: no window */
    int32_t hop;
    int32_t zero_rows;
    int32_t window_rows;
    struct pl_condition when; /* never of a window */
    const struct pl_crop *crop; /* `to` is made of parts of `from` that boxes say, whose tensors are the join's; NULL: it is not */
    int32_t box;                /* the tensor that takes CROP's input 1; -1: it has none */
};

/* How an operator of a join with windows is run, where windows are reused. */
struct pl_reuse {
    int32_t fresh_rows;  /* of its output, computed for each hop; 0: it runs once for each window, as it is */
    int32_t window_rows; /* of its output, in a window */
    const char *why_not; /* it reads windows and is not reused; NULL otherwise */
};

/* What a file says beside the model, for programs. */
struct pl_metadata {
    const char *name;
    const struct pl_constant *content; /* NULL: no bytes */
};

/* What an operator of a join is to those of other members that read the same. */
struct pl_sharing {
    int32_t of_member; /* whose it is, and which of its operators */
    int32_t of_index;
    int32_t member; /* whose operator computes it, and which one; -1: it is computed itself */
    int32_t index;
    int32_t models;      /* further ones whose operators it computes */
    const char *why_not; /* others read what it reads, and neither computes the other; NULL otherwise */
};

/* What a graph was imported from: a file, or bytes of the caller's that stay as they are (device PL_CALLERS_BYTES, `file`
 * their address). The hash tells whether a file was changed where it lies. */
struct pl_graph_source {
    uint64_t device;
    uint64_t file;
    uint64_t bytes;
    uint64_t hash;
};
#define PL_CALLERS_BYTES UINT64_MAX

/* Graphs that a further load of their source can have; they take themselves out when they end. Guarded like the store. */
struct pl_graph_shelf {
    struct pl_graph *first;
};

struct pl_graph {
    atomic_int references;
    struct pl_region region;
    struct pl_constant_store *store;
    struct pl_graph_shelf *shelf; /* on which it is; NULL: on none */
    struct pl_graph *next, *previous;
    struct pl_graph_source from;
    const char *description;
    int32_t metadata_count;
    const struct pl_metadata *metadata;
    int32_t part_count;          /* where operators of a fused file came from */
    const struct pl_part *parts;
    void (*drop_source)(void *source, size_t bytes); /* what borrowed constants point into; NULL: the caller's */
    void *source;
    size_t source_bytes;
    const char *path;       /* of the file it is from, where that can be read again; NULL otherwise */
    const void *bytes;      /* all of it, where they stay as they are; NULL otherwise */
    int32_t subgraph_count;
    int32_t signature_count;
    int32_t constant_count;
    int32_t member_count; /* graphs joined into this one; 1 if imported */
    int32_t link_count;
    struct pl_subgraph *subgraphs; /* 0 is the primary one */
    struct pl_signature *signatures;
    struct pl_constant **constants; /* references this graph holds: one per buffer of the file that is used */
    /* of a join, NULL otherwise: */
    struct pl_graph **members;             /* references to the graphs it joins */
    const int32_t *member_tensors;         /* where each member's tensors begin in subgraph 0 */
    const struct pl_joined_link *links;    /* in the order of their consumers */
    int32_t sharing_count;
    const struct pl_sharing *sharing; /* of operators of which there is something to say */
    struct pl_graph *origin; /* what it is a rewritten form of, and whose members it has: a reference; NULL otherwise */
    const struct pl_reuse *reuse; /* of a rewritten form: one per operator of the origin's subgraph 0 */
};

/* An empty graph with one reference and member_count 1, to be filled by who asked for it. It lives in one allocation
 * and its region. */
pl_status pl_graph_create(struct pl_memory *memory, struct pl_constant_store *store, struct pl_graph **graph,
                          struct pl_error *error);
void pl_graph_retain(struct pl_graph *graph);
/* Puts a graph that was imported from this source on the shelf, to be found as long as somebody has it. */
void pl_graph_shelve(struct pl_graph *graph, const struct pl_graph_source *from, struct pl_graph_shelf *shelf);
/* A new reference to the one of this source; NULL: there is none. */
struct pl_graph *pl_graph_find(const struct pl_graph_shelf *shelf, const struct pl_graph_source *from);
/* Releases constants and members too. Guarded like the store. NULL is allowed. */
void pl_graph_release(struct pl_graph *graph);

/* Whether a link of a join makes windows of rows. */
bool pl_graph_has_windows(const struct pl_graph *graph);
/* Whether its members run as rows or values decide, and not just one after another. */
bool pl_graph_is_flow(const struct pl_graph *graph);

/* The name for messages: "CONV_2D", or a custom operator's own. */
const char *pl_operator_name(const struct pl_operator *op);

#endif
