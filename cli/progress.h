/* SPDX-License-Identifier: Apache-2.0 */
/* One line on the terminal that says what a long piece of work is at. Silent where stderr is no
 * terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/* Starts a step. What takes less than half a second is never shown. */
void progress_step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes the line away; the next step shows it again. */
void progress_clear(void);

/* Ends it: after this nothing is drawn any more. */
void progress_end(void);

#endif
