/* SPDX-License-Identifier: Apache-2.0 */
#include "rewrite/shared_prefix.h"

#include <string.h>

#include "base/hash.h"

struct sharer {
    struct pl_graph *join;
    const struct pl_registry *registry;
    struct pl_region work;
    int32_t *stands_for; /* per tensor: the one that has its numbers, itself if nothing else */
    bool *is_output;     /* per tensor: of the join, which is of its models */
    int32_t *producers;  /* per tensor: the operator that makes it; -1: none */
    int32_t *buckets;    /* operators that were kept, by hash; -1: none */
    int32_t *next;       /* per operator: further ones of its bucket */
    int32_t *readers;    /* per tensor: the first operator that reads it first of all; -1: none */
    struct pl_sharing *sharing; /* per operator, in the order there is before any is dropped */
    uint64_t mask;
};

static const struct pl_tensor *tensor_at(const struct sharer *sharer, int32_t tensor)
{
    return &sharer->join->subgraphs[0].tensors[tensor];
}

/* ---- what is the same --------------------------------------------------------------------------------------------- */

/* Raw bytes that were let go left a packed form, which tells as much. */
static bool same_constant(const struct pl_constant *a, const struct pl_constant *b)
{
    if (a == b) return true;
    if (a == NULL || b == NULL || a->bytes != b->bytes) return false;
    if (a->raw != NULL && b->raw != NULL) return a->raw == b->raw;
    for (const struct pl_packed *p = a->packed; p != NULL; p = p->next)
        for (const struct pl_packed *q = b->packed; q != NULL; q = q->next)
            if (p->layout == q->layout && p->parameters == q->parameters && p->content == q->content) return true;
    return false;
}

static bool same_floats(const float *a, const float *b, int64_t count)
{
    return count == 0 || memcmp(a, b, (size_t)count * sizeof *a) == 0;
}

static bool same_quantization(const struct pl_quantization *a, const struct pl_quantization *b)
{
    return a->count == b->count && a->dimension == b->dimension && a->block_size == b->block_size &&
           a->block_count == b->block_count && same_floats(a->scales, b->scales, a->count) &&
           (a->count == 0 || memcmp(a->zero_points, b->zero_points, (size_t)a->count * sizeof *a->zero_points) == 0) &&
           same_floats(a->block_scales, b->block_scales, a->block_count);
}

/* Two constants with the same content, or two tensors that say the same about it. */
static bool same_tensor(const struct pl_tensor *a, const struct pl_tensor *b)
{
    return a->type == b->type && !a->is_variable && !b->is_variable && pl_shape_equal(&a->shape, &b->shape) &&
           pl_shape_equal(&a->signature, &b->signature) && a->has_signature == b->has_signature &&
           same_quantization(&a->quantization, &b->quantization) && a->sparsity == NULL && b->sparsity == NULL &&
           same_constant(a->constant, b->constant);
}

static bool same_inputs(const struct sharer *sharer, const struct pl_operator *a, const struct pl_operator *b)
{
    for (int32_t i = 0; i < a->input_count; i++) {
        if (a->inputs[i] == b->inputs[i]) continue;
        if (a->inputs[i] < 0 || b->inputs[i] < 0) return false;
        const struct pl_tensor *x = tensor_at(sharer, a->inputs[i]);
        const struct pl_tensor *y = tensor_at(sharer, b->inputs[i]);
        if (x->constant == NULL || y->constant == NULL || !same_tensor(x, y)) return false;
    }
    return true;
}

static bool same_options(const struct pl_operator *a, const struct pl_operator *b)
{
    return pl_record_equal(a->options, b->options) && a->custom_options_bytes == b->custom_options_bytes &&
           (a->custom_options_bytes == 0 || memcmp(a->custom_options, b->custom_options, a->custom_options_bytes) == 0) &&
           (a->custom_name == NULL || strcmp(a->custom_name, b->custom_name) == 0);
}

/* NULL: they compute the same. */
static const char *difference(const struct sharer *sharer, const struct pl_operator *a, const struct pl_operator *b)
{
    if (a->code != b->code || (a->custom_name == NULL) != (b->custom_name == NULL)) return "it is another operator";
    if (a->version != b->version || !same_options(a, b)) return "it has other options";
    if (a->input_count != b->input_count || a->output_count != b->output_count || !same_inputs(sharer, a, b))
        return "it has other constants, or other inputs";
    for (int32_t i = 0; i < a->output_count; i++)
        if (!same_tensor(tensor_at(sharer, a->outputs[i]), tensor_at(sharer, b->outputs[i])))
            return "its output has another type, shape or quantization";
    return NULL;
}

/* ---- operator by operator ----------------------------------------------------------------------------------------- */

