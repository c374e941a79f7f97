/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, naming and unloading models. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "graph/import.h"
#include "interpreter/interpreter_internal.h"
#include "model/model.h"

/* ---- bytes to graph ----------------------------------------------------------------------------------------------- */

/* The bytes of a file, and where they are from. */
struct content {
    const void *data;
    struct pl_file_pages *pages; /* that have them; NULL: none */
    struct pl_graph_source from;
};

static pl_status decode(struct pl_interpreter *interpreter, const struct content *content, uint32_t flags,
                        struct pl_graph **graph, struct pl_error *error)
{
    const struct pl_model_limits limits = {interpreter->options.tensor_limit_bytes};
    struct pl_model *model = NULL;
    PL_TRY(pl_model_open(interpreter->memory, content->data, (size_t)content->from.bytes, &limits, &model, error));
    pl_constant_store_import_from(interpreter->store, content->pages);
    pl_status status = pl_graph_import(model, interpreter->store, (flags & PL_LOAD_BORROW) != 0, graph, error);
    pl_constant_store_import_from(interpreter->store, NULL);
    pl_model_close(model);
    if (status == PL_OK) pl_op_settle_types(*graph);
    return status;
}

/* Bytes that are copied and forgotten could be anything the next time, and a mapping is one load's. */
static bool can_be_found_again(const struct content *content, uint32_t flags)
{
    if ((flags & (PL_LOAD_ALONE | PL_LOAD_KEEP_MAPPED)) != 0) return false;
    return content->from.device != PL_CALLERS_BYTES || (flags & PL_LOAD_BORROW) != 0;
}

/* The graph as it was imported before, or now. */
static pl_status find_or_decode(struct pl_interpreter *interpreter, const struct content *content, uint32_t flags,
                                struct pl_graph **graph, struct pl_error *error)
{
    if (!can_be_found_again(content, flags)) return decode(interpreter, content, flags, graph, error);
    *graph = pl_graph_find(&interpreter->imported, &content->from);
    if (*graph != NULL) return PL_OK;
    PL_TRY(decode(interpreter, content, flags, graph, error));
    pl_graph_shelve(*graph, &content->from, &interpreter->imported);
    return PL_OK;
}

static pl_status import(struct pl_interpreter *interpreter, struct content *content, uint32_t flags,
                        struct pl_graph **graph, struct pl_error *error)
{
    if (can_be_found_again(content, flags))
        content->from.hash = pl_hash_bytes(content->data, (size_t)content->from.bytes);
    pthread_mutex_lock(&interpreter->change);
    pl_status status = find_or_decode(interpreter, content, flags, graph, error);
    if (status == PL_OK && (flags & PL_LOAD_ALLOW_UNSUPPORTED) == 0) {
        status = pl_check_operators(&interpreter->registry, *graph, error);
        if (status != PL_OK) pl_graph_release(*graph);
    }
    pthread_mutex_unlock(&interpreter->change);
    return status;
}

pl_status pl_interpreter_import(struct pl_interpreter *interpreter, const void *data, size_t bytes, uint32_t flags,
                                struct pl_graph **graph, struct pl_error *error)
{
    struct content content = {.data = data, .from = {PL_CALLERS_BYTES, (uintptr_t)data, bytes, 0}};
    return import(interpreter, &content, flags, graph, error);
}

void pl_interpreter_release_graph(struct pl_interpreter *interpreter, struct pl_graph *graph)
{
    pthread_mutex_lock(&interpreter->change);
    pl_graph_release(graph);
    pthread_mutex_unlock(&interpreter->change);
}

/* Reads until the buffer is full or the file ends. */
static size_t read_fully(int file, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        const ssize_t got = read(file, (char *)to + done, bytes - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += (size_t)got;
    }
    return done;
}

static pl_status no_memory_to_read(size_t bytes, const char *path, struct pl_error *error)
{
    return pl_fail(error, PL_OUT_OF_MEMORY, "no memory to read %zu bytes of '%s'", bytes, path);
}

/* A file that is open. */
struct opened {
    int file;
    const char *path;
    struct pl_graph_source from;
};

static pl_status import_bytes(struct pl_interpreter *interpreter, const struct opened *opened, void *data,
                              struct pl_file_pages *pages, uint32_t flags, struct pl_graph **graph,
                              struct pl_error *error)
{
    struct content content = {data, pages, opened->from};
    if (read_fully(opened->file, data, (size_t)opened->from.bytes) < opened->from.bytes)
        return pl_fail(error, PL_IO, "'%s' became shorter while it was read", opened->path);
    return import(interpreter, &content, flags, graph, error);
}

