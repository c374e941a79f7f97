/* SPDX-License-Identifier: Apache-2.0 */
/* Models over HTTP, by the Open Inference Protocol: all that the command line knows of the server. */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plait/plait.h"

struct serve_model {
    const char *name; /* NULL: the file's stem */
    const char *path; /* of a .tflite, or of a pipeline (.json) */
};

/* How urgent a model is, see plait_set_class(). */
struct serve_class {
    const char *name;
    int32_t number;
    int32_t most; /* for requests of priority 1; number: requests have no say */
};

enum { SERVE_MOST_BATCH = 128 };

/* How requests for a model are put together. */
struct serve_batch {
    const char *name;  /* NULL: all models that are not named */
    unsigned most;     /* rows of a run; 1: none are; 0: it is not said */
    int64_t delay;     /* microseconds that a request waits for others; -1: it is not said */
};

struct serve_options {
    const struct serve_model *models;
    size_t model_count;
    const struct serve_class *classes; /* of models that are not of class 0 */
    size_t class_count;
    const struct serve_batch *batches;
    size_t batch_count;
    const char *repository; /* a folder; NULL: none */
    const char *bind;       /* an address */
    int32_t port;           /* 0: any that is free */
    int32_t threads;        /* of a model */
    int64_t memory_limit;   /* bytes of all models; 0: the library's default */
    int32_t sleep_below;    /* idle models of lower classes sleep for it */
    int32_t runs;           /* models that run at once; 0: as many as processors */
    const char *token_file; /* NULL: anybody may ask */
    const char *tls_certificate; /* files; both or none */
    const char *tls_key;
    int64_t body_limit;   /* bytes of a request's body, */
    int64_t json_limit;   /* and of JSON in it */
    int64_t bodies_limit; /* of all bodies at once */
    int64_t header_limit;
    int32_t connection_limit;
    int32_t queue_limit; /* requests that wait for one model */
    double idle_seconds;
    double transfer_seconds; /* for a request to come in, and for its answer to be taken */
    double watch_seconds;    /* between two looks whether files have changed; 0: none */
    double drain_seconds;    /* for what is under way at the end */
    int32_t log_level;       /* enum log_level */
    bool log_json;
};

void serve_options_default(struct serve_options *options);

/* Serves until SIGTERM or SIGINT, then answers what is under way and returns. What goes wrong at the start is in the log. */
plait_status serve(const struct serve_options *options);

#endif
