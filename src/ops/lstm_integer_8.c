/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/lstm_internal.h"
pl_status pl_lstm_prepare_integer_8(struct pl_prepare *prepare, const struct pl_lstm *lstm)
{
    (void)lstm;
    return pl_prepare_fail(prepare, PL_UNSUPPORTED, "12 intermediate tensors");
}
