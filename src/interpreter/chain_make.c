/* SPDX-License-Identifier: Apache-2.0 */
/* Which steps make a chain, and how their stages are cut. */
#include <assert.h>

#include "interpreter/chain.h"

/* Who has no part of a stage waits for so long at most; parts are as short as others may have to wait for. */
enum { MOST_ALONE_NANOSECONDS = 20000, MOST_NANOSECONDS = 2000000 };

/* A chain as it grows. */
struct making {
    struct pl_chain *chain;
    const struct pl_block *block;
    bool tested; /* by a cutter: any stage is worth it */
    int32_t pointer_count;
    int32_t shared_count; /* stages that are worth more than one worker */
};

static bool is_shared(const struct making *making, const struct pl_chain_stage *at)
{
    return making->tested || at->first_part[1] < at->first_part[making->chain->share_count];
}

static void share_out(const struct pl_chain *chain, struct pl_chain_stage *at, int32_t parts, int32_t shares)
{
    for (int32_t v = 0; v <= chain->share_count; v++)
        at->first_part[v] = (uint8_t)(v < shares ? parts * v / shares : parts);
}

/* What does costs nobody a meeting. */
static bool reads_own_slices(const struct pl_reach *reach)
{
    return reach->slices != 0 || reach->window.step > 0;
}

static void cut(const struct pl_chain *chain, struct pl_chain_stage *at, uint64_t nanoseconds, bool worth)
{
    const struct pl_interpreter *interpreter = chain->run->interpreter;
    const struct pl_stage *stage = at->stage;
    int64_t bounds[PL_MAX_PARTS + 1];
    struct pl_cut cut = {1, 1};
    int32_t parts = 1;
    if (reads_own_slices(&stage->reach)) cut = pl_cut_even(stage, chain->share_count, nanoseconds);
    else if (worth) cut = pl_cut_worth(stage, chain->share_count, nanoseconds);
    if (interpreter->cut != NULL) parts = interpreter->cut(interpreter->cut_context, stage->units, PL_CHAIN_PARTS, bounds);
    else parts = pl_cut_halving(stage, cut, true, bounds);
    assert(parts >= 1 && parts <= PL_CHAIN_PARTS && bounds[0] == 0 && bounds[parts] == stage->units);
    for (int32_t i = 0; i <= parts; i++) at->bounds[i] = (int32_t)bounds[i];
    share_out(chain, at, parts, interpreter->cut != NULL ? chain->share_count : cut.workers);
}

static uint64_t longest_expected(const struct pl_stage *stage, const struct pl_pace *pace)
{
    const uint64_t expected = pl_stage_expected_ns(stage, pace), lately = pl_pace_number(&pace->lately);
    return expected > lately ? expected : lately;
}

/* False: it is not to be in a chain. */
static bool add_stage(struct making *making, const struct pl_frame *frame, int32_t index)
{
    struct pl_chain *chain = making->chain;
    const struct pl_stage *stage = &frame->step->stages[index];
    struct pl_pace *pace = &frame->step->paces[index];
    const uint64_t expected = longest_expected(stage, pace);
    const bool worth = pl_stage_is_worth_sharing(chain->run, pace, expected);
    if (stage->units > INT32_MAX || expected > MOST_NANOSECONDS) return false;
    struct pl_chain_stage *at = &chain->stages[chain->stage_count];
    at->stage = stage;
    at->frame = *frame;
    at->pace = pace;
    at->followed = expected >= PL_WORTH_FOLLOWING_NANOSECONDS;
    if (!pl_access_find(at)) return false;
    cut(chain, at, expected, worth);
    const bool shared = is_shared(making, at);
    if (!shared && expected > MOST_ALONE_NANOSECONDS) return false;
    making->shared_count += worth && shared;
    chain->stage_count++;
    return true;
}

static bool add_step(struct making *making, const struct pl_step *step)
{
    struct pl_chain *chain = making->chain;
    const int32_t count = step->input_count + step->output_count + step->scratch_count;
    if (step->late >= 0 || !pl_traits_are_pure(step->op_def->traits) || step->state_count > 0) return false;
    if (chain->stage_count + step->stage_count > PL_CHAIN_STAGES || making->pointer_count + count > PL_CHAIN_POINTERS)
        return false;
    const struct pl_frame frame = {chain->run, making->block, step, chain->pointers + making->pointer_count, step->number};
    for (int32_t i = 0; i < count; i++) frame.pointers[i] = pl_run_resolve(chain->run, step->locations[i]);
    making->pointer_count += count;
    for (int32_t i = 0; i < step->stage_count; i++)
        if (step->stages[i].units > 0 && !add_stage(making, &frame, i)) return false;
    return true;
}

int32_t pl_chain_next(const struct pl_chain *chain, int32_t share, int32_t stage)
{
    while (stage < chain->stage_count &&
           chain->stages[stage].first_part[share] == chain->stages[stage].first_part[share + 1])
        stage++;
    return stage;
}

static void prepare(struct pl_chain *chain)
{
    atomic_init(&chain->failed, PL_OK);
    atomic_init(&chain->error_taken, false);
    atomic_init(&chain->helped, false);
    for (int32_t v = 0; v < chain->share_count; v++) {
        struct pl_chain_share *share = &chain->shares[v];
        atomic_init(&share->stage, pl_chain_next(chain, v, 0));
        for (int32_t i = 0; i < chain->stage_count; i++) {
            atomic_init(&share->claims[i].next, 0);
            atomic_init(&share->claims[i].done, 0);
            atomic_init(&share->claims[i].nanoseconds, 0);
            atomic_init(&share->claims[i].longest, 0);
        }
    }
    for (int32_t i = 0; i < chain->stage_count; i++)
        pl_stage_note_shareable(chain->run, chain->stages[i].stage,
                                pl_stage_expected_ns(chain->stages[i].stage, chain->stages[i].pace));
}

/* It begins and ends with what is worth sharing, and there is something to go on to. */
int32_t pl_chain_make(struct pl_chain *chain, const struct pl_block *block, int32_t first, int32_t end)
{
    struct making making = {.chain = chain, .block = block, .tested = chain->run->interpreter->cut != NULL};
    int32_t steps = 0, stages = 0;
    chain->stage_count = 0;
    for (int32_t i = first; i < end; i++) {
        if (block->steps[i].op_def == NULL) continue;
        const int32_t shared_before = making.shared_count;
        if (!add_step(&making, &block->steps[i])) {
            making.shared_count = shared_before;
            break;
        }
        if (making.shared_count == 0) break;
        if (making.shared_count == shared_before) continue;
        steps = i + 1 - first;
        stages = chain->stage_count;
    }
    chain->stage_count = stages;
    if (making.shared_count < (making.tested ? 1 : 2)) return 0;
    prepare(chain);
    return steps;
}
