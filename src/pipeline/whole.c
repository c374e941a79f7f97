/* SPDX-License-Identifier: Apache-2.0 */
/* Names, signatures and metadata of a file under construction; see assembly.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/name_order.h"
#include "pipeline/assembly.h"

static const char VERSION_METADATA[] = "min_runtime_version";

/* ---- names ----------------------------------------------------------------------------------- */

/* A name that must become the only one of its kind. */
struct label {
    const char *name;
    const char *model; /* what goes before it where it collides; NULL: it stays as it is */
};

static struct pl_named *sort_labels(struct pl_assembly *assembly, const struct label *labels,
                                    uint32_t count)
{
    struct pl_named *sorted = pl_region_array(&assembly->region, count, sizeof *sorted);
    if (sorted == NULL) return NULL;
    for (uint32_t i = 0; i < count; i++) sorted[i] = (struct pl_named){labels[i].name, i};
    pl_sort_names(sorted, count);
    return sorted;
}

/* Behind the last of those that have the name of sorted[first]. */
static uint32_t end_of_group(const struct pl_named *sorted, uint32_t first, uint32_t count)
{
    uint32_t end = first + 1;
    while (end < count && strcmp(sorted[end].name, sorted[first].name) == 0) end++;
    return end;
}

/* "model/name" for all that share a name. */
static pl_status prefix_labels(struct pl_assembly *assembly, struct label *labels, uint32_t count)
{
    const struct pl_named *sorted = sort_labels(assembly, labels, count);
    if (sorted == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t first = 0, end; first < count; first = end) {
        end = end_of_group(sorted, first, count);
        if (end - first < 2 || sorted[first].name[0] == '\0') continue;
        for (uint32_t i = first; i < end; i++) {
            struct label *label = &labels[sorted[i].number];
            if (label->model == NULL) continue;
            label->name = pl_assembly_text(assembly, label->model, "/", label->name);
            if (label->name == NULL) return pl_assembly_no_memory(assembly);
        }
    }
    return PL_OK;
}

/* Numbers behind the names that are still not the only ones; false once there are none. */
static pl_status number_labels(struct pl_assembly *assembly, struct label *labels, uint32_t count,
                               bool *changed)
{
    const struct pl_named *sorted = sort_labels(assembly, labels, count);
    if (sorted == NULL) return pl_assembly_no_memory(assembly);
    *changed = false;
    for (uint32_t first = 0, end; first < count; first = end) {
        end = end_of_group(sorted, first, count);
        if (sorted[first].name[0] == '\0') continue;
        for (uint32_t i = first + 1; i < end; i++) {
            char number[16];
            struct label *label = &labels[sorted[i].number];
            snprintf(number, sizeof number, "%lu", (unsigned long)(i - first + 1));
            label->name = pl_assembly_text(assembly, label->name, "_", number);
            if (label->name == NULL) return pl_assembly_no_memory(assembly);
            *changed = true;
        }
    }
    return PL_OK;
}

/* Empty names stay empty. */
static pl_status make_unique(struct pl_assembly *assembly, struct label *labels, uint32_t count)
{
    PL_TRY(prefix_labels(assembly, labels, count));
    for (bool changed = true; changed;) PL_TRY(number_labels(assembly, labels, count, &changed));
    return PL_OK;
}

pl_status pl_assembly_name(struct pl_assembly *assembly)
{
    PL_TRY(pl_assembly_settle(assembly));
    const uint32_t count = assembly->tensors.count;
    struct label *labels = pl_region_array(&assembly->region, count, sizeof *labels);
    if (labels == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_source *source = assembly->tensor_origins[i].source;
        labels[i].name = pl_record_text(assembly->tensors.items[i], PL_Tensor_name);
        labels[i].model = source != NULL ? source->name : "link";
    }
    PL_TRY(make_unique(assembly, labels, count));
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_record *tensor = assembly->tensors.items[i];
        if (strcmp(pl_record_text(tensor, PL_Tensor_name), labels[i].name) == 0) continue;
        struct pl_record *renamed = pl_record_clone(&assembly->region, tensor);
        if (renamed == NULL) return pl_assembly_no_memory(assembly);
        pl_record_set_text(renamed, PL_Tensor_name, labels[i].name);
        assembly->tensors.items[i] = renamed;
    }
    return PL_OK;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Bytes of the UTF-8 character that begins here, 0 if none does. Surrogates and longer forms
 * than are needed are none. */
static size_t character_bytes(const unsigned char *text)
{
    const unsigned char first = text[0];
    if (first < 0x80) return 1;
    const size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    if (first == 0xe0 && text[1] < 0xa0) return 0;
    if (first == 0xed && text[1] > 0x9f) return 0;
    if (first == 0xf0 && text[1] < 0x90) return 0;
    if (first == 0xf4 && text[1] > 0x8f) return 0;
    return bytes;
}

