/* SPDX-License-Identifier: Apache-2.0 */
/* The store of constants, for constant.c and asleep.c. */
#ifndef PL_GRAPH_CONSTANT_INTERNAL_H
#define PL_GRAPH_CONSTANT_INTERNAL_H

#include <pthread.h>

#include "graph/constant.h"

/* A hash table with chains. A content and its own bytes are one allocation. */
struct pl_constant_store {
    struct pl_memory *memory;
    pthread_mutex_t lock; /* guards contents and packed forms */
    struct pl_content **buckets;
    size_t bucket_count; /* a power of two */
    size_t content_count;
    size_t owned_bytes;
    int shared;          /* the folder of what other processes have, too; -1: none */
    size_t asleep_bytes; /* given up of these */
    bool remembers;      /* what packed forms are made of */
    uint32_t round;      /* of looking for what is needed */
    struct pl_file_pages *file; /* what is being imported; NULL: nothing that could stay */
};

enum {
    PL_CONTENT_HEAD_BYTES = (sizeof(struct pl_content) + PL_ALIGNMENT - 1) / PL_ALIGNMENT * PL_ALIGNMENT
};

/* With the store's lock held. */
void pl_content_release(struct pl_constant_store *store, struct pl_content *content);
pl_pack_function pl_packed_packer(const struct pl_packed *form);

/* The whole pages of a content that is neither in a file nor borrowed, without the one with its head. */
struct pl_whole_pages {
    char *data;
    size_t bytes;
};
struct pl_whole_pages pl_content_own_pages(const struct pl_content *content);

#endif
