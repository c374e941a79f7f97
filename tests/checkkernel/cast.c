/* SPDX-License-Identifier: Apache-2.0 */
/* Casts between all types. */
#include <string.h>

#include "checkkernel.h"
#include "kernels/elementwise_kernels.h"

static const size_t cast_bytes[PL_CAST_COUNT] = {
    [PL_CAST_BOOL] = 1,    [PL_CAST_INT8] = 1,     [PL_CAST_UINT8] = 1,   [PL_CAST_INT16] = 2,   [PL_CAST_UINT16] = 2,
    [PL_CAST_INT32] = 4,   [PL_CAST_UINT32] = 4,   [PL_CAST_INT64] = 8,   [PL_CAST_FLOAT16] = 2, [PL_CAST_BFLOAT16] = 2,
    [PL_CAST_FLOAT32] = 4, [PL_CAST_FLOAT64] = 8, [PL_CAST_COMPLEX64] = 8};

/* Floats at the bounds of integers, and any others. */
static const void *draw_input(struct check *check, enum pl_cast_type from, int64_t count)
{
    if (from != PL_CAST_FLOAT32) return check_bytes(check, (size_t)count * cast_bytes[from]);
    float *floats = check_floats(check, count, true);
    static const float bounds[] = {0x1p7f, 0x1p8f, 0x1p15f, 0x1p16f, 0x1p31f, 0x1p32f};
    for (int64_t i = 0; i < count; i++) {
        const float bound = bounds[check_draw(check, 0, 5)];
        if (check_draw(check, 0, 1) == 0) floats[i] = check_draw_float(check, -2.0f * bound, 2.0f * bound);
        if (check_draw(check, 0, 3) == 0) floats[i] = (float)check_draw(check, -1, 1) * bound + (float)check_draw(check, -2, 2) / 2;
    }
    return floats;
}

/* Sometimes in place. */
void check_cast(struct check *check)
{
    const enum pl_cast_type from = (enum pl_cast_type)check_draw(check, 0, PL_CAST_COUNT - 1);
    const enum pl_cast_type to = (enum pl_cast_type)check_draw(check, 0, PL_CAST_COUNT - 1);
    const int64_t count = check_draw_edge(check, 1, 600);
    const void *in = draw_input(check, from, count);
    const struct check_outputs outputs = check_outputs(check, (size_t)count * cast_bytes[to]);
    const bool in_place = cast_bytes[from] == cast_bytes[to] && check_draw(check, 0, 1) == 0;
    if (in_place) memcpy(outputs.tested, in, outputs.bytes);
    check->reference->elementwise->convert->cast(outputs.reference, to, in, from, count);
    check->tested->elementwise->convert->cast(outputs.tested, to, in_place ? outputs.tested : in, from, count);
    check_compare(check, &outputs, "%d elements of type %d to %d", (int)count, (int)from, (int)to);
}
