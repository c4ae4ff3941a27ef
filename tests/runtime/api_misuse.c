/* Every wrong argument, buffer, host callback and floating-point state is an error code with a message, and harms nothing. */
#include "test.h"

#include <fenv.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const char *model;
static uint8_t *rgb;
static float *wanted; /* the bits of rgb alone */
static plan_t plan;

static void check_open(void)
{
    encoder_t *encoder = (encoder_t *)&plan;
    options_t options = threads(1);
    EXPECT(ERR_ARGUMENT, API(open)(NULL, &options, &encoder, &error));
    CHECK(encoder == NULL, "a failed open left *out set");
    EXPECT(ERR_ARGUMENT, API(open)(model, &options, NULL, &error));
    EXPECT(ERR_IO, API(open)("no such directory/no such file.gguf", &options, &encoder, &error));
    EXPECT(ERR_IO, API(open)("\001\377", &options, &encoder, &error));
    EXPECT(ERR_IO, API(open)("", &options, &encoder, &error));
    EXPECT(ERR_IO, API(open)(".", &options, &encoder, &error));
    EXPECT(ERR_IO, API(open)("/dev/null", &options, &encoder, &error));
    CHECK(API(open)(NULL, NULL, NULL, NULL) == ERR_ARGUMENT, "open without anything");
    CHECK(API(open)("no such file", NULL, &encoder, NULL) == ERR_IO, "open without error");

    EXPECT(OK, API(open)(model, NULL, &encoder, &error));
    API(close)(encoder);
    API(close)(NULL);
    options.struct_size = 0;
    EXPECT(ERR_ARGUMENT, API(open)(model, &options, &encoder, &error));
    options.struct_size = sizeof options + 8;
    EXPECT(ERR_ARGUMENT, API(open)(model, &options, &encoder, &error));
    options = threads(0);
    EXPECT(ERR_ARGUMENT, API(open)(model, &options, &encoder, &error));
    options = threads(UINT32_MAX);
    EXPECT(ERR_ARGUMENT, API(open)(model, &options, &encoder, &error));
    options = threads(1);
    options.variant = "sse9";
    EXPECT(ERR_ARGUMENT, API(open)(model, &options, &encoder, &error));
    options.variant = "";
    EXPECT(ERR_ARGUMENT, API(open)(model, &options, &encoder, &error));
    options.variant = "portable";
    EXPECT(OK, API(open)(model, &options, &encoder, &error));
    CHECK(strcmp(API(variant)(encoder), "portable") == 0, "variant is %s", API(variant)(encoder));
    API(close)(encoder);
    CHECK(strcmp(API(variant)(NULL), "") == 0, "variant of no handle");
}

static void check_open_memory(void)
{
    encoder_t *encoder = NULL;
    size_t size;
    uint8_t *data = read_whole(model, &size);
    uint8_t *shifted = aligned(size + 1);
    memcpy(shifted + 1, data, size);
    EXPECT(ERR_ARGUMENT, API(open_memory)(NULL, size, NULL, &encoder, &error));
    EXPECT(ERR_ARGUMENT, API(open_memory)(data, size, NULL, NULL, &error));
    EXPECT(ERR_FORMAT, API(open_memory)(data, 0, NULL, &encoder, &error));
    EXPECT(ERR_FORMAT, API(open_memory)(data, 3, NULL, &encoder, &error));
    EXPECT(ERR_ARGUMENT, API(open_memory)(shifted + 1, size, NULL, &encoder, &error));
    EXPECT(OK, API(open_memory)(data, size, NULL, &encoder, &error));
    if (encoder != NULL) {
        plan_t again;
        float *out = encode_image(encoder, rgb, image_width, image_height, 1, 0xff, &again);
        CHECK(same_bits(out, wanted, plan.output_floats), "a model in memory gives other bits");
        free(out);
    }
    API(close)(encoder);
    free(shifted);
    free(data);
}

