/* SPDX-License-Identifier: Apache-2.0 */
/* What the threads of soak.c do with models. */
#include "soak_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "capi/handles.h"

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* As a request, which may have a deadline, be dropped when that has passed, or be cancelled. */
plait_status soak_submit(struct soak *soak, struct plait_model *model, struct scenario_random *random)
{
    plait_request request;
    struct plait_submit_options options;
    plait_submit_options_default(&options);
    if (scenario_pick(random, 2) == 0) options.deadline = now() + scenario_pick(random, 1000000);
    if (scenario_pick(random, 4) == 0) options.late = PLAIT_LATE_DROP;
    OK(soak->interpreter, plait_submit(model, &options, &request));
    soak_note(soak, SUBMIT);
    if (scenario_pick(random, 8) == 0) {
        const plait_status status = plait_cancel(soak->interpreter, request);
        CHECK(status == PLAIT_OK || status == PLAIT_NOT_FOUND, "%s", plait_status_text(status));
        soak_note(soak, CANCEL);
    }
    return plait_wait(soak->interpreter, request, -1, NULL);
}

/* Who feeds, runs and reads it has it alone; others may replace it meanwhile. */
static void answer(struct soak *soak, const struct family *family, struct plait_model *model, struct scenario_random *random)
{
    const uint64_t seed = scenario_pick(random, SEEDS);
    OK(soak->interpreter, plait_reset_variables(model));
    scenario_feed(soak->interpreter, model, seed);
    const plait_status status = scenario_pick(random, 2) == 0 ? soak_submit(soak, model, random) : plait_invoke(model);
    if (status == PLAIT_CANCELLED || status == PLAIT_TOO_LATE) {
        soak_note(soak, status == PLAIT_CANCELLED ? CANCELLED : LATE);
        return;
    }
    OK(soak->interpreter, status);
    const uint64_t digest = scenario_digest(model);
    bool found = false;
    for (int variant = 0; variant < VARIANTS; variant++) found = found || digest == family->answers[variant][seed];
    CHECK(found, "model '%s': an answer that none of its files gives", plait_model_name(model));
    soak_note(soak, ANSWER);
}

static uint32_t any_variant(struct scenario_random *random)
{
    return scenario_pick(random, VARIANTS);
}

static plait_status replace(struct slot *slot, uint32_t variant, size_t bytes, struct scenario_random *random)
{
    struct plait_load_options options;
    plait_load_options_default(&options);
    options.borrow = scenario_pick(random, 2) == 0; /* the file stays as long as the soak */
    return plait_replace_buffer(slot->model, slot->family->files[variant], bytes, &options);
}

plait_status soak_replace(struct slot *slot, uint32_t variant, struct scenario_random *random)
{
    return replace(slot, variant, slot->family->bytes, random);
}

/* Whether it was. One that another thread has linked meanwhile behind a model whose shapes come with its data stays as it
 * was where its file is loaded elsewhere: that needs bytes which are let go with packing. */
static bool was_replaced(struct soak *soak, struct slot *slot, uint32_t variant, struct scenario_random *random)
{
    const plait_status status = soak_replace(slot, variant, random);
    if (status == PLAIT_UNSUPPORTED && strstr(plait_last_error(soak->interpreter), "let go after packing") != NULL) return false;
    OK(soak->interpreter, status);
    return true;
}

void soak_load(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    slot->family = &soak->families[scenario_pick(random, soak->family_count)];
    OK(soak->interpreter, plait_load_buffer(soak->interpreter, slot->name, slot->family->files[0], slot->family->bytes, NULL,
                                            &slot->model));
    OK(soak->interpreter, plait_set_class(slot->model, (int32_t)scenario_pick(random, 3)));
    OK(soak->interpreter, plait_allocate_model(slot->model));
}

void soak_exchange(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    const struct family *before = slot->family;
    slot->family = &soak->families[scenario_pick(random, soak->family_count)];
    if (!was_replaced(soak, slot, any_variant(random), random)) slot->family = before;
    answer(soak, slot->family, slot->model, random);
    soak_note(soak, EXCHANGE);
}

static void clone_it(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    struct plait_model *copy;
    char name[32];
    snprintf(name, sizeof name, "clone%llu", (unsigned long long)scenario_next(random));
    OK(soak->interpreter, plait_clone(slot->model, name, &copy));
    OK(soak->interpreter, plait_allocate_model(copy));
    answer(soak, slot->family, copy, random);
    OK(soak->interpreter, plait_unload(copy));
    soak_note(soak, CLONE);
}

/* Nobody else runs them; each may be replaced meanwhile. */
static void link_two(struct soak *soak, struct slot *slot, struct slot *other, struct scenario_random *random)
{
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.reshape = options.cast = true;
    if (plait_link(soak->interpreter, slot->name, "#0", other->name, "#0", &options) != PLAIT_OK) return;
    const plait_status planned = plait_allocate_model(slot->model);
    if (planned == PLAIT_OK) {
        answer(soak, slot->family, slot->model, random);
        const plait_status status = plait_run(slot->model); /* what one gives, another need not be able to run on */
        CHECK(status == PLAIT_OK || status == PLAIT_CANCELLED || scenario_is_about_data(status), "%s",
              plait_last_error(soak->interpreter));
        soak_note(soak, LINK);
    }
    OK(soak->interpreter, plait_unlink(soak->interpreter, other->name, "#0"));
    OK(soak->interpreter, plait_allocate_model(slot->model));
    OK(soak->interpreter, plait_allocate_model(other->model));
}

void soak_come_and_go(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    if (slot->model == NULL) {
        soak_load(soak, slot, random);
        return;
    }
    OK(soak->interpreter, plait_unload(slot->model));
    slot->model = NULL;
    soak_note(soak, COME_AND_GO);
}

void soak_disturb(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    const uint32_t pick = scenario_pick(random, 8);
    if (pick == 0) {
        (void)pl_entry_cancel(pl_entry_of(slot->model));
        soak_note(soak, CANCEL);
    } else if (pick == 1) {
        const plait_status status = replace(slot, any_variant(random), slot->family->bytes - 1 - slot->family->bytes / 2, random);
        CHECK(status == PLAIT_INVALID_MODEL, "%s of half a file", plait_status_text(status));
        soak_note(soak, BREAK);
    } else {
        if (was_replaced(soak, slot, any_variant(random), random)) soak_note(soak, REPLACE);
    }
}

void soak_use(struct soak *soak, uint32_t at, struct scenario_random *random)
{
    struct slot *slot = &soak->slots[at], *next = &soak->slots[at + 1 < SLOTS ? at + 1 : at];
    pthread_mutex_lock(&slot->use);
    if (scenario_pick(random, 4) > 0) {
        answer(soak, slot->family, slot->model, random);
    } else if (scenario_pick(random, 2) == 0) {
        clone_it(soak, slot, random);
    } else if (next != slot) {
        pthread_rwlock_rdlock(&next->alive);
        pthread_mutex_lock(&next->use);
        if (next->model != NULL) link_two(soak, slot, next, random);
        pthread_mutex_unlock(&next->use);
        pthread_rwlock_unlock(&next->alive);
    }
    pthread_mutex_unlock(&slot->use);
}
