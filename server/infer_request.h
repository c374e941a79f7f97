/* SPDX-License-Identifier: Apache-2.0 */
/* An inference request, read and checked against the model: what is fed, and what is asked for. */
#ifndef SERVER_INFER_REQUEST_H
#define SERVER_INFER_REQUEST_H

#include "served.h"
#include "server.h"
#include "tensor_json.h"

struct infer_input {
    const struct served_tensor *tensor; /* NULL: not given */
    struct shape shape;
    const char *data; /* as plait_tensor_write() takes it: of the body, or of `own` */
    size_t bytes;
    struct bytes own;
};

struct infer_output {
    const struct served_tensor *tensor;
    bool binary;
    size_t classes; /* so many best elements as "value:index"; 0: all as they are */
};

struct infer {
    json_t *document;
    const char *id; /* NULL: none */
    struct infer_input *inputs; /* one for each of the model's, in its order */
    struct infer_output *outputs;
    size_t output_count;
    uint64_t timeout; /* nanoseconds; 0: none */
    uint64_t urgency; /* the request's priority: the least goes first; UINT64_MAX: it has none */
};

/* False, and the reply says why, where it is not a request for this model. infer_free() in any case. */
bool infer_read(struct infer *infer, const struct served *served, const struct request *request, struct reply *reply);
void infer_free(struct infer *infer, const struct served *served);

#endif
