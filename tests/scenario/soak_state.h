/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of soak.c have in common. */
#ifndef TESTS_SCENARIO_SOAK_STATE_H
#define TESTS_SCENARIO_SOAK_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "scenario.h"

enum { SLOTS = 12, SEEDS = 4, VARIANTS = 3, MOST_FAMILIES = 16 };

/* A file, and others with the same inputs and outputs that answer something else. */
struct family {
    unsigned char *files[VARIANTS];
    size_t bytes;
    uint64_t answers[VARIANTS][SEEDS];
};

/* A model that comes and goes. */
struct slot {
    char name[16];
    pthread_rwlock_t alive;    /* to be read by who uses the handle, written by who loads and unloads */
    pthread_mutex_t use;       /* held by who feeds, runs and reads */
    struct plait_model *model; /* NULL: not loaded */
    const struct family *family;
};

/* What was done, so many times each. */
enum what { ANSWER, REPLACE, BREAK, EXCHANGE, CLONE, LINK, COME_AND_GO, CANCEL, SUBMIT, LATE, CANCELLED, STREAM, WINDOW, WHATS };

struct soak {
    struct plait_interpreter *interpreter;
    struct family families[MOST_FAMILIES];
    uint32_t family_count;
    struct slot slots[SLOTS];
    atomic_bool stop;
    atomic_uint_fast64_t done[WHATS];
};

void soak_note(struct soak *soak, enum what what);

/* ---- soak_files.c */
/* A file and variants of it, if there are any that answer something else. */
void soak_add_family(struct soak *soak, const char *path, struct scenario_random *random);

/* ---- soak_models.c */
void soak_load(struct soak *soak, struct slot *slot, struct scenario_random *random);
plait_status soak_replace(struct slot *slot, uint32_t variant, struct scenario_random *random);
plait_status soak_submit(struct soak *soak, struct plait_model *model, struct scenario_random *random);
/* Whose handle nobody else has: another file, or it comes or goes. */
void soak_exchange(struct soak *soak, struct slot *slot, struct scenario_random *random);
void soak_come_and_go(struct soak *soak, struct slot *slot, struct scenario_random *random);
/* With the handle alive; the model may be running, used by others or by nobody. */
void soak_disturb(struct soak *soak, struct slot *slot, struct scenario_random *random);
/* Who feeds, runs and reads it has it alone; others may disturb it meanwhile. */
void soak_use(struct soak *soak, uint32_t at, struct scenario_random *random);

/* ---- soak_windows.c: whose handles nobody else has */
/* Its input is a window of rows that are pushed: answers are those of whole inputs, and another file begins anew. */
void soak_stream(struct soak *soak, struct slot *slot, struct scenario_random *random);
/* The second one's input is a window of what the first one gives: it answers what it does when it is fed that. */
void soak_window(struct soak *soak, struct slot *slot, struct slot *other, struct scenario_random *random);

#endif
