/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of checkkernel itself share. */
#ifndef CHECKKERNEL_SUPPORT_H
#define CHECKKERNEL_SUPPORT_H

#include "checkkernel.h"

/* check_compare() of floats. Which of several NaN comes out of a sum is no level's promise. */
void check_compare_floats(struct check *check, const struct check_outputs *outputs, const char *what);

/* Gives back the memory of a case. */
void memory_release(void);

#endif
