/* SPDX-License-Identifier: Apache-2.0 */
/* checkkernel runs the kernels of every level beside those of c/ and compares every byte they
 * write, on random and edge shapes, between pages that may not be touched; and it times them.
 *
 * To add a kernel: a line in checks.def and two functions: check_<name>() draws one case and
 * compares; bench_<name>() times what is typical. See any of the files. */
#ifndef CHECKKERNEL_H
#define CHECKKERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* One kernel of one level under test. */
struct check {
    const char *name; /* of the kernel, as in checks.def */
    const struct pl_kernels *reference;
    const struct pl_kernels *tested;
    bool plant;      /* every case gets a fault, which must be seen */
    uint64_t random; /* state */
    uint64_t seed;   /* of this case: what --seed takes */
    int64_t cases;
    int64_t wrong; /* cases in which something differed */
    bool differs;  /* this case */
};

/* ---- numbers --------------------------------------------------------------------------------- */

/* From low to high, both included. */
int64_t check_draw(struct check *check, int64_t low, int64_t high);
/* Rather one of the ends than not. */
int64_t check_draw_edge(struct check *check, int64_t low, int64_t high);
/* In [low, high), in float steps. */
float check_draw_float(struct check *check, float low, float high);

/* ---- memory: all of it goes when the case ends ----------------------------------------------- */

/* So many bytes whose end, or beginning, lies at a page that may not be touched. */
void *check_memory(struct check *check, size_t bytes);
/* The same, the beginning at a multiple of 64, as tensors and constants lie. */
void *check_aligned(struct check *check, size_t bytes);
/* Random bytes; sometimes all of them extreme. */
void *check_bytes(struct check *check, size_t bytes);
/* Random floats, sometimes with zeros of both signs, infinities and not-a-number among them if
 * `wild`. */
float *check_floats(struct check *check, int64_t count, bool wild);

/* Two pieces of memory with the same contents, for what the reference and the tested kernel
 * write. */
struct check_outputs {
    void *reference;
    void *tested;
    size_t bytes;
};
struct check_outputs check_outputs(struct check *check, size_t bytes);
/* Both must be equal now. The text describes the case; one line is printed if they are not. */
void check_compare(struct check *check, const struct check_outputs *outputs, const char *format,
                   ...) __attribute__((format(printf, 3, 4)));

/* ---- time ------------------------------------------------------------------------------------ */

/* What a level can do with operands in registers, per second. */
struct peak {
    double byte_macs;  /* multiply-adds of bytes (or of 16 bit words where there is no such) */
    double float_macs;
};

struct bench {
    const char *name;
    const struct pl_kernels *kernels;
    struct peak peak;
};

/* Runs `run` until it has a stable best time, and prints it for `macs` multiply-adds a call as a
 * share of `peak` (0: bytes moved, no share). */
void bench_time(const struct bench *bench, const char *what, void (*run)(void *context),
                void *context, double macs, double peak);

struct peak bench_peak(const char *level);

#define CHECK(name) void check_##name(struct check *check);
#define BENCH(name) void bench_##name(const struct bench *bench);
#include "checks.def"
#undef CHECK
#undef BENCH

#endif
