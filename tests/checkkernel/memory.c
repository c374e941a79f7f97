/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to draw, and memory between pages that may not be touched. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support.h"

enum { MAX_PIECES = 64 };

struct piece {
    char *pages;
    size_t length;
};

static struct piece pieces[MAX_PIECES];
static int piece_count;

int64_t check_draw(struct check *check, int64_t low, int64_t high)
{
    check->random = check->random * 6364136223846793005u + 1442695040888963407u;
    const uint64_t mixed = (check->random ^ check->random >> 29) * 0xbf58476d1ce4e5b9u;
    return low + (int64_t)((mixed >> 16) % ((uint64_t)(high - low) + 1));
}

int64_t check_draw_edge(struct check *check, int64_t low, int64_t high)
{
    switch (check_draw(check, 0, 5)) {
    case 0: return low;
    case 1: return high;
    default: return check_draw(check, low, high);
    }
}

float check_draw_float(struct check *check, float low, float high)
{
    return low + (high - low) * (float)check_draw(check, 0, (1 << 20) - 1) / (float)(1 << 20);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static char *guarded(size_t bytes, bool at_end, size_t alignment)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (bytes + page - 1) / page * page + (bytes == 0 ? page : 0);
    const size_t length = room + 2 * page;
    char *pages = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || piece_count == MAX_PIECES ||
        mprotect(pages + page, room, PROT_READ | PROT_WRITE) != 0) {
        fprintf(stderr, "checkkernel: no memory\n");
        exit(2);
    }
    pieces[piece_count++] = (struct piece){pages, length};
    return pages + page + (at_end ? (room - bytes) / alignment * alignment : 0);
}

void memory_release(void)
{
    while (piece_count > 0) {
        piece_count--;
        munmap(pieces[piece_count].pages, pieces[piece_count].length);
    }
}

void *check_memory(struct check *check, size_t bytes)
{
    return guarded(bytes, check_draw(check, 0, 3) != 0, 1);
}

void *check_aligned(struct check *check, size_t bytes)
{
    return guarded(bytes, check_draw(check, 0, 3) != 0, 64);
}

void *check_bytes(struct check *check, size_t bytes)
{
    static const uint8_t extremes[] = {0, 127, 128, 255};
    uint8_t *all = check_memory(check, bytes);
    const bool extreme = check_draw(check, 0, 4) == 0;
    for (size_t i = 0; i < bytes; i++)
        all[i] = extreme ? extremes[check_draw(check, 0, 3)] : (uint8_t)check_draw(check, 0, 255);
    return all;
}

float *check_floats(struct check *check, int64_t count, bool wild)
{
    static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-40f, 3e38f};
    float *all = check_memory(check, (size_t)count * sizeof *all);
    const bool some = wild && check_draw(check, 0, 3) == 0;
    for (int64_t i = 0; i < count; i++) {
        all[i] = check_draw_float(check, -4.0f, 4.0f);
        if (some && check_draw(check, 0, 15) == 0) all[i] = special[check_draw(check, 0, 6)];
    }
    return all;
}

/* ---- outputs --------------------------------------------------------------------------------- */

struct check_outputs check_outputs(struct check *check, size_t bytes)
{
    struct check_outputs outputs = {check_memory(check, bytes), check_memory(check, bytes), bytes};
    memset(outputs.reference, 0xa5, bytes);
    memset(outputs.tested, 0xa5, bytes);
    return outputs;
}

/* One bit somewhere, as a kernel would get it wrong. */
static void plant_fault(struct check *check, const struct check_outputs *outputs)
{
    if (outputs->bytes == 0) return;
    const int64_t at = check_draw_edge(check, 0, (int64_t)outputs->bytes - 1);
    ((uint8_t *)outputs->tested)[at] ^= (uint8_t)(1 << check_draw(check, 0, 7));
}

void check_compare(struct check *check, const struct check_outputs *outputs, const char *format,
                   ...)
{
    if (check->plant) plant_fault(check, outputs);
    if (memcmp(outputs->reference, outputs->tested, outputs->bytes) == 0) return;
    const bool first = !check->differs;
    check->differs = true;
    if (check->plant || !first) return;
    const uint8_t *reference = outputs->reference, *tested = outputs->tested;
    size_t at = 0;
    while (reference[at] == tested[at]) at++;
    fprintf(stderr, "%s, %s, --seed=%llu: byte %zu of %zu is %d, expected %d: ",
            check->tested->level, check->name, (unsigned long long)check->seed, at, outputs->bytes,
            tested[at], reference[at]);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
