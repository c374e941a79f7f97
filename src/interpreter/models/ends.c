/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs and outputs of an entry, by number and by name. */
#include <stdlib.h>
#include <string.h>

#include "interpreter/models/models.h"

int32_t pl_entry_end_count(const struct pl_entry *entry, bool output)
{
    const struct pl_signature *signature = entry->signature;
    if (signature != NULL) return output ? signature->output_count : signature->input_count;
    return output ? pl_entry_subgraph(entry)->output_count : pl_entry_subgraph(entry)->input_count;
}

int32_t pl_entry_end_tensor(const struct pl_entry *entry, bool output, int32_t index)
{
    const struct pl_subgraph *subgraph = pl_entry_subgraph(entry);
    if (entry->signature != NULL)
        return output ? entry->signature->outputs[index].tensor : entry->signature->inputs[index].tensor;
    return output ? subgraph->outputs[index] : subgraph->inputs[index];
}

/* ---- by number ----------------------------------------------------------------------------------------------------- */

/* Another file may come under the entry meanwhile. */
static int32_t count_now(const struct pl_entry *entry, bool output)
{
    pl_lock(entry->interpreter);
    const int32_t count = pl_entry_end_count(entry, output);
    pthread_mutex_unlock(&entry->interpreter->lock);
    return count;
}

int32_t pl_entry_input_count(const struct pl_entry *entry)
{
    return count_now(entry, false);
}

int32_t pl_entry_output_count(const struct pl_entry *entry)
{
    return count_now(entry, true);
}

static struct pl_tensor_handle *end_now(const struct pl_entry *entry, bool output, int32_t index)
{
    struct pl_tensor_handle *handle = NULL;
    pl_lock(entry->interpreter);
    if (index >= 0 && index < pl_entry_end_count(entry, output))
        handle = entry->handles[pl_entry_end_tensor(entry, output, index)];
    pthread_mutex_unlock(&entry->interpreter->lock);
    return handle;
}

struct pl_tensor_handle *pl_entry_input(const struct pl_entry *entry, int32_t index)
{
    return end_now(entry, false, index);
}

struct pl_tensor_handle *pl_entry_output(const struct pl_entry *entry, int32_t index)
{
    return end_now(entry, true, index);
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

/* The signature that names a tensor of this entry: its own, or for the model the first of the primary subgraph. */
static const struct pl_signature *naming_signature(const struct pl_entry *entry)
{
    if (entry->signature != NULL) return entry->signature;
    const struct pl_graph *graph = entry->instance->graph;
    for (int32_t i = 0; i < graph->signature_count; i++)
        if (graph->signatures[i].subgraph == entry->subgraph) return &graph->signatures[i];
    return NULL;
}

static const char *signature_name(const struct pl_entry *entry, bool output, int32_t tensor)
{
    const struct pl_signature *signature = naming_signature(entry);
    if (signature == NULL) return NULL;
    const struct pl_signature_tensor *names = output ? signature->outputs : signature->inputs;
    const int32_t count = output ? signature->output_count : signature->input_count;
    for (int32_t i = 0; i < count; i++)
        if (names[i].tensor == tensor) return names[i].name;
    return NULL;
}

const char *pl_handle_signature_name(const struct pl_tensor_handle *handle)
{
    const char *name = signature_name(handle->entry, false, handle->index);
    return name != NULL ? name : signature_name(handle->entry, true, handle->index);
}

static const char *tensor_name(const struct pl_entry *entry, bool output, int32_t index)
{
    return pl_entry_subgraph(entry)->tensors[pl_entry_end_tensor(entry, output, index)].name;
}

const char *pl_entry_end_name(const struct pl_entry *entry, bool output, int32_t index)
{
    const char *by_signature = signature_name(entry, output, pl_entry_end_tensor(entry, output, index));
    return by_signature != NULL ? by_signature : tensor_name(entry, output, index);
}

static pl_status list_names(const struct pl_entry *entry, bool output, const char *name, const char *problem,
                            struct pl_error *error)
{
    const char *kind = output ? "output" : "input";
    const int32_t count = pl_entry_end_count(entry, output);
    if (name[0] == '\0') pl_fail(error, PL_NOT_FOUND, "the name of the %s is %s; %ss:", kind, problem, kind);
    else pl_fail(error, PL_NOT_FOUND, "%s '%s' is %s; %ss:", kind, name, problem, kind);
    for (int32_t i = 0; i < count; i++)
        pl_error_append(error, "%s #%d '%s'", i == 0 ? "" : ",", (int)i, pl_entry_end_name(entry, output, i));
    return PL_NOT_FOUND;
}

/* "#3" -> 3, -1 if it is no number. */
static int32_t parse_index(const char *name)
{
    if (name[0] != '#' || name[1] < '0' || name[1] > '9') return -1;
    char *end = NULL;
    const long value = strtol(name + 1, &end, 10);
    return *end != '\0' || value > INT32_MAX ? -1 : (int32_t)value;
}

/* How many have this name, and the last of them. Signature names go before tensor names. */
static int32_t match_names(const struct pl_entry *entry, bool output, const char *name, bool by_signature,
                           int32_t *index)
{
    const int32_t count = pl_entry_end_count(entry, output);
    int32_t found = 0;
    for (int32_t i = 0; i < count; i++) {
        const char *own = by_signature ? signature_name(entry, output, pl_entry_end_tensor(entry, output, i))
                                       : tensor_name(entry, output, i);
        if (own == NULL || strcmp(own, name) != 0) continue;
        *index = i;
        found++;
    }
    return found;
}

static pl_status find_now(const struct pl_entry *entry, bool output, const char *name, int32_t *index, struct pl_error *error)
{
    const int32_t count = pl_entry_end_count(entry, output);
    if (name == NULL || name[0] == '\0') {
        *index = 0;
        return count == 1 ? PL_OK : list_names(entry, output, "", "left out, but there is not just one", error);
    }
    for (int by_signature = 1; by_signature >= 0; by_signature--) {
        const int32_t found = match_names(entry, output, name, by_signature, index);
        if (found == 1) return PL_OK;
        if (found > 1) return list_names(entry, output, name, "ambiguous, use #index", error);
    }
    *index = parse_index(name);
    if (*index >= 0 && *index < count) return PL_OK;
    return list_names(entry, output, name, "unknown", error);
}

pl_status pl_entry_find(const struct pl_entry *entry, bool output, const char *name, int32_t *index,
                        struct pl_error *error)
{
    pl_lock(entry->interpreter);
    const pl_status status = find_now(entry, output, name, index, error);
    pthread_mutex_unlock(&entry->interpreter->lock);
    return status;
}
