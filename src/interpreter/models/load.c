/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: from a file or bytes to a graph. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "graph/import.h"
#include "interpreter/models/models.h"
#include "model/model.h"

/* ---- bytes to graph ----------------------------------------------------------------------------------------------- */

/* The bytes of a file, and where they are from. */
struct content {
    const void *data;
    struct pl_file_pages *pages; /* that have them; NULL: none */
    const char *path;            /* NULL: they are the caller's */
    struct pl_graph_source from;
};

/* Where constants can be read again once they were given up; false if there is no memory. */
static bool remember_source(struct pl_graph *graph, const struct content *content, uint32_t flags)
{
    char real[PATH_MAX];
    if ((flags & PL_LOAD_BORROW) != 0) {
        graph->bytes = content->data;
    } else if (content->path != NULL && realpath(content->path, real) != NULL) {
        graph->path = pl_region_text(&graph->region, real, strlen(real));
        return graph->path != NULL;
    }
    return true;
}

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
    PL_TRY(status);
    pl_op_settle_types(*graph);
    if (interpreter->options.sleep_below_class == 0 || remember_source(*graph, content, flags)) return PL_OK;
    pl_graph_release(*graph);
    return pl_fail(error, PL_OUT_OF_MEMORY, "no memory left to import the model");
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
    pl_change_begin(interpreter);
    pl_status status = find_or_decode(interpreter, content, flags, graph, error);
    if (status == PL_OK && (flags & PL_LOAD_ALLOW_UNSUPPORTED) == 0) {
        status = pl_check_operators(&interpreter->registry, *graph, error);
        if (status != PL_OK) pl_graph_release(*graph);
    }
    pl_change_end(interpreter);
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
    pl_change_begin(interpreter);
    pl_graph_release(graph);
    pl_change_end(interpreter);
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
    struct content content = {data, pages, opened->path, opened->from};
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
    struct content content = {data, NULL, opened->path, opened->from};
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
