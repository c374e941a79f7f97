/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a few bytes, joined of runs and parted into them: blocks of sixteen bytes are shuffled, where c/ moves each run
 * by itself. See struct pl_runs. */
#include "kernels/x86/runs_x86.h"

#include <immintrin.h>

#include "kernels/c/movement_c.h"
#include "kernels/loop.h"

enum { BLOCK = PL_RUNS_BLOCK, AT_ONCE = 4 };

/* Where the blocks of sixteen rows lie, and how far from there those of the sixteen rows behind. */
struct side {
    uint8_t *blocks[PL_RUNS_SHUFFLED];
    int64_t steps[PL_RUNS_SHUFFLED];
};

static void place_rows(struct side *side, const void *rows, const struct pl_runs *runs, int64_t first)
{
    for (int64_t n = 0; n < runs->row_bytes; n++) {
        side->blocks[n] = (uint8_t *)(uintptr_t)rows + first * runs->row_bytes + n * BLOCK;
        side->steps[n] = BLOCK * runs->row_bytes;
    }
}

static void place_parts(struct side *side, const void *const *parts, const struct pl_runs *runs, int64_t first)
{
    for (int32_t i = 0; i < runs->part_count; i++) {
        const struct pl_run_part *part = &runs->parts[i];
        for (int64_t n = 0; n < part->bytes; n++) {
            side->blocks[part->offset + n] = (uint8_t *)(uintptr_t)parts[i] + first * part->bytes + n * BLOCK;
            side->steps[part->offset + n] = BLOCK * part->bytes;
        }
    }
}

/* Block n of `count` times sixteen rows. A shuffle gives 0 for an index whose highest bit is set, which adding 0x70 does to
 * all that are not of the source's block. */
PL_ALWAYS_INLINE void make_block(const int count, const struct side *to, const struct side *from,
                                 const struct pl_runs *runs, int64_t n, int64_t group)
{
    const __m128i order = _mm_loadu_si128((const __m128i_u *)(runs->order + n * BLOCK));
    __m128i made[AT_ONCE];
#pragma GCC unroll 4
    for (int g = 0; g < count; g++) made[g] = _mm_setzero_si128();
    for (uint32_t sources = runs->sources[n]; sources != 0; sources &= sources - 1) {
        const int k = __builtin_ctz(sources);
        const __m128i inside = _mm_xor_si128(order, _mm_set1_epi8((char)(k * BLOCK)));
        const __m128i index = _mm_adds_epu8(inside, _mm_set1_epi8(0x70));
        const uint8_t *source = from->blocks[k] + group * from->steps[k];
#pragma GCC unroll 4
        for (int g = 0; g < count; g++) {
            const __m128i block = _mm_loadu_si128((const __m128i_u *)(source + g * from->steps[k]));
            made[g] = _mm_or_si128(made[g], _mm_shuffle_epi8(block, index));
        }
    }
    uint8_t *target = to->blocks[n] + group * to->steps[n];
#pragma GCC unroll 4
    for (int g = 0; g < count; g++) _mm_storeu_si128((__m128i_u *)(target + g * to->steps[n]), made[g]);
}

static void shuffle(const struct side *to, const struct side *from, const struct pl_runs *runs, int64_t groups)
{
    int64_t group = 0;
    for (; group + AT_ONCE <= groups; group += AT_ONCE)
        for (int64_t n = 0; n < runs->row_bytes; n++) make_block(AT_ONCE, to, from, runs, n, group);
    for (; group < groups; group++)
        for (int64_t n = 0; n < runs->row_bytes; n++) make_block(1, to, from, runs, n, group);
}

void PL_LEVEL(pl_join_runs_x86)(void *to, const void *const *from, const struct pl_runs *runs, int64_t first, int64_t last)
{
    const int64_t groups = runs->shuffled ? (last - first) / BLOCK : 0;
    struct side target, source;
    if (groups > 0) {
        place_rows(&target, to, runs, first);
        place_parts(&source, from, runs, first);
        shuffle(&target, &source, runs, groups);
    }
    PL_LEVEL(pl_join_runs_c)(to, from, runs, first + groups * BLOCK, last);
}

void PL_LEVEL(pl_part_runs_x86)(void *const *to, const void *from, const struct pl_runs *runs, int64_t first, int64_t last)
{
    const int64_t groups = runs->shuffled ? (last - first) / BLOCK : 0;
    struct side target, source;
    if (groups > 0) {
        place_parts(&target, (const void *const *)to, runs, first);
        place_rows(&source, from, runs, first);
        shuffle(&target, &source, runs, groups);
    }
    PL_LEVEL(pl_part_runs_c)(to, from, runs, first + groups * BLOCK, last);
}