/* The file is read once into memory that goes when it is imported: nothing looks at the file afterwards. Of large ones,
 * large constants stay where they were read until they are packed. */
static pl_status import_read(struct pl_interpreter *interpreter, const struct opened *opened, uint32_t flags,
                             struct pl_graph **graph, struct pl_error *error)
{
    const size_t bytes = (size_t)opened->from.bytes;
    struct pl_memory *memory = interpreter->memory;
    pl_status status = PL_OUT_OF_MEMORY;
    flags &= ~(uint32_t)PL_LOAD_BORROW;
    if (pl_gives_back_pages(memory, bytes)) {
        struct pl_file_pages *pages = pl_file_pages_create(memory, bytes);
        if (pages == NULL) return no_memory_to_read(bytes, opened->path, error);
        status = import_bytes(interpreter, opened, pl_file_pages_data(pages), pages, flags, graph, error);
        pl_file_pages_release(pages);
    } else {
        void *data = pl_allocate(memory, bytes);
        if (data == NULL) return no_memory_to_read(bytes, opened->path, error);
        status = import_bytes(interpreter, opened, data, NULL, flags, graph, error);
        pl_free(memory, data, bytes);
    }
    return status;
}

static void unmap(void *source, size_t bytes)
{
    munmap(source, bytes);
}

static pl_status import_mapped(struct pl_interpreter *interpreter, const struct opened *opened, uint32_t flags,
                               struct pl_graph **graph, struct pl_error *error)
{
    const size_t bytes = (size_t)opened->from.bytes;
    void *data = bytes == 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, opened->file, 0);
    if (data == MAP_FAILED) return pl_fail(error, PL_IO, "cannot map '%s': %s", opened->path, strerror(errno));
    struct content content = {data, NULL, opened->from};
    const pl_status status = import(interpreter, &content, flags | PL_LOAD_BORROW, graph, error);
    if (status != PL_OK) {
        munmap(data, bytes);
        return status;
    }
    (*graph)->drop_source = unmap;
    (*graph)->source = data;
    (*graph)->source_bytes = bytes;
    return PL_OK;
}

pl_status pl_interpreter_import_file(struct pl_interpreter *interpreter, const char *path, uint32_t flags,
                                     struct pl_graph **graph, struct pl_error *error)
{
    struct opened opened = {.file = open(path, O_RDONLY | O_CLOEXEC), .path = path};
    if (opened.file < 0) return pl_fail(error, PL_IO, "cannot open '%s': %s", path, strerror(errno));
    struct stat facts;
    pl_status status = PL_IO;
    if (fstat(opened.file, &facts) != 0) {
        pl_fail(error, status, "cannot read '%s': %s", path, strerror(errno));
    } else if (!S_ISREG(facts.st_mode)) {
        pl_fail(error, status, "'%s' is not a regular file", path);
    } else {
        opened.from = (struct pl_graph_source){(uint64_t)facts.st_dev, (uint64_t)facts.st_ino, (uint64_t)facts.st_size, 0};
        status = (flags & PL_LOAD_KEEP_MAPPED) != 0 ? import_mapped(interpreter, &opened, flags, graph, error)
                                                    : import_read(interpreter, &opened, flags, graph, error);
    }
    close(opened.file);
    return status == PL_OK || status == PL_IO ? status : pl_fail_at(error, "'%s'", path);
}

