/* SPDX-License-Identifier: Apache-2.0 */
/* fork(): while the process is copied no run begins or ends, nothing falls asleep or wakes, and no constant comes or goes.
 * What the parent's other threads run and were asked for does not run in the child. */
#include "interpreter/interpreter_internal.h"

static void prepare(void *user)
{
    struct pl_interpreter *interpreter = user;
    pthread_mutex_lock(&interpreter->sleep);
    pl_lock(interpreter);
    pl_constant_store_hold(interpreter->store);
}

static void let_go(struct pl_interpreter *interpreter)
{
    pl_constant_store_let_go(interpreter->store);
    pthread_mutex_unlock(&interpreter->lock);
    pthread_mutex_unlock(&interpreter->sleep);
}

static void in_parent(void *user)
{
    let_go(user);
}

static void in_child(void *user)
{
    struct pl_interpreter *interpreter = user;
    pl_init_recursive(&interpreter->change); /* it may be held for long, so it was not waited for */
    interpreter->planning = interpreter->waiting = 0;
    pl_init_condition(&interpreter->room);
    pl_requests_forget(interpreter);
    pl_turns_forget(interpreter);
    let_go(interpreter);
}

bool pl_interpreter_at_fork(struct pl_interpreter *interpreter)
{
    static const struct pl_at_fork_functions functions = {prepare, in_parent, in_child};
    return pl_at_fork_add(&interpreter->at_fork, &functions, interpreter);
}
