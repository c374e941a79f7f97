/* SPDX-License-Identifier: Apache-2.0 */
/* Adapters: what stands between an output and an input that are not equal. They are LiteRT's own operators, so that
 * linked and fused models agree. */
#ifndef PL_GRAPH_ADAPTER_H
#define PL_GRAPH_ADAPTER_H

#include "graph/graph.h"

/* What the caller allows beside the adapters that quantization needs. */
struct pl_link_options {
    bool cast;
    bool reshape;
    bool has_scale; /* MUL, then ADD: two roundings */
    bool has_offset;
    float scale;
    float offset;
    int32_t hop;       /* > 0: the input is a window over a sequence of rows, and the model runs with so many new ones */
    int32_t axis;      /* of the input, along which rows come; negative: from the end */
    int32_t zero_rows; /* how many rows of zeros come before the first */
    bool from_input;   /* what the producer takes there, and not what it gives, is for the consumer too */
    struct pl_condition when;
    const char *when_output; /* of the producer, by name, until the link is made; NULL: the one that is linked */
    const struct pl_crop *crop; /* the consumer runs for each box, on that part of a picture; NULL: it does not */
};

typedef enum pl_adapter_kind {
    PL_ADAPTER_DEQUANTIZE,
    PL_ADAPTER_CAST,
    PL_ADAPTER_SCALE,
    PL_ADAPTER_OFFSET,
    PL_ADAPTER_QUANTIZE,
    PL_ADAPTER_RESHAPE
} pl_adapter_kind;

enum { PL_MAX_ADAPTERS = 6 };

struct pl_adapter {
    int32_t count; /* 0: both ends are equal, one buffer */
    pl_adapter_kind kinds[PL_MAX_ADAPTERS]; /* in the order they run */
};

/* What it takes from `from` to `to`, or PL_MISMATCH with both tensors named and what is different. */
pl_status pl_adapter_find(const struct pl_tensor *from, const struct pl_tensor *to,
                          const struct pl_link_options *options, struct pl_adapter *adapter, struct pl_error *error);

/* The axis of a window of this shape; -1 if it has no such axis, or hop is no number of rows. */
int32_t pl_window_axis(const struct pl_link_options *options, const struct pl_shape *window);

/* The builtin operator an adapter is. */
int32_t pl_adapter_operator(pl_adapter_kind kind);

#endif
