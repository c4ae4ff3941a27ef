/* qwen3_vl_vision.c - the qwen3_vl_vision image encoder as one file. Build: cc -O2 app.c qwen3_vl_vision.c -lm -lpthread
 *
 * Written by isobit 0.1.0; this code is yours to use under any licence you like.
 * template  qwen3_vl_vision 6d16554ddefd25cb77a93821d0408b23e1f3d47fb4ea80d6354954803b06a188
 * sizes     preset 8b, weights f16
 * profile   ggml-avx2 24f7629b93fa777de4edb469ba668d52bf24c9851fed88d73de78dc5141d95b1
 *           The bits of llama.cpp's CPU backend built for x86-64 with AVX2, FMA, F16C, BMI2 (8 lanes of f32): what the crate builds by default.
 * target    c e377dbaf8ef600fc0f11d420c817c8bb2e3939a8529875feaa0d099a7756ab5d
 * maps      67392360fb35f7a15daf7cb2a189584ddfe490aea851359033d263f92d686791
 * taps      those that fusion leaves
 */

/* ======== platform: what this file needs from the compiler and the system ======== */

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#if defined(__cplusplus) || !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L
#error "qwen3_vl_vision.c is C11; include qwen3_vl_vision.h from C++ and compile this file as C"
#endif
#if !defined(__GNUC__)
#error "qwen3_vl_vision.c needs gcc, clang or a compiler that speaks their dialect"
#endif

/* a * b + c is two roundings, never one. Gcc does not know the standard pragma, and fuses by default outside -std=c11. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif

#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qwen3_vl_vision.h"

#if defined(__x86_64__)
#define ISOBIT_X86 1
#include <cpuid.h>
#include <immintrin.h>
#else
#define ISOBIT_X86 0
#endif
#if defined(__aarch64__)
#define ISOBIT_ARM64 1
#include <arm_neon.h>
#else
#define ISOBIT_ARM64 0
#endif

#define ISOBIT_UNUSED __attribute__((unused))
#if ISOBIT_X86
#define ISOBIT_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#endif
#if ISOBIT_X86
#define ISOBIT_AVX2 __attribute__((target("avx2,fma,f16c")))
#endif
#if ISOBIT_ARM64
#define ISOBIT_NEON
#endif

#if (defined(__FAST_MATH__) && __FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || defined(__ASSOCIATIVE_MATH__) \
    || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "qwen3_vl_vision.c must be compiled without -ffast-math, -Ofast and their parts: they change results"
#endif
#if !defined(FLT_EVAL_METHOD) || (FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16)
#error "qwen3_vl_vision.c needs float arithmetic in float precision (FLT_EVAL_METHOD 0); on 32-bit x86 use x86-64"
#endif
#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "qwen3_vl_vision.c supports little-endian machines only"
#endif
#if CHAR_BIT != 8 || SIZE_MAX < 0xffffffffffffffff
#error "qwen3_vl_vision.c needs 8-bit bytes and 64-bit pointers"
#endif
#if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || FLT_MAX_EXP != 128 || DBL_MANT_DIG != 53 || DBL_MAX_EXP != 1024
#error "qwen3_vl_vision.c needs IEEE 754 binary32 float and binary64 double"
#endif
#if defined(__STDC_NO_ATOMICS__)
#error "qwen3_vl_vision.c needs C11 atomics"
#endif
_Static_assert(sizeof(float) == 4 && sizeof(double) == 8, "float and double have IEEE sizes");

#define ISO_CEILDIV(a, b) (((a) + (b) - 1) / (b))
#define ISO_MIN(a, b) ((a) < (b) ? (a) : (b))
#define ISO_MAX(a, b) ((a) > (b) ? (a) : (b))

/* Short names for the public types, so that the frame reads the same in every encoder. */
typedef qwen3_vl_vision iso_encoder;
typedef qwen3_vl_vision_error iso_error;
typedef qwen3_vl_vision_tap iso_tap;
typedef qwen3_vl_vision_options iso_options;
typedef qwen3_vl_vision_plan_info iso_plan;
enum {
    ISO_OK = QWEN3_VL_VISION_OK,
    ISO_ERR_ARGUMENT = QWEN3_VL_VISION_ERR_ARGUMENT,
    ISO_ERR_IO = QWEN3_VL_VISION_ERR_IO,
    ISO_ERR_FORMAT = QWEN3_VL_VISION_ERR_FORMAT,
    ISO_ERR_MISMATCH = QWEN3_VL_VISION_ERR_MISMATCH,
    ISO_ERR_IMAGE = QWEN3_VL_VISION_ERR_IMAGE,
    ISO_ERR_LIMIT = QWEN3_VL_VISION_ERR_LIMIT,
    ISO_ERR_MEMORY = QWEN3_VL_VISION_ERR_MEMORY,
    ISO_ERR_ARENA = QWEN3_VL_VISION_ERR_ARENA,
    ISO_ERR_OUTPUT = QWEN3_VL_VISION_ERR_OUTPUT,
    ISO_ERR_CANCELLED = QWEN3_VL_VISION_ERR_CANCELLED,
    ISO_ERR_CHANGED = QWEN3_VL_VISION_ERR_CHANGED,
    ISO_ERR_CPU = QWEN3_VL_VISION_ERR_CPU,
    ISO_ERR_TABLE = QWEN3_VL_VISION_ERR_TABLE,
    ISO_ERR_THREAD = QWEN3_VL_VISION_ERR_THREAD,
    ISO_ALIGN = 64
};

/* Overflow-checked arithmetic: false when the true result needs more than 64 bits. */
static bool iso_add(uint64_t a, uint64_t b, uint64_t *sum)
{
    *sum = a + b;
    return *sum >= a;
}

static bool iso_mul(uint64_t a, uint64_t b, uint64_t *product)
{
    *product = a * b;
    return a == 0 || *product / a == b;
}

static bool iso_align_up(uint64_t n, uint64_t alignment, uint64_t *aligned)
{
    if (!iso_add(n, alignment - 1, aligned)) {
        return false;
    }
    *aligned &= ~(alignment - 1);
    return true;
}

/* ======== error: status and message ======== */

__attribute__((format(printf, 3, 4))) static int32_t iso_fail(iso_error *error, int32_t status, const char *format, ...)
{
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        if (vsnprintf(error->message, sizeof error->message, format, arguments) < 0) {
            error->message[0] = '\0';
        }
        va_end(arguments);
    }
    return status;
}

/* Text from a file, made safe to print: at most 80 bytes, anything but printable ASCII as '?'. */
typedef struct {
    char text[84];
} iso_text;

static iso_text iso_printable(const void *bytes, uint64_t count)
{
    iso_text t;
    const unsigned char *from = bytes;
    const uint64_t shown = count < 80 ? count : 80;
    uint64_t i = 0;
    for (; i < shown; ++i) {
        t.text[i] = from[i] >= 0x20 && from[i] <= 0x7e ? (char)from[i] : '?';
    }
    if (shown < count) {
        memcpy(t.text + i, "...", 3);
        i += 3;
    }
    t.text[i] = '\0';
    return t;
}

static const char *iso_errno_text(int code)
{
    switch (code) {
    case ENOENT: return "no such file";
    case ENOTDIR: return "a part of the path is no directory";
    case EACCES: case EPERM: return "permission denied";
    case EISDIR: return "it is a directory";
    case EMFILE: case ENFILE: return "too many open files";
    case ENOMEM: return "out of memory or address space";
    case EAGAIN: return "resources are exhausted";
    case ENAMETOOLONG: return "the path is too long";
    case ELOOP: return "too many symbolic links";
    case EIO: return "input/output error";
    default: return "system error";
    }
}

/* ======== cpu: which kernel variants this machine can run ======== */

enum {
    ISO_VARIANT_avx512 = 0,
    ISO_VARIANT_avx2 = 1,
    ISO_VARIANT_neon = 2,
    ISO_VARIANT_portable = 3,
    ISO_VARIANTS = 4
};

/* Best first. */
static const struct {
    const char *name;
    const char *features[16]; /* up to the first NULL */
} iso_variants[ISO_VARIANTS] = {
    { "avx512", { "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma", "f16c", NULL } },
    { "avx2", { "avx2", "fma", "f16c", NULL } },
    { "neon", { "neon", NULL } },
    { "portable", { NULL } },
};

/* Asks CPUID, and XGETBV for the registers the system saves; compilers differ in the names their own built-in knows. */
static bool iso_cpu_has(const char *feature)
{
#if ISOBIT_X86
    enum { EAX, EBX, ECX, EDX };
    enum { NONE = 0, YMM = 0x6, ZMM = 0xe6 };
    static const struct {
        const char *name;
        uint32_t leaf, subleaf;
        uint8_t word, bit, state;
    } known[] = {
        { "sse3", 1, 0, ECX, 0, NONE },          { "ssse3", 1, 0, ECX, 9, NONE },
        { "fma", 1, 0, ECX, 12, YMM },           { "sse4.1", 1, 0, ECX, 19, NONE },
        { "sse4.2", 1, 0, ECX, 20, NONE },       { "popcnt", 1, 0, ECX, 23, NONE },
        { "avx", 1, 0, ECX, 28, YMM },           { "f16c", 1, 0, ECX, 29, YMM },
        { "bmi", 7, 0, EBX, 3, NONE },           { "avx2", 7, 0, EBX, 5, YMM },
        { "bmi2", 7, 0, EBX, 8, NONE },          { "avx512f", 7, 0, EBX, 16, ZMM },
        { "avx512dq", 7, 0, EBX, 17, ZMM },      { "avx512ifma", 7, 0, EBX, 21, ZMM },
        { "avx512cd", 7, 0, EBX, 28, ZMM },      { "avx512bw", 7, 0, EBX, 30, ZMM },
        { "avx512vl", 7, 0, EBX, 31, ZMM },      { "avx512vbmi", 7, 0, ECX, 1, ZMM },
        { "avx512vbmi2", 7, 0, ECX, 6, ZMM },    { "gfni", 7, 0, ECX, 8, NONE },
        { "avx512vnni", 7, 0, ECX, 11, ZMM },    { "avx512bitalg", 7, 0, ECX, 12, ZMM },
        { "avx512vpopcntdq", 7, 0, ECX, 14, ZMM }, { "avxvnni", 7, 1, EAX, 4, YMM },
        { "avx512bf16", 7, 1, EAX, 5, ZMM },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; ++i) {
        uint32_t word[4] = { 0, 0, 0, 0 };
        if (strcmp(known[i].name, feature) != 0) {
            continue;
        }
        if (!__get_cpuid_count(known[i].leaf, known[i].subleaf, &word[EAX], &word[EBX], &word[ECX], &word[EDX])
            || (word[known[i].word] >> known[i].bit & 1u) == 0) {
            return false;
        }
        if (known[i].state != NONE) {
            uint32_t low, high;
            if (!__get_cpuid(1, &word[EAX], &word[EBX], &word[ECX], &word[EDX]) || (word[ECX] >> 27 & 1u) == 0) {
                return false;
            }
            __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
            (void)high;
            return (low & known[i].state) == known[i].state;
        }
        return true;
    }
    return false;
#elif ISOBIT_ARM64
    return strcmp(feature, "neon") == 0; /* part of every 64-bit ARM */
#else
    (void)feature;
    return false;
#endif
}

/* Writes the features that variant `v` needs and this machine lacks, comma-separated; true if there are none. */
static bool iso_variant_runs(uint32_t v, char *missing, size_t capacity)
{
    size_t used = 0;
    missing[0] = '\0';
    for (const char *const *f = iso_variants[v].features; *f != NULL; ++f) {
        if (!iso_cpu_has(*f)) {
            const int n = snprintf(missing + used, capacity - used, "%s%s", used == 0 ? "" : ", ", *f);
            used = n < 0 || (size_t)n >= capacity - used ? capacity - 1 : used + (size_t)n;
        }
    }
    return missing[0] == '\0';
}

/* ======== float: the floating-point state and the compiler's arithmetic ======== */

/* What is wrong with the calling thread's floating-point state, or NULL. */
static const char *iso_float_fault(void)
{
#if ISOBIT_X86
    const unsigned control = _mm_getcsr();
    if ((control & 0x6000u) != 0) {
        return "rounding is not to nearest";
    }
    if ((control & 0x8000u) != 0) {
        return "denormal results are flushed to zero (FTZ)";
    }
    if ((control & 0x0040u) != 0) {
        return "denormal operands are taken as zero (DAZ)";
    }
    if ((control & 0x1f80u) != 0x1f80u) {
        return "floating-point exceptions are not masked";
    }
#else
    if (fegetround() != FE_TONEAREST) {
        return "rounding is not to nearest";
    }
#endif
    const volatile float smallest_normal = FLT_MIN;
    const volatile float smallest_denormal = 0x1p-149f;
    const volatile float half = 0.5f;
    const volatile float large = 0x1p30f;
    const volatile float flushed = smallest_normal * half;
    const volatile float widened = smallest_denormal * large;
    if (!(flushed > 0.0f) || widened != 0x1p-119f) {
        return "denormals are taken as zero";
    }
    return NULL;
}

/* For threads that this file starts itself: they inherit the state of their creator. */
static void iso_float_default(void)
{
#if ISOBIT_X86
    _mm_setcsr(0x1f80u);
#elif defined(__aarch64__)
    const uint64_t control = 0;
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#else
    (void)fesetround(FE_TONEAREST);
#endif
}

/* x * y + z where two roundings give 0 and one gives 0x1p-24, scalar and vectorised, in each instruction set. */
#if ISOBIT_X86
ISOBIT_AVX512 __attribute__((noinline)) static bool iso_fuses_avx512(const volatile float *x)
{
    float a[16], b[16], sum = 0.0f;
    const float p = x[0], q = x[0], r = x[1];
    for (int i = 0; i < 16; ++i) {
        a[i] = x[0];
        b[i] = x[1];
    }
    for (int i = 0; i < 16; ++i) {
        a[i] = a[i] * a[i] + b[i];
    }
    for (int i = 0; i < 16; ++i) {
        sum += a[i];
    }
    return p * q + r != 0.0f || sum != 0.0f;
}
#endif
#if ISOBIT_X86
ISOBIT_AVX2 __attribute__((noinline)) static bool iso_fuses_avx2(const volatile float *x)
{
    float a[16], b[16], sum = 0.0f;
    const float p = x[0], q = x[0], r = x[1];
    for (int i = 0; i < 16; ++i) {
        a[i] = x[0];
        b[i] = x[1];
    }
    for (int i = 0; i < 16; ++i) {
        a[i] = a[i] * a[i] + b[i];
    }
    for (int i = 0; i < 16; ++i) {
        sum += a[i];
    }
    return p * q + r != 0.0f || sum != 0.0f;
}
#endif
#if ISOBIT_ARM64
ISOBIT_NEON __attribute__((noinline)) static bool iso_fuses_neon(const volatile float *x)
{
    float a[16], b[16], sum = 0.0f;
    const float p = x[0], q = x[0], r = x[1];
    for (int i = 0; i < 16; ++i) {
        a[i] = x[0];
        b[i] = x[1];
    }
    for (int i = 0; i < 16; ++i) {
        a[i] = a[i] * a[i] + b[i];
    }
    for (int i = 0; i < 16; ++i) {
        sum += a[i];
    }
    return p * q + r != 0.0f || sum != 0.0f;
}
#endif
__attribute__((noinline)) static bool iso_fuses_portable(const volatile float *x)
{
    float a[16], b[16], sum = 0.0f;
    const float p = x[0], q = x[0], r = x[1];
    for (int i = 0; i < 16; ++i) {
        a[i] = x[0];
        b[i] = x[1];
    }
    for (int i = 0; i < 16; ++i) {
        a[i] = a[i] * a[i] + b[i];
    }
    for (int i = 0; i < 16; ++i) {
        sum += a[i];
    }
    return p * q + r != 0.0f || sum != 0.0f;
}

/* What is wrong with the way this file was compiled, or NULL. Not every flag that breaks IEEE has a macro to test. */
static const char *iso_compiler_fault(void)
{
    const volatile float square[2] = { 0x1.001p0f, -0x1.002p0f };
    char missing[256];
    bool fuses = false;
#if ISOBIT_X86
    fuses = fuses || (iso_variant_runs(ISO_VARIANT_avx512, missing, sizeof missing) && iso_fuses_avx512(square));
#endif
#if ISOBIT_X86
    fuses = fuses || (iso_variant_runs(ISO_VARIANT_avx2, missing, sizeof missing) && iso_fuses_avx2(square));
#endif
#if ISOBIT_ARM64
    fuses = fuses || (iso_variant_runs(ISO_VARIANT_neon, missing, sizeof missing) && iso_fuses_neon(square));
#endif
    fuses = fuses || (iso_variant_runs(ISO_VARIANT_portable, missing, sizeof missing) && iso_fuses_portable(square));
    if (fuses) {
        return "a * b + c is fused (compile with -ffp-contract=off)";
    }
    if (fmaf(square[0], square[0], square[1]) != 0x1p-24f) {
        return "fmaf of the C library rounds twice";
    }
    const volatile float large = 0x1p60f, one = 1.0f, minus_zero = -0.0f, seven = 7.0f;
    const float a = large, b = one, z = minus_zero, s = seven;
    const volatile float lost = (a + b) - a;
    const volatile float zero = z + 0.0f;
    const volatile float third = s / 3.0f;
    const volatile float not_a_number = (float)NAN;
    const volatile double tenth = 0.1;
    if (lost != 0.0f || signbit(zero) || third != 0x1.2aaaaap1f || !isnan(not_a_number)) {
        return "sums, divisions or signed zeros are rewritten (compile without -funsafe-math-optimizations and its parts)";
    }
    if (tenth == (double)0.1f) {
        return "double constants are rounded to float (compile without -fsingle-precision-constant)";
    }
    return NULL;
}

/* ======== map: the GGUF file as read-only memory ======== */

typedef struct {
    const unsigned char *data;
    uint64_t size;
    int file; /* -1: memory of the caller */
    struct stat opened;
} iso_map;

static void iso_map_close(iso_map *map)
{
    if (map->file >= 0) {
        if (map->data != NULL) {
            (void)munmap((void *)(uintptr_t)map->data, (size_t)map->size);
        }
        (void)close(map->file);
    }
    map->data = NULL;
    map->file = -1;
}

static int32_t iso_map_open(iso_map *map, const char *path, iso_error *error)
{
    const iso_text shown = iso_printable(path, strlen(path));
    void *data;
    map->data = NULL;
    /* Non-blocking, because opening a pipe would wait for its writer before it can be refused. */
    map->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (map->file < 0) {
        const int code = errno;
        return iso_fail(error, ISO_ERR_IO, "cannot open %s: %s (errno %d)", shown.text, iso_errno_text(code), code);
    }
    if (fstat(map->file, &map->opened) != 0) {
        const int code = errno;
        iso_map_close(map);
        return iso_fail(error, ISO_ERR_IO, "cannot read the size of %s: %s (errno %d)", shown.text, iso_errno_text(code), code);
    }
    if (!S_ISREG(map->opened.st_mode)) {
        iso_map_close(map);
        return iso_fail(error, ISO_ERR_IO, "%s is not a regular file", shown.text);
    }
    if (map->opened.st_size <= 0) {
        iso_map_close(map);
        return iso_fail(error, ISO_ERR_FORMAT, "%s is empty", shown.text);
    }
    map->size = (uint64_t)map->opened.st_size;
    data = mmap(NULL, (size_t)map->size, PROT_READ, MAP_PRIVATE, map->file, 0);
    if (data == MAP_FAILED) {
        const int code = errno;
        iso_map_close(map);
        return iso_fail(error, code == ENOMEM ? ISO_ERR_MEMORY : ISO_ERR_IO, "cannot map %s: %s (errno %d)", shown.text,
            iso_errno_text(code), code);
    }
    map->data = data;
    return ISO_OK;
}

static int32_t iso_map_unchanged(const iso_map *map, iso_error *error)
{
    struct stat now;
    if (map->file < 0) {
        return ISO_OK;
    }
    if (fstat(map->file, &now) != 0) {
        const int code = errno;
        return iso_fail(error, ISO_ERR_IO, "cannot check the GGUF file: %s (errno %d)", iso_errno_text(code), code);
    }
    if (now.st_size != map->opened.st_size) {
        return iso_fail(error, ISO_ERR_CHANGED, "the GGUF file had %lld bytes at open and has %lld now; open it again",
            (long long)map->opened.st_size, (long long)now.st_size);
    }
    if (now.st_mtim.tv_sec != map->opened.st_mtim.tv_sec || now.st_mtim.tv_nsec != map->opened.st_mtim.tv_nsec
        || now.st_ino != map->opened.st_ino || now.st_dev != map->opened.st_dev) {
        return iso_fail(error, ISO_ERR_CHANGED, "the GGUF file was modified after open; open it again");
    }
    return ISO_OK;
}

/* ======== manifest: what the GGUF file must contain ======== */

enum { ISO_CHECK_SLOTS = 15, ISO_WEIGHT_SLOTS = 352 };
static const uint32_t iso_check_count = 15;
static const uint32_t iso_weight_count = 352;

typedef enum { ISO_INTEGER, ISO_FLOAT, ISO_BOOL, ISO_STRING } iso_check_kind;

typedef struct {
    const char *key;
    const char *also; /* the key's name in other files, or NULL */
    iso_check_kind kind;
    bool array;
    bool optional; /* may be left out: that means the expected value */
    uint32_t count;
    const void *expected; /* int64_t, float or const char * [count]; bool as int64_t */
} iso_check;

typedef struct {
    const char *name;
    const char *type;
    uint32_t type_id;
    uint64_t ne[4]; /* fastest first */
    uint64_t bytes;
} iso_weight;

static const char *const iso_expected_0[] = { "clip" };
static const int64_t iso_expected_1[] = { 1 };
static const char *const iso_expected_2[] = { "qwen3vl_merger" };
static const int64_t iso_expected_3[] = { 1 };
static const int64_t iso_expected_4[] = { 1152 };
static const int64_t iso_expected_5[] = { 4304 };
static const int64_t iso_expected_6[] = { 27 };
static const int64_t iso_expected_7[] = { 16 };
static const int64_t iso_expected_8[] = { 4096 };
static const int64_t iso_expected_9[] = { 16 };
static const int64_t iso_expected_10[] = { 768 };
static const int64_t iso_expected_11[] = { 2 };
static const float iso_expected_12[] = { 0x1.0c6f7ap-20f };
static const float iso_expected_13[] = { 0x1p-1f, 0x1p-1f, 0x1p-1f };
static const float iso_expected_14[] = { 0x1p-1f, 0x1p-1f, 0x1p-1f };

/* Tensors whose names start like this are this encoder's: each is a weight, or one of those that are known to be unused (`*`: anything). */
static const char *const iso_known_tensors[] = { "v.", "mm.", NULL };
static const char *const iso_unused_tensors[] = { NULL };

static const iso_check iso_checks[ISO_CHECK_SLOTS] = {
    { "general.architecture", NULL, ISO_STRING, false, false, 1, iso_expected_0 },
    { "clip.has_vision_encoder", NULL, ISO_BOOL, false, false, 1, iso_expected_1 },
    { "clip.projector_type", NULL, ISO_STRING, false, false, 1, iso_expected_2 },
    { "clip.use_gelu", NULL, ISO_BOOL, false, false, 1, iso_expected_3 },
    { "clip.vision.embedding_length", NULL, ISO_INTEGER, false, false, 1, iso_expected_4 },
    { "clip.vision.feed_forward_length", NULL, ISO_INTEGER, false, false, 1, iso_expected_5 },
    { "clip.vision.block_count", NULL, ISO_INTEGER, false, false, 1, iso_expected_6 },
    { "clip.vision.attention.head_count", NULL, ISO_INTEGER, false, false, 1, iso_expected_7 },
    { "clip.vision.projection_dim", NULL, ISO_INTEGER, false, false, 1, iso_expected_8 },
    { "clip.vision.patch_size", NULL, ISO_INTEGER, false, false, 1, iso_expected_9 },
    { "clip.vision.image_size", NULL, ISO_INTEGER, false, false, 1, iso_expected_10 },
    { "clip.vision.spatial_merge_size", NULL, ISO_INTEGER, false, true, 1, iso_expected_11 },
    { "clip.vision.attention.layer_norm_epsilon", NULL, ISO_FLOAT, false, false, 1, iso_expected_12 },
    { "clip.vision.image_mean", NULL, ISO_FLOAT, true, false, 3, iso_expected_13 },
    { "clip.vision.image_std", NULL, ISO_FLOAT, true, false, 3, iso_expected_14 },
};

static const iso_weight iso_weights[ISO_WEIGHT_SLOTS] = {
    /* 0 */ { "v.patch_embd.weight", "F16", 1, { 16, 16, 3, 1152 }, 1769472ull },
    /* 1 */ { "v.patch_embd.weight.1", "F16", 1, { 16, 16, 3, 1152 }, 1769472ull },
    /* 2 */ { "v.patch_embd.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 3 */ { "v.position_embd.weight", "F32", 0, { 1152, 2304, 1, 1 }, 10616832ull },
    /* 4 */ { "v.blk.0.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 5 */ { "v.blk.0.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 6 */ { "v.blk.0.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 7 */ { "v.blk.0.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 8 */ { "v.blk.0.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 9 */ { "v.blk.0.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 10 */ { "v.blk.0.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 11 */ { "v.blk.0.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 12 */ { "v.blk.0.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 13 */ { "v.blk.0.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 14 */ { "v.blk.0.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 15 */ { "v.blk.0.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 16 */ { "v.blk.1.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 17 */ { "v.blk.1.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 18 */ { "v.blk.1.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 19 */ { "v.blk.1.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 20 */ { "v.blk.1.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 21 */ { "v.blk.1.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 22 */ { "v.blk.1.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 23 */ { "v.blk.1.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 24 */ { "v.blk.1.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 25 */ { "v.blk.1.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 26 */ { "v.blk.1.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 27 */ { "v.blk.1.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 28 */ { "v.blk.2.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 29 */ { "v.blk.2.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 30 */ { "v.blk.2.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 31 */ { "v.blk.2.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 32 */ { "v.blk.2.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 33 */ { "v.blk.2.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 34 */ { "v.blk.2.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 35 */ { "v.blk.2.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 36 */ { "v.blk.2.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 37 */ { "v.blk.2.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 38 */ { "v.blk.2.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 39 */ { "v.blk.2.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 40 */ { "v.blk.3.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 41 */ { "v.blk.3.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 42 */ { "v.blk.3.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 43 */ { "v.blk.3.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 44 */ { "v.blk.3.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 45 */ { "v.blk.3.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 46 */ { "v.blk.3.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 47 */ { "v.blk.3.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 48 */ { "v.blk.3.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 49 */ { "v.blk.3.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 50 */ { "v.blk.3.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 51 */ { "v.blk.3.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 52 */ { "v.blk.4.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 53 */ { "v.blk.4.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 54 */ { "v.blk.4.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 55 */ { "v.blk.4.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 56 */ { "v.blk.4.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 57 */ { "v.blk.4.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 58 */ { "v.blk.4.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 59 */ { "v.blk.4.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 60 */ { "v.blk.4.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 61 */ { "v.blk.4.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 62 */ { "v.blk.4.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 63 */ { "v.blk.4.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 64 */ { "v.blk.5.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 65 */ { "v.blk.5.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 66 */ { "v.blk.5.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 67 */ { "v.blk.5.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 68 */ { "v.blk.5.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 69 */ { "v.blk.5.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 70 */ { "v.blk.5.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 71 */ { "v.blk.5.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 72 */ { "v.blk.5.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 73 */ { "v.blk.5.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 74 */ { "v.blk.5.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 75 */ { "v.blk.5.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 76 */ { "v.blk.6.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 77 */ { "v.blk.6.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 78 */ { "v.blk.6.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 79 */ { "v.blk.6.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 80 */ { "v.blk.6.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 81 */ { "v.blk.6.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 82 */ { "v.blk.6.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 83 */ { "v.blk.6.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 84 */ { "v.blk.6.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 85 */ { "v.blk.6.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 86 */ { "v.blk.6.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 87 */ { "v.blk.6.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 88 */ { "v.blk.7.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 89 */ { "v.blk.7.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 90 */ { "v.blk.7.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 91 */ { "v.blk.7.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 92 */ { "v.blk.7.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 93 */ { "v.blk.7.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 94 */ { "v.blk.7.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 95 */ { "v.blk.7.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 96 */ { "v.blk.7.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 97 */ { "v.blk.7.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 98 */ { "v.blk.7.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 99 */ { "v.blk.7.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 100 */ { "v.blk.8.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 101 */ { "v.blk.8.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 102 */ { "v.blk.8.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 103 */ { "v.blk.8.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 104 */ { "v.blk.8.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 105 */ { "v.blk.8.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 106 */ { "v.blk.8.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 107 */ { "v.blk.8.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 108 */ { "v.blk.8.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 109 */ { "v.blk.8.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 110 */ { "v.blk.8.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 111 */ { "v.blk.8.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 112 */ { "v.deepstack.8.norm.weight", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 113 */ { "v.deepstack.8.norm.bias", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 114 */ { "v.deepstack.8.fc1.weight", "F16", 1, { 4608, 4608, 1, 1 }, 42467328ull },
    /* 115 */ { "v.deepstack.8.fc1.bias", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 116 */ { "v.deepstack.8.fc2.weight", "F16", 1, { 4608, 4096, 1, 1 }, 37748736ull },
    /* 117 */ { "v.deepstack.8.fc2.bias", "F32", 0, { 4096, 1, 1, 1 }, 16384ull },
    /* 118 */ { "v.blk.9.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 119 */ { "v.blk.9.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 120 */ { "v.blk.9.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 121 */ { "v.blk.9.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 122 */ { "v.blk.9.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 123 */ { "v.blk.9.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 124 */ { "v.blk.9.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 125 */ { "v.blk.9.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 126 */ { "v.blk.9.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 127 */ { "v.blk.9.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 128 */ { "v.blk.9.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 129 */ { "v.blk.9.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 130 */ { "v.blk.10.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 131 */ { "v.blk.10.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 132 */ { "v.blk.10.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 133 */ { "v.blk.10.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 134 */ { "v.blk.10.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 135 */ { "v.blk.10.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 136 */ { "v.blk.10.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 137 */ { "v.blk.10.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 138 */ { "v.blk.10.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 139 */ { "v.blk.10.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 140 */ { "v.blk.10.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 141 */ { "v.blk.10.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 142 */ { "v.blk.11.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 143 */ { "v.blk.11.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 144 */ { "v.blk.11.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 145 */ { "v.blk.11.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 146 */ { "v.blk.11.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 147 */ { "v.blk.11.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 148 */ { "v.blk.11.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 149 */ { "v.blk.11.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 150 */ { "v.blk.11.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 151 */ { "v.blk.11.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 152 */ { "v.blk.11.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 153 */ { "v.blk.11.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 154 */ { "v.blk.12.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 155 */ { "v.blk.12.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 156 */ { "v.blk.12.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 157 */ { "v.blk.12.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 158 */ { "v.blk.12.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 159 */ { "v.blk.12.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 160 */ { "v.blk.12.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 161 */ { "v.blk.12.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 162 */ { "v.blk.12.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 163 */ { "v.blk.12.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 164 */ { "v.blk.12.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 165 */ { "v.blk.12.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 166 */ { "v.blk.13.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 167 */ { "v.blk.13.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 168 */ { "v.blk.13.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 169 */ { "v.blk.13.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 170 */ { "v.blk.13.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 171 */ { "v.blk.13.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 172 */ { "v.blk.13.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 173 */ { "v.blk.13.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 174 */ { "v.blk.13.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 175 */ { "v.blk.13.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 176 */ { "v.blk.13.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 177 */ { "v.blk.13.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 178 */ { "v.blk.14.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 179 */ { "v.blk.14.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 180 */ { "v.blk.14.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 181 */ { "v.blk.14.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 182 */ { "v.blk.14.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 183 */ { "v.blk.14.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 184 */ { "v.blk.14.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 185 */ { "v.blk.14.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 186 */ { "v.blk.14.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 187 */ { "v.blk.14.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 188 */ { "v.blk.14.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 189 */ { "v.blk.14.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 190 */ { "v.blk.15.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 191 */ { "v.blk.15.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 192 */ { "v.blk.15.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 193 */ { "v.blk.15.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 194 */ { "v.blk.15.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 195 */ { "v.blk.15.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 196 */ { "v.blk.15.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 197 */ { "v.blk.15.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 198 */ { "v.blk.15.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 199 */ { "v.blk.15.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 200 */ { "v.blk.15.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 201 */ { "v.blk.15.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 202 */ { "v.blk.16.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 203 */ { "v.blk.16.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 204 */ { "v.blk.16.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 205 */ { "v.blk.16.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 206 */ { "v.blk.16.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 207 */ { "v.blk.16.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 208 */ { "v.blk.16.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 209 */ { "v.blk.16.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 210 */ { "v.blk.16.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 211 */ { "v.blk.16.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 212 */ { "v.blk.16.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 213 */ { "v.blk.16.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 214 */ { "v.deepstack.16.norm.weight", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 215 */ { "v.deepstack.16.norm.bias", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 216 */ { "v.deepstack.16.fc1.weight", "F16", 1, { 4608, 4608, 1, 1 }, 42467328ull },
    /* 217 */ { "v.deepstack.16.fc1.bias", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 218 */ { "v.deepstack.16.fc2.weight", "F16", 1, { 4608, 4096, 1, 1 }, 37748736ull },
    /* 219 */ { "v.deepstack.16.fc2.bias", "F32", 0, { 4096, 1, 1, 1 }, 16384ull },
    /* 220 */ { "v.blk.17.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 221 */ { "v.blk.17.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 222 */ { "v.blk.17.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 223 */ { "v.blk.17.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 224 */ { "v.blk.17.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 225 */ { "v.blk.17.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 226 */ { "v.blk.17.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 227 */ { "v.blk.17.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 228 */ { "v.blk.17.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 229 */ { "v.blk.17.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 230 */ { "v.blk.17.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 231 */ { "v.blk.17.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 232 */ { "v.blk.18.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 233 */ { "v.blk.18.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 234 */ { "v.blk.18.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 235 */ { "v.blk.18.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 236 */ { "v.blk.18.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 237 */ { "v.blk.18.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 238 */ { "v.blk.18.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 239 */ { "v.blk.18.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 240 */ { "v.blk.18.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 241 */ { "v.blk.18.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 242 */ { "v.blk.18.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 243 */ { "v.blk.18.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 244 */ { "v.blk.19.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 245 */ { "v.blk.19.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 246 */ { "v.blk.19.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 247 */ { "v.blk.19.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 248 */ { "v.blk.19.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 249 */ { "v.blk.19.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 250 */ { "v.blk.19.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 251 */ { "v.blk.19.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 252 */ { "v.blk.19.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 253 */ { "v.blk.19.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 254 */ { "v.blk.19.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 255 */ { "v.blk.19.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 256 */ { "v.blk.20.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 257 */ { "v.blk.20.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 258 */ { "v.blk.20.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 259 */ { "v.blk.20.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 260 */ { "v.blk.20.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 261 */ { "v.blk.20.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 262 */ { "v.blk.20.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 263 */ { "v.blk.20.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 264 */ { "v.blk.20.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 265 */ { "v.blk.20.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 266 */ { "v.blk.20.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 267 */ { "v.blk.20.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 268 */ { "v.blk.21.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 269 */ { "v.blk.21.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 270 */ { "v.blk.21.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 271 */ { "v.blk.21.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 272 */ { "v.blk.21.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 273 */ { "v.blk.21.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 274 */ { "v.blk.21.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 275 */ { "v.blk.21.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 276 */ { "v.blk.21.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 277 */ { "v.blk.21.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 278 */ { "v.blk.21.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 279 */ { "v.blk.21.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 280 */ { "v.blk.22.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 281 */ { "v.blk.22.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 282 */ { "v.blk.22.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 283 */ { "v.blk.22.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 284 */ { "v.blk.22.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 285 */ { "v.blk.22.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 286 */ { "v.blk.22.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 287 */ { "v.blk.22.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 288 */ { "v.blk.22.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 289 */ { "v.blk.22.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 290 */ { "v.blk.22.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 291 */ { "v.blk.22.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 292 */ { "v.blk.23.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 293 */ { "v.blk.23.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 294 */ { "v.blk.23.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 295 */ { "v.blk.23.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 296 */ { "v.blk.23.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 297 */ { "v.blk.23.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 298 */ { "v.blk.23.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 299 */ { "v.blk.23.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 300 */ { "v.blk.23.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 301 */ { "v.blk.23.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 302 */ { "v.blk.23.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 303 */ { "v.blk.23.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 304 */ { "v.blk.24.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 305 */ { "v.blk.24.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 306 */ { "v.blk.24.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 307 */ { "v.blk.24.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 308 */ { "v.blk.24.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 309 */ { "v.blk.24.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 310 */ { "v.blk.24.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 311 */ { "v.blk.24.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 312 */ { "v.blk.24.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 313 */ { "v.blk.24.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 314 */ { "v.blk.24.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 315 */ { "v.blk.24.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 316 */ { "v.deepstack.24.norm.weight", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 317 */ { "v.deepstack.24.norm.bias", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 318 */ { "v.deepstack.24.fc1.weight", "F16", 1, { 4608, 4608, 1, 1 }, 42467328ull },
    /* 319 */ { "v.deepstack.24.fc1.bias", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 320 */ { "v.deepstack.24.fc2.weight", "F16", 1, { 4608, 4096, 1, 1 }, 37748736ull },
    /* 321 */ { "v.deepstack.24.fc2.bias", "F32", 0, { 4096, 1, 1, 1 }, 16384ull },
    /* 322 */ { "v.blk.25.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 323 */ { "v.blk.25.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 324 */ { "v.blk.25.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 325 */ { "v.blk.25.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 326 */ { "v.blk.25.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 327 */ { "v.blk.25.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 328 */ { "v.blk.25.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 329 */ { "v.blk.25.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 330 */ { "v.blk.25.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 331 */ { "v.blk.25.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 332 */ { "v.blk.25.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 333 */ { "v.blk.25.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 334 */ { "v.blk.26.ln1.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 335 */ { "v.blk.26.ln1.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 336 */ { "v.blk.26.attn_qkv.weight", "F16", 1, { 1152, 3456, 1, 1 }, 7962624ull },
    /* 337 */ { "v.blk.26.attn_qkv.bias", "F32", 0, { 3456, 1, 1, 1 }, 13824ull },
    /* 338 */ { "v.blk.26.attn_out.weight", "F16", 1, { 1152, 1152, 1, 1 }, 2654208ull },
    /* 339 */ { "v.blk.26.attn_out.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 340 */ { "v.blk.26.ln2.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 341 */ { "v.blk.26.ln2.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 342 */ { "v.blk.26.ffn_up.weight", "F16", 1, { 1152, 4304, 1, 1 }, 9916416ull },
    /* 343 */ { "v.blk.26.ffn_up.bias", "F32", 0, { 4304, 1, 1, 1 }, 17216ull },
    /* 344 */ { "v.blk.26.ffn_down.weight", "F16", 1, { 4304, 1152, 1, 1 }, 9916416ull },
    /* 345 */ { "v.blk.26.ffn_down.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 346 */ { "v.post_ln.weight", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 347 */ { "v.post_ln.bias", "F32", 0, { 1152, 1, 1, 1 }, 4608ull },
    /* 348 */ { "mm.0.weight", "F16", 1, { 4608, 4608, 1, 1 }, 42467328ull },
    /* 349 */ { "mm.0.bias", "F32", 0, { 4608, 1, 1, 1 }, 18432ull },
    /* 350 */ { "mm.2.weight", "F16", 1, { 4608, 4096, 1, 1 }, 37748736ull },
    /* 351 */ { "mm.2.bias", "F32", 0, { 4096, 1, 1, 1 }, 16384ull },
};

/* ======== gguf: bounded reader of the file's directory ======== */

/* Every read is checked against the end of the map; sizes and offsets are checked before they are used. Time is
 * n log n and memory linear in the number of entries, which the size of the file bounds. */

enum {
    ISO_GGUF_U8, ISO_GGUF_I8, ISO_GGUF_U16, ISO_GGUF_I16, ISO_GGUF_U32, ISO_GGUF_I32, ISO_GGUF_F32,
    ISO_GGUF_BOOL, ISO_GGUF_STRING, ISO_GGUF_ARRAY, ISO_GGUF_U64, ISO_GGUF_I64, ISO_GGUF_F64, ISO_GGUF_TYPES
};

static const struct {
    const char *name;
    uint32_t bytes; /* 0: variable */
} iso_gguf_types[ISO_GGUF_TYPES] = {
    { "u8", 1 }, { "i8", 1 }, { "u16", 2 }, { "i16", 2 }, { "u32", 4 }, { "i32", 4 }, { "f32", 4 },
    { "bool", 1 }, { "string", 0 }, { "array", 0 }, { "u64", 8 }, { "i64", 8 }, { "f64", 8 },
};

/* Tensor element types of ggml by id: elements and bytes per block; rows hold whole blocks. */
static const struct {
    const char *name;
    uint32_t block, bytes;
} iso_tensor_types[] = {
    [0] = { "F32", 1, 4 },         [1] = { "F16", 1, 2 },         [2] = { "Q4_0", 32, 18 },     [3] = { "Q4_1", 32, 20 },
    [6] = { "Q5_0", 32, 22 },      [7] = { "Q5_1", 32, 24 },      [8] = { "Q8_0", 32, 34 },     [9] = { "Q8_1", 32, 36 },
    [10] = { "Q2_K", 256, 84 },    [11] = { "Q3_K", 256, 110 },   [12] = { "Q4_K", 256, 144 },  [13] = { "Q5_K", 256, 176 },
    [14] = { "Q6_K", 256, 210 },   [15] = { "Q8_K", 256, 292 },   [16] = { "IQ2_XXS", 256, 66 }, [17] = { "IQ2_XS", 256, 74 },
    [18] = { "IQ3_XXS", 256, 98 }, [19] = { "IQ1_S", 256, 50 },   [20] = { "IQ4_NL", 32, 18 },  [21] = { "IQ3_S", 256, 110 },
    [22] = { "IQ2_S", 256, 82 },   [23] = { "IQ4_XS", 256, 136 }, [24] = { "I8", 1, 1 },        [25] = { "I16", 1, 2 },
    [26] = { "I32", 1, 4 },        [27] = { "I64", 1, 8 },        [28] = { "F64", 1, 8 },       [29] = { "IQ1_M", 256, 56 },
    [30] = { "BF16", 1, 2 },       [34] = { "TQ1_0", 256, 54 },   [35] = { "TQ2_0", 256, 66 },  [39] = { "MXFP4", 32, 17 },
    [40] = { "NVFP4", 64, 36 },    [41] = { "Q1_0", 128, 18 },    [42] = { "Q2_0", 64, 18 },
};
enum { ISO_TENSOR_TYPES = sizeof iso_tensor_types / sizeof iso_tensor_types[0] };

typedef struct {
    const unsigned char *text;
    uint64_t length;
} iso_name;

/* Both kinds of entry start with their name, so that one sort and one search serve them. */
typedef struct {
    iso_name key;
    uint32_t type, element; /* element: for arrays */
    uint64_t count;         /* elements of an array, bytes of a string, else 1 */
    const unsigned char *data;
} iso_pair;

typedef struct {
    iso_name name;
    uint64_t ne[4];
    uint32_t type;
    uint64_t begin, bytes; /* in the file */
    bool read;             /* a weight of this encoder */
} iso_tensor;

typedef struct {
    const unsigned char *data;
    uint64_t size, position;
    iso_error *error;
} iso_reader;

static int iso_name_compare(iso_name a, iso_name b)
{
    const uint64_t common = ISO_MIN(a.length, b.length);
    const int order = common == 0 ? 0 : memcmp(a.text, b.text, (size_t)common);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int iso_pair_compare(const void *a, const void *b)
{
    return iso_name_compare(((const iso_pair *)a)->key, ((const iso_pair *)b)->key);
}

static int iso_tensor_compare(const void *a, const void *b)
{
    return iso_name_compare(((const iso_tensor *)a)->name, ((const iso_tensor *)b)->name);
}

static int iso_tensor_compare_place(const void *a, const void *b)
{
    const iso_tensor *s = a, *t = b;
    return (s->begin > t->begin) - (s->begin < t->begin);
}

static iso_name iso_name_of(const char *text)
{
    return (iso_name){ (const unsigned char *)text, strlen(text) };
}

/* The next `bytes` bytes, or NULL after reporting that the file ends inside `what`. */
static const unsigned char *iso_take(iso_reader *r, uint64_t bytes, const char *what, uint64_t index)
{
    const unsigned char *at = r->data + r->position;
    if (bytes > r->size - r->position) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT,
            "the GGUF file is truncated or damaged: %s of entry %llu needs %llu bytes at byte %llu, the file has %llu",
            what, (unsigned long long)index, (unsigned long long)bytes, (unsigned long long)r->position, (unsigned long long)r->size);
        return NULL;
    }
    r->position += bytes;
    return at;
}

static bool iso_take_u32(iso_reader *r, uint32_t *value, const char *what, uint64_t index)
{
    const unsigned char *at = iso_take(r, sizeof *value, what, index);
    if (at != NULL) {
        memcpy(value, at, sizeof *value);
    }
    return at != NULL;
}

static bool iso_take_u64(iso_reader *r, uint64_t *value, const char *what, uint64_t index)
{
    const unsigned char *at = iso_take(r, sizeof *value, what, index);
    if (at != NULL) {
        memcpy(value, at, sizeof *value);
    }
    return at != NULL;
}

static bool iso_take_string(iso_reader *r, iso_name *string, const char *what, uint64_t index)
{
    if (!iso_take_u64(r, &string->length, what, index)) {
        return false;
    }
    string->text = iso_take(r, string->length, what, index);
    return string->text != NULL;
}

static bool iso_check_bools(iso_reader *r, const unsigned char *at, uint64_t count, iso_text key)
{
    for (uint64_t i = 0; i < count; ++i) {
        if (at[i] > 1) {
            (void)iso_fail(r->error, ISO_ERR_FORMAT, "metadata key %s: a bool has the value %d", key.text, at[i]);
            return false;
        }
    }
    return true;
}

static bool iso_take_pair(iso_reader *r, iso_pair *p, uint64_t index)
{
    iso_name text;
    iso_text key;
    if (!iso_take_string(r, &p->key, "the metadata key", index)) {
        return false;
    }
    key = iso_printable(p->key.text, p->key.length);
    if (p->key.length == 0 || p->key.length > 65535) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT, "metadata key %llu has %llu bytes; 1 to 65535 are allowed",
            (unsigned long long)index, (unsigned long long)p->key.length);
        return false;
    }
    if (!iso_take_u32(r, &p->type, "the metadata type", index)) {
        return false;
    }
    p->element = p->type;
    p->count = 1;
    if (p->type == ISO_GGUF_ARRAY) {
        if (!iso_take_u32(r, &p->element, "the array type", index) || !iso_take_u64(r, &p->count, "the array length", index)) {
            return false;
        }
        if (p->element == ISO_GGUF_ARRAY) {
            (void)iso_fail(r->error, ISO_ERR_FORMAT, "metadata key %s: arrays of arrays are not supported", key.text);
            return false;
        }
    }
    if (p->element >= ISO_GGUF_TYPES) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT, "metadata key %s has the unknown type %lu", key.text, (unsigned long)p->element);
        return false;
    }
    if (p->type == ISO_GGUF_STRING) {
        if (!iso_take_string(r, &text, "the string", index)) {
            return false;
        }
        p->data = text.text;
        p->count = text.length;
        return true;
    }
    if (p->element == ISO_GGUF_STRING) {
        p->data = r->data + r->position;
        for (uint64_t i = 0; i < p->count; ++i) {
            if (!iso_take_string(r, &text, "a string of the array", index)) {
                return false;
            }
        }
        return true;
    }
    /* Divides instead of multiplying: count is any 64-bit number. */
    if (p->count > (r->size - r->position) / iso_gguf_types[p->element].bytes) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT, "the GGUF file is truncated or damaged: metadata key %s declares %llu values", key.text,
            (unsigned long long)p->count);
        return false;
    }
    p->data = iso_take(r, p->count * iso_gguf_types[p->element].bytes, "the value", index);
    return p->data != NULL && (p->element != ISO_GGUF_BOOL || iso_check_bools(r, p->data, p->count, key));
}

static bool iso_tensor_bytes(uint32_t type, const uint64_t ne[4], uint64_t *bytes)
{
    if (ne[0] % iso_tensor_types[type].block != 0 || !iso_mul(ne[0] / iso_tensor_types[type].block, iso_tensor_types[type].bytes, bytes)) {
        return false;
    }
    for (int i = 1; i < 4; ++i) {
        if (!iso_mul(*bytes, ne[i], bytes)) {
            return false;
        }
    }
    return true;
}

/* begin is left relative to the data section, which is known only after the last entry. */
static bool iso_take_tensor(iso_reader *r, iso_tensor *t, uint64_t index)
{
    uint32_t rank;
    iso_text name;
    if (!iso_take_string(r, &t->name, "the tensor name", index)) {
        return false;
    }
    name = iso_printable(t->name.text, t->name.length);
    if (t->name.length == 0 || t->name.length > 63) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT, "the name of tensor %llu has %llu bytes; 1 to 63 are allowed",
            (unsigned long long)index, (unsigned long long)t->name.length);
        return false;
    }
    if (!iso_take_u32(r, &rank, "the tensor rank", index)) {
        return false;
    }
    if (rank < 1 || rank > 4) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT, "tensor %s has %lu dimensions; 1 to 4 are allowed", name.text, (unsigned long)rank);
        return false;
    }
    for (uint32_t i = 0; i < 4; ++i) {
        t->ne[i] = 1;
        if (i < rank && !iso_take_u64(r, &t->ne[i], "the tensor shape", index)) {
            return false;
        }
        if (t->ne[i] == 0) {
            (void)iso_fail(r->error, ISO_ERR_FORMAT, "tensor %s has a dimension of size 0", name.text);
            return false;
        }
    }
    if (!iso_take_u32(r, &t->type, "the tensor type", index) || !iso_take_u64(r, &t->begin, "the tensor offset", index)) {
        return false;
    }
    if (t->type >= ISO_TENSOR_TYPES || iso_tensor_types[t->type].name == NULL) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT, "tensor %s has the unknown type %lu", name.text, (unsigned long)t->type);
        return false;
    }
    if (!iso_tensor_bytes(t->type, t->ne, &t->bytes)) {
        (void)iso_fail(r->error, ISO_ERR_FORMAT, "tensor %s of type %s has an impossible shape [%llu, %llu, %llu, %llu]", name.text,
            iso_tensor_types[t->type].name, (unsigned long long)t->ne[0], (unsigned long long)t->ne[1], (unsigned long long)t->ne[2],
            (unsigned long long)t->ne[3]);
        return false;
    }
    return true;
}

static int32_t iso_sort_pairs(iso_pair *pairs, uint64_t count, iso_error *error)
{
    if (count > 1) {
        qsort(pairs, (size_t)count, sizeof *pairs, iso_pair_compare);
    }
    for (uint64_t i = 1; i < count; ++i) {
        if (iso_name_compare(pairs[i - 1].key, pairs[i].key) == 0) {
            return iso_fail(error, ISO_ERR_FORMAT, "metadata key %s occurs twice", iso_printable(pairs[i].key.text, pairs[i].key.length).text);
        }
    }
    return ISO_OK;
}

/* Leaves the tensors sorted by name. */
static int32_t iso_place_tensors(iso_tensor *tensors, uint64_t count, uint64_t data_begin, uint64_t alignment, uint64_t size, iso_error *error)
{
    for (uint64_t i = 0; i < count; ++i) {
        iso_tensor *t = &tensors[i];
        const iso_text name = iso_printable(t->name.text, t->name.length);
        const uint64_t offset = t->begin;
        uint64_t end;
        if (offset % alignment != 0) {
            return iso_fail(error, ISO_ERR_FORMAT, "tensor %s: its offset %llu is no multiple of the alignment %llu", name.text,
                (unsigned long long)offset, (unsigned long long)alignment);
        }
        if (!iso_add(data_begin, offset, &t->begin) || !iso_add(t->begin, t->bytes, &end) || end > size) {
            return iso_fail(error, ISO_ERR_FORMAT,
                "the GGUF file is truncated or damaged: tensor %s needs %llu bytes at offset %llu of the data at byte %llu, the file has %llu",
                name.text, (unsigned long long)t->bytes, (unsigned long long)offset, (unsigned long long)data_begin, (unsigned long long)size);
        }
    }
    if (count > 1) {
        qsort(tensors, (size_t)count, sizeof *tensors, iso_tensor_compare_place);
    }
    for (uint64_t i = 1; i < count; ++i) {
        if (tensors[i].begin - tensors[i - 1].begin < tensors[i - 1].bytes) {
            return iso_fail(error, ISO_ERR_FORMAT, "tensors %s and %s overlap",
                iso_printable(tensors[i - 1].name.text, tensors[i - 1].name.length).text,
                iso_printable(tensors[i].name.text, tensors[i].name.length).text);
        }
    }
    if (count > 1) {
        qsort(tensors, (size_t)count, sizeof *tensors, iso_tensor_compare);
    }
    for (uint64_t i = 1; i < count; ++i) {
        if (iso_name_compare(tensors[i - 1].name, tensors[i].name) == 0) {
            return iso_fail(error, ISO_ERR_FORMAT, "tensor %s occurs twice", iso_printable(tensors[i].name.text, tensors[i].name.length).text);
        }
    }
    return ISO_OK;
}

static const iso_pair *iso_find_pair(const iso_pair *pairs, uint64_t count, const char *key)
{
    const iso_pair wanted = { .key = iso_name_of(key) };
    return count == 0 ? NULL : bsearch(&wanted, pairs, (size_t)count, sizeof *pairs, iso_pair_compare);
}

static iso_tensor *iso_find_tensor(iso_tensor *tensors, uint64_t count, const char *name)
{
    const iso_tensor wanted = { .name = iso_name_of(name) };
    return count == 0 ? NULL : bsearch(&wanted, tensors, (size_t)count, sizeof *tensors, iso_tensor_compare);
}

/* The integer of type `type` at `at`; false if it is none or does not fit. */
static bool iso_integer(uint32_t type, const unsigned char *at, int64_t *value)
{
    union { uint8_t u8; int8_t i8; uint16_t u16; int16_t i16; uint32_t u32; int32_t i32; uint64_t u64; int64_t i64; } n;
    switch (type) {
    case ISO_GGUF_BOOL: case ISO_GGUF_U8: memcpy(&n.u8, at, 1); *value = n.u8; return true;
    case ISO_GGUF_I8: memcpy(&n.i8, at, 1); *value = n.i8; return true;
    case ISO_GGUF_U16: memcpy(&n.u16, at, 2); *value = n.u16; return true;
    case ISO_GGUF_I16: memcpy(&n.i16, at, 2); *value = n.i16; return true;
    case ISO_GGUF_U32: memcpy(&n.u32, at, 4); *value = n.u32; return true;
    case ISO_GGUF_I32: memcpy(&n.i32, at, 4); *value = n.i32; return true;
    case ISO_GGUF_I64: memcpy(&n.i64, at, 8); *value = n.i64; return true;
    case ISO_GGUF_U64:
        memcpy(&n.u64, at, 8);
        *value = n.u64 <= INT64_MAX ? (int64_t)n.u64 : 0;
        return n.u64 <= INT64_MAX;
    default: return false;
    }
}

/* One element of a metadata value, as text for a message. */
static iso_text iso_value_text(uint32_t type, const unsigned char *at, uint64_t bytes)
{
    iso_text t;
    int64_t integer;
    uint64_t bits;
    float f32;
    double f64;
    if (type == ISO_GGUF_STRING) {
        return iso_printable(at, bytes);
    }
    if (type == ISO_GGUF_F32) {
        memcpy(&f32, at, sizeof f32);
        (void)snprintf(t.text, sizeof t.text, "%.9g", (double)f32);
    } else if (type == ISO_GGUF_F64) {
        memcpy(&f64, at, sizeof f64);
        (void)snprintf(t.text, sizeof t.text, "%.17g", f64);
    } else if (iso_integer(type, at, &integer)) {
        (void)snprintf(t.text, sizeof t.text, "%lld", (long long)integer);
    } else {
        memcpy(&bits, at, sizeof bits);
        (void)snprintf(t.text, sizeof t.text, "%llu", (unsigned long long)bits);
    }
    return t;
}

static bool iso_kind_takes(iso_check_kind kind, uint32_t type)
{
    switch (kind) {
    case ISO_FLOAT: return type == ISO_GGUF_F32;
    case ISO_BOOL: return type == ISO_GGUF_BOOL;
    case ISO_STRING: return type == ISO_GGUF_STRING;
    case ISO_INTEGER:
    default: return type <= ISO_GGUF_I32 || type == ISO_GGUF_U64 || type == ISO_GGUF_I64;
    }
}

static int32_t iso_verify_pair(const iso_check *check, const iso_pair *pair, iso_error *error)
{
    static const char *const kinds[] = { "integer", "f32", "bool", "string" };
    const char *const many = check->array ? "array of " : "";
    iso_reader strings;
    if (pair == NULL && check->optional) {
        return ISO_OK;
    }
    if (pair == NULL) {
        return iso_fail(error, ISO_ERR_MISMATCH, "the GGUF file has no metadata key %s; expected %s%s", check->key, many, kinds[check->kind]);
    }
    if ((pair->type == ISO_GGUF_ARRAY) != check->array || !iso_kind_takes(check->kind, pair->element)) {
        return iso_fail(error, ISO_ERR_MISMATCH, "metadata key %s: expected %s%s, the file has %s%s", check->key, many, kinds[check->kind],
            pair->type == ISO_GGUF_ARRAY ? "array of " : "", iso_gguf_types[pair->element].name);
    }
    if (check->array && pair->count != check->count) {
        return iso_fail(error, ISO_ERR_MISMATCH, "metadata key %s: expected %lu values, the file has %llu", check->key,
            (unsigned long)check->count, (unsigned long long)pair->count);
    }
    strings = (iso_reader){ pair->data, UINT64_MAX, 0, NULL };
    for (uint32_t i = 0; i < check->count; ++i) {
        const unsigned char *at = pair->data + (size_t)i * iso_gguf_types[pair->element].bytes;
        uint64_t length = pair->count;
        iso_text expected;
        int64_t integer = 0;
        float f32 = 0.0f;
        bool equal = false;
        if (check->kind == ISO_STRING) {
            const char *wanted = ((const char *const *)check->expected)[i];
            iso_name found = { pair->data, pair->count };
            if (check->array) {
                (void)iso_take_string(&strings, &found, "a string", i); /* in range: read before */
            }
            at = found.text;
            length = found.length;
            equal = iso_name_compare(found, iso_name_of(wanted)) == 0;
            expected = iso_printable(wanted, strlen(wanted));
        } else if (check->kind == ISO_FLOAT) {
            const float wanted = ((const float *)check->expected)[i];
            memcpy(&f32, at, sizeof f32);
            equal = memcmp(&f32, &wanted, sizeof f32) == 0;
            expected = iso_value_text(ISO_GGUF_F32, (const unsigned char *)&wanted, 0);
        } else {
            const int64_t wanted = ((const int64_t *)check->expected)[i];
            equal = iso_integer(pair->element, at, &integer) && integer == wanted;
            expected = iso_value_text(ISO_GGUF_I64, (const unsigned char *)&wanted, 0);
        }
        if (!equal) {
            const iso_text found = iso_value_text(pair->element, at, length);
            if (check->array) {
                return iso_fail(error, ISO_ERR_MISMATCH, "metadata key %s, value %lu: expected %s, the file has %s", check->key, (unsigned long)i,
                    expected.text, found.text);
            }
            return iso_fail(error, ISO_ERR_MISMATCH, "metadata key %s: expected %s, the file has %s", check->key, expected.text, found.text);
        }
    }
    return ISO_OK;
}

/* Kernels read elements of this alignment; a block of a quantised type holds 16-bit numbers. */
static uint32_t iso_type_alignment(uint32_t type)
{
    return iso_tensor_types[type].block == 1 ? iso_tensor_types[type].bytes : 2;
}

static int32_t iso_verify_tensor(const iso_weight *weight, const iso_tensor *tensor, const iso_map *map, const unsigned char **data, iso_error *error)
{
    if (tensor == NULL) {
        return iso_fail(error, ISO_ERR_MISMATCH, "the GGUF file has no tensor %s; expected %s [%llu, %llu, %llu, %llu]", weight->name,
            weight->type, (unsigned long long)weight->ne[0], (unsigned long long)weight->ne[1], (unsigned long long)weight->ne[2],
            (unsigned long long)weight->ne[3]);
    }
    if (tensor->type != weight->type_id || memcmp(tensor->ne, weight->ne, sizeof weight->ne) != 0 || tensor->bytes != weight->bytes) {
        return iso_fail(error, ISO_ERR_MISMATCH,
            "tensor %s: expected %s [%llu, %llu, %llu, %llu], the file has %s [%llu, %llu, %llu, %llu]", weight->name, weight->type,
            (unsigned long long)weight->ne[0], (unsigned long long)weight->ne[1], (unsigned long long)weight->ne[2],
            (unsigned long long)weight->ne[3], iso_tensor_types[tensor->type].name, (unsigned long long)tensor->ne[0],
            (unsigned long long)tensor->ne[1], (unsigned long long)tensor->ne[2], (unsigned long long)tensor->ne[3]);
    }
    *data = map->data + tensor->begin;
    if ((uintptr_t)*data % iso_type_alignment(tensor->type) != 0) {
        if ((uintptr_t)map->data % 8 != 0) {
            return iso_fail(error, ISO_ERR_ARGUMENT, "the memory of the GGUF file must be aligned to 8 bytes");
        }
        return iso_fail(error, ISO_ERR_FORMAT, "tensor %s: its data at byte %llu is not aligned to its elements", weight->name,
            (unsigned long long)tensor->begin);
    }
    return ISO_OK;
}

/* Whether the name is one of the patterns, a `*` in one standing for anything; with `prefixes` all of them are beginnings. */
static bool iso_names_match(const char *const *patterns, bool prefixes, iso_name name)
{
    for (; *patterns != NULL; ++patterns) {
        const char *const star = prefixes ? NULL : strchr(*patterns, '*');
        const size_t length = strlen(*patterns), begin = star != NULL ? (size_t)(star - *patterns) : length, end = star != NULL ? length - begin - 1 : 0;
        const bool fits = star != NULL || prefixes ? name.length >= begin + end : name.length == length;
        if (fits && (begin == 0 || memcmp(name.text, *patterns, begin) == 0)
            && (end == 0 || memcmp(name.text + (name.length - end), *patterns + begin + 1, end) == 0)) {
            return true;
        }
    }
    return false;
}

static int32_t iso_gguf_header(iso_reader *r, uint64_t *tensor_count, uint64_t *pair_count)
{
    static const uint64_t pair_least = 8 + 1 + 4 + 1, tensor_least = 8 + 1 + 4 + 8 + 4 + 8, most = 1u << 20;
    const unsigned char *magic = iso_take(r, 4, "the magic", 0);
    uint32_t version;
    uint64_t rest;
    if (magic == NULL) {
        return ISO_ERR_FORMAT;
    }
    if (memcmp(magic, "GGUF", 4) != 0) {
        return iso_fail(r->error, ISO_ERR_FORMAT, "this is no GGUF file: it starts with the bytes %02x %02x %02x %02x", magic[0], magic[1],
            magic[2], magic[3]);
    }
    if (!iso_take_u32(r, &version, "the version", 0)) {
        return ISO_ERR_FORMAT;
    }
    if (version != 0 && (version & 0xffffu) == 0) {
        return iso_fail(r->error, ISO_ERR_FORMAT, "this is a big-endian GGUF file; convert it for little-endian machines");
    }
    if (version < 2 || version > 3) {
        return iso_fail(r->error, ISO_ERR_FORMAT, "GGUF version %lu is not supported; 2 and 3 are", (unsigned long)version);
    }
    if (!iso_take_u64(r, tensor_count, "the number of tensors", 0) || !iso_take_u64(r, pair_count, "the number of metadata keys", 0)) {
        return ISO_ERR_FORMAT;
    }
    rest = r->size - r->position;
    if (*tensor_count > rest / tensor_least || *pair_count > rest / pair_least || *tensor_count > most || *pair_count > most) {
        return iso_fail(r->error, ISO_ERR_FORMAT, "the GGUF file declares %llu tensors and %llu metadata keys, more than its %llu bytes or the limit %llu allow",
            (unsigned long long)*tensor_count, (unsigned long long)*pair_count, (unsigned long long)r->size, (unsigned long long)most);
    }
    return ISO_OK;
}

static int32_t iso_gguf_alignment(const iso_pair *pair, uint64_t *alignment, iso_error *error)
{
    uint32_t value = 32;
    if (pair != NULL) {
        if (pair->type != ISO_GGUF_U32) {
            return iso_fail(error, ISO_ERR_FORMAT, "metadata key general.alignment must have the type u32");
        }
        memcpy(&value, pair->data, sizeof value);
        if (value == 0 || (value & (value - 1)) != 0) {
            return iso_fail(error, ISO_ERR_FORMAT, "general.alignment is %lu, which is no power of two", (unsigned long)value);
        }
    }
    *alignment = value;
    return ISO_OK;
}

static int32_t iso_gguf_directory(iso_reader *r, iso_pair *pairs, uint64_t pair_count, iso_tensor *tensors, uint64_t tensor_count,
    const iso_map *map, const unsigned char **data)
{
    uint64_t alignment = 0, data_begin = 0;
    int32_t status;
    for (uint64_t i = 0; i < pair_count; ++i) {
        if (!iso_take_pair(r, &pairs[i], i)) {
            return ISO_ERR_FORMAT;
        }
    }
    for (uint64_t i = 0; i < tensor_count; ++i) {
        if (!iso_take_tensor(r, &tensors[i], i)) {
            return ISO_ERR_FORMAT;
        }
    }
    status = iso_sort_pairs(pairs, pair_count, r->error);
    if (status == ISO_OK) {
        status = iso_gguf_alignment(iso_find_pair(pairs, pair_count, "general.alignment"), &alignment, r->error);
    }
    if (status == ISO_OK) {
        if (!iso_align_up(r->position, alignment, &data_begin)) {
            return iso_fail(r->error, ISO_ERR_FORMAT, "the data section starts beyond the end of the file");
        }
        status = iso_place_tensors(tensors, tensor_count, data_begin, alignment, r->size, r->error);
    }
    for (uint32_t i = 0; status == ISO_OK && i < iso_check_count; ++i) {
        const iso_pair *pair = iso_find_pair(pairs, pair_count, iso_checks[i].key);
        if (pair == NULL && iso_checks[i].also != NULL) {
            pair = iso_find_pair(pairs, pair_count, iso_checks[i].also);
        }
        status = iso_verify_pair(&iso_checks[i], pair, r->error);
    }
    for (uint32_t i = 0; status == ISO_OK && i < iso_weight_count; ++i) {
        iso_tensor *tensor = iso_find_tensor(tensors, tensor_count, iso_weights[i].name);
        status = iso_verify_tensor(&iso_weights[i], tensor, map, &data[i], r->error);
        if (status == ISO_OK) {
            tensor->read = true;
        }
    }
    for (uint64_t i = 0; status == ISO_OK && i < tensor_count; ++i) {
        if (!tensors[i].read && iso_names_match(iso_known_tensors, true, tensors[i].name) && !iso_names_match(iso_unused_tensors, false, tensors[i].name)) {
            status = iso_fail(r->error, ISO_ERR_MISMATCH, "the GGUF file has a tensor %s, which this encoder does not read: it is for another variant",
                iso_printable(tensors[i].name.text, tensors[i].name.length).text);
        }
    }
    return status;
}

/* Checks the whole file against the manifest and finds the data of every weight. */
static int32_t iso_gguf_load(const iso_map *map, const unsigned char **data, iso_error *error)
{
    iso_reader reader = { map->data, map->size, 0, error };
    uint64_t tensor_count = 0, pair_count = 0;
    iso_pair *pairs;
    iso_tensor *tensors;
    int32_t status = iso_gguf_header(&reader, &tensor_count, &pair_count);
    if (status != ISO_OK) {
        return status;
    }
    pairs = calloc((size_t)pair_count + 1, sizeof *pairs);
    tensors = calloc((size_t)tensor_count + 1, sizeof *tensors);
    status = pairs == NULL || tensors == NULL
        ? iso_fail(error, ISO_ERR_MEMORY, "no memory for the directory of the GGUF file")
        : iso_gguf_directory(&reader, pairs, pair_count, tensors, tensor_count, map, data);
    free(pairs);
    free(tensors);
    return status;
}

/* ======== pool: threads of a handle that take ranges of one job at a time ======== */

typedef void (*iso_body)(void *arg, size_t begin, size_t end, unsigned worker);

typedef struct {
    pthread_t thread;
    struct iso_pool *pool;
    unsigned worker; /* the calling thread is worker 0 */
} iso_pool_thread;

typedef struct iso_pool {
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    /* under lock */
    size_t tickets; /* threads that may still join the job */
    size_t active;  /* threads inside the job */
    bool stop;
    /* the job: written under lock before tickets are given out */
    iso_body body;
    void *arg;
    size_t tasks, shares;
    atomic_size_t next;
    iso_pool_thread *threads;
    size_t count;
} iso_pool;

/* Ranges are taken first come, first served: which thread computes an element never changes its bits. They get shorter
 * towards the end, so that the threads end together. */
static void iso_pool_take(iso_pool *pool, unsigned worker)
{
    size_t begin = atomic_load_explicit(&pool->next, memory_order_relaxed);
    while (begin < pool->tasks) {
        const size_t end = begin + ISO_CEILDIV(pool->tasks - begin, pool->shares);
        if (atomic_compare_exchange_weak_explicit(&pool->next, &begin, end, memory_order_relaxed, memory_order_relaxed)) {
            pool->body(pool->arg, begin, end, worker);
            begin = atomic_load_explicit(&pool->next, memory_order_relaxed);
        }
    }
}

static void *iso_pool_main(void *arg)
{
    iso_pool_thread *self = arg;
    iso_pool *pool = self->pool;
    iso_float_default();
    (void)pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->tickets == 0 && !pool->stop) {
            (void)pthread_cond_wait(&pool->work, &pool->lock);
        }
        if (pool->stop) {
            break;
        }
        --pool->tickets;
        ++pool->active;
        (void)pthread_mutex_unlock(&pool->lock);
        iso_pool_take(pool, self->worker);
        (void)pthread_mutex_lock(&pool->lock);
        if (--pool->active == 0) {
            (void)pthread_cond_signal(&pool->idle);
        }
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void iso_pool_run(iso_pool *pool, size_t tasks, iso_body body, void *arg)
{
    const size_t workers = pool->count + 1;
    (void)pthread_mutex_lock(&pool->lock);
    pool->body = body;
    pool->arg = arg;
    pool->tasks = tasks;
    pool->shares = 2 * workers;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->tickets = ISO_MIN(pool->count, tasks - 1);
    if (pool->tickets == pool->count) {
        (void)pthread_cond_broadcast(&pool->work);
    } else {
        for (size_t i = 0; i < pool->tickets; ++i) {
            (void)pthread_cond_signal(&pool->work);
        }
    }
    (void)pthread_mutex_unlock(&pool->lock);
    iso_pool_take(pool, 0);
    (void)pthread_mutex_lock(&pool->lock);
    pool->tickets = 0; /* nothing is left for a thread that has not joined yet */
    while (pool->active != 0) {
        (void)pthread_cond_wait(&pool->idle, &pool->lock);
    }
    (void)pthread_mutex_unlock(&pool->lock);
}

static void iso_pool_close(iso_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    (void)pthread_cond_broadcast(&pool->work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->count; ++i) {
        (void)pthread_join(pool->threads[i].thread, NULL);
    }
    (void)pthread_cond_destroy(&pool->idle);
    (void)pthread_cond_destroy(&pool->work);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool);
}

/* Starts threads - 1 threads. The host's signals stay with the host's threads, but for those that mean a fault here. */
static int32_t iso_pool_open(iso_pool **out, uint32_t threads, iso_error *error)
{
    sigset_t blocked, before;
    int failed = 0;
    iso_pool *pool = calloc(1, sizeof *pool);
    *out = NULL;
    if (pool == NULL) {
        return iso_fail(error, ISO_ERR_MEMORY, "no memory for the thread pool");
    }
    pool->threads = calloc(threads, sizeof *pool->threads);
    if (pool->threads == NULL) {
        free(pool);
        return iso_fail(error, ISO_ERR_MEMORY, "no memory for the thread pool");
    }
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool->threads);
        free(pool);
        return iso_fail(error, ISO_ERR_THREAD, "cannot create a mutex");
    }
    if (pthread_cond_init(&pool->work, NULL) != 0) {
        (void)pthread_mutex_destroy(&pool->lock);
        free(pool->threads);
        free(pool);
        return iso_fail(error, ISO_ERR_THREAD, "cannot create a condition variable");
    }
    if (pthread_cond_init(&pool->idle, NULL) != 0) {
        (void)pthread_cond_destroy(&pool->work);
        (void)pthread_mutex_destroy(&pool->lock);
        free(pool->threads);
        free(pool);
        return iso_fail(error, ISO_ERR_THREAD, "cannot create a condition variable");
    }
    (void)sigfillset(&blocked);
    (void)sigdelset(&blocked, SIGSEGV);
    (void)sigdelset(&blocked, SIGBUS);
    (void)sigdelset(&blocked, SIGFPE);
    (void)sigdelset(&blocked, SIGILL);
    (void)sigdelset(&blocked, SIGABRT);
    (void)sigdelset(&blocked, SIGTRAP);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before);
    while (failed == 0 && pool->count + 1 < threads) {
        iso_pool_thread *next = &pool->threads[pool->count];
        next->pool = pool;
        next->worker = (unsigned)pool->count + 1;
        failed = pthread_create(&next->thread, NULL, iso_pool_main, next);
        pool->count += failed == 0;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        const size_t started = pool->count;
        iso_pool_close(pool);
        return iso_fail(error, ISO_ERR_THREAD, "cannot start thread %zu of %lu: %s (error %d)", started + 1, (unsigned long)threads - 1,
            iso_errno_text(failed), failed);
    }
    *out = pool;
    return ISO_OK;
}

/* ======== kernels: the functions that compute ======== */

/* ---- f16 ---- */
// f16 (IEEE binary16) to f32 and back, by bits: exact one way, to nearest even the other, NaN kept quiet as x86 does.

ISOBIT_UNUSED static inline float iso_f16_to_f32(uint16_t h)
{
    // The exponent field moves from bias 15 to bias 127 by an exact multiplication, which also normalises subnormals.
    const uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13;
    float scaled;
    memcpy(&scaled, &magnitude, sizeof scaled);
    scaled *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &scaled, sizeof bits);
    const uint32_t quiet = (h & 0x3ffu) != 0 ? 0x400000u : 0u;
    bits = (h & 0x7c00u) == 0x7c00u ? (0x7f800000u | magnitude | quiet) : bits;
    bits |= (uint32_t)(h & 0x8000u) << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

ISOBIT_UNUSED static inline uint16_t iso_f32_to_f16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    uint32_t half;
    if (magnitude > 0x7f800000u) {
        half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
    } else if (magnitude >= 0x477ff000u) { // rounds to 2^16 or more
        half = 0x7c00u;
    } else if (magnitude >= 0x38800000u) { // normal in f16
        const uint32_t rebased = magnitude - 0x38000000u;
        half = (rebased + 0xfffu + ((rebased >> 13) & 1u)) >> 13;
    } else if (magnitude > 0x33000000u) { // more than half of the smallest subnormal
        const uint32_t shift = 126u - (magnitude >> 23);
        const uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
        const uint32_t kept = mantissa >> shift;
        const uint32_t rest = mantissa & ((1u << shift) - 1u);
        const uint32_t tie = 1u << (shift - 1u);
        half = kept + (rest > tie || (rest == tie && (kept & 1u) != 0) ? 1u : 0u);
    } else {
        half = 0;
    }
    return (uint16_t)(sign | half);
}

/* ---- gemm_cut ---- */
// Cutting a range of work into parts of nearly equal length.

// Start of part i of [0, n) cut into ceil(n / most) parts, each but the last a multiple of unit, none longer than
// most, which must be a multiple of unit.
ISOBIT_UNUSED static inline size_t iso_cut(size_t i, size_t n, size_t most, size_t unit)
{
    const size_t parts = (n + most - 1) / most;
    const size_t length = ((n + parts - 1) / parts + unit - 1) / unit * unit;
    const size_t start = i * length;
    return start < n ? start : n;
}

/* ---- gemm_block ---- */
// The rectangle of a matrix product's output that one task computes.

typedef struct iso_gemm_block {
    size_t m0, m1; // rows [m0, m1)
    size_t n0, n1; // columns [n0, n1)
} iso_gemm_block;

// Task t of ceil(m / rows) * ceil(n / cols): columns run fastest, so that neighbours share their rows.
ISOBIT_UNUSED static inline iso_gemm_block iso_gemm_block_of(size_t t, size_t m, size_t n, size_t rows, size_t row_unit,
                                                             size_t cols, size_t col_unit)
{
    const size_t across = (n + cols - 1) / cols;
    const size_t i = t / across;
    const size_t j = t % across;
    iso_gemm_block b;
    b.m0 = iso_cut(i, m, rows, row_unit);
    b.m1 = iso_cut(i + 1, m, rows, row_unit);
    b.n0 = iso_cut(j, n, cols, col_unit);
    b.n1 = iso_cut(j + 1, n, cols, col_unit);
    return b;
}

/* ---- tree.avx512 ---- */
#if ISOBIT_X86
// Halving trees of several registers at once, AVX-512.

// The halving trees of four registers.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m128 iso_tree16_avx512(__m512 a, __m512 b, __m512 c, __m512 d)
{
    const __m256 a8 = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    const __m256 b8 = _mm256_add_ps(_mm512_castps512_ps256(b), _mm512_extractf32x8_ps(b, 1));
    const __m256 c8 = _mm256_add_ps(_mm512_castps512_ps256(c), _mm512_extractf32x8_ps(c, 1));
    const __m256 d8 = _mm256_add_ps(_mm512_castps512_ps256(d), _mm512_extractf32x8_ps(d, 1));
    const __m256 ab = _mm256_add_ps(_mm256_permute2f128_ps(a8, b8, 0x20), _mm256_permute2f128_ps(a8, b8, 0x31));
    const __m256 cd = _mm256_add_ps(_mm256_permute2f128_ps(c8, d8, 0x20), _mm256_permute2f128_ps(c8, d8, 0x31));
    const __m256 pairs = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    const __m256 sums = _mm256_add_ps(pairs, _mm256_movehdup_ps(pairs)); // lanes a . c . b . d .
    const __m128 bd = _mm_moveldup_ps(_mm256_extractf128_ps(sums, 1));
    return _mm_blend_ps(_mm256_castps256_ps128(sums), bd, 0xa);
}

// Lane l of 128 bits takes the four-lane sums of output l: a holds outputs 0 and 1, b outputs 2 and 3.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_fold8_avx512(__m512 a, __m512 b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

// From two folded registers, eight sums in order.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m256 iso_tree8_avx512(__m512 a, __m512 b)
{
    const __m512 pairs = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
    const __m512 sums = _mm512_add_ps(pairs, _mm512_movehdup_ps(pairs));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 2, 6, 10, 14, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_castps512_ps256(_mm512_permutexvar_ps(order, sums));
}
#endif

/* ---- gemm_pack.avx512 ---- */
#if ISOBIT_X86
// Rows widened to f32 and laid out for the matrix product tiles, AVX-512.

// A tile is compiled for the type of its rows.
#define ISO_GEMM_INLINE ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((always_inline)) static inline

enum {
    ISO_GEMM_F16,
    ISO_GEMM_F32,
    ISO_GEMM_F32_AS_F16,
    ISO_GEMM_BF16,
    ISO_GEMM_Q8_0, // whole blocks only, here and below
    ISO_GEMM_Q4_0
};

// Elements i .. i+15 of a row of quantised blocks.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gemm_load_block_avx512(const uint8_t *row, size_t i, int source)
{
    const size_t at = i % 32;
    const uint8_t *block = row + i / 32 * (source == ISO_GEMM_Q8_0 ? 34 : 18);
    const __m512 d = _mm512_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(block[0] | block[1] << 8)));
    __m128i q;
    if (source == ISO_GEMM_Q8_0) {
        q = _mm_loadu_si128((const __m128i *)(const void *)(block + 2 + at));
    } else {
        q = _mm_loadu_si128((const __m128i *)(const void *)(block + 2));
        q = _mm_and_si128(at < 16 ? q : _mm_srli_epi16(q, 4), _mm_set1_epi8(15));
        q = _mm_sub_epi8(q, _mm_set1_epi8(8));
    }
    return _mm512_mul_ps(d, _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)));
}

// Elements i .. i+15 of a row, those that the mask leaves out as zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gemm_load_avx512(const void *row, size_t i, __mmask16 mask, int source)
{
    if (source == ISO_GEMM_F16) {
        return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, (const uint16_t *)row + i));
    }
    if (source == ISO_GEMM_BF16) {
        const __m256i h = _mm256_maskz_loadu_epi16(mask, (const uint16_t *)row + i);
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
    }
    if (source == ISO_GEMM_Q8_0 || source == ISO_GEMM_Q4_0) {
        return iso_gemm_load_block_avx512((const uint8_t *)row, i, source);
    }
    const __m512 v = _mm512_maskz_loadu_ps(mask, (const float *)row + i);
    if (source == ISO_GEMM_F32) {
        return v;
    }
    return _mm512_cvtph_ps(_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// Elements i .. i+7 of a row in both halves of the register, those that the mask leaves out as zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_gemm_load_twice_avx512(const void *row, size_t i, __mmask8 mask, int source)
{
    if (source == ISO_GEMM_F32 || source == ISO_GEMM_F32_AS_F16) {
        const __m512 v = _mm512_broadcast_f32x8(_mm256_maskz_loadu_ps(mask, (const float *)row + i));
        return source == ISO_GEMM_F32 ? v : _mm512_cvtph_ps(_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    const __m256i h = _mm256_broadcastsi128_si256(_mm_maskz_loadu_epi16(mask, (const uint16_t *)row + i));
    return source == ISO_GEMM_F16 ? _mm512_cvtph_ps(h) : _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

// Bytes of an element of x: its rows are not quantised.
ISOBIT_UNUSED static inline size_t iso_gemm_size_avx512(int source)
{
    return source == ISO_GEMM_F16 || source == ISO_GEMM_BF16 ? sizeof(uint16_t) : sizeof(float);
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline const void *iso_gemm_row_avx512(const void *src, size_t i, size_t k, int source)
{
    switch (source) {
    case ISO_GEMM_F16:
    case ISO_GEMM_BF16:
        return (const uint16_t *)src + i * k;
    case ISO_GEMM_Q8_0:
        return (const uint8_t *)src + i * (k / 32 * 34);
    case ISO_GEMM_Q4_0:
        return (const uint8_t *)src + i * (k / 32 * 18);
    default:
        return (const float *)src + i * k;
    }
}

// Groups of 5 rows, each [ceil(k/16)][5][16]; rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_pack16_avx512(float *dst, const void *src, int source, size_t count, size_t k)
{
    const size_t steps = (k + 15) / 16;
    const __mmask16 last = (__mmask16)(0xffffu >> (steps * 16 - k));
    for (size_t i = 0; i < count; i += 5) {
        for (size_t r = 0; r < 5; r++) {
            float *out = dst + i * steps * 16 + r * 16;
            if (i + r >= count) {
                for (size_t s = 0; s < steps; s++) {
                    _mm512_store_ps(out + s * 80, _mm512_setzero_ps());
                }
                continue;
            }
            const void *row = iso_gemm_row_avx512(src, i + r, k, source);
            for (size_t s = 0; s + 1 < steps; s++) {
                _mm512_store_ps(out + s * 80, iso_gemm_load_avx512(row, s * 16, 0xffff, source));
            }
            _mm512_store_ps(out + (steps - 1) * 80, iso_gemm_load_avx512(row, (steps - 1) * 16, last, source));
        }
    }
}

// Groups of `group` rows, each [ceil(k/8)][group][8]; rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_pack8_avx512(float *dst, const void *src, int source, size_t count, size_t k,
                                                                     size_t group)
{
    const size_t steps = (k + 7) / 8;
    for (size_t i = 0; i < count; i += group) {
        for (size_t r = 0; r < group; r++) {
            float *out = dst + i * steps * 8 + r * 8;
            if (i + r >= count) {
                for (size_t s = 0; s < steps; s++) {
                    _mm256_store_ps(out + s * group * 8, _mm256_setzero_ps());
                }
                continue;
            }
            const void *row = iso_gemm_row_avx512(src, i + r, k, source);
            size_t s = 0;
            for (; s * 8 + 16 <= k; s += 2) {
                const __m512 v = iso_gemm_load_avx512(row, s * 8, 0xffff, source);
                _mm256_store_ps(out + s * group * 8, _mm512_castps512_ps256(v));
                _mm256_store_ps(out + (s + 1) * group * 8, _mm512_extractf32x8_ps(v, 1));
            }
            if (s < steps) {
                const __m512 v = iso_gemm_load_avx512(row, s * 8, (__mmask16)((1u << (k - s * 8)) - 1u), source);
                _mm256_store_ps(out + s * group * 8, _mm512_castps512_ps256(v));
                if (s + 1 < steps) {
                    _mm256_store_ps(out + (s + 1) * group * 8, _mm512_extractf32x8_ps(v, 1));
                }
            }
        }
    }
}
#endif

/* ---- gemm_dot8.avx512 ---- */
#if ISOBIT_X86
// A tile of 5 x 10 dot products with 8 accumulator lanes, AVX-512: two outputs per register, 25 of 32 registers.

// c[5][32] at its first 10 columns = the dot products of 5 rows of x, each of k elements, and 10 packed rows b.
// Fetches into the second-level cache 16 elements of x from `ahead` on with each step.
ISO_GEMM_INLINE void iso_gemm_tile8_avx512(float *c, const void *const *x, int source, const float *b, size_t k, const char *ahead)
{
    const size_t line = 16 * iso_gemm_size_avx512(source);
    const __mmask8 tail = (__mmask8)((1u << k % 8) - 1u);
    size_t i = 0;
#define ISO_GEMM_ZERO(i) \
    __m512 c##i##0 = _mm512_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0, c##i##4 = c##i##0
#define ISO_GEMM_ROW(r, mask)                                               \
    do {                                                                    \
        const __m512 a = iso_gemm_load_twice_avx512(x[r], i, mask, source); \
        c##r##0 = _mm512_fmadd_ps(a, b0, c##r##0);                          \
        c##r##1 = _mm512_fmadd_ps(a, b1, c##r##1);                          \
        c##r##2 = _mm512_fmadd_ps(a, b2, c##r##2);                          \
        c##r##3 = _mm512_fmadd_ps(a, b3, c##r##3);                          \
        c##r##4 = _mm512_fmadd_ps(a, b4, c##r##4);                          \
    } while (0)
#define ISO_GEMM_STEP(mask)                        \
    do {                                           \
        const __m512 b0 = _mm512_loadu_ps(b);      \
        const __m512 b1 = _mm512_loadu_ps(b + 16); \
        const __m512 b2 = _mm512_loadu_ps(b + 32); \
        const __m512 b3 = _mm512_loadu_ps(b + 48); \
        const __m512 b4 = _mm512_loadu_ps(b + 64); \
        ISO_GEMM_ROW(0, mask);                     \
        ISO_GEMM_ROW(1, mask);                     \
        ISO_GEMM_ROW(2, mask);                     \
        ISO_GEMM_ROW(3, mask);                     \
        ISO_GEMM_ROW(4, mask);                     \
    } while (0)
#define ISO_GEMM_SUM(i)                                                               \
    _mm256_storeu_ps(c + 32 * i, iso_tree8_avx512(iso_fold8_avx512(c##i##0, c##i##1), \
                                                       iso_fold8_avx512(c##i##2, c##i##3)))
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    ISO_GEMM_ZERO(3);
    ISO_GEMM_ZERO(4);
    for (; i + 8 <= k; i += 8) {
        _mm_prefetch(ahead, _MM_HINT_T1);
        ISO_GEMM_STEP(0xff);
        b += 80;
        ahead = (const char *)((uintptr_t)ahead + line);
    }
    if (tail != 0) {
        ISO_GEMM_STEP(tail);
    }
    ISO_GEMM_SUM(0);
    ISO_GEMM_SUM(1);
    ISO_GEMM_SUM(2);
    ISO_GEMM_SUM(3);
    ISO_GEMM_SUM(4);
    // The last two columns of rows 0 to 3, then of row 4.
    float rest[8];
    _mm256_storeu_ps(rest, iso_tree8_avx512(iso_fold8_avx512(c04, c14), iso_fold8_avx512(c24, c34)));
    for (int i = 0; i < 4; i++) {
        memcpy(c + 32 * i + 8, rest + 2 * i, 2 * sizeof *c);
    }
    const __m512 corner = iso_fold8_avx512(c44, c44);
    _mm256_storeu_ps(rest, iso_tree8_avx512(corner, corner));
    memcpy(c + 32 * 4 + 8, rest, 2 * sizeof *c);
#undef ISO_GEMM_ZERO
#undef ISO_GEMM_ROW
#undef ISO_GEMM_STEP
#undef ISO_GEMM_SUM
}
#endif

/* ---- gemm_out.avx512 ---- */
#if ISOBIT_X86
// The rows of a finished tile: bias, residual and GELU, each rounded as the separate ops round, AVX-512.

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_avx512(float *y, const float *dot, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        _mm512_mask_storeu_ps(y + j, mask, _mm512_maskz_loadu_ps(mask, dot + j));
    }
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_bias_avx512(float *y, const float *dot, const float *bias, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        const __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, dot + j), _mm512_maskz_loadu_ps(mask, bias + j));
        _mm512_mask_storeu_ps(y + j, mask, v);
    }
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_bias_add_avx512(float *y, const float *dot, const float *bias,
                                                                            const float *residual, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        const __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, dot + j), _mm512_maskz_loadu_ps(mask, bias + j));
        _mm512_mask_storeu_ps(y + j, mask, _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, residual + j)));
    }
}

// Eight entries of a table. They are put together in a register: what is stored in halves would have to be waited for.
ISOBIT_UNUSED ISOBIT_AVX512 static inline __m128i iso_gemm_look_up_avx512(const uint16_t *h, const uint16_t *table)
{
    __m128i v = _mm_cvtsi32_si128(table[h[0]]);
    v = _mm_insert_epi16(v, table[h[1]], 1);
    v = _mm_insert_epi16(v, table[h[2]], 2);
    v = _mm_insert_epi16(v, table[h[3]], 3);
    v = _mm_insert_epi16(v, table[h[4]], 4);
    v = _mm_insert_epi16(v, table[h[5]], 5);
    v = _mm_insert_epi16(v, table[h[6]], 6);
    return _mm_insert_epi16(v, table[h[7]], 7);
}

ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_gemm_out_bias_gelu_avx512(float *y, const float *dot, const float *bias,
                                                                             const uint16_t *table, size_t count)
{
    for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = (__mmask16)(count - j < 16 ? (1u << (count - j)) - 1u : 0xffffu);
        const __m512 v = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, dot + j), _mm512_maskz_loadu_ps(mask, bias + j));
        uint16_t h[16];
        _mm256_storeu_si256((__m256i *)h, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
        const __m256i entries = _mm256_set_m128i(iso_gemm_look_up_avx512(h + 8, table), iso_gemm_look_up_avx512(h, table));
        const __m512 looked_up = _mm512_cvtph_ps(entries);
        const __mmask16 large = _mm512_cmp_ps_mask(v, _mm512_set1_ps(10.0f), _CMP_GE_OQ);
        const __mmask16 inner = (__mmask16)~_mm512_cmp_ps_mask(v, _mm512_set1_ps(-10.0f), _CMP_LE_OQ);
        _mm512_mask_storeu_ps(y + j, mask, _mm512_mask_blend_ps(large, _mm512_maskz_mov_ps(inner, looked_up), v));
    }
}
#endif

/* ---- tree.avx2 ---- */
#if ISOBIT_X86
// Halving trees of several registers at once, AVX2.

// The halving trees of four registers.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m128 iso_tree8_avx2(__m256 a, __m256 b, __m256 c, __m256 d)
{
    const __m256 ab = _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
    const __m256 cd = _mm256_add_ps(_mm256_permute2f128_ps(c, d, 0x20), _mm256_permute2f128_ps(c, d, 0x31));
    const __m256 pairs = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    const __m256 sums = _mm256_add_ps(pairs, _mm256_movehdup_ps(pairs)); // lanes a . c . b . d .
    const __m128 bd = _mm_moveldup_ps(_mm256_extractf128_ps(sums, 1));
    return _mm_blend_ps(_mm256_castps256_ps128(sums), bd, 0xa);
}
#endif

/* ---- gemm_pack.avx2 ---- */
#if ISOBIT_X86
// Rows widened to f32 and laid out for the matrix product tiles, AVX2.

enum {
    ISO_GEMM_F16_AVX2,
    ISO_GEMM_F32_AVX2,
    ISO_GEMM_F32_AS_F16_AVX2,
    ISO_GEMM_BF16_AVX2,
    ISO_GEMM_Q8_0_AVX2, // whole blocks only, here and below
    ISO_GEMM_Q4_0_AVX2
};

// Bytes of a row of k elements.
ISOBIT_UNUSED static inline size_t iso_gemm_row_bytes_avx2(size_t k, int source)
{
    switch (source) {
    case ISO_GEMM_F16_AVX2:
    case ISO_GEMM_BF16_AVX2:
        return k * 2;
    case ISO_GEMM_Q8_0_AVX2:
        return k / 32 * 34;
    case ISO_GEMM_Q4_0_AVX2:
        return k / 32 * 18;
    default:
        return k * 4;
    }
}

// Elements i .. i+7 of a row of quantised blocks.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_load_block_avx2(const uint8_t *row, size_t i, int source)
{
    const size_t at = i % 32;
    const uint8_t *block = row + i / 32 * (source == ISO_GEMM_Q8_0_AVX2 ? 34 : 18);
    const __m256 d = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_cvtsi32_si128(block[0] | block[1] << 8)));
    __m128i q;
    if (source == ISO_GEMM_Q8_0_AVX2) {
        q = _mm_loadl_epi64((const __m128i *)(const void *)(block + 2 + at));
    } else {
        q = _mm_loadl_epi64((const __m128i *)(const void *)(block + 2 + at % 16));
        q = _mm_and_si128(at < 16 ? q : _mm_srli_epi16(q, 4), _mm_set1_epi8(15));
        q = _mm_sub_epi8(q, _mm_set1_epi8(8));
    }
    return _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)));
}

// Eight elements of a row.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_load_avx2(const void *row, size_t i, int source)
{
    if (source == ISO_GEMM_F16_AVX2) {
        return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)((const uint16_t *)row + i)));
    }
    if (source == ISO_GEMM_BF16_AVX2) {
        const __m128i h = _mm_loadu_si128((const __m128i *)(const void *)((const uint16_t *)row + i));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
    }
    if (source == ISO_GEMM_Q8_0_AVX2 || source == ISO_GEMM_Q4_0_AVX2) {
        return iso_gemm_load_block_avx2((const uint8_t *)row, i, source);
    }
    const __m256 v = _mm256_loadu_ps((const float *)row + i);
    if (source == ISO_GEMM_F32_AVX2) {
        return v;
    }
    return _mm256_cvtph_ps(_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

// Elements i .. k-1 of a row, at most eight, then zeros.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_load_tail_avx2(const void *row, size_t i, size_t k, int source)
{
    if (i + 8 <= k) {
        return iso_gemm_load_avx2(row, i, source);
    }
    uint32_t tail[8] = {0};
    const size_t size = source == ISO_GEMM_F16_AVX2 || source == ISO_GEMM_BF16_AVX2 ? sizeof(uint16_t) : sizeof(float);
    if (i < k) {
        memcpy(tail, (const char *)row + i * size, (k - i) * size);
    }
    return iso_gemm_load_avx2(tail, 0, source);
}

// Groups of `group` rows, each [lanes/8][ceil(k/lanes)][group][8]: the lanes in eights, one eight after the other.
// Rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_pack_avx2(float *dst, const void *src, int source, size_t count, size_t k,
                                                                 size_t lanes, size_t group)
{
    const size_t steps = (k + lanes - 1) / lanes;
    const size_t size = iso_gemm_row_bytes_avx2(k, source);
    for (size_t i = 0; i < count; i += group) {
        for (size_t r = 0; r < group; r++) {
            for (size_t half = 0; half < lanes; half += 8) {
                float *out = dst + i * steps * lanes + half * steps * group + r * 8;
                if (i + r >= count) {
                    for (size_t s = 0; s < steps; s++) {
                        _mm256_store_ps(out + s * group * 8, _mm256_setzero_ps());
                    }
                    continue;
                }
                const void *row = (const char *)src + (i + r) * size;
                for (size_t s = 0; s + 1 < steps; s++) {
                    _mm256_store_ps(out + s * group * 8, iso_gemm_load_avx2(row, s * lanes + half, source));
                }
                _mm256_store_ps(out + (steps - 1) * group * 8,
                                iso_gemm_load_tail_avx2(row, (steps - 1) * lanes + half, k, source));
            }
        }
    }
}
#endif

/* ---- gemm_dot.avx2 ---- */
#if ISOBIT_X86
// Tiles of 3 x 4 dot products, AVX2: eight lanes of an output per register, 12 of 16 registers.

// acc[12][8] (row, then column) starts at zero or goes on, over `steps` steps of 3 packed rows a and 4 packed rows b.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_steps_avx2(float *acc, int start, const float *a, const float *b, size_t steps)
{
#define ISO_GEMM_ZERO(i) \
    __m256 c##i##0 = _mm256_setzero_ps(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0
#define ISO_GEMM_LOAD(i)                            \
    do {                                            \
        c##i##0 = _mm256_load_ps(acc + 32 * i);      \
        c##i##1 = _mm256_load_ps(acc + 32 * i + 8);  \
        c##i##2 = _mm256_load_ps(acc + 32 * i + 16); \
        c##i##3 = _mm256_load_ps(acc + 32 * i + 24); \
    } while (0)
#define ISO_GEMM_STEP(j)                                     \
    do {                                                     \
        const __m256 bj = _mm256_load_ps(b + 8 * j);         \
        c0##j = _mm256_fmadd_ps(a0, bj, c0##j);              \
        c1##j = _mm256_fmadd_ps(a1, bj, c1##j);              \
        c2##j = _mm256_fmadd_ps(a2, bj, c2##j);              \
    } while (0)
#define ISO_GEMM_STORE(i)                          \
    do {                                           \
        _mm256_store_ps(acc + 32 * i, c##i##0);      \
        _mm256_store_ps(acc + 32 * i + 8, c##i##1);  \
        _mm256_store_ps(acc + 32 * i + 16, c##i##2); \
        _mm256_store_ps(acc + 32 * i + 24, c##i##3); \
    } while (0)
    ISO_GEMM_ZERO(0);
    ISO_GEMM_ZERO(1);
    ISO_GEMM_ZERO(2);
    if (!start) {
        ISO_GEMM_LOAD(0);
        ISO_GEMM_LOAD(1);
        ISO_GEMM_LOAD(2);
    }
    for (size_t s = 0; s < steps; s++) {
        const __m256 a0 = _mm256_load_ps(a);
        const __m256 a1 = _mm256_load_ps(a + 8);
        const __m256 a2 = _mm256_load_ps(a + 16);
        ISO_GEMM_STEP(0);
        ISO_GEMM_STEP(1);
        ISO_GEMM_STEP(2);
        ISO_GEMM_STEP(3);
        a += 24;
        b += 32;
    }
    ISO_GEMM_STORE(0);
    ISO_GEMM_STORE(1);
    ISO_GEMM_STORE(2);
#undef ISO_GEMM_ZERO
#undef ISO_GEMM_LOAD
#undef ISO_GEMM_STEP
#undef ISO_GEMM_STORE
}

// Eight lanes, or sixteen folded into eight: the upper ones lie one set of accumulators further on.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_gemm_eight_avx2(const float *acc, size_t eights)
{
    const __m256 low = _mm256_load_ps(acc);
    return eights == 2 ? _mm256_add_ps(low, _mm256_load_ps(acc + 96)) : low;
}

// c[3][32] at its first `cols` columns = the dot products of 3 packed rows a and up to 32 packed rows b.
// acc: [8][lanes/8][12][8] floats. The row is walked in pieces, so that a piece of a stays in the first-level cache;
// an accumulator is set aside between pieces and goes on as it was.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_panel_avx2(float *c, const float *a, const float *b, size_t cols, size_t steps,
                                                                  size_t lanes, float *acc)
{
    const size_t eights = lanes / 8;
    const size_t groups = (cols + 3) / 4;
    for (size_t h = 0; h < eights; h++) {
        const size_t piece = (steps + (steps + 95) / 96 - 1) / ((steps + 95) / 96);
        for (size_t s = 0; s < steps; s += piece) {
            const size_t count = steps - s < piece ? steps - s : piece;
            for (size_t g = 0; g < groups; g++) {
                iso_gemm_steps_avx2(acc + (g * eights + h) * 96, s == 0, a + (h * steps + s) * 24,
                                    b + ((g * eights + h) * steps + s) * 32, count);
            }
        }
    }
    for (size_t g = 0; g < groups; g++) {
        for (size_t i = 0; i < 3; i++) {
            const float *low = acc + g * eights * 96 + i * 32;
            _mm_storeu_ps(c + i * 32 + g * 4,
                          iso_tree8_avx2(iso_gemm_eight_avx2(low, eights), iso_gemm_eight_avx2(low + 8, eights),
                                              iso_gemm_eight_avx2(low + 16, eights), iso_gemm_eight_avx2(low + 24, eights)));
        }
    }
}
#endif

/* ---- gemm_out.avx2 ---- */
#if ISOBIT_X86
// The rows of a finished tile: bias, residual and GELU, each rounded as the separate ops round, AVX2.

// All ones in the first `count` of eight lanes.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256i iso_gemm_mask_avx2(size_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < 8 ? (int)count : 8), lane);
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_avx2(float *y, const float *dot, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        _mm256_maskstore_ps(y + j, mask, _mm256_maskload_ps(dot + j, mask));
    }
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_bias_avx2(float *y, const float *dot, const float *bias, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        const __m256 v = _mm256_add_ps(_mm256_maskload_ps(dot + j, mask), _mm256_maskload_ps(bias + j, mask));
        _mm256_maskstore_ps(y + j, mask, v);
    }
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_bias_add_avx2(float *y, const float *dot, const float *bias,
                                                                        const float *residual, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        const __m256 v = _mm256_add_ps(_mm256_maskload_ps(dot + j, mask), _mm256_maskload_ps(bias + j, mask));
        _mm256_maskstore_ps(y + j, mask, _mm256_add_ps(v, _mm256_maskload_ps(residual + j, mask)));
    }
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_gemm_out_bias_gelu_avx2(float *y, const float *dot, const float *bias,
                                                                         const uint16_t *table, size_t count)
{
    for (size_t j = 0; j < count; j += 8) {
        const __m256i mask = iso_gemm_mask_avx2(count - j);
        const __m256 v = _mm256_add_ps(_mm256_maskload_ps(dot + j, mask), _mm256_maskload_ps(bias + j, mask));
        uint16_t h[8];
        _mm_storeu_si128((__m128i *)(void *)h, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
        for (int i = 0; i < 8; i++) {
            h[i] = table[h[i]];
        }
        const __m256 looked_up = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)h));
        const __m256 large = _mm256_cmp_ps(v, _mm256_set1_ps(10.0f), _CMP_GE_OQ);
        const __m256 zero = _mm256_cmp_ps(v, _mm256_set1_ps(-10.0f), _CMP_LE_OQ);
        _mm256_maskstore_ps(y + j, mask, _mm256_blendv_ps(_mm256_andnot_ps(zero, looked_up), v, large));
    }
}
#endif

/* ---- tree.neon ---- */
#if ISOBIT_ARM64
// Halving trees of several registers at once, NEON.

// The last two halvings of four registers.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_tree4_neon(float32x4_t a, float32x4_t b, float32x4_t c, float32x4_t d)
{
    const float32x4_t ab = vaddq_f32(vcombine_f32(vget_low_f32(a), vget_low_f32(b)), vcombine_f32(vget_high_f32(a), vget_high_f32(b)));
    const float32x4_t cd = vaddq_f32(vcombine_f32(vget_low_f32(c), vget_low_f32(d)), vcombine_f32(vget_high_f32(c), vget_high_f32(d)));
    return vpaddq_f32(ab, cd);
}
#endif

/* ---- gemm_pack.neon ---- */
#if ISOBIT_ARM64
// Rows widened to f32 and laid out for the matrix product tiles, NEON.

enum {
    ISO_GEMM_F16_NEON,
    ISO_GEMM_F32_NEON,
    ISO_GEMM_F32_AS_F16_NEON,
    ISO_GEMM_BF16_NEON,
    ISO_GEMM_Q8_0_NEON, // whole blocks only, here and below
    ISO_GEMM_Q4_0_NEON
};

// Bytes of a row of k elements.
ISOBIT_UNUSED static inline size_t iso_gemm_row_bytes_neon(size_t k, int source)
{
    switch (source) {
    case ISO_GEMM_F16_NEON:
    case ISO_GEMM_BF16_NEON:
        return k * 2;
    case ISO_GEMM_Q8_0_NEON:
        return k / 32 * 34;
    case ISO_GEMM_Q4_0_NEON:
        return k / 32 * 18;
    default:
        return k * 4;
    }
}

// Elements i .. i+3 of a row of quantised blocks.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_load_block_neon(const uint8_t *row, size_t i, int source)
{
    const size_t at = i % 32;
    const uint8_t *block = row + i / 32 * (source == ISO_GEMM_Q8_0_NEON ? 34 : 18);
    const uint16_t scale = (uint16_t)(block[0] | block[1] << 8);
    const float32x4_t d = vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(scale)));
    int32_t q[4];
    for (size_t j = 0; j < 4; j++) {
        if (source == ISO_GEMM_Q8_0_NEON) {
            q[j] = (int8_t)block[2 + at + j];
        } else {
            const uint8_t pair = block[2 + at % 16 + j];
            q[j] = (at < 16 ? pair & 15 : pair >> 4) - 8;
        }
    }
    return vmulq_f32(d, vcvtq_f32_s32(vld1q_s32(q)));
}

// Four elements of a row.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_load_neon(const void *row, size_t i, int source)
{
    if (source == ISO_GEMM_F16_NEON) {
        return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16((const uint16_t *)row + i)));
    }
    if (source == ISO_GEMM_BF16_NEON) {
        return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16((const uint16_t *)row + i), 16));
    }
    if (source == ISO_GEMM_Q8_0_NEON || source == ISO_GEMM_Q4_0_NEON) {
        return iso_gemm_load_block_neon((const uint8_t *)row, i, source);
    }
    const float32x4_t v = vld1q_f32((const float *)row + i);
    return source == ISO_GEMM_F32_NEON ? v : vcvt_f32_f16(vcvt_f16_f32(v));
}

// Elements i .. k-1 of a row, at most four, then zeros.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_load_tail_neon(const void *row, size_t i, size_t k, int source)
{
    if (i + 4 <= k) {
        return iso_gemm_load_neon(row, i, source);
    }
    uint32_t tail[4] = {0};
    const size_t size = source == ISO_GEMM_F16_NEON || source == ISO_GEMM_BF16_NEON ? sizeof(uint16_t) : sizeof(float);
    if (i >= k) {
        return vdupq_n_f32(0.0f);
    }
    memcpy(tail, (const char *)row + i * size, (k - i) * size);
    return iso_gemm_load_neon(tail, 0, source);
}

// Groups of `group` rows, each [lanes/8][ceil(k/lanes)][group][8]: the lanes in eights, one eight after the other.
// Rows and columns past the end are zero.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_pack_neon(float *dst, const void *src, int source, size_t count, size_t k,
                                                                size_t lanes, size_t group)
{
    const size_t steps = (k + lanes - 1) / lanes;
    const size_t bytes = iso_gemm_row_bytes_neon(k, source);
    for (size_t i = 0; i < count; i += group) {
        for (size_t r = 0; r < group; r++) {
            const void *row = (const char *)src + (i + r < count ? i + r : 0) * bytes;
            const size_t length = i + r < count ? k : 0;
            for (size_t half = 0; half < lanes; half += 8) {
                float *out = dst + i * steps * lanes + half * steps * group + r * 8;
                for (size_t s = 0; s < steps; s++) {
                    vst1q_f32(out + s * group * 8, iso_gemm_load_tail_neon(row, s * lanes + half, length, source));
                    vst1q_f32(out + s * group * 8 + 4, iso_gemm_load_tail_neon(row, s * lanes + half + 4, length, source));
                }
            }
        }
    }
}
#endif

/* ---- gemm_dot.neon ---- */
#if ISOBIT_ARM64
// Tiles of 3 x 4 dot products, NEON: eight lanes of an output in two registers, 24 of 32 registers.

// acc[12][8] (row, then column) starts at zero or goes on, over `steps` steps of 3 packed rows a and 4 packed rows b.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_steps_neon(float *acc, int start, const float *a, const float *b, size_t steps)
{
#define ISO_GEMM_NAMES(i) c##i##00, c##i##01, c##i##10, c##i##11, c##i##20, c##i##21, c##i##30, c##i##31
#define ISO_GEMM_EACH(what, i) what(i, 0, 0) what(i, 0, 1) what(i, 1, 0) what(i, 1, 1) what(i, 2, 0) what(i, 2, 1) what(i, 3, 0) what(i, 3, 1)
#define ISO_GEMM_ALL(what) ISO_GEMM_EACH(what, 0) ISO_GEMM_EACH(what, 1) ISO_GEMM_EACH(what, 2)
#define ISO_GEMM_ZERO(i, j, h) c##i##j##h = vdupq_n_f32(0.0f);
#define ISO_GEMM_LOAD(i, j, h) c##i##j##h = vld1q_f32(acc + 32 * i + 8 * j + 4 * h);
#define ISO_GEMM_STORE(i, j, h) vst1q_f32(acc + 32 * i + 8 * j + 4 * h, c##i##j##h);
#define ISO_GEMM_STEP(j)                                    \
    do {                                                    \
        const float32x4_t low = vld1q_f32(b + 8 * j);       \
        const float32x4_t high = vld1q_f32(b + 8 * j + 4);  \
        c0##j##0 = vfmaq_f32(c0##j##0, a00, low);           \
        c0##j##1 = vfmaq_f32(c0##j##1, a01, high);          \
        c1##j##0 = vfmaq_f32(c1##j##0, a10, low);           \
        c1##j##1 = vfmaq_f32(c1##j##1, a11, high);          \
        c2##j##0 = vfmaq_f32(c2##j##0, a20, low);           \
        c2##j##1 = vfmaq_f32(c2##j##1, a21, high);          \
    } while (0)
    float32x4_t ISO_GEMM_NAMES(0), ISO_GEMM_NAMES(1), ISO_GEMM_NAMES(2);
    if (start) {
        ISO_GEMM_ALL(ISO_GEMM_ZERO)
    } else {
        ISO_GEMM_ALL(ISO_GEMM_LOAD)
    }
    for (size_t s = 0; s < steps; s++) {
        const float32x4_t a00 = vld1q_f32(a), a01 = vld1q_f32(a + 4);
        const float32x4_t a10 = vld1q_f32(a + 8), a11 = vld1q_f32(a + 12);
        const float32x4_t a20 = vld1q_f32(a + 16), a21 = vld1q_f32(a + 20);
        ISO_GEMM_STEP(0);
        ISO_GEMM_STEP(1);
        ISO_GEMM_STEP(2);
        ISO_GEMM_STEP(3);
        a += 24;
        b += 32;
    }
    ISO_GEMM_ALL(ISO_GEMM_STORE)
#undef ISO_GEMM_NAMES
#undef ISO_GEMM_EACH
#undef ISO_GEMM_ALL
#undef ISO_GEMM_ZERO
#undef ISO_GEMM_LOAD
#undef ISO_GEMM_STORE
#undef ISO_GEMM_STEP
}

// Eight lanes, or sixteen folded into eight, halved to four; the upper eight lie one set of accumulators further on.
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_four_neon(const float *acc, size_t eights)
{
    const float32x4_t low = vld1q_f32(acc), high = vld1q_f32(acc + 4);
    if (eights == 2) {
        return vaddq_f32(vaddq_f32(low, vld1q_f32(acc + 96)), vaddq_f32(high, vld1q_f32(acc + 100)));
    }
    return vaddq_f32(low, high);
}

// c[3][32] at its first `cols` columns = the dot products of 3 packed rows a and up to 32 packed rows b.
// acc: [8][lanes/8][12][8] floats. The row is walked in pieces, so that a piece of a stays in the first-level cache;
// an accumulator is set aside between pieces and goes on as it was.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_panel_neon(float *c, const float *a, const float *b, size_t cols, size_t steps,
                                                                 size_t lanes, float *acc)
{
    const size_t eights = lanes / 8;
    const size_t groups = (cols + 3) / 4;
    for (size_t h = 0; h < eights; h++) {
        const size_t piece = (steps + (steps + 95) / 96 - 1) / ((steps + 95) / 96);
        for (size_t s = 0; s < steps; s += piece) {
            const size_t count = steps - s < piece ? steps - s : piece;
            for (size_t g = 0; g < groups; g++) {
                iso_gemm_steps_neon(acc + (g * eights + h) * 96, s == 0, a + (h * steps + s) * 24,
                                    b + ((g * eights + h) * steps + s) * 32, count);
            }
        }
    }
    for (size_t g = 0; g < groups; g++) {
        for (size_t i = 0; i < 3; i++) {
            const float *low = acc + g * eights * 96 + i * 32;
            vst1q_f32(c + i * 32 + g * 4, iso_tree4_neon(iso_gemm_four_neon(low, eights), iso_gemm_four_neon(low + 8, eights),
                                                         iso_gemm_four_neon(low + 16, eights), iso_gemm_four_neon(low + 24, eights)));
        }
    }
}
#endif

/* ---- gemm_out.neon ---- */
#if ISOBIT_ARM64
// The rows of a finished tile: bias, residual and GELU, each rounded as the separate ops round, NEON.
// A tile's rows have room for a multiple of four columns, what they are added to has not.

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_gemm_take_neon(const float *p, size_t count)
{
    if (count >= 4) {
        return vld1q_f32(p);
    }
    float four[4] = {0};
    memcpy(four, p, count * sizeof *p);
    return vld1q_f32(four);
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_give_neon(float *p, float32x4_t v, size_t count)
{
    if (count >= 4) {
        vst1q_f32(p, v);
        return;
    }
    float four[4];
    vst1q_f32(four, v);
    memcpy(p, four, count * sizeof *p);
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_neon(float *y, const float *dot, size_t count)
{
    memcpy(y, dot, count * sizeof *y);
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_bias_neon(float *y, const float *dot, const float *bias, size_t count)
{
    for (size_t j = 0; j < count; j += 4) {
        iso_gemm_give_neon(y + j, vaddq_f32(vld1q_f32(dot + j), iso_gemm_take_neon(bias + j, count - j)), count - j);
    }
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_bias_add_neon(float *y, const float *dot, const float *bias,
                                                                        const float *residual, size_t count)
{
    for (size_t j = 0; j < count; j += 4) {
        const float32x4_t v = vaddq_f32(vld1q_f32(dot + j), iso_gemm_take_neon(bias + j, count - j));
        iso_gemm_give_neon(y + j, vaddq_f32(v, iso_gemm_take_neon(residual + j, count - j)), count - j);
    }
}

ISOBIT_UNUSED ISOBIT_NEON static inline void iso_gemm_out_bias_gelu_neon(float *y, const float *dot, const float *bias,
                                                                         const uint16_t *table, size_t count)
{
    for (size_t j = 0; j < count; j += 4) {
        const float32x4_t v = vaddq_f32(vld1q_f32(dot + j), iso_gemm_take_neon(bias + j, count - j));
        uint16_t h[4];
        vst1_u16(h, vreinterpret_u16_f16(vcvt_f16_f32(v)));
        for (int i = 0; i < 4; i++) {
            h[i] = table[h[i]];
        }
        const float32x4_t looked_up = vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h)));
        const uint32x4_t zero = vcleq_f32(v, vdupq_n_f32(-10.0f));
        const uint32x4_t large = vcgeq_f32(v, vdupq_n_f32(10.0f));
        const float32x4_t inner = vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(looked_up), zero));
        iso_gemm_give_neon(y + j, vbslq_f32(large, v, inner), count - j);
    }
}
#endif

/* ---- tree ---- */
// Halving trees: the sum of n lanes where lane i takes lane i + n/2, then n/4, and so on. The lanes are overwritten.

ISOBIT_UNUSED static inline float iso_tree8(float *a)
{
    for (int i = 0; i < 4; i++) {
        a[i] = a[i] + a[i + 4];
    }
    a[0] = a[0] + a[2];
    a[1] = a[1] + a[3];
    return a[0] + a[1];
}

ISOBIT_UNUSED static inline float iso_tree16(float *a)
{
    for (int i = 0; i < 8; i++) {
        a[i] = a[i] + a[i + 8];
    }
    return iso_tree8(a);
}

/* ---- gemm_dot ---- */
// Dot products with 16 or 8 accumulator lanes, and the widening of rows to a length that the lanes divide: portable C.

ISOBIT_UNUSED static inline void iso_gemm_widen_f16(float *dst, const uint16_t *src, size_t k, size_t padded)
{
    for (size_t i = 0; i < k; i++) {
        dst[i] = iso_f16_to_f32(src[i]);
    }
    for (size_t i = k; i < padded; i++) {
        dst[i] = 0.0f;
    }
}

ISOBIT_UNUSED static inline void iso_gemm_widen_f32(float *dst, const float *src, size_t k, size_t padded)
{
    memcpy(dst, src, k * sizeof *dst);
    for (size_t i = k; i < padded; i++) {
        dst[i] = 0.0f;
    }
}

// f32 rounded to f16 and widened again.
ISOBIT_UNUSED static inline void iso_gemm_widen_f32_as_f16(float *dst, const float *src, size_t k, size_t padded)
{
    for (size_t i = 0; i < k; i++) {
        dst[i] = iso_f16_to_f32(iso_f32_to_f16(src[i]));
    }
    for (size_t i = k; i < padded; i++) {
        dst[i] = 0.0f;
    }
}

ISOBIT_UNUSED static inline float iso_gemm_dot16(const float *x, const float *w, size_t padded)
{
    float acc[16] = {0};
    for (size_t k = 0; k < padded; k += 16) {
        for (size_t j = 0; j < 16; j++) {
            acc[j] = fmaf(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree16(acc);
}

ISOBIT_UNUSED static inline float iso_gemm_dot8(const float *x, const float *w, size_t padded)
{
    float acc[8] = {0};
    for (size_t k = 0; k < padded; k += 8) {
        for (size_t j = 0; j < 8; j++) {
            acc[j] = fmaf(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree8(acc);
}

// The same for operands that were widened from f16. Their products are exact in f32, so a product and a sum
// round as one fused step does; that is faster where fmaf is not an instruction.
#ifdef FP_FAST_FMAF
#define ISO_GEMM_FMA_OF_F16(a, b, c) fmaf((a), (b), (c))
#else
#define ISO_GEMM_FMA_OF_F16(a, b, c) ((a) * (b) + (c))
#endif

ISOBIT_UNUSED static inline float iso_gemm_dot16_of_f16(const float *x, const float *w, size_t padded)
{
    float acc[16] = {0};
    for (size_t k = 0; k < padded; k += 16) {
        for (size_t j = 0; j < 16; j++) {
            acc[j] = ISO_GEMM_FMA_OF_F16(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree16(acc);
}

ISOBIT_UNUSED static inline float iso_gemm_dot8_of_f16(const float *x, const float *w, size_t padded)
{
    float acc[8] = {0};
    for (size_t k = 0; k < padded; k += 8) {
        for (size_t j = 0; j < 8; j++) {
            acc[j] = ISO_GEMM_FMA_OF_F16(w[k + j], x[k + j], acc[j]);
        }
    }
    return iso_tree8(acc);
}
#undef ISO_GEMM_FMA_OF_F16

/* ---- grid_axis ---- */
// Where cell j of an axis of `out` cells falls on an axis of `in` cells, end cells aligned.

typedef struct iso_grid_axis {
    size_t low, high; // the two neighbours
    float t;          // weight of `high`
} iso_grid_axis;

ISOBIT_UNUSED static inline iso_grid_axis iso_grid_align(size_t j, size_t out, size_t in)
{
    const float f = out > 1 && in > 1 ? (float)(out - 1) / (float)(in - 1) : (float)out / (float)in;
    const float u = (float)j / f;
    const float floor_u = floorf(u);
    const float last = (float)(in - 1);
    iso_grid_axis axis;
    axis.low = (size_t)(floor_u < last ? floor_u : last);
    axis.high = axis.low + 1 < in && floor_u < last ? axis.low + 1 : in - 1;
    const float t = u - (float)axis.low;
    axis.t = t < 1.0f ? t : 1.0f;
    return axis;
}

/* ---- glibc_expf ---- */
// expf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic.
//
// x/ln2 = k/32 + r/32: exp(x) = 2^(k/32) * p(r). The product x*32/ln2 is never rounded on its own: it is fused
// into the addition that rounds it to an integer, and again into the subtraction that leaves the remainder.

// 2^(i/32) rounded to double, less i in units of 1/32 of the exponent, so that adding k<<47 gives 2^(k/32).
ISOBIT_UNUSED static const uint64_t iso_exp2_table[32] = {
    0x3ff0000000000000ULL, 0x3fefd9b0d3158574ULL, 0x3fefb5586cf9890fULL, 0x3fef9301d0125b51ULL,
    0x3fef72b83c7d517bULL, 0x3fef54873168b9aaULL, 0x3fef387a6e756238ULL, 0x3fef1e9df51fdee1ULL,
    0x3fef06fe0a31b715ULL, 0x3feef1a7373aa9cbULL, 0x3feedea64c123422ULL, 0x3feece086061892dULL,
    0x3feebfdad5362a27ULL, 0x3feeb42b569d4f82ULL, 0x3feeab07dd485429ULL, 0x3feea47eb03a5585ULL,
    0x3feea09e667f3bcdULL, 0x3fee9f75e8ec5f74ULL, 0x3feea11473eb0187ULL, 0x3feea589994cce13ULL,
    0x3feeace5422aa0dbULL, 0x3feeb737b0cdc5e5ULL, 0x3feec49182a3f090ULL, 0x3feed503b23e255dULL,
    0x3feee89f995ad3adULL, 0x3feeff76f2fb5e47ULL, 0x3fef199bdd85529cULL, 0x3fef3720dcef9069ULL,
    0x3fef5818dcfba487ULL, 0x3fef7c97337b9b5fULL, 0x3fefa4afa2a490daULL, 0x3fefd0765b6e4540ULL,
};

ISOBIT_UNUSED static inline float iso_glibc_expf(float x)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    if ((xb & 0x7fffffffu) > 0x7f800000u) {
        return x + x;
    }
    if (x > 0x1.62e42ep6f) { // exp(x) >= 2^128
        return INFINITY;
    }
    if (x < -0x1.9fe368p6f) { // exp(x) < 2^-150
        return 0.0f;
    }
    const double scale = 0x1.71547652b82fep+0 * 32.0; // 32/ln2
    const double round = 0x1.8p+52;                   // adding it rounds to an integer, held in the low mantissa bits
    const double kr = fma(scale, (double)x, round);
    uint64_t k;
    memcpy(&k, &kr, sizeof k);
    const double r = fma(scale, (double)x, -(kr - round));
    const uint64_t sb = iso_exp2_table[k % 32] + (k << 47);
    double s;
    memcpy(&s, &sb, sizeof s);
    const double hi = fma(0x1.c6af84b912394p-5 / 32768.0, r, 0x1.ebfce50fac4f3p-3 / 1024.0);
    const double lo = fma(0x1.62e42ff0c52d6p-1 / 32.0, r, 1.0);
    return (float)(fma(hi, r * r, lo) * s);
}

/* ---- glibc_powf ---- */
// powf with the bits of glibc 2.28 and later on x86-64 with FMA, for positive finite x and finite y.
//
// x = 2^k * z with z in one of 16 intervals around 1, each with a point c: log2(x) = k + log2(c) + log2(z/c).
// The product with y is split into an integer and a remainder in units of 1/32, as in expf, whose table it shares.

// 1/c and log2(c), c near the middle of interval i of [0x1.66p-1, 0x1.66p0).
ISOBIT_UNUSED static const double iso_log2_table[16][2] = {
    { 0x1.661ec79f8f3bep+0, -0x1.efec65b963019p-2 }, { 0x1.571ed4aaf883dp+0, -0x1.b0b6832d4fca4p-2 },
    { 0x1.49539f0f010bp+0, -0x1.7418b0a1fb77bp-2 },  { 0x1.3c995b0b80385p+0, -0x1.39de91a6dcf7bp-2 },
    { 0x1.30d190c8864a5p+0, -0x1.01d9bf3f2b631p-2 }, { 0x1.25e227b0b8eap+0, -0x1.97c1d1b3b7afp-3 },
    { 0x1.1bb4a4a1a343fp+0, -0x1.2f9e393af3c9fp-3 }, { 0x1.12358f08ae5bap+0, -0x1.960cbbf788d5cp-4 },
    { 0x1.0953f419900a7p+0, -0x1.a6f9db6475fcep-5 }, { 0x1p+0, 0x0p+0 },
    { 0x1.e608cfd9a47acp-1, 0x1.338ca9f24f53dp-4 },  { 0x1.ca4b31f026aap-1, 0x1.476a9543891bap-3 },
    { 0x1.b2036576afce6p-1, 0x1.e840b4ac4e4d2p-3 },  { 0x1.9c2d163a1aa2dp-1, 0x1.40645f0c6651cp-2 },
    { 0x1.886e6037841edp-1, 0x1.88e9c2c1b9ff8p-2 },  { 0x1.767dcf5534862p-1, 0x1.ce0a44eb17bccp-2 },
};

ISOBIT_UNUSED static inline float iso_glibc_powf(float x, float y)
{
    if (!(x > 0.0f) || !(x < INFINITY) || !(fabsf(y) < INFINITY)) {
        return NAN; // outside this function's domain
    }
    if (y == 0.0f) {
        return 1.0f;
    }
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    if (xb < 0x00800000u) { // subnormal: scaled up, and the exponent taken back below
        const float up = x * 0x1p23f;
        memcpy(&xb, &up, sizeof xb);
        xb -= 23u << 23;
    }
    const uint32_t offset = xb - 0x3f330000u;
    const double *point = iso_log2_table[(offset >> 19) & 15u];
    const uint32_t exponent = offset & 0xff800000u;
    const uint32_t zb = xb - exponent;
    const int32_t k = (int32_t)((exponent >> 23) ^ 0x100u) - 0x100; // the 9 bits as a signed number
    float z;
    memcpy(&z, &zb, sizeof z);
    const double r = fma((double)z, point[0], -1.0), r2 = r * r;
    const double a = fma(0x1.27616c9496e0bp-2, r, -0x1.71969a075c67ap-2);
    const double b = fma(0x1.ec70a6ca7baddp-2, r, -0x1.7154748bef6c8p-1);
    const double c = fma(0x1.71547652ab82bp+0, r, point[1] + (double)k);
    const double power = (double)y * fma(a, r2 * r2, fma(b, r2, c)); // y * log2(x)
    if (power > 0x1.fffffffd1d571p+6) {
        return INFINITY;
    }
    if (power <= -150.0) {
        return 0.0f;
    }
    const double round = 0x1.8p+47; // adding it rounds to a multiple of 1/32, held in the low mantissa bits
    const double kr = power + round;
    uint64_t n;
    memcpy(&n, &kr, sizeof n);
    const double t = power - (kr - round);
    const uint64_t sb = iso_exp2_table[n % 32] + (n << 47);
    double s;
    memcpy(&s, &sb, sizeof s);
    const double hi = fma(0x1.c6af84b912394p-5, t, 0x1.ebfce50fac4f3p-3);
    const double lo = fma(0x1.62e42ff0c52d6p-1, t, 1.0);
    return (float)(fma(hi, t * t, lo) * s);
}

/* ---- glibc_sincosf ---- */
// sinf and cosf with the bits of glibc 2.28 and later on x86-64 with FMA, in double arithmetic.
//
// x = n*pi/2 + r with |r| <= pi/4 (about): n picks sine or cosine of r and the sign. Below 120 the remainder is one
// fused step; above, x is multiplied by 96 bits of 2/pi, of which only the fraction modulo 4 is kept.

// Bits of 2/pi: element i starts 8*i bits further right than element 0, which ends with the leading byte.
ISOBIT_UNUSED static const uint32_t iso_two_over_pi[24] = {
    0x000000a2, 0x0000a2f9, 0x00a2f983, 0xa2f9836e, 0xf9836e4e, 0x836e4e44, 0x6e4e4415, 0x4e441529,
    0x441529fc, 0x1529fc27, 0x29fc2757, 0xfc2757d1, 0x2757d1f5, 0x57d1f534, 0xd1f534dd, 0xf534ddc0,
    0x34ddc0db, 0xddc0db62, 0xc0db6295, 0xdb629599, 0x6295993c, 0x95993c43, 0x993c4390, 0x3c439041,
};

ISOBIT_UNUSED static inline double iso_sin_kernel(double r)
{
    const double r2 = r * r, r3 = r * r2, r5 = r3 * r2;
    const double hi = fma(-0x1.994eb3774cf24p-13, r2, 0x1.1107605230bc4p-7);
    return fma(hi, r5, fma(-0x1.555545995a603p-3, r3, r));
}

ISOBIT_UNUSED static inline double iso_cos_kernel(double r)
{
    const double r2 = r * r, r4 = r2 * r2, r6 = r4 * r2;
    const double hi = fma(0x1.99343027bf8c3p-16, r2, -0x1.6c087e89a359dp-10);
    const double lo = fma(-0x1.ffffffd0c621cp-2, r2, 1.0);
    return fma(hi, r6, fma(0x1.55553e1068f19p-5, r4, lo));
}

// Remainder of a finite x, |x| >= pi/4; *quadrant is n modulo 4.
ISOBIT_UNUSED static inline double iso_reduce_half_pi(float x, uint32_t *quadrant)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    const uint32_t sign = xb >> 31;
    if ((xb & 0x7fffffffu) < 0x42f00000u) { // |x| < 120
        const double q = (double)x * 0x1.45f306dc9c883p+23; // x * 2/pi * 2^24
        const int32_t n = (int32_t)(((int64_t)q + 0x800000 + (128LL << 24)) >> 24) - 128; // biased: no shift of a negative number
        *quadrant = (uint32_t)n & 3u;
        return fma(-(double)n, 0x1.921fb54442d18p+0, (double)x);
    }
    const uint32_t *bits = &iso_two_over_pi[(xb >> 26) & 15u];
    const uint32_t m = ((xb & 0x7fffffu) | 0x800000u) << ((xb >> 23) & 7u);
    const uint64_t high = (uint64_t)(uint32_t)(m * bits[0]) << 32;
    const uint64_t low = ((uint64_t)m * bits[8]) >> 32;
    uint64_t turn = (high | low) + (uint64_t)m * bits[4]; // |x| * 2/pi modulo 4, 62 fraction bits
    const uint64_t n = (turn + (1ULL << 61)) >> 62;
    turn -= n << 62;
    const double r = (turn >> 63 ? -(double)(0u - turn) : (double)turn) * 0x1.921fb54442d18p-62;
    *quadrant = (uint32_t)(sign ? 0u - n : n) & 3u;
    return sign ? -r : r;
}

ISOBIT_UNUSED static inline float iso_glibc_sinf(float x)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    const uint32_t top = (xb >> 20) & 0x7ffu;
    if (top < 0x398u) { // |x| < 2^-12
        return x;
    }
    if (top < 0x3f4u) { // |x| < 0.75
        return (float)iso_sin_kernel((double)x);
    }
    if (top >= 0x7f8u) {
        return (x - x) / (x - x);
    }
    uint32_t quadrant;
    const double r = iso_reduce_half_pi(x, &quadrant);
    const double s = quadrant & 1u ? iso_cos_kernel(r) : iso_sin_kernel(r);
    return (float)(quadrant & 2u ? -s : s);
}

ISOBIT_UNUSED static inline float iso_glibc_cosf(float x)
{
    uint32_t xb;
    memcpy(&xb, &x, sizeof xb);
    const uint32_t top = (xb >> 20) & 0x7ffu;
    if (top < 0x398u) { // |x| < 2^-12
        return 1.0f;
    }
    if (top < 0x3f4u) { // |x| < 0.75
        return (float)iso_cos_kernel((double)x);
    }
    if (top >= 0x7f8u) {
        return (x - x) / (x - x);
    }
    uint32_t quadrant;
    const double r = iso_reduce_half_pi(x, &quadrant);
    const double c = quadrant & 1u ? -iso_sin_kernel(r) : iso_cos_kernel(r);
    return (float)(quadrant & 2u ? -c : c);
}

/* ---- sum4.avx2 ---- */
#if ISOBIT_X86
// Serial double sums of several rows at once, one row per double lane, AVX2.

// Adds four elements of each of four rows to their four sums, element after element.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256d iso_sum4x4_avx2(__m256d sum, __m128 a, __m128 b, __m128 c, __m128 d)
{
    const __m256d r0 = _mm256_cvtps_pd(a), r1 = _mm256_cvtps_pd(b), r2 = _mm256_cvtps_pd(c), r3 = _mm256_cvtps_pd(d);
    const __m256d even01 = _mm256_unpacklo_pd(r0, r1), odd01 = _mm256_unpackhi_pd(r0, r1);
    const __m256d even23 = _mm256_unpacklo_pd(r2, r3), odd23 = _mm256_unpackhi_pd(r2, r3);
    sum = _mm256_add_pd(sum, _mm256_permute2f128_pd(even01, even23, 0x20));
    sum = _mm256_add_pd(sum, _mm256_permute2f128_pd(odd01, odd23, 0x20));
    sum = _mm256_add_pd(sum, _mm256_permute2f128_pd(even01, even23, 0x31));
    return _mm256_add_pd(sum, _mm256_permute2f128_pd(odd01, odd23, 0x31));
}

// One column of eight rows.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_column8_avx2(const float *const row[8], size_t i)
{
    return _mm256_setr_ps(row[0][i], row[1][i], row[2][i], row[3][i], row[4][i], row[5][i], row[6][i], row[7][i]);
}
#endif

/* ---- cvar.avx2 ---- */
#if ISOBIT_X86
// Mean and 1/standard deviation of eight rows at once: each row keeps its own serial sums, one row per double lane.

// Halving trees of eight vectors: lane r of the result is the sum of the lanes of q<r>.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_tree8x8_avx2(__m256 q0, __m256 q1, __m256 q2, __m256 q3,
                                                               __m256 q4, __m256 q5, __m256 q6, __m256 q7)
{
    // lane j + lane j+4, rows r and r+4 in one vector
    const __m256 a0 = _mm256_add_ps(_mm256_permute2f128_ps(q0, q4, 0x20), _mm256_permute2f128_ps(q0, q4, 0x31));
    const __m256 a1 = _mm256_add_ps(_mm256_permute2f128_ps(q1, q5, 0x20), _mm256_permute2f128_ps(q1, q5, 0x31));
    const __m256 a2 = _mm256_add_ps(_mm256_permute2f128_ps(q2, q6, 0x20), _mm256_permute2f128_ps(q2, q6, 0x31));
    const __m256 a3 = _mm256_add_ps(_mm256_permute2f128_ps(q3, q7, 0x20), _mm256_permute2f128_ps(q3, q7, 0x31));
    // lane j + lane j+2, then the last two
    const __m256 b0 = _mm256_add_ps(_mm256_shuffle_ps(a0, a1, 0x44), _mm256_shuffle_ps(a0, a1, 0xee));
    const __m256 b1 = _mm256_add_ps(_mm256_shuffle_ps(a2, a3, 0x44), _mm256_shuffle_ps(a2, a3, 0xee));
    return _mm256_add_ps(_mm256_shuffle_ps(b0, b1, 0x88), _mm256_shuffle_ps(b0, b1, 0xdd));
}

// Squared differences of one group of a row; of 16 lanes, the first halving is done.
ISOBIT_AVX2 ISOBIT_UNUSED static inline __m256 iso_square_group_avx2(const float *x, const float *mean, size_t lanes)
{
    const __m256 mu = _mm256_broadcast_ss(mean);
    const __m256 low = _mm256_sub_ps(_mm256_loadu_ps(x), mu);
    if (lanes == 8) {
        return _mm256_mul_ps(low, low);
    }
    const __m256 high = _mm256_sub_ps(_mm256_loadu_ps(x + 8), mu);
    return _mm256_add_ps(_mm256_mul_ps(low, low), _mm256_mul_ps(high, high));
}

// mean[r] and scale[r] = 1/sqrt(variance + eps) of row[r]. lanes is 8 or 16.
ISOBIT_AVX2 ISOBIT_UNUSED static inline void iso_cvar8_avx2(const float *const row[8], size_t n, size_t lanes, float eps,
                                                            float mean[8], float scale[8])
{
    const size_t blocked = n - n % 4, grouped = n - n % lanes;
    __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd(); // rows 0..3 and 4..7
    for (size_t i = 0; i < blocked; i += 4) {
        low = iso_sum4x4_avx2(low, _mm_loadu_ps(row[0] + i), _mm_loadu_ps(row[1] + i), _mm_loadu_ps(row[2] + i), _mm_loadu_ps(row[3] + i));
        high = iso_sum4x4_avx2(high, _mm_loadu_ps(row[4] + i), _mm_loadu_ps(row[5] + i), _mm_loadu_ps(row[6] + i), _mm_loadu_ps(row[7] + i));
    }
    for (size_t i = blocked; i < n; i++) {
        const __m256 v = iso_column8_avx2(row, i);
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
    const __m256 total = _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
    const __m256 average = _mm256_div_ps(total, _mm256_set1_ps((float)n));
    _mm256_storeu_ps(mean, average);

    low = high = _mm256_setzero_pd();
    for (size_t i = 0; i < grouped; i += lanes) {
        const __m256 v = iso_tree8x8_avx2(
            iso_square_group_avx2(row[0] + i, mean + 0, lanes), iso_square_group_avx2(row[1] + i, mean + 1, lanes),
            iso_square_group_avx2(row[2] + i, mean + 2, lanes), iso_square_group_avx2(row[3] + i, mean + 3, lanes),
            iso_square_group_avx2(row[4] + i, mean + 4, lanes), iso_square_group_avx2(row[5] + i, mean + 5, lanes),
            iso_square_group_avx2(row[6] + i, mean + 6, lanes), iso_square_group_avx2(row[7] + i, mean + 7, lanes));
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
    for (size_t i = grouped; i < n; i++) {
        const __m256 d = _mm256_sub_ps(iso_column8_avx2(row, i), average);
        const __m256 v = _mm256_mul_ps(d, d);
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(v)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)));
    }
    const __m256d count = _mm256_set1_pd((double)n);
    const __m256 variance = _mm256_set_m128(_mm256_cvtpd_ps(_mm256_div_pd(high, count)), _mm256_cvtpd_ps(_mm256_div_pd(low, count)));
    _mm256_storeu_ps(scale, _mm256_div_ps(_mm256_set1_ps(1.0f), _mm256_sqrt_ps(_mm256_add_ps(variance, _mm256_set1_ps(eps)))));
}
#endif

/* ---- cvar ---- */
// Mean and 1/standard deviation of a row: serial double sums of f32 values, squares first summed in groups of 16, 8 or 4.

// Writes x - mean to d (which may be x) and returns 1/sqrt(variance + eps). lanes is 16, 8 or 4; four are neighbours, then halves.
ISOBIT_UNUSED static inline float iso_cvar(const float *x, float *d, size_t n, size_t lanes, float eps)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
    }
    const float mean = (float)sum / (float)n;
    const size_t grouped = n - n % lanes;
    double squares = 0.0;
    for (size_t i = 0; i < grouped; i += lanes) {
        float q[16];
        for (size_t j = 0; j < lanes; j++) {
            d[i + j] = x[i + j] - mean;
            q[j] = d[i + j] * d[i + j];
        }
        for (size_t half = lanes / 2; lanes != 4 && half != 0; half /= 2) {
            for (size_t j = 0; j < half; j++) {
                q[j] = q[j] + q[j + half];
            }
        }
        squares += (double)(lanes == 4 ? (q[0] + q[1]) + (q[2] + q[3]) : q[0]);
    }
    for (size_t i = grouped; i < n; i++) {
        d[i] = x[i] - mean;
        squares += (double)(d[i] * d[i]);
    }
    const float variance = (float)(squares / (double)n);
    return 1.0f / sqrtf(variance + eps);
}

/* ---- vexp_16.avx512 ---- */
#if ISOBIT_X86
// exp as the 16-lane classes define it, sixteen values, AVX-512.

ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_vexp_16_avx512(__m512 x)
{
    // Past 140 either way the result is already +0 or +inf; a NaN passes both steps.
    x = _mm512_min_ps(_mm512_set1_ps(140.0f), _mm512_max_ps(_mm512_set1_ps(-140.0f), x));
    const __m512 round = _mm512_set1_ps(0x1.8p23f);
    const __m512 n = _mm512_sub_ps(_mm512_fmadd_ps(x, _mm512_set1_ps(0x1.715476p+0f), round), round);
    const __m512 b = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), x));
    const __m512 u = _mm512_mul_ps(b, b);
    const __m512 p4 = _mm512_fmadd_ps(_mm512_set1_ps(0x1.0e4020p-7f), b, _mm512_set1_ps(0x1.573e2ep-5f));
    const __m512 p2 = _mm512_fmadd_ps(_mm512_set1_ps(0x1.555e66p-3f), b, _mm512_set1_ps(0x1.fffdb6p-2f));
    const __m512 p0 = _mm512_fmadd_ps(_mm512_set1_ps(0x1.ffffecp-1f), b, _mm512_set1_ps(1.0f));
    return _mm512_scalef_ps(_mm512_fmadd_ps(_mm512_fmadd_ps(p4, u, p2), u, p0), n);
}
#endif

/* ---- vexp_8.avx512 ---- */
#if ISOBIT_X86
// exp as the 8-lane classes define it, sixteen values, AVX-512.

ISOBIT_UNUSED ISOBIT_AVX512 static inline __m512 iso_vexp_8_avx512(__m512 x)
{
    const __m512 round = _mm512_set1_ps(0x1.8p23f);
    const __m512 z = _mm512_fmadd_ps(x, _mm512_set1_ps(0x1.715476p+0f), round);
    const __m512 n = _mm512_sub_ps(z, round);
    const __m512 b = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), x));
    const __m512 u = _mm512_mul_ps(b, b);
    const __m512 p4 = _mm512_fmadd_ps(_mm512_set1_ps(0x1.0e4020p-7f), b, _mm512_set1_ps(0x1.573e2ep-5f));
    const __m512 p2 = _mm512_fmadd_ps(_mm512_set1_ps(0x1.555e66p-3f), b, _mm512_set1_ps(0x1.fffdb6p-2f));
    const __m512 j = _mm512_fmadd_ps(_mm512_fmadd_ps(p4, u, p2), u, _mm512_mul_ps(_mm512_set1_ps(0x1.ffffecp-1f), b));
    const __m512i e = _mm512_slli_epi32(_mm512_castps_si512(z), 23);
    const __m512 k = _mm512_castsi512_ps(_mm512_add_epi32(e, _mm512_set1_epi32(0x3f800000)));
    const __m512 plain = _mm512_fmadd_ps(j, k, k);
    const __m512 size = _mm512_abs_ps(n);
    const __mmask16 large = _mm512_cmp_ps_mask(size, _mm512_set1_ps(126.0f), _CMP_GT_OQ);
    if (large == 0) {
        return plain;
    }
    // 2^n is no normal number in some lane: two factors, or their limit past 192.
    const __mmask16 low = _mm512_cmp_ps_mask(n, _mm512_setzero_ps(), _CMP_LE_OQ);
    const __m512i g = _mm512_maskz_set1_epi32(low, (int)0x82000000u);
    const __m512 s1 = _mm512_castsi512_ps(_mm512_add_epi32(g, _mm512_set1_epi32(0x7f000000)));
    const __m512 s2 = _mm512_castsi512_ps(_mm512_sub_epi32(e, g));
    const __m512 stepped = _mm512_mul_ps(_mm512_fmadd_ps(s2, j, s2), s1);
    const __mmask16 limit = _mm512_cmp_ps_mask(size, _mm512_set1_ps(192.0f), _CMP_GT_OQ);
    return _mm512_mask_mul_ps(_mm512_mask_mov_ps(plain, large, stepped), limit, s1, s1);
}
#endif

/* ---- attn_view ---- */
// Where the rows of a strided attention operand lie.

typedef struct iso_attn_view {
    ptrdiff_t row;     // elements from one row to the next
    ptrdiff_t element; // elements from one element of a row to the next
} iso_attn_view;

/* ---- attn_pack.avx2 ---- */
#if ISOBIT_X86
// A tile of up to 64 keys and values widened to f32 for attention, AVX2.

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_attn_load8_avx2(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

// kt[e][t], e = 0 .. 7, from eight rows t of f16.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_transpose8_avx2(float *kt, const uint16_t *k, ptrdiff_t row)
{
    const __m256 r0 = iso_attn_load8_avx2(k);
    const __m256 r1 = iso_attn_load8_avx2(k + row);
    const __m256 r2 = iso_attn_load8_avx2(k + 2 * row);
    const __m256 r3 = iso_attn_load8_avx2(k + 3 * row);
    const __m256 r4 = iso_attn_load8_avx2(k + 4 * row);
    const __m256 r5 = iso_attn_load8_avx2(k + 5 * row);
    const __m256 r6 = iso_attn_load8_avx2(k + 6 * row);
    const __m256 r7 = iso_attn_load8_avx2(k + 7 * row);
    const __m256 a0 = _mm256_unpacklo_ps(r0, r1);
    const __m256 a1 = _mm256_unpackhi_ps(r0, r1);
    const __m256 a2 = _mm256_unpacklo_ps(r2, r3);
    const __m256 a3 = _mm256_unpackhi_ps(r2, r3);
    const __m256 a4 = _mm256_unpacklo_ps(r4, r5);
    const __m256 a5 = _mm256_unpackhi_ps(r4, r5);
    const __m256 a6 = _mm256_unpacklo_ps(r6, r7);
    const __m256 a7 = _mm256_unpackhi_ps(r6, r7);
    const __m256 b0 = _mm256_shuffle_ps(a0, a2, 0x44);
    const __m256 b1 = _mm256_shuffle_ps(a0, a2, 0xee);
    const __m256 b2 = _mm256_shuffle_ps(a1, a3, 0x44);
    const __m256 b3 = _mm256_shuffle_ps(a1, a3, 0xee);
    const __m256 b4 = _mm256_shuffle_ps(a4, a6, 0x44);
    const __m256 b5 = _mm256_shuffle_ps(a4, a6, 0xee);
    const __m256 b6 = _mm256_shuffle_ps(a5, a7, 0x44);
    const __m256 b7 = _mm256_shuffle_ps(a5, a7, 0xee);
    _mm256_storeu_ps(kt, _mm256_permute2f128_ps(b0, b4, 0x20));
    _mm256_storeu_ps(kt + 64, _mm256_permute2f128_ps(b1, b5, 0x20));
    _mm256_storeu_ps(kt + 128, _mm256_permute2f128_ps(b2, b6, 0x20));
    _mm256_storeu_ps(kt + 192, _mm256_permute2f128_ps(b3, b7, 0x20));
    _mm256_storeu_ps(kt + 256, _mm256_permute2f128_ps(b0, b4, 0x31));
    _mm256_storeu_ps(kt + 320, _mm256_permute2f128_ps(b1, b5, 0x31));
    _mm256_storeu_ps(kt + 384, _mm256_permute2f128_ps(b2, b6, 0x31));
    _mm256_storeu_ps(kt + 448, _mm256_permute2f128_ps(b3, b7, 0x31));
}

// kt[d][64] = `present` rows of k, transposed. Columns past them keep what they held.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_pack_keys_avx2(float *kt, const uint16_t *k, iso_attn_view view, size_t present,
                                                                      size_t d)
{
    const size_t whole = view.element == 1 ? d / 8 * 8 : 0;
    const size_t eights = present / 8 * 8;
    for (size_t t = 0; t < eights; t += 8) {
        for (size_t e = 0; e < whole; e += 8) {
            iso_attn_transpose8_avx2(kt + e * 64 + t, k + (ptrdiff_t)t * view.row + e, view.row);
        }
    }
    for (size_t t = 0; t < present; t++) {
        for (size_t e = t < eights ? whole : 0; e < d; e++) {
            kt[e * 64 + t] = iso_f16_to_f32(k[(ptrdiff_t)t * view.row + (ptrdiff_t)e * view.element]);
        }
    }
}

// `present` rows of v, cut into blocks of columns: 64 wide while 64 are left, then 16 wide, the last padded.
// A block is [64][its width]; what lies past the rows and past d keeps what it held.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_pack_values_avx2(float *dst, const uint16_t *v, iso_attn_view view, size_t present,
                                                                        size_t d)
{
    const size_t whole = view.element == 1 ? d / 8 * 8 : 0;
    const size_t wide = d / 64 * 64;
    for (size_t t = 0; t < present; t++) {
        const uint16_t *row = v + (ptrdiff_t)t * view.row;
        for (size_t e = 0; e < whole; e += 8) {
            float *out = e < wide ? dst + e / 64 * 4096 + t * 64 + e % 64 : dst + e / 16 * 1024 + t * 16 + e % 16;
            _mm256_storeu_ps(out, iso_attn_load8_avx2(row + e));
        }
        for (size_t e = whole; e < d; e++) {
            float *out = e < wide ? dst + e / 64 * 4096 + t * 64 + e % 64 : dst + e / 16 * 1024 + t * 16 + e % 16;
            *out = iso_f16_to_f32(row[(ptrdiff_t)e * view.element]);
        }
    }
}

// dst[count][d] = rows of q.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_pack_queries_avx2(float *dst, const float *q, iso_attn_view view, size_t count,
                                                                         size_t d)
{
    const size_t whole = view.element == 1 ? d / 8 * 8 : 0;
    for (size_t i = 0; i < count; i++) {
        const float *row = q + (ptrdiff_t)i * view.row;
        for (size_t e = 0; e < whole; e += 8) {
            _mm256_storeu_ps(dst + i * d + e, _mm256_loadu_ps(row + e));
        }
        for (size_t e = whole; e < d; e++) {
            dst[i * d + e] = row[(ptrdiff_t)e * view.element];
        }
    }
}

// y = acc * inverse for one row.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_out_avx2(float *y, const float *acc, float inverse, size_t d)
{
    const size_t whole = d / 8 * 8;
    for (size_t e = 0; e < whole; e += 8) {
        _mm256_storeu_ps(y + e, _mm256_mul_ps(_mm256_loadu_ps(acc + e), _mm256_set1_ps(inverse)));
    }
    for (size_t e = whole; e < d; e++) {
        y[e] = acc[e] * inverse;
    }
}
#endif

/* ---- attn_tile.avx512 ---- */
#if ISOBIT_X86
// Attention of a block of query rows of one head over key tiles of 64, AVX-512.
// The steps are kept out of line: each needs nearly all registers for itself.

// s[6][64] = scale * q k^T for six rows of q ([d] each) and kt[d][64]; columns before `low` and from `high` on are -inf.
// max[i] = the largest of row i, as long as no NaN is among them.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_scores_avx512(float *s, float *max, const float *q, const float *kt, size_t d,
                                                                      float scale, size_t low, size_t high)
{
#define ISO_ATTN_ZERO(i) __m512 s##i##0 = _mm512_setzero_ps(), s##i##1 = s##i##0, s##i##2 = s##i##0, s##i##3 = s##i##0
#define ISO_ATTN_STEP(i)                                     \
    do {                                                     \
        const __m512 qe = _mm512_set1_ps(q[i * d]);          \
        s##i##0 = _mm512_fmadd_ps(k0, qe, s##i##0);          \
        s##i##1 = _mm512_fmadd_ps(k1, qe, s##i##1);          \
        s##i##2 = _mm512_fmadd_ps(k2, qe, s##i##2);          \
        s##i##3 = _mm512_fmadd_ps(k3, qe, s##i##3);          \
    } while (0)
#define ISO_ATTN_DONE(i)                                                                          \
    do {                                                                                          \
        s##i##0 = _mm512_mask_mul_ps(missing, m0, s##i##0, by);                                   \
        s##i##1 = _mm512_mask_mul_ps(missing, m1, s##i##1, by);                                   \
        s##i##2 = _mm512_mask_mul_ps(missing, m2, s##i##2, by);                                   \
        s##i##3 = _mm512_mask_mul_ps(missing, m3, s##i##3, by);                                   \
        _mm512_store_ps(s + 64 * i, s##i##0);                                                     \
        _mm512_store_ps(s + 64 * i + 16, s##i##1);                                                \
        _mm512_store_ps(s + 64 * i + 32, s##i##2);                                                \
        _mm512_store_ps(s + 64 * i + 48, s##i##3);                                                \
        max[i] = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(s##i##0, s##i##1), _mm512_max_ps(s##i##2, s##i##3))); \
    } while (0)
    ISO_ATTN_ZERO(0);
    ISO_ATTN_ZERO(1);
    ISO_ATTN_ZERO(2);
    ISO_ATTN_ZERO(3);
    ISO_ATTN_ZERO(4);
    ISO_ATTN_ZERO(5);
    for (size_t e = 0; e < d; e++) {
        const __m512 k0 = _mm512_load_ps(kt);
        const __m512 k1 = _mm512_load_ps(kt + 16);
        const __m512 k2 = _mm512_load_ps(kt + 32);
        const __m512 k3 = _mm512_load_ps(kt + 48);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        kt += 64;
        q += 1;
    }
    const __m512 by = _mm512_set1_ps(scale);
    const __m512 missing = _mm512_set1_ps(-INFINITY);
    const uint64_t mask = (high < 64 ? (UINT64_C(1) << high) - 1 : ~UINT64_C(0)) & ~UINT64_C(0) << low;
    const __mmask16 m0 = (__mmask16)mask;
    const __mmask16 m1 = (__mmask16)(mask >> 16);
    const __mmask16 m2 = (__mmask16)(mask >> 32);
    const __mmask16 m3 = (__mmask16)(mask >> 48);
    ISO_ATTN_DONE(0);
    ISO_ATTN_DONE(1);
    ISO_ATTN_DONE(2);
    ISO_ATTN_DONE(3);
    ISO_ATTN_DONE(4);
    ISO_ATTN_DONE(5);
#undef ISO_ATTN_ZERO
#undef ISO_ATTN_STEP
#undef ISO_ATTN_DONE
}

// s[rows][64]: scores become weights. The running maxima follow; sums and outputs are rescaled to them.
// acc: rows of `padded` floats.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_weights_avx512(float *s, size_t rows, const float *tile_max, float *max,
                                                                       float *sum, float *acc, size_t padded, int lanes)
{
    for (size_t i = 0; i < rows; i++, s += 64) {
        const __m512 s0 = _mm512_load_ps(s);
        const __m512 s1 = _mm512_load_ps(s + 16);
        const __m512 s2 = _mm512_load_ps(s + 32);
        const __m512 s3 = _mm512_load_ps(s + 48);
        float largest = tile_max[i];
        if ((_mm512_cmp_ps_mask(s0, s1, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(s2, s3, _CMP_UNORD_Q)) != 0) {
            largest = -INFINITY;
            for (int t = 0; t < 64; t++) {
                largest = largest > s[t] ? largest : s[t];
            }
        }
        if (largest == -INFINITY) {
            memset(s, 0, 64 * sizeof *s);
            continue;
        }
        if (largest > max[i]) {
            const float c = iso_glibc_expf(max[i] - largest);
            for (size_t e = 0; e < padded; e += 16) {
                float *a = acc + i * padded + e;
                _mm512_store_ps(a, _mm512_mul_ps(_mm512_load_ps(a), _mm512_set1_ps(c)));
            }
            sum[i] = sum[i] * c;
            max[i] = largest;
        }
        const __m512 top = _mm512_set1_ps(max[i]);
        if (lanes == 16) {
            _mm512_store_ps(s, iso_vexp_16_avx512(_mm512_sub_ps(s0, top)));
            _mm512_store_ps(s + 16, iso_vexp_16_avx512(_mm512_sub_ps(s1, top)));
            _mm512_store_ps(s + 32, iso_vexp_16_avx512(_mm512_sub_ps(s2, top)));
            _mm512_store_ps(s + 48, iso_vexp_16_avx512(_mm512_sub_ps(s3, top)));
        } else {
            _mm512_store_ps(s, iso_vexp_8_avx512(_mm512_sub_ps(s0, top)));
            _mm512_store_ps(s + 16, iso_vexp_8_avx512(_mm512_sub_ps(s1, top)));
            _mm512_store_ps(s + 32, iso_vexp_8_avx512(_mm512_sub_ps(s2, top)));
            _mm512_store_ps(s + 48, iso_vexp_8_avx512(_mm512_sub_ps(s3, top)));
        }
    }
}

// The weights p[rows][64], at most 24 rows, enter the running sums: in double, by halving trees of groups of 16 or 8.
// A row of zero weights leaves its sum as it was.
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_sums_avx512(float *sum, const float *p, size_t rows, int lanes)
{
    float group[24 * 8];
    for (size_t i = 0; i < rows; i++) {
        const __m512 p0 = _mm512_load_ps(p + i * 64);
        const __m512 p1 = _mm512_load_ps(p + i * 64 + 16);
        const __m512 p2 = _mm512_load_ps(p + i * 64 + 32);
        const __m512 p3 = _mm512_load_ps(p + i * 64 + 48);
        if (lanes == 16) {
            _mm_storeu_ps(group + i * 8, iso_tree16_avx512(p0, p1, p2, p3));
        } else {
            _mm256_storeu_ps(group + i * 8, iso_tree8_avx512(iso_fold8_avx512(p0, p1), iso_fold8_avx512(p2, p3)));
        }
    }
    for (size_t i = 0; i < rows; i++) {
        double tile = 0.0;
        for (int g = 0; g < 64 / lanes; g++) {
            tile += (double)group[i * 8 + (size_t)g];
        }
        sum[i] = (float)((double)sum[i] + tile);
    }
}

// acc[6] (rows of `padded` floats, 64 of them) goes on over p[6][64] and v[64][64].
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_values64_avx512(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i)                                                                                        \
    __m512 a##i##0 = _mm512_load_ps(acc + i * padded), a##i##1 = _mm512_load_ps(acc + i * padded + 16),         \
           a##i##2 = _mm512_load_ps(acc + i * padded + 32), a##i##3 = _mm512_load_ps(acc + i * padded + 48)
#define ISO_ATTN_STEP(i)                                     \
    do {                                                     \
        const __m512 pt = _mm512_set1_ps(p[i * 64 + t]);     \
        a##i##0 = _mm512_fmadd_ps(v0, pt, a##i##0);          \
        a##i##1 = _mm512_fmadd_ps(v1, pt, a##i##1);          \
        a##i##2 = _mm512_fmadd_ps(v2, pt, a##i##2);          \
        a##i##3 = _mm512_fmadd_ps(v3, pt, a##i##3);          \
    } while (0)
#define ISO_ATTN_STORE(i)                                    \
    do {                                                     \
        _mm512_store_ps(acc + i * padded, a##i##0);          \
        _mm512_store_ps(acc + i * padded + 16, a##i##1);     \
        _mm512_store_ps(acc + i * padded + 32, a##i##2);     \
        _mm512_store_ps(acc + i * padded + 48, a##i##3);     \
    } while (0)
    ISO_ATTN_LOAD(0);
    ISO_ATTN_LOAD(1);
    ISO_ATTN_LOAD(2);
    ISO_ATTN_LOAD(3);
    ISO_ATTN_LOAD(4);
    ISO_ATTN_LOAD(5);
    for (size_t t = 0; t < 64; t++) {
        const __m512 v0 = _mm512_load_ps(v);
        const __m512 v1 = _mm512_load_ps(v + 16);
        const __m512 v2 = _mm512_load_ps(v + 32);
        const __m512 v3 = _mm512_load_ps(v + 48);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        v += 64;
    }
    ISO_ATTN_STORE(0);
    ISO_ATTN_STORE(1);
    ISO_ATTN_STORE(2);
    ISO_ATTN_STORE(3);
    ISO_ATTN_STORE(4);
    ISO_ATTN_STORE(5);
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}

#define ISO_ATTN_ROWS(X) \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)

// The same for 24 rows of acc and p and v[64][16].
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_values16_avx512(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i) __m512 a##i = _mm512_load_ps(acc + i * padded);
#define ISO_ATTN_STEP(i) a##i = _mm512_fmadd_ps(vt, _mm512_set1_ps(p[i * 64 + t]), a##i);
#define ISO_ATTN_STORE(i) _mm512_store_ps(acc + i * padded, a##i);
    ISO_ATTN_ROWS(ISO_ATTN_LOAD)
    for (size_t t = 0; t < 64; t++) {
        const __m512 vt = _mm512_load_ps(v + t * 16);
        ISO_ATTN_ROWS(ISO_ATTN_STEP)
    }
    ISO_ATTN_ROWS(ISO_ATTN_STORE)
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}

// The same for the first 8 columns of v[64][16].
ISOBIT_UNUSED ISOBIT_AVX512 __attribute__((noinline)) static void iso_attn_values8_avx512(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i) __m256 a##i = _mm256_load_ps(acc + i * padded);
#define ISO_ATTN_STEP(i) a##i = _mm256_fmadd_ps(vt, _mm256_set1_ps(p[i * 64 + t]), a##i);
#define ISO_ATTN_STORE(i) _mm256_store_ps(acc + i * padded, a##i);
    ISO_ATTN_ROWS(ISO_ATTN_LOAD)
    for (size_t t = 0; t < 64; t++) {
        const __m256 vt = _mm256_load_ps(v + t * 16);
        ISO_ATTN_ROWS(ISO_ATTN_STEP)
    }
    ISO_ATTN_ROWS(ISO_ATTN_STORE)
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}
#undef ISO_ATTN_ROWS

// q: the first of `count` query rows, at most `most` (a multiple of 24); k, v: the first of `keys` rows, of which from .. to-1 are attended; y: rows of y_row floats.
// lanes (16 or 8) chooses the exponential and the groups of its sum.
// Tiles of widened keys and values lie `apart` floats from each other, or, if that is 0, all in one place; `filled` says that they are there.
// scratch, with padded = d rounded up to 16: (most + 64 * tiles, or 64) * (d + padded) + 2 * most + 24 * 64 + 32 floats.
ISOBIT_UNUSED ISOBIT_AVX512 static inline void iso_attn_tile_avx512(const float *q, iso_attn_view q_view, const uint16_t *k,
                                                                    iso_attn_view k_view, const uint16_t *v, iso_attn_view v_view,
                                                                    float *y, size_t y_row, size_t count, size_t keys, size_t from, size_t to, size_t d,
                                                                    float scale, int lanes, size_t most, size_t apart, int filled, float *scratch)
{
    const size_t padded = (d + 15) / 16 * 16;
    const size_t rows = (count + 23) / 24 * 24;
    float *scores = scratch;           // [24][64]
    float *acc = scores + 24 * 64;     // [most][padded]
    float *qc = acc + most * padded;   // [most][d]
    float *max = qc + most * d;        // [most]
    float *sum = max + most;           // [most]
    float *tile_max = sum + most;      // [24], padded to 32
    float *tiles = tile_max + 32;      // each [d][64], then [64][padded]
    memset(scratch, 0, (24 * 64 + rows * padded) * sizeof *scratch);
    memset(qc + count * d, 0, (rows - count) * d * sizeof *qc);
    iso_attn_pack_queries_avx2(qc, q, q_view, count, d);
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = from / 64 * 64; key < to; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        const size_t low = from > key ? from - key : 0, high = to - key < 64 ? to - key : 64;
        float *kt = tiles + key / 64 * apart;
        float *vt = kt + 64 * d;
        if (!filled) {
            if (key == from / 64 * 64 || (apart != 0 && present == 64)) {
                memset(kt, 0, 64 * (d + padded) * sizeof *kt);
            } else if (apart != 0) {
                memcpy(kt, kt - apart, 64 * (d + padded) * sizeof *kt); // rows that a tile lacks are those of the tile before it
            }
            iso_attn_pack_keys_avx2(kt, k + (ptrdiff_t)key * k_view.row, k_view, present, d);
            iso_attn_pack_values_avx2(vt, v + (ptrdiff_t)key * v_view.row, v_view, present, d);
        }
        for (size_t i = 0; i < count; i += 24) {
            const size_t here = count - i < 24 ? count - i : 24;
            for (size_t r = 0; r < here; r += 6) {
                iso_attn_scores_avx512(scores + r * 64, tile_max + r, qc + (i + r) * d, kt, d, scale, low, high);
            }
            iso_attn_weights_avx512(scores, here, tile_max, max + i, sum + i, acc + i * padded, padded, lanes);
            iso_attn_sums_avx512(sum + i, scores, here, lanes);
            size_t e = 0;
            for (; e + 64 <= d; e += 64) {
                for (size_t r = 0; r < here; r += 6) {
                    iso_attn_values64_avx512(acc + (i + r) * padded + e, scores + r * 64, vt + e * 64, padded);
                }
            }
            for (; e + 8 < d; e += 16) {
                iso_attn_values16_avx512(acc + i * padded + e, scores, vt + e * 64, padded);
            }
            if (e < d) {
                iso_attn_values8_avx512(acc + i * padded + e, scores, vt + e * 64, padded);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        iso_attn_out_avx2(y + i * y_row, acc + i * padded, inverse, d);
    }
}
#endif

/* ---- vexp_16.avx2 ---- */
#if ISOBIT_X86
// exp as the 16-lane classes define it, eight values, AVX2.

// 2^n for whole n in [-126, 127].
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_vexp_power_avx2(__m256 n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23));
}

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_vexp_16_avx2(__m256 x)
{
    // Past 140 either way the result is already +0 or +inf; a NaN passes both steps.
    x = _mm256_min_ps(_mm256_set1_ps(140.0f), _mm256_max_ps(_mm256_set1_ps(-140.0f), x));
    const __m256 round = _mm256_set1_ps(0x1.8p23f);
    const __m256 n = _mm256_sub_ps(_mm256_fmadd_ps(x, _mm256_set1_ps(0x1.715476p+0f), round), round);
    const __m256 b = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), x));
    const __m256 u = _mm256_mul_ps(b, b);
    const __m256 p4 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.0e4020p-7f), b, _mm256_set1_ps(0x1.573e2ep-5f));
    const __m256 p2 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.555e66p-3f), b, _mm256_set1_ps(0x1.fffdb6p-2f));
    const __m256 p0 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.ffffecp-1f), b, _mm256_set1_ps(1.0f));
    const __m256 j = _mm256_fmadd_ps(_mm256_fmadd_ps(p4, u, p2), u, p0);
    // Scaling in two steps: the first, by at most 2^100, is exact, so that only the second rounds.
    const __m256 first = _mm256_min_ps(_mm256_set1_ps(100.0f), _mm256_max_ps(_mm256_set1_ps(-100.0f), n));
    return _mm256_mul_ps(_mm256_mul_ps(j, iso_vexp_power_avx2(first)), iso_vexp_power_avx2(_mm256_sub_ps(n, first)));
}
#endif

/* ---- vexp_8.avx2 ---- */
#if ISOBIT_X86
// exp as the 8-lane classes define it, eight values, AVX2.

ISOBIT_UNUSED ISOBIT_AVX2 static inline __m256 iso_vexp_8_avx2(__m256 x)
{
    const __m256 round = _mm256_set1_ps(0x1.8p23f);
    const __m256 z = _mm256_fmadd_ps(x, _mm256_set1_ps(0x1.715476p+0f), round);
    const __m256 n = _mm256_sub_ps(z, round);
    const __m256 b = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), x));
    const __m256 u = _mm256_mul_ps(b, b);
    const __m256 p4 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.0e4020p-7f), b, _mm256_set1_ps(0x1.573e2ep-5f));
    const __m256 p2 = _mm256_fmadd_ps(_mm256_set1_ps(0x1.555e66p-3f), b, _mm256_set1_ps(0x1.fffdb6p-2f));
    const __m256 j = _mm256_fmadd_ps(_mm256_fmadd_ps(p4, u, p2), u, _mm256_mul_ps(_mm256_set1_ps(0x1.ffffecp-1f), b));
    const __m256i e = _mm256_slli_epi32(_mm256_castps_si256(z), 23);
    const __m256 k = _mm256_castsi256_ps(_mm256_add_epi32(e, _mm256_set1_epi32(0x3f800000)));
    const __m256 plain = _mm256_fmadd_ps(j, k, k);
    const __m256 size = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), n);
    const __m256 large = _mm256_cmp_ps(size, _mm256_set1_ps(126.0f), _CMP_GT_OQ);
    if (_mm256_testz_si256(_mm256_castps_si256(large), _mm256_castps_si256(large))) {
        return plain;
    }
    // 2^n is no normal number in some lane: two factors, or their limit past 192.
    const __m256i g = _mm256_and_si256(_mm256_castps_si256(_mm256_cmp_ps(n, _mm256_setzero_ps(), _CMP_LE_OQ)),
                                       _mm256_set1_epi32((int)0x82000000u));
    const __m256 s1 = _mm256_castsi256_ps(_mm256_add_epi32(g, _mm256_set1_epi32(0x7f000000)));
    const __m256 s2 = _mm256_castsi256_ps(_mm256_sub_epi32(e, g));
    const __m256 stepped = _mm256_mul_ps(_mm256_fmadd_ps(s2, j, s2), s1);
    const __m256 limit = _mm256_cmp_ps(size, _mm256_set1_ps(192.0f), _CMP_GT_OQ);
    return _mm256_blendv_ps(_mm256_blendv_ps(plain, stepped, large), _mm256_mul_ps(s1, s1), limit);
}
#endif

/* ---- attn_tile.avx2 ---- */
#if ISOBIT_X86
// Attention of a block of query rows of one head over key tiles of 64, AVX2.
// The steps are kept out of line: each needs nearly all registers for itself.

// s[6][64] = scale * q k^T for six rows of q ([d] each) and kt[d][64]; columns before `low` and from `high` on are -inf.
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_scores_avx2(float *s, const float *q, const float *kt, size_t d, float scale,
                                                                            size_t low, size_t high)
{
#define ISO_ATTN_ZERO(i) __m256 s##i##0 = _mm256_setzero_ps(), s##i##1 = s##i##0
#define ISO_ATTN_STEP(i)                                             \
    do {                                                             \
        const __m256 qe = _mm256_broadcast_ss(q + i * d + e);        \
        s##i##0 = _mm256_fmadd_ps(k0, qe, s##i##0);                  \
        s##i##1 = _mm256_fmadd_ps(k1, qe, s##i##1);                  \
    } while (0)
#define ISO_ATTN_DONE(i)                                                              \
    do {                                                                              \
        _mm256_store_ps(s + 64 * i + t, _mm256_mul_ps(s##i##0, by));                  \
        _mm256_store_ps(s + 64 * i + t + 8, _mm256_mul_ps(s##i##1, by));              \
    } while (0)
    for (size_t t = 0; t < 64; t += 16) {
        ISO_ATTN_ZERO(0);
        ISO_ATTN_ZERO(1);
        ISO_ATTN_ZERO(2);
        ISO_ATTN_ZERO(3);
        ISO_ATTN_ZERO(4);
        ISO_ATTN_ZERO(5);
        for (size_t e = 0; e < d; e++) {
            const __m256 k0 = _mm256_load_ps(kt + e * 64 + t);
            const __m256 k1 = _mm256_load_ps(kt + e * 64 + t + 8);
            ISO_ATTN_STEP(0);
            ISO_ATTN_STEP(1);
            ISO_ATTN_STEP(2);
            ISO_ATTN_STEP(3);
            ISO_ATTN_STEP(4);
            ISO_ATTN_STEP(5);
        }
        const __m256 by = _mm256_set1_ps(scale);
        ISO_ATTN_DONE(0);
        ISO_ATTN_DONE(1);
        ISO_ATTN_DONE(2);
        ISO_ATTN_DONE(3);
        ISO_ATTN_DONE(4);
        ISO_ATTN_DONE(5);
    }
#undef ISO_ATTN_ZERO
#undef ISO_ATTN_STEP
#undef ISO_ATTN_DONE
    for (size_t i = 0; i < 6; i++) {
        for (size_t t = 0; t < low; t++) {
            s[i * 64 + t] = -INFINITY;
        }
        for (size_t t = high; t < 64; t++) {
            s[i * 64 + t] = -INFINITY;
        }
    }
}

// The largest of s[64], the later of two that do not compare.
ISOBIT_UNUSED ISOBIT_AVX2 static inline float iso_attn_max_avx2(const float *s)
{
    __m256 unordered = _mm256_setzero_ps();
    __m256 top = _mm256_set1_ps(-INFINITY);
    for (int t = 0; t < 64; t += 8) {
        const __m256 v = _mm256_load_ps(s + t);
        unordered = _mm256_or_ps(unordered, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        top = _mm256_max_ps(top, v);
    }
    if (_mm256_movemask_ps(unordered) != 0) {
        float largest = -INFINITY;
        for (int t = 0; t < 64; t++) {
            largest = largest > s[t] ? largest : s[t];
        }
        return largest;
    }
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

// s[rows][64]: scores become weights. The running maxima follow; sums and outputs are rescaled to them.
// acc: rows of `padded` floats.
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_weights_avx2(float *s, size_t rows, float *max, float *sum, float *acc,
                                                                             size_t padded, int lanes)
{
    for (size_t i = 0; i < rows; i++, s += 64) {
        const float largest = iso_attn_max_avx2(s);
        if (largest == -INFINITY) {
            memset(s, 0, 64 * sizeof *s);
            continue;
        }
        if (largest > max[i]) {
            const float c = iso_glibc_expf(max[i] - largest);
            for (size_t e = 0; e < padded; e += 8) {
                float *a = acc + i * padded + e;
                _mm256_store_ps(a, _mm256_mul_ps(_mm256_load_ps(a), _mm256_set1_ps(c)));
            }
            sum[i] = sum[i] * c;
            max[i] = largest;
        }
        const __m256 top = _mm256_set1_ps(max[i]);
        for (int t = 0; t < 64; t += 8) {
            const __m256 x = _mm256_sub_ps(_mm256_load_ps(s + t), top);
            _mm256_store_ps(s + t, lanes == 16 ? iso_vexp_16_avx2(x) : iso_vexp_8_avx2(x));
        }
    }
}

// The sums of four groups of 16 or 8 of p by halving trees.
ISOBIT_UNUSED ISOBIT_AVX2 static inline __m128 iso_attn_trees_avx2(const float *p, int lanes)
{
    if (lanes == 16) {
        return iso_tree8_avx2(_mm256_add_ps(_mm256_load_ps(p), _mm256_load_ps(p + 8)),
                              _mm256_add_ps(_mm256_load_ps(p + 16), _mm256_load_ps(p + 24)),
                              _mm256_add_ps(_mm256_load_ps(p + 32), _mm256_load_ps(p + 40)),
                              _mm256_add_ps(_mm256_load_ps(p + 48), _mm256_load_ps(p + 56)));
    }
    return iso_tree8_avx2(_mm256_load_ps(p), _mm256_load_ps(p + 8), _mm256_load_ps(p + 16), _mm256_load_ps(p + 24));
}

// The weights p[rows][64], at most 24 rows, enter the running sums: in double, by halving trees of groups of 16 or 8.
// A row of zero weights leaves its sum as it was.
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_sums_avx2(float *sum, const float *p, size_t rows, int lanes)
{
    float group[24 * 8];
    for (size_t i = 0; i < rows; i++) {
        _mm_storeu_ps(group + i * 8, iso_attn_trees_avx2(p + i * 64, lanes));
        if (lanes == 8) {
            _mm_storeu_ps(group + i * 8 + 4, iso_attn_trees_avx2(p + i * 64 + 32, lanes));
        }
    }
    for (size_t i = 0; i < rows; i++) {
        double tile = 0.0;
        for (int g = 0; g < 64 / lanes; g++) {
            tile += (double)group[i * 8 + (size_t)g];
        }
        sum[i] = (float)((double)sum[i] + tile);
    }
}

// acc[6] (rows of `padded` floats, 16 of them) goes on over p[6][64] and 16 columns of v[64] (rows of `width` floats).
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_values16_avx2(float *acc, const float *p, const float *v, size_t padded,
                                                                              size_t width)
{
#define ISO_ATTN_LOAD(i) __m256 a##i##0 = _mm256_load_ps(acc + i * padded), a##i##1 = _mm256_load_ps(acc + i * padded + 8)
#define ISO_ATTN_STEP(i)                                             \
    do {                                                             \
        const __m256 pt = _mm256_broadcast_ss(p + i * 64 + t);       \
        a##i##0 = _mm256_fmadd_ps(v0, pt, a##i##0);                  \
        a##i##1 = _mm256_fmadd_ps(v1, pt, a##i##1);                  \
    } while (0)
#define ISO_ATTN_STORE(i)                                            \
    do {                                                             \
        _mm256_store_ps(acc + i * padded, a##i##0);                  \
        _mm256_store_ps(acc + i * padded + 8, a##i##1);              \
    } while (0)
    ISO_ATTN_LOAD(0);
    ISO_ATTN_LOAD(1);
    ISO_ATTN_LOAD(2);
    ISO_ATTN_LOAD(3);
    ISO_ATTN_LOAD(4);
    ISO_ATTN_LOAD(5);
    for (size_t t = 0; t < 64; t++) {
        const __m256 v0 = _mm256_load_ps(v);
        const __m256 v1 = _mm256_load_ps(v + 8);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        v += width;
    }
    ISO_ATTN_STORE(0);
    ISO_ATTN_STORE(1);
    ISO_ATTN_STORE(2);
    ISO_ATTN_STORE(3);
    ISO_ATTN_STORE(4);
    ISO_ATTN_STORE(5);
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}

// The same for 12 rows of acc and p and the first 8 columns of v[64][16].
ISOBIT_UNUSED ISOBIT_AVX2 __attribute__((noinline)) static void iso_attn_values8_avx2(float *acc, const float *p, const float *v, size_t padded)
{
#define ISO_ATTN_LOAD(i) __m256 a##i = _mm256_load_ps(acc + i * padded)
#define ISO_ATTN_STEP(i) a##i = _mm256_fmadd_ps(vt, _mm256_broadcast_ss(p + i * 64 + t), a##i)
#define ISO_ATTN_STORE(i) _mm256_store_ps(acc + i * padded, a##i)
    ISO_ATTN_LOAD(0);
    ISO_ATTN_LOAD(1);
    ISO_ATTN_LOAD(2);
    ISO_ATTN_LOAD(3);
    ISO_ATTN_LOAD(4);
    ISO_ATTN_LOAD(5);
    ISO_ATTN_LOAD(6);
    ISO_ATTN_LOAD(7);
    ISO_ATTN_LOAD(8);
    ISO_ATTN_LOAD(9);
    ISO_ATTN_LOAD(10);
    ISO_ATTN_LOAD(11);
    for (size_t t = 0; t < 64; t++) {
        const __m256 vt = _mm256_load_ps(v + t * 16);
        ISO_ATTN_STEP(0);
        ISO_ATTN_STEP(1);
        ISO_ATTN_STEP(2);
        ISO_ATTN_STEP(3);
        ISO_ATTN_STEP(4);
        ISO_ATTN_STEP(5);
        ISO_ATTN_STEP(6);
        ISO_ATTN_STEP(7);
        ISO_ATTN_STEP(8);
        ISO_ATTN_STEP(9);
        ISO_ATTN_STEP(10);
        ISO_ATTN_STEP(11);
    }
    ISO_ATTN_STORE(0);
    ISO_ATTN_STORE(1);
    ISO_ATTN_STORE(2);
    ISO_ATTN_STORE(3);
    ISO_ATTN_STORE(4);
    ISO_ATTN_STORE(5);
    ISO_ATTN_STORE(6);
    ISO_ATTN_STORE(7);
    ISO_ATTN_STORE(8);
    ISO_ATTN_STORE(9);
    ISO_ATTN_STORE(10);
    ISO_ATTN_STORE(11);
#undef ISO_ATTN_LOAD
#undef ISO_ATTN_STEP
#undef ISO_ATTN_STORE
}

// q: the first of `count` query rows, at most `most` (a multiple of 24); k, v: the first of `keys` rows, of which from .. to-1 are attended; y: rows of y_row floats.
// lanes (16 or 8) chooses the exponential and the groups of its sum.
// scratch, with padded = d rounded up to 16: (most + 64) * (d + padded) + 2 * most + 24 * 64 floats.
ISOBIT_UNUSED ISOBIT_AVX2 static inline void iso_attn_tile_avx2(const float *q, iso_attn_view q_view, const uint16_t *k,
                                                                iso_attn_view k_view, const uint16_t *v, iso_attn_view v_view,
                                                                float *y, size_t y_row, size_t count, size_t keys, size_t from, size_t to, size_t d,
                                                                float scale, int lanes, size_t most, float *scratch)
{
    const size_t padded = (d + 15) / 16 * 16;
    const size_t rows = (count + 23) / 24 * 24;
    float *scores = scratch;           // [24][64]
    float *kt = scores + 24 * 64;      // [d][64]
    float *vt = kt + 64 * d;           // [64][padded]
    float *acc = vt + 64 * padded;     // [most][padded]
    float *qc = acc + most * padded;   // [most][d]
    float *max = qc + most * d;        // [most]
    float *sum = max + most;           // [most]
    memset(scratch, 0, (24 * 64 + 64 * d + 64 * padded + rows * padded) * sizeof *scratch);
    memset(qc + count * d, 0, (rows - count) * d * sizeof *qc);
    iso_attn_pack_queries_avx2(qc, q, q_view, count, d);
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = from / 64 * 64; key < to; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        const size_t low = from > key ? from - key : 0, high = to - key < 64 ? to - key : 64;
        iso_attn_pack_keys_avx2(kt, k + (ptrdiff_t)key * k_view.row, k_view, present, d);
        iso_attn_pack_values_avx2(vt, v + (ptrdiff_t)key * v_view.row, v_view, present, d);
        for (size_t i = 0; i < count; i += 24) {
            const size_t here = count - i < 24 ? count - i : 24;
            for (size_t r = 0; r < here; r += 6) {
                iso_attn_scores_avx2(scores + r * 64, qc + (i + r) * d, kt, d, scale, low, high);
            }
            iso_attn_weights_avx2(scores, here, max + i, sum + i, acc + i * padded, padded, lanes);
            iso_attn_sums_avx2(sum + i, scores, here, lanes);
            size_t e = 0;
            for (; e + 8 < d; e += 16) {
                const size_t width = e < d / 64 * 64 ? 64 : 16;
                for (size_t r = 0; r < here; r += 6) {
                    iso_attn_values16_avx2(acc + (i + r) * padded + e, scores + r * 64, vt + e / width * width * 64 + e % width,
                                           padded, width);
                }
            }
            if (e < d) {
                for (size_t r = 0; r < here; r += 12) {
                    iso_attn_values8_avx2(acc + (i + r) * padded + e, scores + r * 64, vt + e * 64, padded);
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        iso_attn_out_avx2(y + i * y_row, acc + i * padded, inverse, d);
    }
}
#endif

/* ---- vexp_16.neon ---- */
#if ISOBIT_ARM64
// exp as the 16-lane classes define it, four values, NEON.

// 2^n for whole n in [-126, 127].
ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_vexp_power_neon(float32x4_t n)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23));
}

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_vexp_16_neon(float32x4_t x)
{
    // Past 140 either way the result is already +0 or +inf; a NaN passes both steps.
    x = vminq_f32(vdupq_n_f32(140.0f), vmaxq_f32(vdupq_n_f32(-140.0f), x));
    const float32x4_t round = vdupq_n_f32(0x1.8p23f);
    const float32x4_t n = vsubq_f32(vfmaq_f32(round, x, vdupq_n_f32(0x1.715476p+0f)), round);
    const float32x4_t b = vfmsq_f32(vfmsq_f32(x, n, vdupq_n_f32(0x1.62e4p-1f)), n, vdupq_n_f32(0x1.7f7d1cp-20f));
    const float32x4_t u = vmulq_f32(b, b);
    const float32x4_t p4 = vfmaq_f32(vdupq_n_f32(0x1.573e2ep-5f), vdupq_n_f32(0x1.0e4020p-7f), b);
    const float32x4_t p2 = vfmaq_f32(vdupq_n_f32(0x1.fffdb6p-2f), vdupq_n_f32(0x1.555e66p-3f), b);
    const float32x4_t p0 = vfmaq_f32(vdupq_n_f32(1.0f), vdupq_n_f32(0x1.ffffecp-1f), b);
    const float32x4_t j = vfmaq_f32(p0, vfmaq_f32(p2, p4, u), u);
    // Scaling in two steps: the first, by at most 2^100, is exact, so that only the second rounds.
    const float32x4_t first = vminq_f32(vdupq_n_f32(100.0f), vmaxq_f32(vdupq_n_f32(-100.0f), n));
    return vmulq_f32(vmulq_f32(j, iso_vexp_power_neon(first)), iso_vexp_power_neon(vsubq_f32(n, first)));
}
#endif

/* ---- vexp_8.neon ---- */
#if ISOBIT_ARM64
// exp as the 8-lane classes define it, four values, NEON.

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_vexp_8_neon(float32x4_t x)
{
    const float32x4_t round = vdupq_n_f32(0x1.8p23f);
    const float32x4_t z = vfmaq_f32(round, x, vdupq_n_f32(0x1.715476p+0f));
    const float32x4_t n = vsubq_f32(z, round);
    const float32x4_t b = vfmsq_f32(vfmsq_f32(x, n, vdupq_n_f32(0x1.62e4p-1f)), n, vdupq_n_f32(0x1.7f7d1cp-20f));
    const float32x4_t u = vmulq_f32(b, b);
    const float32x4_t p4 = vfmaq_f32(vdupq_n_f32(0x1.573e2ep-5f), vdupq_n_f32(0x1.0e4020p-7f), b);
    const float32x4_t p2 = vfmaq_f32(vdupq_n_f32(0x1.fffdb6p-2f), vdupq_n_f32(0x1.555e66p-3f), b);
    const float32x4_t j = vfmaq_f32(vmulq_f32(vdupq_n_f32(0x1.ffffecp-1f), b), vfmaq_f32(p2, p4, u), u);
    const uint32x4_t e = vshlq_n_u32(vreinterpretq_u32_f32(z), 23);
    const float32x4_t k = vreinterpretq_f32_u32(vaddq_u32(e, vdupq_n_u32(0x3f800000u)));
    const float32x4_t plain = vfmaq_f32(k, j, k);
    const float32x4_t size = vabsq_f32(n);
    const uint32x4_t large = vcgtq_f32(size, vdupq_n_f32(126.0f));
    if (vmaxvq_u32(large) == 0) {
        return plain;
    }
    // 2^n is no normal number in some lane: two factors, or their limit past 192.
    const uint32x4_t g = vandq_u32(vcleq_f32(n, vdupq_n_f32(0.0f)), vdupq_n_u32(0x82000000u));
    const float32x4_t s1 = vreinterpretq_f32_u32(vaddq_u32(g, vdupq_n_u32(0x7f000000u)));
    const float32x4_t s2 = vreinterpretq_f32_u32(vsubq_u32(e, g));
    const float32x4_t stepped = vmulq_f32(vfmaq_f32(s2, s2, j), s1);
    const uint32x4_t limit = vcgtq_f32(size, vdupq_n_f32(192.0f));
    return vbslq_f32(limit, vmulq_f32(s1, s1), vbslq_f32(large, stepped, plain));
}
#endif

/* ---- attn_pack.neon ---- */
#if ISOBIT_ARM64
// A tile of up to 64 keys and values widened to f32 for attention, NEON.

ISOBIT_UNUSED ISOBIT_NEON static inline float32x4_t iso_attn_load4_neon(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

// kt[e][t], e = 0 .. 3, from four rows t of f16.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_transpose4_neon(float *kt, const uint16_t *k, ptrdiff_t row)
{
    const float32x4x2_t a = vtrnq_f32(iso_attn_load4_neon(k), iso_attn_load4_neon(k + row));
    const float32x4x2_t b = vtrnq_f32(iso_attn_load4_neon(k + 2 * row), iso_attn_load4_neon(k + 3 * row));
    vst1q_f32(kt, vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0])));
    vst1q_f32(kt + 64, vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1])));
    vst1q_f32(kt + 128, vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0])));
    vst1q_f32(kt + 192, vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1])));
}

// kt[d][64] = `present` rows of k, transposed. Columns past them keep what they held.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_pack_keys_neon(float *kt, const uint16_t *k, iso_attn_view view, size_t present,
                                                                     size_t d)
{
    const size_t whole = view.element == 1 ? d / 4 * 4 : 0;
    const size_t fours = present / 4 * 4;
    for (size_t t = 0; t < fours; t += 4) {
        for (size_t e = 0; e < whole; e += 4) {
            iso_attn_transpose4_neon(kt + e * 64 + t, k + (ptrdiff_t)t * view.row + e, view.row);
        }
    }
    for (size_t t = 0; t < present; t++) {
        for (size_t e = t < fours ? whole : 0; e < d; e++) {
            kt[e * 64 + t] = iso_f16_to_f32(k[(ptrdiff_t)t * view.row + (ptrdiff_t)e * view.element]);
        }
    }
}

// `present` rows of v as blocks of 8 columns, each [64][8], the last one padded; what lies past the rows and past d keeps
// what it held.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_pack_values_neon(float *dst, const uint16_t *v, iso_attn_view view, size_t present,
                                                                       size_t d)
{
    const size_t whole = view.element == 1 ? d / 4 * 4 : 0;
    for (size_t t = 0; t < present; t++) {
        const uint16_t *row = v + (ptrdiff_t)t * view.row;
        for (size_t e = 0; e < whole; e += 4) {
            vst1q_f32(dst + e / 8 * 512 + t * 8 + e % 8, iso_attn_load4_neon(row + e));
        }
        for (size_t e = whole; e < d; e++) {
            dst[e / 8 * 512 + t * 8 + e % 8] = iso_f16_to_f32(row[(ptrdiff_t)e * view.element]);
        }
    }
}

// dst[d][12]: up to 12 rows of q, transposed; missing rows are zero.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_pack_queries_neon(float *dst, const float *q, iso_attn_view view, size_t count,
                                                                        size_t d)
{
    for (size_t i = 0; i < 12; i++) {
        const float *row = q + (ptrdiff_t)i * view.row;
        for (size_t e = 0; e < d; e++) {
            dst[e * 12 + i] = i < count ? row[(ptrdiff_t)e * view.element] : 0.0f;
        }
    }
}
#endif

/* ---- attn_tile.neon ---- */
#if ISOBIT_ARM64
// Attention of a block of query rows of one head over key tiles of 64, NEON.

// Loops over the registers of a tile; gcc would keep the arrays in memory otherwise.
#if defined(__clang__)
#define ISO_ATTN_UNROLL _Pragma("unroll")
#else
#define ISO_ATTN_UNROLL _Pragma("GCC unroll 12")
#endif

// s[12][64] = scale * q k^T for q[d][12] and kt[d][64]; columns from `present` on are -inf.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_scores_neon(float *s, const float *q, const float *kt, size_t d, float scale,
                                                                  size_t present)
{
    for (size_t t = 0; t < 64; t += 8) {
        float32x4_t a[12], b[12];
        ISO_ATTN_UNROLL
        for (size_t i = 0; i < 12; i++) {
            a[i] = b[i] = vdupq_n_f32(0.0f);
        }
        for (size_t e = 0; e < d; e++) {
            const float32x4_t k0 = vld1q_f32(kt + e * 64 + t);
            const float32x4_t k1 = vld1q_f32(kt + e * 64 + t + 4);
            ISO_ATTN_UNROLL
            for (size_t i = 0; i < 12; i += 4) {
                const float32x4_t qe = vld1q_f32(q + e * 12 + i);
                a[i] = vfmaq_laneq_f32(a[i], k0, qe, 0);
                b[i] = vfmaq_laneq_f32(b[i], k1, qe, 0);
                a[i + 1] = vfmaq_laneq_f32(a[i + 1], k0, qe, 1);
                b[i + 1] = vfmaq_laneq_f32(b[i + 1], k1, qe, 1);
                a[i + 2] = vfmaq_laneq_f32(a[i + 2], k0, qe, 2);
                b[i + 2] = vfmaq_laneq_f32(b[i + 2], k1, qe, 2);
                a[i + 3] = vfmaq_laneq_f32(a[i + 3], k0, qe, 3);
                b[i + 3] = vfmaq_laneq_f32(b[i + 3], k1, qe, 3);
            }
        }
        ISO_ATTN_UNROLL
        for (size_t i = 0; i < 12; i++) {
            vst1q_f32(s + 64 * i + t, vmulq_n_f32(a[i], scale));
            vst1q_f32(s + 64 * i + t + 4, vmulq_n_f32(b[i], scale));
        }
    }
    for (size_t i = 0; i < 12; i++) {
        for (size_t t = present; t < 64; t++) {
            s[i * 64 + t] = -INFINITY;
        }
    }
}

// The largest of s[64], the later of two that do not compare.
ISOBIT_UNUSED ISOBIT_NEON static inline float iso_attn_max_neon(const float *s)
{
    uint32x4_t ordered = vdupq_n_u32(0xffffffffu);
    float32x4_t top = vdupq_n_f32(-INFINITY);
    for (size_t t = 0; t < 64; t += 4) {
        const float32x4_t v = vld1q_f32(s + t);
        ordered = vandq_u32(ordered, vceqq_f32(v, v));
        top = vmaxq_f32(top, v);
    }
    if (vminvq_u32(ordered) == 0) {
        float largest = -INFINITY;
        for (size_t t = 0; t < 64; t++) {
            largest = largest > s[t] ? largest : s[t];
        }
        return largest;
    }
    return vmaxvq_f32(top);
}

// The halving trees of s[64] in groups of 16 or 8, added up in double.
ISOBIT_UNUSED ISOBIT_NEON static inline double iso_attn_sum_neon(const float *s, int lanes)
{
    float group[8];
    const size_t step = (size_t)lanes;
    for (size_t g = 0; g < 64 / step; g += 4) {
        float32x4_t r[4];
        for (size_t j = 0; j < 4; j++) {
            const float *p = s + (g + j) * step;
            if (lanes == 16) {
                r[j] = vaddq_f32(vaddq_f32(vld1q_f32(p), vld1q_f32(p + 8)), vaddq_f32(vld1q_f32(p + 4), vld1q_f32(p + 12)));
            } else {
                r[j] = vaddq_f32(vld1q_f32(p), vld1q_f32(p + 4));
            }
        }
        vst1q_f32(group + g, iso_tree4_neon(r[0], r[1], r[2], r[3]));
    }
    double sum = 0.0;
    for (size_t g = 0; g < 64 / step; g++) {
        sum += (double)group[g];
    }
    return sum;
}

// s[64]: scores become weights. The running maximum follows; sum and output row acc are rescaled to it.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_weights_neon(float *s, float *max, float *sum, float *acc, size_t padded, int lanes)
{
    const float largest = iso_attn_max_neon(s);
    if (largest == -INFINITY) {
        memset(s, 0, 64 * sizeof *s);
        return;
    }
    if (largest > *max) {
        const float c = iso_glibc_expf(*max - largest);
        for (size_t e = 0; e < padded; e += 4) {
            vst1q_f32(acc + e, vmulq_n_f32(vld1q_f32(acc + e), c));
        }
        *sum = *sum * c;
        *max = largest;
    }
    const float32x4_t top = vdupq_n_f32(*max);
    for (size_t t = 0; t < 64; t += 4) {
        const float32x4_t x = vsubq_f32(vld1q_f32(s + t), top);
        vst1q_f32(s + t, lanes == 16 ? iso_vexp_16_neon(x) : iso_vexp_8_neon(x));
    }
    *sum = (float)((double)*sum + iso_attn_sum_neon(s, lanes));
}

// acc[12] (rows of `padded` floats, 8 of them) goes on over p[12][64] and v[64][8].
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_values_neon(float *acc, const float *p, const float *v, size_t padded)
{
    float32x4_t a[12], b[12];
    ISO_ATTN_UNROLL
    for (size_t i = 0; i < 12; i++) {
        a[i] = vld1q_f32(acc + i * padded);
        b[i] = vld1q_f32(acc + i * padded + 4);
    }
    for (size_t t = 0; t < 64; t++) {
        const float32x4_t v0 = vld1q_f32(v + t * 8);
        const float32x4_t v1 = vld1q_f32(v + t * 8 + 4);
        ISO_ATTN_UNROLL
        for (size_t i = 0; i < 12; i++) {
            a[i] = vfmaq_n_f32(a[i], v0, p[i * 64 + t]);
            b[i] = vfmaq_n_f32(b[i], v1, p[i * 64 + t]);
        }
    }
    ISO_ATTN_UNROLL
    for (size_t i = 0; i < 12; i++) {
        vst1q_f32(acc + i * padded, a[i]);
        vst1q_f32(acc + i * padded + 4, b[i]);
    }
}

#undef ISO_ATTN_UNROLL

// q: the first of `count` query rows, at most 96; k, v: the first of `keys` rows; y: rows of y_row floats.
// lanes (16 or 8) chooses the exponential and the groups of its sum.
// scratch, with padded = d rounded up to 8: 160 * (d + padded) + 12 * 64 floats.
ISOBIT_UNUSED ISOBIT_NEON static inline void iso_attn_tile_neon(const float *q, iso_attn_view q_view, const uint16_t *k,
                                                                iso_attn_view k_view, const uint16_t *v, iso_attn_view v_view,
                                                                float *y, size_t y_row, size_t count, size_t keys, size_t d,
                                                                float scale, int lanes, float *scratch)
{
    const size_t padded = (d + 7) / 8 * 8;
    float *scores = scratch;        // [12][64]
    float *kt = scores + 12 * 64;   // [d][64]
    float *vt = kt + 64 * d;        // [padded/8][64][8]
    float *acc = vt + 64 * padded;  // [96][padded]
    float *qt = acc + 96 * padded;  // [8][d][12]
    float max[96];
    float sum[96];
    memset(scratch, 0, (12 * 64 + 64 * d + 160 * padded) * sizeof *scratch);
    for (size_t i = 0; i < count; i += 12) {
        iso_attn_pack_queries_neon(qt + i * d, q + (ptrdiff_t)i * q_view.row, q_view, count - i < 12 ? count - i : 12, d);
    }
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = 0; key < keys; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        iso_attn_pack_keys_neon(kt, k + (ptrdiff_t)key * k_view.row, k_view, present, d);
        iso_attn_pack_values_neon(vt, v + (ptrdiff_t)key * v_view.row, v_view, present, d);
        for (size_t i = 0; i < count; i += 12) {
            iso_attn_scores_neon(scores, qt + i * d, kt, d, scale, present);
            for (size_t r = i; r < i + 12 && r < count; r++) {
                iso_attn_weights_neon(scores + (r - i) * 64, max + r, sum + r, acc + r * padded, padded, lanes);
            }
            for (size_t e = 0; e < padded; e += 8) {
                iso_attn_values_neon(acc + i * padded + e, scores, vt + e * 64, padded);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        for (size_t e = 0; e < d; e++) {
            y[i * y_row + e] = acc[i * padded + e] * inverse;
        }
    }
}
#endif

/* ---- vexp_16 ---- */
// exp as the 16-lane classes define it, one value: degree-5 polynomial, scaled by 2^n with one rounding.

ISOBIT_UNUSED static inline float iso_vexp_16(float x)
{
    const float z = fmaf(x, 0x1.715476p+0f, 0x1.8p23f);
    const float n = z - 0x1.8p23f;
    const float b = fmaf(-n, 0x1.7f7d1cp-20f, fmaf(-n, 0x1.62e4p-1f, x));
    const float u = b * b;
    const float high = fmaf(fmaf(0x1.0e4020p-7f, b, 0x1.573e2ep-5f), u, fmaf(0x1.555e66p-3f, b, 0x1.fffdb6p-2f));
    const float j = fmaf(high, u, fmaf(0x1.ffffecp-1f, b, 1.0f));
    if (n > 192.0f) {
        return INFINITY;
    }
    if (n < -192.0f) {
        return 0.0f;
    }
    if (n != n) {
        return n;
    }
    const uint64_t power_bits = (uint64_t)(int64_t)((int)n + 1023) << 52;
    double power;
    memcpy(&power, &power_bits, sizeof power);
    return (float)((double)j * power);
}

/* ---- vexp_8 ---- */
// exp as the 8-lane classes define it, one value: degree-5 polynomial, scaled by k + k*j, in two steps when 2^n is no normal number.

ISOBIT_UNUSED static inline float iso_vexp_8(float x)
{
    const float z = fmaf(x, 0x1.715476p+0f, 0x1.8p23f);
    const float n = z - 0x1.8p23f;
    const float b = fmaf(-n, 0x1.7f7d1cp-20f, fmaf(-n, 0x1.62e4p-1f, x));
    const float u = b * b;
    const float high = fmaf(fmaf(0x1.0e4020p-7f, b, 0x1.573e2ep-5f), u, fmaf(0x1.555e66p-3f, b, 0x1.fffdb6p-2f));
    const float j = fmaf(high, u, 0x1.ffffecp-1f * b);
    uint32_t e;
    memcpy(&e, &z, sizeof e);
    e <<= 23;
    if (!(fabsf(n) > 126.0f)) {
        const uint32_t k_bits = e + 0x3f800000u;
        float k;
        memcpy(&k, &k_bits, sizeof k);
        return fmaf(j, k, k);
    }
    const uint32_t g = n <= 0.0f ? 0x82000000u : 0u;
    const uint32_t s1_bits = g + 0x7f000000u;
    const uint32_t s2_bits = e - g;
    float s1;
    float s2;
    memcpy(&s1, &s1_bits, sizeof s1);
    memcpy(&s2, &s2_bits, sizeof s2);
    if (fabsf(n) > 192.0f) {
        return s1 * s1;
    }
    return fmaf(s2, j, s2) * s1;
}

/* ---- vexp_4 ---- */
// exp as the classes of the build without SIMD define it, one value: no step is fused, scaled by k + k*j.

ISOBIT_UNUSED static inline float iso_vexp_4(float x)
{
    const float z = x * 0x1.715476p+0f + 0x1.8p23f;
    const float n = z - 0x1.8p23f;
    const float b = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
    const float u = b * b;
    const float high = (0x1.0e4020p-7f * b + 0x1.573e2ep-5f) * u + (0x1.555e66p-3f * b + 0x1.fffdb6p-2f);
    const float j = high * u + 0x1.ffffecp-1f * b;
    uint32_t e;
    memcpy(&e, &z, sizeof e);
    e <<= 23;
    if (!(fabsf(n) > 126.0f)) {
        const uint32_t k_bits = e + 0x3f800000u;
        float k;
        memcpy(&k, &k_bits, sizeof k);
        return j * k + k;
    }
    const uint32_t g = n <= 0.0f ? 0x82000000u : 0u;
    const uint32_t s1_bits = g + 0x7f000000u;
    const uint32_t s2_bits = e - g;
    float s1;
    float s2;
    memcpy(&s1, &s1_bits, sizeof s1);
    memcpy(&s2, &s2_bits, sizeof s2);
    if (fabsf(n) > 192.0f) {
        return s1 * s1;
    }
    return (s2 * j + s2) * s1;
}

/* ---- attn_exp ---- */
// Attention's exponential, sums of groups and steps as 16, 8 or 4 lanes define them, portable C.

ISOBIT_UNUSED static inline float iso_attn_exp(float x, size_t lanes)
{
    return lanes == 16 ? iso_vexp_16(x) : lanes == 8 ? iso_vexp_8(x) : iso_vexp_4(x);
}

// The sum of the lanes, which are overwritten.
ISOBIT_UNUSED static inline float iso_attn_group(float *a, size_t lanes)
{
    return lanes == 16 ? iso_tree16(a) : lanes == 8 ? iso_tree8(a) : (a[0] + a[1]) + (a[2] + a[3]);
}

// a*b + c: fused but in the form of 4 lanes.
ISOBIT_UNUSED static inline float iso_attn_step(float a, float b, float c, size_t lanes)
{
    const float product = a * b;
    return lanes == 4 ? product + c : fmaf(a, b, c);
}

// Dot product with a double sum of rounded products.
ISOBIT_UNUSED static inline float iso_attn_ddot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)(a[i] * b[i]);
    }
    return (float)sum;
}

/* ---- attn_tile ---- */
// Attention of up to 64 query rows of one head over key tiles of 64, portable C.

// q: the first of `count` query rows; k, v: the first of `keys` rows, of which from .. to-1 are attended; y: rows of y_row floats.
// lanes (16, 8 or 4) chooses the exponential and the groups of its sum; with 4 nothing is fused. scratch: (3*d + 64) * 64 floats.
ISOBIT_UNUSED static inline void iso_attn_tile(const float *q, iso_attn_view q_view, const uint16_t *k, iso_attn_view k_view,
                                               const uint16_t *v, iso_attn_view v_view, float *y, size_t y_row, size_t count,
                                               size_t keys, size_t from, size_t to, size_t d, float scale, size_t lanes, float *scratch)
{
    float *kt = scratch;          // [d][64]
    float *vt = kt + 64 * d;      // [64][d]
    float *acc = vt + 64 * d;     // [64][d]
    float *scores = acc + 64 * d; // [64][64]
    float max[64];
    float sum[64];
    memset(scratch, 0, 3 * 64 * d * sizeof *scratch);
    for (size_t i = 0; i < count; i++) {
        max[i] = -INFINITY;
        sum[i] = 0.0f;
    }
    for (size_t key = from / 64 * 64; key < to; key += 64) {
        const size_t present = keys - key < 64 ? keys - key : 64;
        for (size_t t = 0; t < present; t++) {
            const uint16_t *kr = k + (ptrdiff_t)(key + t) * k_view.row;
            const uint16_t *vr = v + (ptrdiff_t)(key + t) * v_view.row;
            for (size_t e = 0; e < d; e++) {
                kt[e * 64 + t] = iso_f16_to_f32(kr[(ptrdiff_t)e * k_view.element]);
                vt[t * d + e] = iso_f16_to_f32(vr[(ptrdiff_t)e * v_view.element]);
            }
        }
        for (size_t i = 0; i < count; i++) {
            const float *qr = q + (ptrdiff_t)i * q_view.row;
            float *s = scores + i * 64;
            for (size_t t = 0; t < 64; t++) {
                s[t] = 0.0f;
            }
            for (size_t e = 0; e < d; e++) {
                const float qe = qr[(ptrdiff_t)e * q_view.element];
                for (size_t t = 0; t < 64; t++) {
                    s[t] = iso_attn_step(kt[e * 64 + t], qe, s[t], lanes);
                }
            }
            float tile_max = -INFINITY;
            for (size_t t = 0; t < 64; t++) {
                s[t] = key + t >= from && key + t < to ? s[t] * scale : -INFINITY;
                tile_max = tile_max > s[t] ? tile_max : s[t];
            }
            float *a = acc + i * d;
            if (tile_max == -INFINITY) {
                memset(s, 0, 64 * sizeof *s);
            } else {
                if (tile_max > max[i]) {
                    const float c = iso_glibc_expf(max[i] - tile_max);
                    for (size_t e = 0; e < d; e++) {
                        a[e] = a[e] * c;
                    }
                    sum[i] = sum[i] * c;
                    max[i] = tile_max;
                }
                double tile_sum = 0.0;
                for (size_t t = 0; t < 64; t += lanes) {
                    float group[16];
                    for (size_t j = 0; j < lanes; j++) {
                        const float x = s[t + j] - max[i];
                        group[j] = s[t + j] = iso_attn_exp(x, lanes);
                    }
                    tile_sum += (double)iso_attn_group(group, lanes);
                }
                sum[i] = (float)((double)sum[i] + tile_sum);
            }
            for (size_t t = 0; t < 64; t++) {
                for (size_t e = 0; e < d; e++) {
                    a[e] = iso_attn_step(vt[t * d + e], s[t], a[e], lanes);
                }
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        const float inverse = sum[i] == 0.0f ? 0.0f : 1.0f / sum[i];
        for (size_t e = 0; e < d; e++) {
            y[i * y_row + e] = acc[i * d + e] * inverse;
        }
    }
}

/* ---- gemm_vdot ---- */
// Dot products with four accumulators of 16 or 8 lanes and an ordered tail: portable C.

// (acc[0] + acc[2]) + (acc[1] + acc[3]), then 16 lanes by the halving tree, 8 lanes by halves and then neighbours.
ISOBIT_UNUSED static inline float iso_gemm_vdot_reduce(float acc[4][16], size_t lanes)
{
    float r[16];
    for (size_t j = 0; j < lanes; j++) {
        r[j] = (acc[0][j] + acc[2][j]) + (acc[1][j] + acc[3][j]);
    }
    if (lanes == 16) {
        return iso_tree16(r);
    }
    return ((r[0] + r[4]) + (r[1] + r[5])) + ((r[2] + r[6]) + (r[3] + r[7]));
}

// w and x: values that f16 can hold, so that every product is exact in f32. The tail is summed in double.
ISOBIT_UNUSED static inline float iso_gemm_vdot_of_f16(const float *w, const float *x, size_t k, size_t lanes)
{
    float acc[4][16] = {{0}};
    const size_t grouped = k - k % (4 * lanes);
    for (size_t i = 0; i < grouped; i += 4 * lanes) {
        for (size_t a = 0; a < 4; a++) {
            for (size_t j = 0; j < lanes; j++) {
                acc[a][j] = w[i + a * lanes + j] * x[i + a * lanes + j] + acc[a][j];
            }
        }
    }
    double sum = (double)iso_gemm_vdot_reduce(acc, lanes);
    for (size_t i = grouped; i < k; i++) {
        sum += (double)(w[i] * x[i]);
    }
    return (float)sum;
}

// The tail: products rounded on their own in groups of lanes, then in one group of lanes / 2, the last few fused.
ISOBIT_UNUSED static inline float iso_gemm_vdot_f32(const float *w, const float *x, size_t k, size_t lanes)
{
    float acc[4][16] = {{0}};
    const size_t grouped = k - k % (4 * lanes);
    for (size_t i = 0; i < grouped; i += 4 * lanes) {
        for (size_t a = 0; a < 4; a++) {
            for (size_t j = 0; j < lanes; j++) {
                acc[a][j] = fmaf(w[i + a * lanes + j], x[i + a * lanes + j], acc[a][j]);
            }
        }
    }
    float sum = iso_gemm_vdot_reduce(acc, lanes);
    size_t separate = grouped + (k - grouped) / lanes * lanes;
    if (separate + lanes / 2 <= k) {
        separate += lanes / 2;
    }
    for (size_t i = grouped; i < separate; i++) {
        sum += w[i] * x[i];
    }
    for (size_t i = separate; i < k; i++) {
        sum = fmaf(w[i], x[i], sum);
    }
    return sum;
}

/* ---- attn_chunk ---- */
// Attention of one query row of one head, key by key, with an f16 accumulator: portable C.

// k, v: the first of `keys` rows. lanes (16 or 8) is the width of the score's dot product; 4: a double sum, nothing fused. scratch: 3*d floats.
ISOBIT_UNUSED static inline void iso_attn_chunk_row(const float *q, iso_attn_view q_view, const uint16_t *k, iso_attn_view k_view,
                                                    const uint16_t *v, iso_attn_view v_view, float *y, size_t keys, size_t d,
                                                    float scale, size_t lanes, float *scratch)
{
    float *qh = scratch;
    float *kh = qh + d;
    float *acc = kh + d; // always a value that f16 can hold
    for (size_t e = 0; e < d; e++) {
        qh[e] = iso_f16_to_f32(iso_f32_to_f16(q[(ptrdiff_t)e * q_view.element]));
        acc[e] = 0.0f;
    }
    float max = -INFINITY;
    float sum = 0.0f;
    for (size_t t = 0; t < keys; t++) {
        for (size_t e = 0; e < d; e++) {
            kh[e] = iso_f16_to_f32(k[(ptrdiff_t)t * k_view.row + (ptrdiff_t)e * k_view.element]);
        }
        const float s = (lanes == 4 ? iso_attn_ddot(kh, qh, d) : iso_gemm_vdot_of_f16(kh, qh, d, lanes)) * scale;
        float c = 1.0f;
        float p = 1.0f;
        if (s > max) {
            c = iso_glibc_expf(max - s);
            max = s;
            for (size_t e = 0; e < d; e++) {
                acc[e] = iso_f16_to_f32(iso_f32_to_f16(acc[e] * c));
            }
        } else {
            p = iso_glibc_expf(s - max);
        }
        for (size_t e = 0; e < d; e++) {
            const float value = iso_f16_to_f32(v[(ptrdiff_t)t * v_view.row + (ptrdiff_t)e * v_view.element]);
            acc[e] = iso_f16_to_f32(iso_f32_to_f16(iso_attn_step(value, p, acc[e], lanes)));
        }
        sum = iso_attn_step(sum, c, p, lanes);
    }
    const float inverse = sum == 0.0f ? 0.0f : 1.0f / sum;
    for (size_t e = 0; e < d; e++) {
        y[e] = acc[e] * inverse;
    }
}

/* ---- gemm_gelu ---- */
// tanh GELU through the table over all f16 values, one value.

ISOBIT_UNUSED static inline float iso_gemm_gelu(float x, const uint16_t *table)
{
    if (x <= -10.0f) {
        return 0.0f;
    }
    if (x >= 10.0f) {
        return x;
    }
    return iso_f16_to_f32(table[iso_f32_to_f16(x)]);
}

/* ---- table gelu_f16 ---- */
// GELU, tanh form, of every f16 value, rounded to f16 after f32 arithmetic; no library function, so equal everywhere.

enum { TABLE_gelu_f16_COUNT = 65536 };
typedef uint16_t table_gelu_f16_t;
static const uint64_t table_gelu_f16_checksum = 0x7f959d6e0936240cULL;

// exp(x) for |x| <= 40, relative error below 2^-50: x = k ln2 + r, exp(r) by its series.
static double table_gelu_f16_exp(double x)
{
    const int64_t k = (int64_t)(x * 0x1.71547652b82fep+0 + 64.5) - 64; // nearest integer: the bias makes truncation a floor
    const double r = (x - (double)k * 0x1.62e42fee00000p-1) - (double)k * 0x1.a39ef35793c76p-33;
    double series = 1.0;
    for (int i = 16; i >= 1; i--) {
        series = 1.0 + series * r / (double)i;
    }
    const uint64_t bits = (uint64_t)(k + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

static float table_gelu_f16_tanh(float a)
{
    if (a > 16.0f) {
        return 1.0f;
    }
    if (a < -16.0f) {
        return -1.0f;
    }
    return (float)(1.0 - 2.0 / (table_gelu_f16_exp(2.0 * (double)a) + 1.0));
}

static void table_gelu_f16_fill(table_gelu_f16_t *out)
{
    for (uint32_t h = 0; h < TABLE_gelu_f16_COUNT; h++) {
        if ((h & 0x7fffu) > 0x7c00u) { // NaN: itself, quiet
            out[h] = (uint16_t)(h | 0x200u);
            continue;
        }
        if (h == 0xfc00u) { // -inf * 0
            out[h] = 0xfe00u;
            continue;
        }
        const float v = iso_f16_to_f32((uint16_t)h);
        const float cubic = 0.044715f * v;
        const float inner = (float)(1.0 + (double)cubic * (double)v); // fma(cubic, v, 1): the product is exact in double
        const float a = (0x1.988454p-1f * v) * inner;
        out[h] = iso_f32_to_f16((0.5f * v) * (1.0f + table_gelu_f16_tanh(a)));
    }
}

/* ---- im2col.f32.rne.avx2 ---- */
#if ISOBIT_X86
// A line of a patch is converted in reading order, eight values at a time, then dealt out to the channels.
ISOBIT_AVX2 static void im2col_f32_rne_avx2__patch16_ch3(const float *restrict pixels, uint16_t *restrict y, size_t b, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    enum { P = 16, CH = 3, LINE = P * CH };
    (void)b;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {        const float *band = pixels + t * P * cols * LINE;        for (size_t col = 0; col < cols; col++) {
            uint16_t *patch = y + (t * cols + col) * (LINE * P);
            for (size_t dy = 0; dy < P; dy++) {                const float *line = band + (dy * cols + col) * LINE;                uint16_t half[LINE];                size_t i = 0;
                for (; i + 8 <= LINE; i += 8) {
                    _mm_storeu_si128((__m128i *)(void *)(half + i), _mm256_cvtps_ph(_mm256_loadu_ps(line + i), _MM_FROUND_TO_NEAREST_INT));
                }
                for (; i < LINE; i++) {
                    half[i] = iso_f32_to_f16(line[i]);
                }                for (size_t ch = 0; ch < CH; ch++) {
                    for (size_t dx = 0; dx < P; dx++) {
                        patch[(ch * P + dy) * P + dx] = half[dx * CH + ch];
                    }
                }
            }
        }
    }
    (void)rows;
}
#endif

/* ---- im2col.f32.rne ---- */
// One task is one row of patches: pixels stay in reading order inside a patch, channels move outwards.
static void im2col_f32_rne__patch16_ch3(const float *restrict pixels, uint16_t *restrict y, size_t b, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    enum { P = 16, CH = 3 };
    (void)b;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {        const float *band = pixels + t * P * cols * P * CH;        for (size_t col = 0; col < cols; col++) {
            uint16_t *patch = y + (t * cols + col) * (CH * P * P);
            for (size_t dy = 0; dy < P; dy++) {                const float *line = band + (dy * cols + col) * P * CH;                for (size_t dx = 0; dx < P; dx++) {
                    for (size_t ch = 0; ch < CH; ch++) {
                        patch[(ch * P + dy) * P + dx] = iso_f32_to_f16(line[dx * CH + ch]);
                    }
                }
            }
        }
    }
    (void)rows;
}

/* ---- grid_merge.f16.copy ---- */
// One task is one raster row of an image: its cells are dealt out to the blocks they belong to.
static void grid_merge_f16_copy__merge2_c768(const uint16_t *restrict x, uint16_t *restrict y, size_t b, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    enum { C = 768, MERGE = 2 };
    (void)b;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        const size_t image = t / rows, row = t % rows;
        for (size_t col = 0; col < cols; col++) {
            const size_t block = (row / MERGE) * (cols / MERGE) + col / MERGE;
            const size_t cell = (block * MERGE + row % MERGE) * MERGE + col % MERGE;
            memcpy(y + (image * rows * cols + cell) * C, x + (t * cols + col) * C, C * sizeof(uint16_t));
        }
    }
}

/* ---- conv_matmul.f16.dot8.avx512 ---- */
#if ISOBIT_X86
// convolution as a matrix product: f16 operands, 8 lanes, AVX-512.
ISOBIT_AVX512 static void conv_matmul_f16_dot8_avx512__k768_n1152(const uint16_t *restrict x, const uint16_t *restrict w, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 768;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;       // [5][32]
    float *weights = tile + 160; // 30 packed rows of w
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 480, 5, 60, 10);
        for (size_t j = b.n0; j < b.n1; j += 30) {
            const size_t cols = b.n1 - j < 30 ? b.n1 - j : 30;
            iso_gemm_pack8_avx512(weights, w + j * k, ISO_GEMM_F16, cols, k, 10);
            const size_t left = n - j - cols < 30 ? n - j - cols : 30;
            const char *soon = (const char *)(w + (j + cols) * k); // the next columns' weights
            const char *end = (const char *)(w + (j + cols + left) * k);
            const size_t part = (size_t)(end - soon) / ((b.m1 - b.m0 + 4) / 5) + 64; // of them is fetched with each group
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 5) {
                for (const char *stop = soon + part; soon < stop && soon < end; soon += 64) {
                    __builtin_prefetch(soon, 0, 2);
                }
                const size_t next = i0 + 5 < b.m1 ? i0 + 5 : b.m0; // fetched while this group is in work
                for (size_t i = next; i < next + 5 && i < b.m1; i++) {
                    for (size_t c = 0; c < cols; c += 15) {
                        __builtin_prefetch(y + i * n + j + c, 1);
                    }
                }
                const void *group[5]; // rows of x; past the end the last one again
                for (size_t r = 0; r < 5; r++) {
                    group[r] = x + (i0 + r < b.m1 ? i0 + r : b.m1 - 1) * k;
                }
                for (size_t c = 0; c < cols; c += 10) {
                    iso_gemm_tile8_avx512(tile + c, group, ISO_GEMM_F16, weights + c * packed, k,
                                          (const char *)((uintptr_t)(x + next * k) + c / 10 * steps * 16 * sizeof *x));
                }
                for (size_t i = i0; i < i0 + 5 && i < b.m1; i++) {
                    iso_gemm_out_avx512(y + i * n + j, tile + (i - i0) * 32, cols);
                }
            }
        }
    }
}
#endif

/* ---- conv_matmul.f16.dot8.avx2 ---- */
#if ISOBIT_X86
// convolution as a matrix product: f16 operands, 8 lanes, AVX2.
ISOBIT_AVX2 static void conv_matmul_f16_dot8_avx2__k768_n1152(const uint16_t *restrict x, const uint16_t *restrict w, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 768;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_avx2(rows, x + b.m0 * k, ISO_GEMM_F16_AVX2, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_avx2(weights, w + j * k, ISO_GEMM_F16_AVX2, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_avx2(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_avx2(y + i * n + j, tile + (i - i0) * 32, cols);
                }
            }
        }
    }
}
#endif

/* ---- conv_matmul.f16.dot8.neon ---- */
#if ISOBIT_ARM64
// convolution as a matrix product: f16 operands, 8 lanes, NEON.
ISOBIT_NEON static void conv_matmul_f16_dot8_neon__k768_n1152(const uint16_t *restrict x, const uint16_t *restrict w, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 768;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_neon(rows, x + b.m0 * k, ISO_GEMM_F16_NEON, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_neon(weights, w + j * k, ISO_GEMM_F16_NEON, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_neon(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_neon(y + i * n + j, tile + (i - i0) * 32, cols);
                }
            }
        }
    }
}
#endif

/* ---- conv_matmul.f16.dot8 ---- */
// convolution as a matrix product: f16 operands, 8 lanes, portable C.
static void conv_matmul_f16_dot8__k768_n1152(const uint16_t *restrict x, const uint16_t *restrict w, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 768;
    const size_t padded = (k + 7) / 8 * 8;
    float *weights = scratch;
    float *rows = weights + padded;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 32, 1, 128, 1);
        for (size_t i = b.m0; i < b.m1; i++) {
            iso_gemm_widen_f16(rows + (i - b.m0) * padded, x + i * k, k, padded);
        }
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, padded);
            for (size_t i = b.m0; i < b.m1; i++) {
                const float dot = iso_gemm_dot8_of_f16(rows + (i - b.m0) * padded, weights, padded);
                y[i * n + j] = dot;
            }
        }
    }
}

/* ---- add.f32.rn ---- */
// Rows only divide the work: the sum is element by element.
static void add_f32_rn__n1152(const float *a, const float *b, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    (void)m;
    (void)scratch;
    for (size_t i = t0 * 1152; i < t1 * 1152; i++) {
        y[i] = a[i] + b[i];
    }
}

/* ---- add_row.f32.rn ---- */
// Row by row; r stays in cache.
static void add_row_f32_rn__n1152(const float *x, const float *restrict r, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { N = 1152 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t i = 0; i < N; i++) {
            y[t * N + i] = x[t * N + i] + r[i];
        }
    }
}

/* ---- interpolate_grid.f32.copy ---- */
// The trained grid itself: rows = cols = 48.
static void interpolate_grid_f32_copy__side48_n1152(const float *restrict grid, float *restrict y, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    (void)rows;
    (void)scratch;
    memcpy(y + t0 * cols * 1152, grid + t0 * cols * 1152, (t1 - t0) * cols * 1152 * sizeof(float));
}

/* ---- interpolate_grid.f32.bilinear_corners_fma.avx2 ---- */
#if ISOBIT_X86
// As the portable kernel, eight columns of the grid at a time.
ISOBIT_AVX2 static void interpolate_grid_f32_bilinear_corners_fma_avx2__side48_n1152(const float *restrict grid, float *restrict y, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    enum { SIDE = 48, N = 1152 };
    (void)scratch;
    for (size_t row = t0; row < t1; row++) {
        const iso_grid_axis v = iso_grid_align(row, rows, SIDE);
        const float dy = v.t, ey = 1.0f - dy;
        for (size_t col = 0; col < cols; col++) {
            const iso_grid_axis h = iso_grid_align(col, cols, SIDE);
            const float dx = h.t, ex = 1.0f - dx;
            const float *p00 = grid + (v.low * SIDE + h.low) * N, *p01 = grid + (v.low * SIDE + h.high) * N;
            const float *p10 = grid + (v.high * SIDE + h.low) * N, *p11 = grid + (v.high * SIDE + h.high) * N;
            float *out = y + (row * cols + col) * N;
            const __m256 dxv = _mm256_set1_ps(dx), exv = _mm256_set1_ps(ex), dyv = _mm256_set1_ps(dy), eyv = _mm256_set1_ps(ey);
            size_t i = 0;
            for (; i + 8 <= N; i += 8) {
                const __m256 t00 = _mm256_mul_ps(_mm256_loadu_ps(p00 + i), exv), t01 = _mm256_mul_ps(_mm256_loadu_ps(p01 + i), dxv);
                const __m256 t10 = _mm256_mul_ps(_mm256_loadu_ps(p10 + i), exv), t11 = _mm256_mul_ps(_mm256_loadu_ps(p11 + i), dxv);
                const __m256 top = _mm256_fmadd_ps(t00, eyv, _mm256_mul_ps(t01, eyv));
                _mm256_storeu_ps(out + i, _mm256_fmadd_ps(t11, dyv, _mm256_fmadd_ps(t10, dyv, top)));
            }
            for (; i < N; i++) {
                const float t00 = p00[i] * ex, t01 = p01[i] * dx, t10 = p10[i] * ex, t11 = p11[i] * dx;
                const float first = t01 * ey;
                out[i] = fmaf(t11, dy, fmaf(t10, dy, fmaf(t00, ey, first)));
            }
        }
    }
}
#endif

/* ---- interpolate_grid.f32.bilinear_corners_fma ---- */
// One task is one row of the new grid; the four weights are the same for all columns of the grid.
static void interpolate_grid_f32_bilinear_corners_fma__side48_n1152(const float *restrict grid, float *restrict y, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    enum { SIDE = 48, N = 1152 };
    (void)scratch;
    for (size_t row = t0; row < t1; row++) {
        const iso_grid_axis v = iso_grid_align(row, rows, SIDE);
        const float dy = v.t, ey = 1 - dy;
        for (size_t col = 0; col < cols; col++) {
            const iso_grid_axis h = iso_grid_align(col, cols, SIDE);
            const float dx = h.t, ex = 1 - dx;
            const float *p00 = grid + (v.low * SIDE + h.low) * N, *p01 = grid + (v.low * SIDE + h.high) * N;
            const float *p10 = grid + (v.high * SIDE + h.low) * N, *p11 = grid + (v.high * SIDE + h.high) * N;
            float *out = y + (row * cols + col) * N;
            for (size_t i = 0; i < N; i++) {                const float t00 = p00[i] * ex, t01 = p01[i] * dx, t10 = p10[i] * ex, t11 = p11[i] * dx;                const float first = t01 * ey;
                out[i] = fmaf(t11, dy, fmaf(t10, dy, fmaf(t00, ey, first)));            }
        }
    }
}

/* ---- grid_merge.f32.copy ---- */
// One task is one raster row of an image: its cells are dealt out to the blocks they belong to.
static void grid_merge_f32_copy__merge2_c1152(const float *restrict x, float *restrict y, size_t b, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    enum { C = 1152, MERGE = 2 };
    (void)b;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        const size_t image = t / rows, row = t % rows;
        for (size_t col = 0; col < cols; col++) {
            const size_t block = (row / MERGE) * (cols / MERGE) + col / MERGE;
            const size_t cell = (block * MERGE + row % MERGE) * MERGE + col % MERGE;
            memcpy(y + (image * rows * cols + cell) * C, x + (t * cols + col) * C, C * sizeof(float));
        }
    }
}

/* ---- add_tiled.f32.rn ---- */
// Row t of x meets row t mod r of tile.
static void add_tiled_f32_rn__n1152(const float *x, const float *restrict tile, float *y, size_t t, size_t r, size_t t0, size_t t1, void *restrict scratch)
{
    enum { N = 1152 };
    (void)t;
    (void)scratch;
    for (size_t row = t0; row < t1; row++) {
        const float *other = tile + row % r * N;
        for (size_t i = 0; i < N; i++) {
            y[row * N + i] = x[row * N + i] + other[i];
        }
    }
}

/* ---- grid_positions.i32.exact ---- */
// One task is one raster row of the grid.
static void grid_positions_i32_exact__merge2(int32_t *restrict y, size_t rows, size_t cols, size_t t0, size_t t1, void *restrict scratch)
{
    enum { MERGE = 2 };
    (void)rows;
    (void)scratch;
    for (size_t row = t0; row < t1; row++) {
        for (size_t col = 0; col < cols; col++) {
            const size_t block = (row / MERGE) * (cols / MERGE) + col / MERGE;
            const size_t cell = (block * MERGE + row % MERGE) * MERGE + col % MERGE;
            y[cell * 2] = (int32_t)row;
            y[cell * 2 + 1] = (int32_t)col;
        }
    }
}

/* ---- rope_angles.i32.glibc_fma ---- */
// An angle is the previous one times scale, rounded each time; the chain starts again at the column.
static void rope_angles_i32_glibc_fma__d72_theta461c4000(const int32_t *restrict pos, float *restrict y, size_t r, size_t t0, size_t t1, void *restrict scratch)
{
    enum { D = 72, QUARTER = D / 4 };
    (void)r;
    (void)scratch;
    const float scale = iso_glibc_powf(0x1.388p+13f, -2.0f / (float)(D / 2));
    for (size_t t = t0; t < t1; t++) {
        for (size_t axis = 0; axis < 2; axis++) {
            float *out = y + t * D + axis * QUARTER * 2;
            float angle = (float)pos[t * 2 + axis];
            for (size_t i = 0; i < QUARTER; i++) {
                out[i * 2] = iso_glibc_cosf(angle);
                out[i * 2 + 1] = iso_glibc_sinf(angle);
                angle = angle * scale;
            }
        }
    }
}

/* ---- layer_norm_affine.f32.cvar8.avx2 ---- */
#if ISOBIT_X86
// Eight rows per task; the differences are computed again instead of being stored.
ISOBIT_AVX2 static void layer_norm_affine_f32_cvar8_avx2__n1152_eps358637bd(const float *x, const float *restrict w, const float *restrict b, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { N = 1152 };
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        const size_t first = t * 8, rows = m - first < 8 ? m - first : 8;
        const float *row[8];
        for (size_t j = 0; j < 8; j++) { // past the end: the last row again
            row[j] = x + (first + (j < rows ? j : rows - 1)) * N;
        }
        float mean[8], scale[8];
        iso_cvar8_avx2(row, N, 8, 0x1.0c6f7ap-20f, mean, scale);
        for (size_t j = 0; j < rows; j++) {
            const float *in = row[j];
            float *out = y + (first + j) * N;
            const __m256 mu = _mm256_set1_ps(mean[j]), k = _mm256_set1_ps(scale[j]);
            size_t i = 0;
            for (; i + 8 <= N; i += 8) {
                const __m256 scaled = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(in + i), mu), k);
                _mm256_storeu_ps(out + i, _mm256_add_ps(_mm256_mul_ps(scaled, _mm256_loadu_ps(w + i)), _mm256_loadu_ps(b + i)));
            }
            for (; i < N; i++) {
                const float d = in[i] - mean[j];
                const float scaled = d * scale[j];
                const float weighted = scaled * w[i];
                out[i] = weighted + b[i];
            }
        }
    }
}
#endif

/* ---- layer_norm_affine.f32.cvar8 ---- */
// The differences wait in y for the row's scale; scale, weight and bias round one after the other.
static void layer_norm_affine_f32_cvar8__n1152_eps358637bd(const float *x, const float *restrict w, const float *restrict b, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { N = 1152 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        float *out = y + t * N;
        const float k = iso_cvar(x + t * N, out, N, 8, 0x1.0c6f7ap-20f);
        for (size_t i = 0; i < N; i++) {
            const float scaled = out[i] * k;
            const float weighted = scaled * w[i];
            out[i] = weighted + b[i];
        }
    }
}

/* ---- cast_f16.f32.rne.avx2 ---- */
#if ISOBIT_X86
// As the portable kernel, eight elements per conversion instruction.
ISOBIT_AVX2 static void cast_f16_f32_rne_avx2__h1_d1152(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 1, D = 1152, STEP = 1 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 1152 + head * 1152;
            uint16_t *out = y + (t * H + head) * D;
            size_t i = 0;
            for (; STEP == 1 && i + 8 <= D; i += 8) {
                _mm_storeu_si128((__m128i *)(void *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
            }
            for (; i < D; i++) {
                out[i] = (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(in[i * STEP]), _MM_FROUND_TO_NEAREST_INT), 0);
            }
        }
    }
}
#endif

/* ---- cast_f16.f32.rne ---- */
// x may be a view; y is contiguous.
static void cast_f16_f32_rne__h1_d1152(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 1, D = 1152 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 1152 + head * 1152;
            uint16_t *out = y + (t * H + head) * D;
            for (size_t i = 0; i < D; i++) {
                out[i] = iso_f32_to_f16(in[i * 1]);
            }
        }
    }
}

/* ---- linear_bias.f16.dot8.avx512 ---- */
#if ISOBIT_X86
// linear with bias: f16 operands, 8 lanes, AVX-512.
ISOBIT_AVX512 static void linear_bias_f16_dot8_avx512__k1152_n3456(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 3456;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;       // [5][32]
    float *weights = tile + 160; // 30 packed rows of w
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 480, 5, 60, 10);
        for (size_t j = b.n0; j < b.n1; j += 30) {
            const size_t cols = b.n1 - j < 30 ? b.n1 - j : 30;
            iso_gemm_pack8_avx512(weights, w + j * k, ISO_GEMM_F16, cols, k, 10);
            const size_t left = n - j - cols < 30 ? n - j - cols : 30;
            const char *soon = (const char *)(w + (j + cols) * k); // the next columns' weights
            const char *end = (const char *)(w + (j + cols + left) * k);
            const size_t part = (size_t)(end - soon) / ((b.m1 - b.m0 + 4) / 5) + 64; // of them is fetched with each group
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 5) {
                for (const char *stop = soon + part; soon < stop && soon < end; soon += 64) {
                    __builtin_prefetch(soon, 0, 2);
                }
                const size_t next = i0 + 5 < b.m1 ? i0 + 5 : b.m0; // fetched while this group is in work
                for (size_t i = next; i < next + 5 && i < b.m1; i++) {
                    for (size_t c = 0; c < cols; c += 15) {
                        __builtin_prefetch(y + i * n + j + c, 1);
                    }
                }
                const void *group[5]; // rows of x; past the end the last one again
                for (size_t r = 0; r < 5; r++) {
                    group[r] = x + (i0 + r < b.m1 ? i0 + r : b.m1 - 1) * k;
                }
                for (size_t c = 0; c < cols; c += 10) {
                    iso_gemm_tile8_avx512(tile + c, group, ISO_GEMM_F16, weights + c * packed, k,
                                          (const char *)((uintptr_t)(x + next * k) + c / 10 * steps * 16 * sizeof *x));
                }
                for (size_t i = i0; i < i0 + 5 && i < b.m1; i++) {
                    iso_gemm_out_bias_avx512(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8.avx2 ---- */
#if ISOBIT_X86
// linear with bias: f16 operands, 8 lanes, AVX2.
ISOBIT_AVX2 static void linear_bias_f16_dot8_avx2__k1152_n3456(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 3456;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_avx2(rows, x + b.m0 * k, ISO_GEMM_F16_AVX2, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_avx2(weights, w + j * k, ISO_GEMM_F16_AVX2, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_avx2(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_avx2(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8.neon ---- */
#if ISOBIT_ARM64
// linear with bias: f16 operands, 8 lanes, NEON.
ISOBIT_NEON static void linear_bias_f16_dot8_neon__k1152_n3456(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 3456;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_neon(rows, x + b.m0 * k, ISO_GEMM_F16_NEON, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_neon(weights, w + j * k, ISO_GEMM_F16_NEON, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_neon(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_neon(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8 ---- */
// linear with bias: f16 operands, 8 lanes, portable C.
static void linear_bias_f16_dot8__k1152_n3456(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 3456;
    const size_t k = 1152;
    const size_t padded = (k + 7) / 8 * 8;
    float *weights = scratch;
    float *rows = weights + padded;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 32, 1, 128, 1);
        for (size_t i = b.m0; i < b.m1; i++) {
            iso_gemm_widen_f16(rows + (i - b.m0) * padded, x + i * k, k, padded);
        }
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, padded);
            for (size_t i = b.m0; i < b.m1; i++) {
                const float dot = iso_gemm_dot8_of_f16(rows + (i - b.m0) * padded, weights, padded);
                y[i * n + j] = dot + r[j];
            }
        }
    }
}

/* ---- rope_apply.f32.fma.avx2 ---- */
#if ISOBIT_X86
// As the portable kernel, eight pairs at a time; cosines and sines are separated once per row.
ISOBIT_AVX2 static void rope_apply_f32_fma_avx2__h16_d72_xs3456x72x1(const float *restrict x, const float *restrict a, float *restrict y, size_t m, size_t r, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 16, D = 72, HALF = D / 2, STEP = 1 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        const float *angle = a + t % r * D;
        float c[HALF], s[HALF];
        for (size_t i = 0; i < HALF; i++) {
            c[i] = angle[i * 2];
            s[i] = angle[i * 2 + 1];
        }
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 3456 + head * 72;
            float *out = y + (t * H + head) * D;
            size_t i = 0;
            for (; STEP == 1 && i + 8 <= HALF; i += 8) {
                const __m256 cv = _mm256_loadu_ps(c + i), sv = _mm256_loadu_ps(s + i);
                const __m256 x0 = _mm256_loadu_ps(in + i), x1 = _mm256_loadu_ps(in + i + HALF);
                _mm256_storeu_ps(out + i, _mm256_fmsub_ps(x0, cv, _mm256_mul_ps(x1, sv)));
                _mm256_storeu_ps(out + i + HALF, _mm256_fmadd_ps(x0, sv, _mm256_mul_ps(x1, cv)));
            }
            for (; STEP == 1 && i + 4 <= HALF; i += 4) {
                const __m128 cv = _mm_loadu_ps(c + i), sv = _mm_loadu_ps(s + i);
                const __m128 x0 = _mm_loadu_ps(in + i), x1 = _mm_loadu_ps(in + i + HALF);
                _mm_storeu_ps(out + i, _mm_fmsub_ps(x0, cv, _mm_mul_ps(x1, sv)));
                _mm_storeu_ps(out + i + HALF, _mm_fmadd_ps(x0, sv, _mm_mul_ps(x1, cv)));
            }
            for (; i < HALF; i++) {
                const float x0 = in[i * STEP], x1 = in[(i + HALF) * STEP];
                const float x1s = x1 * s[i], x1c = x1 * c[i];
                out[i] = fmaf(x0, c[i], -x1s);
                out[i + HALF] = fmaf(x0, s[i], x1c);
            }
        }
    }
}
#endif

/* ---- rope_apply.f32.fma ---- */
// x may be a view; the angles of a row serve all its heads.
static void rope_apply_f32_fma__h16_d72_xs3456x72x1(const float *restrict x, const float *restrict a, float *restrict y, size_t m, size_t r, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 16, D = 72, HALF = D / 2 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        const float *angle = a + t % r * D;
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 3456 + head * 72;
            float *out = y + (t * H + head) * D;
            for (size_t i = 0; i < HALF; i++) {
                const float c = angle[i * 2], s = angle[i * 2 + 1];
                const size_t p = i, q = i + HALF;
                const float x0 = in[p * 1], x1 = in[q * 1];
                const float x1s = x1 * s, x1c = x1 * c;
                out[p] = fmaf(x0, c, -x1s);
                out[q] = fmaf(x0, s, x1c);
            }
        }
    }
}

/* ---- cast_f16.f32.rne.avx2 ---- */
#if ISOBIT_X86
// As the portable kernel, eight elements per conversion instruction.
ISOBIT_AVX2 static void cast_f16_f32_rne_avx2__h16_d72(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 16, D = 72, STEP = 1 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 1152 + head * 72;
            uint16_t *out = y + (t * H + head) * D;
            size_t i = 0;
            for (; STEP == 1 && i + 8 <= D; i += 8) {
                _mm_storeu_si128((__m128i *)(void *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
            }
            for (; i < D; i++) {
                out[i] = (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(in[i * STEP]), _MM_FROUND_TO_NEAREST_INT), 0);
            }
        }
    }
}
#endif

/* ---- cast_f16.f32.rne ---- */
// x may be a view; y is contiguous.
static void cast_f16_f32_rne__h16_d72(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 16, D = 72 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 1152 + head * 72;
            uint16_t *out = y + (t * H + head) * D;
            for (size_t i = 0; i < D; i++) {
                out[i] = iso_f32_to_f16(in[i * 1]);
            }
        }
    }
}

/* ---- cast_f16.f32.rne.avx2 ---- */
#if ISOBIT_X86
// As the portable kernel, eight elements per conversion instruction.
ISOBIT_AVX2 static void cast_f16_f32_rne_avx2__h16_d72_xs3456x72x1(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 16, D = 72, STEP = 1 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 3456 + head * 72;
            uint16_t *out = y + (t * H + head) * D;
            size_t i = 0;
            for (; STEP == 1 && i + 8 <= D; i += 8) {
                _mm_storeu_si128((__m128i *)(void *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
            }
            for (; i < D; i++) {
                out[i] = (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(in[i * STEP]), _MM_FROUND_TO_NEAREST_INT), 0);
            }
        }
    }
}
#endif

/* ---- cast_f16.f32.rne ---- */
// x may be a view; y is contiguous.
static void cast_f16_f32_rne__h16_d72_xs3456x72x1(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 16, D = 72 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 3456 + head * 72;
            uint16_t *out = y + (t * H + head) * D;
            for (size_t i = 0; i < D; i++) {
                out[i] = iso_f32_to_f16(in[i * 1]);
            }
        }
    }
}

/* ---- attention.f32.tile64_exp8.avx512 ---- */
#if ISOBIT_X86
// attention: f32 queries, f16 keys and values, key tiles of 64, exponential and groups of 8 lanes, AVX-512.
ISOBIT_AVX512 static void attention_f32_tile64_exp8_avx512__h16_d72_scale3df15bf0(const float *restrict q, const uint16_t *restrict k, const uint16_t *restrict v, float *restrict y, size_t m, size_t images, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t heads = 16;
    const size_t d = 72;
    const float scale = 0x1.e2b7ep-4f;
    const iso_attn_view q_view = { 1152, 1 };
    const iso_attn_view k_view = { 1152, 1 };
    const iso_attn_view v_view = { 1152, 1 };
    const size_t rows = m / images;
    const size_t blocks = (rows + 767) / 768;
    size_t held = SIZE_MAX; // whose keys and values are widened: this head of this image
    for (size_t t = t0; t < t1; t++) {
        const size_t first = t / blocks / heads * rows;
        const size_t head = t / blocks % heads;
        const size_t q0 = iso_cut(t % blocks, rows, 768, 24);
        const size_t q1 = iso_cut(t % blocks + 1, rows, 768, 24);
        const uint16_t *kh = k + first * (size_t)1152 + head * (size_t)72;
        const uint16_t *vh = v + first * (size_t)1152 + head * (size_t)72;
        const float *qh = q + (first + q0) * (size_t)1152 + head * (size_t)72;
        iso_attn_tile_avx512(qh, q_view, kh, k_view, vh, v_view, y + ((first + q0) * heads + head) * d, heads * d, q1 - q0, rows, 0, rows, d,
                           scale, 8, 768, 64 * (d + (d + 15) / 16 * 16), held == t / blocks, scratch);
        held = t / blocks;
    }
}
#endif

/* ---- attention.f32.tile64_exp8.avx2 ---- */
#if ISOBIT_X86
// attention: f32 queries, f16 keys and values, key tiles of 64, exponential and groups of 8 lanes, AVX2.
ISOBIT_AVX2 static void attention_f32_tile64_exp8_avx2__h16_d72_scale3df15bf0(const float *restrict q, const uint16_t *restrict k, const uint16_t *restrict v, float *restrict y, size_t m, size_t images, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t heads = 16;
    const size_t d = 72;
    const float scale = 0x1.e2b7ep-4f;
    const iso_attn_view q_view = { 1152, 1 };
    const iso_attn_view k_view = { 1152, 1 };
    const iso_attn_view v_view = { 1152, 1 };
    const size_t rows = m / images;
    const size_t blocks = (rows + 767) / 768;
    for (size_t t = t0; t < t1; t++) {
        const size_t first = t / blocks / heads * rows;
        const size_t head = t / blocks % heads;
        const size_t q0 = iso_cut(t % blocks, rows, 768, 24);
        const size_t q1 = iso_cut(t % blocks + 1, rows, 768, 24);
        const uint16_t *kh = k + first * (size_t)1152 + head * (size_t)72;
        const uint16_t *vh = v + first * (size_t)1152 + head * (size_t)72;
        const float *qh = q + (first + q0) * (size_t)1152 + head * (size_t)72;
        iso_attn_tile_avx2(qh, q_view, kh, k_view, vh, v_view, y + ((first + q0) * heads + head) * d, heads * d, q1 - q0, rows, 0, rows, d,
                         scale, 8, 768, scratch);
    }
}
#endif

/* ---- attention.f32.tile64_exp8.neon ---- */
#if ISOBIT_ARM64
// attention: f32 queries, f16 keys and values, key tiles of 64, exponential and groups of 8 lanes, NEON.
ISOBIT_NEON static void attention_f32_tile64_exp8_neon__h16_d72_scale3df15bf0(const float *restrict q, const uint16_t *restrict k, const uint16_t *restrict v, float *restrict y, size_t m, size_t images, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t heads = 16;
    const size_t d = 72;
    const float scale = 0x1.e2b7ep-4f;
    const iso_attn_view q_view = { 1152, 1 };
    const iso_attn_view k_view = { 1152, 1 };
    const iso_attn_view v_view = { 1152, 1 };
    const size_t rows = m / images;
    const size_t blocks = (rows + 95) / 96;
    for (size_t t = t0; t < t1; t++) {
        const size_t first = t / blocks / heads * rows;
        const size_t head = t / blocks % heads;
        const size_t q0 = iso_cut(t % blocks, rows, 96, 12);
        const size_t q1 = iso_cut(t % blocks + 1, rows, 96, 12);
        const uint16_t *kh = k + first * (size_t)1152 + head * (size_t)72;
        const uint16_t *vh = v + first * (size_t)1152 + head * (size_t)72;
        const float *qh = q + (first + q0) * (size_t)1152 + head * (size_t)72;
        iso_attn_tile_neon(qh, q_view, kh, k_view, vh, v_view, y + ((first + q0) * heads + head) * d, heads * d, q1 - q0, rows, d,
                         scale, 8, scratch);
    }
}
#endif

/* ---- attention.f32.tile64_exp8 ---- */
// attention: f32 queries, f16 keys and values, key tiles of 64, exponential and groups of 8 lanes, portable C.
static void attention_f32_tile64_exp8__h16_d72_scale3df15bf0(const float *restrict q, const uint16_t *restrict k, const uint16_t *restrict v, float *restrict y, size_t m, size_t images, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t heads = 16;
    const size_t d = 72;
    const float scale = 0x1.e2b7ep-4f;
    const iso_attn_view q_view = { 1152, 1 };
    const iso_attn_view k_view = { 1152, 1 };
    const iso_attn_view v_view = { 1152, 1 };
    const size_t rows = m / images;
    const size_t blocks = (rows + 63) / 64;
    for (size_t t = t0; t < t1; t++) {
        const size_t first = t / blocks / heads * rows;
        const size_t head = t / blocks % heads;
        const size_t q0 = iso_cut(t % blocks, rows, 64, 1);
        const size_t q1 = iso_cut(t % blocks + 1, rows, 64, 1);
        const uint16_t *kh = k + first * (size_t)1152 + head * (size_t)72;
        const uint16_t *vh = v + first * (size_t)1152 + head * (size_t)72;
        const float *qh = q + (first + q0) * (size_t)1152 + head * (size_t)72;
        iso_attn_tile(qh, q_view, kh, k_view, vh, v_view, y + ((first + q0) * heads + head) * d, heads * d, q1 - q0, rows, 0, rows, d, scale,
                      8, scratch);
    }
}

/* ---- attention.f32.chunk_f16acc8 ---- */
// attention: f32 queries, f16 keys and values, key by key with an f16 accumulator, scores in 8 lanes, portable C.
static void attention_f32_chunk_f16acc8__h16_d72_scale3df15bf0(const float *restrict q, const uint16_t *restrict k, const uint16_t *restrict v, float *restrict y, size_t m, size_t images, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t heads = 16;
    const size_t d = 72;
    const float scale = 0x1.e2b7ep-4f;
    const iso_attn_view q_view = { 1152, 1 };
    const iso_attn_view k_view = { 1152, 1 };
    const iso_attn_view v_view = { 1152, 1 };
    const size_t rows = m / images;
    const size_t blocks = (rows + 15) / 16;
    for (size_t t = t0; t < t1; t++) {
        const size_t first = t / blocks / heads * rows;
        const size_t head = t / blocks % heads;
        const size_t q0 = iso_cut(t % blocks, rows, 16, 1);
        const size_t q1 = iso_cut(t % blocks + 1, rows, 16, 1);
        const uint16_t *kh = k + first * (size_t)1152 + head * (size_t)72;
        const uint16_t *vh = v + first * (size_t)1152 + head * (size_t)72;
        for (size_t i = first + q0; i < first + q1; i++) {
            const float *qh = q + i * (size_t)1152 + head * (size_t)72;
            iso_attn_chunk_row(qh, q_view, kh, k_view, vh, v_view, y + (i * heads + head) * d, rows, d, scale, 8, scratch);
        }
    }
}

/* ---- linear_bias_add.f16.dot8.avx512 ---- */
#if ISOBIT_X86
// linear with bias and residual: f16 operands, 8 lanes, AVX-512.
ISOBIT_AVX512 static void linear_bias_add_f16_dot8_avx512__k1152_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;       // [5][32]
    float *weights = tile + 160; // 30 packed rows of w
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 480, 5, 60, 10);
        for (size_t j = b.n0; j < b.n1; j += 30) {
            const size_t cols = b.n1 - j < 30 ? b.n1 - j : 30;
            iso_gemm_pack8_avx512(weights, w + j * k, ISO_GEMM_F16, cols, k, 10);
            const size_t left = n - j - cols < 30 ? n - j - cols : 30;
            const char *soon = (const char *)(w + (j + cols) * k); // the next columns' weights
            const char *end = (const char *)(w + (j + cols + left) * k);
            const size_t part = (size_t)(end - soon) / ((b.m1 - b.m0 + 4) / 5) + 64; // of them is fetched with each group
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 5) {
                for (const char *stop = soon + part; soon < stop && soon < end; soon += 64) {
                    __builtin_prefetch(soon, 0, 2);
                }
                const size_t next = i0 + 5 < b.m1 ? i0 + 5 : b.m0; // fetched while this group is in work
                for (size_t i = next; i < next + 5 && i < b.m1; i++) {
                    for (size_t c = 0; c < cols; c += 15) {
                        __builtin_prefetch(y + i * n + j + c, 1);
                    }
                }
                const void *group[5]; // rows of x; past the end the last one again
                for (size_t r = 0; r < 5; r++) {
                    group[r] = x + (i0 + r < b.m1 ? i0 + r : b.m1 - 1) * k;
                }
                for (size_t c = 0; c < cols; c += 10) {
                    iso_gemm_tile8_avx512(tile + c, group, ISO_GEMM_F16, weights + c * packed, k,
                                          (const char *)((uintptr_t)(x + next * k) + c / 10 * steps * 16 * sizeof *x));
                }
                for (size_t i = i0; i < i0 + 5 && i < b.m1; i++) {
                    iso_gemm_out_bias_add_avx512(y + i * n + j, tile + (i - i0) * 32, r + j, res + i * n + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_add.f16.dot8.avx2 ---- */
#if ISOBIT_X86
// linear with bias and residual: f16 operands, 8 lanes, AVX2.
ISOBIT_AVX2 static void linear_bias_add_f16_dot8_avx2__k1152_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_avx2(rows, x + b.m0 * k, ISO_GEMM_F16_AVX2, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_avx2(weights, w + j * k, ISO_GEMM_F16_AVX2, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_avx2(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_add_avx2(y + i * n + j, tile + (i - i0) * 32, r + j, res + i * n + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_add.f16.dot8.neon ---- */
#if ISOBIT_ARM64
// linear with bias and residual: f16 operands, 8 lanes, NEON.
ISOBIT_NEON static void linear_bias_add_f16_dot8_neon__k1152_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_neon(rows, x + b.m0 * k, ISO_GEMM_F16_NEON, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_neon(weights, w + j * k, ISO_GEMM_F16_NEON, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_neon(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_add_neon(y + i * n + j, tile + (i - i0) * 32, r + j, res + i * n + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_add.f16.dot8 ---- */
// linear with bias and residual: f16 operands, 8 lanes, portable C.
static void linear_bias_add_f16_dot8__k1152_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 1152;
    const size_t padded = (k + 7) / 8 * 8;
    float *weights = scratch;
    float *rows = weights + padded;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 32, 1, 128, 1);
        for (size_t i = b.m0; i < b.m1; i++) {
            iso_gemm_widen_f16(rows + (i - b.m0) * padded, x + i * k, k, padded);
        }
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, padded);
            for (size_t i = b.m0; i < b.m1; i++) {
                const float dot = iso_gemm_dot8_of_f16(rows + (i - b.m0) * padded, weights, padded);
                y[i * n + j] = (dot + r[j]) + res[i * n + j];
            }
        }
    }
}

/* ---- linear_bias_gelu.f16.dot8.avx512 ---- */
#if ISOBIT_X86
// linear with bias and tanh GELU: f16 operands, 8 lanes, AVX-512.
ISOBIT_AVX512 static void linear_bias_gelu_f16_dot8_avx512__k1152_n4304(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, const table_gelu_f16_t *restrict gelu_f16, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4304;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;       // [5][32]
    float *weights = tile + 160; // 30 packed rows of w
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 480, 5, 60, 10);
        for (size_t j = b.n0; j < b.n1; j += 30) {
            const size_t cols = b.n1 - j < 30 ? b.n1 - j : 30;
            iso_gemm_pack8_avx512(weights, w + j * k, ISO_GEMM_F16, cols, k, 10);
            const size_t left = n - j - cols < 30 ? n - j - cols : 30;
            const char *soon = (const char *)(w + (j + cols) * k); // the next columns' weights
            const char *end = (const char *)(w + (j + cols + left) * k);
            const size_t part = (size_t)(end - soon) / ((b.m1 - b.m0 + 4) / 5) + 64; // of them is fetched with each group
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 5) {
                for (const char *stop = soon + part; soon < stop && soon < end; soon += 64) {
                    __builtin_prefetch(soon, 0, 2);
                }
                const size_t next = i0 + 5 < b.m1 ? i0 + 5 : b.m0; // fetched while this group is in work
                for (size_t i = next; i < next + 5 && i < b.m1; i++) {
                    for (size_t c = 0; c < cols; c += 15) {
                        __builtin_prefetch(y + i * n + j + c, 1);
                    }
                }
                const void *group[5]; // rows of x; past the end the last one again
                for (size_t r = 0; r < 5; r++) {
                    group[r] = x + (i0 + r < b.m1 ? i0 + r : b.m1 - 1) * k;
                }
                for (size_t c = 0; c < cols; c += 10) {
                    iso_gemm_tile8_avx512(tile + c, group, ISO_GEMM_F16, weights + c * packed, k,
                                          (const char *)((uintptr_t)(x + next * k) + c / 10 * steps * 16 * sizeof *x));
                }
                for (size_t i = i0; i < i0 + 5 && i < b.m1; i++) {
                    iso_gemm_out_bias_gelu_avx512(y + i * n + j, tile + (i - i0) * 32, r + j, gelu_f16, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_gelu.f16.dot8.avx2 ---- */
#if ISOBIT_X86
// linear with bias and tanh GELU: f16 operands, 8 lanes, AVX2.
ISOBIT_AVX2 static void linear_bias_gelu_f16_dot8_avx2__k1152_n4304(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, const table_gelu_f16_t *restrict gelu_f16, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4304;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_avx2(rows, x + b.m0 * k, ISO_GEMM_F16_AVX2, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_avx2(weights, w + j * k, ISO_GEMM_F16_AVX2, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_avx2(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_gelu_avx2(y + i * n + j, tile + (i - i0) * 32, r + j, gelu_f16, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_gelu.f16.dot8.neon ---- */
#if ISOBIT_ARM64
// linear with bias and tanh GELU: f16 operands, 8 lanes, NEON.
ISOBIT_NEON static void linear_bias_gelu_f16_dot8_neon__k1152_n4304(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, const table_gelu_f16_t *restrict gelu_f16, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4304;
    const size_t k = 1152;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_neon(rows, x + b.m0 * k, ISO_GEMM_F16_NEON, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_neon(weights, w + j * k, ISO_GEMM_F16_NEON, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_neon(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_gelu_neon(y + i * n + j, tile + (i - i0) * 32, r + j, gelu_f16, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_gelu.f16.dot8 ---- */
// linear with bias and tanh GELU: f16 operands, 8 lanes, portable C.
static void linear_bias_gelu_f16_dot8__k1152_n4304(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, const table_gelu_f16_t *restrict gelu_f16, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4304;
    const size_t k = 1152;
    const size_t padded = (k + 7) / 8 * 8;
    float *weights = scratch;
    float *rows = weights + padded;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 32, 1, 128, 1);
        for (size_t i = b.m0; i < b.m1; i++) {
            iso_gemm_widen_f16(rows + (i - b.m0) * padded, x + i * k, k, padded);
        }
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, padded);
            for (size_t i = b.m0; i < b.m1; i++) {
                const float dot = iso_gemm_dot8_of_f16(rows + (i - b.m0) * padded, weights, padded);
                y[i * n + j] = iso_gemm_gelu(dot + r[j], gelu_f16);
            }
        }
    }
}

/* ---- cast_f16.f32.rne.avx2 ---- */
#if ISOBIT_X86
// As the portable kernel, eight elements per conversion instruction.
ISOBIT_AVX2 static void cast_f16_f32_rne_avx2__h1_d4304(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 1, D = 4304, STEP = 1 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 4304 + head * 4304;
            uint16_t *out = y + (t * H + head) * D;
            size_t i = 0;
            for (; STEP == 1 && i + 8 <= D; i += 8) {
                _mm_storeu_si128((__m128i *)(void *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
            }
            for (; i < D; i++) {
                out[i] = (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(in[i * STEP]), _MM_FROUND_TO_NEAREST_INT), 0);
            }
        }
    }
}
#endif

/* ---- cast_f16.f32.rne ---- */
// x may be a view; y is contiguous.
static void cast_f16_f32_rne__h1_d4304(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 1, D = 4304 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 4304 + head * 4304;
            uint16_t *out = y + (t * H + head) * D;
            for (size_t i = 0; i < D; i++) {
                out[i] = iso_f32_to_f16(in[i * 1]);
            }
        }
    }
}

/* ---- linear_bias_add.f16.dot8.avx512 ---- */
#if ISOBIT_X86
// linear with bias and residual: f16 operands, 8 lanes, AVX-512.
ISOBIT_AVX512 static void linear_bias_add_f16_dot8_avx512__k4304_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 4304;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;       // [5][32]
    float *weights = tile + 160; // 30 packed rows of w
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 480, 5, 60, 10);
        for (size_t j = b.n0; j < b.n1; j += 30) {
            const size_t cols = b.n1 - j < 30 ? b.n1 - j : 30;
            iso_gemm_pack8_avx512(weights, w + j * k, ISO_GEMM_F16, cols, k, 10);
            const size_t left = n - j - cols < 30 ? n - j - cols : 30;
            const char *soon = (const char *)(w + (j + cols) * k); // the next columns' weights
            const char *end = (const char *)(w + (j + cols + left) * k);
            const size_t part = (size_t)(end - soon) / ((b.m1 - b.m0 + 4) / 5) + 64; // of them is fetched with each group
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 5) {
                for (const char *stop = soon + part; soon < stop && soon < end; soon += 64) {
                    __builtin_prefetch(soon, 0, 2);
                }
                const size_t next = i0 + 5 < b.m1 ? i0 + 5 : b.m0; // fetched while this group is in work
                for (size_t i = next; i < next + 5 && i < b.m1; i++) {
                    for (size_t c = 0; c < cols; c += 15) {
                        __builtin_prefetch(y + i * n + j + c, 1);
                    }
                }
                const void *group[5]; // rows of x; past the end the last one again
                for (size_t r = 0; r < 5; r++) {
                    group[r] = x + (i0 + r < b.m1 ? i0 + r : b.m1 - 1) * k;
                }
                for (size_t c = 0; c < cols; c += 10) {
                    iso_gemm_tile8_avx512(tile + c, group, ISO_GEMM_F16, weights + c * packed, k,
                                          (const char *)((uintptr_t)(x + next * k) + c / 10 * steps * 16 * sizeof *x));
                }
                for (size_t i = i0; i < i0 + 5 && i < b.m1; i++) {
                    iso_gemm_out_bias_add_avx512(y + i * n + j, tile + (i - i0) * 32, r + j, res + i * n + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_add.f16.dot8.avx2 ---- */
#if ISOBIT_X86
// linear with bias and residual: f16 operands, 8 lanes, AVX2.
ISOBIT_AVX2 static void linear_bias_add_f16_dot8_avx2__k4304_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 4304;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_avx2(rows, x + b.m0 * k, ISO_GEMM_F16_AVX2, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_avx2(weights, w + j * k, ISO_GEMM_F16_AVX2, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_avx2(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_add_avx2(y + i * n + j, tile + (i - i0) * 32, r + j, res + i * n + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_add.f16.dot8.neon ---- */
#if ISOBIT_ARM64
// linear with bias and residual: f16 operands, 8 lanes, NEON.
ISOBIT_NEON static void linear_bias_add_f16_dot8_neon__k4304_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 4304;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_neon(rows, x + b.m0 * k, ISO_GEMM_F16_NEON, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_neon(weights, w + j * k, ISO_GEMM_F16_NEON, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_neon(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_add_neon(y + i * n + j, tile + (i - i0) * 32, r + j, res + i * n + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias_add.f16.dot8 ---- */
// linear with bias and residual: f16 operands, 8 lanes, portable C.
static void linear_bias_add_f16_dot8__k4304_n1152(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, const float *res, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 1152;
    const size_t k = 4304;
    const size_t padded = (k + 7) / 8 * 8;
    float *weights = scratch;
    float *rows = weights + padded;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 32, 1, 128, 1);
        for (size_t i = b.m0; i < b.m1; i++) {
            iso_gemm_widen_f16(rows + (i - b.m0) * padded, x + i * k, k, padded);
        }
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, padded);
            for (size_t i = b.m0; i < b.m1; i++) {
                const float dot = iso_gemm_dot8_of_f16(rows + (i - b.m0) * padded, weights, padded);
                y[i * n + j] = (dot + r[j]) + res[i * n + j];
            }
        }
    }
}

/* ---- layer_norm_affine.f32.cvar8.avx2 ---- */
#if ISOBIT_X86
// Eight rows per task; the differences are computed again instead of being stored.
ISOBIT_AVX2 static void layer_norm_affine_f32_cvar8_avx2__n4608_eps358637bd(const float *x, const float *restrict w, const float *restrict b, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { N = 4608 };
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        const size_t first = t * 8, rows = m - first < 8 ? m - first : 8;
        const float *row[8];
        for (size_t j = 0; j < 8; j++) { // past the end: the last row again
            row[j] = x + (first + (j < rows ? j : rows - 1)) * N;
        }
        float mean[8], scale[8];
        iso_cvar8_avx2(row, N, 8, 0x1.0c6f7ap-20f, mean, scale);
        for (size_t j = 0; j < rows; j++) {
            const float *in = row[j];
            float *out = y + (first + j) * N;
            const __m256 mu = _mm256_set1_ps(mean[j]), k = _mm256_set1_ps(scale[j]);
            size_t i = 0;
            for (; i + 8 <= N; i += 8) {
                const __m256 scaled = _mm256_mul_ps(_mm256_sub_ps(_mm256_loadu_ps(in + i), mu), k);
                _mm256_storeu_ps(out + i, _mm256_add_ps(_mm256_mul_ps(scaled, _mm256_loadu_ps(w + i)), _mm256_loadu_ps(b + i)));
            }
            for (; i < N; i++) {
                const float d = in[i] - mean[j];
                const float scaled = d * scale[j];
                const float weighted = scaled * w[i];
                out[i] = weighted + b[i];
            }
        }
    }
}
#endif

/* ---- layer_norm_affine.f32.cvar8 ---- */
// The differences wait in y for the row's scale; scale, weight and bias round one after the other.
static void layer_norm_affine_f32_cvar8__n4608_eps358637bd(const float *x, const float *restrict w, const float *restrict b, float *y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { N = 4608 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        float *out = y + t * N;
        const float k = iso_cvar(x + t * N, out, N, 8, 0x1.0c6f7ap-20f);
        for (size_t i = 0; i < N; i++) {
            const float scaled = out[i] * k;
            const float weighted = scaled * w[i];
            out[i] = weighted + b[i];
        }
    }
}

/* ---- cast_f16.f32.rne.avx2 ---- */
#if ISOBIT_X86
// As the portable kernel, eight elements per conversion instruction.
ISOBIT_AVX2 static void cast_f16_f32_rne_avx2__h1_d4608(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 1, D = 4608, STEP = 1 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 4608 + head * 4608;
            uint16_t *out = y + (t * H + head) * D;
            size_t i = 0;
            for (; STEP == 1 && i + 8 <= D; i += 8) {
                _mm_storeu_si128((__m128i *)(void *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
            }
            for (; i < D; i++) {
                out[i] = (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(in[i * STEP]), _MM_FROUND_TO_NEAREST_INT), 0);
            }
        }
    }
}
#endif

/* ---- cast_f16.f32.rne ---- */
// x may be a view; y is contiguous.
static void cast_f16_f32_rne__h1_d4608(const float *restrict x, uint16_t *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { H = 1, D = 4608 };
    (void)m;
    (void)scratch;
    for (size_t t = t0; t < t1; t++) {
        for (size_t head = 0; head < H; head++) {
            const float *in = x + t * 4608 + head * 4608;
            uint16_t *out = y + (t * H + head) * D;
            for (size_t i = 0; i < D; i++) {
                out[i] = iso_f32_to_f16(in[i * 1]);
            }
        }
    }
}

/* ---- linear_bias.f16.dot8.avx512 ---- */
#if ISOBIT_X86
// linear with bias: f16 operands, 8 lanes, AVX-512.
ISOBIT_AVX512 static void linear_bias_f16_dot8_avx512__k4608_n4608(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4608;
    const size_t k = 4608;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;       // [5][32]
    float *weights = tile + 160; // 30 packed rows of w
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 480, 5, 60, 10);
        for (size_t j = b.n0; j < b.n1; j += 30) {
            const size_t cols = b.n1 - j < 30 ? b.n1 - j : 30;
            iso_gemm_pack8_avx512(weights, w + j * k, ISO_GEMM_F16, cols, k, 10);
            const size_t left = n - j - cols < 30 ? n - j - cols : 30;
            const char *soon = (const char *)(w + (j + cols) * k); // the next columns' weights
            const char *end = (const char *)(w + (j + cols + left) * k);
            const size_t part = (size_t)(end - soon) / ((b.m1 - b.m0 + 4) / 5) + 64; // of them is fetched with each group
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 5) {
                for (const char *stop = soon + part; soon < stop && soon < end; soon += 64) {
                    __builtin_prefetch(soon, 0, 2);
                }
                const size_t next = i0 + 5 < b.m1 ? i0 + 5 : b.m0; // fetched while this group is in work
                for (size_t i = next; i < next + 5 && i < b.m1; i++) {
                    for (size_t c = 0; c < cols; c += 15) {
                        __builtin_prefetch(y + i * n + j + c, 1);
                    }
                }
                const void *group[5]; // rows of x; past the end the last one again
                for (size_t r = 0; r < 5; r++) {
                    group[r] = x + (i0 + r < b.m1 ? i0 + r : b.m1 - 1) * k;
                }
                for (size_t c = 0; c < cols; c += 10) {
                    iso_gemm_tile8_avx512(tile + c, group, ISO_GEMM_F16, weights + c * packed, k,
                                          (const char *)((uintptr_t)(x + next * k) + c / 10 * steps * 16 * sizeof *x));
                }
                for (size_t i = i0; i < i0 + 5 && i < b.m1; i++) {
                    iso_gemm_out_bias_avx512(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8.avx2 ---- */
#if ISOBIT_X86
// linear with bias: f16 operands, 8 lanes, AVX2.
ISOBIT_AVX2 static void linear_bias_f16_dot8_avx2__k4608_n4608(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4608;
    const size_t k = 4608;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_avx2(rows, x + b.m0 * k, ISO_GEMM_F16_AVX2, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_avx2(weights, w + j * k, ISO_GEMM_F16_AVX2, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_avx2(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_avx2(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8.neon ---- */
#if ISOBIT_ARM64
// linear with bias: f16 operands, 8 lanes, NEON.
ISOBIT_NEON static void linear_bias_f16_dot8_neon__k4608_n4608(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4608;
    const size_t k = 4608;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_neon(rows, x + b.m0 * k, ISO_GEMM_F16_NEON, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_neon(weights, w + j * k, ISO_GEMM_F16_NEON, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_neon(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_neon(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8 ---- */
// linear with bias: f16 operands, 8 lanes, portable C.
static void linear_bias_f16_dot8__k4608_n4608(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4608;
    const size_t k = 4608;
    const size_t padded = (k + 7) / 8 * 8;
    float *weights = scratch;
    float *rows = weights + padded;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 32, 1, 128, 1);
        for (size_t i = b.m0; i < b.m1; i++) {
            iso_gemm_widen_f16(rows + (i - b.m0) * padded, x + i * k, k, padded);
        }
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, padded);
            for (size_t i = b.m0; i < b.m1; i++) {
                const float dot = iso_gemm_dot8_of_f16(rows + (i - b.m0) * padded, weights, padded);
                y[i * n + j] = dot + r[j];
            }
        }
    }
}

/* ---- linear_bias.f16.vdot8 ---- */
// linear with bias: f16 operands, four accumulators of 8 lanes, portable C.
static void linear_bias_f16_vdot8__k4608_n4608(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4608;
    const size_t k = 4608;
    float *weights = scratch;
    float *row = weights + k;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 1, 1, 64, 1);
        const size_t i = b.m0;
        iso_gemm_widen_f16(row, x + i * k, k, k);
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, k);
            const float dot = iso_gemm_vdot_of_f16(weights, row, k, 8);
            y[i * n + j] = dot + r[j];
        }
    }
}

/* ---- gelu.f32.tanh_f16table.avx2 ---- */
#if ISOBIT_X86
// Blocks of 256: all indices first, then all table reads, then all results, so that no read waits for narrower stores.
ISOBIT_AVX2 static void gelu_f32_tanh_f16table_avx2__n4608(const float *x, float *y, const table_gelu_f16_t *restrict gelu_f16, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    enum { BLOCK = 256 };
    (void)m;
    (void)scratch;    const __m256 high = _mm256_set1_ps(10.0f), low = _mm256_set1_ps(-10.0f);    const size_t end = t1 * 4608;
    size_t i = t0 * 4608;
    while (i + 8 <= end) {
        const size_t count = end - i < BLOCK ? (end - i) & ~(size_t)7 : BLOCK;
        uint16_t half[BLOCK];
        for (size_t j = 0; j < count; j += 8) {
            _mm_storeu_si128((__m128i *)(void *)(half + j), _mm256_cvtps_ph(_mm256_loadu_ps(x + i + j), _MM_FROUND_TO_NEAREST_INT));
        }
        for (size_t j = 0; j < count; j++) {
            half[j] = gelu_f16[half[j]];
        }
        for (size_t j = 0; j < count; j += 8) {
            __m256 g = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(half + j)));            const __m256 v = _mm256_loadu_ps(x + i + j);
            g = _mm256_blendv_ps(g, v, _mm256_cmp_ps(v, high, _CMP_GE_OQ));            g = _mm256_andnot_ps(_mm256_cmp_ps(v, low, _CMP_LE_OQ), g);            _mm256_storeu_ps(y + i + j, g);
        }
        i += count;
    }
    for (; i < end; i++) {
        const float v = x[i];
        y[i] = v <= -10.0f ? 0.0f : v >= 10.0f ? v : iso_f16_to_f32(gelu_f16[iso_f32_to_f16(v)]);
    }
}
#endif

/* ---- gelu.f32.tanh_f16table ---- */
// The table is that of fused steps; without them one entry differs. A comparison with NaN is false, so NaN goes through the table like every value between the bounds.
static void gelu_f32_tanh_f16table__n4608(const float *x, float *y, const table_gelu_f16_t *restrict gelu_f16, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    (void)m;
    (void)scratch;
    for (size_t i = t0 * 4608; i < t1 * 4608; i++) {
        const float v = x[i];
        if (v <= -10.0f) {
            y[i] = 0.0f;
        } else if (v >= 10.0f) {
            y[i] = v;
        } else {
            const uint16_t h = iso_f32_to_f16(v);
            y[i] = iso_f16_to_f32(gelu_f16[h]);
        }
    }
}

/* ---- linear_bias.f16.dot8.avx512 ---- */
#if ISOBIT_X86
// linear with bias: f16 operands, 8 lanes, AVX-512.
ISOBIT_AVX512 static void linear_bias_f16_dot8_avx512__k4608_n4096(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4096;
    const size_t k = 4608;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;       // [5][32]
    float *weights = tile + 160; // 30 packed rows of w
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 480, 5, 60, 10);
        for (size_t j = b.n0; j < b.n1; j += 30) {
            const size_t cols = b.n1 - j < 30 ? b.n1 - j : 30;
            iso_gemm_pack8_avx512(weights, w + j * k, ISO_GEMM_F16, cols, k, 10);
            const size_t left = n - j - cols < 30 ? n - j - cols : 30;
            const char *soon = (const char *)(w + (j + cols) * k); // the next columns' weights
            const char *end = (const char *)(w + (j + cols + left) * k);
            const size_t part = (size_t)(end - soon) / ((b.m1 - b.m0 + 4) / 5) + 64; // of them is fetched with each group
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 5) {
                for (const char *stop = soon + part; soon < stop && soon < end; soon += 64) {
                    __builtin_prefetch(soon, 0, 2);
                }
                const size_t next = i0 + 5 < b.m1 ? i0 + 5 : b.m0; // fetched while this group is in work
                for (size_t i = next; i < next + 5 && i < b.m1; i++) {
                    for (size_t c = 0; c < cols; c += 15) {
                        __builtin_prefetch(y + i * n + j + c, 1);
                    }
                }
                const void *group[5]; // rows of x; past the end the last one again
                for (size_t r = 0; r < 5; r++) {
                    group[r] = x + (i0 + r < b.m1 ? i0 + r : b.m1 - 1) * k;
                }
                for (size_t c = 0; c < cols; c += 10) {
                    iso_gemm_tile8_avx512(tile + c, group, ISO_GEMM_F16, weights + c * packed, k,
                                          (const char *)((uintptr_t)(x + next * k) + c / 10 * steps * 16 * sizeof *x));
                }
                for (size_t i = i0; i < i0 + 5 && i < b.m1; i++) {
                    iso_gemm_out_bias_avx512(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8.avx2 ---- */
#if ISOBIT_X86
// linear with bias: f16 operands, 8 lanes, AVX2.
ISOBIT_AVX2 static void linear_bias_f16_dot8_avx2__k4608_n4096(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4096;
    const size_t k = 4608;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_avx2(rows, x + b.m0 * k, ISO_GEMM_F16_AVX2, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_avx2(weights, w + j * k, ISO_GEMM_F16_AVX2, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_avx2(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_avx2(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8.neon ---- */
#if ISOBIT_ARM64
// linear with bias: f16 operands, 8 lanes, NEON.
ISOBIT_NEON static void linear_bias_f16_dot8_neon__k4608_n4096(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4096;
    const size_t k = 4608;
    const size_t steps = (k + 7) / 8;
    const size_t packed = steps * 8; // floats per packed row
    float *tile = scratch;               // [3][32]
    float *lanes = tile + 96;            // [8][12][8]
    float *weights = lanes + 8 * 96;     // 32 packed rows of w
    float *rows = weights + 32 * packed; // 240 packed rows of x
    size_t held = m;                     // which rows of x those are: the first
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 240, 3, 128, 4);
        if (held != b.m0) {
            iso_gemm_pack_neon(rows, x + b.m0 * k, ISO_GEMM_F16_NEON, b.m1 - b.m0, k, 8, 3);
            held = b.m0;
        }
        for (size_t j = b.n0; j < b.n1; j += 32) {
            const size_t cols = b.n1 - j < 32 ? b.n1 - j : 32;
            iso_gemm_pack_neon(weights, w + j * k, ISO_GEMM_F16_NEON, cols, k, 8, 4);
            for (size_t i0 = b.m0; i0 < b.m1; i0 += 3) {
                iso_gemm_panel_neon(tile, rows + (i0 - b.m0) * packed, weights, cols, steps, 8, lanes);
                for (size_t i = i0; i < i0 + 3 && i < b.m1; i++) {
                    iso_gemm_out_bias_neon(y + i * n + j, tile + (i - i0) * 32, r + j, cols);
                }
            }
        }
    }
}
#endif

/* ---- linear_bias.f16.dot8 ---- */
// linear with bias: f16 operands, 8 lanes, portable C.
static void linear_bias_f16_dot8__k4608_n4096(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4096;
    const size_t k = 4608;
    const size_t padded = (k + 7) / 8 * 8;
    float *weights = scratch;
    float *rows = weights + padded;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 32, 1, 128, 1);
        for (size_t i = b.m0; i < b.m1; i++) {
            iso_gemm_widen_f16(rows + (i - b.m0) * padded, x + i * k, k, padded);
        }
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, padded);
            for (size_t i = b.m0; i < b.m1; i++) {
                const float dot = iso_gemm_dot8_of_f16(rows + (i - b.m0) * padded, weights, padded);
                y[i * n + j] = dot + r[j];
            }
        }
    }
}

/* ---- linear_bias.f16.vdot8 ---- */
// linear with bias: f16 operands, four accumulators of 8 lanes, portable C.
static void linear_bias_f16_vdot8__k4608_n4096(const uint16_t *restrict x, const uint16_t *restrict w, const float *restrict r, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    const size_t n = 4096;
    const size_t k = 4608;
    float *weights = scratch;
    float *row = weights + k;
    for (size_t t = t0; t < t1; t++) {
        const iso_gemm_block b = iso_gemm_block_of(t, m, n, 1, 1, 64, 1);
        const size_t i = b.m0;
        iso_gemm_widen_f16(row, x + i * k, k, k);
        for (size_t j = b.n0; j < b.n1; j++) {
            iso_gemm_widen_f16(weights, w + j * k, k, k);
            const float dot = iso_gemm_vdot_of_f16(weights, row, k, 8);
            y[i * n + j] = dot + r[j];
        }
    }
}

/* ---- concat.f32.copy ---- */
// One row of every operand after the other.
static void concat_f32_copy__xs4096x4096x4096x4096(const float *restrict xs0, const float *restrict xs1, const float *restrict xs2, const float *restrict xs3, float *restrict y, size_t m, size_t t0, size_t t1, void *restrict scratch)
{
    (void)m;
    (void)scratch;
    float *out = y + t0 * (4096 + 4096 + 4096 + 4096);
    for (size_t t = t0; t < t1; t++) {
        memcpy(out, xs0 + t * 4096, 4096 * sizeof(float));
        out += 4096;
        memcpy(out, xs1 + t * 4096, 4096 * sizeof(float));
        out += 4096;
        memcpy(out, xs2 + t * 4096, 4096 * sizeof(float));
        out += 4096;
        memcpy(out, xs3 + t * 4096, 4096 * sizeof(float));
        out += 4096;
    }
}

/* ---- fit_smart_u8_f32round ---- */
// Returns 0, or 1 if a source side is 0 or the size or its area is beyond int32.

// sides[0], sides[1] = trunc(units) * align. The comparison also keeps the conversions in range.
static int fit_smart_u8_f32round_whole(const float units[2], int64_t align, int64_t sides[2])
{
    for (int i = 0; i < 2; i++) {
        if (!(units[i] < 0x1p31f)) {
            return 1;
        }
        sides[i] = (int64_t)units[i] * align;
    }
    return 0;
}

static int fit_smart_u8_f32round(uint32_t w, uint32_t h, uint32_t *out_w, uint32_t *out_h)
{
    const int64_t align = 32, min_pixels = 8192, max_pixels = 4194304, limit = INT32_MAX;
    const float source[2] = { (float)w, (float)h };
    const float step = (float)align;
    float units[2];
    int64_t sides[2];
    if (w == 0 || h == 0 || w > limit || h > limit) {
        return 1;
    }
    for (int i = 0; i < 2; i++) { // round half away from zero; the difference is exact
        const float exact = source[i] / step, below = floorf(exact);
        units[i] = exact - below >= 0.5f ? below + 1.0f : below;
        units[i] = units[i] < 1.0f ? 1.0f : units[i];
    }
    if (fit_smart_u8_f32round_whole(units, align, sides)) {
        return 1;
    }
    if (sides[0] > limit || sides[1] > limit || ((max_pixels > 0 || min_pixels > 0) && sides[0] * sides[1] > limit)) {
        return 1;
    }
    const float area = source[1] * source[0];
    if (max_pixels > 0 && sides[0] * sides[1] > max_pixels) {
        const float beta = sqrtf(area / (float)max_pixels);
        for (int i = 0; i < 2; i++) {
            const float scaled = source[i] / beta, below = floorf(scaled / step);
            units[i] = below < 1.0f ? 1.0f : below;
        }
    } else if (min_pixels > 0 && sides[0] * sides[1] < min_pixels) {
        const float beta = sqrtf((float)min_pixels / area);
        for (int i = 0; i < 2; i++) {
            const float scaled = source[i] * beta, exact = scaled / step, below = floorf(exact);
            units[i] = below < exact ? below + 1.0f : below;
        }
    }
    if (fit_smart_u8_f32round_whole(units, align, sides) || sides[0] > limit || sides[1] > limit || sides[0] < 1 || sides[1] < 1) {
        return 1;
    }
    *out_w = (uint32_t)sides[0];
    *out_h = (uint32_t)sides[1];
    return 0;
}

/* ---- resize_pad_u8_pillow ---- */
// Two passes of fixed-point weights. Rows are resized across only when the pass down first needs them, into a ring
// that holds one window of rows, so the scratch stays small however large the image is.

typedef struct resize_pad_u8_pillow_axis {
    uint32_t in, out; // pixels along this axis; equal: no pass
    size_t taps;      // most inputs one output can have
    uint32_t *first;  // per output: first input
    uint32_t *count;  // per output: number of inputs
    int32_t *weight;  // per output: `taps` weights in units of 2^-22
} resize_pad_u8_pillow_axis;

typedef struct resize_pad_u8_pillow_frame {
    uint32_t width, height; // of the resized image inside the target
    uint32_t left, top;
} resize_pad_u8_pillow_frame;

static resize_pad_u8_pillow_frame resize_pad_u8_pillow_place(uint32_t w, uint32_t h, uint32_t out_w, uint32_t out_h)
{
    resize_pad_u8_pillow_frame frame = { out_w, out_h, 0, 0 };
    const float scale_w = (float)out_w / (float)w, scale_h = (float)out_h / (float)h;
    const float scale = scale_h < scale_w ? scale_h : scale_w;
    const float side[2] = { (float)w * scale, (float)h * scale };
    const uint32_t target[2] = { out_w, out_h };
    uint32_t inner[2], gap[2];
    for (int i = 0; i < 2; i++) {
        const float below = floorf(side[i]);
        const float whole = below < side[i] ? below + 1.0f : below;
        inner[i] = whole < (float)target[i] ? (uint32_t)whole : target[i];
        gap[i] = (target[i] - inner[i]) / 2;
    }
    frame.width = inner[0];
    frame.height = inner[1];
    frame.left = gap[0];
    frame.top = gap[1];
    return frame;
}

static double resize_pad_u8_pillow_filter(double x)
{
    x = x < 0.0 ? -x : x;
    if (x < 1.0) {
        return (1.5 * x - 2.5) * x * x + 1.0;
    }
    if (x < 2.0) {
        return (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5;
    }
    return 0.0;
}

// Half the width of the window, in input pixels.
static double resize_pad_u8_pillow_support(uint32_t in, uint32_t out)
{
    const double scale = (double)in / (double)out;
    return 2.0 * (scale < 1.0 ? 1.0 : scale);
}

static size_t resize_pad_u8_pillow_taps(uint32_t in, uint32_t out)
{
    const double support = resize_pad_u8_pillow_support(in, out);
    const size_t whole = (size_t)support;
    return ((double)whole < support ? whole + 1 : whole) * 2 + 1;
}

static uint64_t resize_pad_u8_pillow_round_up(uint64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static uint64_t resize_pad_u8_pillow_axis_bytes(uint32_t in, uint32_t out)
{
    if (in == out) {
        return 0;
    }
    const uint64_t taps = resize_pad_u8_pillow_taps(in, out);
    return resize_pad_u8_pillow_round_up(out * (taps + 2) * 4) + resize_pad_u8_pillow_round_up(taps * 8);
}

// Takes the axis's part of the scratch and returns what follows it.
static unsigned char *resize_pad_u8_pillow_weigh(resize_pad_u8_pillow_axis *axis, unsigned char *scratch)
{
    const uint32_t in = axis->in, out = axis->out;
    if (in == out) {
        return scratch;
    }
    const double scale = (double)in / (double)out, sharpness = 1.0 / (scale < 1.0 ? 1.0 : scale);
    const double support = resize_pad_u8_pillow_support(in, out);
    axis->taps = resize_pad_u8_pillow_taps(in, out);
    double *exact = (double *)(void *)scratch;
    axis->first = (uint32_t *)(void *)(scratch + resize_pad_u8_pillow_round_up(axis->taps * 8));
    axis->count = axis->first + out;
    axis->weight = (int32_t *)(void *)(axis->count + out);
    for (uint32_t i = 0; i < out; i++) {
        const double center = ((double)i + 0.5) * scale;
        const double low = center - support + 0.5, high = center + support + 0.5;
        const uint32_t first = low < 0.0 ? 0 : (uint32_t)low;
        const uint32_t end = high < (double)in ? (uint32_t)high : in;
        const size_t count = end - first;
        int32_t *weight = axis->weight + i * axis->taps;
        double sum = 0.0;
        for (size_t j = 0; j < count; j++) {
            exact[j] = resize_pad_u8_pillow_filter(((double)(first + j) - center + 0.5) * sharpness);
            sum += exact[j];
        }
        for (size_t j = 0; j < count; j++) {
            const double share = sum != 0.0 ? exact[j] / sum : exact[j];
            weight[j] = (int32_t)(share * 4194304.0 + (share < 0.0 ? -0.5 : 0.5));
        }
        axis->first[i] = first;
        axis->count[i] = (uint32_t)count;
    }
    return scratch + resize_pad_u8_pillow_axis_bytes(in, out);
}

// The sum's integer part, clamped; negative sums are biased so that the shift is defined.
static uint8_t resize_pad_u8_pillow_clamp(int32_t sum)
{
    const int32_t whole = (int32_t)(((uint32_t)sum ^ 0x80000000u) >> 22) - 512;
    return (uint8_t)(whole < 0 ? 0 : whole > 255 ? 255 : whole);
}

static void resize_pad_u8_pillow_across(const resize_pad_u8_pillow_axis *axis, const uint8_t *src, uint8_t *dst)
{
    for (uint32_t i = 0; i < axis->out; i++) {
        const uint8_t *pixel = src + (size_t)axis->first[i] * 3;
        const int32_t *weight = axis->weight + i * axis->taps;
        const uint32_t count = axis->count[i];
        int32_t red = 1 << 21, green = 1 << 21, blue = 1 << 21;
        for (uint32_t j = 0; j < count; j++, pixel += 3) {
            red += pixel[0] * weight[j];
            green += pixel[1] * weight[j];
            blue += pixel[2] * weight[j];
        }
        dst[(size_t)i * 3] = resize_pad_u8_pillow_clamp(red);
        dst[(size_t)i * 3 + 1] = resize_pad_u8_pillow_clamp(green);
        dst[(size_t)i * 3 + 2] = resize_pad_u8_pillow_clamp(blue);
    }
}

// One output row from `count` rows, row j at ring slot (first + j) mod slots; a block of sums stays in registers.
static void resize_pad_u8_pillow_down(const int32_t *weight, uint32_t first, uint32_t count, const uint8_t *ring, size_t slots,
                            size_t bytes, uint8_t *dst)
{
    enum { BLOCK = 16 };
    size_t x = 0;
    for (; x + BLOCK <= bytes; x += BLOCK) {
        int32_t sum[BLOCK];
        for (size_t k = 0; k < BLOCK; k++) {
            sum[k] = 1 << 21;
        }
        size_t slot = first % slots;
        for (uint32_t j = 0; j < count; j++) {
            const uint8_t *row = ring + slot * bytes + x;
            for (size_t k = 0; k < BLOCK; k++) {
                sum[k] += row[k] * weight[j];
            }
            slot = slot + 1 == slots ? 0 : slot + 1;
        }
        for (size_t k = 0; k < BLOCK; k++) {
            dst[x + k] = resize_pad_u8_pillow_clamp(sum[k]);
        }
    }
    for (; x < bytes; x++) {
        int32_t sum = 1 << 21;
        size_t slot = first % slots;
        for (uint32_t j = 0; j < count; j++) {
            sum += ring[slot * bytes + x] * weight[j];
            slot = slot + 1 == slots ? 0 : slot + 1;
        }
        dst[x] = resize_pad_u8_pillow_clamp(sum);
    }
}

static uint64_t resize_pad_u8_pillow_scratch(uint32_t w, uint32_t h, uint32_t out_w, uint32_t out_h)
{
    if (w == 0 || h == 0 || (w == out_w && h == out_h)) {
        return 0;
    }
    const resize_pad_u8_pillow_frame frame = resize_pad_u8_pillow_place(w, h, out_w, out_h);
    if (frame.width == 0 || frame.height == 0) {
        return 0;
    }
    uint64_t ring = 0;
    if (frame.width != w && frame.height != h) {
        ring = resize_pad_u8_pillow_taps(h, frame.height) * (uint64_t)frame.width * 3;
    }
    return resize_pad_u8_pillow_axis_bytes(w, frame.width) + resize_pad_u8_pillow_axis_bytes(h, frame.height) + resize_pad_u8_pillow_round_up(ring);
}

static void resize_pad_u8_pillow(const uint8_t *src, uint32_t w, uint32_t h, uint8_t *dst, uint32_t out_w, uint32_t out_h, void *scratch)
{
    if (w == out_w && h == out_h) {
        memcpy(dst, src, (size_t)w * h * 3);
        return;
    }
    const resize_pad_u8_pillow_frame frame = resize_pad_u8_pillow_place(w, h, out_w, out_h);
    if (frame.width != out_w || frame.height != out_h) {
        for (size_t i = 0; i < (size_t)out_w * out_h; i++) {
            dst[i * 3] = 0;
            dst[i * 3 + 1] = 0;
            dst[i * 3 + 2] = 0;
        }
    }
    if (w == 0 || h == 0 || frame.width == 0 || frame.height == 0) {
        return;
    }
    resize_pad_u8_pillow_axis across = { w, frame.width, 0, NULL, NULL, NULL }, down = { h, frame.height, 0, NULL, NULL, NULL };
    unsigned char *ring = resize_pad_u8_pillow_weigh(&down, resize_pad_u8_pillow_weigh(&across, scratch));
    const size_t stride = (size_t)w * 3, bytes = (size_t)frame.width * 3;
    uint32_t done = 0; // rows below this one have been resized across
    for (uint32_t y = 0; y < frame.height; y++) {
        uint8_t *out = dst + (((size_t)frame.top + y) * out_w + frame.left) * 3;
        if (h == frame.height) {
            if (w == frame.width) {
                memcpy(out, src + y * stride, bytes);
            } else {
                resize_pad_u8_pillow_across(&across, src + y * stride, out);
            }
            continue;
        }
        const int32_t *weight = down.weight + y * down.taps;
        const uint32_t first = down.first[y], count = down.count[y];
        if (w == frame.width) {
            resize_pad_u8_pillow_down(weight, first, count, src, h, bytes, out);
            continue;
        }
        for (done = done < first ? first : done; done < first + count; done++) {
            resize_pad_u8_pillow_across(&across, src + done * stride, ring + done % down.taps * bytes);
        }
        resize_pad_u8_pillow_down(weight, first, count, ring, down.taps, bytes, out);
    }
}

/* ---- normalize_u8_div ---- */
// All 256 values of a channel are computed once, then looked up.
static void normalize_u8_div(const uint8_t *src, float *dst, size_t n_pixels)
{
    static const float mean[3] = { 0x1p-1f, 0x1p-1f, 0x1p-1f };
    static const float std[3] = { 0x1p-1f, 0x1p-1f, 0x1p-1f };
    float table[3][256];
    for (int c = 0; c < 3; c++) {
        for (int v = 0; v < 256; v++) {
            const float unit = (float)v / 255.0f;
            const float centred = unit - mean[c];
            table[c][v] = centred / std[c];
        }
    }
    for (size_t i = 0; i < n_pixels; i++) {
        dst[i * 3] = table[0][src[i * 3]];
        dst[i * 3 + 1] = table[1][src[i * 3 + 1]];
        dst[i * 3 + 2] = table[2][src[i * 3 + 2]];
    }
}

/* ======== steps: the encoder as tables ======== */

typedef struct {
    uint64_t b, mh, mw;
} iso_dims;

/* Sizes and counts that depend on the image size and the batch. */
static uint64_t iso_expr(unsigned index, const iso_dims *d)
{
    (void)d;
    switch (index) {
    case 0: return d->b * d->mh * 2ull;
    case 1: return d->b;
    case 2: return d->mh * 2ull;
    case 3: return d->mw * 2ull;
    case 4: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 480ull)) * (20ull);
    case 5: return d->b * d->mh * d->mw * 4ull;
    case 6: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 240ull)) * (9ull);
    case 7: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 32ull)) * (9ull);
    case 8: return ((d->mh * 2ull) == (48ull) && (d->mw * 2ull) == (48ull)) ? 1 : 0;
    case 9: return 1ull;
    case 10: return d->mh * d->mw * 4ull;
    case 11: return ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 8ull);
    case 12: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 480ull)) * (58ull);
    case 13: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 240ull)) * (27ull);
    case 14: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 32ull)) * (27ull);
    case 15: return (d->b * 16ull) * (ISO_CEILDIV(d->mh * d->mw * 4ull, 768ull));
    case 16: return (d->b * 16ull) * (ISO_CEILDIV(d->mh * d->mw * 4ull, 96ull));
    case 17: return (d->b * 16ull) * (ISO_CEILDIV(d->mh * d->mw * 4ull, 64ull));
    case 18: return ((d->mh * d->mw * 4ull) >= (64ull)) ? 1 : 0;
    case 19: return (d->b * 16ull) * (ISO_CEILDIV(d->mh * d->mw * 4ull, 16ull));
    case 20: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 480ull)) * (72ull);
    case 21: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 240ull)) * (34ull);
    case 22: return (ISO_CEILDIV(d->b * d->mh * d->mw * 4ull, 32ull)) * (34ull);
    case 23: return ISO_CEILDIV(d->b * d->mh * d->mw, 8ull);
    case 24: return d->b * d->mh * d->mw;
    case 25: return (ISO_CEILDIV(d->b * d->mh * d->mw, 480ull)) * (77ull);
    case 26: return (ISO_CEILDIV(d->b * d->mh * d->mw, 240ull)) * (36ull);
    case 27: return (ISO_CEILDIV(d->b * d->mh * d->mw, 32ull)) * (36ull);
    case 28: return ((d->mh * d->mw) >= (2ull)) ? 1 : 0;
    case 29: return d->b * d->mh * d->mw * 72ull;
    case 30: return (ISO_CEILDIV(d->b * d->mh * d->mw, 480ull)) * (69ull);
    case 31: return (ISO_CEILDIV(d->b * d->mh * d->mw, 240ull)) * (32ull);
    case 32: return (ISO_CEILDIV(d->b * d->mh * d->mw, 32ull)) * (32ull);
    case 33: return d->b * d->mh * d->mw * 64ull;
    case 34: return d->b * d->mh * d->mw * 12288ull;
    case 35: return d->b * d->mh * d->mw * 6144ull;
    case 36: return d->b * d->mh * d->mw * 18432ull;
    case 37: return d->mh * d->mw * 18432ull;
    case 38: return d->mh * d->mw * 32ull;
    case 39: return d->mh * d->mw * 1152ull;
    case 40: return d->b * d->mh * d->mw * 9216ull;
    case 41: return d->b * d->mh * d->mw * 55296ull;
    case 42: return d->b * d->mh * d->mw * 68864ull;
    case 43: return d->b * d->mh * d->mw * 34432ull;
    case 44: return d->b * d->mh * d->mw * 16384ull;
    case 45: return 92800ull;
    case 46: return 839040ull;
    case 47: return 101376ull;
    case 48: return 138880ull;
    case 49: return 1256832ull;
    case 50: return 152064ull;
    case 51: return ((((768ull) + ((64ull) * (ISO_CEILDIV(d->mh * d->mw * 4ull, 64ull)))) * (152ull)) + (3104ull)) * (4ull);
    case 52: return 518240ull;
    case 53: return 95232ull;
    case 54: return 71680ull;
    case 55: return 864ull;
    case 56: return 517120ull;
    case 57: return 4686208ull;
    case 58: return 568128ull;
    case 59: return 553600ull;
    case 60: return 5016960ull;
    case 61: return 608256ull;
    case 62: return 36864ull;
    case 63: return 1152ull;
    case 64: return 16ull;
    case 65: return 72ull;
    case 66: return 4304ull;
    case 67: return 4608ull;
    case 68: return d->mh;
    case 69: return d->mw;
    case 70: return d->mh * d->mw;
    case 71: return d->b * d->mh * d->mh * d->mw * d->mw * 1990656ull + d->b * d->mh * d->mw * 3623583744ull;
    default: return 0;
    }
}

enum { ISO_NONE = 0xffff };

/* Values in the arena: size, first and last step that uses them. */
typedef struct {
    const char *name;
    uint16_t bytes; /* expression */
    uint16_t first, last;
} iso_value;

enum { ISO_VALUES = 379 };
static const iso_value iso_values[ISO_VALUES] = {
    /* 0 */ { "pixels", 34, 0, 0 },
    /* 1 */ { "patches_raster", 35, 0, 1 },
    /* 2 */ { "patches", 35, 1, 3 },
    /* 3 */ { "frame0", 36, 2, 435 },
    /* 4 */ { "frame1", 36, 3, 4 },
    /* 5 */ { "positions_raster", 37, 6, 7 },
    /* 6 */ { "positions", 37, 7, 8 },
    /* 7 */ { "cells", 38, 9, 10 },
    /* 8 */ { "angles", 39, 10, 423 },
    /* 9 */ { "ln1-0", 36, 11, 12 },
    /* 10 */ { "ln1-0.f16", 40, 12, 13 },
    /* 11 */ { "qkv-0", 41, 13, 17 },
    /* 12 */ { "q_rope-0", 36, 14, 18 },
    /* 13 */ { "k_rope-0", 36, 15, 16 },
    /* 14 */ { "k_rope-0.f16", 40, 16, 18 },
    /* 15 */ { "v-0.f16", 40, 17, 18 },
    /* 16 */ { "kqv-0", 36, 18, 19 },
    /* 17 */ { "kqv-0.f16", 40, 19, 20 },
    /* 18 */ { "ln2-0", 36, 21, 22 },
    /* 19 */ { "ln2-0.f16", 40, 22, 23 },
    /* 20 */ { "act-0", 42, 23, 24 },
    /* 21 */ { "act-0.f16", 43, 24, 25 },
    /* 22 */ { "ln1-1", 36, 26, 27 },
    /* 23 */ { "ln1-1.f16", 40, 27, 28 },
    /* 24 */ { "qkv-1", 41, 28, 32 },
    /* 25 */ { "q_rope-1", 36, 29, 33 },
    /* 26 */ { "k_rope-1", 36, 30, 31 },
    /* 27 */ { "k_rope-1.f16", 40, 31, 33 },
    /* 28 */ { "v-1.f16", 40, 32, 33 },
    /* 29 */ { "kqv-1", 36, 33, 34 },
    /* 30 */ { "kqv-1.f16", 40, 34, 35 },
    /* 31 */ { "ln2-1", 36, 36, 37 },
    /* 32 */ { "ln2-1.f16", 40, 37, 38 },
    /* 33 */ { "act-1", 42, 38, 39 },
    /* 34 */ { "act-1.f16", 43, 39, 40 },
    /* 35 */ { "ln1-2", 36, 41, 42 },
    /* 36 */ { "ln1-2.f16", 40, 42, 43 },
    /* 37 */ { "qkv-2", 41, 43, 47 },
    /* 38 */ { "q_rope-2", 36, 44, 48 },
    /* 39 */ { "k_rope-2", 36, 45, 46 },
    /* 40 */ { "k_rope-2.f16", 40, 46, 48 },
    /* 41 */ { "v-2.f16", 40, 47, 48 },
    /* 42 */ { "kqv-2", 36, 48, 49 },
    /* 43 */ { "kqv-2.f16", 40, 49, 50 },
    /* 44 */ { "ln2-2", 36, 51, 52 },
    /* 45 */ { "ln2-2.f16", 40, 52, 53 },
    /* 46 */ { "act-2", 42, 53, 54 },
    /* 47 */ { "act-2.f16", 43, 54, 55 },
    /* 48 */ { "ln1-3", 36, 56, 57 },
    /* 49 */ { "ln1-3.f16", 40, 57, 58 },
    /* 50 */ { "qkv-3", 41, 58, 62 },
    /* 51 */ { "q_rope-3", 36, 59, 63 },
    /* 52 */ { "k_rope-3", 36, 60, 61 },
    /* 53 */ { "k_rope-3.f16", 40, 61, 63 },
    /* 54 */ { "v-3.f16", 40, 62, 63 },
    /* 55 */ { "kqv-3", 36, 63, 64 },
    /* 56 */ { "kqv-3.f16", 40, 64, 65 },
    /* 57 */ { "ln2-3", 36, 66, 67 },
    /* 58 */ { "ln2-3.f16", 40, 67, 68 },
    /* 59 */ { "act-3", 42, 68, 69 },
    /* 60 */ { "act-3.f16", 43, 69, 70 },
    /* 61 */ { "ln1-4", 36, 71, 72 },
    /* 62 */ { "ln1-4.f16", 40, 72, 73 },
    /* 63 */ { "qkv-4", 41, 73, 77 },
    /* 64 */ { "q_rope-4", 36, 74, 78 },
    /* 65 */ { "k_rope-4", 36, 75, 76 },
    /* 66 */ { "k_rope-4.f16", 40, 76, 78 },
    /* 67 */ { "v-4.f16", 40, 77, 78 },
    /* 68 */ { "kqv-4", 36, 78, 79 },
    /* 69 */ { "kqv-4.f16", 40, 79, 80 },
    /* 70 */ { "ln2-4", 36, 81, 82 },
    /* 71 */ { "ln2-4.f16", 40, 82, 83 },
    /* 72 */ { "act-4", 42, 83, 84 },
    /* 73 */ { "act-4.f16", 43, 84, 85 },
    /* 74 */ { "ln1-5", 36, 86, 87 },
    /* 75 */ { "ln1-5.f16", 40, 87, 88 },
    /* 76 */ { "qkv-5", 41, 88, 92 },
    /* 77 */ { "q_rope-5", 36, 89, 93 },
    /* 78 */ { "k_rope-5", 36, 90, 91 },
    /* 79 */ { "k_rope-5.f16", 40, 91, 93 },
    /* 80 */ { "v-5.f16", 40, 92, 93 },
    /* 81 */ { "kqv-5", 36, 93, 94 },
    /* 82 */ { "kqv-5.f16", 40, 94, 95 },
    /* 83 */ { "ln2-5", 36, 96, 97 },
    /* 84 */ { "ln2-5.f16", 40, 97, 98 },
    /* 85 */ { "act-5", 42, 98, 99 },
    /* 86 */ { "act-5.f16", 43, 99, 100 },
    /* 87 */ { "ln1-6", 36, 101, 102 },
    /* 88 */ { "ln1-6.f16", 40, 102, 103 },
    /* 89 */ { "qkv-6", 41, 103, 107 },
    /* 90 */ { "q_rope-6", 36, 104, 108 },
    /* 91 */ { "k_rope-6", 36, 105, 106 },
    /* 92 */ { "k_rope-6.f16", 40, 106, 108 },
    /* 93 */ { "v-6.f16", 40, 107, 108 },
    /* 94 */ { "kqv-6", 36, 108, 109 },
    /* 95 */ { "kqv-6.f16", 40, 109, 110 },
    /* 96 */ { "ln2-6", 36, 111, 112 },
    /* 97 */ { "ln2-6.f16", 40, 112, 113 },
    /* 98 */ { "act-6", 42, 113, 114 },
    /* 99 */ { "act-6.f16", 43, 114, 115 },
    /* 100 */ { "ln1-7", 36, 116, 117 },
    /* 101 */ { "ln1-7.f16", 40, 117, 118 },
    /* 102 */ { "qkv-7", 41, 118, 122 },
    /* 103 */ { "q_rope-7", 36, 119, 123 },
    /* 104 */ { "k_rope-7", 36, 120, 121 },
    /* 105 */ { "k_rope-7.f16", 40, 121, 123 },
    /* 106 */ { "v-7.f16", 40, 122, 123 },
    /* 107 */ { "kqv-7", 36, 123, 124 },
    /* 108 */ { "kqv-7.f16", 40, 124, 125 },
    /* 109 */ { "ln2-7", 36, 126, 127 },
    /* 110 */ { "ln2-7.f16", 40, 127, 128 },
    /* 111 */ { "act-7", 42, 128, 129 },
    /* 112 */ { "act-7.f16", 43, 129, 130 },
    /* 113 */ { "ln1-8", 36, 131, 132 },
    /* 114 */ { "ln1-8.f16", 40, 132, 133 },
    /* 115 */ { "qkv-8", 41, 133, 137 },
    /* 116 */ { "q_rope-8", 36, 134, 138 },
    /* 117 */ { "k_rope-8", 36, 135, 136 },
    /* 118 */ { "k_rope-8.f16", 40, 136, 138 },
    /* 119 */ { "v-8.f16", 40, 137, 138 },
    /* 120 */ { "kqv-8", 36, 138, 139 },
    /* 121 */ { "kqv-8.f16", 40, 139, 140 },
    /* 122 */ { "ln2-8", 36, 141, 142 },
    /* 123 */ { "ln2-8.f16", 40, 142, 143 },
    /* 124 */ { "act-8", 42, 143, 144 },
    /* 125 */ { "act-8.f16", 43, 144, 145 },
    /* 126 */ { "ds_normed-8", 36, 146, 147 },
    /* 127 */ { "ds_normed-8.f16", 40, 147, 148 },
    /* 128 */ { "ds_up-8", 36, 148, 150 },
    /* 129 */ { "ds_act-8.f16", 40, 150, 151 },
    /* 130 */ { "ds_feature-8", 44, 151, 440 },
    /* 131 */ { "ln1-9", 36, 152, 153 },
    /* 132 */ { "ln1-9.f16", 40, 153, 154 },
    /* 133 */ { "qkv-9", 41, 154, 158 },
    /* 134 */ { "q_rope-9", 36, 155, 159 },
    /* 135 */ { "k_rope-9", 36, 156, 157 },
    /* 136 */ { "k_rope-9.f16", 40, 157, 159 },
    /* 137 */ { "v-9.f16", 40, 158, 159 },
    /* 138 */ { "kqv-9", 36, 159, 160 },
    /* 139 */ { "kqv-9.f16", 40, 160, 161 },
    /* 140 */ { "ln2-9", 36, 162, 163 },
    /* 141 */ { "ln2-9.f16", 40, 163, 164 },
    /* 142 */ { "act-9", 42, 164, 165 },
    /* 143 */ { "act-9.f16", 43, 165, 166 },
    /* 144 */ { "ln1-10", 36, 167, 168 },
    /* 145 */ { "ln1-10.f16", 40, 168, 169 },
    /* 146 */ { "qkv-10", 41, 169, 173 },
    /* 147 */ { "q_rope-10", 36, 170, 174 },
    /* 148 */ { "k_rope-10", 36, 171, 172 },
    /* 149 */ { "k_rope-10.f16", 40, 172, 174 },
    /* 150 */ { "v-10.f16", 40, 173, 174 },
    /* 151 */ { "kqv-10", 36, 174, 175 },
    /* 152 */ { "kqv-10.f16", 40, 175, 176 },
    /* 153 */ { "ln2-10", 36, 177, 178 },
    /* 154 */ { "ln2-10.f16", 40, 178, 179 },
    /* 155 */ { "act-10", 42, 179, 180 },
    /* 156 */ { "act-10.f16", 43, 180, 181 },
    /* 157 */ { "ln1-11", 36, 182, 183 },
    /* 158 */ { "ln1-11.f16", 40, 183, 184 },
    /* 159 */ { "qkv-11", 41, 184, 188 },
    /* 160 */ { "q_rope-11", 36, 185, 189 },
    /* 161 */ { "k_rope-11", 36, 186, 187 },
    /* 162 */ { "k_rope-11.f16", 40, 187, 189 },
    /* 163 */ { "v-11.f16", 40, 188, 189 },
    /* 164 */ { "kqv-11", 36, 189, 190 },
    /* 165 */ { "kqv-11.f16", 40, 190, 191 },
    /* 166 */ { "ln2-11", 36, 192, 193 },
    /* 167 */ { "ln2-11.f16", 40, 193, 194 },
    /* 168 */ { "act-11", 42, 194, 195 },
    /* 169 */ { "act-11.f16", 43, 195, 196 },
    /* 170 */ { "ln1-12", 36, 197, 198 },
    /* 171 */ { "ln1-12.f16", 40, 198, 199 },
    /* 172 */ { "qkv-12", 41, 199, 203 },
    /* 173 */ { "q_rope-12", 36, 200, 204 },
    /* 174 */ { "k_rope-12", 36, 201, 202 },
    /* 175 */ { "k_rope-12.f16", 40, 202, 204 },
    /* 176 */ { "v-12.f16", 40, 203, 204 },
    /* 177 */ { "kqv-12", 36, 204, 205 },
    /* 178 */ { "kqv-12.f16", 40, 205, 206 },
    /* 179 */ { "ln2-12", 36, 207, 208 },
    /* 180 */ { "ln2-12.f16", 40, 208, 209 },
    /* 181 */ { "act-12", 42, 209, 210 },
    /* 182 */ { "act-12.f16", 43, 210, 211 },
    /* 183 */ { "ln1-13", 36, 212, 213 },
    /* 184 */ { "ln1-13.f16", 40, 213, 214 },
    /* 185 */ { "qkv-13", 41, 214, 218 },
    /* 186 */ { "q_rope-13", 36, 215, 219 },
    /* 187 */ { "k_rope-13", 36, 216, 217 },
    /* 188 */ { "k_rope-13.f16", 40, 217, 219 },
    /* 189 */ { "v-13.f16", 40, 218, 219 },
    /* 190 */ { "kqv-13", 36, 219, 220 },
    /* 191 */ { "kqv-13.f16", 40, 220, 221 },
    /* 192 */ { "ln2-13", 36, 222, 223 },
    /* 193 */ { "ln2-13.f16", 40, 223, 224 },
    /* 194 */ { "act-13", 42, 224, 225 },
    /* 195 */ { "act-13.f16", 43, 225, 226 },
    /* 196 */ { "ln1-14", 36, 227, 228 },
    /* 197 */ { "ln1-14.f16", 40, 228, 229 },
    /* 198 */ { "qkv-14", 41, 229, 233 },
    /* 199 */ { "q_rope-14", 36, 230, 234 },
    /* 200 */ { "k_rope-14", 36, 231, 232 },
    /* 201 */ { "k_rope-14.f16", 40, 232, 234 },
    /* 202 */ { "v-14.f16", 40, 233, 234 },
    /* 203 */ { "kqv-14", 36, 234, 235 },
    /* 204 */ { "kqv-14.f16", 40, 235, 236 },
    /* 205 */ { "ln2-14", 36, 237, 238 },
    /* 206 */ { "ln2-14.f16", 40, 238, 239 },
    /* 207 */ { "act-14", 42, 239, 240 },
    /* 208 */ { "act-14.f16", 43, 240, 241 },
    /* 209 */ { "ln1-15", 36, 242, 243 },
    /* 210 */ { "ln1-15.f16", 40, 243, 244 },
    /* 211 */ { "qkv-15", 41, 244, 248 },
    /* 212 */ { "q_rope-15", 36, 245, 249 },
    /* 213 */ { "k_rope-15", 36, 246, 247 },
    /* 214 */ { "k_rope-15.f16", 40, 247, 249 },
    /* 215 */ { "v-15.f16", 40, 248, 249 },
    /* 216 */ { "kqv-15", 36, 249, 250 },
    /* 217 */ { "kqv-15.f16", 40, 250, 251 },
    /* 218 */ { "ln2-15", 36, 252, 253 },
    /* 219 */ { "ln2-15.f16", 40, 253, 254 },
    /* 220 */ { "act-15", 42, 254, 255 },
    /* 221 */ { "act-15.f16", 43, 255, 256 },
    /* 222 */ { "ln1-16", 36, 257, 258 },
    /* 223 */ { "ln1-16.f16", 40, 258, 259 },
    /* 224 */ { "qkv-16", 41, 259, 263 },
    /* 225 */ { "q_rope-16", 36, 260, 264 },
    /* 226 */ { "k_rope-16", 36, 261, 262 },
    /* 227 */ { "k_rope-16.f16", 40, 262, 264 },
    /* 228 */ { "v-16.f16", 40, 263, 264 },
    /* 229 */ { "kqv-16", 36, 264, 265 },
    /* 230 */ { "kqv-16.f16", 40, 265, 266 },
    /* 231 */ { "ln2-16", 36, 267, 268 },
    /* 232 */ { "ln2-16.f16", 40, 268, 269 },
    /* 233 */ { "act-16", 42, 269, 270 },
    /* 234 */ { "act-16.f16", 43, 270, 271 },
    /* 235 */ { "ds_normed-16", 36, 272, 273 },
    /* 236 */ { "ds_normed-16.f16", 40, 273, 274 },
    /* 237 */ { "ds_up-16", 36, 274, 276 },
    /* 238 */ { "ds_act-16.f16", 40, 276, 277 },
    /* 239 */ { "ds_feature-16", 44, 277, 440 },
    /* 240 */ { "ln1-17", 36, 278, 279 },
    /* 241 */ { "ln1-17.f16", 40, 279, 280 },
    /* 242 */ { "qkv-17", 41, 280, 284 },
    /* 243 */ { "q_rope-17", 36, 281, 285 },
    /* 244 */ { "k_rope-17", 36, 282, 283 },
    /* 245 */ { "k_rope-17.f16", 40, 283, 285 },
    /* 246 */ { "v-17.f16", 40, 284, 285 },
    /* 247 */ { "kqv-17", 36, 285, 286 },
    /* 248 */ { "kqv-17.f16", 40, 286, 287 },
    /* 249 */ { "ln2-17", 36, 288, 289 },
    /* 250 */ { "ln2-17.f16", 40, 289, 290 },
    /* 251 */ { "act-17", 42, 290, 291 },
    /* 252 */ { "act-17.f16", 43, 291, 292 },
    /* 253 */ { "ln1-18", 36, 293, 294 },
    /* 254 */ { "ln1-18.f16", 40, 294, 295 },
    /* 255 */ { "qkv-18", 41, 295, 299 },
    /* 256 */ { "q_rope-18", 36, 296, 300 },
    /* 257 */ { "k_rope-18", 36, 297, 298 },
    /* 258 */ { "k_rope-18.f16", 40, 298, 300 },
    /* 259 */ { "v-18.f16", 40, 299, 300 },
    /* 260 */ { "kqv-18", 36, 300, 301 },
    /* 261 */ { "kqv-18.f16", 40, 301, 302 },
    /* 262 */ { "ln2-18", 36, 303, 304 },
    /* 263 */ { "ln2-18.f16", 40, 304, 305 },
    /* 264 */ { "act-18", 42, 305, 306 },
    /* 265 */ { "act-18.f16", 43, 306, 307 },
    /* 266 */ { "ln1-19", 36, 308, 309 },
    /* 267 */ { "ln1-19.f16", 40, 309, 310 },
    /* 268 */ { "qkv-19", 41, 310, 314 },
    /* 269 */ { "q_rope-19", 36, 311, 315 },
    /* 270 */ { "k_rope-19", 36, 312, 313 },
    /* 271 */ { "k_rope-19.f16", 40, 313, 315 },
    /* 272 */ { "v-19.f16", 40, 314, 315 },
    /* 273 */ { "kqv-19", 36, 315, 316 },
    /* 274 */ { "kqv-19.f16", 40, 316, 317 },
    /* 275 */ { "ln2-19", 36, 318, 319 },
    /* 276 */ { "ln2-19.f16", 40, 319, 320 },
    /* 277 */ { "act-19", 42, 320, 321 },
    /* 278 */ { "act-19.f16", 43, 321, 322 },
    /* 279 */ { "ln1-20", 36, 323, 324 },
    /* 280 */ { "ln1-20.f16", 40, 324, 325 },
    /* 281 */ { "qkv-20", 41, 325, 329 },
    /* 282 */ { "q_rope-20", 36, 326, 330 },
    /* 283 */ { "k_rope-20", 36, 327, 328 },
    /* 284 */ { "k_rope-20.f16", 40, 328, 330 },
    /* 285 */ { "v-20.f16", 40, 329, 330 },
    /* 286 */ { "kqv-20", 36, 330, 331 },
    /* 287 */ { "kqv-20.f16", 40, 331, 332 },
    /* 288 */ { "ln2-20", 36, 333, 334 },
    /* 289 */ { "ln2-20.f16", 40, 334, 335 },
    /* 290 */ { "act-20", 42, 335, 336 },
    /* 291 */ { "act-20.f16", 43, 336, 337 },
    /* 292 */ { "ln1-21", 36, 338, 339 },
    /* 293 */ { "ln1-21.f16", 40, 339, 340 },
    /* 294 */ { "qkv-21", 41, 340, 344 },
    /* 295 */ { "q_rope-21", 36, 341, 345 },
    /* 296 */ { "k_rope-21", 36, 342, 343 },
    /* 297 */ { "k_rope-21.f16", 40, 343, 345 },
    /* 298 */ { "v-21.f16", 40, 344, 345 },
    /* 299 */ { "kqv-21", 36, 345, 346 },
    /* 300 */ { "kqv-21.f16", 40, 346, 347 },
    /* 301 */ { "ln2-21", 36, 348, 349 },
    /* 302 */ { "ln2-21.f16", 40, 349, 350 },
    /* 303 */ { "act-21", 42, 350, 351 },
    /* 304 */ { "act-21.f16", 43, 351, 352 },
    /* 305 */ { "ln1-22", 36, 353, 354 },
    /* 306 */ { "ln1-22.f16", 40, 354, 355 },
    /* 307 */ { "qkv-22", 41, 355, 359 },
    /* 308 */ { "q_rope-22", 36, 356, 360 },
    /* 309 */ { "k_rope-22", 36, 357, 358 },
    /* 310 */ { "k_rope-22.f16", 40, 358, 360 },
    /* 311 */ { "v-22.f16", 40, 359, 360 },
    /* 312 */ { "kqv-22", 36, 360, 361 },
    /* 313 */ { "kqv-22.f16", 40, 361, 362 },
    /* 314 */ { "ln2-22", 36, 363, 364 },
    /* 315 */ { "ln2-22.f16", 40, 364, 365 },
    /* 316 */ { "act-22", 42, 365, 366 },
    /* 317 */ { "act-22.f16", 43, 366, 367 },
    /* 318 */ { "ln1-23", 36, 368, 369 },
    /* 319 */ { "ln1-23.f16", 40, 369, 370 },
    /* 320 */ { "qkv-23", 41, 370, 374 },
    /* 321 */ { "q_rope-23", 36, 371, 375 },
    /* 322 */ { "k_rope-23", 36, 372, 373 },
    /* 323 */ { "k_rope-23.f16", 40, 373, 375 },
    /* 324 */ { "v-23.f16", 40, 374, 375 },
    /* 325 */ { "kqv-23", 36, 375, 376 },
    /* 326 */ { "kqv-23.f16", 40, 376, 377 },
    /* 327 */ { "ln2-23", 36, 378, 379 },
    /* 328 */ { "ln2-23.f16", 40, 379, 380 },
    /* 329 */ { "act-23", 42, 380, 381 },
    /* 330 */ { "act-23.f16", 43, 381, 382 },
    /* 331 */ { "ln1-24", 36, 383, 384 },
    /* 332 */ { "ln1-24.f16", 40, 384, 385 },
    /* 333 */ { "qkv-24", 41, 385, 389 },
    /* 334 */ { "q_rope-24", 36, 386, 390 },
    /* 335 */ { "k_rope-24", 36, 387, 388 },
    /* 336 */ { "k_rope-24.f16", 40, 388, 390 },
    /* 337 */ { "v-24.f16", 40, 389, 390 },
    /* 338 */ { "kqv-24", 36, 390, 391 },
    /* 339 */ { "kqv-24.f16", 40, 391, 392 },
    /* 340 */ { "ln2-24", 36, 393, 394 },
    /* 341 */ { "ln2-24.f16", 40, 394, 395 },
    /* 342 */ { "act-24", 42, 395, 396 },
    /* 343 */ { "act-24.f16", 43, 396, 397 },
    /* 344 */ { "ds_normed-24", 36, 398, 399 },
    /* 345 */ { "ds_normed-24.f16", 40, 399, 400 },
    /* 346 */ { "ds_up-24", 36, 400, 402 },
    /* 347 */ { "ds_act-24.f16", 40, 402, 403 },
    /* 348 */ { "ds_feature-24", 44, 403, 440 },
    /* 349 */ { "ln1-25", 36, 404, 405 },
    /* 350 */ { "ln1-25.f16", 40, 405, 406 },
    /* 351 */ { "qkv-25", 41, 406, 410 },
    /* 352 */ { "q_rope-25", 36, 407, 411 },
    /* 353 */ { "k_rope-25", 36, 408, 409 },
    /* 354 */ { "k_rope-25.f16", 40, 409, 411 },
    /* 355 */ { "v-25.f16", 40, 410, 411 },
    /* 356 */ { "kqv-25", 36, 411, 412 },
    /* 357 */ { "kqv-25.f16", 40, 412, 413 },
    /* 358 */ { "ln2-25", 36, 414, 415 },
    /* 359 */ { "ln2-25.f16", 40, 415, 416 },
    /* 360 */ { "act-25", 42, 416, 417 },
    /* 361 */ { "act-25.f16", 43, 417, 418 },
    /* 362 */ { "ln1-26", 36, 419, 420 },
    /* 363 */ { "ln1-26.f16", 40, 420, 421 },
    /* 364 */ { "qkv-26", 41, 421, 425 },
    /* 365 */ { "q_rope-26", 36, 422, 426 },
    /* 366 */ { "k_rope-26", 36, 423, 424 },
    /* 367 */ { "k_rope-26.f16", 40, 424, 426 },
    /* 368 */ { "v-26.f16", 40, 425, 426 },
    /* 369 */ { "kqv-26", 36, 426, 427 },
    /* 370 */ { "kqv-26.f16", 40, 427, 428 },
    /* 371 */ { "ln2-26", 36, 429, 430 },
    /* 372 */ { "ln2-26.f16", 40, 430, 431 },
    /* 373 */ { "act-26", 42, 431, 432 },
    /* 374 */ { "act-26.f16", 43, 432, 433 },
    /* 375 */ { "merged.f16", 40, 435, 436 },
    /* 376 */ { "mm_up", 36, 436, 438 },
    /* 377 */ { "mm_act.f16", 40, 438, 439 },
    /* 378 */ { "projected", 44, 439, 440 },
};

typedef union {
    const void *in;
    void *out;
} iso_pointer;

typedef void (*iso_run)(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch);

#if ISOBIT_X86
static void iso_run_im2col_f32_rne_avx2__patch16_ch3(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    im2col_f32_rne_avx2__patch16_ch3((const float *)p[0].in, (uint16_t *)p[1].out, a[0], a[1], a[2], t0, t1, scratch);
}
#endif

static void iso_run_im2col_f32_rne__patch16_ch3(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    im2col_f32_rne__patch16_ch3((const float *)p[0].in, (uint16_t *)p[1].out, a[0], a[1], a[2], t0, t1, scratch);
}

static void iso_run_grid_merge_f16_copy__merge2_c768(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    grid_merge_f16_copy__merge2_c768((const uint16_t *)p[0].in, (uint16_t *)p[1].out, a[0], a[1], a[2], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_conv_matmul_f16_dot8_avx512__k768_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    conv_matmul_f16_dot8_avx512__k768_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (float *)p[2].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_conv_matmul_f16_dot8_avx2__k768_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    conv_matmul_f16_dot8_avx2__k768_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (float *)p[2].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_conv_matmul_f16_dot8_neon__k768_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    conv_matmul_f16_dot8_neon__k768_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (float *)p[2].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_conv_matmul_f16_dot8__k768_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    conv_matmul_f16_dot8__k768_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (float *)p[2].out, a[0], t0, t1, scratch);
}

static void iso_run_add_f32_rn__n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    add_f32_rn__n1152((const float *)p[0].in, (const float *)p[1].in, (float *)p[2].out, a[0], t0, t1, scratch);
}

static void iso_run_add_row_f32_rn__n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    add_row_f32_rn__n1152((const float *)p[0].in, (const float *)p[1].in, (float *)p[2].out, a[0], t0, t1, scratch);
}

static void iso_run_interpolate_grid_f32_copy__side48_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    interpolate_grid_f32_copy__side48_n1152((const float *)p[0].in, (float *)p[1].out, a[0], a[1], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_interpolate_grid_f32_bilinear_corners_fma_avx2__side48_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    interpolate_grid_f32_bilinear_corners_fma_avx2__side48_n1152((const float *)p[0].in, (float *)p[1].out, a[0], a[1], t0, t1, scratch);
}
#endif

static void iso_run_interpolate_grid_f32_bilinear_corners_fma__side48_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    interpolate_grid_f32_bilinear_corners_fma__side48_n1152((const float *)p[0].in, (float *)p[1].out, a[0], a[1], t0, t1, scratch);
}

static void iso_run_grid_merge_f32_copy__merge2_c1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    grid_merge_f32_copy__merge2_c1152((const float *)p[0].in, (float *)p[1].out, a[0], a[1], a[2], t0, t1, scratch);
}

static void iso_run_add_tiled_f32_rn__n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    add_tiled_f32_rn__n1152((const float *)p[0].in, (const float *)p[1].in, (float *)p[2].out, a[0], a[1], t0, t1, scratch);
}

static void iso_run_grid_positions_i32_exact__merge2(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    grid_positions_i32_exact__merge2((int32_t *)p[0].out, a[0], a[1], t0, t1, scratch);
}

static void iso_run_rope_angles_i32_glibc_fma__d72_theta461c4000(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    rope_angles_i32_glibc_fma__d72_theta461c4000((const int32_t *)p[0].in, (float *)p[1].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_layer_norm_affine_f32_cvar8_avx2__n1152_eps358637bd(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    layer_norm_affine_f32_cvar8_avx2__n1152_eps358637bd((const float *)p[0].in, (const float *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_layer_norm_affine_f32_cvar8__n1152_eps358637bd(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    layer_norm_affine_f32_cvar8__n1152_eps358637bd((const float *)p[0].in, (const float *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_cast_f16_f32_rne_avx2__h1_d1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne_avx2__h1_d1152((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_cast_f16_f32_rne__h1_d1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne__h1_d1152((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_linear_bias_f16_dot8_avx512__k1152_n3456(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_avx512__k1152_n3456((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_linear_bias_f16_dot8_avx2__k1152_n3456(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_avx2__k1152_n3456((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_linear_bias_f16_dot8_neon__k1152_n3456(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_neon__k1152_n3456((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_linear_bias_f16_dot8__k1152_n3456(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8__k1152_n3456((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_rope_apply_f32_fma_avx2__h16_d72_xs3456x72x1(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    rope_apply_f32_fma_avx2__h16_d72_xs3456x72x1((const float *)p[0].in, (const float *)p[1].in, (float *)p[2].out, a[0], a[1], t0, t1, scratch);
}
#endif

static void iso_run_rope_apply_f32_fma__h16_d72_xs3456x72x1(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    rope_apply_f32_fma__h16_d72_xs3456x72x1((const float *)p[0].in, (const float *)p[1].in, (float *)p[2].out, a[0], a[1], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_cast_f16_f32_rne_avx2__h16_d72(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne_avx2__h16_d72((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_cast_f16_f32_rne__h16_d72(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne__h16_d72((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_cast_f16_f32_rne_avx2__h16_d72_xs3456x72x1(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne_avx2__h16_d72_xs3456x72x1((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_cast_f16_f32_rne__h16_d72_xs3456x72x1(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne__h16_d72_xs3456x72x1((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_attention_f32_tile64_exp8_avx512__h16_d72_scale3df15bf0(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    attention_f32_tile64_exp8_avx512__h16_d72_scale3df15bf0((const float *)p[0].in, (const uint16_t *)p[1].in, (const uint16_t *)p[2].in, (float *)p[3].out, a[0], a[1], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_attention_f32_tile64_exp8_avx2__h16_d72_scale3df15bf0(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    attention_f32_tile64_exp8_avx2__h16_d72_scale3df15bf0((const float *)p[0].in, (const uint16_t *)p[1].in, (const uint16_t *)p[2].in, (float *)p[3].out, a[0], a[1], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_attention_f32_tile64_exp8_neon__h16_d72_scale3df15bf0(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    attention_f32_tile64_exp8_neon__h16_d72_scale3df15bf0((const float *)p[0].in, (const uint16_t *)p[1].in, (const uint16_t *)p[2].in, (float *)p[3].out, a[0], a[1], t0, t1, scratch);
}
#endif

static void iso_run_attention_f32_tile64_exp8__h16_d72_scale3df15bf0(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    attention_f32_tile64_exp8__h16_d72_scale3df15bf0((const float *)p[0].in, (const uint16_t *)p[1].in, (const uint16_t *)p[2].in, (float *)p[3].out, a[0], a[1], t0, t1, scratch);
}

static void iso_run_attention_f32_chunk_f16acc8__h16_d72_scale3df15bf0(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    attention_f32_chunk_f16acc8__h16_d72_scale3df15bf0((const float *)p[0].in, (const uint16_t *)p[1].in, (const uint16_t *)p[2].in, (float *)p[3].out, a[0], a[1], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_linear_bias_add_f16_dot8_avx512__k1152_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8_avx512__k1152_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_linear_bias_add_f16_dot8_avx2__k1152_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8_avx2__k1152_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_linear_bias_add_f16_dot8_neon__k1152_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8_neon__k1152_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_linear_bias_add_f16_dot8__k1152_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8__k1152_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_linear_bias_gelu_f16_dot8_avx512__k1152_n4304(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_gelu_f16_dot8_avx512__k1152_n4304((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, (const table_gelu_f16_t *)p[4].in, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_linear_bias_gelu_f16_dot8_avx2__k1152_n4304(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_gelu_f16_dot8_avx2__k1152_n4304((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, (const table_gelu_f16_t *)p[4].in, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_linear_bias_gelu_f16_dot8_neon__k1152_n4304(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_gelu_f16_dot8_neon__k1152_n4304((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, (const table_gelu_f16_t *)p[4].in, a[0], t0, t1, scratch);
}
#endif

static void iso_run_linear_bias_gelu_f16_dot8__k1152_n4304(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_gelu_f16_dot8__k1152_n4304((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, (const table_gelu_f16_t *)p[4].in, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_cast_f16_f32_rne_avx2__h1_d4304(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne_avx2__h1_d4304((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_cast_f16_f32_rne__h1_d4304(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne__h1_d4304((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_linear_bias_add_f16_dot8_avx512__k4304_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8_avx512__k4304_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_linear_bias_add_f16_dot8_avx2__k4304_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8_avx2__k4304_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_linear_bias_add_f16_dot8_neon__k4304_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8_neon__k4304_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_linear_bias_add_f16_dot8__k4304_n1152(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_add_f16_dot8__k4304_n1152((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_layer_norm_affine_f32_cvar8_avx2__n4608_eps358637bd(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    layer_norm_affine_f32_cvar8_avx2__n4608_eps358637bd((const float *)p[0].in, (const float *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_layer_norm_affine_f32_cvar8__n4608_eps358637bd(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    layer_norm_affine_f32_cvar8__n4608_eps358637bd((const float *)p[0].in, (const float *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_cast_f16_f32_rne_avx2__h1_d4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne_avx2__h1_d4608((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_cast_f16_f32_rne__h1_d4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    cast_f16_f32_rne__h1_d4608((const float *)p[0].in, (uint16_t *)p[1].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_linear_bias_f16_dot8_avx512__k4608_n4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_avx512__k4608_n4608((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_linear_bias_f16_dot8_avx2__k4608_n4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_avx2__k4608_n4608((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_linear_bias_f16_dot8_neon__k4608_n4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_neon__k4608_n4608((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_linear_bias_f16_dot8__k4608_n4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8__k4608_n4608((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}

static void iso_run_linear_bias_f16_vdot8__k4608_n4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_vdot8__k4608_n4608((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_gelu_f32_tanh_f16table_avx2__n4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    gelu_f32_tanh_f16table_avx2__n4608((const float *)p[0].in, (float *)p[1].out, (const table_gelu_f16_t *)p[2].in, a[0], t0, t1, scratch);
}
#endif

static void iso_run_gelu_f32_tanh_f16table__n4608(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    gelu_f32_tanh_f16table__n4608((const float *)p[0].in, (float *)p[1].out, (const table_gelu_f16_t *)p[2].in, a[0], t0, t1, scratch);
}

#if ISOBIT_X86
static void iso_run_linear_bias_f16_dot8_avx512__k4608_n4096(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_avx512__k4608_n4096((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_X86
static void iso_run_linear_bias_f16_dot8_avx2__k4608_n4096(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_avx2__k4608_n4096((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

#if ISOBIT_ARM64
static void iso_run_linear_bias_f16_dot8_neon__k4608_n4096(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8_neon__k4608_n4096((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}
#endif

static void iso_run_linear_bias_f16_dot8__k4608_n4096(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_dot8__k4608_n4096((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}

static void iso_run_linear_bias_f16_vdot8__k4608_n4096(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    linear_bias_f16_vdot8__k4608_n4096((const uint16_t *)p[0].in, (const uint16_t *)p[1].in, (const float *)p[2].in, (float *)p[3].out, a[0], t0, t1, scratch);
}

static void iso_run_concat_f32_copy__xs4096x4096x4096x4096(const iso_pointer *p, const size_t *a, size_t t0, size_t t1, void *scratch)
{
    concat_f32_copy__xs4096x4096x4096x4096((const float *)p[0].in, (const float *)p[1].in, (const float *)p[2].in, (const float *)p[3].in, (float *)p[4].out, a[0], t0, t1, scratch);
}

typedef struct {
    const char *id;
    uint16_t variant;
    uint64_t writes; /* bit i: pointer i is written */
    iso_run run;     /* NULL: not for this machine */
} iso_kernel;

static const iso_kernel iso_kernels[] = {
#if ISOBIT_X86
    /* 0 */ { "im2col.f32.rne.avx2", ISO_VARIANT_avx2, 2, iso_run_im2col_f32_rne_avx2__patch16_ch3 },
#else
    /* 0 */ { "im2col.f32.rne.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 1 */ { "im2col.f32.rne", ISO_VARIANT_portable, 2, iso_run_im2col_f32_rne__patch16_ch3 },
    /* 2 */ { "grid_merge.f16.copy", ISO_VARIANT_portable, 2, iso_run_grid_merge_f16_copy__merge2_c768 },
#if ISOBIT_X86
    /* 3 */ { "conv_matmul.f16.dot8.avx512", ISO_VARIANT_avx512, 4, iso_run_conv_matmul_f16_dot8_avx512__k768_n1152 },
#else
    /* 3 */ { "conv_matmul.f16.dot8.avx512", ISO_VARIANT_avx512, 4, NULL },
#endif
#if ISOBIT_X86
    /* 4 */ { "conv_matmul.f16.dot8.avx2", ISO_VARIANT_avx2, 4, iso_run_conv_matmul_f16_dot8_avx2__k768_n1152 },
#else
    /* 4 */ { "conv_matmul.f16.dot8.avx2", ISO_VARIANT_avx2, 4, NULL },
#endif
#if ISOBIT_ARM64
    /* 5 */ { "conv_matmul.f16.dot8.neon", ISO_VARIANT_neon, 4, iso_run_conv_matmul_f16_dot8_neon__k768_n1152 },
#else
    /* 5 */ { "conv_matmul.f16.dot8.neon", ISO_VARIANT_neon, 4, NULL },
#endif
    /* 6 */ { "conv_matmul.f16.dot8", ISO_VARIANT_portable, 4, iso_run_conv_matmul_f16_dot8__k768_n1152 },
    /* 7 */ { "add.f32.rn", ISO_VARIANT_portable, 4, iso_run_add_f32_rn__n1152 },
    /* 8 */ { "add_row.f32.rn", ISO_VARIANT_portable, 4, iso_run_add_row_f32_rn__n1152 },
    /* 9 */ { "interpolate_grid.f32.copy", ISO_VARIANT_portable, 2, iso_run_interpolate_grid_f32_copy__side48_n1152 },
#if ISOBIT_X86
    /* 10 */ { "interpolate_grid.f32.bilinear_corners_fma.avx2", ISO_VARIANT_avx2, 2, iso_run_interpolate_grid_f32_bilinear_corners_fma_avx2__side48_n1152 },
#else
    /* 10 */ { "interpolate_grid.f32.bilinear_corners_fma.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 11 */ { "interpolate_grid.f32.bilinear_corners_fma", ISO_VARIANT_portable, 2, iso_run_interpolate_grid_f32_bilinear_corners_fma__side48_n1152 },
    /* 12 */ { "grid_merge.f32.copy", ISO_VARIANT_portable, 2, iso_run_grid_merge_f32_copy__merge2_c1152 },
    /* 13 */ { "add_tiled.f32.rn", ISO_VARIANT_portable, 4, iso_run_add_tiled_f32_rn__n1152 },
    /* 14 */ { "grid_positions.i32.exact", ISO_VARIANT_portable, 1, iso_run_grid_positions_i32_exact__merge2 },
    /* 15 */ { "rope_angles.i32.glibc_fma", ISO_VARIANT_portable, 2, iso_run_rope_angles_i32_glibc_fma__d72_theta461c4000 },
#if ISOBIT_X86
    /* 16 */ { "layer_norm_affine.f32.cvar8.avx2", ISO_VARIANT_avx2, 8, iso_run_layer_norm_affine_f32_cvar8_avx2__n1152_eps358637bd },
#else
    /* 16 */ { "layer_norm_affine.f32.cvar8.avx2", ISO_VARIANT_avx2, 8, NULL },
#endif
    /* 17 */ { "layer_norm_affine.f32.cvar8", ISO_VARIANT_portable, 8, iso_run_layer_norm_affine_f32_cvar8__n1152_eps358637bd },
#if ISOBIT_X86
    /* 18 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, iso_run_cast_f16_f32_rne_avx2__h1_d1152 },
#else
    /* 18 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 19 */ { "cast_f16.f32.rne", ISO_VARIANT_portable, 2, iso_run_cast_f16_f32_rne__h1_d1152 },
#if ISOBIT_X86
    /* 20 */ { "linear_bias.f16.dot8.avx512", ISO_VARIANT_avx512, 8, iso_run_linear_bias_f16_dot8_avx512__k1152_n3456 },
#else
    /* 20 */ { "linear_bias.f16.dot8.avx512", ISO_VARIANT_avx512, 8, NULL },
#endif
#if ISOBIT_X86
    /* 21 */ { "linear_bias.f16.dot8.avx2", ISO_VARIANT_avx2, 8, iso_run_linear_bias_f16_dot8_avx2__k1152_n3456 },
#else
    /* 21 */ { "linear_bias.f16.dot8.avx2", ISO_VARIANT_avx2, 8, NULL },
#endif
#if ISOBIT_ARM64
    /* 22 */ { "linear_bias.f16.dot8.neon", ISO_VARIANT_neon, 8, iso_run_linear_bias_f16_dot8_neon__k1152_n3456 },
#else
    /* 22 */ { "linear_bias.f16.dot8.neon", ISO_VARIANT_neon, 8, NULL },
#endif
    /* 23 */ { "linear_bias.f16.dot8", ISO_VARIANT_portable, 8, iso_run_linear_bias_f16_dot8__k1152_n3456 },
#if ISOBIT_X86
    /* 24 */ { "rope_apply.f32.fma.avx2", ISO_VARIANT_avx2, 4, iso_run_rope_apply_f32_fma_avx2__h16_d72_xs3456x72x1 },
#else
    /* 24 */ { "rope_apply.f32.fma.avx2", ISO_VARIANT_avx2, 4, NULL },
#endif
    /* 25 */ { "rope_apply.f32.fma", ISO_VARIANT_portable, 4, iso_run_rope_apply_f32_fma__h16_d72_xs3456x72x1 },
#if ISOBIT_X86
    /* 26 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, iso_run_cast_f16_f32_rne_avx2__h16_d72 },
#else
    /* 26 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 27 */ { "cast_f16.f32.rne", ISO_VARIANT_portable, 2, iso_run_cast_f16_f32_rne__h16_d72 },
#if ISOBIT_X86
    /* 28 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, iso_run_cast_f16_f32_rne_avx2__h16_d72_xs3456x72x1 },
#else
    /* 28 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 29 */ { "cast_f16.f32.rne", ISO_VARIANT_portable, 2, iso_run_cast_f16_f32_rne__h16_d72_xs3456x72x1 },
#if ISOBIT_X86
    /* 30 */ { "attention.f32.tile64_exp8.avx512", ISO_VARIANT_avx512, 8, iso_run_attention_f32_tile64_exp8_avx512__h16_d72_scale3df15bf0 },
#else
    /* 30 */ { "attention.f32.tile64_exp8.avx512", ISO_VARIANT_avx512, 8, NULL },
#endif
#if ISOBIT_X86
    /* 31 */ { "attention.f32.tile64_exp8.avx2", ISO_VARIANT_avx2, 8, iso_run_attention_f32_tile64_exp8_avx2__h16_d72_scale3df15bf0 },
#else
    /* 31 */ { "attention.f32.tile64_exp8.avx2", ISO_VARIANT_avx2, 8, NULL },
#endif
#if ISOBIT_ARM64
    /* 32 */ { "attention.f32.tile64_exp8.neon", ISO_VARIANT_neon, 8, iso_run_attention_f32_tile64_exp8_neon__h16_d72_scale3df15bf0 },
#else
    /* 32 */ { "attention.f32.tile64_exp8.neon", ISO_VARIANT_neon, 8, NULL },
#endif
    /* 33 */ { "attention.f32.tile64_exp8", ISO_VARIANT_portable, 8, iso_run_attention_f32_tile64_exp8__h16_d72_scale3df15bf0 },
    /* 34 */ { "attention.f32.chunk_f16acc8", ISO_VARIANT_portable, 8, iso_run_attention_f32_chunk_f16acc8__h16_d72_scale3df15bf0 },
#if ISOBIT_X86
    /* 35 */ { "linear_bias_add.f16.dot8.avx512", ISO_VARIANT_avx512, 16, iso_run_linear_bias_add_f16_dot8_avx512__k1152_n1152 },
#else
    /* 35 */ { "linear_bias_add.f16.dot8.avx512", ISO_VARIANT_avx512, 16, NULL },
#endif
#if ISOBIT_X86
    /* 36 */ { "linear_bias_add.f16.dot8.avx2", ISO_VARIANT_avx2, 16, iso_run_linear_bias_add_f16_dot8_avx2__k1152_n1152 },
#else
    /* 36 */ { "linear_bias_add.f16.dot8.avx2", ISO_VARIANT_avx2, 16, NULL },
#endif
#if ISOBIT_ARM64
    /* 37 */ { "linear_bias_add.f16.dot8.neon", ISO_VARIANT_neon, 16, iso_run_linear_bias_add_f16_dot8_neon__k1152_n1152 },
#else
    /* 37 */ { "linear_bias_add.f16.dot8.neon", ISO_VARIANT_neon, 16, NULL },
#endif
    /* 38 */ { "linear_bias_add.f16.dot8", ISO_VARIANT_portable, 16, iso_run_linear_bias_add_f16_dot8__k1152_n1152 },
#if ISOBIT_X86
    /* 39 */ { "linear_bias_gelu.f16.dot8.avx512", ISO_VARIANT_avx512, 8, iso_run_linear_bias_gelu_f16_dot8_avx512__k1152_n4304 },
#else
    /* 39 */ { "linear_bias_gelu.f16.dot8.avx512", ISO_VARIANT_avx512, 8, NULL },
#endif
#if ISOBIT_X86
    /* 40 */ { "linear_bias_gelu.f16.dot8.avx2", ISO_VARIANT_avx2, 8, iso_run_linear_bias_gelu_f16_dot8_avx2__k1152_n4304 },
#else
    /* 40 */ { "linear_bias_gelu.f16.dot8.avx2", ISO_VARIANT_avx2, 8, NULL },
#endif
#if ISOBIT_ARM64
    /* 41 */ { "linear_bias_gelu.f16.dot8.neon", ISO_VARIANT_neon, 8, iso_run_linear_bias_gelu_f16_dot8_neon__k1152_n4304 },
#else
    /* 41 */ { "linear_bias_gelu.f16.dot8.neon", ISO_VARIANT_neon, 8, NULL },
#endif
    /* 42 */ { "linear_bias_gelu.f16.dot8", ISO_VARIANT_portable, 8, iso_run_linear_bias_gelu_f16_dot8__k1152_n4304 },
#if ISOBIT_X86
    /* 43 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, iso_run_cast_f16_f32_rne_avx2__h1_d4304 },
#else
    /* 43 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 44 */ { "cast_f16.f32.rne", ISO_VARIANT_portable, 2, iso_run_cast_f16_f32_rne__h1_d4304 },
#if ISOBIT_X86
    /* 45 */ { "linear_bias_add.f16.dot8.avx512", ISO_VARIANT_avx512, 16, iso_run_linear_bias_add_f16_dot8_avx512__k4304_n1152 },
#else
    /* 45 */ { "linear_bias_add.f16.dot8.avx512", ISO_VARIANT_avx512, 16, NULL },
#endif
#if ISOBIT_X86
    /* 46 */ { "linear_bias_add.f16.dot8.avx2", ISO_VARIANT_avx2, 16, iso_run_linear_bias_add_f16_dot8_avx2__k4304_n1152 },
#else
    /* 46 */ { "linear_bias_add.f16.dot8.avx2", ISO_VARIANT_avx2, 16, NULL },
#endif
#if ISOBIT_ARM64
    /* 47 */ { "linear_bias_add.f16.dot8.neon", ISO_VARIANT_neon, 16, iso_run_linear_bias_add_f16_dot8_neon__k4304_n1152 },
#else
    /* 47 */ { "linear_bias_add.f16.dot8.neon", ISO_VARIANT_neon, 16, NULL },
#endif
    /* 48 */ { "linear_bias_add.f16.dot8", ISO_VARIANT_portable, 16, iso_run_linear_bias_add_f16_dot8__k4304_n1152 },
#if ISOBIT_X86
    /* 49 */ { "layer_norm_affine.f32.cvar8.avx2", ISO_VARIANT_avx2, 8, iso_run_layer_norm_affine_f32_cvar8_avx2__n4608_eps358637bd },
#else
    /* 49 */ { "layer_norm_affine.f32.cvar8.avx2", ISO_VARIANT_avx2, 8, NULL },
#endif
    /* 50 */ { "layer_norm_affine.f32.cvar8", ISO_VARIANT_portable, 8, iso_run_layer_norm_affine_f32_cvar8__n4608_eps358637bd },
#if ISOBIT_X86
    /* 51 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, iso_run_cast_f16_f32_rne_avx2__h1_d4608 },
#else
    /* 51 */ { "cast_f16.f32.rne.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 52 */ { "cast_f16.f32.rne", ISO_VARIANT_portable, 2, iso_run_cast_f16_f32_rne__h1_d4608 },
#if ISOBIT_X86
    /* 53 */ { "linear_bias.f16.dot8.avx512", ISO_VARIANT_avx512, 8, iso_run_linear_bias_f16_dot8_avx512__k4608_n4608 },
#else
    /* 53 */ { "linear_bias.f16.dot8.avx512", ISO_VARIANT_avx512, 8, NULL },
#endif
#if ISOBIT_X86
    /* 54 */ { "linear_bias.f16.dot8.avx2", ISO_VARIANT_avx2, 8, iso_run_linear_bias_f16_dot8_avx2__k4608_n4608 },
#else
    /* 54 */ { "linear_bias.f16.dot8.avx2", ISO_VARIANT_avx2, 8, NULL },
#endif
#if ISOBIT_ARM64
    /* 55 */ { "linear_bias.f16.dot8.neon", ISO_VARIANT_neon, 8, iso_run_linear_bias_f16_dot8_neon__k4608_n4608 },
#else
    /* 55 */ { "linear_bias.f16.dot8.neon", ISO_VARIANT_neon, 8, NULL },
#endif
    /* 56 */ { "linear_bias.f16.dot8", ISO_VARIANT_portable, 8, iso_run_linear_bias_f16_dot8__k4608_n4608 },
    /* 57 */ { "linear_bias.f16.vdot8", ISO_VARIANT_portable, 8, iso_run_linear_bias_f16_vdot8__k4608_n4608 },
#if ISOBIT_X86
    /* 58 */ { "gelu.f32.tanh_f16table.avx2", ISO_VARIANT_avx2, 2, iso_run_gelu_f32_tanh_f16table_avx2__n4608 },
#else
    /* 58 */ { "gelu.f32.tanh_f16table.avx2", ISO_VARIANT_avx2, 2, NULL },
#endif
    /* 59 */ { "gelu.f32.tanh_f16table", ISO_VARIANT_portable, 2, iso_run_gelu_f32_tanh_f16table__n4608 },
#if ISOBIT_X86
    /* 60 */ { "linear_bias.f16.dot8.avx512", ISO_VARIANT_avx512, 8, iso_run_linear_bias_f16_dot8_avx512__k4608_n4096 },
#else
    /* 60 */ { "linear_bias.f16.dot8.avx512", ISO_VARIANT_avx512, 8, NULL },
#endif
#if ISOBIT_X86
    /* 61 */ { "linear_bias.f16.dot8.avx2", ISO_VARIANT_avx2, 8, iso_run_linear_bias_f16_dot8_avx2__k4608_n4096 },
#else
    /* 61 */ { "linear_bias.f16.dot8.avx2", ISO_VARIANT_avx2, 8, NULL },
#endif
#if ISOBIT_ARM64
    /* 62 */ { "linear_bias.f16.dot8.neon", ISO_VARIANT_neon, 8, iso_run_linear_bias_f16_dot8_neon__k4608_n4096 },
#else
    /* 62 */ { "linear_bias.f16.dot8.neon", ISO_VARIANT_neon, 8, NULL },
#endif
    /* 63 */ { "linear_bias.f16.dot8", ISO_VARIANT_portable, 8, iso_run_linear_bias_f16_dot8__k4608_n4096 },
    /* 64 */ { "linear_bias.f16.vdot8", ISO_VARIANT_portable, 8, iso_run_linear_bias_f16_vdot8__k4608_n4096 },
    /* 65 */ { "concat.f32.copy", ISO_VARIANT_portable, 16, iso_run_concat_f32_copy__xs4096x4096x4096x4096 },
};

/* Kernels that keep the same promise, best first; open picks one that this machine runs. */
typedef struct {
    uint16_t kernel;
    uint16_t tasks; /* expression */
} iso_candidate;

typedef struct {
    uint16_t guard; /* expression; the choice is taken if it is not 0 */
    uint16_t count;
    iso_candidate candidates[4];
} iso_choice;

enum { ISO_CHOICES = 31 };
static const iso_choice iso_choices[ISO_CHOICES] = {
    /* 0 */ { ISO_NONE, 2, { { 0, 0 }, { 1, 0 } } },
    /* 1 */ { ISO_NONE, 1, { { 2, 0 } } },
    /* 2 */ { ISO_NONE, 4, { { 3, 4 }, { 4, 6 }, { 5, 6 }, { 6, 7 } } },
    /* 3 */ { ISO_NONE, 1, { { 7, 5 } } },
    /* 4 */ { ISO_NONE, 1, { { 8, 5 } } },
    /* 5 */ { 8, 1, { { 9, 2 } } },
    /* 6 */ { ISO_NONE, 2, { { 10, 2 }, { 11, 2 } } },
    /* 7 */ { ISO_NONE, 1, { { 12, 2 } } },
    /* 8 */ { ISO_NONE, 1, { { 13, 5 } } },
    /* 9 */ { ISO_NONE, 1, { { 14, 2 } } },
    /* 10 */ { ISO_NONE, 1, { { 15, 10 } } },
    /* 11 */ { ISO_NONE, 2, { { 16, 11 }, { 17, 5 } } },
    /* 12 */ { ISO_NONE, 2, { { 18, 5 }, { 19, 5 } } },
    /* 13 */ { ISO_NONE, 4, { { 20, 12 }, { 21, 13 }, { 22, 13 }, { 23, 14 } } },
    /* 14 */ { ISO_NONE, 2, { { 24, 5 }, { 25, 5 } } },
    /* 15 */ { ISO_NONE, 2, { { 26, 5 }, { 27, 5 } } },
    /* 16 */ { ISO_NONE, 2, { { 28, 5 }, { 29, 5 } } },
    /* 17 */ { 18, 4, { { 30, 15 }, { 31, 15 }, { 32, 16 }, { 33, 17 } } },
    /* 18 */ { ISO_NONE, 1, { { 34, 19 } } },
    /* 19 */ { ISO_NONE, 4, { { 35, 4 }, { 36, 6 }, { 37, 6 }, { 38, 7 } } },
    /* 20 */ { ISO_NONE, 4, { { 39, 20 }, { 40, 21 }, { 41, 21 }, { 42, 22 } } },
    /* 21 */ { ISO_NONE, 2, { { 43, 5 }, { 44, 5 } } },
    /* 22 */ { ISO_NONE, 4, { { 45, 4 }, { 46, 6 }, { 47, 6 }, { 48, 7 } } },
    /* 23 */ { ISO_NONE, 2, { { 49, 23 }, { 50, 24 } } },
    /* 24 */ { ISO_NONE, 2, { { 51, 24 }, { 52, 24 } } },
    /* 25 */ { 28, 4, { { 53, 25 }, { 54, 26 }, { 55, 26 }, { 56, 27 } } },
    /* 26 */ { ISO_NONE, 1, { { 57, 29 } } },
    /* 27 */ { ISO_NONE, 2, { { 58, 24 }, { 59, 24 } } },
    /* 28 */ { 28, 4, { { 60, 30 }, { 61, 31 }, { 62, 31 }, { 63, 32 } } },
    /* 29 */ { ISO_NONE, 1, { { 64, 33 } } },
    /* 30 */ { ISO_NONE, 1, { { 65, 24 } } },
};

typedef enum { ISO_VALUE, ISO_WEIGHT, ISO_OUTPUT, ISO_TABLE } iso_ref_kind;

typedef struct {
    uint16_t kind, index;
    uint64_t offset; /* bytes */
} iso_ref;

typedef struct {
    const char *name, *op;
    uint16_t choice_count, ref_count, arg_count;
    uint16_t choices[2];    /* the first whose guard holds */
    iso_ref refs[5];        /* operands, outputs, tables */
    uint16_t args[3];       /* expressions */
} iso_step;

enum { ISO_STEPS = 441, ISO_STEP_REFS = 5, ISO_STEP_ARGS = 3 };
static const iso_step iso_steps[ISO_STEPS] = {
    /* 0 */ { "patches_raster", "im2col", 1, 2, 3, { 0 },
        { { ISO_VALUE, 0, 0 }, { ISO_VALUE, 1, 0 } }, { 1, 2, 3 } },
    /* 1 */ { "patches", "grid_merge", 1, 2, 3, { 1 },
        { { ISO_VALUE, 1, 0 }, { ISO_VALUE, 2, 0 } }, { 1, 2, 3 } },
    /* 2 */ { "frame0", "conv_matmul", 1, 3, 1, { 2 },
        { { ISO_VALUE, 2, 0 }, { ISO_WEIGHT, 0, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 3 */ { "frame1", "conv_matmul", 1, 3, 1, { 2 },
        { { ISO_VALUE, 2, 0 }, { ISO_WEIGHT, 1, 0 }, { ISO_VALUE, 4, 0 } }, { 5 } },
    /* 4 */ { "frames", "add", 1, 3, 1, { 3 },
        { { ISO_VALUE, 3, 0 }, { ISO_VALUE, 4, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 5 */ { "embedded", "add_row", 1, 3, 1, { 4 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 2, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 6 */ { "positions_raster", "interpolate_grid", 2, 2, 2, { 5, 6 },
        { { ISO_WEIGHT, 3, 0 }, { ISO_VALUE, 5, 0 } }, { 2, 3 } },
    /* 7 */ { "positions", "grid_merge", 1, 2, 3, { 7 },
        { { ISO_VALUE, 5, 0 }, { ISO_VALUE, 6, 0 } }, { 9, 2, 3 } },
    /* 8 */ { "hidden0", "add_tiled", 1, 3, 2, { 8 },
        { { ISO_VALUE, 3, 0 }, { ISO_VALUE, 6, 0 }, { ISO_VALUE, 3, 0 } }, { 1, 10 } },
    /* 9 */ { "cells", "grid_positions", 1, 1, 2, { 9 },
        { { ISO_VALUE, 7, 0 } }, { 2, 3 } },
    /* 10 */ { "angles", "rope_angles", 1, 2, 1, { 10 },
        { { ISO_VALUE, 7, 0 }, { ISO_VALUE, 8, 0 } }, { 10 } },
    /* 11 */ { "ln1-0", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 4, 0 }, { ISO_WEIGHT, 5, 0 }, { ISO_VALUE, 9, 0 } }, { 5 } },
    /* 12 */ { "ln1-0.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 9, 0 }, { ISO_VALUE, 10, 0 } }, { 5 } },
    /* 13 */ { "qkv-0", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 10, 0 }, { ISO_WEIGHT, 6, 0 }, { ISO_WEIGHT, 7, 0 }, { ISO_VALUE, 11, 0 } }, { 5 } },
    /* 14 */ { "q_rope-0", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 11, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 12, 0 } }, { 5, 10 } },
    /* 15 */ { "k_rope-0", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 11, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 13, 0 } }, { 5, 10 } },
    /* 16 */ { "k_rope-0.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 13, 0 }, { ISO_VALUE, 14, 0 } }, { 5 } },
    /* 17 */ { "v-0.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 11, 9216 }, { ISO_VALUE, 15, 0 } }, { 5 } },
    /* 18 */ { "kqv-0", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 12, 0 }, { ISO_VALUE, 14, 0 }, { ISO_VALUE, 15, 0 }, { ISO_VALUE, 16, 0 } }, { 5, 1 } },
    /* 19 */ { "kqv-0.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 16, 0 }, { ISO_VALUE, 17, 0 } }, { 5 } },
    /* 20 */ { "ffn_inp-0", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 17, 0 }, { ISO_WEIGHT, 8, 0 }, { ISO_WEIGHT, 9, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 21 */ { "ln2-0", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 10, 0 }, { ISO_WEIGHT, 11, 0 }, { ISO_VALUE, 18, 0 } }, { 5 } },
    /* 22 */ { "ln2-0.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 18, 0 }, { ISO_VALUE, 19, 0 } }, { 5 } },
    /* 23 */ { "act-0", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 19, 0 }, { ISO_WEIGHT, 12, 0 }, { ISO_WEIGHT, 13, 0 }, { ISO_VALUE, 20, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 24 */ { "act-0.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 20, 0 }, { ISO_VALUE, 21, 0 } }, { 5 } },
    /* 25 */ { "layer_out-0", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 21, 0 }, { ISO_WEIGHT, 14, 0 }, { ISO_WEIGHT, 15, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 26 */ { "ln1-1", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 16, 0 }, { ISO_WEIGHT, 17, 0 }, { ISO_VALUE, 22, 0 } }, { 5 } },
    /* 27 */ { "ln1-1.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 22, 0 }, { ISO_VALUE, 23, 0 } }, { 5 } },
    /* 28 */ { "qkv-1", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 23, 0 }, { ISO_WEIGHT, 18, 0 }, { ISO_WEIGHT, 19, 0 }, { ISO_VALUE, 24, 0 } }, { 5 } },
    /* 29 */ { "q_rope-1", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 24, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 25, 0 } }, { 5, 10 } },
    /* 30 */ { "k_rope-1", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 24, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 26, 0 } }, { 5, 10 } },
    /* 31 */ { "k_rope-1.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 26, 0 }, { ISO_VALUE, 27, 0 } }, { 5 } },
    /* 32 */ { "v-1.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 24, 9216 }, { ISO_VALUE, 28, 0 } }, { 5 } },
    /* 33 */ { "kqv-1", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 25, 0 }, { ISO_VALUE, 27, 0 }, { ISO_VALUE, 28, 0 }, { ISO_VALUE, 29, 0 } }, { 5, 1 } },
    /* 34 */ { "kqv-1.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 29, 0 }, { ISO_VALUE, 30, 0 } }, { 5 } },
    /* 35 */ { "ffn_inp-1", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 30, 0 }, { ISO_WEIGHT, 20, 0 }, { ISO_WEIGHT, 21, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 36 */ { "ln2-1", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 22, 0 }, { ISO_WEIGHT, 23, 0 }, { ISO_VALUE, 31, 0 } }, { 5 } },
    /* 37 */ { "ln2-1.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 31, 0 }, { ISO_VALUE, 32, 0 } }, { 5 } },
    /* 38 */ { "act-1", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 32, 0 }, { ISO_WEIGHT, 24, 0 }, { ISO_WEIGHT, 25, 0 }, { ISO_VALUE, 33, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 39 */ { "act-1.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 33, 0 }, { ISO_VALUE, 34, 0 } }, { 5 } },
    /* 40 */ { "layer_out-1", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 34, 0 }, { ISO_WEIGHT, 26, 0 }, { ISO_WEIGHT, 27, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 41 */ { "ln1-2", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 28, 0 }, { ISO_WEIGHT, 29, 0 }, { ISO_VALUE, 35, 0 } }, { 5 } },
    /* 42 */ { "ln1-2.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 35, 0 }, { ISO_VALUE, 36, 0 } }, { 5 } },
    /* 43 */ { "qkv-2", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 36, 0 }, { ISO_WEIGHT, 30, 0 }, { ISO_WEIGHT, 31, 0 }, { ISO_VALUE, 37, 0 } }, { 5 } },
    /* 44 */ { "q_rope-2", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 37, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 38, 0 } }, { 5, 10 } },
    /* 45 */ { "k_rope-2", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 37, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 39, 0 } }, { 5, 10 } },
    /* 46 */ { "k_rope-2.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 39, 0 }, { ISO_VALUE, 40, 0 } }, { 5 } },
    /* 47 */ { "v-2.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 37, 9216 }, { ISO_VALUE, 41, 0 } }, { 5 } },
    /* 48 */ { "kqv-2", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 38, 0 }, { ISO_VALUE, 40, 0 }, { ISO_VALUE, 41, 0 }, { ISO_VALUE, 42, 0 } }, { 5, 1 } },
    /* 49 */ { "kqv-2.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 42, 0 }, { ISO_VALUE, 43, 0 } }, { 5 } },
    /* 50 */ { "ffn_inp-2", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 43, 0 }, { ISO_WEIGHT, 32, 0 }, { ISO_WEIGHT, 33, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 51 */ { "ln2-2", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 34, 0 }, { ISO_WEIGHT, 35, 0 }, { ISO_VALUE, 44, 0 } }, { 5 } },
    /* 52 */ { "ln2-2.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 44, 0 }, { ISO_VALUE, 45, 0 } }, { 5 } },
    /* 53 */ { "act-2", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 45, 0 }, { ISO_WEIGHT, 36, 0 }, { ISO_WEIGHT, 37, 0 }, { ISO_VALUE, 46, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 54 */ { "act-2.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 46, 0 }, { ISO_VALUE, 47, 0 } }, { 5 } },
    /* 55 */ { "layer_out-2", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 47, 0 }, { ISO_WEIGHT, 38, 0 }, { ISO_WEIGHT, 39, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 56 */ { "ln1-3", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 40, 0 }, { ISO_WEIGHT, 41, 0 }, { ISO_VALUE, 48, 0 } }, { 5 } },
    /* 57 */ { "ln1-3.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 48, 0 }, { ISO_VALUE, 49, 0 } }, { 5 } },
    /* 58 */ { "qkv-3", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 49, 0 }, { ISO_WEIGHT, 42, 0 }, { ISO_WEIGHT, 43, 0 }, { ISO_VALUE, 50, 0 } }, { 5 } },
    /* 59 */ { "q_rope-3", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 50, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 51, 0 } }, { 5, 10 } },
    /* 60 */ { "k_rope-3", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 50, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 52, 0 } }, { 5, 10 } },
    /* 61 */ { "k_rope-3.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 52, 0 }, { ISO_VALUE, 53, 0 } }, { 5 } },
    /* 62 */ { "v-3.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 50, 9216 }, { ISO_VALUE, 54, 0 } }, { 5 } },
    /* 63 */ { "kqv-3", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 51, 0 }, { ISO_VALUE, 53, 0 }, { ISO_VALUE, 54, 0 }, { ISO_VALUE, 55, 0 } }, { 5, 1 } },
    /* 64 */ { "kqv-3.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 55, 0 }, { ISO_VALUE, 56, 0 } }, { 5 } },
    /* 65 */ { "ffn_inp-3", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 56, 0 }, { ISO_WEIGHT, 44, 0 }, { ISO_WEIGHT, 45, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 66 */ { "ln2-3", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 46, 0 }, { ISO_WEIGHT, 47, 0 }, { ISO_VALUE, 57, 0 } }, { 5 } },
    /* 67 */ { "ln2-3.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 57, 0 }, { ISO_VALUE, 58, 0 } }, { 5 } },
    /* 68 */ { "act-3", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 58, 0 }, { ISO_WEIGHT, 48, 0 }, { ISO_WEIGHT, 49, 0 }, { ISO_VALUE, 59, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 69 */ { "act-3.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 59, 0 }, { ISO_VALUE, 60, 0 } }, { 5 } },
    /* 70 */ { "layer_out-3", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 60, 0 }, { ISO_WEIGHT, 50, 0 }, { ISO_WEIGHT, 51, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 71 */ { "ln1-4", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 52, 0 }, { ISO_WEIGHT, 53, 0 }, { ISO_VALUE, 61, 0 } }, { 5 } },
    /* 72 */ { "ln1-4.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 61, 0 }, { ISO_VALUE, 62, 0 } }, { 5 } },
    /* 73 */ { "qkv-4", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 62, 0 }, { ISO_WEIGHT, 54, 0 }, { ISO_WEIGHT, 55, 0 }, { ISO_VALUE, 63, 0 } }, { 5 } },
    /* 74 */ { "q_rope-4", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 63, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 64, 0 } }, { 5, 10 } },
    /* 75 */ { "k_rope-4", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 63, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 65, 0 } }, { 5, 10 } },
    /* 76 */ { "k_rope-4.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 65, 0 }, { ISO_VALUE, 66, 0 } }, { 5 } },
    /* 77 */ { "v-4.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 63, 9216 }, { ISO_VALUE, 67, 0 } }, { 5 } },
    /* 78 */ { "kqv-4", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 64, 0 }, { ISO_VALUE, 66, 0 }, { ISO_VALUE, 67, 0 }, { ISO_VALUE, 68, 0 } }, { 5, 1 } },
    /* 79 */ { "kqv-4.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 68, 0 }, { ISO_VALUE, 69, 0 } }, { 5 } },
    /* 80 */ { "ffn_inp-4", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 69, 0 }, { ISO_WEIGHT, 56, 0 }, { ISO_WEIGHT, 57, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 81 */ { "ln2-4", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 58, 0 }, { ISO_WEIGHT, 59, 0 }, { ISO_VALUE, 70, 0 } }, { 5 } },
    /* 82 */ { "ln2-4.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 70, 0 }, { ISO_VALUE, 71, 0 } }, { 5 } },
    /* 83 */ { "act-4", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 71, 0 }, { ISO_WEIGHT, 60, 0 }, { ISO_WEIGHT, 61, 0 }, { ISO_VALUE, 72, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 84 */ { "act-4.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 72, 0 }, { ISO_VALUE, 73, 0 } }, { 5 } },
    /* 85 */ { "layer_out-4", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 73, 0 }, { ISO_WEIGHT, 62, 0 }, { ISO_WEIGHT, 63, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 86 */ { "ln1-5", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 64, 0 }, { ISO_WEIGHT, 65, 0 }, { ISO_VALUE, 74, 0 } }, { 5 } },
    /* 87 */ { "ln1-5.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 74, 0 }, { ISO_VALUE, 75, 0 } }, { 5 } },
    /* 88 */ { "qkv-5", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 75, 0 }, { ISO_WEIGHT, 66, 0 }, { ISO_WEIGHT, 67, 0 }, { ISO_VALUE, 76, 0 } }, { 5 } },
    /* 89 */ { "q_rope-5", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 76, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 77, 0 } }, { 5, 10 } },
    /* 90 */ { "k_rope-5", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 76, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 78, 0 } }, { 5, 10 } },
    /* 91 */ { "k_rope-5.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 78, 0 }, { ISO_VALUE, 79, 0 } }, { 5 } },
    /* 92 */ { "v-5.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 76, 9216 }, { ISO_VALUE, 80, 0 } }, { 5 } },
    /* 93 */ { "kqv-5", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 77, 0 }, { ISO_VALUE, 79, 0 }, { ISO_VALUE, 80, 0 }, { ISO_VALUE, 81, 0 } }, { 5, 1 } },
    /* 94 */ { "kqv-5.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 81, 0 }, { ISO_VALUE, 82, 0 } }, { 5 } },
    /* 95 */ { "ffn_inp-5", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 82, 0 }, { ISO_WEIGHT, 68, 0 }, { ISO_WEIGHT, 69, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 96 */ { "ln2-5", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 70, 0 }, { ISO_WEIGHT, 71, 0 }, { ISO_VALUE, 83, 0 } }, { 5 } },
    /* 97 */ { "ln2-5.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 83, 0 }, { ISO_VALUE, 84, 0 } }, { 5 } },
    /* 98 */ { "act-5", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 84, 0 }, { ISO_WEIGHT, 72, 0 }, { ISO_WEIGHT, 73, 0 }, { ISO_VALUE, 85, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 99 */ { "act-5.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 85, 0 }, { ISO_VALUE, 86, 0 } }, { 5 } },
    /* 100 */ { "layer_out-5", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 86, 0 }, { ISO_WEIGHT, 74, 0 }, { ISO_WEIGHT, 75, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 101 */ { "ln1-6", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 76, 0 }, { ISO_WEIGHT, 77, 0 }, { ISO_VALUE, 87, 0 } }, { 5 } },
    /* 102 */ { "ln1-6.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 87, 0 }, { ISO_VALUE, 88, 0 } }, { 5 } },
    /* 103 */ { "qkv-6", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 88, 0 }, { ISO_WEIGHT, 78, 0 }, { ISO_WEIGHT, 79, 0 }, { ISO_VALUE, 89, 0 } }, { 5 } },
    /* 104 */ { "q_rope-6", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 89, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 90, 0 } }, { 5, 10 } },
    /* 105 */ { "k_rope-6", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 89, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 91, 0 } }, { 5, 10 } },
    /* 106 */ { "k_rope-6.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 91, 0 }, { ISO_VALUE, 92, 0 } }, { 5 } },
    /* 107 */ { "v-6.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 89, 9216 }, { ISO_VALUE, 93, 0 } }, { 5 } },
    /* 108 */ { "kqv-6", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 90, 0 }, { ISO_VALUE, 92, 0 }, { ISO_VALUE, 93, 0 }, { ISO_VALUE, 94, 0 } }, { 5, 1 } },
    /* 109 */ { "kqv-6.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 94, 0 }, { ISO_VALUE, 95, 0 } }, { 5 } },
    /* 110 */ { "ffn_inp-6", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 95, 0 }, { ISO_WEIGHT, 80, 0 }, { ISO_WEIGHT, 81, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 111 */ { "ln2-6", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 82, 0 }, { ISO_WEIGHT, 83, 0 }, { ISO_VALUE, 96, 0 } }, { 5 } },
    /* 112 */ { "ln2-6.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 96, 0 }, { ISO_VALUE, 97, 0 } }, { 5 } },
    /* 113 */ { "act-6", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 97, 0 }, { ISO_WEIGHT, 84, 0 }, { ISO_WEIGHT, 85, 0 }, { ISO_VALUE, 98, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 114 */ { "act-6.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 98, 0 }, { ISO_VALUE, 99, 0 } }, { 5 } },
    /* 115 */ { "layer_out-6", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 99, 0 }, { ISO_WEIGHT, 86, 0 }, { ISO_WEIGHT, 87, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 116 */ { "ln1-7", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 88, 0 }, { ISO_WEIGHT, 89, 0 }, { ISO_VALUE, 100, 0 } }, { 5 } },
    /* 117 */ { "ln1-7.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 100, 0 }, { ISO_VALUE, 101, 0 } }, { 5 } },
    /* 118 */ { "qkv-7", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 101, 0 }, { ISO_WEIGHT, 90, 0 }, { ISO_WEIGHT, 91, 0 }, { ISO_VALUE, 102, 0 } }, { 5 } },
    /* 119 */ { "q_rope-7", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 102, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 103, 0 } }, { 5, 10 } },
    /* 120 */ { "k_rope-7", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 102, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 104, 0 } }, { 5, 10 } },
    /* 121 */ { "k_rope-7.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 104, 0 }, { ISO_VALUE, 105, 0 } }, { 5 } },
    /* 122 */ { "v-7.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 102, 9216 }, { ISO_VALUE, 106, 0 } }, { 5 } },
    /* 123 */ { "kqv-7", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 103, 0 }, { ISO_VALUE, 105, 0 }, { ISO_VALUE, 106, 0 }, { ISO_VALUE, 107, 0 } }, { 5, 1 } },
    /* 124 */ { "kqv-7.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 107, 0 }, { ISO_VALUE, 108, 0 } }, { 5 } },
    /* 125 */ { "ffn_inp-7", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 108, 0 }, { ISO_WEIGHT, 92, 0 }, { ISO_WEIGHT, 93, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 126 */ { "ln2-7", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 94, 0 }, { ISO_WEIGHT, 95, 0 }, { ISO_VALUE, 109, 0 } }, { 5 } },
    /* 127 */ { "ln2-7.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 109, 0 }, { ISO_VALUE, 110, 0 } }, { 5 } },
    /* 128 */ { "act-7", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 110, 0 }, { ISO_WEIGHT, 96, 0 }, { ISO_WEIGHT, 97, 0 }, { ISO_VALUE, 111, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 129 */ { "act-7.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 111, 0 }, { ISO_VALUE, 112, 0 } }, { 5 } },
    /* 130 */ { "layer_out-7", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 112, 0 }, { ISO_WEIGHT, 98, 0 }, { ISO_WEIGHT, 99, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 131 */ { "ln1-8", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 100, 0 }, { ISO_WEIGHT, 101, 0 }, { ISO_VALUE, 113, 0 } }, { 5 } },
    /* 132 */ { "ln1-8.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 113, 0 }, { ISO_VALUE, 114, 0 } }, { 5 } },
    /* 133 */ { "qkv-8", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 114, 0 }, { ISO_WEIGHT, 102, 0 }, { ISO_WEIGHT, 103, 0 }, { ISO_VALUE, 115, 0 } }, { 5 } },
    /* 134 */ { "q_rope-8", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 115, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 116, 0 } }, { 5, 10 } },
    /* 135 */ { "k_rope-8", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 115, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 117, 0 } }, { 5, 10 } },
    /* 136 */ { "k_rope-8.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 117, 0 }, { ISO_VALUE, 118, 0 } }, { 5 } },
    /* 137 */ { "v-8.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 115, 9216 }, { ISO_VALUE, 119, 0 } }, { 5 } },
    /* 138 */ { "kqv-8", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 116, 0 }, { ISO_VALUE, 118, 0 }, { ISO_VALUE, 119, 0 }, { ISO_VALUE, 120, 0 } }, { 5, 1 } },
    /* 139 */ { "kqv-8.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 120, 0 }, { ISO_VALUE, 121, 0 } }, { 5 } },
    /* 140 */ { "ffn_inp-8", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 121, 0 }, { ISO_WEIGHT, 104, 0 }, { ISO_WEIGHT, 105, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 141 */ { "ln2-8", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 106, 0 }, { ISO_WEIGHT, 107, 0 }, { ISO_VALUE, 122, 0 } }, { 5 } },
    /* 142 */ { "ln2-8.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 122, 0 }, { ISO_VALUE, 123, 0 } }, { 5 } },
    /* 143 */ { "act-8", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 123, 0 }, { ISO_WEIGHT, 108, 0 }, { ISO_WEIGHT, 109, 0 }, { ISO_VALUE, 124, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 144 */ { "act-8.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 124, 0 }, { ISO_VALUE, 125, 0 } }, { 5 } },
    /* 145 */ { "layer_out-8", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 125, 0 }, { ISO_WEIGHT, 110, 0 }, { ISO_WEIGHT, 111, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 146 */ { "ds_normed-8", "layer_norm_affine", 1, 4, 1, { 23 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 112, 0 }, { ISO_WEIGHT, 113, 0 }, { ISO_VALUE, 126, 0 } }, { 24 } },
    /* 147 */ { "ds_normed-8.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 126, 0 }, { ISO_VALUE, 127, 0 } }, { 24 } },
    /* 148 */ { "ds_up-8", "linear_bias", 2, 4, 1, { 25, 26 },
        { { ISO_VALUE, 127, 0 }, { ISO_WEIGHT, 114, 0 }, { ISO_WEIGHT, 115, 0 }, { ISO_VALUE, 128, 0 } }, { 24 } },
    /* 149 */ { "ds_act-8", "gelu", 1, 3, 1, { 27 },
        { { ISO_VALUE, 128, 0 }, { ISO_VALUE, 128, 0 }, { ISO_TABLE, 0, 0 } }, { 24 } },
    /* 150 */ { "ds_act-8.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 128, 0 }, { ISO_VALUE, 129, 0 } }, { 24 } },
    /* 151 */ { "ds_feature-8", "linear_bias", 2, 4, 1, { 28, 29 },
        { { ISO_VALUE, 129, 0 }, { ISO_WEIGHT, 116, 0 }, { ISO_WEIGHT, 117, 0 }, { ISO_VALUE, 130, 0 } }, { 24 } },
    /* 152 */ { "ln1-9", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 118, 0 }, { ISO_WEIGHT, 119, 0 }, { ISO_VALUE, 131, 0 } }, { 5 } },
    /* 153 */ { "ln1-9.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 131, 0 }, { ISO_VALUE, 132, 0 } }, { 5 } },
    /* 154 */ { "qkv-9", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 132, 0 }, { ISO_WEIGHT, 120, 0 }, { ISO_WEIGHT, 121, 0 }, { ISO_VALUE, 133, 0 } }, { 5 } },
    /* 155 */ { "q_rope-9", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 133, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 134, 0 } }, { 5, 10 } },
    /* 156 */ { "k_rope-9", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 133, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 135, 0 } }, { 5, 10 } },
    /* 157 */ { "k_rope-9.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 135, 0 }, { ISO_VALUE, 136, 0 } }, { 5 } },
    /* 158 */ { "v-9.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 133, 9216 }, { ISO_VALUE, 137, 0 } }, { 5 } },
    /* 159 */ { "kqv-9", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 134, 0 }, { ISO_VALUE, 136, 0 }, { ISO_VALUE, 137, 0 }, { ISO_VALUE, 138, 0 } }, { 5, 1 } },
    /* 160 */ { "kqv-9.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 138, 0 }, { ISO_VALUE, 139, 0 } }, { 5 } },
    /* 161 */ { "ffn_inp-9", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 139, 0 }, { ISO_WEIGHT, 122, 0 }, { ISO_WEIGHT, 123, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 162 */ { "ln2-9", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 124, 0 }, { ISO_WEIGHT, 125, 0 }, { ISO_VALUE, 140, 0 } }, { 5 } },
    /* 163 */ { "ln2-9.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 140, 0 }, { ISO_VALUE, 141, 0 } }, { 5 } },
    /* 164 */ { "act-9", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 141, 0 }, { ISO_WEIGHT, 126, 0 }, { ISO_WEIGHT, 127, 0 }, { ISO_VALUE, 142, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 165 */ { "act-9.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 142, 0 }, { ISO_VALUE, 143, 0 } }, { 5 } },
    /* 166 */ { "layer_out-9", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 143, 0 }, { ISO_WEIGHT, 128, 0 }, { ISO_WEIGHT, 129, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 167 */ { "ln1-10", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 130, 0 }, { ISO_WEIGHT, 131, 0 }, { ISO_VALUE, 144, 0 } }, { 5 } },
    /* 168 */ { "ln1-10.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 144, 0 }, { ISO_VALUE, 145, 0 } }, { 5 } },
    /* 169 */ { "qkv-10", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 145, 0 }, { ISO_WEIGHT, 132, 0 }, { ISO_WEIGHT, 133, 0 }, { ISO_VALUE, 146, 0 } }, { 5 } },
    /* 170 */ { "q_rope-10", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 146, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 147, 0 } }, { 5, 10 } },
    /* 171 */ { "k_rope-10", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 146, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 148, 0 } }, { 5, 10 } },
    /* 172 */ { "k_rope-10.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 148, 0 }, { ISO_VALUE, 149, 0 } }, { 5 } },
    /* 173 */ { "v-10.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 146, 9216 }, { ISO_VALUE, 150, 0 } }, { 5 } },
    /* 174 */ { "kqv-10", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 147, 0 }, { ISO_VALUE, 149, 0 }, { ISO_VALUE, 150, 0 }, { ISO_VALUE, 151, 0 } }, { 5, 1 } },
    /* 175 */ { "kqv-10.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 151, 0 }, { ISO_VALUE, 152, 0 } }, { 5 } },
    /* 176 */ { "ffn_inp-10", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 152, 0 }, { ISO_WEIGHT, 134, 0 }, { ISO_WEIGHT, 135, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 177 */ { "ln2-10", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 136, 0 }, { ISO_WEIGHT, 137, 0 }, { ISO_VALUE, 153, 0 } }, { 5 } },
    /* 178 */ { "ln2-10.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 153, 0 }, { ISO_VALUE, 154, 0 } }, { 5 } },
    /* 179 */ { "act-10", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 154, 0 }, { ISO_WEIGHT, 138, 0 }, { ISO_WEIGHT, 139, 0 }, { ISO_VALUE, 155, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 180 */ { "act-10.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 155, 0 }, { ISO_VALUE, 156, 0 } }, { 5 } },
    /* 181 */ { "layer_out-10", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 156, 0 }, { ISO_WEIGHT, 140, 0 }, { ISO_WEIGHT, 141, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 182 */ { "ln1-11", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 142, 0 }, { ISO_WEIGHT, 143, 0 }, { ISO_VALUE, 157, 0 } }, { 5 } },
    /* 183 */ { "ln1-11.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 157, 0 }, { ISO_VALUE, 158, 0 } }, { 5 } },
    /* 184 */ { "qkv-11", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 158, 0 }, { ISO_WEIGHT, 144, 0 }, { ISO_WEIGHT, 145, 0 }, { ISO_VALUE, 159, 0 } }, { 5 } },
    /* 185 */ { "q_rope-11", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 159, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 160, 0 } }, { 5, 10 } },
    /* 186 */ { "k_rope-11", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 159, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 161, 0 } }, { 5, 10 } },
    /* 187 */ { "k_rope-11.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 161, 0 }, { ISO_VALUE, 162, 0 } }, { 5 } },
    /* 188 */ { "v-11.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 159, 9216 }, { ISO_VALUE, 163, 0 } }, { 5 } },
    /* 189 */ { "kqv-11", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 160, 0 }, { ISO_VALUE, 162, 0 }, { ISO_VALUE, 163, 0 }, { ISO_VALUE, 164, 0 } }, { 5, 1 } },
    /* 190 */ { "kqv-11.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 164, 0 }, { ISO_VALUE, 165, 0 } }, { 5 } },
    /* 191 */ { "ffn_inp-11", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 165, 0 }, { ISO_WEIGHT, 146, 0 }, { ISO_WEIGHT, 147, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 192 */ { "ln2-11", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 148, 0 }, { ISO_WEIGHT, 149, 0 }, { ISO_VALUE, 166, 0 } }, { 5 } },
    /* 193 */ { "ln2-11.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 166, 0 }, { ISO_VALUE, 167, 0 } }, { 5 } },
    /* 194 */ { "act-11", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 167, 0 }, { ISO_WEIGHT, 150, 0 }, { ISO_WEIGHT, 151, 0 }, { ISO_VALUE, 168, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 195 */ { "act-11.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 168, 0 }, { ISO_VALUE, 169, 0 } }, { 5 } },
    /* 196 */ { "layer_out-11", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 169, 0 }, { ISO_WEIGHT, 152, 0 }, { ISO_WEIGHT, 153, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 197 */ { "ln1-12", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 154, 0 }, { ISO_WEIGHT, 155, 0 }, { ISO_VALUE, 170, 0 } }, { 5 } },
    /* 198 */ { "ln1-12.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 170, 0 }, { ISO_VALUE, 171, 0 } }, { 5 } },
    /* 199 */ { "qkv-12", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 171, 0 }, { ISO_WEIGHT, 156, 0 }, { ISO_WEIGHT, 157, 0 }, { ISO_VALUE, 172, 0 } }, { 5 } },
    /* 200 */ { "q_rope-12", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 172, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 173, 0 } }, { 5, 10 } },
    /* 201 */ { "k_rope-12", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 172, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 174, 0 } }, { 5, 10 } },
    /* 202 */ { "k_rope-12.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 174, 0 }, { ISO_VALUE, 175, 0 } }, { 5 } },
    /* 203 */ { "v-12.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 172, 9216 }, { ISO_VALUE, 176, 0 } }, { 5 } },
    /* 204 */ { "kqv-12", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 173, 0 }, { ISO_VALUE, 175, 0 }, { ISO_VALUE, 176, 0 }, { ISO_VALUE, 177, 0 } }, { 5, 1 } },
    /* 205 */ { "kqv-12.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 177, 0 }, { ISO_VALUE, 178, 0 } }, { 5 } },
    /* 206 */ { "ffn_inp-12", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 178, 0 }, { ISO_WEIGHT, 158, 0 }, { ISO_WEIGHT, 159, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 207 */ { "ln2-12", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 160, 0 }, { ISO_WEIGHT, 161, 0 }, { ISO_VALUE, 179, 0 } }, { 5 } },
    /* 208 */ { "ln2-12.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 179, 0 }, { ISO_VALUE, 180, 0 } }, { 5 } },
    /* 209 */ { "act-12", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 180, 0 }, { ISO_WEIGHT, 162, 0 }, { ISO_WEIGHT, 163, 0 }, { ISO_VALUE, 181, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 210 */ { "act-12.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 181, 0 }, { ISO_VALUE, 182, 0 } }, { 5 } },
    /* 211 */ { "layer_out-12", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 182, 0 }, { ISO_WEIGHT, 164, 0 }, { ISO_WEIGHT, 165, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 212 */ { "ln1-13", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 166, 0 }, { ISO_WEIGHT, 167, 0 }, { ISO_VALUE, 183, 0 } }, { 5 } },
    /* 213 */ { "ln1-13.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 183, 0 }, { ISO_VALUE, 184, 0 } }, { 5 } },
    /* 214 */ { "qkv-13", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 184, 0 }, { ISO_WEIGHT, 168, 0 }, { ISO_WEIGHT, 169, 0 }, { ISO_VALUE, 185, 0 } }, { 5 } },
    /* 215 */ { "q_rope-13", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 185, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 186, 0 } }, { 5, 10 } },
    /* 216 */ { "k_rope-13", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 185, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 187, 0 } }, { 5, 10 } },
    /* 217 */ { "k_rope-13.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 187, 0 }, { ISO_VALUE, 188, 0 } }, { 5 } },
    /* 218 */ { "v-13.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 185, 9216 }, { ISO_VALUE, 189, 0 } }, { 5 } },
    /* 219 */ { "kqv-13", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 186, 0 }, { ISO_VALUE, 188, 0 }, { ISO_VALUE, 189, 0 }, { ISO_VALUE, 190, 0 } }, { 5, 1 } },
    /* 220 */ { "kqv-13.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 190, 0 }, { ISO_VALUE, 191, 0 } }, { 5 } },
    /* 221 */ { "ffn_inp-13", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 191, 0 }, { ISO_WEIGHT, 170, 0 }, { ISO_WEIGHT, 171, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 222 */ { "ln2-13", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 172, 0 }, { ISO_WEIGHT, 173, 0 }, { ISO_VALUE, 192, 0 } }, { 5 } },
    /* 223 */ { "ln2-13.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 192, 0 }, { ISO_VALUE, 193, 0 } }, { 5 } },
    /* 224 */ { "act-13", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 193, 0 }, { ISO_WEIGHT, 174, 0 }, { ISO_WEIGHT, 175, 0 }, { ISO_VALUE, 194, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 225 */ { "act-13.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 194, 0 }, { ISO_VALUE, 195, 0 } }, { 5 } },
    /* 226 */ { "layer_out-13", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 195, 0 }, { ISO_WEIGHT, 176, 0 }, { ISO_WEIGHT, 177, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 227 */ { "ln1-14", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 178, 0 }, { ISO_WEIGHT, 179, 0 }, { ISO_VALUE, 196, 0 } }, { 5 } },
    /* 228 */ { "ln1-14.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 196, 0 }, { ISO_VALUE, 197, 0 } }, { 5 } },
    /* 229 */ { "qkv-14", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 197, 0 }, { ISO_WEIGHT, 180, 0 }, { ISO_WEIGHT, 181, 0 }, { ISO_VALUE, 198, 0 } }, { 5 } },
    /* 230 */ { "q_rope-14", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 198, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 199, 0 } }, { 5, 10 } },
    /* 231 */ { "k_rope-14", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 198, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 200, 0 } }, { 5, 10 } },
    /* 232 */ { "k_rope-14.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 200, 0 }, { ISO_VALUE, 201, 0 } }, { 5 } },
    /* 233 */ { "v-14.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 198, 9216 }, { ISO_VALUE, 202, 0 } }, { 5 } },
    /* 234 */ { "kqv-14", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 199, 0 }, { ISO_VALUE, 201, 0 }, { ISO_VALUE, 202, 0 }, { ISO_VALUE, 203, 0 } }, { 5, 1 } },
    /* 235 */ { "kqv-14.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 203, 0 }, { ISO_VALUE, 204, 0 } }, { 5 } },
    /* 236 */ { "ffn_inp-14", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 204, 0 }, { ISO_WEIGHT, 182, 0 }, { ISO_WEIGHT, 183, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 237 */ { "ln2-14", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 184, 0 }, { ISO_WEIGHT, 185, 0 }, { ISO_VALUE, 205, 0 } }, { 5 } },
    /* 238 */ { "ln2-14.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 205, 0 }, { ISO_VALUE, 206, 0 } }, { 5 } },
    /* 239 */ { "act-14", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 206, 0 }, { ISO_WEIGHT, 186, 0 }, { ISO_WEIGHT, 187, 0 }, { ISO_VALUE, 207, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 240 */ { "act-14.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 207, 0 }, { ISO_VALUE, 208, 0 } }, { 5 } },
    /* 241 */ { "layer_out-14", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 208, 0 }, { ISO_WEIGHT, 188, 0 }, { ISO_WEIGHT, 189, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 242 */ { "ln1-15", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 190, 0 }, { ISO_WEIGHT, 191, 0 }, { ISO_VALUE, 209, 0 } }, { 5 } },
    /* 243 */ { "ln1-15.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 209, 0 }, { ISO_VALUE, 210, 0 } }, { 5 } },
    /* 244 */ { "qkv-15", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 210, 0 }, { ISO_WEIGHT, 192, 0 }, { ISO_WEIGHT, 193, 0 }, { ISO_VALUE, 211, 0 } }, { 5 } },
    /* 245 */ { "q_rope-15", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 211, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 212, 0 } }, { 5, 10 } },
    /* 246 */ { "k_rope-15", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 211, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 213, 0 } }, { 5, 10 } },
    /* 247 */ { "k_rope-15.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 213, 0 }, { ISO_VALUE, 214, 0 } }, { 5 } },
    /* 248 */ { "v-15.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 211, 9216 }, { ISO_VALUE, 215, 0 } }, { 5 } },
    /* 249 */ { "kqv-15", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 212, 0 }, { ISO_VALUE, 214, 0 }, { ISO_VALUE, 215, 0 }, { ISO_VALUE, 216, 0 } }, { 5, 1 } },
    /* 250 */ { "kqv-15.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 216, 0 }, { ISO_VALUE, 217, 0 } }, { 5 } },
    /* 251 */ { "ffn_inp-15", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 217, 0 }, { ISO_WEIGHT, 194, 0 }, { ISO_WEIGHT, 195, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 252 */ { "ln2-15", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 196, 0 }, { ISO_WEIGHT, 197, 0 }, { ISO_VALUE, 218, 0 } }, { 5 } },
    /* 253 */ { "ln2-15.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 218, 0 }, { ISO_VALUE, 219, 0 } }, { 5 } },
    /* 254 */ { "act-15", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 219, 0 }, { ISO_WEIGHT, 198, 0 }, { ISO_WEIGHT, 199, 0 }, { ISO_VALUE, 220, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 255 */ { "act-15.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 220, 0 }, { ISO_VALUE, 221, 0 } }, { 5 } },
    /* 256 */ { "layer_out-15", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 221, 0 }, { ISO_WEIGHT, 200, 0 }, { ISO_WEIGHT, 201, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 257 */ { "ln1-16", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 202, 0 }, { ISO_WEIGHT, 203, 0 }, { ISO_VALUE, 222, 0 } }, { 5 } },
    /* 258 */ { "ln1-16.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 222, 0 }, { ISO_VALUE, 223, 0 } }, { 5 } },
    /* 259 */ { "qkv-16", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 223, 0 }, { ISO_WEIGHT, 204, 0 }, { ISO_WEIGHT, 205, 0 }, { ISO_VALUE, 224, 0 } }, { 5 } },
    /* 260 */ { "q_rope-16", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 224, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 225, 0 } }, { 5, 10 } },
    /* 261 */ { "k_rope-16", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 224, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 226, 0 } }, { 5, 10 } },
    /* 262 */ { "k_rope-16.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 226, 0 }, { ISO_VALUE, 227, 0 } }, { 5 } },
    /* 263 */ { "v-16.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 224, 9216 }, { ISO_VALUE, 228, 0 } }, { 5 } },
    /* 264 */ { "kqv-16", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 225, 0 }, { ISO_VALUE, 227, 0 }, { ISO_VALUE, 228, 0 }, { ISO_VALUE, 229, 0 } }, { 5, 1 } },
    /* 265 */ { "kqv-16.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 229, 0 }, { ISO_VALUE, 230, 0 } }, { 5 } },
    /* 266 */ { "ffn_inp-16", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 230, 0 }, { ISO_WEIGHT, 206, 0 }, { ISO_WEIGHT, 207, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 267 */ { "ln2-16", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 208, 0 }, { ISO_WEIGHT, 209, 0 }, { ISO_VALUE, 231, 0 } }, { 5 } },
    /* 268 */ { "ln2-16.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 231, 0 }, { ISO_VALUE, 232, 0 } }, { 5 } },
    /* 269 */ { "act-16", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 232, 0 }, { ISO_WEIGHT, 210, 0 }, { ISO_WEIGHT, 211, 0 }, { ISO_VALUE, 233, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 270 */ { "act-16.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 233, 0 }, { ISO_VALUE, 234, 0 } }, { 5 } },
    /* 271 */ { "layer_out-16", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 234, 0 }, { ISO_WEIGHT, 212, 0 }, { ISO_WEIGHT, 213, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 272 */ { "ds_normed-16", "layer_norm_affine", 1, 4, 1, { 23 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 214, 0 }, { ISO_WEIGHT, 215, 0 }, { ISO_VALUE, 235, 0 } }, { 24 } },
    /* 273 */ { "ds_normed-16.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 235, 0 }, { ISO_VALUE, 236, 0 } }, { 24 } },
    /* 274 */ { "ds_up-16", "linear_bias", 2, 4, 1, { 25, 26 },
        { { ISO_VALUE, 236, 0 }, { ISO_WEIGHT, 216, 0 }, { ISO_WEIGHT, 217, 0 }, { ISO_VALUE, 237, 0 } }, { 24 } },
    /* 275 */ { "ds_act-16", "gelu", 1, 3, 1, { 27 },
        { { ISO_VALUE, 237, 0 }, { ISO_VALUE, 237, 0 }, { ISO_TABLE, 0, 0 } }, { 24 } },
    /* 276 */ { "ds_act-16.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 237, 0 }, { ISO_VALUE, 238, 0 } }, { 24 } },
    /* 277 */ { "ds_feature-16", "linear_bias", 2, 4, 1, { 28, 29 },
        { { ISO_VALUE, 238, 0 }, { ISO_WEIGHT, 218, 0 }, { ISO_WEIGHT, 219, 0 }, { ISO_VALUE, 239, 0 } }, { 24 } },
    /* 278 */ { "ln1-17", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 220, 0 }, { ISO_WEIGHT, 221, 0 }, { ISO_VALUE, 240, 0 } }, { 5 } },
    /* 279 */ { "ln1-17.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 240, 0 }, { ISO_VALUE, 241, 0 } }, { 5 } },
    /* 280 */ { "qkv-17", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 241, 0 }, { ISO_WEIGHT, 222, 0 }, { ISO_WEIGHT, 223, 0 }, { ISO_VALUE, 242, 0 } }, { 5 } },
    /* 281 */ { "q_rope-17", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 242, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 243, 0 } }, { 5, 10 } },
    /* 282 */ { "k_rope-17", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 242, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 244, 0 } }, { 5, 10 } },
    /* 283 */ { "k_rope-17.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 244, 0 }, { ISO_VALUE, 245, 0 } }, { 5 } },
    /* 284 */ { "v-17.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 242, 9216 }, { ISO_VALUE, 246, 0 } }, { 5 } },
    /* 285 */ { "kqv-17", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 243, 0 }, { ISO_VALUE, 245, 0 }, { ISO_VALUE, 246, 0 }, { ISO_VALUE, 247, 0 } }, { 5, 1 } },
    /* 286 */ { "kqv-17.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 247, 0 }, { ISO_VALUE, 248, 0 } }, { 5 } },
    /* 287 */ { "ffn_inp-17", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 248, 0 }, { ISO_WEIGHT, 224, 0 }, { ISO_WEIGHT, 225, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 288 */ { "ln2-17", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 226, 0 }, { ISO_WEIGHT, 227, 0 }, { ISO_VALUE, 249, 0 } }, { 5 } },
    /* 289 */ { "ln2-17.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 249, 0 }, { ISO_VALUE, 250, 0 } }, { 5 } },
    /* 290 */ { "act-17", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 250, 0 }, { ISO_WEIGHT, 228, 0 }, { ISO_WEIGHT, 229, 0 }, { ISO_VALUE, 251, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 291 */ { "act-17.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 251, 0 }, { ISO_VALUE, 252, 0 } }, { 5 } },
    /* 292 */ { "layer_out-17", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 252, 0 }, { ISO_WEIGHT, 230, 0 }, { ISO_WEIGHT, 231, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 293 */ { "ln1-18", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 232, 0 }, { ISO_WEIGHT, 233, 0 }, { ISO_VALUE, 253, 0 } }, { 5 } },
    /* 294 */ { "ln1-18.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 253, 0 }, { ISO_VALUE, 254, 0 } }, { 5 } },
    /* 295 */ { "qkv-18", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 254, 0 }, { ISO_WEIGHT, 234, 0 }, { ISO_WEIGHT, 235, 0 }, { ISO_VALUE, 255, 0 } }, { 5 } },
    /* 296 */ { "q_rope-18", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 255, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 256, 0 } }, { 5, 10 } },
    /* 297 */ { "k_rope-18", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 255, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 257, 0 } }, { 5, 10 } },
    /* 298 */ { "k_rope-18.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 257, 0 }, { ISO_VALUE, 258, 0 } }, { 5 } },
    /* 299 */ { "v-18.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 255, 9216 }, { ISO_VALUE, 259, 0 } }, { 5 } },
    /* 300 */ { "kqv-18", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 256, 0 }, { ISO_VALUE, 258, 0 }, { ISO_VALUE, 259, 0 }, { ISO_VALUE, 260, 0 } }, { 5, 1 } },
    /* 301 */ { "kqv-18.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 260, 0 }, { ISO_VALUE, 261, 0 } }, { 5 } },
    /* 302 */ { "ffn_inp-18", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 261, 0 }, { ISO_WEIGHT, 236, 0 }, { ISO_WEIGHT, 237, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 303 */ { "ln2-18", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 238, 0 }, { ISO_WEIGHT, 239, 0 }, { ISO_VALUE, 262, 0 } }, { 5 } },
    /* 304 */ { "ln2-18.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 262, 0 }, { ISO_VALUE, 263, 0 } }, { 5 } },
    /* 305 */ { "act-18", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 263, 0 }, { ISO_WEIGHT, 240, 0 }, { ISO_WEIGHT, 241, 0 }, { ISO_VALUE, 264, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 306 */ { "act-18.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 264, 0 }, { ISO_VALUE, 265, 0 } }, { 5 } },
    /* 307 */ { "layer_out-18", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 265, 0 }, { ISO_WEIGHT, 242, 0 }, { ISO_WEIGHT, 243, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 308 */ { "ln1-19", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 244, 0 }, { ISO_WEIGHT, 245, 0 }, { ISO_VALUE, 266, 0 } }, { 5 } },
    /* 309 */ { "ln1-19.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 266, 0 }, { ISO_VALUE, 267, 0 } }, { 5 } },
    /* 310 */ { "qkv-19", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 267, 0 }, { ISO_WEIGHT, 246, 0 }, { ISO_WEIGHT, 247, 0 }, { ISO_VALUE, 268, 0 } }, { 5 } },
    /* 311 */ { "q_rope-19", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 268, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 269, 0 } }, { 5, 10 } },
    /* 312 */ { "k_rope-19", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 268, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 270, 0 } }, { 5, 10 } },
    /* 313 */ { "k_rope-19.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 270, 0 }, { ISO_VALUE, 271, 0 } }, { 5 } },
    /* 314 */ { "v-19.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 268, 9216 }, { ISO_VALUE, 272, 0 } }, { 5 } },
    /* 315 */ { "kqv-19", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 269, 0 }, { ISO_VALUE, 271, 0 }, { ISO_VALUE, 272, 0 }, { ISO_VALUE, 273, 0 } }, { 5, 1 } },
    /* 316 */ { "kqv-19.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 273, 0 }, { ISO_VALUE, 274, 0 } }, { 5 } },
    /* 317 */ { "ffn_inp-19", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 274, 0 }, { ISO_WEIGHT, 248, 0 }, { ISO_WEIGHT, 249, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 318 */ { "ln2-19", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 250, 0 }, { ISO_WEIGHT, 251, 0 }, { ISO_VALUE, 275, 0 } }, { 5 } },
    /* 319 */ { "ln2-19.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 275, 0 }, { ISO_VALUE, 276, 0 } }, { 5 } },
    /* 320 */ { "act-19", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 276, 0 }, { ISO_WEIGHT, 252, 0 }, { ISO_WEIGHT, 253, 0 }, { ISO_VALUE, 277, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 321 */ { "act-19.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 277, 0 }, { ISO_VALUE, 278, 0 } }, { 5 } },
    /* 322 */ { "layer_out-19", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 278, 0 }, { ISO_WEIGHT, 254, 0 }, { ISO_WEIGHT, 255, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 323 */ { "ln1-20", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 256, 0 }, { ISO_WEIGHT, 257, 0 }, { ISO_VALUE, 279, 0 } }, { 5 } },
    /* 324 */ { "ln1-20.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 279, 0 }, { ISO_VALUE, 280, 0 } }, { 5 } },
    /* 325 */ { "qkv-20", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 280, 0 }, { ISO_WEIGHT, 258, 0 }, { ISO_WEIGHT, 259, 0 }, { ISO_VALUE, 281, 0 } }, { 5 } },
    /* 326 */ { "q_rope-20", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 281, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 282, 0 } }, { 5, 10 } },
    /* 327 */ { "k_rope-20", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 281, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 283, 0 } }, { 5, 10 } },
    /* 328 */ { "k_rope-20.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 283, 0 }, { ISO_VALUE, 284, 0 } }, { 5 } },
    /* 329 */ { "v-20.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 281, 9216 }, { ISO_VALUE, 285, 0 } }, { 5 } },
    /* 330 */ { "kqv-20", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 282, 0 }, { ISO_VALUE, 284, 0 }, { ISO_VALUE, 285, 0 }, { ISO_VALUE, 286, 0 } }, { 5, 1 } },
    /* 331 */ { "kqv-20.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 286, 0 }, { ISO_VALUE, 287, 0 } }, { 5 } },
    /* 332 */ { "ffn_inp-20", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 287, 0 }, { ISO_WEIGHT, 260, 0 }, { ISO_WEIGHT, 261, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 333 */ { "ln2-20", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 262, 0 }, { ISO_WEIGHT, 263, 0 }, { ISO_VALUE, 288, 0 } }, { 5 } },
    /* 334 */ { "ln2-20.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 288, 0 }, { ISO_VALUE, 289, 0 } }, { 5 } },
    /* 335 */ { "act-20", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 289, 0 }, { ISO_WEIGHT, 264, 0 }, { ISO_WEIGHT, 265, 0 }, { ISO_VALUE, 290, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 336 */ { "act-20.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 290, 0 }, { ISO_VALUE, 291, 0 } }, { 5 } },
    /* 337 */ { "layer_out-20", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 291, 0 }, { ISO_WEIGHT, 266, 0 }, { ISO_WEIGHT, 267, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 338 */ { "ln1-21", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 268, 0 }, { ISO_WEIGHT, 269, 0 }, { ISO_VALUE, 292, 0 } }, { 5 } },
    /* 339 */ { "ln1-21.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 292, 0 }, { ISO_VALUE, 293, 0 } }, { 5 } },
    /* 340 */ { "qkv-21", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 293, 0 }, { ISO_WEIGHT, 270, 0 }, { ISO_WEIGHT, 271, 0 }, { ISO_VALUE, 294, 0 } }, { 5 } },
    /* 341 */ { "q_rope-21", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 294, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 295, 0 } }, { 5, 10 } },
    /* 342 */ { "k_rope-21", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 294, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 296, 0 } }, { 5, 10 } },
    /* 343 */ { "k_rope-21.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 296, 0 }, { ISO_VALUE, 297, 0 } }, { 5 } },
    /* 344 */ { "v-21.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 294, 9216 }, { ISO_VALUE, 298, 0 } }, { 5 } },
    /* 345 */ { "kqv-21", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 295, 0 }, { ISO_VALUE, 297, 0 }, { ISO_VALUE, 298, 0 }, { ISO_VALUE, 299, 0 } }, { 5, 1 } },
    /* 346 */ { "kqv-21.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 299, 0 }, { ISO_VALUE, 300, 0 } }, { 5 } },
    /* 347 */ { "ffn_inp-21", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 300, 0 }, { ISO_WEIGHT, 272, 0 }, { ISO_WEIGHT, 273, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 348 */ { "ln2-21", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 274, 0 }, { ISO_WEIGHT, 275, 0 }, { ISO_VALUE, 301, 0 } }, { 5 } },
    /* 349 */ { "ln2-21.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 301, 0 }, { ISO_VALUE, 302, 0 } }, { 5 } },
    /* 350 */ { "act-21", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 302, 0 }, { ISO_WEIGHT, 276, 0 }, { ISO_WEIGHT, 277, 0 }, { ISO_VALUE, 303, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 351 */ { "act-21.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 303, 0 }, { ISO_VALUE, 304, 0 } }, { 5 } },
    /* 352 */ { "layer_out-21", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 304, 0 }, { ISO_WEIGHT, 278, 0 }, { ISO_WEIGHT, 279, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 353 */ { "ln1-22", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 280, 0 }, { ISO_WEIGHT, 281, 0 }, { ISO_VALUE, 305, 0 } }, { 5 } },
    /* 354 */ { "ln1-22.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 305, 0 }, { ISO_VALUE, 306, 0 } }, { 5 } },
    /* 355 */ { "qkv-22", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 306, 0 }, { ISO_WEIGHT, 282, 0 }, { ISO_WEIGHT, 283, 0 }, { ISO_VALUE, 307, 0 } }, { 5 } },
    /* 356 */ { "q_rope-22", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 307, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 308, 0 } }, { 5, 10 } },
    /* 357 */ { "k_rope-22", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 307, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 309, 0 } }, { 5, 10 } },
    /* 358 */ { "k_rope-22.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 309, 0 }, { ISO_VALUE, 310, 0 } }, { 5 } },
    /* 359 */ { "v-22.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 307, 9216 }, { ISO_VALUE, 311, 0 } }, { 5 } },
    /* 360 */ { "kqv-22", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 308, 0 }, { ISO_VALUE, 310, 0 }, { ISO_VALUE, 311, 0 }, { ISO_VALUE, 312, 0 } }, { 5, 1 } },
    /* 361 */ { "kqv-22.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 312, 0 }, { ISO_VALUE, 313, 0 } }, { 5 } },
    /* 362 */ { "ffn_inp-22", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 313, 0 }, { ISO_WEIGHT, 284, 0 }, { ISO_WEIGHT, 285, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 363 */ { "ln2-22", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 286, 0 }, { ISO_WEIGHT, 287, 0 }, { ISO_VALUE, 314, 0 } }, { 5 } },
    /* 364 */ { "ln2-22.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 314, 0 }, { ISO_VALUE, 315, 0 } }, { 5 } },
    /* 365 */ { "act-22", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 315, 0 }, { ISO_WEIGHT, 288, 0 }, { ISO_WEIGHT, 289, 0 }, { ISO_VALUE, 316, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 366 */ { "act-22.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 316, 0 }, { ISO_VALUE, 317, 0 } }, { 5 } },
    /* 367 */ { "layer_out-22", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 317, 0 }, { ISO_WEIGHT, 290, 0 }, { ISO_WEIGHT, 291, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 368 */ { "ln1-23", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 292, 0 }, { ISO_WEIGHT, 293, 0 }, { ISO_VALUE, 318, 0 } }, { 5 } },
    /* 369 */ { "ln1-23.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 318, 0 }, { ISO_VALUE, 319, 0 } }, { 5 } },
    /* 370 */ { "qkv-23", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 319, 0 }, { ISO_WEIGHT, 294, 0 }, { ISO_WEIGHT, 295, 0 }, { ISO_VALUE, 320, 0 } }, { 5 } },
    /* 371 */ { "q_rope-23", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 320, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 321, 0 } }, { 5, 10 } },
    /* 372 */ { "k_rope-23", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 320, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 322, 0 } }, { 5, 10 } },
    /* 373 */ { "k_rope-23.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 322, 0 }, { ISO_VALUE, 323, 0 } }, { 5 } },
    /* 374 */ { "v-23.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 320, 9216 }, { ISO_VALUE, 324, 0 } }, { 5 } },
    /* 375 */ { "kqv-23", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 321, 0 }, { ISO_VALUE, 323, 0 }, { ISO_VALUE, 324, 0 }, { ISO_VALUE, 325, 0 } }, { 5, 1 } },
    /* 376 */ { "kqv-23.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 325, 0 }, { ISO_VALUE, 326, 0 } }, { 5 } },
    /* 377 */ { "ffn_inp-23", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 326, 0 }, { ISO_WEIGHT, 296, 0 }, { ISO_WEIGHT, 297, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 378 */ { "ln2-23", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 298, 0 }, { ISO_WEIGHT, 299, 0 }, { ISO_VALUE, 327, 0 } }, { 5 } },
    /* 379 */ { "ln2-23.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 327, 0 }, { ISO_VALUE, 328, 0 } }, { 5 } },
    /* 380 */ { "act-23", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 328, 0 }, { ISO_WEIGHT, 300, 0 }, { ISO_WEIGHT, 301, 0 }, { ISO_VALUE, 329, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 381 */ { "act-23.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 329, 0 }, { ISO_VALUE, 330, 0 } }, { 5 } },
    /* 382 */ { "layer_out-23", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 330, 0 }, { ISO_WEIGHT, 302, 0 }, { ISO_WEIGHT, 303, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 383 */ { "ln1-24", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 304, 0 }, { ISO_WEIGHT, 305, 0 }, { ISO_VALUE, 331, 0 } }, { 5 } },
    /* 384 */ { "ln1-24.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 331, 0 }, { ISO_VALUE, 332, 0 } }, { 5 } },
    /* 385 */ { "qkv-24", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 332, 0 }, { ISO_WEIGHT, 306, 0 }, { ISO_WEIGHT, 307, 0 }, { ISO_VALUE, 333, 0 } }, { 5 } },
    /* 386 */ { "q_rope-24", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 333, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 334, 0 } }, { 5, 10 } },
    /* 387 */ { "k_rope-24", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 333, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 335, 0 } }, { 5, 10 } },
    /* 388 */ { "k_rope-24.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 335, 0 }, { ISO_VALUE, 336, 0 } }, { 5 } },
    /* 389 */ { "v-24.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 333, 9216 }, { ISO_VALUE, 337, 0 } }, { 5 } },
    /* 390 */ { "kqv-24", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 334, 0 }, { ISO_VALUE, 336, 0 }, { ISO_VALUE, 337, 0 }, { ISO_VALUE, 338, 0 } }, { 5, 1 } },
    /* 391 */ { "kqv-24.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 338, 0 }, { ISO_VALUE, 339, 0 } }, { 5 } },
    /* 392 */ { "ffn_inp-24", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 339, 0 }, { ISO_WEIGHT, 308, 0 }, { ISO_WEIGHT, 309, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 393 */ { "ln2-24", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 310, 0 }, { ISO_WEIGHT, 311, 0 }, { ISO_VALUE, 340, 0 } }, { 5 } },
    /* 394 */ { "ln2-24.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 340, 0 }, { ISO_VALUE, 341, 0 } }, { 5 } },
    /* 395 */ { "act-24", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 341, 0 }, { ISO_WEIGHT, 312, 0 }, { ISO_WEIGHT, 313, 0 }, { ISO_VALUE, 342, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 396 */ { "act-24.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 342, 0 }, { ISO_VALUE, 343, 0 } }, { 5 } },
    /* 397 */ { "layer_out-24", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 343, 0 }, { ISO_WEIGHT, 314, 0 }, { ISO_WEIGHT, 315, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 398 */ { "ds_normed-24", "layer_norm_affine", 1, 4, 1, { 23 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 316, 0 }, { ISO_WEIGHT, 317, 0 }, { ISO_VALUE, 344, 0 } }, { 24 } },
    /* 399 */ { "ds_normed-24.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 344, 0 }, { ISO_VALUE, 345, 0 } }, { 24 } },
    /* 400 */ { "ds_up-24", "linear_bias", 2, 4, 1, { 25, 26 },
        { { ISO_VALUE, 345, 0 }, { ISO_WEIGHT, 318, 0 }, { ISO_WEIGHT, 319, 0 }, { ISO_VALUE, 346, 0 } }, { 24 } },
    /* 401 */ { "ds_act-24", "gelu", 1, 3, 1, { 27 },
        { { ISO_VALUE, 346, 0 }, { ISO_VALUE, 346, 0 }, { ISO_TABLE, 0, 0 } }, { 24 } },
    /* 402 */ { "ds_act-24.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 346, 0 }, { ISO_VALUE, 347, 0 } }, { 24 } },
    /* 403 */ { "ds_feature-24", "linear_bias", 2, 4, 1, { 28, 29 },
        { { ISO_VALUE, 347, 0 }, { ISO_WEIGHT, 320, 0 }, { ISO_WEIGHT, 321, 0 }, { ISO_VALUE, 348, 0 } }, { 24 } },
    /* 404 */ { "ln1-25", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 322, 0 }, { ISO_WEIGHT, 323, 0 }, { ISO_VALUE, 349, 0 } }, { 5 } },
    /* 405 */ { "ln1-25.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 349, 0 }, { ISO_VALUE, 350, 0 } }, { 5 } },
    /* 406 */ { "qkv-25", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 350, 0 }, { ISO_WEIGHT, 324, 0 }, { ISO_WEIGHT, 325, 0 }, { ISO_VALUE, 351, 0 } }, { 5 } },
    /* 407 */ { "q_rope-25", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 351, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 352, 0 } }, { 5, 10 } },
    /* 408 */ { "k_rope-25", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 351, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 353, 0 } }, { 5, 10 } },
    /* 409 */ { "k_rope-25.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 353, 0 }, { ISO_VALUE, 354, 0 } }, { 5 } },
    /* 410 */ { "v-25.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 351, 9216 }, { ISO_VALUE, 355, 0 } }, { 5 } },
    /* 411 */ { "kqv-25", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 352, 0 }, { ISO_VALUE, 354, 0 }, { ISO_VALUE, 355, 0 }, { ISO_VALUE, 356, 0 } }, { 5, 1 } },
    /* 412 */ { "kqv-25.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 356, 0 }, { ISO_VALUE, 357, 0 } }, { 5 } },
    /* 413 */ { "ffn_inp-25", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 357, 0 }, { ISO_WEIGHT, 326, 0 }, { ISO_WEIGHT, 327, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 414 */ { "ln2-25", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 328, 0 }, { ISO_WEIGHT, 329, 0 }, { ISO_VALUE, 358, 0 } }, { 5 } },
    /* 415 */ { "ln2-25.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 358, 0 }, { ISO_VALUE, 359, 0 } }, { 5 } },
    /* 416 */ { "act-25", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 359, 0 }, { ISO_WEIGHT, 330, 0 }, { ISO_WEIGHT, 331, 0 }, { ISO_VALUE, 360, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 417 */ { "act-25.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 360, 0 }, { ISO_VALUE, 361, 0 } }, { 5 } },
    /* 418 */ { "layer_out-25", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 361, 0 }, { ISO_WEIGHT, 332, 0 }, { ISO_WEIGHT, 333, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 419 */ { "ln1-26", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 334, 0 }, { ISO_WEIGHT, 335, 0 }, { ISO_VALUE, 362, 0 } }, { 5 } },
    /* 420 */ { "ln1-26.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 362, 0 }, { ISO_VALUE, 363, 0 } }, { 5 } },
    /* 421 */ { "qkv-26", "linear_bias", 1, 4, 1, { 13 },
        { { ISO_VALUE, 363, 0 }, { ISO_WEIGHT, 336, 0 }, { ISO_WEIGHT, 337, 0 }, { ISO_VALUE, 364, 0 } }, { 5 } },
    /* 422 */ { "q_rope-26", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 364, 0 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 365, 0 } }, { 5, 10 } },
    /* 423 */ { "k_rope-26", "rope_apply", 1, 3, 2, { 14 },
        { { ISO_VALUE, 364, 4608 }, { ISO_VALUE, 8, 0 }, { ISO_VALUE, 366, 0 } }, { 5, 10 } },
    /* 424 */ { "k_rope-26.f16", "cast_f16", 1, 2, 1, { 15 },
        { { ISO_VALUE, 366, 0 }, { ISO_VALUE, 367, 0 } }, { 5 } },
    /* 425 */ { "v-26.f16", "cast_f16", 1, 2, 1, { 16 },
        { { ISO_VALUE, 364, 9216 }, { ISO_VALUE, 368, 0 } }, { 5 } },
    /* 426 */ { "kqv-26", "attention", 2, 4, 2, { 17, 18 },
        { { ISO_VALUE, 365, 0 }, { ISO_VALUE, 367, 0 }, { ISO_VALUE, 368, 0 }, { ISO_VALUE, 369, 0 } }, { 5, 1 } },
    /* 427 */ { "kqv-26.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 369, 0 }, { ISO_VALUE, 370, 0 } }, { 5 } },
    /* 428 */ { "ffn_inp-26", "linear_bias_add", 1, 5, 1, { 19 },
        { { ISO_VALUE, 370, 0 }, { ISO_WEIGHT, 338, 0 }, { ISO_WEIGHT, 339, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 429 */ { "ln2-26", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 340, 0 }, { ISO_WEIGHT, 341, 0 }, { ISO_VALUE, 371, 0 } }, { 5 } },
    /* 430 */ { "ln2-26.f16", "cast_f16", 1, 2, 1, { 12 },
        { { ISO_VALUE, 371, 0 }, { ISO_VALUE, 372, 0 } }, { 5 } },
    /* 431 */ { "act-26", "linear_bias_gelu", 1, 5, 1, { 20 },
        { { ISO_VALUE, 372, 0 }, { ISO_WEIGHT, 342, 0 }, { ISO_WEIGHT, 343, 0 }, { ISO_VALUE, 373, 0 }, { ISO_TABLE, 0, 0 } }, { 5 } },
    /* 432 */ { "act-26.f16", "cast_f16", 1, 2, 1, { 21 },
        { { ISO_VALUE, 373, 0 }, { ISO_VALUE, 374, 0 } }, { 5 } },
    /* 433 */ { "layer_out-26", "linear_bias_add", 1, 5, 1, { 22 },
        { { ISO_VALUE, 374, 0 }, { ISO_WEIGHT, 344, 0 }, { ISO_WEIGHT, 345, 0 }, { ISO_VALUE, 3, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 434 */ { "post_ln", "layer_norm_affine", 1, 4, 1, { 11 },
        { { ISO_VALUE, 3, 0 }, { ISO_WEIGHT, 346, 0 }, { ISO_WEIGHT, 347, 0 }, { ISO_VALUE, 3, 0 } }, { 5 } },
    /* 435 */ { "merged.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 3, 0 }, { ISO_VALUE, 375, 0 } }, { 24 } },
    /* 436 */ { "mm_up", "linear_bias", 2, 4, 1, { 25, 26 },
        { { ISO_VALUE, 375, 0 }, { ISO_WEIGHT, 348, 0 }, { ISO_WEIGHT, 349, 0 }, { ISO_VALUE, 376, 0 } }, { 24 } },
    /* 437 */ { "mm_act", "gelu", 1, 3, 1, { 27 },
        { { ISO_VALUE, 376, 0 }, { ISO_VALUE, 376, 0 }, { ISO_TABLE, 0, 0 } }, { 24 } },
    /* 438 */ { "mm_act.f16", "cast_f16", 1, 2, 1, { 24 },
        { { ISO_VALUE, 376, 0 }, { ISO_VALUE, 377, 0 } }, { 24 } },
    /* 439 */ { "projected", "linear_bias", 2, 4, 1, { 28, 29 },
        { { ISO_VALUE, 377, 0 }, { ISO_WEIGHT, 350, 0 }, { ISO_WEIGHT, 351, 0 }, { ISO_VALUE, 378, 0 } }, { 24 } },
    /* 440 */ { "embeddings", "concat", 1, 5, 1, { 30 },
        { { ISO_VALUE, 378, 0 }, { ISO_VALUE, 130, 0 }, { ISO_VALUE, 239, 0 }, { ISO_VALUE, 348, 0 }, { ISO_OUTPUT, 0, 0 } }, { 24 } },
};

typedef struct {
    uint16_t step;
    const char *name, *dtype;
    iso_ref ref;
    uint16_t rank;
    uint16_t shape[4]; /* expressions */
    int64_t stride[4]; /* bytes */
} iso_tap_point;

/* By step. */
static const uint32_t iso_tap_count = 311;
static const iso_tap_point iso_taps[] = {
    { 5, "patch_bias", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 8, "inp_pos_emb", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 11, "ln1-0", "f32", { ISO_VALUE, 9, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 13, "Qcur-0", "f32", { ISO_VALUE, 11, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 13, "Kcur-0", "f32", { ISO_VALUE, 11, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 13, "Vcur-0", "f32", { ISO_VALUE, 11, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 14, "Qcur_rope-0", "f32", { ISO_VALUE, 12, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 15, "Kcur_rope-0", "f32", { ISO_VALUE, 13, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 18, "kqv_out-0", "f32", { ISO_VALUE, 16, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 20, "ffn_inp-0", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 21, "ffn_inp_normed-0", "f32", { ISO_VALUE, 18, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 23, "ffn_gelu-0", "f32", { ISO_VALUE, 20, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 25, "layer_out-0", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 26, "ln1-1", "f32", { ISO_VALUE, 22, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 28, "Qcur-1", "f32", { ISO_VALUE, 24, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 28, "Kcur-1", "f32", { ISO_VALUE, 24, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 28, "Vcur-1", "f32", { ISO_VALUE, 24, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 29, "Qcur_rope-1", "f32", { ISO_VALUE, 25, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 30, "Kcur_rope-1", "f32", { ISO_VALUE, 26, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 33, "kqv_out-1", "f32", { ISO_VALUE, 29, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 35, "ffn_inp-1", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 36, "ffn_inp_normed-1", "f32", { ISO_VALUE, 31, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 38, "ffn_gelu-1", "f32", { ISO_VALUE, 33, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 40, "layer_out-1", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 41, "ln1-2", "f32", { ISO_VALUE, 35, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 43, "Qcur-2", "f32", { ISO_VALUE, 37, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 43, "Kcur-2", "f32", { ISO_VALUE, 37, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 43, "Vcur-2", "f32", { ISO_VALUE, 37, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 44, "Qcur_rope-2", "f32", { ISO_VALUE, 38, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 45, "Kcur_rope-2", "f32", { ISO_VALUE, 39, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 48, "kqv_out-2", "f32", { ISO_VALUE, 42, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 50, "ffn_inp-2", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 51, "ffn_inp_normed-2", "f32", { ISO_VALUE, 44, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 53, "ffn_gelu-2", "f32", { ISO_VALUE, 46, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 55, "layer_out-2", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 56, "ln1-3", "f32", { ISO_VALUE, 48, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 58, "Qcur-3", "f32", { ISO_VALUE, 50, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 58, "Kcur-3", "f32", { ISO_VALUE, 50, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 58, "Vcur-3", "f32", { ISO_VALUE, 50, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 59, "Qcur_rope-3", "f32", { ISO_VALUE, 51, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 60, "Kcur_rope-3", "f32", { ISO_VALUE, 52, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 63, "kqv_out-3", "f32", { ISO_VALUE, 55, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 65, "ffn_inp-3", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 66, "ffn_inp_normed-3", "f32", { ISO_VALUE, 57, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 68, "ffn_gelu-3", "f32", { ISO_VALUE, 59, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 70, "layer_out-3", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 71, "ln1-4", "f32", { ISO_VALUE, 61, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 73, "Qcur-4", "f32", { ISO_VALUE, 63, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 73, "Kcur-4", "f32", { ISO_VALUE, 63, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 73, "Vcur-4", "f32", { ISO_VALUE, 63, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 74, "Qcur_rope-4", "f32", { ISO_VALUE, 64, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 75, "Kcur_rope-4", "f32", { ISO_VALUE, 65, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 78, "kqv_out-4", "f32", { ISO_VALUE, 68, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 80, "ffn_inp-4", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 81, "ffn_inp_normed-4", "f32", { ISO_VALUE, 70, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 83, "ffn_gelu-4", "f32", { ISO_VALUE, 72, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 85, "layer_out-4", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 86, "ln1-5", "f32", { ISO_VALUE, 74, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 88, "Qcur-5", "f32", { ISO_VALUE, 76, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 88, "Kcur-5", "f32", { ISO_VALUE, 76, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 88, "Vcur-5", "f32", { ISO_VALUE, 76, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 89, "Qcur_rope-5", "f32", { ISO_VALUE, 77, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 90, "Kcur_rope-5", "f32", { ISO_VALUE, 78, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 93, "kqv_out-5", "f32", { ISO_VALUE, 81, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 95, "ffn_inp-5", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 96, "ffn_inp_normed-5", "f32", { ISO_VALUE, 83, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 98, "ffn_gelu-5", "f32", { ISO_VALUE, 85, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 100, "layer_out-5", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 101, "ln1-6", "f32", { ISO_VALUE, 87, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 103, "Qcur-6", "f32", { ISO_VALUE, 89, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 103, "Kcur-6", "f32", { ISO_VALUE, 89, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 103, "Vcur-6", "f32", { ISO_VALUE, 89, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 104, "Qcur_rope-6", "f32", { ISO_VALUE, 90, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 105, "Kcur_rope-6", "f32", { ISO_VALUE, 91, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 108, "kqv_out-6", "f32", { ISO_VALUE, 94, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 110, "ffn_inp-6", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 111, "ffn_inp_normed-6", "f32", { ISO_VALUE, 96, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 113, "ffn_gelu-6", "f32", { ISO_VALUE, 98, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 115, "layer_out-6", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 116, "ln1-7", "f32", { ISO_VALUE, 100, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 118, "Qcur-7", "f32", { ISO_VALUE, 102, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 118, "Kcur-7", "f32", { ISO_VALUE, 102, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 118, "Vcur-7", "f32", { ISO_VALUE, 102, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 119, "Qcur_rope-7", "f32", { ISO_VALUE, 103, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 120, "Kcur_rope-7", "f32", { ISO_VALUE, 104, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 123, "kqv_out-7", "f32", { ISO_VALUE, 107, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 125, "ffn_inp-7", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 126, "ffn_inp_normed-7", "f32", { ISO_VALUE, 109, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 128, "ffn_gelu-7", "f32", { ISO_VALUE, 111, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 130, "layer_out-7", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 131, "ln1-8", "f32", { ISO_VALUE, 113, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 133, "Qcur-8", "f32", { ISO_VALUE, 115, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 133, "Kcur-8", "f32", { ISO_VALUE, 115, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 133, "Vcur-8", "f32", { ISO_VALUE, 115, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 134, "Qcur_rope-8", "f32", { ISO_VALUE, 116, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 135, "Kcur_rope-8", "f32", { ISO_VALUE, 117, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 138, "kqv_out-8", "f32", { ISO_VALUE, 120, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 140, "ffn_inp-8", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 141, "ffn_inp_normed-8", "f32", { ISO_VALUE, 122, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 143, "ffn_gelu-8", "f32", { ISO_VALUE, 124, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 145, "layer_out-8", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 146, "norm_b-8", "f32", { ISO_VALUE, 126, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 148, "ffn_up_b-8#2", "f32", { ISO_VALUE, 128, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 149, "ffn_gelu-8#2", "f32", { ISO_VALUE, 128, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 152, "ln1-9", "f32", { ISO_VALUE, 131, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 154, "Qcur-9", "f32", { ISO_VALUE, 133, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 154, "Kcur-9", "f32", { ISO_VALUE, 133, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 154, "Vcur-9", "f32", { ISO_VALUE, 133, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 155, "Qcur_rope-9", "f32", { ISO_VALUE, 134, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 156, "Kcur_rope-9", "f32", { ISO_VALUE, 135, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 159, "kqv_out-9", "f32", { ISO_VALUE, 138, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 161, "ffn_inp-9", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 162, "ffn_inp_normed-9", "f32", { ISO_VALUE, 140, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 164, "ffn_gelu-9", "f32", { ISO_VALUE, 142, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 166, "layer_out-9", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 167, "ln1-10", "f32", { ISO_VALUE, 144, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 169, "Qcur-10", "f32", { ISO_VALUE, 146, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 169, "Kcur-10", "f32", { ISO_VALUE, 146, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 169, "Vcur-10", "f32", { ISO_VALUE, 146, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 170, "Qcur_rope-10", "f32", { ISO_VALUE, 147, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 171, "Kcur_rope-10", "f32", { ISO_VALUE, 148, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 174, "kqv_out-10", "f32", { ISO_VALUE, 151, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 176, "ffn_inp-10", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 177, "ffn_inp_normed-10", "f32", { ISO_VALUE, 153, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 179, "ffn_gelu-10", "f32", { ISO_VALUE, 155, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 181, "layer_out-10", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 182, "ln1-11", "f32", { ISO_VALUE, 157, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 184, "Qcur-11", "f32", { ISO_VALUE, 159, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 184, "Kcur-11", "f32", { ISO_VALUE, 159, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 184, "Vcur-11", "f32", { ISO_VALUE, 159, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 185, "Qcur_rope-11", "f32", { ISO_VALUE, 160, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 186, "Kcur_rope-11", "f32", { ISO_VALUE, 161, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 189, "kqv_out-11", "f32", { ISO_VALUE, 164, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 191, "ffn_inp-11", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 192, "ffn_inp_normed-11", "f32", { ISO_VALUE, 166, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 194, "ffn_gelu-11", "f32", { ISO_VALUE, 168, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 196, "layer_out-11", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 197, "ln1-12", "f32", { ISO_VALUE, 170, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 199, "Qcur-12", "f32", { ISO_VALUE, 172, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 199, "Kcur-12", "f32", { ISO_VALUE, 172, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 199, "Vcur-12", "f32", { ISO_VALUE, 172, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 200, "Qcur_rope-12", "f32", { ISO_VALUE, 173, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 201, "Kcur_rope-12", "f32", { ISO_VALUE, 174, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 204, "kqv_out-12", "f32", { ISO_VALUE, 177, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 206, "ffn_inp-12", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 207, "ffn_inp_normed-12", "f32", { ISO_VALUE, 179, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 209, "ffn_gelu-12", "f32", { ISO_VALUE, 181, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 211, "layer_out-12", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 212, "ln1-13", "f32", { ISO_VALUE, 183, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 214, "Qcur-13", "f32", { ISO_VALUE, 185, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 214, "Kcur-13", "f32", { ISO_VALUE, 185, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 214, "Vcur-13", "f32", { ISO_VALUE, 185, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 215, "Qcur_rope-13", "f32", { ISO_VALUE, 186, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 216, "Kcur_rope-13", "f32", { ISO_VALUE, 187, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 219, "kqv_out-13", "f32", { ISO_VALUE, 190, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 221, "ffn_inp-13", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 222, "ffn_inp_normed-13", "f32", { ISO_VALUE, 192, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 224, "ffn_gelu-13", "f32", { ISO_VALUE, 194, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 226, "layer_out-13", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 227, "ln1-14", "f32", { ISO_VALUE, 196, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 229, "Qcur-14", "f32", { ISO_VALUE, 198, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 229, "Kcur-14", "f32", { ISO_VALUE, 198, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 229, "Vcur-14", "f32", { ISO_VALUE, 198, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 230, "Qcur_rope-14", "f32", { ISO_VALUE, 199, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 231, "Kcur_rope-14", "f32", { ISO_VALUE, 200, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 234, "kqv_out-14", "f32", { ISO_VALUE, 203, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 236, "ffn_inp-14", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 237, "ffn_inp_normed-14", "f32", { ISO_VALUE, 205, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 239, "ffn_gelu-14", "f32", { ISO_VALUE, 207, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 241, "layer_out-14", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 242, "ln1-15", "f32", { ISO_VALUE, 209, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 244, "Qcur-15", "f32", { ISO_VALUE, 211, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 244, "Kcur-15", "f32", { ISO_VALUE, 211, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 244, "Vcur-15", "f32", { ISO_VALUE, 211, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 245, "Qcur_rope-15", "f32", { ISO_VALUE, 212, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 246, "Kcur_rope-15", "f32", { ISO_VALUE, 213, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 249, "kqv_out-15", "f32", { ISO_VALUE, 216, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 251, "ffn_inp-15", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 252, "ffn_inp_normed-15", "f32", { ISO_VALUE, 218, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 254, "ffn_gelu-15", "f32", { ISO_VALUE, 220, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 256, "layer_out-15", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 257, "ln1-16", "f32", { ISO_VALUE, 222, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 259, "Qcur-16", "f32", { ISO_VALUE, 224, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 259, "Kcur-16", "f32", { ISO_VALUE, 224, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 259, "Vcur-16", "f32", { ISO_VALUE, 224, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 260, "Qcur_rope-16", "f32", { ISO_VALUE, 225, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 261, "Kcur_rope-16", "f32", { ISO_VALUE, 226, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 264, "kqv_out-16", "f32", { ISO_VALUE, 229, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 266, "ffn_inp-16", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 267, "ffn_inp_normed-16", "f32", { ISO_VALUE, 231, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 269, "ffn_gelu-16", "f32", { ISO_VALUE, 233, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 271, "layer_out-16", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 272, "norm_b-16", "f32", { ISO_VALUE, 235, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 274, "ffn_up_b-16#2", "f32", { ISO_VALUE, 237, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 275, "ffn_gelu-16#2", "f32", { ISO_VALUE, 237, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 278, "ln1-17", "f32", { ISO_VALUE, 240, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 280, "Qcur-17", "f32", { ISO_VALUE, 242, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 280, "Kcur-17", "f32", { ISO_VALUE, 242, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 280, "Vcur-17", "f32", { ISO_VALUE, 242, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 281, "Qcur_rope-17", "f32", { ISO_VALUE, 243, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 282, "Kcur_rope-17", "f32", { ISO_VALUE, 244, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 285, "kqv_out-17", "f32", { ISO_VALUE, 247, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 287, "ffn_inp-17", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 288, "ffn_inp_normed-17", "f32", { ISO_VALUE, 249, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 290, "ffn_gelu-17", "f32", { ISO_VALUE, 251, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 292, "layer_out-17", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 293, "ln1-18", "f32", { ISO_VALUE, 253, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 295, "Qcur-18", "f32", { ISO_VALUE, 255, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 295, "Kcur-18", "f32", { ISO_VALUE, 255, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 295, "Vcur-18", "f32", { ISO_VALUE, 255, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 296, "Qcur_rope-18", "f32", { ISO_VALUE, 256, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 297, "Kcur_rope-18", "f32", { ISO_VALUE, 257, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 300, "kqv_out-18", "f32", { ISO_VALUE, 260, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 302, "ffn_inp-18", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 303, "ffn_inp_normed-18", "f32", { ISO_VALUE, 262, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 305, "ffn_gelu-18", "f32", { ISO_VALUE, 264, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 307, "layer_out-18", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 308, "ln1-19", "f32", { ISO_VALUE, 266, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 310, "Qcur-19", "f32", { ISO_VALUE, 268, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 310, "Kcur-19", "f32", { ISO_VALUE, 268, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 310, "Vcur-19", "f32", { ISO_VALUE, 268, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 311, "Qcur_rope-19", "f32", { ISO_VALUE, 269, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 312, "Kcur_rope-19", "f32", { ISO_VALUE, 270, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 315, "kqv_out-19", "f32", { ISO_VALUE, 273, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 317, "ffn_inp-19", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 318, "ffn_inp_normed-19", "f32", { ISO_VALUE, 275, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 320, "ffn_gelu-19", "f32", { ISO_VALUE, 277, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 322, "layer_out-19", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 323, "ln1-20", "f32", { ISO_VALUE, 279, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 325, "Qcur-20", "f32", { ISO_VALUE, 281, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 325, "Kcur-20", "f32", { ISO_VALUE, 281, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 325, "Vcur-20", "f32", { ISO_VALUE, 281, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 326, "Qcur_rope-20", "f32", { ISO_VALUE, 282, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 327, "Kcur_rope-20", "f32", { ISO_VALUE, 283, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 330, "kqv_out-20", "f32", { ISO_VALUE, 286, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 332, "ffn_inp-20", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 333, "ffn_inp_normed-20", "f32", { ISO_VALUE, 288, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 335, "ffn_gelu-20", "f32", { ISO_VALUE, 290, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 337, "layer_out-20", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 338, "ln1-21", "f32", { ISO_VALUE, 292, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 340, "Qcur-21", "f32", { ISO_VALUE, 294, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 340, "Kcur-21", "f32", { ISO_VALUE, 294, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 340, "Vcur-21", "f32", { ISO_VALUE, 294, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 341, "Qcur_rope-21", "f32", { ISO_VALUE, 295, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 342, "Kcur_rope-21", "f32", { ISO_VALUE, 296, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 345, "kqv_out-21", "f32", { ISO_VALUE, 299, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 347, "ffn_inp-21", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 348, "ffn_inp_normed-21", "f32", { ISO_VALUE, 301, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 350, "ffn_gelu-21", "f32", { ISO_VALUE, 303, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 352, "layer_out-21", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 353, "ln1-22", "f32", { ISO_VALUE, 305, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 355, "Qcur-22", "f32", { ISO_VALUE, 307, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 355, "Kcur-22", "f32", { ISO_VALUE, 307, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 355, "Vcur-22", "f32", { ISO_VALUE, 307, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 356, "Qcur_rope-22", "f32", { ISO_VALUE, 308, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 357, "Kcur_rope-22", "f32", { ISO_VALUE, 309, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 360, "kqv_out-22", "f32", { ISO_VALUE, 312, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 362, "ffn_inp-22", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 363, "ffn_inp_normed-22", "f32", { ISO_VALUE, 314, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 365, "ffn_gelu-22", "f32", { ISO_VALUE, 316, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 367, "layer_out-22", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 368, "ln1-23", "f32", { ISO_VALUE, 318, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 370, "Qcur-23", "f32", { ISO_VALUE, 320, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 370, "Kcur-23", "f32", { ISO_VALUE, 320, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 370, "Vcur-23", "f32", { ISO_VALUE, 320, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 371, "Qcur_rope-23", "f32", { ISO_VALUE, 321, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 372, "Kcur_rope-23", "f32", { ISO_VALUE, 322, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 375, "kqv_out-23", "f32", { ISO_VALUE, 325, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 377, "ffn_inp-23", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 378, "ffn_inp_normed-23", "f32", { ISO_VALUE, 327, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 380, "ffn_gelu-23", "f32", { ISO_VALUE, 329, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 382, "layer_out-23", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 383, "ln1-24", "f32", { ISO_VALUE, 331, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 385, "Qcur-24", "f32", { ISO_VALUE, 333, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 385, "Kcur-24", "f32", { ISO_VALUE, 333, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 385, "Vcur-24", "f32", { ISO_VALUE, 333, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 386, "Qcur_rope-24", "f32", { ISO_VALUE, 334, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 387, "Kcur_rope-24", "f32", { ISO_VALUE, 335, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 390, "kqv_out-24", "f32", { ISO_VALUE, 338, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 392, "ffn_inp-24", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 393, "ffn_inp_normed-24", "f32", { ISO_VALUE, 340, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 395, "ffn_gelu-24", "f32", { ISO_VALUE, 342, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 397, "layer_out-24", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 398, "norm_b-24", "f32", { ISO_VALUE, 344, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 400, "ffn_up_b-24#2", "f32", { ISO_VALUE, 346, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 401, "ffn_gelu-24#2", "f32", { ISO_VALUE, 346, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 404, "ln1-25", "f32", { ISO_VALUE, 349, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 406, "Qcur-25", "f32", { ISO_VALUE, 351, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 406, "Kcur-25", "f32", { ISO_VALUE, 351, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 406, "Vcur-25", "f32", { ISO_VALUE, 351, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 407, "Qcur_rope-25", "f32", { ISO_VALUE, 352, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 408, "Kcur_rope-25", "f32", { ISO_VALUE, 353, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 411, "kqv_out-25", "f32", { ISO_VALUE, 356, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 413, "ffn_inp-25", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 414, "ffn_inp_normed-25", "f32", { ISO_VALUE, 358, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 416, "ffn_gelu-25", "f32", { ISO_VALUE, 360, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 418, "layer_out-25", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 419, "ln1-26", "f32", { ISO_VALUE, 362, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 421, "Qcur-26", "f32", { ISO_VALUE, 364, 0 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 421, "Kcur-26", "f32", { ISO_VALUE, 364, 4608 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 421, "Vcur-26", "f32", { ISO_VALUE, 364, 9216 }, 3, { 5, 64, 65 }, { 13824, 288, 4 } },
    { 422, "Qcur_rope-26", "f32", { ISO_VALUE, 365, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 423, "Kcur_rope-26", "f32", { ISO_VALUE, 366, 0 }, 3, { 5, 64, 65 }, { 4608, 288, 4 } },
    { 426, "kqv_out-26", "f32", { ISO_VALUE, 369, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 428, "ffn_inp-26", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 429, "ffn_inp_normed-26", "f32", { ISO_VALUE, 371, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 431, "ffn_gelu-26", "f32", { ISO_VALUE, 373, 0 }, 2, { 5, 66 }, { 17216, 4 } },
    { 433, "layer_out-26", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 434, "norm_b-27", "f32", { ISO_VALUE, 3, 0 }, 2, { 5, 63 }, { 4608, 4 } },
    { 436, "ffn_up_b", "f32", { ISO_VALUE, 376, 0 }, 2, { 24, 67 }, { 18432, 4 } },
    { 437, "ffn_gelu", "f32", { ISO_VALUE, 376, 0 }, 2, { 24, 67 }, { 18432, 4 } },
};

/* Largest over all kernels, per worker. */
static uint64_t iso_worker_scratch(const iso_dims *d)
{
    uint64_t most = 0;
    (void)d;
    most = ISO_MAX(most, iso_expr(45, d));
    most = ISO_MAX(most, iso_expr(46, d));
    most = ISO_MAX(most, iso_expr(47, d));
    most = ISO_MAX(most, iso_expr(48, d));
    most = ISO_MAX(most, iso_expr(49, d));
    most = ISO_MAX(most, iso_expr(50, d));
    most = ISO_MAX(most, iso_expr(51, d));
    most = ISO_MAX(most, iso_expr(52, d));
    most = ISO_MAX(most, iso_expr(53, d));
    most = ISO_MAX(most, iso_expr(54, d));
    most = ISO_MAX(most, iso_expr(55, d));
    most = ISO_MAX(most, iso_expr(56, d));
    most = ISO_MAX(most, iso_expr(57, d));
    most = ISO_MAX(most, iso_expr(58, d));
    most = ISO_MAX(most, iso_expr(59, d));
    most = ISO_MAX(most, iso_expr(60, d));
    most = ISO_MAX(most, iso_expr(61, d));
    most = ISO_MAX(most, iso_expr(62, d));
    return most;
}

/* ======== handle: everything an open encoder owns ======== */

enum { ISO_TABLES = 1, ISO_TABLE_SLOTS = 1, ISO_MAX_THREADS = 4096 };

/* The parallel part of one step; valid while the step runs. */
typedef struct {
    iso_run run;
    iso_pointer pointers[ISO_STEP_REFS];
    size_t args[ISO_STEP_ARGS];
    size_t tasks;
    unsigned char *scratch;
    size_t scratch_bytes; /* per worker */
} iso_job;

struct qwen3_vl_vision {
    iso_map map;
    const unsigned char *weights[ISO_WEIGHT_SLOTS];
    void *tables[ISO_TABLE_SLOTS];
    iso_options options;
    uint32_t variant;
    uint16_t chosen[ISO_CHOICES]; /* position among the candidates */
    iso_pool *pool;
    void *arena;
    uint64_t arena_bytes;
    atomic_int busy; /* not atomic_bool: exchanging a byte takes libatomic on some machines */
    /* of the running encode */
    uint64_t offsets[ISO_VALUES];
    iso_job job;
    /* of the running step, when the host runs it */
    atomic_size_t tasks_done;
    atomic_int fault;
    atomic_int *worker_busy; /* [threads] */
#if defined(ISOBIT_CHECK_ARENA)
    int poison;
#endif
};

/* ======== arena: sizes and places of all values for given dimensions ======== */

typedef struct {
    uint64_t values_end;     /* end of the last value */
    uint64_t worker_scratch; /* per worker */
    uint64_t bytes;          /* values and all workers' scratch */
} iso_layout;

/* First fit: in table order, each value gets the lowest 64-byte aligned offset where it meets no placed value that is in
 * use at the same time. Used by plan and by encode, so that bytes planned are bytes used. False on overflow. */
static bool iso_place(const iso_dims *d, uint32_t threads, uint64_t offsets[ISO_VALUES], iso_layout *layout)
{
    uint64_t ends[ISO_VALUES];
    uint16_t placed[ISO_VALUES]; /* by offset; only those that a later value can meet */
    uint16_t earliest[ISO_VALUES]; /* first step of this or any later value */
    uint32_t live = 0;
    uint64_t all_scratch;
    uint16_t first = UINT16_MAX;
    for (uint32_t v = ISO_VALUES; v-- > 0;) {
        first = ISO_MIN(first, iso_values[v].first);
        earliest[v] = first;
    }
    layout->values_end = 0;
    for (uint32_t v = 0; v < ISO_VALUES; ++v) {
        const uint64_t bytes = iso_expr(iso_values[v].bytes, d);
        uint64_t offset = 0;
        uint32_t kept = 0, at;
        bool found = false;
        for (uint32_t i = 0; i < live; ++i) {
            if (iso_values[placed[i]].last >= earliest[v]) {
                placed[kept++] = placed[i];
            }
        }
        live = kept;
        at = live;
        for (uint32_t i = 0; i < live && !found; ++i) {
            const uint16_t p = placed[i];
            if (iso_values[p].last < iso_values[v].first || iso_values[p].first > iso_values[v].last || ends[p] <= offset) {
                continue;
            }
            if (offsets[p] >= offset && offsets[p] - offset >= bytes) {
                found = true;
            } else {
                offset = ends[p];
            }
        }
        offsets[v] = offset;
        if (!iso_add(offset, bytes, &ends[v]) || !iso_align_up(ends[v], ISO_ALIGN, &ends[v])) {
            return false;
        }
        layout->values_end = ISO_MAX(layout->values_end, ends[v]);
        while (at > 0 && offsets[placed[at - 1]] > offset) {
            placed[at] = placed[at - 1];
            --at;
        }
        placed[at] = (uint16_t)v;
        ++live;
    }
    if (!iso_align_up(iso_worker_scratch(d), ISO_ALIGN, &layout->worker_scratch)) {
        return false;
    }
    return iso_mul(layout->worker_scratch, threads, &all_scratch) && iso_add(layout->values_end, all_scratch, &layout->bytes);
}

/* ======== tables: lookup tables, filled once at open ======== */

static int32_t iso_fill_tables(void *tables[ISO_TABLE_SLOTS], iso_error *error)
{
    {
        const size_t bytes = TABLE_gelu_f16_COUNT * sizeof(table_gelu_f16_t);
        const unsigned char *filled;
        uint64_t checksum = 0xcbf29ce484222325ull; /* FNV-1a */
        tables[0] = aligned_alloc(ISO_ALIGN, (bytes + ISO_ALIGN - 1) / ISO_ALIGN * ISO_ALIGN);
        if (tables[0] == NULL) {
            return iso_fail(error, ISO_ERR_MEMORY, "no memory for the table gelu_f16 (%zu bytes)", bytes);
        }
        table_gelu_f16_fill(tables[0]);
        filled = tables[0];
        for (size_t i = 0; i < bytes; ++i) {
            checksum = (checksum ^ filled[i]) * 0x100000001b3ull;
        }
        if (checksum != table_gelu_f16_checksum) {
            return iso_fail(error, ISO_ERR_TABLE, "table gelu_f16 has the checksum %016llx instead of %016llx: was the file changed or miscompiled?",
                (unsigned long long)checksum, (unsigned long long)table_gelu_f16_checksum);
        }
    }
    return ISO_OK;
}

/* ======== run: executes the steps ======== */

enum { ISO_FAULT_NONE, ISO_FAULT_RANGE, ISO_FAULT_WORKER, ISO_FAULT_BUSY, ISO_FAULT_FLOAT };

/* One range of the running step, on any thread of this library's pool. */
static void iso_run_range(void *arg, size_t begin, size_t end, unsigned worker)
{
    const iso_job *job = arg;
    job->run(job->pointers, job->args, begin, end, job->scratch + worker * job->scratch_bytes);
}

/* The same on a thread of the host, which is not trusted to follow the rules of parallel_for. */
static void iso_run_range_checked(void *arg, size_t begin, size_t end, unsigned worker)
{
    iso_encoder *h = arg;
    int fault = ISO_FAULT_NONE;
    if (begin == end) {
        return;
    }
    if (worker >= h->options.threads) {
        fault = ISO_FAULT_WORKER;
    } else if (begin > end || end > h->job.tasks) {
        fault = ISO_FAULT_RANGE;
    } else if (iso_float_fault() != NULL) {
        fault = ISO_FAULT_FLOAT;
    } else if (atomic_exchange_explicit(&h->worker_busy[worker], true, memory_order_acquire)) {
        fault = ISO_FAULT_BUSY;
    }
    if (fault != ISO_FAULT_NONE) {
        atomic_store_explicit(&h->fault, fault, memory_order_relaxed);
        return;
    }
    iso_run_range(&h->job, begin, end, worker);
    atomic_store_explicit(&h->worker_busy[worker], false, memory_order_release);
    (void)atomic_fetch_add_explicit(&h->tasks_done, end - begin, memory_order_relaxed);
}

static int32_t iso_run_by_host(iso_encoder *h, const char *step, iso_error *error)
{
    size_t done;
    atomic_store(&h->tasks_done, 0);
    atomic_store(&h->fault, ISO_FAULT_NONE);
    h->options.parallel_for(h->options.parallel_user, h->job.tasks, iso_run_range_checked, h);
    done = atomic_load(&h->tasks_done);
    switch (atomic_load(&h->fault)) {
    case ISO_FAULT_RANGE: return iso_fail(error, ISO_ERR_THREAD, "step %s: parallel_for ran a range outside its %zu tasks", step, h->job.tasks);
    case ISO_FAULT_WORKER:
        return iso_fail(error, ISO_ERR_THREAD, "step %s: parallel_for gave a worker number that is not below threads = %lu", step,
            (unsigned long)h->options.threads);
    case ISO_FAULT_BUSY: return iso_fail(error, ISO_ERR_THREAD, "step %s: parallel_for ran one worker number twice at the same time", step);
    case ISO_FAULT_FLOAT:
        return iso_fail(error, ISO_ERR_CPU, "step %s: a thread of parallel_for has a changed floating-point state; it must be the default one", step);
    default: break;
    }
    if (done != h->job.tasks) {
        return iso_fail(error, ISO_ERR_THREAD, "step %s: parallel_for ran %zu tasks of %zu", step, done, h->job.tasks);
    }
    return ISO_OK;
}

static iso_pointer iso_resolve(const iso_encoder *h, const iso_ref *ref, unsigned char *arena, float *out)
{
    iso_pointer p;
    switch (ref->kind) {
    case ISO_VALUE: p.out = arena + h->offsets[ref->index] + ref->offset; break;
    case ISO_WEIGHT: p.in = h->weights[ref->index] + ref->offset; break;
    case ISO_TABLE: p.in = (const unsigned char *)h->tables[ref->index] + ref->offset; break;
    case ISO_OUTPUT:
    default: p.out = (unsigned char *)out + ref->offset; break;
    }
    return p;
}

static const iso_candidate *iso_chosen(const iso_encoder *h, const iso_step *step, const iso_dims *d)
{
    for (uint32_t i = 0;; ++i) {
        const iso_choice *choice = &iso_choices[step->choices[i]];
        if (choice->guard == ISO_NONE || i + 1 == step->choice_count || iso_expr(choice->guard, d) != 0) {
            return &choice->candidates[h->chosen[step->choices[i]]];
        }
    }
}

static uint32_t iso_call_taps(const iso_encoder *h, uint32_t next, uint32_t step, const iso_candidate *ran, const iso_dims *d, unsigned char *arena, float *out)
{
    for (; next < iso_tap_count && iso_taps[next].step == step; ++next) {
        const iso_tap_point *point = &iso_taps[next];
        iso_tap tap = { .name = point->name, .op = iso_steps[step].op, .kernel = iso_kernels[ran->kernel].id, .dtype = point->dtype,
            .index = next, .rank = point->rank, .data = iso_resolve(h, &point->ref, arena, out).out };
        for (uint32_t i = point->rank; i-- > 0;) {
            tap.shape[i] = iso_expr(point->shape[i], d);
            tap.stride[i] = point->stride[i] != 0 ? point->stride[i] : tap.stride[i + 1] * (int64_t)tap.shape[i + 1];
        }
        h->options.tap(h->options.tap_user, &tap);
    }
    return next;
}

#if defined(ISOBIT_CHECK_ARENA)
/* For tests: whatever was not written yet is NaN in one encode and a number in the next, and no step may touch a value in
 * use that it does not write. */
static uint64_t iso_hash_others(const iso_encoder *h, const iso_step *step, uint64_t writes, uint32_t now, const iso_dims *d, const unsigned char *arena)
{
    uint64_t hash = 0xcbf29ce484222325ull;
    for (uint32_t v = 0; v < ISO_VALUES; ++v) {
        const uint64_t bytes = iso_expr(iso_values[v].bytes, d);
        bool skip = iso_values[v].first > now || iso_values[v].last < now;
        for (uint32_t i = 0; i < step->ref_count; ++i) {
            skip = skip || (step->refs[i].kind == ISO_VALUE && step->refs[i].index == v && (writes >> i & 1u) != 0);
        }
        for (uint64_t i = 0; !skip && i < bytes; ++i) {
            hash = (hash ^ arena[h->offsets[v] + i]) * 0x100000001b3ull;
        }
    }
    return hash;
}

static void iso_poison(const iso_encoder *h, uint32_t now, const iso_dims *d, unsigned char *arena)
{
    for (uint32_t v = 1; v < ISO_VALUES; ++v) {
        if (iso_values[v].first == now) {
            memset(arena + h->offsets[v], h->poison, (size_t)iso_expr(iso_values[v].bytes, d));
        }
    }
    memset(h->job.scratch, h->poison, h->job.scratch_bytes * h->options.threads);
}
#endif

/* Runs h->job, on several threads if it has several tasks. */
static int32_t iso_run_job(iso_encoder *h, const char *name, iso_error *error)
{
    if (h->job.tasks > 1 && h->options.parallel_for != NULL) {
        return iso_run_by_host(h, name, error);
    }
    if (h->job.tasks > 1 && h->pool != NULL) {
        iso_pool_run(h->pool, h->job.tasks, iso_run_range, &h->job);
    } else if (h->job.tasks > 0) {
        iso_run_range(&h->job, 0, h->job.tasks, 0);
    }
    return ISO_OK;
}

static int32_t iso_run_steps(iso_encoder *h, const iso_dims *d, const iso_layout *layout, unsigned char *arena, float *out, iso_error *error)
{
    uint32_t next_tap = 0;
    int32_t status = ISO_OK;
    h->job.scratch = arena + layout->values_end;
    h->job.scratch_bytes = (size_t)layout->worker_scratch;
    for (uint32_t s = 0; s < ISO_STEPS && status == ISO_OK; ++s) {
        const iso_step *step = &iso_steps[s];
        const iso_candidate *chosen = iso_chosen(h, step, d);
        const iso_kernel *kernel = &iso_kernels[chosen->kernel];
        if (h->options.progress != NULL && h->options.progress(h->options.progress_user, s, ISO_STEPS, step->name) != 0) {
            return iso_fail(error, ISO_ERR_CANCELLED, "cancelled before step %lu of %lu, %s", (unsigned long)s + 1, (unsigned long)ISO_STEPS, step->name);
        }
        h->job.run = kernel->run;
        h->job.tasks = (size_t)iso_expr(chosen->tasks, d);
        for (uint32_t i = 0; i < step->ref_count; ++i) {
            h->job.pointers[i] = iso_resolve(h, &step->refs[i], arena, out);
        }
        for (uint32_t i = 0; i < step->arg_count; ++i) {
            h->job.args[i] = (size_t)iso_expr(step->args[i], d);
        }
#if defined(ISOBIT_CHECK_ARENA)
        iso_poison(h, s, d, arena);
        const uint64_t hash = iso_hash_others(h, step, kernel->writes, s, d, arena);
#endif
        status = iso_run_job(h, step->name, error);
#if defined(ISOBIT_CHECK_ARENA)
        if (status == ISO_OK && hash != iso_hash_others(h, step, kernel->writes, s, d, arena)) {
            return iso_fail(error, ISO_ERR_ARENA, "step %s changed a value that it does not write", step->name);
        }
#endif
        if (status == ISO_OK && h->options.tap != NULL) {
            next_tap = iso_call_taps(h, next_tap, s, chosen, d, arena, out);
        }
    }
    return status;
}

/* ======== api: the functions of qwen3_vl_vision.h ======== */

/* -- open and close -- */

/* A caller that was compiled with another header is refused by the size of its options. */
static int32_t iso_read_options(const iso_options *given, iso_options *options, iso_error *error)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->threads = 1;
    if (given == NULL) {
        return ISO_OK;
    }
    if (given->struct_size != sizeof *options) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "options.struct_size is %lu, expected sizeof(qwen3_vl_vision_options) = %zu",
            (unsigned long)given->struct_size, sizeof *options);
    }
    *options = *given;
    if (options->threads < 1 || options->threads > ISO_MAX_THREADS) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "options.threads is %lu; 1 to %d are allowed", (unsigned long)options->threads, ISO_MAX_THREADS);
    }
    if (options->tap != NULL && iso_tap_count == 0) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "options.tap is set, but this library was built without taps");
    }
    return ISO_OK;
}

/* One kernel per choice: the first candidate that the machine runs and that is not better than a forced variant. */
static int32_t iso_choose_variant(iso_encoder *h, const char *forced, iso_error *error)
{
    char missing[256];
    bool runs[ISO_VARIANTS];
    uint32_t best = ISO_VARIANTS;
    for (uint32_t v = 0; v < ISO_VARIANTS; ++v) {
        runs[v] = iso_variant_runs(v, missing, sizeof missing);
        if (forced != NULL && strcmp(forced, iso_variants[v].name) == 0) {
            if (!runs[v]) {
                return iso_fail(error, ISO_ERR_CPU, "variant %s cannot run on this machine: it lacks %s", forced, missing);
            }
            best = v;
        }
        if (forced == NULL && runs[v] && best == ISO_VARIANTS) {
            best = v;
        }
    }
    if (best == ISO_VARIANTS) {
        return forced == NULL ? iso_fail(error, ISO_ERR_CPU, "this machine runs none of the variants avx512, avx2, neon, portable")
            : iso_fail(error, ISO_ERR_ARGUMENT, "options.variant is \"%s\"; this library has avx512, avx2, neon, portable",
                iso_printable(forced, strlen(forced)).text);
    }
    h->variant = best;
    for (uint32_t c = 0; c < ISO_CHOICES; ++c) {
        uint16_t k = 0;
        while (k < iso_choices[c].count) {
            const iso_kernel *kernel = &iso_kernels[iso_choices[c].candidates[k].kernel];
            if (kernel->run != NULL && kernel->variant >= best && runs[kernel->variant]) {
                break;
            }
            ++k;
        }
        if (k == iso_choices[c].count) {
            return iso_fail(error, ISO_ERR_CPU, "variant %s: there is no kernel for this machine in place of %s", iso_variants[best].name,
                iso_kernels[iso_choices[c].candidates[0].kernel].id);
        }
        h->chosen[c] = k;
    }
    return ISO_OK;
}

static int32_t iso_float_check(iso_error *error)
{
    const char *fault = iso_float_fault();
    if (fault != NULL) {
        return iso_fail(error, ISO_ERR_CPU, "the floating-point state of the calling thread must be the default one: %s", fault);
    }
    return ISO_OK;
}

/* Takes over h->map. */
static int32_t iso_open_mapped(iso_encoder *h, iso_error *error)
{
    const char *compiler = iso_compiler_fault();
    int32_t status = iso_float_check(error);
    if (status == ISO_OK && compiler != NULL) {
        status = iso_fail(error, ISO_ERR_CPU, "qwen3_vl_vision.c was compiled with flags that change results: %s", compiler);
    }
    if (status == ISO_OK) {
        status = iso_choose_variant(h, h->options.variant, error);
    }
    h->options.variant = NULL; /* the caller's string may go away */
    if (status == ISO_OK) {
        status = iso_gguf_load(&h->map, h->weights, error);
    }
    if (status == ISO_OK) {
        status = iso_fill_tables(h->tables, error);
    }
    if (status == ISO_OK && h->options.parallel_for != NULL) {
        h->worker_busy = calloc(h->options.threads, sizeof *h->worker_busy);
        if (h->worker_busy == NULL) {
            status = iso_fail(error, ISO_ERR_MEMORY, "no memory for %lu workers", (unsigned long)h->options.threads);
        }
    } else if (status == ISO_OK && h->options.threads > 1) {
        status = iso_pool_open(&h->pool, h->options.threads, error);
    }
    return status;
}

static int32_t iso_open(const char *path, const void *data, size_t size, const iso_options *options, iso_encoder **out, iso_error *error)
{
    iso_encoder *h = calloc(1, sizeof *h);
    int32_t status;
    if (h == NULL) {
        return iso_fail(error, ISO_ERR_MEMORY, "no memory for the encoder");
    }
    h->map.file = -1;
    atomic_init(&h->busy, false);
    atomic_init(&h->tasks_done, 0);
    atomic_init(&h->fault, ISO_FAULT_NONE);
    status = iso_read_options(options, &h->options, error);
    if (status == ISO_OK && path != NULL) {
        status = iso_map_open(&h->map, path, error);
    } else if (status == ISO_OK) {
        h->map.data = data;
        h->map.size = size;
    }
    if (status == ISO_OK) {
        status = iso_open_mapped(h, error);
    }
    if (status != ISO_OK) {
        qwen3_vl_vision_close(h);
        return status;
    }
    *out = h;
    return ISO_OK;
}

int32_t qwen3_vl_vision_open(const char *gguf_path, const qwen3_vl_vision_options *options, qwen3_vl_vision **out, qwen3_vl_vision_error *error)
{
    if (out != NULL) {
        *out = NULL;
    }
    if (out == NULL || gguf_path == NULL) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s is NULL", out == NULL ? "out" : "gguf_path");
    }
    return iso_open(gguf_path, NULL, 0, options, out, error);
}

int32_t qwen3_vl_vision_open_memory(const void *data, size_t size, const qwen3_vl_vision_options *options, qwen3_vl_vision **out, qwen3_vl_vision_error *error)
{
    if (out != NULL) {
        *out = NULL;
    }
    if (out == NULL || data == NULL) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s is NULL", out == NULL ? "out" : "data");
    }
    return iso_open(NULL, data, size, options, out, error);
}

void qwen3_vl_vision_close(qwen3_vl_vision *h)
{
    if (h == NULL) {
        return;
    }
    iso_pool_close(h->pool);
    for (uint32_t i = 0; i < ISO_TABLE_SLOTS; ++i) {
        free(h->tables[i]);
    }
    free(h->worker_busy);
    free(h->arena);
    iso_map_close(&h->map);
    free(h);
}

/* -- plan -- */

static int32_t iso_plan_dims(uint32_t width, uint32_t height, uint32_t batch, iso_dims *d, iso_error *error)
{
    const uint64_t column = 32, row = 32, columns = width / column, rows = height / row;
    memset(d, 0, sizeof *d);
    if (batch < 1) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "batch is 0");
    }
    if (batch > 64) {
        return iso_fail(error, ISO_ERR_LIMIT, "batch is %lu; at most 64 images are encoded at once", (unsigned long)batch);
    }
    if (width == 0 || height == 0 || width % column != 0 || height % row != 0) {
        return iso_fail(error, ISO_ERR_IMAGE, "%lu x %lu pixels: the width must be a multiple of %lu and the height one of %lu, not 0", (unsigned long)width,
            (unsigned long)height, (unsigned long)column, (unsigned long)row);
    }
    d->b = batch;
    if (columns > 1024 || rows > 1024) {
        return iso_fail(error, ISO_ERR_LIMIT, "%lu x %lu pixels: the largest width is 32768, the largest height 32768", (unsigned long)width,
            (unsigned long)height);
    }
    if (columns * rows > 16384) {
        return iso_fail(error, ISO_ERR_LIMIT, "%lu x %lu pixels are %llu grid cells; the limit is 16384", (unsigned long)width, (unsigned long)height,
            (unsigned long long)(columns * rows));
    }
    d->mw = columns;
    d->mh = rows;
    return ISO_OK;
}

static uint64_t iso_pixel_floats(uint32_t width, uint32_t height, uint32_t batch)
{
    return (uint64_t)width * height * batch * 3; /* the limits keep this far below 2^64 */
}

/* Fills all of the plan but the source size. */
static int32_t iso_plan_grid(uint32_t threads, uint32_t width, uint32_t height, uint32_t batch, iso_plan *plan, iso_dims *d, uint64_t offsets[ISO_VALUES],
    iso_layout *layout, iso_error *error)
{
    const int32_t status = iso_plan_dims(width, height, batch, d, error);
    if (status != ISO_OK) {
        return status;
    }
    if (!iso_place(d, threads, offsets, layout) || layout->bytes > SIZE_MAX / 2) {
        return iso_fail(error, ISO_ERR_LIMIT, "%lu x %lu pixels, batch %lu: the arena would exceed the address space", (unsigned long)width,
            (unsigned long)height, (unsigned long)batch);
    }
    memset(plan, 0, sizeof *plan);
    plan->width = width;
    plan->height = height;
    plan->grid_cols = (uint32_t)iso_expr(69, d);
    plan->grid_rows = (uint32_t)iso_expr(68, d);
    plan->batch = batch;
    plan->threads = threads;
    plan->tokens = iso_expr(70, d);
    plan->embedding = 16384;
    plan->output_floats = plan->tokens * plan->embedding * batch;
    plan->arena_bytes = layout->bytes;
    plan->flops = iso_expr(71, d);
    return ISO_OK;
}

/* Preprocessing in the arena: from `begin`, one resized 8-bit image, then the scratch of the resize. */
typedef struct {
    uint64_t image, scratch, end;
} iso_resize;

static bool iso_place_resize(uint64_t begin, uint32_t source_width, uint32_t source_height, uint32_t width, uint32_t height, iso_resize *r)
{
    return iso_align_up(begin, ISO_ALIGN, &r->image) && iso_add(r->image, iso_pixel_floats(width, height, 1), &r->scratch)
        && iso_align_up(r->scratch, ISO_ALIGN, &r->scratch)
        && iso_add(r->scratch, resize_pad_u8_pillow_scratch(source_width, source_height, width, height), &r->end)
        && iso_align_up(r->end, ISO_ALIGN, &r->end);
}

static int32_t iso_plan_rgb(uint32_t threads, uint32_t width, uint32_t height, uint32_t batch, iso_plan *plan, iso_dims *d, uint64_t offsets[ISO_VALUES],
    iso_layout *layout, iso_error *error)
{
    uint32_t to_width = 0, to_height = 0;
    iso_resize resize = { 0, 0, 0 };
    int32_t status;
    if (width == 0 || height == 0) {
        return iso_fail(error, ISO_ERR_IMAGE, "the image has %lu x %lu pixels", (unsigned long)width, (unsigned long)height);
    }
    if (width > 65535 || height > 65535) {
        return iso_fail(error, ISO_ERR_LIMIT, "the image has %lu x %lu pixels; 65535 per side is the limit", (unsigned long)width, (unsigned long)height);
    }
    if (fit_smart_u8_f32round(width, height, &to_width, &to_height) != 0) {
        return iso_fail(error, ISO_ERR_IMAGE, "an image of %lu x %lu pixels cannot be brought to a size that this encoder takes", (unsigned long)width,
            (unsigned long)height);
    }
    status = iso_plan_grid(threads, to_width, to_height, batch, plan, d, offsets, layout, error);
    if (status != ISO_OK) {
        return status;
    }
    plan->source_width = width;
    plan->source_height = height;
    if (!iso_place_resize(iso_expr(iso_values[0].bytes, d), width, height, to_width, to_height, &resize) || resize.end > SIZE_MAX / 2) {
        return iso_fail(error, ISO_ERR_LIMIT, "%lu x %lu pixels: the arena would exceed the address space", (unsigned long)width, (unsigned long)height);
    }
    plan->arena_bytes = ISO_MAX(plan->arena_bytes, resize.end);
    return ISO_OK;
}

static int32_t iso_plan_checked(const iso_encoder *h, bool rgb, uint32_t width, uint32_t height, uint32_t batch, iso_plan *info, iso_error *error)
{
    uint64_t offsets[ISO_VALUES];
    iso_layout layout = { 0 };
    iso_dims d = { 0 };
    iso_plan plan = { 0 };
    int32_t status;
    uint32_t threads;
    if (info == NULL) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "info is NULL");
    }
    threads = h != NULL ? h->options.threads : info->threads;
    if (threads < 1 || threads > ISO_MAX_THREADS) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "encoder is NULL and info->threads is %lu; 1 to %d are allowed", (unsigned long)threads, ISO_MAX_THREADS);
    }
    status = (rgb ? iso_plan_rgb : iso_plan_grid)(threads, width, height, batch, &plan, &d, offsets, &layout, error);
    if (status == ISO_OK) {
        *info = plan;
    }
    return status;
}

int32_t qwen3_vl_vision_plan(const qwen3_vl_vision *h, uint32_t width, uint32_t height, uint32_t batch, qwen3_vl_vision_plan_info *info, qwen3_vl_vision_error *error)
{
    return iso_plan_checked(h, true, width, height, batch, info, error);
}

int32_t qwen3_vl_vision_plan_pixels(const qwen3_vl_vision *h, uint32_t width, uint32_t height, uint32_t batch, qwen3_vl_vision_plan_info *info, qwen3_vl_vision_error *error)
{
    return iso_plan_checked(h, false, width, height, batch, info, error);
}

/* The plan that this handle makes for what another plan is for. */
static int32_t iso_plan_again(const iso_encoder *h, const iso_plan *info, iso_plan *plan, iso_error *error)
{
    const bool rgb = info->source_width != 0;
    return iso_plan_checked(h, rgb, rgb ? info->source_width : info->width, rgb ? info->source_height : info->height, info->batch, plan, error);
}

static bool iso_same_input(const iso_plan *a, const iso_plan *b)
{
    return a->width == b->width && a->height == b->height;
}

/* -- calls that use the handle alone -- */

static int32_t iso_begin(iso_encoder *h, iso_error *error)
{
    if (atomic_exchange_explicit(&h->busy, true, memory_order_acquire)) {
        return iso_fail(error, ISO_ERR_THREAD, "the handle is busy with another call; use one handle per thread");
    }
    return ISO_OK;
}

static int32_t iso_end(iso_encoder *h, int32_t status)
{
    atomic_store_explicit(&h->busy, false, memory_order_release);
    return status;
}

static int32_t iso_reserve_bytes(iso_encoder *h, uint64_t bytes, iso_error *error)
{
    if (h->arena_bytes < bytes) {
        free(h->arena);
        h->arena_bytes = 0;
        h->arena = aligned_alloc(ISO_ALIGN, (size_t)bytes);
        if (h->arena == NULL) {
            return iso_fail(error, ISO_ERR_MEMORY, "no memory for an arena of %llu bytes", (unsigned long long)bytes);
        }
        h->arena_bytes = bytes;
    }
    return ISO_OK;
}

static int32_t iso_reserve(iso_encoder *h, const iso_plan *info, iso_error *error)
{
    iso_plan plan = { 0 };
    const int32_t status = iso_plan_again(h, info, &plan, error);
    if (status != ISO_OK) {
        return status;
    }
    if (plan.arena_bytes != info->arena_bytes || plan.threads != info->threads || !iso_same_input(&plan, info)) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "the plan was not made by this handle: it says %llu arena bytes for %lu threads, the handle %llu for %lu",
            (unsigned long long)info->arena_bytes, (unsigned long)info->threads, (unsigned long long)plan.arena_bytes, (unsigned long)plan.threads);
    }
    return iso_reserve_bytes(h, plan.arena_bytes, error);
}

int32_t qwen3_vl_vision_reserve(qwen3_vl_vision *h, const qwen3_vl_vision_plan_info *info, qwen3_vl_vision_error *error)
{
    int32_t status;
    if (h == NULL || info == NULL) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s is NULL", h == NULL ? "encoder" : "info");
    }
    status = iso_begin(h, error);
    return status != ISO_OK ? status : iso_end(h, iso_reserve(h, info, error));
}

/* -- encode -- */

typedef struct {
    const void *in;
    uint64_t in_bytes;
    const char *in_name;
    float *out;
    uint64_t out_floats, out_needed;
    const char *out_name;
} iso_buffers;

static bool iso_overlap(const void *a, uint64_t a_bytes, const void *b, uint64_t b_bytes)
{
    const uintptr_t p = (uintptr_t)a, q = (uintptr_t)b;
    return p <= q ? q - p < a_bytes : p - q < b_bytes;
}

/* Checks all buffers of a call; *arena becomes the reserved one if it is NULL. */
static int32_t iso_check_buffers(const iso_encoder *h, const iso_buffers *b, uint64_t arena_needed, void **arena, uint64_t *arena_bytes, iso_error *error)
{
    if (*arena == NULL) {
        if (h->arena == NULL) {
            return iso_fail(error, ISO_ERR_ARENA, "arena is NULL and none is reserved: call qwen3_vl_vision_reserve or give one");
        }
        if (h->arena_bytes < arena_needed) {
            return iso_fail(error, ISO_ERR_ARENA, "the reserved arena has %llu bytes, this call needs %llu: call qwen3_vl_vision_reserve with its plan",
                (unsigned long long)h->arena_bytes, (unsigned long long)arena_needed);
        }
        *arena = h->arena;
        *arena_bytes = h->arena_bytes;
    }
    if ((uintptr_t)*arena % ISO_ALIGN != 0) {
        return iso_fail(error, ISO_ERR_ARENA, "the arena must be aligned to %d bytes", ISO_ALIGN);
    }
    if (*arena_bytes < arena_needed) {
        return iso_fail(error, ISO_ERR_ARENA, "the arena has %llu bytes, this call needs %llu", (unsigned long long)*arena_bytes, (unsigned long long)arena_needed);
    }
    if (b->out_floats < b->out_needed) {
        return iso_fail(error, ISO_ERR_OUTPUT, "%s has room for %llu floats, this call gives %llu", b->out_name, (unsigned long long)b->out_floats,
            (unsigned long long)b->out_needed);
    }
    if ((uintptr_t)b->out % sizeof(float) != 0) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s is not aligned to floats", b->out_name);
    }
    if (iso_overlap(*arena, arena_needed, b->out, b->out_needed * sizeof(float)) || iso_overlap(*arena, arena_needed, b->in, b->in_bytes)
        || iso_overlap(b->in, b->in_bytes, b->out, b->out_needed * sizeof(float))) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s, %s and the arena must not overlap", b->in_name, b->out_name);
    }
    return ISO_OK;
}

static void iso_preprocess(const uint8_t *rgb, const iso_plan *plan, unsigned char *arena, const iso_resize *r, float *pixels)
{
    const size_t source = (size_t)iso_pixel_floats(plan->source_width, plan->source_height, 1);
    const size_t floats = (size_t)iso_pixel_floats(plan->width, plan->height, 1);
    for (uint32_t i = 0; i < plan->batch; ++i) {
        resize_pad_u8_pillow(rgb + i * source, plan->source_width, plan->source_height, arena + r->image, plan->width, plan->height,
            arena + r->scratch);
        normalize_u8_div(arena + r->image, pixels + i * floats, (size_t)plan->width * plan->height);
    }
}

/* Only memory of the library's callers is touched from here on: h is claimed by iso_begin. */
static int32_t iso_encode(iso_encoder *h, bool rgb, const void *in, uint32_t width, uint32_t height, uint32_t batch, void *arena, uint64_t arena_bytes,
    float *out, uint64_t out_floats, iso_error *error)
{
    iso_plan plan = { 0 };
    iso_layout layout = { 0 };
    iso_dims d = { 0 };
    uint64_t pixel_bytes;
    iso_buffers buffers = { .in = in, .in_name = rgb ? "rgb" : "pixels", .out = out, .out_floats = out_floats, .out_name = "out" };
    int32_t status = iso_float_check(error);
    if (status == ISO_OK) {
        status = iso_map_unchanged(&h->map, error);
    }
    if (status == ISO_OK) {
        status = (rgb ? iso_plan_rgb : iso_plan_grid)(h->options.threads, width, height, batch, &plan, &d, h->offsets, &layout, error);
    }
    if (status != ISO_OK) {
        return status;
    }
    pixel_bytes = iso_pixel_floats(plan.width, plan.height, batch) * sizeof(float);
    buffers.in_bytes = rgb ? iso_pixel_floats(width, height, batch) : pixel_bytes;
    buffers.out_needed = plan.output_floats;
    status = iso_check_buffers(h, &buffers, plan.arena_bytes, &arena, &arena_bytes, error);
    if (status != ISO_OK) {
        return status;
    }
#if defined(ISOBIT_CHECK_ARENA)
    h->poison = h->poison == 0xff ? 0x5a : 0xff;
    memset(arena, h->poison, (size_t)plan.arena_bytes);
    memset((unsigned char *)arena + plan.arena_bytes, 0xa5, (size_t)(arena_bytes - plan.arena_bytes));
#endif
    if (rgb) {
        iso_resize resize = { 0, 0, 0 };
        (void)iso_place_resize(iso_expr(iso_values[0].bytes, &d), width, height, plan.width, plan.height, &resize); /* as in the plan */
        iso_preprocess(in, &plan, arena, &resize, (float *)(void *)((unsigned char *)arena + h->offsets[0]));
    } else {
        memcpy((unsigned char *)arena + h->offsets[0], in, (size_t)pixel_bytes);
    }
    status = iso_run_steps(h, &d, &layout, arena, out, error);
#if defined(ISOBIT_CHECK_ARENA)
    for (uint64_t i = plan.arena_bytes; i < arena_bytes; ++i) {
        if (((const unsigned char *)arena)[i] != 0xa5) {
            return iso_fail(error, ISO_ERR_ARENA, "byte %llu of the arena was written, %llu were planned", (unsigned long long)i, (unsigned long long)plan.arena_bytes);
        }
    }
#endif
    return status;
}

int32_t qwen3_vl_vision_preprocess_rgb(qwen3_vl_vision *h, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch, void *arena, uint64_t arena_bytes,
    float *pixels, uint64_t pixel_floats, qwen3_vl_vision_error *error)
{
    uint64_t offsets[ISO_VALUES];
    iso_resize resize = { 0, 0, 0 };
    iso_plan plan = { 0 };
    iso_layout layout = { 0 };
    iso_dims d = { 0 };
    iso_buffers buffers = { .in = rgb, .in_name = "rgb", .out = pixels, .out_floats = pixel_floats, .out_name = "pixels" };
    int32_t status;
    if (h == NULL || rgb == NULL || pixels == NULL) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s is NULL", h == NULL ? "encoder" : rgb == NULL ? "rgb" : "pixels");
    }
    status = iso_begin(h, error);
    if (status != ISO_OK) {
        return status;
    }
    status = iso_float_check(error);
    if (status == ISO_OK) {
        status = iso_plan_rgb(h->options.threads, width, height, batch, &plan, &d, offsets, &layout, error);
    }
    if (status == ISO_OK) {
        buffers.in_bytes = iso_pixel_floats(width, height, batch);
        buffers.out_needed = iso_pixel_floats(plan.width, plan.height, batch);
        (void)iso_place_resize(0, width, height, plan.width, plan.height, &resize); /* less than in the plan */
        status = iso_check_buffers(h, &buffers, resize.end, &arena, &arena_bytes, error);
    }
    if (status == ISO_OK) {
        iso_preprocess(rgb, &plan, arena, &resize, pixels);
    }
    return iso_end(h, status);
}

int32_t qwen3_vl_vision_encode_rgb(qwen3_vl_vision *h, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch, void *arena, uint64_t arena_bytes,
    float *out, uint64_t out_floats, qwen3_vl_vision_error *error)
{
    int32_t status;
    if (h == NULL || rgb == NULL || out == NULL) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s is NULL", h == NULL ? "encoder" : rgb == NULL ? "rgb" : "out");
    }
    status = iso_begin(h, error);
    return status != ISO_OK ? status : iso_end(h, iso_encode(h, true, rgb, width, height, batch, arena, arena_bytes, out, out_floats, error));
}

int32_t qwen3_vl_vision_encode_pixels(qwen3_vl_vision *h, const float *pixels, uint32_t width, uint32_t height, uint32_t batch, void *arena, uint64_t arena_bytes,
    float *out, uint64_t out_floats, qwen3_vl_vision_error *error)
{
    int32_t status;
    if (h == NULL || pixels == NULL || out == NULL) {
        return iso_fail(error, ISO_ERR_ARGUMENT, "%s is NULL", h == NULL ? "encoder" : pixels == NULL ? "pixels" : "out");
    }
    status = iso_begin(h, error);
    return status != ISO_OK ? status : iso_end(h, iso_encode(h, false, pixels, width, height, batch, arena, arena_bytes, out, out_floats, error));
}


/* -- information -- */

const char *qwen3_vl_vision_strerror(int32_t status)
{
    switch (status) {
    case ISO_OK: return "no error";
    case ISO_ERR_ARGUMENT: return "bad argument";
    case ISO_ERR_IO: return "the file cannot be read";
    case ISO_ERR_FORMAT: return "the file is no well-formed GGUF";
    case ISO_ERR_MISMATCH: return "the file does not belong to this encoder";
    case ISO_ERR_IMAGE: return "this encoder does not take this image size";
    case ISO_ERR_LIMIT: return "a limit of this encoder is exceeded";
    case ISO_ERR_MEMORY: return "out of memory";
    case ISO_ERR_ARENA: return "the arena is missing, too small or not aligned";
    case ISO_ERR_OUTPUT: return "the output buffer is too small";
    case ISO_ERR_CANCELLED: return "cancelled";
    case ISO_ERR_CHANGED: return "the file changed after open";
    case ISO_ERR_CPU: return "the processor, its floating-point state or the compiler's flags do not fit";
    case ISO_ERR_TABLE: return "a lookup table is wrong";
    case ISO_ERR_THREAD: return "a thread cannot be started or used, or the handle is busy";
    default: return "unknown status";
    }
}

const char *qwen3_vl_vision_variant(const qwen3_vl_vision *h)
{
    return h == NULL ? "" : iso_variants[h->variant].name;
}

/* May be longer than the 4095 characters that every compiler must take; gcc and clang take any length. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
const char *qwen3_vl_vision_build_info(void)
{
    return "{\"isobit\":\"0.1.0\",\"encoder\":\"qwen3_vl_vision\",\"template_sha256\":\"6d16554ddefd25cb77a93821d0408b23e1f3d47fb4ea80d6354954803b06a188\",\"sizes\":\"preset 8b, weights f16\",\"profile\":\"ggml-avx2\",\"options\":{\"attention\":\"flash\"},\"reference\":{\"engine\":\"llama.cpp 0.6.0-dev, ggml 0.26.0 (crate llama-cpp-sys-2 0.1.161)\",\"isa\":\"x86-64 with AVX2, FMA, F16C, BMI2 (8 lanes of f32): what the crate builds by default\",\"flags\":\"-O3 -mavx2 -mfma -mf16c -mbmi2, GGML_NATIVE=OFF GGML_LLAMAFILE=ON\",\"libm\":\"glibc 2.28 to 2.40: expf, sinf, cosf, powf, erff\",\"attention\":\"flash (what the engine takes on CPUs of itself: tiled from 64 patches on, one chunk with an f16 accumulator below)\"},\"target\":\"c\",\"maps_sha256\":\"67392360fb35f7a15daf7cb2a189584ddfe490aea851359033d263f92d686791\",\"taps\":\"kept\",\"promise\":\"bits\"}";
}
#pragma GCC diagnostic pop
