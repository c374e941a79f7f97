/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/shared_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 64 };

static bool is_ours(const struct stat *facts)
{
    return facts->st_uid == geteuid() && (facts->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

pl_status pl_shared_open(const char *path, int *folder, struct pl_error *error)
{
    struct stat facts;
    const int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return pl_fail(error, PL_IO, "cannot open the folder '%s': %s", path, strerror(errno));
    if (fstat(file, &facts) != 0 || !is_ours(&facts)) {
        close(file);
        return pl_fail(error, PL_IO, "the folder '%s' is another user's, or others may write it", path);
    }
    *folder = file;
    return PL_OK;
}

/* What lies under this name, if it is a whole file of ours with these bytes. */
static const void *map_equal(int folder, const char *name, const void *data, size_t bytes)
{
    struct stat facts;
    const void *mapped = MAP_FAILED;
    const int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return NULL;
    if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode) && is_ours(&facts) && (uintmax_t)facts.st_size == bytes)
        mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped == MAP_FAILED) return NULL;
    if (memcmp(mapped, data, bytes) == 0) return mapped;
    pl_shared_unmap(mapped, bytes);
    return NULL;
}

static bool write_whole(int file, const char *data, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t written = write(file, data, bytes);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        bytes -= (size_t)written;
    }
    return true;
}

/* A file of its own with these bytes; fills `part`, its name. */
static bool write_part(int folder, char part[NAME_BYTES], const void *data, size_t bytes)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) return false;
    snprintf(part, NAME_BYTES, "%016" PRIx64 ".part", number);
    const int file = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR);
    if (file < 0) return false;
    bool fine = write_whole(file, data, bytes);
    fine = close(file) == 0 && fine;
    if (!fine) unlinkat(folder, part, 0);
    return fine;
}

/* A file under its own name is whole. Of several processes that begin together the first one's stays, so that all have the
 * same one; what has the name and not these bytes goes, as does any where files have one name only. */
static const void *publish(int folder, const char *part, const char *name, const void *data, size_t bytes)
{
    const void *mapped = NULL;
    if (linkat(folder, part, folder, name, 0) != 0) {
        mapped = map_equal(folder, name, data, bytes);
        if (mapped == NULL) (void)renameat(folder, part, folder, name);
    }
    unlinkat(folder, part, 0);
    return mapped != NULL ? mapped : map_equal(folder, name, data, bytes);
}

const void *pl_shared_map(int folder, const void *data, size_t bytes, uint64_t hash)
{
    char name[NAME_BYTES], part[NAME_BYTES];
    snprintf(name, sizeof name, "%016" PRIx64 "-%zu", hash, bytes);
    const void *mapped = map_equal(folder, name, data, bytes);
    if (mapped != NULL || !write_part(folder, part, data, bytes)) return mapped;
    return publish(folder, part, name, data, bytes);
}

void pl_shared_unmap(const void *data, size_t bytes)
{
    union {
        const void *given;
        void *taken;
    } pages = {data};
    munmap(pages.taken, bytes);
}
