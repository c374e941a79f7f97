/* SPDX-License-Identifier: Apache-2.0 */
#include "classification.h"

#include <stdlib.h>

struct candidate {
    double value;
    size_t index;
};

/* The largest first, of equal ones the first; what is no number last. */
static int compare(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    const bool a_lost = a->value != a->value, b_lost = b->value != b->value;
    if (a_lost != b_lost) return a_lost ? 1 : -1;
    if (a->value > b->value) return -1;
    if (a->value < b->value) return 1;
    return a->index < b->index ? -1 : 1;
}

/* "value:index", and ":name" where it has one. */
static void add_class(const struct served_tensor *tensor, const struct candidate *candidate, struct bytes *texts)
{
    const enum datatype_kind kind = tensor->type->kind;
    bytes_print(texts, kind == KIND_FLOAT || kind == KIND_HALF ? "%f:%zu" : "%.0f:%zu", candidate->value, candidate->index);
    if (candidate->index < tensor->labels.count) bytes_print(texts, ":%s", tensor->labels.names[candidate->index]);
    bytes_add(texts, "", 1);
}

/* Writes the strings of one row behind those that are there. */
static void classify_row(const struct infer_output *output, const char *row, struct candidate *candidates, size_t count,
                         struct bytes *texts, size_t keep)
{
    const struct datatype *type = output->tensor->type;
    for (size_t i = 0; i < count; i++) candidates[i] = (struct candidate){datatype_value(type, row + i * type->bytes), i};
    qsort(candidates, count, sizeof *candidates, compare);
    for (size_t i = 0; i < keep; i++) add_class(output->tensor, &candidates[i], texts);
}

bool classify(const struct infer_output *output, const struct result *result, struct result *classes)
{
    const struct shape *shape = &result->shape;
    const size_t rows = shape->rank > 1 ? (size_t)shape->dims[0] : 1;
    const size_t count = rows > 0 ? shape->elements / rows : 0;
    const size_t keep = output->classes < count ? output->classes : count;
    struct candidate *candidates = calloc(count + 1, sizeof *candidates);
    struct bytes texts = {0};
    bool fine = candidates != NULL;
    for (size_t row = 0; fine && row < rows; row++)
        classify_row(output, result->data.data + row * count * output->tensor->type->bytes, candidates, count, &texts, keep);
    free(candidates);
    classes->shape = (struct shape){.rank = 1, .dims = {(int64_t)keep}, .elements = rows * keep};
    if (shape->rank > 1) classes->shape = (struct shape){.rank = 2, .dims = {(int64_t)rows, (int64_t)keep}, .elements = rows * keep};
    fine = fine && !texts.failed && layout_from_texts(rows * keep, texts.data, &classes->data);
    bytes_free(&texts);
    return fine;
}