static void check_information(void)
{
    for (int32_t status = -1; status <= STATUS_COUNT; ++status) {
        const char *text = API(strerror)(status);
        CHECK(text != NULL && text[0] != '\0', "no text for status %d", (int)status);
        CHECK((strcmp(text, API(strerror)(12345)) == 0) == (status < 0 || status >= STATUS_COUNT), "status %d is called %s", (int)status, text);
    }
    CHECK(API(build_info)()[0] == '{' && API(build_info)()[strlen(API(build_info)()) - 1] == '}', "build_info is %s", API(build_info)());
}

static void check_plan(const encoder_t *encoder)
{
    static const uint32_t odd[][2] = { { 1, 1 }, { 1, 65535 }, { 65535, 1 }, { 65535, 65535 }, { 2, 3 }, { 7, 5000 }, { 1u << 31, 1u << 31 }, { 1u << 16, 1u << 16 } };
    plan_t p, q;
    EXPECT(ERR_ARGUMENT, API(plan)(encoder, 64, 64, 1, NULL, &error));
    EXPECT(ERR_ARGUMENT, API(plan_pixels)(encoder, 64, 64, 1, NULL, &error));
    EXPECT(ERR_ARGUMENT, API(plan)(NULL, 64, 64, 1, NULL, &error));
    /* Without a handle, info->threads is the thread count. */
    memset(&p, 0, sizeof p);
    EXPECT(ERR_ARGUMENT, API(plan)(NULL, image_width, image_height, 1, &p, &error));
    EXPECT(ERR_ARGUMENT, API(plan_pixels)(NULL, plan.width, plan.height, 1, &p, &error));
    p.threads = UINT32_MAX;
    EXPECT(ERR_ARGUMENT, API(plan)(NULL, image_width, image_height, 1, &p, &error));
    memset(&p, 0, sizeof p);
    p.threads = plan.threads;
    EXPECT(OK, API(plan)(NULL, image_width, image_height, 1, &p, &error));
    CHECK(memcmp(&p, &plan, sizeof p) == 0, "the plan without a handle differs");
    EXPECT(OK, API(plan_pixels)(NULL, plan.width, plan.height, 1, &p, &error));
    EXPECT(OK, API(plan_pixels)(encoder, plan.width, plan.height, 1, &q, &error));
    CHECK(memcmp(&p, &q, sizeof p) == 0, "the pixel plan without a handle differs");
    p = plan;
    EXPECT(ERR_IMAGE, API(plan)(encoder, 0, image_height, 1, &p, &error));
    EXPECT(ERR_IMAGE, API(plan)(encoder, image_width, 0, 1, &p, &error));
    EXPECT(ERR_ARGUMENT, API(plan)(encoder, image_width, image_height, 0, &p, &error));
    EXPECT(ERR_LIMIT, API(plan)(encoder, image_width, image_height, UINT32_MAX, &p, &error));
    EXPECT(ERR_LIMIT, API(plan)(encoder, UINT32_MAX, UINT32_MAX, 1, &p, &error));
    EXPECT(ERR_IMAGE, API(plan_pixels)(encoder, plan.width + 1, plan.height, 1, &p, &error));
    EXPECT(ERR_IMAGE, API(plan_pixels)(encoder, plan.width, plan.height - 1, 1, &p, &error));
    EXPECT(ERR_IMAGE, API(plan_pixels)(encoder, 0, plan.height, 1, &p, &error));
    EXPECT(ERR_IMAGE, API(plan_pixels)(encoder, plan.width, 0, 1, &p, &error));
    EXPECT(ERR_ARGUMENT, API(plan_pixels)(encoder, plan.width, plan.height, 0, &p, &error));
    EXPECT(ERR_LIMIT, API(plan_pixels)(encoder, plan.width, plan.height, UINT32_MAX, &p, &error));
    EXPECT(ERR_LIMIT, API(plan_pixels)(encoder, UINT32_MAX / plan.width * plan.width, plan.height, 1, &p, &error));
    EXPECT(ERR_LIMIT, API(plan_pixels)(encoder, plan.width, UINT32_MAX / plan.height * plan.height, 1, &p, &error));
    CHECK(memcmp(&p, &plan, sizeof p) == 0, "a failed plan changed *info");
    CHECK(API(plan)(encoder, 0, 0, 0, &p, NULL) != OK, "plan without error");
    /* Any size is a plan or an error, and a plan is the plan of its preprocessed size too. */
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; ++i) {
        const int32_t status = API(plan)(encoder, odd[i][0], odd[i][1], 1, &p, &error);
        CHECK(status == OK || status == ERR_IMAGE || status == ERR_LIMIT, "%u x %u: status %d", odd[i][0], odd[i][1], (int)status);
        if (status == OK) {
            EXPECT(OK, API(plan_pixels)(encoder, p.width, p.height, 1, &q, &error));
            CHECK(q.tokens == p.tokens && q.flops == p.flops && q.arena_bytes <= p.arena_bytes && p.arena_bytes % 64 == 0 && p.tokens > 0 && p.flops > 0
                && p.output_floats == p.tokens * p.embedding && p.source_width == odd[i][0], "%u x %u: odd plan", odd[i][0], odd[i][1]);
        }
    }
}

