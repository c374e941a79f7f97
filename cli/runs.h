/* SPDX-License-Identifier: Apache-2.0 */
/* Models of which one run of the program makes any number of runs: behind rows that are pushed, and behind boxes. What each of
 * them gives is shown when it comes. */
#ifndef CLI_RUNS_H
#define CLI_RUNS_H

#include "report.h"

struct runs;

/* Counts the runs of models, and shows what each gives: in words at once, or for a JSON document in result->runs. With `last`
 * nothing is shown before the end. Before the run; runs_end() behind it. */
struct runs *runs_begin(struct models *models, struct results *results, const struct labels *labels, bool json, bool last);
void runs_end(struct runs *runs);

/* Behind the run: which results are absent because their models did not run, and which have been shown already. Returns an
 * exit code. */
int runs_check(struct runs *runs);

#endif
