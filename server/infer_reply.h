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

/* Copies one output. False: memory ran out, or a string has not its bytes yet. */
bool result_copy(struct result *result, const struct served_tensor *tensor);
/* Writes all of them. */
void infer_reply(const struct infer *infer, const struct served *served, const struct result *results, struct reply *reply);

#endif
