/* SPDX-License-Identifier: Apache-2.0 */
/* One run of what is served: short ones on the thread that answers, others as requests of the library, which are ended
 * where nobody wants the answer any more. */
#ifndef SERVER_SERVED_RUN_H
#define SERVER_SERVED_RUN_H

#include "served.h"

enum { LONGEST_RUN_MESSAGE = 1024 };

struct run_order {
    struct plait_model *model; /* what is served or one for several requests; NULL: the pipeline */
    uint64_t urgency;  /* which of the classes that it may have, see served_class_of() */
    uint64_t deadline; /* by which it must have begun, of clock_now(); 0: none */
    uint64_t *last_run; /* nanoseconds that it took last, 0: it has not run; of whoever has the turn */
    turn_gone gone;    /* asked while it runs */
    void *user;
    char message[LONGEST_RUN_MESSAGE]; /* of a run that failed */
};

/* With the turn of `served` taken, and inputs fed. `runs` has a turnstile for each class. PLAIT_CANCELLED: gone() said so. */
plait_status served_run(struct served *served, struct run_order *order, struct turnstile *runs);

#endif
