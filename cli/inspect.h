/* SPDX-License-Identifier: Apache-2.0 */
/* What plait inspect finds out, shown for people (inspect_text.c) or for programs
 * (inspect_json.c). */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "models.h"
#include "plait/plait.h"

struct operator_count {
    const char *name;
    size_t count;
    bool unsupported; /* at least one of them */
};

/* A model's operators by name, the most frequent first; freed by the caller. */
struct operator_count *count_operators(const struct plait_model *model, size_t *count);

/* What a plan saves of a model's work, where it takes windows or has a beginning in common with others. */
struct savings {
    size_t reused; /* operators that compute new rows alone: */
    uint64_t fresh_rows, window_rows;
    uint64_t work, whole_work;   /* about how many multiply-adds, or bytes moved, a run: of new rows, of whole windows */
    uint64_t bytes, whole_bytes; /* of their outputs */
    size_t computed_for_others;
    size_t computed_by_others;
    uint64_t shared_work, shared_bytes; /* of those that others compute */
    int next_whole; /* the first operator that computes whole windows; -1: none */
    int next_own;   /* the first that is not shared although another model reads the same; -1: none */
};
struct savings savings_of(const struct plait_model *model);
/* Of one operator, in words; the caller frees it. */
char *savings_text(const struct plait_model *model, size_t index);
void print_savings(const struct plait_model *model);

/* The memory of one model; none is known of a model that cannot run. */
struct memory_row {
    const char *name;
    bool known;
    struct plait_memory memory; /* as part of all */
    struct plait_stats alone;   /* of an interpreter that holds this model only */
};

struct memory_report {
    struct memory_row *rows;
    size_t count;
    struct plait_stats together; /* of the interpreter that holds all that are known */
    struct plait_stats apart;    /* the sum of the rows' alone: bytes only */
};

/* Shows every model; with `operators`, each of its operators. */
void inspect_text_models(const struct models *models, bool operators);
void inspect_text_memory(const struct memory_report *memory);

/* The names of a pipeline, behind its models; nothing where there is none. As a document: only where there is one. */
void inspect_text_pipeline(const struct models *models);
struct json_t *inspect_json_pipeline(const struct models *models);

/* The same as a document, made before and printed after the memory is looked at, which unloads
 * what cannot run. */
struct json_t *inspect_json_models(const struct models *models, bool operators);
void inspect_json_print(struct json_t *models, struct json_t *pipeline, struct json_t *timing,
                        const struct memory_report *memory);

#endif
