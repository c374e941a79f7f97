/* SPDX-License-Identifier: Apache-2.0 */
/* What plait fuse --check does. */
#ifndef CLI_FUSE_CHECK_H
#define CLI_FUSE_CHECK_H

#include "options.h"

/* Runs the linked models and the fused file on the same random inputs and compares what comes out,
 * byte by byte. Returns an exit code, after saying what differs. */
int check_fused(const struct options *options, const char *path);

#endif
