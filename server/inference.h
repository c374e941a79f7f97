/* SPDX-License-Identifier: Apache-2.0 */
/* An inference request under way: what infer.c, which answers it, and infer_batch.c and
 * infer_run.c, each called by the one before, share. */
#ifndef SERVER_INFERENCE_H
#define SERVER_INFERENCE_H

#include "infer_reply.h"
#include "served_run.h"

struct inference {
    const struct request *request;
    struct served *served;
    struct infer infer;
    struct waiter waiter;   /* at the model's turnstile; its user is this */
    unsigned rows;          /* so many rows of a batch it takes; 0: it can be part of none */
    uint64_t began_waiting;
    struct result *results; /* one for each output that is asked for */
    struct reply *reply;
    struct times times;
    enum failure failure;   /* where the reply is an error */
    bool fine;              /* it ran: of one that was carried */
};

/* inference.c */
/* Of requests that nobody wants any more, and of those that began too late; false. */
bool inference_is_late(struct inference *work);
bool inference_is_gone(struct inference *work);
/* Whether nobody wants the answer of this one. */
bool inference_has_no_client(void *work);

/* infer_run.c: with the model's turn taken, runs it for this request alone. False, and the reply says why, where it fails. */
bool inference_run(struct inference *work);

/* infer_batch.c */
/* How many rows it takes of a batch; 0: its inputs do not agree on that. */
unsigned inference_rows(const struct inference *work);
/* With the model's turn taken: runs it for this request, and for others that wait and fit, which are sent on then. */
bool inference_run_with_others(struct inference *work);

#endif
