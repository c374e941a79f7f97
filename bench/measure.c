/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs of bench/ measure below Python: the most multiply-adds this processor does when they come from
 * registers, calls of functions that they hand in, and where the program counter of a run is. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

/* ---- peak -------------------------------------------------------------------------------------------------------- */

/* Many short turns: on a machine that does other things as well some of them are undisturbed. */
enum { ROUNDS = 10000, TURNS = 300, ACCUMULATORS = 12 };

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Independent accumulators, as many as hide an instruction's latency twice over. The empty assembly keeps each in a
 * register and the loop in place, and factors that may be others each time keep the product in it. */
#define DEFINE_PEAK(name, isa, type, zero, step)                                                                       \
    __attribute__((target(isa))) static void name(void)                                                                \
    {                                                                                                                  \
        type sums[ACCUMULATORS], a = zero, b = zero;                                                                   \
        _Pragma("GCC unroll 12") for (int i = 0; i < ACCUMULATORS; i++) sums[i] = zero;                                \
        for (int round = 0; round < ROUNDS; round++) {                                                                 \
            _Pragma("GCC unroll 12") for (int i = 0; i < ACCUMULATORS; i++)                                            \
            {                                                                                                          \
                sums[i] = step(sums[i], a, b);                                                                         \
                __asm__ volatile("" : "+v"(sums[i]), "+v"(a), "+v"(b));                                                \
            }                                                                                                          \
        }                                                                                                              \
    }

#define FMA_256(sum, a, b) _mm256_fmadd_ps(a, b, sum)
#define FMA_512(sum, a, b) _mm512_fmadd_ps(a, b, sum)
DEFINE_PEAK(float_256, "avx2,fma", __m256, _mm256_setzero_ps(), FMA_256)
DEFINE_PEAK(float_512, "avx512f", __m512, _mm512_setzero_ps(), FMA_512)
DEFINE_PEAK(int8_512, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32)

/* Pairs of bytes widened to 16 bits: what a processor without dot products of bytes can do exactly. */
#define MADD_256(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
DEFINE_PEAK(int8_256, "avx2", __m256i, _mm256_setzero_si256(), MADD_256)

static double rate(void (*loop)(void), int per_instruction)
{
    double best = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        const double start = seconds_now();
        loop();
        const double found = (double)ROUNDS * ACCUMULATORS * per_instruction / (seconds_now() - start);
        if (found > best) best = found;
    }
    return best;
}

/* False: none are known here. */
static bool multiply_adds(void)
{
    const bool wide = __builtin_cpu_supports("avx512f"), narrow = __builtin_cpu_supports("fma");
    if (wide) float_512();
    else if (narrow) float_256();
    return wide || narrow;
}

/* Multiply-adds a second; 0: not known here. */
double peak_float(void)
{
    const double narrow =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? rate(float_256, 8) : 0;
    const double wide = __builtin_cpu_supports("avx512f") ? rate(float_512, 16) : 0;
    return wide > narrow ? wide : narrow;
}

double peak_int8(void)
{
    if (__builtin_cpu_supports("avx512vnni")) return rate(int8_512, 64);
    return __builtin_cpu_supports("avx2") ? rate(int8_256, 16) : 0;
}
#else
static bool multiply_adds(void)
{
    return false;
}

double peak_float(void)
{
    return 0;
}

double peak_int8(void)
{
    return 0;
}
#endif

/* ---- what else the machine does ---------------------------------------------------------------------------------- */

