/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to an inference request: outputs are copied while it is the request's turn, and written afterwards. */
#ifndef SERVER_INFER_REPLY_H
#define SERVER_INFER_REPLY_H

#include "infer_request.h"

/* An output as the run left it. */
struct result {
    struct shape shape;
    struct bytes data; /* strings in TensorFlow Lite's layout */
};

/* A part of an output along its first dimension, of which `all` have equal shares. */
struct rows {
    unsigned first;
    unsigned count;
    unsigned all; /* 1: it is the whole, and may be a scalar, or strings */
};

/* Copies one output. False: memory ran out, or a string has not its bytes yet. */
bool result_copy(struct result *result, const struct plait_tensor *from, const struct rows *rows);
/* The same for an output that is boxes: those that the last run found, the best first. False: memory ran out. */
bool result_copy_boxes(struct result *result, const struct served_tensor *tensor);
/* Writes all of them. */
void infer_reply(const struct infer *infer, const struct served *served, const struct result *results, struct reply *reply);

#endif
