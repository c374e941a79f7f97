/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of checkkernel itself share. */
#ifndef CHECKKERNEL_SUPPORT_H
#define CHECKKERNEL_SUPPORT_H

#include "checkkernel.h"

/* Gives back the memory of a case. */
void memory_release(void);

#endif