/* What a run of its own model must leave behind, or what is not ours to know, is each model's own. NULL: it can be shared. */
static const char *why_own(const struct sharer *sharer, const struct pl_operator *op)
{
    const struct pl_op *known = pl_op_find(op);
    if (known == NULL || pl_registry_find(sharer->registry, op) != NULL) return "a user brought it";
    if (!pl_traits_are_pure(known->traits) || op->intermediate_count > 0)
        return "it has state or effects";
    for (int32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] >= 0 && tensor_at(sharer, op->inputs[i])->is_variable) return "it has state or effects";
    for (int32_t i = 0; i < op->output_count; i++)
        if (op->outputs[i] < 0 || sharer->is_output[op->outputs[i]]) return "its output is one of its model";
    return NULL;
}

/* Constants count by what is the same for equal ones: their size. */
static uint64_t hash_of(const struct sharer *sharer, const struct pl_operator *op)
{
    uint64_t hash = pl_hash_combine((uint64_t)(uint32_t)op->code, (uint64_t)op->input_count);
    for (int32_t i = 0; i < op->input_count; i++) {
        const int32_t input = op->inputs[i];
        const struct pl_constant *constant = input >= 0 ? tensor_at(sharer, input)->constant : NULL;
        hash = pl_hash_combine(hash, constant != NULL ? constant->bytes : (uint64_t)(uint32_t)input);
    }
    return hash;
}

static pl_status rename_inputs(struct sharer *sharer, struct pl_operator *op)
{
    int32_t *inputs = pl_region_copy(&sharer->join->region, op->inputs, (size_t)op->input_count * sizeof *inputs);
    if (inputs == NULL) return PL_OUT_OF_MEMORY;
    for (int32_t i = 0; i < op->input_count; i++)
        if (inputs[i] >= 0) inputs[i] = sharer->stands_for[inputs[i]];
    op->inputs = inputs;
    return PL_OK;
}

/* Whether it can come first in its model: an input may be an output of that, where it is linked to the other one. */
static bool begins_model(const struct sharer *sharer, const struct pl_operator *op)
{
    const struct pl_operator *operators = sharer->join->subgraphs[0].operators;
    for (int32_t i = 0; i < op->input_count; i++) {
        const int32_t producer = op->inputs[i] < 0 ? -1 : sharer->producers[op->inputs[i]];
        if (producer >= 0 && operators[producer].member == op->member && !operators[producer].shared) return false;
    }
    return true;
}

/* The kept operator of another model that this one is the same as; -1 if there is none, and it is kept then. */
static int32_t find_same(struct sharer *sharer, int32_t index)
{
    const struct pl_operator *operators = sharer->join->subgraphs[0].operators;
    const struct pl_operator *op = &operators[index];
    if (why_own(sharer, op) != NULL) return -1;
    int32_t *bucket = &sharer->buckets[hash_of(sharer, op) & sharer->mask];
    for (int32_t i = *bucket; i >= 0; i = sharer->next[i])
        if (operators[i].member != op->member && difference(sharer, &operators[i], op) == NULL &&
            begins_model(sharer, &operators[i]))
            return i;
    sharer->next[index] = *bucket;
    *bucket = index;
    return -1;
}

/* What is to be said of an operator for which `same` stands, or none (-1). */
static void note_sharing(struct sharer *sharer, int32_t index, int32_t same)
{
    const struct pl_operator *operators = sharer->join->subgraphs[0].operators;
    const struct pl_operator *op = &operators[index];
    struct pl_sharing *sharing = &sharer->sharing[index];
    *sharing = (struct pl_sharing){.of_member = op->member, .of_index = op->index, .member = -1};
    if (same >= 0) {
        sharing->member = operators[same].member;
        sharing->index = operators[same].index;
        sharer->sharing[same].models++;
    }
    int32_t input = 0;
    while (input < op->input_count && (op->inputs[input] < 0 || tensor_at(sharer, op->inputs[input])->constant != NULL))
        input++;
    if (input == op->input_count || same >= 0) return;
    int32_t *reader = &sharer->readers[op->inputs[input]];
    if (*reader < 0) *reader = index;
    const struct pl_operator *other = &operators[*reader];
    if (other->member == op->member) return;
    sharing->why_not = why_own(sharer, op);
    if (sharing->why_not == NULL) sharing->why_not = why_own(sharer, other);
    if (sharing->why_not == NULL) sharing->why_not = difference(sharer, other, op);
}

