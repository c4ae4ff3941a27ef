/* What this machine can do at best: single-precision FMA from registers, and copying memory. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROUNDS = 4000000, TRIES = 5, MAX_THREADS = 256 };
static const size_t copy_bytes = (size_t)192 << 20; /* per thread, more than the caches hold */

static volatile float sink;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Each kernel does ROUNDS rounds over independent accumulators, and returns the floating-point operations of one round.
 * The factors are volatile, so that nothing is computed beforehand. */
static volatile float factor = 0.999f, summand = 0.001f;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static double fma_avx2(void)
{
    enum { N = 12 };
    const __m256 a = _mm256_set1_ps(factor), b = _mm256_set1_ps(summand);
    __m256 x[N];
    for (int i = 0; i < N; ++i) {
        x[i] = _mm256_set1_ps((float)i);
    }
    for (long r = 0; r < ROUNDS; ++r) {
#pragma GCC unroll 12
        for (int i = 0; i < N; ++i) {
            x[i] = _mm256_fmadd_ps(x[i], a, b);
        }
    }
    for (int i = 0; i < N; ++i) {
        sink = _mm256_cvtss_f32(x[i]);
    }
    return N * 8 * 2;
}

__attribute__((target("avx512f"))) static double fma_avx512(void)
{
    enum { N = 12 };
    const __m512 a = _mm512_set1_ps(factor), b = _mm512_set1_ps(summand);
    __m512 x[N];
    for (int i = 0; i < N; ++i) {
        x[i] = _mm512_set1_ps((float)i);
    }
    for (long r = 0; r < ROUNDS; ++r) {
#pragma GCC unroll 12
        for (int i = 0; i < N; ++i) {
            x[i] = _mm512_fmadd_ps(x[i], a, b);
        }
    }
    for (int i = 0; i < N; ++i) {
        sink = _mm512_cvtss_f32(x[i]);
    }
    return N * 16 * 2;
}
#endif

static double fma_portable(void)
{
    enum { N = 32 };
    const float a = factor, b = summand;
    float x[N];
    for (int i = 0; i < N; ++i) {
        x[i] = (float)i;
    }
    for (long r = 0; r < ROUNDS; ++r) {
        for (int i = 0; i < N; ++i) {
            x[i] = x[i] * a + b;
        }
    }
    for (int i = 0; i < N; ++i) {
        sink = x[i];
    }
    return N * 2;
}

static double (*kernel)(void);

static void *fma_main(void *rate)
{
    for (int t = 0; t < TRIES; ++t) {
        const double start = now();
        const double operations = kernel() * ROUNDS;
        const double gflops = operations / (now() - start) / 1e9;
        if (gflops > *(double *)rate) {
            *(double *)rate = gflops;
        }
    }
    return NULL;
}

static void *copy_main(void *rate)
{
    uint8_t *from = malloc(copy_bytes), *to = malloc(copy_bytes);
    if (from != NULL && to != NULL) {
        memset(from, 1, copy_bytes);
        memset(to, 2, copy_bytes);
        for (int t = 0; t < TRIES; ++t) {
            const double start = now();
            memcpy(to, from, copy_bytes);
            const double gigabytes = 2e-9 * (double)copy_bytes / (now() - start); /* each byte is read and written */
            sink = to[(size_t)t * 4096];
            if (gigabytes > *(double *)rate) {
                *(double *)rate = gigabytes;
            }
        }
    }
    free(from);
    free(to);
    return NULL;
}

/* Sum of the rates that `threads` threads reach at the same time. */
static double together(void *(*body)(void *), int threads)
{
    pthread_t thread[MAX_THREADS];
    double rate[MAX_THREADS] = { 0 }, sum = 0;
    int started = 0;
    while (started < threads && pthread_create(&thread[started], NULL, body, &rate[started]) == 0) {
        ++started;
    }
    for (int i = 0; i < started; ++i) {
        pthread_join(thread[i], NULL);
        sum += rate[i];
    }
    return sum;
}

/* Instructions and rates in GFLOP/s of one thread and of `threads` together, and GB/s of copies by all. 0, or 1 for a number of threads
 * that is not 1 to 256. */
int isobit_peak(int threads, const char **isa, double *one, double *all, double *copy);

int isobit_peak(int threads, const char **isa, double *one, double *all, double *copy)
{
    if (threads < 1 || threads > MAX_THREADS) {
        return 1;
    }
    kernel = fma_portable;
    *isa = "portable";
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        kernel = fma_avx512;
        *isa = "avx512";
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        kernel = fma_avx2;
        *isa = "avx2";
    }
#endif
    *one = together(fma_main, 1);
    *all = threads == 1 ? *one : together(fma_main, threads);
    *copy = together(copy_main, threads);
    return 0;
}