static void check_reserve(encoder_t *encoder)
{
    float *out = need(malloc(plan.output_floats * sizeof *out));
    plan_t wrong = plan, large = plan_image(encoder, image_width * 2, image_height * 2, 2);
    uint8_t *large_rgb = random_rgb(image_width * 2, image_height * 2, 2, 5);
    float *large_out = need(malloc(large.output_floats * sizeof *large_out));
    EXPECT(ERR_ARENA, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, NULL, 0, out, plan.output_floats, &error));
    EXPECT(ERR_ARENA, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, NULL, plan.arena_bytes, out, plan.output_floats, &error));
    EXPECT(ERR_ARGUMENT, API(reserve)(NULL, &plan, &error));
    EXPECT(ERR_ARGUMENT, API(reserve)(encoder, NULL, &error));
    wrong.arena_bytes -= 64;
    EXPECT(ERR_ARGUMENT, API(reserve)(encoder, &wrong, &error));
    wrong.arena_bytes = UINT64_MAX;
    EXPECT(ERR_ARGUMENT, API(reserve)(encoder, &wrong, &error));
    wrong = plan;
    wrong.threads += 1;
    EXPECT(ERR_ARGUMENT, API(reserve)(encoder, &wrong, &error));
    wrong = plan;
    wrong.batch = 0;
    EXPECT(ERR_ARGUMENT, API(reserve)(encoder, &wrong, &error));
    memset(&wrong, 0, sizeof wrong);
    EXPECT(ERR_ARGUMENT, API(reserve)(encoder, &wrong, &error));
    memset(&wrong, 0xff, sizeof wrong);
    EXPECT(ERR_LIMIT, API(reserve)(encoder, &wrong, &error));
    EXPECT(OK, API(reserve)(encoder, &plan, &error));
    EXPECT(OK, API(reserve)(encoder, &plan, &error));
    EXPECT(ERR_ARENA, API(encode_rgb)(encoder, large_rgb, image_width * 2, image_height * 2, 2, NULL, 0, large_out, large.output_floats, &error));
    EXPECT(OK, API(reserve)(encoder, &large, &error));
    EXPECT(OK, API(encode_rgb)(encoder, large_rgb, image_width * 2, image_height * 2, 2, NULL, 0, large_out, large.output_floats, &error));
    EXPECT(OK, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, NULL, 0, out, plan.output_floats, &error));
    CHECK(same_bits(out, wanted, plan.output_floats), "other bits in a larger arena");
    free(large_out);
    free(large_rgb);
    free(out);
}

