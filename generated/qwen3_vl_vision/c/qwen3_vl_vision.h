/* qwen3_vl_vision.h - public interface of the qwen3_vl_vision image encoder (C11 and C++).
 *
 * Written by isobit 0.1.0; this code is yours to use under any licence you like.
 * template  qwen3_vl_vision 6d16554ddefd25cb77a93821d0408b23e1f3d47fb4ea80d6354954803b06a188
 * sizes     preset 8b, weights f16
 * profile   ggml-avx2 24f7629b93fa777de4edb469ba668d52bf24c9851fed88d73de78dc5141d95b1
 *           The bits of llama.cpp's CPU backend built for x86-64 with AVX2, FMA, F16C, BMI2 (8 lanes of f32): what the crate builds by default.
 * target    c e377dbaf8ef600fc0f11d420c817c8bb2e3939a8529875feaa0d099a7756ab5d
 * maps      67392360fb35f7a15daf7cb2a189584ddfe490aea851359033d263f92d686791
 * taps      those that fusion leaves
 *
 * Use: open a GGUF file, plan an image size, reserve the arena (or bring your own), encode, close.
 *
 * Numbers. For one file and one input the output has the same bits for every thread count, batch size, instruction set
 * and compiler. That holds while the floating-point state of each thread that computes is the default one: rounding to
 * nearest, denormals honoured (on x86: FTZ and DAZ off in MXCSR), exceptions masked. The library never changes the state
 * of a thread it did not start; every encode checks it and returns QWEN3_VL_VISION_ERR_CPU if it differs.
 *
 * Threads. A handle encodes one thing at a time: a second call that needs the same handle returns
 * QWEN3_VL_VISION_ERR_THREAD while the first runs (also from inside a callback). Different handles are independent.
 * qwen3_vl_vision_plan and qwen3_vl_vision_plan_pixels may be called at any time. Close a handle only when no call on it runs.
 *
 * Memory. After open and reserve nothing is allocated. The GGUF file stays mapped until close; a file that changes size or
 * modification time meanwhile is refused with QWEN3_VL_VISION_ERR_CHANGED. (A file truncated by another process in the very
 * moment of an encode raises SIGBUS, as for every mapping.)
 *
 * Errors. Every function that returns int32_t returns QWEN3_VL_VISION_OK or another value of qwen3_vl_vision_status, and then
 * fills *error when that pointer is not NULL. A failed or cancelled encode may have written part of the output; the
 * handle stays usable.
 */
#ifndef QWEN3_VL_VISION_H
#define QWEN3_VL_VISION_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define QWEN3_VL_VISION_API __attribute__((visibility("default")))
#else
#define QWEN3_VL_VISION_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct qwen3_vl_vision qwen3_vl_vision;

typedef enum qwen3_vl_vision_status {
    QWEN3_VL_VISION_OK = 0,
    QWEN3_VL_VISION_ERR_ARGUMENT = 1,   /* an argument is NULL, out of range or contradicts another */
    QWEN3_VL_VISION_ERR_IO = 2,         /* the file cannot be opened, read or mapped */
    QWEN3_VL_VISION_ERR_FORMAT = 3,     /* the file is no well-formed GGUF */
    QWEN3_VL_VISION_ERR_MISMATCH = 4,   /* a well-formed GGUF, of another model or with other tensors than this encoder's */
    QWEN3_VL_VISION_ERR_IMAGE = 5,      /* the image size is not one this encoder takes */
    QWEN3_VL_VISION_ERR_LIMIT = 6,      /* the image, batch or arena is larger than the limits of this encoder */
    QWEN3_VL_VISION_ERR_MEMORY = 7,     /* out of memory */
    QWEN3_VL_VISION_ERR_ARENA = 8,      /* the arena is missing, too small or not 64-byte aligned */
    QWEN3_VL_VISION_ERR_OUTPUT = 9,     /* the output buffer is too small */
    QWEN3_VL_VISION_ERR_CANCELLED = 10, /* the progress callback asked to stop */
    QWEN3_VL_VISION_ERR_CHANGED = 11,   /* the GGUF file changed after open */
    QWEN3_VL_VISION_ERR_CPU = 12,       /* this CPU, its floating-point state or the compiler's flags cannot give the bits */
    QWEN3_VL_VISION_ERR_TABLE = 13,     /* a lookup table does not have its known checksum */
    QWEN3_VL_VISION_ERR_THREAD = 14     /* no thread could be started, the handle is busy, or parallel_for misbehaved */
} qwen3_vl_vision_status;

typedef struct qwen3_vl_vision_error {
    int32_t status;
    char message[508]; /* one line, printable ASCII, always terminated */
} qwen3_vl_vision_error;

/* One intermediate result, valid only during the tap callback. The callback may write other elements over it, through shape
 * and stride and nowhere else: the steps that follow then read these, as if the op had computed them. */
