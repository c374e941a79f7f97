/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the program. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "options.h"

extern const struct command command_run;
extern const struct command command_inspect;
extern const struct command command_bench;
extern const struct command command_fuse;
extern const struct command command_split;
extern const struct command command_ops;
extern const struct command command_plan;
extern const struct command command_serve;
extern const struct command command_health;
extern const struct command command_top;

#endif