/* Keeps what there is to say for those who ask. */
static pl_status keep_sharing(struct sharer *sharer, int32_t count)
{
    struct pl_graph *join = sharer->join;
    int32_t kept = 0;
    for (int32_t i = 0; i < count; i++) {
        const struct pl_sharing *sharing = &sharer->sharing[i];
        if (sharing->of_index >= 0 && (sharing->member >= 0 || sharing->models > 0 || sharing->why_not != NULL))
            sharer->sharing[kept++] = *sharing;
    }
    join->sharing = pl_region_copy(&join->region, sharer->sharing, (size_t)kept * sizeof *sharer->sharing);
    join->sharing_count = kept;
    return join->sharing != NULL || kept == 0 ? PL_OK : PL_OUT_OF_MEMORY;
}

/* In each model what is shared comes first: who needs it runs that alone, and none of what makes outputs. It reads nothing
 * but what is shared itself, or comes from elsewhere. */
static pl_status order_operators(struct sharer *sharer, const bool *dropped)
{
    struct pl_subgraph *whole = &sharer->join->subgraphs[0];
    const int32_t count = whole->operator_count;
    struct pl_operator *ordered = pl_region_array(&sharer->work, (size_t)count, sizeof *ordered);
    if (ordered == NULL) return PL_OUT_OF_MEMORY;
    int32_t kept = 0;
    for (int32_t first = 0, end = 0; first < count; first = end) {
        while (end < count && whole->operators[end].member == whole->operators[first].member) end++;
        for (int own = 0; own <= 1; own++)
            for (int32_t i = first; i < end; i++)
                if (!dropped[i] && whole->operators[i].shared != own) ordered[kept++] = whole->operators[i];
    }
    memcpy(whole->operators, ordered, (size_t)kept * sizeof *ordered);
    whole->operator_count = kept;
    return PL_OK;
}

/* Operators keep their places until all are looked at. */
static pl_status share_all(struct sharer *sharer, bool *dropped)
{
    struct pl_subgraph *whole = &sharer->join->subgraphs[0];
    for (int32_t i = 0; i < whole->operator_count; i++) {
        struct pl_operator *op = &whole->operators[i];
        PL_TRY(rename_inputs(sharer, op));
        const int32_t same = find_same(sharer, i);
        note_sharing(sharer, i, same);
        dropped[i] = same >= 0;
        if (same >= 0) whole->operators[same].shared = true;
        for (int32_t k = 0; k < op->output_count; k++) {
            if (op->outputs[k] < 0) continue;
            sharer->producers[op->outputs[k]] = i;
            if (same >= 0) sharer->stands_for[op->outputs[k]] = whole->operators[same].outputs[k];
        }
    }
    PL_TRY(keep_sharing(sharer, whole->operator_count));
    return order_operators(sharer, dropped);
}

static pl_status share(struct sharer *sharer)
{
    const struct pl_subgraph *whole = &sharer->join->subgraphs[0];
    const size_t tensors = (size_t)whole->tensor_count;
    const size_t operators = (size_t)whole->operator_count;
    size_t buckets = 16;
    while (buckets < operators) buckets *= 2;
    sharer->mask = buckets - 1;
    sharer->stands_for = pl_region_array(&sharer->work, tensors, sizeof(int32_t));
    sharer->is_output = pl_region_array(&sharer->work, tensors, sizeof(bool));
    sharer->producers = pl_region_array(&sharer->work, tensors, sizeof(int32_t));
    sharer->buckets = pl_region_array(&sharer->work, buckets, sizeof(int32_t));
    sharer->next = pl_region_array(&sharer->work, operators, sizeof(int32_t));
    sharer->readers = pl_region_array(&sharer->work, tensors, sizeof(int32_t));
    sharer->sharing = pl_region_array(&sharer->work, operators, sizeof *sharer->sharing);
    bool *dropped = pl_region_array(&sharer->work, operators, sizeof(bool));
    if (sharer->stands_for == NULL || sharer->is_output == NULL || sharer->producers == NULL ||
        sharer->buckets == NULL || sharer->next == NULL || sharer->readers == NULL || sharer->sharing == NULL || dropped == NULL)
        return PL_OUT_OF_MEMORY;
    for (size_t i = 0; i < tensors; i++) sharer->stands_for[i] = (int32_t)i;
    for (size_t i = 0; i < tensors; i++) sharer->producers[i] = sharer->readers[i] = -1;
    for (size_t i = 0; i < buckets; i++) sharer->buckets[i] = -1;
    for (int32_t i = 0; i < whole->output_count; i++) sharer->is_output[whole->outputs[i]] = true;
    return share_all(sharer, dropped);
}

pl_status pl_share_prefixes(struct pl_graph *join, const struct pl_registry *registry, struct pl_memory *memory,
                            struct pl_error *error)
{
    struct sharer sharer = {.join = join, .registry = registry};
    pl_region_init(&sharer.work, memory);
    const pl_status status = share(&sharer);
    pl_region_clear(&sharer.work);
    return status == PL_OK ? PL_OK : pl_fail(error, status, "no memory left to share what models have in common");
}