typedef struct qwen3_vl_vision_tap {
    const char *name;   /* the name of this value in the reference graph */
    const char *op;     /* the op that wrote it */
    const char *kernel; /* the id of the kernel that ran */
    const char *dtype;  /* f32, f16, bf16, i32, or u8: also bytes of a block format */
    uint32_t index;     /* position among all taps of this encoder */
    uint32_t rank;
    uint64_t shape[4];  /* row-major, first `rank` entries */
    int64_t stride[4];  /* bytes */
    void *data;
} qwen3_vl_vision_tap;

typedef struct qwen3_vl_vision_options {
    uint32_t struct_size; /* sizeof(qwen3_vl_vision_options) */
    uint32_t threads;     /* 1 to 4096, the calling thread included */
    /* The host's own thread pool, or NULL for threads - 1 threads of this library. It must call body(arg, begin, end,
     * worker) for ranges that cover [0, tasks) exactly once, with worker < threads, no worker twice at the same time, and
     * return after the last body did. */
    void (*parallel_for)(void *user, size_t tasks, void (*body)(void *arg, size_t begin, size_t end, unsigned worker),
        void *arg);
    void *parallel_user;
    /* Called in the encoding thread before each step; a value other than 0 cancels. May be NULL. */
    int (*progress)(void *user, uint32_t step, uint32_t steps, const char *name);
    void *progress_user;
    /* Called in the encoding thread after each step that has taps. Must be NULL in a library built without taps. */
    void (*tap)(void *user, const qwen3_vl_vision_tap *tap);
    void *tap_user;
    /* NULL: the best this CPU has. Or one of: avx512, avx2, neon, portable; better ones are then not used. */
    const char *variant;
} qwen3_vl_vision_options;

typedef struct qwen3_vl_vision_plan_info {
    uint32_t source_width, source_height; /* the image given to encode_rgb; 0 in a plan made by plan_pixels */
    uint32_t width, height;               /* the preprocessed image */
    uint32_t grid_rows, grid_cols;
    uint32_t batch, threads;
    uint64_t tokens;        /* per image */
    uint64_t embedding;     /* floats per token */
    uint64_t output_floats; /* whole batch */
    uint64_t arena_bytes;
    uint64_t flops;         /* whole batch */
} qwen3_vl_vision_plan_info;

/* Maps and checks a GGUF file. options may be NULL: one thread, best variant, no callbacks. */
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_open(const char *gguf_path, const qwen3_vl_vision_options *options,
    qwen3_vl_vision **out, qwen3_vl_vision_error *error);

/* The same for a GGUF in memory, which must stay there unchanged until close. */
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_open_memory(const void *data, size_t size, const qwen3_vl_vision_options *options,
    qwen3_vl_vision **out, qwen3_vl_vision_error *error);

/* What encode_rgb needs and gives for `batch` 8-bit RGB images of width x height (1 .. 65535 each). Allocates nothing.
 * Without a file: encoder NULL and info->threads set to the thread count to plan for. */
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_plan(const qwen3_vl_vision *encoder, uint32_t width, uint32_t height, uint32_t batch,
    qwen3_vl_vision_plan_info *info, qwen3_vl_vision_error *error);

/* The same for encode_pixels.
 * width: a multiple of 32 up to 32768; height: a multiple of 32 up to 32768;
 * at most 16384 grid cells of 32 x 32 pixels; batch: at most 64. */
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_plan_pixels(const qwen3_vl_vision *encoder, uint32_t width, uint32_t height, uint32_t batch,
    qwen3_vl_vision_plan_info *info, qwen3_vl_vision_error *error);

/* Allocates the handle's own arena, large enough for this plan of the same handle. A larger one that exists is kept. */
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_reserve(qwen3_vl_vision *encoder, const qwen3_vl_vision_plan_info *info, qwen3_vl_vision_error *error);

/* arena: 64-byte aligned memory of at least plan's arena_bytes, or NULL for the reserved one. Images lie one after another,
 * rows without padding, 3 channels interleaved. Buffers must not overlap. */
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_preprocess_rgb(qwen3_vl_vision *encoder, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch,
    void *arena, uint64_t arena_bytes, float *pixels, uint64_t pixel_floats, qwen3_vl_vision_error *error);
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_encode_rgb(qwen3_vl_vision *encoder, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch,
    void *arena, uint64_t arena_bytes, float *out, uint64_t out_floats, qwen3_vl_vision_error *error);
QWEN3_VL_VISION_API int32_t qwen3_vl_vision_encode_pixels(qwen3_vl_vision *encoder, const float *pixels, uint32_t width, uint32_t height, uint32_t batch,
    void *arena, uint64_t arena_bytes, float *out, uint64_t out_floats, qwen3_vl_vision_error *error);

QWEN3_VL_VISION_API void qwen3_vl_vision_close(qwen3_vl_vision *encoder); /* NULL is allowed */
QWEN3_VL_VISION_API const char *qwen3_vl_vision_strerror(int32_t status);
QWEN3_VL_VISION_API const char *qwen3_vl_vision_variant(const qwen3_vl_vision *encoder); /* the instruction set in use */
QWEN3_VL_VISION_API const char *qwen3_vl_vision_build_info(void); /* one JSON object: what this library was built from */

#ifdef __cplusplus
}
#endif

#endif
