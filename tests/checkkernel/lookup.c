/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are tables. */
#include <string.h>

#include "checkkernel.h"
#include "kernels/elementwise_kernels.h"

/* Sometimes in place. */
void check_lookup_8(struct check *check)
{
    const size_t count = (size_t)check_draw_edge(check, 1, 300);
    const struct pl_unary_params params = {.lookup_8 = check_bytes(check, PL_LOOKUP_8)};
    const void *in = check_bytes(check, count);
    const struct check_outputs outputs = check_outputs(check, count);
    const bool in_place = check_draw(check, 0, 1) == 0;
    if (in_place) memcpy(outputs.tested, in, count);
    check->reference->elementwise->unary->lookup_8(outputs.reference, in, (int64_t)count, &params);
    check->tested->elementwise->unary->lookup_8(outputs.tested, in_place ? outputs.tested : in,
                                                (int64_t)count, &params);
    check_compare(check, &outputs, "%d bytes", (int)count);
}
