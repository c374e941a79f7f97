/* SPDX-License-Identifier: Apache-2.0 */
/* FarmHash's 64-bit fingerprint: a hash that never changes, which models were trained with. */
#ifndef PL_OPS_FINGERPRINT_H
#define PL_OPS_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>

/* Of at least 4 bytes: shorter texts have rules of their own, which nobody needs. */
uint64_t pl_fingerprint(const void *data, size_t bytes);

#endif
