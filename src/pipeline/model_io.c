/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/model_io.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/interpreter.h"
#include "kernels/kernels.h"
#include "model/write.h"

enum { MOST_TRIES = 100, ENDING_BYTES = 40 };

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_fully(int file, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        const ssize_t got = read(file, (char *)to + done, bytes - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return true;
}

static pl_status read_open_file(struct pl_open_model *opened, int file, const char *path,
                                struct pl_error *error)
{
    struct stat facts;
    if (fstat(file, &facts) != 0)
        return pl_fail(error, PL_IO, "cannot read '%s': %s", path, strerror(errno));
    if (!S_ISREG(facts.st_mode)) return pl_fail(error, PL_IO, "'%s' is not a regular file", path);
    const size_t size = (size_t)facts.st_size;
    opened->bytes = pl_allocate(opened->memory, size);
    if (opened->bytes == NULL)
        return pl_fail(error, PL_OUT_OF_MEMORY, "no memory to read %zu bytes of '%s'", size, path);
    opened->size = size;
    if (!read_fully(file, opened->bytes, size))
        return pl_fail(error, PL_IO, "'%s' became shorter while it was read", path);
    return PL_OK;
}

static pl_status read_file(struct pl_open_model *opened, const char *path, struct pl_error *error)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return pl_fail(error, PL_IO, "cannot open '%s': %s", path, strerror(errno));
    const pl_status status = read_open_file(opened, file, path, error);
    close(file);
    return status;
}

pl_status pl_open_model(struct pl_memory *memory, const struct pl_model_limits *limits,
                        const struct pl_fuse_model *from, struct pl_open_model *opened,
                        struct pl_error *error)
{
    const void *bytes = from->bytes;
    size_t size = from->size;
    *opened = (struct pl_open_model){.memory = memory};
    if (bytes == NULL) {
        const pl_status status = read_file(opened, from->path, error);
        if (status != PL_OK) {
            pl_close_model(opened);
            return status;
        }
        bytes = opened->bytes;
        size = opened->size;
    }
    const pl_status status = pl_model_open(memory, bytes, size, limits, &opened->model, error);
    if (status == PL_OK) return PL_OK;
    pl_close_model(opened);
    return pl_fail_at(error, "model '%s'", from->name);
}

void pl_close_model(struct pl_open_model *opened)
{
    pl_model_close(opened->model);
    if (opened->bytes != NULL) pl_free(opened->memory, opened->bytes, opened->size);
    opened->model = NULL;
    opened->bytes = NULL;
}

/* ---- verifying ------------------------------------------------------------------------------- */

/* Custom operators that only the application knows: nothing can be planned around them. */
static bool has_unknown_custom(const struct pl_graph *graph)
{
    for (int32_t s = 0; s < graph->subgraph_count; s++) {
        const struct pl_subgraph *subgraph = &graph->subgraphs[s];
        for (int32_t i = 0; i < subgraph->operator_count; i++) {
            const struct pl_operator *op = &subgraph->operators[i];
            if (op->custom_name != NULL && pl_op_find(op) == NULL) return true;
        }
    }
    return false;
}

/* Plans the model as an interpreter would: what does not run here would not run elsewhere. That
 * it takes too much memory, or forms of constants that are not read here, say nothing about it. */
static pl_status try_plan(struct pl_memory *memory, const struct pl_model_limits *limits,
                          const void *bytes, size_t size, struct pl_error *error)
{
    const struct pl_interpreter_options options = {.threads = 1,
                                                   .lanes = 1,
                                                   .kernels = pl_kernels_choose(NULL),
                                                   .tensor_limit_bytes = limits->tensor_bytes,
                                                   .memory = memory};
    struct pl_interpreter *interpreter = NULL;
    struct pl_graph *graph = NULL;
    struct pl_entry *entry = NULL;
    PL_TRY(pl_interpreter_open(&options, &interpreter, error));
    pl_status status = pl_interpreter_import(
        interpreter, bytes, size, PL_LOAD_BORROW | PL_LOAD_ALLOW_UNSUPPORTED, &graph, error);
    bool plannable = false;
    if (status == PL_UNSUPPORTED) {
        status = PL_OK;
    } else if (status == PL_OK) {
        plannable = !has_unknown_custom(graph);
        status = pl_interpreter_add(interpreter, "fused", graph, NULL, &entry, error);
        pl_interpreter_release_graph(interpreter, graph);
    }
    if (status == PL_OK && plannable) status = pl_interpreter_try_allocate(interpreter, error);
    pl_interpreter_close(interpreter);
    return status == PL_OUT_OF_MEMORY ? PL_OK : status;
}

