/* Shared by the runtime tests: calls any emitted encoder through its public header, counts checks.
 *
 * By hand: cc -DENCODER=NAME -I OUT -o api_misuse api_misuse.c OUT/NAME.c -lm -lpthread && ./api_misuse model.gguf [width height]
 * The image size is that of the source images; it should be small. Exit status 0 means that all checks passed.
 */
#ifndef ISOBIT_TEST_H
#define ISOBIT_TEST_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

typedef ENCODER encoder_t;
typedef API(error) error_t;
typedef API(options) options_t;
typedef API(plan_info) plan_t;
typedef API(tap) tap_t;

/* The numbers of the public status enumeration, which are part of the interface. */
enum {
    OK, ERR_ARGUMENT, ERR_IO, ERR_FORMAT, ERR_MISMATCH, ERR_IMAGE, ERR_LIMIT, ERR_MEMORY, ERR_ARENA, ERR_OUTPUT,
    ERR_CANCELLED, ERR_CHANGED, ERR_CPU, ERR_TABLE, ERR_THREAD, STATUS_COUNT
};

static int test_passed, test_failed;
static error_t error; /* of the main thread */
static uint32_t image_width = 41, image_height = 29;

#define CHECK(condition, ...)                                \
    do {                                                     \
        if (condition) {                                     \
            ++test_passed;                                   \
        } else {                                             \
            ++test_failed;                                   \
            fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);  \
            fprintf(stderr, __VA_ARGS__);                    \
            fputc('\n', stderr);                             \
        }                                                    \
    } while (0)

/* The call must take &error and return `wanted`, with the same status and one line of text in error if it is a failure. */
#define EXPECT(wanted, call)                                                                                      \
    do {                                                                                                          \
        int32_t test_status;                                                                                      \
        memset(&error, 0x5a, sizeof error);                                                                       \
        test_status = (call);                                                                                     \
        CHECK(test_status == (wanted), "%s: status %d, expected %d: %s", #call, (int)test_status, (int)(wanted), \
            test_status == OK ? "" : error.message);                                                              \
        if (test_status != OK) {                                                                                  \
            check_error(test_status, #call);                                                                      \
        }                                                                                                         \
    } while (0)

static inline void check_error(int32_t status, const char *call)
{
    const char *end = memchr(error.message, '\0', sizeof error.message);
    CHECK(error.status == status, "%s: error.status %d, returned %d", call, (int)error.status, (int)status);
    CHECK(end != NULL && end != error.message, "%s: no message", call);
    for (const char *c = error.message; end != NULL && c < end; ++c) {
        if (*c < 0x20 || *c > 0x7e) {
            CHECK(false, "%s: message with byte %d", call, *c);
            return;
        }
    }
}

static inline void *need(void *memory)
{
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(3);
    }
    return memory;
}

/* Exactly `bytes` bytes, aligned to 64, so that a sanitizer sees an access beyond them. */
static inline void *aligned(uint64_t bytes)
{
    void *memory = NULL;
    return need(posix_memalign(&memory, 64, (size_t)bytes + (bytes == 0)) == 0 ? memory : NULL);
}

static inline void random_bytes(void *memory, size_t bytes, uint64_t seed)
{
    uint8_t *to = memory;
    uint64_t state = seed * 0x9e3779b97f4a7c15ull + 1;
    for (size_t i = 0; i < bytes; ++i) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        to[i] = (uint8_t)(state >> 56);
    }
}

static inline uint8_t *random_rgb(uint32_t width, uint32_t height, uint32_t batch, uint64_t seed)
{
    const size_t bytes = (size_t)width * height * batch * 3;
    uint8_t *rgb = need(malloc(bytes));
    random_bytes(rgb, bytes, seed);
    return rgb;
}

static inline options_t threads(uint32_t count)
{
    options_t options;
    memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.threads = count;
    return options;
}

static inline void stop_if(int32_t status, const error_t *why, const char *what)
{
    if (status != OK) {
        fprintf(stderr, "%s: %s\n", what, why->message);
        exit(3);
    }
}

static inline encoder_t *open_model(const char *path, options_t options)
{
    encoder_t *encoder = NULL;
    error_t e;
    stop_if(API(open)(path, &options, &encoder, &e), &e, path);
    return encoder;
}

static inline plan_t plan_image(const encoder_t *encoder, uint32_t width, uint32_t height, uint32_t batch)
{
    plan_t plan;
    error_t e;
    stop_if(API(plan)(encoder, width, height, batch, &plan, &e), &e, "plan");
    return plan;
}

/* Encodes in an arena and an output of exactly the planned size; every byte starts as `fill`. */
static inline float *encode_image(encoder_t *encoder, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch, int fill, plan_t *plan)
{
    error_t e;
    float *out;
    void *arena;
    *plan = plan_image(encoder, width, height, batch);
    arena = aligned(plan->arena_bytes);
    out = need(malloc(plan->output_floats * sizeof *out));
    memset(arena, fill, plan->arena_bytes);
    memset(out, fill, plan->output_floats * sizeof *out);
    stop_if(API(encode_rgb)(encoder, rgb, width, height, batch, arena, plan->arena_bytes, out, plan->output_floats, &e), &e, "encode_rgb");
    free(arena);
    return out;
}

static inline bool same_bits(const float *a, const float *b, uint64_t floats)
{
    return memcmp(a, b, floats * sizeof *a) == 0;
}

static inline uint8_t *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    long end;
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(3);
    }
    rewind(file);
    *size = (size_t)end;
    data = aligned(*size);
    if (fread(data, 1, *size, file) != *size) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(3);
    }
    fclose(file);
    return data;
}

/* A correct parallel_for: `workers` threads of the host, each with its own contiguous part. */
typedef struct {
    void (*body)(void *arg, size_t begin, size_t end, unsigned worker);
    void *arg;
    size_t begin, end;
    unsigned worker;
} host_part;

static inline void *host_main(void *given)
{
    const host_part *part = given;
    for (size_t t = part->begin; t < part->end; ++t) {
        part->body(part->arg, t, t + 1, part->worker);
    }
    return NULL;
}

enum { HOST_WORKERS = 3 };

static inline void host_parallel_for(void *user, size_t tasks, void (*body)(void *arg, size_t begin, size_t end, unsigned worker), void *arg)
{
    pthread_t thread[HOST_WORKERS];
    host_part part[HOST_WORKERS];
    if (user != NULL) {
        ++*(int *)user;
    }
    for (unsigned w = 0; w < HOST_WORKERS; ++w) {
        part[w] = (host_part){ body, arg, tasks * w / HOST_WORKERS, tasks * (w + 1) / HOST_WORKERS, w };
        if (pthread_create(&thread[w], NULL, host_main, &part[w]) != 0) {
            fputs("cannot start a thread\n", stderr);
            exit(3);
        }
    }
    for (unsigned w = 0; w < HOST_WORKERS; ++w) {
        pthread_join(thread[w], NULL);
    }
}

static inline void test_begin(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: %s model.gguf [width height]\n", argv[0]);
        exit(2);
    }
    if (argc == 4) {
        image_width = (uint32_t)strtoul(argv[2], NULL, 10);
        image_height = (uint32_t)strtoul(argv[3], NULL, 10);
    }
}

static inline int test_end(void)
{
    printf("%d passed, %d failed\n", test_passed, test_failed);
    return test_failed == 0 ? 0 : 1;
}

#endif
