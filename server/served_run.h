/* SPDX-License-Identifier: Apache-2.0 */
/* One run of what is served: short ones on the thread that answers, others as requests of the library, which are ended
 * where nobody wants the answer any more. */
#ifndef SERVER_SERVED_RUN_H
#define SERVER_SERVED_RUN_H

#include "served.h"

enum { LONGEST_RUN_MESSAGE = 1024 };

struct run_order {
    uint64_t deadline; /* by which it must have begun, of clock_now(); 0: none */
    turn_gone gone;    /* asked while it runs */
    void *user;
    char message[LONGEST_RUN_MESSAGE]; /* of a run that failed */
};

/* With the turn of `served` taken, and its inputs fed. PLAIT_CANCELLED: gone() said so. */
plait_status served_run(struct served *served, struct run_order *order, struct turnstile *runs);

#endif