static void check_encode(encoder_t *encoder)
{
    const uint32_t w = image_width, h = image_height;
    const uint64_t floats = plan.output_floats, bytes = plan.arena_bytes, pixel_floats = (uint64_t)plan.width * plan.height * 3;
    uint8_t *arena = aligned(bytes + 64);
    float *out = need(malloc((floats + 1) * sizeof *out));
    float *pixels = need(malloc((pixel_floats + 1) * sizeof *pixels));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(NULL, rgb, w, h, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(encoder, NULL, w, h, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(encoder, rgb, w, h, 1, arena, bytes, NULL, floats, &error));
    EXPECT(ERR_IMAGE, API(encode_rgb)(encoder, rgb, 0, h, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_IMAGE, API(encode_rgb)(encoder, rgb, w, 0, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(encoder, rgb, w, h, 0, arena, bytes, out, floats, &error));
    EXPECT(ERR_LIMIT, API(encode_rgb)(encoder, rgb, w, h, UINT32_MAX, arena, bytes, out, floats, &error));
    EXPECT(ERR_LIMIT, API(encode_rgb)(encoder, rgb, UINT32_MAX, UINT32_MAX, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARENA, API(encode_rgb)(encoder, rgb, w, h, 1, arena, bytes - 1, out, floats, &error));
    EXPECT(ERR_ARENA, API(encode_rgb)(encoder, rgb, w, h, 1, arena, 0, out, floats, &error));
    EXPECT(ERR_ARENA, API(encode_rgb)(encoder, rgb, w, h, 1, arena + 4, bytes, out, floats, &error));
    EXPECT(ERR_ARENA, API(encode_rgb)(encoder, rgb, w, h, 1, arena + 32, bytes, out, floats, &error));
    EXPECT(ERR_OUTPUT, API(encode_rgb)(encoder, rgb, w, h, 1, arena, bytes, out, floats - 1, &error));
    EXPECT(ERR_OUTPUT, API(encode_rgb)(encoder, rgb, w, h, 1, arena, bytes, out, 0, &error));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(encoder, rgb, w, h, 1, arena, bytes, (float *)(void *)arena, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(encoder, arena, w, h, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(encoder, (const uint8_t *)out, w, h, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_rgb)(encoder, rgb, w, h, 1, arena, bytes, (float *)((uintptr_t)out + 1), floats, &error));
    EXPECT(ERR_ARGUMENT, API(preprocess_rgb)(NULL, rgb, w, h, 1, arena, bytes, pixels, pixel_floats, &error));
    EXPECT(ERR_ARGUMENT, API(preprocess_rgb)(encoder, NULL, w, h, 1, arena, bytes, pixels, pixel_floats, &error));
    EXPECT(ERR_ARGUMENT, API(preprocess_rgb)(encoder, rgb, w, h, 1, arena, bytes, NULL, pixel_floats, &error));
    EXPECT(ERR_IMAGE, API(preprocess_rgb)(encoder, rgb, 0, 0, 1, arena, bytes, pixels, pixel_floats, &error));
    EXPECT(ERR_ARGUMENT, API(preprocess_rgb)(encoder, rgb, w, h, 0, arena, bytes, pixels, pixel_floats, &error));
    EXPECT(ERR_ARENA, API(preprocess_rgb)(encoder, rgb, w, h, 1, arena, 0, pixels, pixel_floats, &error));
    EXPECT(ERR_OUTPUT, API(preprocess_rgb)(encoder, rgb, w, h, 1, arena, bytes, pixels, pixel_floats - 1, &error));
    EXPECT(OK, API(preprocess_rgb)(encoder, rgb, w, h, 1, arena, bytes, pixels, pixel_floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_pixels)(NULL, pixels, plan.width, plan.height, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_pixels)(encoder, NULL, plan.width, plan.height, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARGUMENT, API(encode_pixels)(encoder, pixels, plan.width, plan.height, 1, arena, bytes, NULL, floats, &error));
    EXPECT(ERR_IMAGE, API(encode_pixels)(encoder, pixels, plan.width + 1, plan.height, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_IMAGE, API(encode_pixels)(encoder, pixels, 0, 0, 1, arena, bytes, out, floats, &error));
    EXPECT(ERR_ARENA, API(encode_pixels)(encoder, pixels, plan.width, plan.height, 1, arena, 63, out, floats, &error));
    EXPECT(ERR_OUTPUT, API(encode_pixels)(encoder, pixels, plan.width, plan.height, 1, arena, bytes, out, floats - 1, &error));
    EXPECT(OK, API(encode_pixels)(encoder, pixels, plan.width, plan.height, 1, arena, bytes, out, floats, &error));
    CHECK(same_bits(out, wanted, floats), "other bits after errors (pixels)");
    memset(out, 0, floats * sizeof *out);
    EXPECT(OK, API(encode_rgb)(encoder, rgb, w, h, 1, arena, bytes, out, floats, &error));
    CHECK(same_bits(out, wanted, floats), "other bits after errors (image)");
    free(pixels);
    free(out);
    free(arena);
}

/* -- a handle that is in use -- */

typedef struct {
    encoder_t *encoder;
    float *out;
    int32_t encode, reserve, preprocess, plan;
    bool done;
} nested;

static void *use_busy_handle(void *given)
{
    nested *n = given;
    plan_t p;
    n->encode = API(encode_rgb)(n->encoder, rgb, image_width, image_height, 1, NULL, 0, n->out, plan.output_floats, NULL);
    n->preprocess = API(preprocess_rgb)(n->encoder, rgb, image_width, image_height, 1, NULL, 0, n->out, UINT64_MAX, NULL);
    n->reserve = API(reserve)(n->encoder, &plan, NULL);
    n->plan = API(plan)(n->encoder, image_width, image_height, 1, &p, NULL);
    n->done = true;
    return NULL;
}

static int call_from_progress(void *user, uint32_t step, uint32_t steps, const char *name)
{
    nested *n = user;
    (void)steps;
    (void)name;
    if (step == 0) {
        (void)use_busy_handle(n); /* in the same thread */
        CHECK(n->encode == ERR_THREAD && n->preprocess == ERR_THREAD && n->reserve == ERR_THREAD && n->plan == OK,
            "calls from a callback returned %d %d %d %d", (int)n->encode, (int)n->preprocess, (int)n->reserve, (int)n->plan);
    } else if (step == 1) {
        pthread_t other;
        n->done = false;
        if (pthread_create(&other, NULL, use_busy_handle, n) == 0) {
            pthread_join(other, NULL);
            CHECK(n->done && n->encode == ERR_THREAD && n->preprocess == ERR_THREAD && n->reserve == ERR_THREAD && n->plan == OK,
                "calls from another thread returned %d %d %d %d", (int)n->encode, (int)n->preprocess, (int)n->reserve, (int)n->plan);
        }
    }
    return 0;
}

static void check_busy(void)
{
    nested n = { NULL, need(malloc(plan.output_floats * sizeof(float))), 0, 0, 0, 0, false };
    options_t options = threads(2);
    float *out;
    plan_t p;
    options.progress = call_from_progress;
    options.progress_user = &n;
    n.encoder = open_model(model, options);
    out = encode_image(n.encoder, rgb, image_width, image_height, 1, 0xff, &p);
    CHECK(n.done && same_bits(out, wanted, plan.output_floats), "calls on a busy handle changed its result");
    free(out);
    free(n.out);
    API(close)(n.encoder);
}

/* -- taps -- */

typedef struct {
    uint32_t count;
    uint64_t hash;
    bool sound;
} tap_log;

static void see_tap(void *user, const tap_t *tap)
{
    tap_log *log = user;
    const uint64_t width = strcmp(tap->dtype, "u8") == 0 ? 1 : strcmp(tap->dtype, "f16") == 0 || strcmp(tap->dtype, "bf16") == 0 ? 2 : 4;
    uint64_t last = 0;
    log->sound = log->sound && tap->index == log->count && tap->rank >= 1 && tap->rank <= 4 && tap->data != NULL && tap->name[0] != '\0' && tap->op[0] != '\0'
        && tap->kernel[0] != '\0' && (width != 4 || strcmp(tap->dtype, "f32") == 0 || strcmp(tap->dtype, "i32") == 0);
    for (uint32_t i = 0; i < tap->rank && i < 4; ++i) {
        log->sound = log->sound && tap->shape[i] > 0 && tap->stride[i] >= (int64_t)width;
        last += (tap->shape[i] - 1) * (uint64_t)tap->stride[i];
    }
    if (log->sound) { /* the first and the last element are readable */
        uint32_t element = 0;
        memcpy(&element, tap->data, width);
        log->hash = (log->hash ^ element) * 0x100000001b3ull;
        memcpy(&element, (const uint8_t *)tap->data + last, width);
        log->hash = (log->hash ^ element) * 0x100000001b3ull;
    }
    ++log->count;
}

/* Writes over the first element of the first value: what was there, or zero. */
static void write_tap(void *user, const tap_t *tap)
{
    const bool *zero = user;
    if (tap->index == 0) {
        uint8_t element[4] = { 0, 0, 0, 0 };
        const uint64_t width = strcmp(tap->dtype, "u8") == 0 ? 1 : strcmp(tap->dtype, "f16") == 0 || strcmp(tap->dtype, "bf16") == 0 ? 2 : 4;
        if (!*zero) {
            memcpy(element, tap->data, width);
        }
        memcpy(tap->data, element, width);
    }
}

static void check_taps(void)
{
    tap_log logs[2] = { { 0, 0, true }, { 0, 0, true } };
    options_t options = threads(1);
    encoder_t *encoder = NULL;
    options.tap = see_tap;
    if (API(open)(model, &options, &encoder, &error) != OK) {
        EXPECT(ERR_ARGUMENT, API(open)(model, &options, &encoder, &error)); /* built without taps */
        return;
    }
    API(close)(encoder);
    for (uint32_t i = 0; i < 2; ++i) {
        plan_t p;
        float *out;
        options = threads(i * 2 + 1);
        options.tap = see_tap;
        options.tap_user = &logs[i];
        encoder = open_model(model, options);
        out = encode_image(encoder, rgb, image_width, image_height, 1, (int)i * 0xff, &p);
        CHECK(logs[i].sound && logs[i].count > 0, "tap %u is not sound", logs[i].count);
        CHECK(same_bits(out, wanted, plan.output_floats), "taps change the result");
        free(out);
        API(close)(encoder);
    }
    CHECK(logs[0].count == logs[1].count && logs[0].hash == logs[1].hash, "taps differ between runs");
    for (uint32_t i = 0; i < 2; ++i) {
        plan_t p;
        float *out;
        bool zero = i == 1;
        options = threads(1);
        options.tap = write_tap;
        options.tap_user = &zero;
        encoder = open_model(model, options);
        out = encode_image(encoder, rgb, image_width, image_height, 1, 0, &p);
        CHECK(same_bits(out, wanted, plan.output_floats) != zero, "what a tap callback writes is not what later steps read");
        free(out);
        API(close)(encoder);
    }
}

/* -- a host that breaks the rules of parallel_for -- */

typedef void (*body_t)(void *arg, size_t begin, size_t end, unsigned worker);

static void host_none(void *user, size_t tasks, body_t body, void *arg) { (void)user, (void)tasks, (void)body, (void)arg; }
static void host_most(void *user, size_t tasks, body_t body, void *arg) { (void)user, body(arg, 0, tasks - 1, 0); }
static void host_twice(void *user, size_t tasks, body_t body, void *arg) { (void)user, body(arg, 0, tasks, 0), body(arg, 0, tasks, 0); }
static void host_beyond(void *user, size_t tasks, body_t body, void *arg) { (void)user, body(arg, 0, tasks + (1 << 20), 0); }
static void host_reverse(void *user, size_t tasks, body_t body, void *arg) { (void)user, body(arg, tasks, 0, 0); }
static void host_worker(void *user, size_t tasks, body_t body, void *arg) { (void)user, body(arg, 0, tasks, 2); }
static void host_worker_huge(void *user, size_t tasks, body_t body, void *arg) { (void)user, body(arg, 0, tasks, UINT32_MAX); }

static void check_hosts(void)
{
    static void (*const hosts[])(void *, size_t, body_t, void *) = { host_none, host_most, host_twice, host_beyond, host_reverse, host_worker, host_worker_huge };
    float *out = need(malloc(plan.output_floats * sizeof *out));
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; ++i) {
        options_t options = threads(2);
        encoder_t *encoder;
        plan_t p;
        void *arena;
        options.parallel_for = hosts[i];
        encoder = open_model(model, options);
        p = plan_image(encoder, image_width, image_height, 1);
        arena = aligned(p.arena_bytes);
        EXPECT(ERR_THREAD, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, p.arena_bytes, out, p.output_floats, &error));
        EXPECT(ERR_THREAD, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, p.arena_bytes, out, p.output_floats, &error));
        free(arena);
        API(close)(encoder);
    }
    free(out);
}

/* -- the floating-point state -- */

static void check_float_state(encoder_t *encoder)
{
    void *arena = aligned(plan.arena_bytes);
    float *out = need(malloc(plan.output_floats * sizeof *out));
    encoder_t *second = NULL;
#if defined(__x86_64__)
    static const unsigned bits[] = { 0x8000, 0x0040, 0x2000, 0x4000, 0x6000, 0x0400 }; /* FTZ, DAZ, three rounding modes, a trap */
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; ++i) {
        const unsigned before = _mm_getcsr();
        int32_t encoded, opened;
        _mm_setcsr(before ^ bits[i]);
        encoded = API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, plan.arena_bytes, out, plan.output_floats, &error);
        opened = API(open)(model, NULL, &second, NULL);
        CHECK((_mm_getcsr() & 0xffc0u) == ((before ^ bits[i]) & 0xffc0u), "the floating-point state was changed");
        _mm_setcsr(before);
        CHECK(encoded == ERR_CPU && opened == ERR_CPU, "MXCSR bit 0x%x: encode %d, open %d", bits[i], (int)encoded, (int)opened);
        check_error(encoded, "encode_rgb");
    }
#endif
    (void)fesetround(FE_UPWARD);
    EXPECT(ERR_CPU, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, plan.arena_bytes, out, plan.output_floats, &error));
    EXPECT(ERR_CPU, API(open)(model, NULL, &second, &error));
    (void)fesetround(FE_TONEAREST);
    EXPECT(OK, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, plan.arena_bytes, out, plan.output_floats, &error));
    CHECK(same_bits(out, wanted, plan.output_floats), "other bits after a refused floating-point state");
    free(out);
    free(arena);
}