/* Each multiplication waits for the one before: only the clock changes how long it takes, however busy the core's ports are. */
static void chain(void)
{
    uint64_t number = 3;
    for (int round = 0; round < ROUNDS; round++) {
        number *= number;
        __asm__ volatile("" : "+r"(number));
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over the least of what these take: > 1 by the clock alone (chain), and by whoever runs on the core as well
 * (multiply-adds, from registers; 1 where they are not known). */
void steadiness(double *clock, double *core)
{
    double chains[TURNS], products[TURNS];
    bool known = false;
    for (int turn = 0; turn < TURNS; turn++) {
        const double start = seconds_now();
        chain();
        const double between = seconds_now();
        known = multiply_adds();
        chains[turn] = between - start;
        products[turn] = seconds_now() - between;
    }
    qsort(chains, TURNS, sizeof chains[0], ascending);
    qsort(products, TURNS, sizeof products[0], ascending);
    *clock = chains[TURNS / 2] / chains[0];
    *core = known ? products[TURNS / 2] / products[0] : 1;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/* Nanoseconds of one call of invoke(handle), which returns 0: the fastest turn of `calls` calls within `seconds`. Negative
 * if a call fails. */
double fastest_call(int (*invoke)(void *), void *handle, int calls, double seconds)
{
    double best = 1e9;
    for (const double end = seconds_now() + seconds; seconds_now() < end;) {
        const double start = seconds_now();
        for (int i = 0; i < calls; i++)
            if (invoke(handle) != 0) return -1;
        const double each = (seconds_now() - start) / calls;
        if (each < best) best = each;
    }
    return best * 1e9;
}

/* The nanoseconds of single calls of invoke(handle), for so many seconds or until `times` is full; between two of them the
 * thread sleeps so long. Returns how many; 0 if one fails. */
size_t time_calls(int (*invoke)(void *), void *handle, double seconds, double pause, double *times, size_t capacity)
{
    const struct timespec sleep = {(time_t)pause, (long)((pause - (double)(time_t)pause) * 1e9)};
    size_t count = 0;
    for (const double end = seconds_now() + seconds; count < capacity && seconds_now() < end; count++) {
        if (pause > 0) nanosleep(&sleep, NULL);
        const double start = seconds_now();
        if (invoke(handle) != 0) return 0;
        times[count] = (seconds_now() - start) * 1e9;
    }
    return count;
}

/* What a program does with TensorFlow Lite's C API, `count` times: TfLiteTensorCopyFromBuffer(), TfLiteInterpreterInvoke(),
 * TfLiteTensorCopyToBuffer(), of a model that has 4 floats on either side. */
struct call_round {
    int (*copy_in)(void *, const void *, size_t);
    int (*invoke)(void *);
    int (*copy_out)(const void *, void *, size_t);
    void *interpreter, *input, *output;
};

void call_in_rounds(const struct call_round *of, int count)
{
    float values[4] = {1, -2, 3, -4};
    for (int i = 0; i < count; i++) {
        of->copy_in(of->input, values, sizeof values);
        of->invoke(of->interpreter);
        of->copy_out(of->output, values, sizeof values);
    }
}

/* Calls invoke(handle) of each of these, `rounds` times; not 0: what one that failed gave. */
int call_each(int (*invoke)(void *), void *const *handles, size_t count, size_t rounds)
{
    for (size_t i = 0; i < rounds; i++)
        for (size_t k = 0; k < count; k++) {
            const int status = invoke(handles[k]);
            if (status != 0) return status;
        }
    return 0;
}

/* Rows for plait_push(), `count` chunks of them; behind each, invoke(handle) of these. Not 0: what a call that failed gave. */
struct chunks {
    int (*push)(void *, const void *, size_t);
    void *input;
    const char *rows;
    size_t chunk_bytes, count;
    int (*invoke)(void *);
    void *const *handles;
    size_t handle_count;
};

int push_chunks(const struct chunks *of)
{
    int status = 0;
    for (size_t i = 0; i < of->count && status == 0; i++) {
        status = of->push(of->input, of->rows + i * of->chunk_bytes, of->chunk_bytes);
        if (status == 0) status = call_each(of->invoke, of->handles, of->handle_count, 1);
    }
    return status;
}

/* What a model's output was each time that it ran. */
struct kept {
    const float *output;
    float *values;
    size_t capacity;
    size_t count;
};

/* For plait_on_run(). */
void keep_output(void *user, void *model)
{
    (void)model;
    struct kept *kept = user;
    if (kept->count < kept->capacity) kept->values[kept->count++] = *kept->output;
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static uint64_t *samples;
static size_t capacity;
static volatile size_t taken;
static timer_t timer;

static void take_sample(int number, siginfo_t *info, void *context)
{
    (void)number, (void)info;
    const ucontext_t *state = context;
    if (taken >= capacity) return;
#if defined(__x86_64__)
    samples[taken++] = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    samples[taken++] = state->uc_mcontext.pc;
#endif
}

void sample_start(uint64_t *buffer, size_t count, long period_ns)
{
    samples = buffer;
    capacity = count;
    taken = 0;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = take_sample;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGPROF, &action, NULL);
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGPROF;
    timer_create(CLOCK_MONOTONIC, &event, &timer);
    const struct itimerspec every = {{0, period_ns}, {0, period_ns}};
    timer_settime(timer, 0, &every, NULL);
}

size_t sample_stop(void)
{
    timer_delete(timer);
    return taken;
}
