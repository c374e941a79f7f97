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

/* The same as a document, made before and printed after the memory is looked at, which unloads
 * what cannot run. */
struct json_t *inspect_json_models(const struct models *models, bool operators);
void inspect_json_print(struct json_t *models, const struct memory_report *memory);

#endif
