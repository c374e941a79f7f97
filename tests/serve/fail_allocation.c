/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded by test_no_memory.py: allocations of a whole program, of the libraries it uses too, fail where a file says so.
 *
 * PLAIT_FAIL names the file, three numbers that the test and the program both map: how many allocations there were, which
 * is the first to fail, and how many fail from there on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct plan {
    _Atomic int64_t allocations;
    _Atomic int64_t first;
    _Atomic int64_t count;
};
static struct plan *plan;

__attribute__((constructor))
static void map_plan(void)
{
    const char *path = getenv("PLAIT_FAIL");
    const int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) abort();
    void *mapped = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) abort();
    plan = mapped;
    close(file);
}

static int fails(void)
{
    if (plan == NULL) return 0;
    const int64_t number = atomic_fetch_add(&plan->allocations, 1), first = atomic_load(&plan->first);
    if (number < first || number - first >= atomic_load(&plan->count)) return 0;
    errno = ENOMEM;
    return 1;
}

/* The function of this name behind this library: the C library's, or a sanitizer's. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void *malloc(size_t bytes)
{
    return fails() ? NULL : NEXT(malloc)(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : NEXT(calloc)(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
    return fails() ? NULL : NEXT(realloc)(memory, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return fails() ? NULL : NEXT(aligned_alloc)(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    return fails() ? ENOMEM : NEXT(posix_memalign)(memory, alignment, bytes);
}

/* Sanitizers have one that does not come by malloc(). */
char *strdup(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    char *copy = malloc(bytes);
    return copy == NULL ? NULL : memcpy(copy, text, bytes);
}
