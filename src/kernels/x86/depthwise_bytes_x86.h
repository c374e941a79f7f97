/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolution of bytes: what packing makes and running reads. */
#ifndef PL_KERNELS_X86_DEPTHWISE_BYTES_X86_H
#define PL_KERNELS_X86_DEPTHWISE_BYTES_X86_H

#include "kernels/depthwise_kernels.h"
#include "kernels/kernels.h"
#include "kernels/x86/dot_x86.h"

pl_depthwise_rows PL_LEVEL(pl_depthwise_i8_x86);
pl_depthwise_rows PL_LEVEL(pl_depthwise_u8_x86);

size_t PL_LEVEL(pl_depthwise_bytes_x86)(const struct pl_depthwise_pack *pack);
void PL_LEVEL(pl_depthwise_pack_x86)(void *packed, const void *raw, const void *pack);
size_t PL_LEVEL(pl_depthwise_finish_bytes_x86)(const struct pl_depthwise_pack *pack);
void PL_LEVEL(pl_depthwise_prepare_finish_x86)(void *finish, const struct pl_depthwise_pack *pack,
                                               const struct pl_depthwise_integer *weights);

/* A dot product takes four taps: those of four filter rows in one column. So a filter is `groups` of
 * four rows (0 behind the last one) times its columns, and so many dot products. */
enum {
    PL_DEPTHWISE_DEEP = 4,
    PL_DEPTHWISE_CHUNK = 64,   /* channels, or all if there are fewer */
    PL_DEPTHWISE_STRIP = 6144, /* numbers of four bytes: what is laid out at a time */
    PL_DEPTHWISE_ENOUGH = 4,   /* pixels in a strip */
    PL_DEPTHWISE_VECTOR = 4 * PL_LANES
};

/* Of a block of PL_LANES channels, the last one with some of the block before; of fewer channels in
 * all, lane n is channel n % channels. A weight less its zero point takes nine bits where it is
 * unsigned, and is the sum of two parts of eight. */
struct pl_depthwise_block_x86 {
    int32_t sums[PL_LANES]; /* of a channel's weights less their zero points */
    int32_t is_wide;        /* some second part is not 0 */
    int32_t unused[PL_LANES - 1];
    int8_t weights[]; /* [part][group][column][lane][row] */
};

struct pl_depthwise_finish_x86 {
    int32_t starts[PL_LANES]; /* the sums before any product */
    float scales[PL_LANES], nudges[PL_LANES];
    int32_t first; /* channel */
    bool fits;     /* scales can be used */
    bool is_sure;  /* and need no checks, and nudges have the zero point */
};

static inline int32_t pl_depthwise_groups_x86(const struct pl_patch *patch)
{
    return (patch->filter_height + PL_DEPTHWISE_DEEP - 1) / PL_DEPTHWISE_DEEP;
}

/* Dot products of an output. */
static inline int32_t pl_depthwise_terms_x86(const struct pl_patch *patch)
{
    return pl_depthwise_groups_x86(patch) * patch->filter_width;
}

static inline int32_t pl_depthwise_blocks_x86(int32_t channels)
{
    return (channels + PL_LANES - 1) / PL_LANES;
}

static inline int32_t pl_depthwise_block_first_x86(int32_t channels, int32_t block)
{
    const int32_t first = block * PL_LANES;
    return first + PL_LANES > channels && first > 0 ? channels - PL_LANES : first;
}

static inline int64_t pl_depthwise_block_bytes_x86(const struct pl_patch *patch, bool is_unsigned)
{
    const int64_t parts = is_unsigned ? 2 : 1;
    return (int64_t)sizeof(struct pl_depthwise_block_x86) +
           parts * pl_depthwise_terms_x86(patch) * PL_DEPTHWISE_VECTOR;
}

/* Channels that are laid out at a time. */
static inline int32_t pl_depthwise_chunk_x86(int32_t channels)
{
    return channels < PL_DEPTHWISE_CHUNK ? channels : PL_DEPTHWISE_CHUNK;
}

/* What a strip runs along, in numbers: an output is the sum over `groups` of those of `columns`
 * numbers, `dilation` apart. */
struct pl_depthwise_axis_x86 {
    int32_t groups, columns, stride;
    int64_t dilation;
};

static inline struct pl_depthwise_axis_x86 pl_depthwise_along_x_x86(const struct pl_patch *patch)
{
    return (struct pl_depthwise_axis_x86){.groups = pl_depthwise_groups_x86(patch),
                                          .columns = patch->filter_width,
                                          .stride = patch->stride_x,
                                          .dilation = patch->dilation_x};
}

/* Where images and filters are one pixel wide, the groups of an output are numbers of others. */
static inline struct pl_depthwise_axis_x86 pl_depthwise_along_y_x86(const struct pl_patch *patch)
{
    return (struct pl_depthwise_axis_x86){.groups = 1,
                                          .columns = pl_depthwise_groups_x86(patch),
                                          .stride = patch->stride_y,
                                          .dilation =
                                              (int64_t)PL_DEPTHWISE_DEEP * patch->dilation_y};
}

/* Output pixels that a strip has room for. */
static inline int64_t pl_depthwise_strip_pixels_x86(int32_t channels,
                                                    const struct pl_depthwise_axis_x86 *axis)
{
    const int64_t columns =
        PL_DEPTHWISE_STRIP / (axis->groups * (int64_t)pl_depthwise_chunk_x86(channels));
    const int64_t span = (axis->columns - 1) * axis->dilation + 1;
    return columns < span ? 0 : (columns - span) / axis->stride + 1;
}

#endif
