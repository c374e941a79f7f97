/* SPDX-License-Identifier: Apache-2.0 */
#include "times.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/fixed_point.h"

enum { ALIGNMENT = 64 };

void *times_zeros(size_t bytes)
{
    void *memory = NULL;
    if (posix_memalign(&memory, ALIGNMENT, bytes + ALIGNMENT) != 0) exit(2);
    memset(memory, 0, bytes + ALIGNMENT);
    return memory;
}

void *times_bytes(size_t bytes)
{
    uint8_t *numbers = times_zeros(bytes);
    for (size_t i = 0; i < bytes; i++) numbers[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    return numbers;
}

float *times_floats(size_t count)
{
    float *numbers = times_zeros(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)(int8_t)((uint32_t)i * 2654435761u >> 24) / 128.0f;
    return numbers;
}

struct pl_multiplier *times_multipliers(int32_t count, int32_t shift)
{
    struct pl_multiplier *multipliers = times_zeros((size_t)count * sizeof *multipliers);
    for (int32_t n = 0; n < count; n++)
        multipliers[n] = (struct pl_multiplier){(1 << 30) + 12345678 * (n % 50), shift};
    return multipliers;
}