/* -- a file that changes after open -- */

static void check_changed_file(void)
{
    size_t size;
    uint8_t *data = read_whole(model, &size);
    FILE *file = tmpfile();
    char path[40];
    void *arena = aligned(plan.arena_bytes);
    float *out = need(malloc(plan.output_floats * sizeof *out));
    encoder_t *encoder = NULL;
    if (file == NULL || fwrite(data, 1, size, file) != size || fflush(file) != 0) {
        fputs("cannot write a temporary file\n", stderr);
        exit(3);
    }
    (void)snprintf(path, sizeof path, "/dev/fd/%d", fileno(file));
    EXPECT(OK, API(open)(path, NULL, &encoder, &error));
    EXPECT(OK, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, plan.arena_bytes, out, plan.output_floats, &error));
    CHECK(fputc(0, file) != EOF && fflush(file) == 0, "cannot write a temporary file");
    EXPECT(ERR_CHANGED, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, plan.arena_bytes, out, plan.output_floats, &error));
    CHECK(ftruncate(fileno(file), (off_t)size / 2) == 0, "cannot truncate a temporary file");
    EXPECT(ERR_CHANGED, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, arena, plan.arena_bytes, out, plan.output_floats, &error));
    API(close)(encoder);
    EXPECT(ERR_FORMAT, API(open)(path, NULL, &encoder, &error));
    rewind(file);
    CHECK(fputs("this is no model", file) >= 0 && fflush(file) == 0, "cannot write a temporary file");
    EXPECT(ERR_FORMAT, API(open)(path, NULL, &encoder, &error));
    CHECK(ftruncate(fileno(file), 0) == 0, "cannot truncate a temporary file");
    EXPECT(ERR_FORMAT, API(open)(path, NULL, &encoder, &error));
    fclose(file);
    free(out);
    free(arena);
    free(data);
}

int main(int argc, char **argv)
{
    encoder_t *encoder;
    test_begin(argc, argv);
    model = argv[1];
    rgb = random_rgb(image_width, image_height, 1, 4);
    encoder = open_model(model, threads(2));
    wanted = encode_image(encoder, rgb, image_width, image_height, 1, 0, &plan);
    API(close)(encoder);
    encoder = open_model(model, threads(1));
    plan = plan_image(encoder, image_width, image_height, 1);
    check_open();
    check_open_memory();
    check_information();
    check_plan(encoder);
    check_reserve(encoder);
    check_encode(encoder);
    check_busy();
    check_taps();
    check_hosts();
    check_float_state(encoder);
    check_changed_file();
    API(close)(encoder);
    free(wanted);
    free(rgb);
    return test_end();
}
