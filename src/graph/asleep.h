/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of constants that are given up for a while. A content stays in the store, and where it is: its pages go, and
 * come back when it is read from its file, or packed, again, with the same bytes, as its hash says. So nothing that has its
 * address is touched, a program least of all. What is smaller than a few pages stays, and so does what cannot be made again.
 *
 * One thread at a time gives up and makes again. Whoever reads a content meanwhile, or has none yet, does not matter. */
#ifndef PL_GRAPH_ASLEEP_H
#define PL_GRAPH_ASLEEP_H

#include "graph/constant.h"

/* What constants are read from again. */
struct pl_reader {
    const char *bytes; /* that are there; NULL: `read` gets them from the file */
    pl_status (*read)(struct pl_reader *reader, uint64_t at, void *to, size_t bytes, struct pl_error *error);
    const char *path;
    int file; /* -1: it is not open yet */
};

/* The constants of a graph. */
struct pl_constants {
    struct pl_constant *const *all;
    int32_t count;
};

/* Begins to look for what is needed. */
void pl_constants_begin_round(struct pl_constant_store *store);
/* Somebody needs these. */
void pl_constants_need(struct pl_constant_store *store, const struct pl_constants *constants);
/* Gives up those that nobody was found to need in this round; those that could not be read again are never given up, by
 * others neither. Returns how many bytes. */
size_t pl_constants_give_up(struct pl_constant_store *store, const struct pl_constants *constants, bool readable);

/* Makes all of them again. On failure some are, and the others can be tried once more. */
pl_status pl_constants_make_again(struct pl_constant_store *store, const struct pl_constants *constants,
                                  struct pl_reader *reader, struct pl_error *error);

/* Bytes of contents in the store that are given up now. */
size_t pl_constant_store_asleep(struct pl_constant_store *store);

/* Bytes of this one that are given up now: its raw content and its packed ones. */
size_t pl_constant_asleep(struct pl_constant_store *store, const struct pl_constant *constant);

/* The raw bytes, of which somebody has the address from now on; NULL: they were let go, or are given up now. */
const void *pl_constant_look(struct pl_constant_store *store, const struct pl_constant *constant);

#endif