static pl_status verify_mapped(struct pl_memory *memory, const struct pl_model_limits *limits,
                               const void *bytes, size_t size, struct pl_error *error)
{
    struct pl_model *model = NULL;
    PL_TRY(pl_model_open(memory, bytes, size, limits, &model, error));
    pl_model_close(model);
    return try_plan(memory, limits, bytes, size, error);
}

/* What stands on the disk, not what was meant to be written. */
static pl_status verify_file(struct pl_memory *memory, const struct pl_model_limits *limits,
                             int file, size_t size, struct pl_error *error)
{
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED)
        return pl_fail(error, PL_IO, "cannot read the file again: %s", strerror(errno));
    const pl_status status = verify_mapped(memory, limits, bytes, size, error);
    munmap(bytes, size);
    return status == PL_OK ? PL_OK : pl_fail_at(error, "the file would not be a model that runs");
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_fully(int file, const void *from, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        const ssize_t put = write(file, (const char *)from + done, bytes - done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        done += (size_t)put;
    }
    return true;
}

static pl_status fill_file(struct pl_memory *memory, const struct pl_model_limits *limits, int file,
                           const struct pl_record *root, const char *path, struct pl_error *error)
{
    static const struct pl_write_options options;
    void *bytes = NULL;
    size_t size = 0;
    PL_TRY(pl_model_write(memory, root, &options, &bytes, &size, error));
    const bool written = write_fully(file, bytes, size) && fsync(file) == 0;
    const int problem = errno;
    pl_free(memory, bytes, size);
    PL_ENSURE(written, error, PL_IO, "cannot write '%s': %s", path, strerror(problem));
    return verify_file(memory, limits, file, size, error);
}

/* A new file beside its place, with the permissions that any new file gets. */
static int create_file(char *temporary, size_t room, const char *path)
{
    int file = -1;
    for (int try = 0; file < 0 && try < MOST_TRIES; try++) {
        snprintf(temporary, room, "%s.%ld-%d", path, (long)getpid(), try);
        file = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file < 0 && errno != EEXIST) break;
    }
    return file;
}

pl_status pl_save_model(struct pl_memory *memory, const struct pl_model_limits *limits,
                        const struct pl_record *root, const char *path, struct pl_saved *saved,
                        struct pl_error *error)
{
    *saved = (struct pl_saved){.memory = memory, .room = strlen(path) + ENDING_BYTES};
    char *temporary = pl_allocate(memory, saved->room);
    if (temporary == NULL) return pl_fail(error, PL_OUT_OF_MEMORY, "no memory to write '%s'", path);
    const int file = create_file(temporary, saved->room, path);
    if (file < 0) {
        const int problem = errno;
        pl_free(memory, temporary, saved->room);
        return pl_fail(error, PL_IO, "cannot write '%s': %s", path, strerror(problem));
    }
    saved->temporary = temporary;
    pl_status status = fill_file(memory, limits, file, root, path, error);
    if (close(file) != 0 && status == PL_OK)
        status = pl_fail(error, PL_IO, "cannot write '%s': %s", path, strerror(errno));
    if (status != PL_OK) pl_saved_clear(saved);
    return status;
}

/* That the new name survives a loss of power; not every file system can. */
static void sync_folder(struct pl_saved *saved)
{
    const int folder = open(dirname(saved->temporary), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    (void)fsync(folder);
    close(folder);
}

pl_status pl_saved_place(struct pl_saved *saved, const char *path, struct pl_error *error)
{
    if (rename(saved->temporary, path) != 0)
        return pl_fail(error, PL_IO, "cannot write '%s': %s", path, strerror(errno));
    sync_folder(saved);
    pl_free(saved->memory, saved->temporary, saved->room);
    saved->temporary = NULL;
    return PL_OK;
}

void pl_saved_clear(struct pl_saved *saved)
{
    if (saved->temporary == NULL) return;
    (void)unlink(saved->temporary);
    pl_free(saved->memory, saved->temporary, saved->room);
    saved->temporary = NULL;
}