/* ---- a model under a name ----------------------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    const size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return length > 0 && name[length] == '\0';
}

static struct pl_instance *find(const struct pl_interpreter *interpreter, const char *name)
{
    const uint64_t hash = pl_hash_bytes(name, strlen(name));
    for (size_t i = 0; i < interpreter->instance_count; i++)
        if (interpreter->name_hashes[i] == hash && strcmp(interpreter->instances[i]->name, name) == 0)
            return interpreter->instances[i];
    return NULL;
}

static bool make_room(struct pl_interpreter *interpreter)
{
    if (interpreter->instance_count < interpreter->instance_capacity) return true;
    const size_t capacity = interpreter->instance_capacity == 0 ? 8 : 2 * interpreter->instance_capacity;
    struct pl_instance **instances = pl_allocate(interpreter->memory, capacity * sizeof instances[0]);
    uint64_t *hashes = pl_allocate(interpreter->memory, capacity * sizeof hashes[0]);
    if (instances == NULL || hashes == NULL) {
        pl_free(interpreter->memory, instances, capacity * sizeof instances[0]);
        pl_free(interpreter->memory, hashes, capacity * sizeof hashes[0]);
        return false;
    }
    if (interpreter->instance_count > 0) {
        memcpy(instances, interpreter->instances, interpreter->instance_count * sizeof instances[0]);
        memcpy(hashes, interpreter->name_hashes, interpreter->instance_count * sizeof hashes[0]);
    }
    pthread_mutex_lock(&interpreter->lock);
    struct pl_instance **old = interpreter->instances;
    uint64_t *old_hashes = interpreter->name_hashes;
    const size_t old_capacity = interpreter->instance_capacity;
    interpreter->instances = instances;
    interpreter->name_hashes = hashes;
    interpreter->instance_capacity = capacity;
    pthread_mutex_unlock(&interpreter->lock);
    pl_free(interpreter->memory, old, old_capacity * sizeof old[0]);
    pl_free(interpreter->memory, old_hashes, old_capacity * sizeof old_hashes[0]);
    return true;
}

static bool make_entry(struct pl_instance *instance, struct pl_entry *entry, int32_t subgraph_index)
{
    const struct pl_subgraph *subgraph = &instance->graph->subgraphs[subgraph_index];
    entry->instance = instance;
    entry->subgraph = subgraph_index;
    entry->input_shapes = pl_region_array(&instance->region, (size_t)subgraph->input_count, sizeof(struct pl_shape));
    entry->handles = pl_region_array(&instance->region, (size_t)subgraph->tensor_count, sizeof *entry->handles);
    if (entry->input_shapes == NULL || entry->handles == NULL) return false;
    for (int32_t i = 0; i < subgraph->input_count; i++)
        entry->input_shapes[i] = subgraph->tensors[subgraph->inputs[i]].shape;
    for (int32_t i = 0; i < subgraph->tensor_count; i++) entry->handles[i] = (struct pl_tensor_handle){entry, i};
    entry->own_unit.stale = true;
    entry->unit = &entry->own_unit;
    return true;
}

static bool make_signature_entry(struct pl_instance *instance, struct pl_entry *entry,
                                 const struct pl_signature *signature)
{
    if (signature->subgraph != 0) {
        if (!make_entry(instance, entry, signature->subgraph)) return false;
    } else {
        *entry = instance->primary;
        entry->shared = &instance->primary;
    }
    entry->signature = signature;
    return true;
}

/* What no signature names has an entry too, to be looked at. */
static bool make_subgraph_entries(struct pl_instance *instance)
{
    const struct pl_graph *graph = instance->graph;
    instance->subgraphs = pl_region_array(&instance->region, (size_t)graph->subgraph_count, sizeof(struct pl_entry *));
    if (instance->subgraphs == NULL) return false;
    instance->subgraphs[0] = &instance->primary;
    for (int32_t i = graph->signature_count - 1; i >= 0; i--)
        if (graph->signatures[i].subgraph != 0)
            instance->subgraphs[graph->signatures[i].subgraph] = &instance->signatures[i];
    for (int32_t i = 0; i < graph->subgraph_count; i++) {
        if (instance->subgraphs[i] != NULL) continue;
        instance->subgraphs[i] = pl_region_allocate(&instance->region, sizeof(struct pl_entry));
        if (instance->subgraphs[i] == NULL || !make_entry(instance, instance->subgraphs[i], i)) return false;
    }
    return true;
}

static bool make_entries(struct pl_instance *instance)
{
    const struct pl_graph *graph = instance->graph;
    if (!make_entry(instance, &instance->primary, 0)) return false;
    instance->signatures = pl_region_array(&instance->region, (size_t)graph->signature_count, sizeof(struct pl_entry));
    if (instance->signatures == NULL) return false;
    for (int32_t i = 0; i < graph->signature_count; i++)
        if (!make_signature_entry(instance, &instance->signatures[i], &graph->signatures[i])) return false;
    return make_subgraph_entries(instance);
}

static void destroy_instance(struct pl_instance *instance)
{
    struct pl_interpreter *interpreter = instance->interpreter;
    pl_instance_free_nodes(instance);
    for (int32_t i = 0; instance->signatures != NULL && pl_instance_unit(instance, i) != NULL; i++)
        pl_unit_clear(interpreter, pl_instance_unit(instance, i));
    while (instance->buffers != NULL) {
        struct pl_buffer *buffer = instance->buffers;
        instance->buffers = buffer->next;
        pl_buffer_destroy(interpreter->memory, buffer);
    }
    pl_graph_release(instance->graph);
    pl_region_clear(&instance->region);
    pl_free(interpreter->memory, instance, sizeof *instance);
}

