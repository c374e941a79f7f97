/* SPDX-License-Identifier: Apache-2.0 */
/* Times as people write them: 5ms, 0.2s, 250us, 200Hz. */
#ifndef CLI_DURATION_H
#define CLI_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* Reads a time in ns, us, ms or s, or how often in a second it is (Hz); from 1 nanosecond to 24 hours. False if `text` is
 * anything else. */
bool duration_read(const char *text, uint64_t *nanoseconds);

#endif
