/* SPDX-License-Identifier: Apache-2.0 */
/* How long things take, alone and with helpers: what decides which stages are shared. It is looked at in the first runs
 * and again every so often, since no estimate holds for all kernels of all levels, nor what was seen once for how fast a
 * processor is, and whether another one is free, later on. Between these looks whole runs are watched: a glance at the
 * other kind, a few runs long, tells whether it would be quicker by now. No answer depends on it. */
#ifndef PL_PLAN_PACE_H
#define PL_PLAN_PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of something that is done again and again. */
struct pl_pace {
    atomic_uint nanoseconds;        /* alone, the least that was seen; 0: nothing yet */
    atomic_uint shared_nanoseconds; /* the same with helpers, from start to end */
    atomic_uint lately;             /* alone, as it is at the moment; 0: nothing yet */
};

/* The longest of many times in nanoseconds, of the last hundreds of runs. */
struct pl_longest {
    _Atomic(float) first;  /* of what met its memory for the first time: it counts while there is nothing else */
    _Atomic(float) now;    /* of these runs, */
    _Atomic(float) before; /* and of those before */
    atomic_uint runs;
};

/* What runs of some steps have learned together. */
struct pl_outlook {
    atomic_uint runs;     /* since it began to learn */
    atomic_uint missed;   /* of these, those that asked for helpers in vain */
    atomic_uint patience; /* so many runs it keeps to what it has learned */
    struct pl_pace pace;  /* of whole runs as they are lately, without and with short stages that seemed worth sharing */
    atomic_uint settled_shared; /* whether runs share short stages, too, once that is known */
    atomic_uint since;    /* runs since the last glance at the other kind, */
    atomic_uint interval; /* which is due after so many; 0: the least */
    atomic_uint shareable_nanoseconds; /* of the stages of a run that are worth trying to share, */
    atomic_uint long_nanoseconds;      /* and of those that are shared in any case */
};

/* A run, as what has been learned wants it. */
struct pl_trial {
    bool learning; /* looks how long stages take: `alone` and with helpers in turn */
    bool alone;    /* without helpers, but for what is long */
    bool fresh;    /* the first of its kind: what was seen before counts no more */
    bool settled;  /* the stages are known */
    bool glance;   /* it is of the kind that is not settled on */
    bool timed;    /* without it pl_trial_end() has nothing to do */
    unsigned since;
    unsigned shared_nanoseconds; /* if settled: of the stages that will be shared */
};

/* What came of a run. */
struct pl_trial_result {
    uint64_t nanoseconds;
    uint64_t shareable_nanoseconds;
    uint64_t long_nanoseconds;
    bool missed; /* it asked for helpers and none came, which says nothing about how they help */
};

static inline unsigned pl_pace_number(const atomic_uint *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

/* Notes how long it took, if that is the least (fresh: of all that came now). Of two threads that learn at once one may
 * be lost. */
void pl_pace_learn(atomic_uint *least, uint64_t nanoseconds, bool fresh);
/* Notes what a run of a stage took, and the longest of its parts. What is quicker counts at once, what is slower by and
 * by, since the system may have held it up; but of parts it is the longest that others may have to wait for. */
void pl_pace_follow(struct pl_pace *pace, uint64_t nanoseconds, uint64_t longest_part, struct pl_longest *longest);
/* Rounded up to what a float can hold, so that converting it raises no flag: times are noted where the floating point state is
 * the caller's. */
float pl_time_as_float(uint64_t nanoseconds);
/* 0: there was none so far. */
uint64_t pl_longest_number(const struct pl_longest *longest);
void pl_longest_note(struct pl_longest *longest, uint64_t nanoseconds);
/* A run is over. Of two threads that call it at once one may not be counted. */
void pl_longest_pass(struct pl_longest *longest);
/* Whether a stage is to have helpers in a run that has some: it is quicker, or not much slower. */
bool pl_pace_pays(const struct pl_pace *pace);

/* How the next run is to be. */
struct pl_trial pl_trial_begin(struct pl_outlook *outlook);
void pl_trial_end(struct pl_outlook *outlook, const struct pl_trial *trial, const struct pl_trial_result *result);

#endif
