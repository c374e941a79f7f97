/* SPDX-License-Identifier: Apache-2.0 */
/* Who changes models, and what a change leaves behind that a run still uses. That goes when the run has ended: at once, or
 * where somebody is changing something, with the end of his change. So neither waits for the other. */
#include "interpreter/allocate.h"
#include "interpreter/models/models.h"

void pl_change_begin(struct pl_interpreter *interpreter)
{
    pthread_mutex_lock(&interpreter->change);
}

static struct pl_component *take_gone(struct pl_interpreter *interpreter)
{
    pl_lock(interpreter);
    struct pl_component *gone = interpreter->gone;
    interpreter->gone = NULL;
    pthread_mutex_unlock(&interpreter->lock);
    return gone;
}

static bool has_gone(struct pl_interpreter *interpreter)
{
    pl_lock(interpreter);
    const bool has = interpreter->gone != NULL;
    pthread_mutex_unlock(&interpreter->lock);
    return has;
}

/* `change` is held. */
static void sweep(struct pl_interpreter *interpreter)
{
    struct pl_component *gone = take_gone(interpreter);
    while (gone != NULL) {
        struct pl_component *component = gone;
        gone = component->next_gone;
        while (component->outgoing != NULL) {
            struct pl_instance *outgoing = component->outgoing;
            component->outgoing = outgoing->next_outgoing;
            pl_instance_destroy(outgoing);
        }
        pl_component_destroy(interpreter, component);
    }
}

/* Between the last look and the unlocking a run may end that finds the lock taken. */
void pl_change_end(struct pl_interpreter *interpreter)
{
    do {
        sweep(interpreter);
        pthread_mutex_unlock(&interpreter->change);
    } while (has_gone(interpreter) && pthread_mutex_trylock(&interpreter->change) == 0);
}

void pl_change_sweep(struct pl_interpreter *interpreter)
{
    if (has_gone(interpreter) && pthread_mutex_trylock(&interpreter->change) == 0) pl_change_end(interpreter);
}

/* What came into its place while it ran finds what that has left. */
static void settle(struct pl_component *component)
{
    struct pl_unit_plan plan = {.unit = &component->unit, .component = component};
    if (plan.unit->program != NULL) pl_unit_settle(&plan);
    for (int32_t m = 0; m < component->member_count; m++) {
        plan.owner = component->members[m];
        for (int32_t i = 0; (plan.unit = pl_instance_unit(plan.owner, i)) != NULL; i++)
            if (plan.unit->program != NULL) pl_unit_settle(&plan);
    }
}

bool pl_component_end_run(struct pl_interpreter *interpreter, struct pl_component *component)
{
    struct pl_component *successor = component->successor;
    component->busy = false;
    if (successor == NULL) return false;
    successor->busy = false;
    successor->runner = NULL;
    settle(successor);
    component->next_gone = interpreter->gone;
    interpreter->gone = component;
    return true;
}