static struct pl_instance *create_instance(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                                           const struct pl_registry *registry)
{
    struct pl_instance *instance = pl_allocate_zero(interpreter->memory, sizeof *instance);
    if (instance == NULL) return NULL;
    pl_region_init(&instance->region, interpreter->memory);
    instance->interpreter = interpreter;
    instance->graph = graph;
    instance->registry = registry != NULL ? registry : &interpreter->registry;
    pl_graph_retain(graph);
    instance->threads = interpreter->options.threads;
    instance->name = pl_region_text(&instance->region, name, strlen(name));
    if (instance->name != NULL && make_entries(instance))
        instance->component = pl_component_create(interpreter, &instance, 1);
    if (instance->component == NULL) {
        destroy_instance(instance);
        return NULL;
    }
    instance->primary.unit = &instance->component->unit;
    for (int32_t i = 0; i < graph->signature_count; i++)
        if (instance->signatures[i].shared != NULL) instance->signatures[i].unit = &instance->component->unit;
    return instance;
}

static pl_status add(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                     const struct pl_registry *registry, struct pl_entry **entry, struct pl_error *error)
{
    if (!is_name(name))
        return pl_fail(error, PL_INVALID_ARGUMENT, "'%s' is no model name: letters, digits, '_' and '-' only", name);
    if (find(interpreter, name) != NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "there is a model '%s' already; choose another name", name);
    struct pl_instance *instance = make_room(interpreter) ? create_instance(interpreter, name, graph, registry) : NULL;
    if (instance == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left for model '%s'", name);
    pthread_mutex_lock(&interpreter->lock);
    interpreter->instances[interpreter->instance_count] = instance;
    interpreter->name_hashes[interpreter->instance_count++] = pl_hash_bytes(name, strlen(name));
    pthread_mutex_unlock(&interpreter->lock);
    *entry = &instance->primary;
    return PL_OK;
}

pl_status pl_interpreter_add(struct pl_interpreter *interpreter, const char *name, struct pl_graph *graph,
                             const struct pl_registry *registry, struct pl_entry **entry, struct pl_error *error)
{
    pthread_mutex_lock(&interpreter->change);
    pl_status status = add(interpreter, name, graph, registry, entry, error);
    if (status == PL_OK) {
        status = pl_instance_resolve((*entry)->instance, error);
        if (status != PL_OK) (void)pl_interpreter_unload(*entry, NULL);
    }
    pthread_mutex_unlock(&interpreter->change);
    return status;
}

/* ---- unloading ---------------------------------------------------------------------------------------------------- */

/* Links of this model go to the end of the list, from where they can be cut off or kept. */
static int32_t set_links_aside(struct pl_interpreter *interpreter, const struct pl_instance *instance)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < interpreter->link_count; i++) {
        const struct pl_model_link link = interpreter->links[i];
        if (link.from == instance || link.to == instance) continue;
        interpreter->links[i] = interpreter->links[kept];
        interpreter->links[kept++] = link;
    }
    return kept;
}

static void take_out(struct pl_interpreter *interpreter, const struct pl_instance *instance)
{
    size_t at = 0;
    while (interpreter->instances[at] != instance) at++;
    interpreter->instance_count--;
    memmove(&interpreter->instances[at], &interpreter->instances[at + 1],
            (interpreter->instance_count - at) * sizeof interpreter->instances[0]);
    memmove(&interpreter->name_hashes[at], &interpreter->name_hashes[at + 1],
            (interpreter->instance_count - at) * sizeof interpreter->name_hashes[0]);
}

/* Both locks are held. What the other members of the component need is made first. */
static pl_status unload(struct pl_interpreter *interpreter, struct pl_instance *instance, struct pl_error *error)
{
    struct pl_component *component = instance->component;
    if (instance->holder != NULL)
        return pl_fail(error, PL_INVALID_ARGUMENT, "model '%s' belongs to a pipeline and is unloaded with it", instance->name);
    if (pl_component_is_taken(component))
        return pl_fail(error, PL_BUSY, "model '%s' is running or being allocated", instance->name);
    pl_settled_leave(interpreter, instance);
    const int32_t all_links = interpreter->link_count;
    interpreter->link_count = set_links_aside(interpreter, instance);
    if (component->member_count > 1) {
        const pl_status status = pl_components_form(interpreter, component, NULL, instance, error);
        if (status != PL_OK) {
            interpreter->link_count = all_links;
            return status;
        }
    } else {
        pl_component_destroy(interpreter, component);
    }
    take_out(interpreter, instance);
    return PL_OK;
}

/* Ends models that were taken out, linked by their holder. `lock` is held, and left meanwhile: operators of users are
 * told. */
