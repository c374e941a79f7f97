/* SPDX-License-Identifier: Apache-2.0 */
/* Constants by content. The store keeps every content once per interpreter: xxHash finds equals, memcmp decides. A
 * constant is a reference to a content and to the packed forms that kernels made of it; once nothing reads the raw
 * bytes any more they are let go, and the packed forms stay with the constant. */
#ifndef PL_GRAPH_CONSTANT_H
#define PL_GRAPH_CONSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/status.h"
#include "graph/file_pages.h"

struct pl_constant_store;

/* A content in the store; shared, counted. */
struct pl_content {
    const void *data; /* aligned to PL_ALIGNMENT unless borrowed or in a file */
    size_t bytes;
    bool borrowed;              /* data belongs to the caller or to a mapping */
    bool shared;                /* data is a mapping that other processes have, too */
    bool pinned;                /* somebody reads it who could not make it again, or has its address */
    bool asleep;                /* its pages were given up: asleep.h */
    uint32_t needed;            /* the last round in which somebody was found to need it */
    struct pl_file_pages *file; /* data lies in it; NULL: behind this head, or borrowed, or shared */
    uint64_t hash;
    size_t references;
    struct pl_content *next; /* in its bucket */
};

enum { PL_PACKING_PARAMETERS = 4 };

/* A packed form: which packer made it, with which parameters. */
struct pl_packed {
    struct pl_packed *next;
    const void *layout; /* identity of the packer: the address of its function */
    uint64_t parameters[PL_PACKING_PARAMETERS];
    struct pl_content *content;
    bool kept; /* a plan that was put in place reads it */
    uint32_t context_bytes; /* what the packer needs to make it again; 0: it cannot be made again */
    uint64_t context[];
};

/* Where the bytes of a constant are in its file: nowhere. */
#define PL_NOT_IN_FILE UINT64_MAX

struct pl_constant {
    struct pl_content *raw; /* NULL once let go */
    size_t bytes;           /* of the raw content */
    uint64_t at;            /* where they begin in the file, or PL_NOT_IN_FILE: they were computed */
    struct pl_packed *packed;
    size_t references;
    size_t raw_readers; /* steps of programs, and folds, that read the raw bytes */
};

/* Constants come and go with graphs, which their owner guards: one thread at a time (the interpreter's change lock).
 * Packed forms may be asked for meanwhile, by what is prepared while running: the store guards its contents itself. */
pl_status pl_constant_store_create(struct pl_memory *memory, struct pl_constant_store **store, struct pl_error *error);
/* All constants must have been released. */
void pl_constant_store_delete(struct pl_constant_store *store);
/* Nothing comes or goes between the two. */
void pl_constant_store_hold(struct pl_constant_store *store);
void pl_constant_store_let_go(struct pl_constant_store *store);
/* From now on, large packed forms are shared with other processes through this folder (graph/shared_pages.h), which is the
 * store's to close. */
void pl_constant_store_share(struct pl_constant_store *store, int folder);
/* Bytes of all contents that are not borrowed. */
size_t pl_constant_store_bytes(struct pl_constant_store *store);

/* From now on packed forms are kept with what it takes to make them again. */
void pl_constant_store_remember(struct pl_constant_store *store);

/* Makes its own table as small as if there had never been more contents than now. */
void pl_constant_store_fit(struct pl_constant_store *store);

/* From now on, and until it is told NULL, pl_constant_intern_read() may leave what lies in this file there. */
void pl_constant_store_import_from(struct pl_constant_store *store, struct pl_file_pages *file);

/* A new reference to the content of these bytes; copies them if they are new, or, with borrow, points at them.
 * The constant has one reference, which the caller owns. */
pl_status pl_constant_intern(struct pl_constant_store *store, const void *data, size_t bytes, bool borrow,
                             struct pl_constant **constant, struct pl_error *error);
/* Bytes of a file that is being imported. */
struct pl_file_bytes {
    const void *data;
    size_t bytes;
    uint64_t at;
    size_t alignment;
    bool borrow; /* otherwise large ones stay where they were read, if aligned as they must be */
};
/* The same for those. */
pl_status pl_constant_intern_read(struct pl_constant_store *store, const struct pl_file_bytes *read,
                                  struct pl_constant **constant, struct pl_error *error);
void pl_constant_retain(struct pl_constant *constant);
void pl_constant_release(struct pl_constant_store *store, struct pl_constant *constant);

/* Bytes it keeps in the store now, raw and packed, that are not borrowed (others may share them). */
size_t pl_constant_bytes(struct pl_constant_store *store, const struct pl_constant *constant);

/* Lets the raw bytes go (the packed forms stay). */
void pl_constant_drop_raw(struct pl_constant_store *store, struct pl_constant *constant);

/* Packs raw bytes into packed_bytes at `to`, with `context` for whatever else it needs. */
typedef void (*pl_pack_function)(void *to, const void *raw, const void *context);

/* What is asked for. Tensors of any shape and type can have one buffer of a file, so the parameters are all that the
 * form depends on beside the raw bytes and the packer, and no hash of it. */
struct pl_packing {
    pl_pack_function pack;
    const void *context;
    uint32_t context_bytes; /* all that the packer reads there; 0: it follows pointers to what may end */
    uint64_t parameters[PL_PACKING_PARAMETERS];
    size_t bytes; /* of the packed form */
    bool keep;    /* whoever asks is running already: it stays */
};

/* The packed form of this layout, made now if it is not there. Equal packed forms of different constants are one
 * content. */
pl_status pl_constant_pack(struct pl_constant_store *store, struct pl_constant *constant,
                           const struct pl_packing *packing, const void **packed, struct pl_error *error);

/* A plan is put in place: the forms made so far stay with the constant. */
void pl_constant_keep_packed(struct pl_constant_store *store, struct pl_constant *constant);
/* A plan was given up: forms that were made for it alone go. */
void pl_constant_drop_tried(struct pl_constant_store *store, struct pl_constant *constant);

#endif