/* The text with '_' for what is no UTF-8: readers of signatures expect it. */
static const char *clean_text(struct pl_assembly *assembly, const char *text)
{
    char *clean = pl_region_text(&assembly->region, text, strlen(text));
    for (size_t i = 0; clean != NULL && clean[i] != '\0';) {
        const size_t bytes = character_bytes((const unsigned char *)clean + i);
        if (bytes == 0) clean[i] = '_';
        i += bytes == 0 ? 1 : bytes;
    }
    return clean;
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* Names of inputs or outputs for the signature: those without any get a number. */
static pl_status map_ends(struct pl_assembly *assembly, struct pl_record *signature,
                          enum pl_field field, const struct pl_ends *ends, const char *kind)
{
    struct label *labels = pl_region_array(&assembly->region, ends->count, sizeof *labels);
    if (labels == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t i = 0; i < ends->count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%lu", (unsigned long)i);
        labels[i].name = clean_text(assembly, ends->items[i].name);
        labels[i].model = ends->items[i].model;
        if (labels[i].name == NULL) return pl_assembly_no_memory(assembly);
        if (labels[i].name[0] == '\0')
            labels[i].name = pl_assembly_text(assembly, kind, "_", number);
        if (labels[i].name == NULL) return pl_assembly_no_memory(assembly);
    }
    PL_TRY(make_unique(assembly, labels, ends->count));
    struct pl_record_list maps = {0};
    for (uint32_t i = 0; i < ends->count; i++) {
        struct pl_record *map = pl_record_new(&assembly->region, PL_TABLE_TensorMap);
        if (map == NULL) return pl_assembly_no_memory(assembly);
        pl_record_set_text(map, PL_TensorMap_name, labels[i].name);
        pl_record_set_integer(map, PL_TensorMap_tensor_index, ends->items[i].tensor);
        PL_TRY(pl_assembly_add(assembly, &maps, map));
    }
    if (maps.count > 0) pl_record_set_vector(signature, field, maps.items, maps.count);
    return PL_OK;
}

/* The names of a signature's inputs or outputs, made clean. */
static pl_status clean_maps(struct pl_assembly *assembly, struct pl_record *signature,
                            enum pl_field field)
{
    struct pl_record_list maps = {0};
    for (uint32_t i = 0; i < pl_record_count(signature, field); i++) {
        struct pl_record *map =
            pl_record_clone(&assembly->region, pl_record_item(signature, field, i));
        const char *name =
            map == NULL ? NULL : clean_text(assembly, pl_record_text(map, PL_TensorMap_name));
        if (name == NULL) return pl_assembly_no_memory(assembly);
        pl_record_set_text(map, PL_TensorMap_name, name);
        PL_TRY(pl_assembly_add(assembly, &maps, map));
    }
    if (maps.count > 0) pl_record_set_vector(signature, field, maps.items, maps.count);
    return PL_OK;
}

static pl_status add_own_signatures(struct pl_assembly *assembly, struct pl_source *source)
{
    const struct pl_record *root = source->model->root;
    for (uint32_t i = 0; i < pl_record_count(root, PL_Model_signature_defs); i++) {
        const struct pl_record *old = pl_record_item(root, PL_Model_signature_defs, i);
        struct pl_record *copy = pl_record_clone(&assembly->region, old);
        int32_t subgraph = 0;
        if (copy == NULL) return pl_assembly_no_memory(assembly);
        PL_TRY(pl_assembly_subgraph(
            assembly, source, pl_record_integer(old, PL_SignatureDef_subgraph_index), &subgraph));
        pl_record_set_integer(copy, PL_SignatureDef_subgraph_index, subgraph);
        PL_TRY(clean_maps(assembly, copy, PL_SignatureDef_inputs));
        PL_TRY(clean_maps(assembly, copy, PL_SignatureDef_outputs));
        PL_TRY(pl_assembly_add(assembly, &assembly->signatures, copy));
    }
    return PL_OK;
}

static pl_status name_signatures(struct pl_assembly *assembly)
{
    const struct pl_record_list *list = &assembly->signatures;
    struct label *labels = pl_region_array(&assembly->region, list->count, sizeof *labels);
    if (labels == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t i = 0; i < list->count; i++) {
        const int64_t subgraph = pl_record_integer(list->items[i], PL_SignatureDef_subgraph_index);
        labels[i].name =
            clean_text(assembly, pl_record_text(list->items[i], PL_SignatureDef_signature_key));
        if (labels[i].name == NULL) return pl_assembly_no_memory(assembly);
        if (subgraph != 0) labels[i].model = assembly->subgraph_origins[subgraph].source->name;
    }
    PL_TRY(make_unique(assembly, labels, list->count));
    for (uint32_t i = 0; i < list->count; i++) {
        struct pl_record *copy = pl_record_clone(&assembly->region, list->items[i]);
        if (copy == NULL) return pl_assembly_no_memory(assembly);
        pl_record_set_text(copy, PL_SignatureDef_signature_key, labels[i].name);
        list->items[i] = copy;
    }
    return PL_OK;
}

pl_status pl_assembly_sign(struct pl_assembly *assembly, struct pl_source *sources, size_t count,
                           bool own)
{
    struct pl_record *whole = pl_record_new(&assembly->region, PL_TABLE_SignatureDef);
    if (whole == NULL) return pl_assembly_no_memory(assembly);
    pl_record_set_text(whole, PL_SignatureDef_signature_key, "serving_default");
    PL_TRY(map_ends(assembly, whole, PL_SignatureDef_inputs, &assembly->inputs, "input"));
    PL_TRY(map_ends(assembly, whole, PL_SignatureDef_outputs, &assembly->outputs, "output"));
    PL_TRY(pl_assembly_add(assembly, &assembly->signatures, whole));
    for (size_t i = 0; own && i < count; i++) PL_TRY(add_own_signatures(assembly, &sources[i]));
    return name_signatures(assembly);
}

/* ---- metadata -------------------------------------------------------------------------------- */

static pl_status add_metadata(struct pl_assembly *assembly, const char *name, int32_t buffer)
{
    struct pl_record *metadata = pl_record_new(&assembly->region, PL_TABLE_Metadata);
    if (metadata == NULL) return pl_assembly_no_memory(assembly);
    pl_record_set_text(metadata, PL_Metadata_name, name);
    pl_record_set_integer(metadata, PL_Metadata_buffer, buffer);
    return pl_assembly_add(assembly, &assembly->metadata, metadata);
}

static bool is_ours(const char *name)
{
    return strcmp(name, VERSION_METADATA) == 0 || strcmp(name, PL_PARTS_METADATA) == 0;
}

/* Whether another source has the name with other bytes, and whether an earlier one has it with
 * the same. */
static pl_status compare_metadata(struct pl_assembly *assembly, struct pl_source *sources,
                                  size_t count, size_t own, const char *name, int32_t buffer,
                                  bool *collides, bool *known)
{
    *collides = *known = false;
    for (size_t s = 0; s < count; s++) {
        const struct pl_record *root = sources[s].model->root;
        for (uint32_t i = 0; s != own && i < pl_record_count(root, PL_Model_metadata); i++) {
            const struct pl_record *other = pl_record_item(root, PL_Model_metadata, i);
            int32_t bytes = 0;
            if (strcmp(pl_record_text(other, PL_Metadata_name), name) != 0) continue;
            PL_TRY(pl_assembly_source_buffer(assembly, &sources[s],
                                             pl_record_integer(other, PL_Metadata_buffer), &bytes));
            if (bytes != buffer) *collides = true;
            else if (s < own) *known = true;
        }
    }
    return PL_OK;
}

static pl_status copy_metadata(struct pl_assembly *assembly, struct pl_source *sources,
                               size_t count, size_t own)
{
    const struct pl_record *root = sources[own].model->root;
    for (uint32_t i = 0; i < pl_record_count(root, PL_Model_metadata); i++) {
        const struct pl_record *old = pl_record_item(root, PL_Model_metadata, i);
        const char *name = pl_record_text(old, PL_Metadata_name);
        bool collides = false, known = false;
        int32_t buffer = 0;
        if (is_ours(name)) continue;
        PL_TRY(pl_assembly_source_buffer(assembly, &sources[own],
                                         pl_record_integer(old, PL_Metadata_buffer), &buffer));
        PL_TRY(compare_metadata(assembly, sources, count, own, name, buffer, &collides, &known));
        if (known && !collides) continue;
        if (collides) name = pl_assembly_text(assembly, sources[own].name, "/", name);
        if (name == NULL) return pl_assembly_no_memory(assembly);
        PL_TRY(add_metadata(assembly, name, buffer));
    }
    uint32_t old_count = 0;
    const int32_t *old = pl_record_vector(root, PL_Model_metadata_buffer, &old_count);
    if (old_count == 0) return PL_OK;
    int32_t *fresh = pl_region_array(
        &assembly->region, (size_t)assembly->metadata_buffer_count + old_count, sizeof *fresh);
    if (fresh == NULL) return pl_assembly_no_memory(assembly);
    if (assembly->metadata_buffer_count > 0)
        memcpy(fresh, assembly->metadata_buffers, assembly->metadata_buffer_count * sizeof *fresh);
    for (uint32_t i = 0; i < old_count; i++)
        PL_TRY(pl_assembly_source_buffer(assembly, &sources[own], old[i],
                                         &fresh[assembly->metadata_buffer_count + i]));
    assembly->metadata_buffers = fresh;
    assembly->metadata_buffer_count += old_count;
    return PL_OK;
}

/* Versions are numbers with dots between them; what is missing at the end is less. */
bool pl_version_is_lower(const char *a, const char *b)
{
    for (;;) {
        char *a_end = NULL, *b_end = NULL;
        const long left = strtol(a, &a_end, 10), right = strtol(b, &b_end, 10);
        if (b_end == b) return false;
        if (a_end == a) return true;
        if (left != right) return left < right;
        a = a_end + (*a_end == '.');
        b = b_end + (*b_end == '.');
        if (a == a_end || b == b_end) return b != b_end;
    }
}

/* The version a source asks for; NULL if it says none. */
static const char *find_version(struct pl_assembly *assembly, const struct pl_source *source)
{
    const struct pl_record *root = source->model->root;
    for (uint32_t i = 0; i < pl_record_count(root, PL_Model_metadata); i++) {
        const struct pl_record *metadata = pl_record_item(root, PL_Model_metadata, i);
        size_t bytes = 0;
        if (strcmp(pl_record_text(metadata, PL_Metadata_name), VERSION_METADATA) != 0) continue;
        const struct pl_record *buffer = pl_record_item(
            root, PL_Model_buffers, (uint32_t)pl_record_integer(metadata, PL_Metadata_buffer));
        const char *text = pl_model_buffer_bytes(&source->model->file, buffer, &bytes);
        if (text != NULL) return pl_region_text(&assembly->region, text, strnlen(text, bytes));
    }
    return NULL;
}

/* Said only if a source says one: nobody knows what the others need. */
static pl_status add_version(struct pl_assembly *assembly, const struct pl_source *sources,
                             size_t count, const char *least)
{
    enum { VERSION_BYTES = 16 };
    const char *highest = least;
    bool said = false;
    for (size_t i = 0; i < count; i++) {
        const char *version = find_version(assembly, &sources[i]);
        if (version == NULL) continue;
        said = true;
        if (pl_version_is_lower(highest, version)) highest = version;
    }
    if (!said) return PL_OK;
    int32_t buffer = 0;
    char *bytes = pl_region_array(&assembly->region, strlen(highest) + VERSION_BYTES, 1);
    if (bytes == NULL) return pl_assembly_no_memory(assembly);
    memcpy(bytes, highest, strlen(highest));
    const size_t length = strlen(highest) < VERSION_BYTES ? VERSION_BYTES : strlen(highest) + 1;
    PL_TRY(pl_assembly_buffer(assembly, bytes, length, &buffer));
    return add_metadata(assembly, VERSION_METADATA, buffer);
}

/* A line for each run of operators that came from one place. */
static pl_status add_parts(struct pl_assembly *assembly)
{
    const char *const *parts = assembly->operator_parts;
    const uint32_t count = assembly->operators.count;
    size_t room = 1, length = 0;
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || strcmp(parts[i], parts[i - 1]) != 0) room += strlen(parts[i]) + 32;
    char *text = pl_region_array(&assembly->region, room, 1);
    if (text == NULL) return pl_assembly_no_memory(assembly);
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && strcmp(parts[end], parts[first]) == 0;) end++;
        length +=
            (size_t)snprintf(text + length, room - length, "%lu %lu %s\n", (unsigned long)first,
                             (unsigned long)(end - first), parts[first]);
    }
    int32_t buffer = 0;
    PL_TRY(pl_assembly_buffer(assembly, text, length, &buffer));
    return add_metadata(assembly, PL_PARTS_METADATA, buffer);
}

/* Each description once. */
static pl_status add_description(struct pl_assembly *assembly, const struct pl_source *sources,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = pl_record_text(sources[i].model->root, PL_Model_description);
        bool known = text[0] == '\0';
        for (size_t k = 0; k < i; k++)
            known = known ||
                    strcmp(text, pl_record_text(sources[k].model->root, PL_Model_description)) == 0;
        if (known) continue;
        const char *between = assembly->description[0] == '\0' ? "" : "; ";
        assembly->description = pl_assembly_text(assembly, assembly->description, between, text);
        if (assembly->description == NULL) return pl_assembly_no_memory(assembly);
    }
    return PL_OK;
}

pl_status pl_assembly_describe(struct pl_assembly *assembly, struct pl_source *sources,
                               size_t count, const char *least_version, bool parts)
{
    PL_TRY(add_description(assembly, sources, count));
    for (size_t i = 0; i < count; i++) PL_TRY(copy_metadata(assembly, sources, count, i));
    PL_TRY(add_version(assembly, sources, count, least_version));
    return parts ? add_parts(assembly) : PL_OK;
}