static void destroy_gone(struct pl_interpreter *interpreter, struct pl_instance *gone)
{
    pthread_mutex_unlock(&interpreter->lock);
    while (gone != NULL) {
        struct pl_instance *instance = gone;
        gone = (struct pl_instance *)(uintptr_t)instance->holder;
        destroy_instance(instance);
    }
    pthread_mutex_lock(&interpreter->lock);
    /* The arena may be larger than needed now; if there is no memory for a smaller one, it stays. */
    (void)pl_lanes_fit(interpreter, true, NULL);
}

pl_status pl_interpreter_unload(struct pl_entry *entry, struct pl_error *error)
{
    struct pl_interpreter *interpreter = entry->instance->interpreter;
    pthread_mutex_lock(&interpreter->change);
    pthread_mutex_lock(&interpreter->lock);
    struct pl_instance *instance = entry->instance;
    const pl_status status = unload(interpreter, instance, error);
    if (status == PL_OK) destroy_gone(interpreter, instance); /* which has no holder */
    pthread_mutex_unlock(&interpreter->lock);
    pthread_mutex_unlock(&interpreter->change);
    return status;
}

void pl_entry_hold(struct pl_entry *entry, const void *holder)
{
    pthread_mutex_lock(&entry->instance->interpreter->lock);
    entry->instance->holder = holder;
    pthread_mutex_unlock(&entry->instance->interpreter->lock);
}

/* Whether all that hang together here are the holder's, and none runs. */
static pl_status check_held(const struct pl_component *component, const void *holder, struct pl_error *error)
{
    const struct pl_instance *first = component->members[0];
    if (pl_component_is_taken(component))
        return pl_fail(error, PL_BUSY, "model '%s' is running or being allocated", first->name);
    for (int32_t i = 0; i < component->member_count; i++)
        if (component->members[i]->holder != holder)
            return pl_fail(error, PL_MISMATCH, "model '%s', which is not of the pipeline, is linked with it; unlink it first",
                           component->members[i]->name);
    return PL_OK;
}

/* Takes a whole component away: its members wait in `gone`, linked by their holder, to be destroyed without the lock. */
static void take_component(struct pl_interpreter *interpreter, struct pl_component *component, struct pl_instance **gone)
{
    for (int32_t i = 0; i < component->member_count; i++) {
        struct pl_instance *instance = component->members[i];
        pl_settled_leave(interpreter, instance);
        interpreter->link_count = set_links_aside(interpreter, instance);
        take_out(interpreter, instance);
        instance->holder = *gone;
        *gone = instance;
    }
    pl_component_destroy(interpreter, component);
}

static pl_status take_held(struct pl_interpreter *interpreter, const void *holder, struct pl_instance **gone,
                           struct pl_error *error)
{
    for (size_t i = 0; i < interpreter->instance_count; i++)
        if (interpreter->instances[i]->holder == holder)
            PL_TRY(check_held(interpreter->instances[i]->component, holder, error));
    for (size_t i = 0; i < interpreter->instance_count;) {
        if (interpreter->instances[i]->holder != holder) {
            i++;
            continue;
        }
        take_component(interpreter, interpreter->instances[i]->component, gone);
        i = 0;
    }
    return PL_OK;
}

pl_status pl_interpreter_unload_held(struct pl_interpreter *interpreter, const void *holder, struct pl_error *error)
{
    struct pl_instance *gone = NULL;
    pthread_mutex_lock(&interpreter->change);
    pthread_mutex_lock(&interpreter->lock);
    const pl_status status = take_held(interpreter, holder, &gone, error);
    if (gone != NULL) destroy_gone(interpreter, gone);
    pthread_mutex_unlock(&interpreter->lock);
    pthread_mutex_unlock(&interpreter->change);
    return status;
}

size_t pl_interpreter_count(struct pl_interpreter *interpreter)
{
    pthread_mutex_lock(&interpreter->lock);
    const size_t count = interpreter->instance_count;
    pthread_mutex_unlock(&interpreter->lock);
    return count;
}

struct pl_entry *pl_interpreter_at(struct pl_interpreter *interpreter, size_t index)
{
    pthread_mutex_lock(&interpreter->lock);
    struct pl_entry *entry = index < interpreter->instance_count ? &interpreter->instances[index]->primary : NULL;
    pthread_mutex_unlock(&interpreter->lock);
    return entry;
}

struct pl_entry *pl_interpreter_find(struct pl_interpreter *interpreter, const char *name)
{
    pthread_mutex_lock(&interpreter->lock);
    struct pl_instance *instance = find(interpreter, name);
    pthread_mutex_unlock(&interpreter->lock);
    return instance == NULL ? NULL : &instance->primary;
}
