/* SPDX-License-Identifier: Apache-2.0 */
/* Response-time analysis: whether models that are asked for periodically can always be ready in time.
 *
 * The rules are those of the interpreter: a higher class interrupts a lower one between two parts, within a class the
 * earliest deadline goes first and what has begun is not interrupted, each invocation keeps to one lane. What is analysed
 * are the longest times, so what is said to hold does; what is said not to hold may, with luck.
 *
 * Of invocation k, with m lanes, all times of one unit:
 *
 *     R = W + M + C[k] + B + H(R) + S(R) / m
 *     H(t) = sum of ceil((t + J[i]) / T[i]) * C[i], over all i of higher classes; S(t) the same over the others of its class
 *
 * C is the own time with both switches, T the period, B the longest part of any lower class, W how long a thread takes to
 * wake up: once, since none sleeps while something waits. M is what the machine takes away, once, since what it does so rarely
 * that no own time has it in does not come twice. J[i] = R[i] - C[i] is how much later than regular an invocation of i can end
 * (its deadline in the place of R[i] where that is not known). S is rounded down,
 * since times are whole numbers, and 0 if there are fewer others than lanes. Higher classes are not shared out to the lanes
 * since one that interrupts k keeps k waiting wherever there is room meanwhile.
 * After Bertogna and Cirinei, Response-Time Analysis for Globally Scheduled Symmetric Multiprocessor Platforms, RTSS 2007.
 *
 * With one lane a class is fine, too, if for every t up to the end of the longest busy time
 *
 *     sum of (floor((t - D[i]) / T[i]) + 1) * C[i] over its class with D[i] <= t, + max(B, C[j] with D[j] > t) + W + M + H(t) <= t
 *
 * After George, Rivierre and Spuri, Preemptive and Non-Preemptive Real-Time Uniprocessor Scheduling, INRIA 1996. */
#ifndef PL_INTERPRETER_RESPONSE_TIME_H
#define PL_INTERPRETER_RESPONSE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Asked for at most once in a period; 0 < deadline <= period, 0 < own, all of one unit and below 2^53. */
struct pl_periodic {
    int32_t class;     /* higher ones interrupt lower ones */
    uint64_t period;
    uint64_t deadline; /* after it was asked for */
    uint64_t own;      /* what it takes alone */
    uint64_t blocked;  /* the longest part of any lower class */
};

/* What one has to wait for at most. Of one that may be late these are the times in which its deadline was exceeded. */
struct pl_response {
    bool in_time;
    uint64_t longest;  /* from asked for to done; its deadline if that alone is sure */
    uint64_t own;      /* with both switches */
    uint64_t blocked;  /* by a part of a lower class, */
    uint64_t higher;   /* by higher classes, */
    uint64_t same;     /* by others of its class, */
    uint64_t system;   /* and until it wakes up, and for what the machine takes away */
};

/* What comes on top of own times. */
struct pl_overheads {
    uint64_t switching; /* for each: to begin, and to end */
    uint64_t waking;    /* once */
    uint64_t machine;   /* once */
};

/* Fills one response for each; true if all are in time. */
bool pl_response_times(const struct pl_periodic *set, int32_t count, int32_t lanes, const struct pl_overheads *overheads,
                       struct pl_response *responses);

#endif
