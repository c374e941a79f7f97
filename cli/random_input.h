/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers for an input, the same for the same seed, model and input whatever else is on
 * the command line. */
#ifndef CLI_RANDOM_INPUT_H
#define CLI_RANDOM_INPUT_H

#include "models.h"

/* float: -1 to 1; int8, uint8, int16: any; bool and the wider integers, which are mostly ids and
 * counts: 0 and 1. Inputs that a pipeline feeds together get the same. Returns an exit code, after saying what is wrong. */
int random_input_write(const struct models *models, const struct loaded_model *model, size_t index,
                       uint64_t seed);
/* The same as rows that are pushed, as many as the input has. */
int random_input_push(const struct models *models, const struct loaded_model *model, size_t index,
                      uint64_t seed);

/* The same numbers into memory of the caller's; false for a type that has none. */
bool random_elements(plait_type type, size_t count, uint64_t seed, const char *name,
                     void *elements);

#endif
