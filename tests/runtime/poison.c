/* The output depends on no byte that the caller left in the arena or the output, and no byte outside them is touched.
 * With the encoder compiled with -DISOBIT_CHECK_ARENA, nor on any byte that an earlier step left where a value begins. */
#include "test.h"

enum { GUARD = 4096 };

/* One encode in the middle of two guarded buffers, all of which start as the pattern `seed`. */
static float *guarded(encoder_t *encoder, bool from_pixels, const void *in, uint32_t width, uint32_t height, uint64_t seed, plan_t *plan)
{
    const size_t arena_at = GUARD, out_at = GUARD;
    size_t arena_size, out_size, out_bytes;
    uint8_t *arena, *arena_copy, *out, *out_copy;
    float *result;
    EXPECT(OK, (from_pixels ? API(plan_pixels) : API(plan))(encoder, width, height, 1, plan, &error));
    out_bytes = plan->output_floats * sizeof(float);
    arena_size = plan->arena_bytes + 2 * GUARD;
    out_size = out_bytes + 2 * GUARD;
    arena = aligned(arena_size);
    arena_copy = aligned(arena_size);
    out = aligned(out_size);
    out_copy = aligned(out_size);
    if (seed < 256) {
        memset(arena, (int)seed, arena_size);
        memset(out, (int)seed, out_size);
    } else {
        random_bytes(arena, arena_size, seed);
        random_bytes(out, out_size, seed + 1);
    }
    memcpy(arena_copy, arena, arena_size);
    memcpy(out_copy, out, out_size);
    if (from_pixels) {
        EXPECT(OK, API(encode_pixels)(encoder, in, width, height, 1, arena + arena_at, plan->arena_bytes, (float *)(void *)(out + out_at), plan->output_floats, &error));
    } else {
        EXPECT(OK, API(encode_rgb)(encoder, in, width, height, 1, arena + arena_at, plan->arena_bytes, (float *)(void *)(out + out_at), plan->output_floats, &error));
    }
    CHECK(memcmp(arena, arena_copy, arena_at) == 0, "bytes before the arena changed");
    CHECK(memcmp(arena + arena_at + plan->arena_bytes, arena_copy + arena_at + plan->arena_bytes, GUARD) == 0, "bytes after the arena changed");
    CHECK(memcmp(out, out_copy, out_at) == 0, "bytes before the output changed");
    CHECK(memcmp(out + out_at + out_bytes, out_copy + out_at + out_bytes, GUARD) == 0, "bytes after the output changed");
    result = need(malloc(out_bytes));
    memcpy(result, out + out_at, out_bytes);
    free(arena);
    free(arena_copy);
    free(out);
    free(out_copy);
    return result;
}

static void same_for_all_patterns(encoder_t *encoder, bool from_pixels, const void *in, uint32_t width, uint32_t height)
{
    static const uint64_t patterns[] = { 0xff, 0xa5, 0x7f, 1000, 2000 };
    plan_t plan;
    float *first = guarded(encoder, from_pixels, in, width, height, 0x00, &plan);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; ++i) {
        float *other = guarded(encoder, from_pixels, in, width, height, patterns[i], &plan);
        CHECK(same_bits(first, other, plan.output_floats), "the output depends on old bytes (pattern %u)", (unsigned)patterns[i]);
        free(other);
    }
    free(first);
}

/* Preprocessing writes every pixel, from any arena bytes. */
static float *preprocessed(encoder_t *encoder, const uint8_t *rgb, const plan_t *plan, int fill)
{
    const uint64_t floats = (uint64_t)plan->width * plan->height * 3;
    float *pixels = need(malloc(floats * sizeof *pixels));
    void *arena = aligned(plan->arena_bytes);
    memset(arena, fill, plan->arena_bytes);
    memset(pixels, fill, floats * sizeof *pixels);
    EXPECT(OK, API(preprocess_rgb)(encoder, rgb, plan->source_width, plan->source_height, 1, arena, plan->arena_bytes, pixels, floats, &error));
    free(arena);
    return pixels;
}

int main(int argc, char **argv)
{
    test_begin(argc, argv);
    for (uint32_t way = 0; way < 4; ++way) { /* one and three threads, the best kernels and the portable ones */
        options_t options = threads(way % 2 == 0 ? 1 : 3);
        options.variant = way < 2 ? NULL : "portable";
        encoder_t *encoder = open_model(argv[1], options);
        uint8_t *rgb = random_rgb(image_width, image_height, 1, 1);
        uint8_t *other = random_rgb(image_height, image_width, 1, 2);
        plan_t plan = plan_image(encoder, image_width, image_height, 1), other_plan;
        const uint64_t pixel_bytes = (uint64_t)plan.width * plan.height * 3 * sizeof(float);
        float *pixels = preprocessed(encoder, rgb, &plan, 0x00);
        float *again = preprocessed(encoder, rgb, &plan, 0xff);
        float *before, *after, *between;
        CHECK(memcmp(pixels, again, pixel_bytes) == 0, "the pixels depend on old bytes");
        same_for_all_patterns(encoder, false, rgb, image_width, image_height);
        same_for_all_patterns(encoder, true, pixels, plan.width, plan.height);

        /* The reserved arena still holds another image's values. */
        before = encode_image(encoder, rgb, image_width, image_height, 1, 0, &plan);
        other_plan = plan_image(encoder, image_height, image_width, 1);
        after = need(malloc(plan.output_floats * sizeof *after));
        between = need(malloc(other_plan.output_floats * sizeof *between));
        EXPECT(OK, API(reserve)(encoder, &other_plan, &error));
        EXPECT(OK, API(encode_rgb)(encoder, other, image_height, image_width, 1, NULL, 0, between, other_plan.output_floats, &error));
        EXPECT(OK, API(reserve)(encoder, &plan, &error));
        EXPECT(OK, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, NULL, 0, after, plan.output_floats, &error));
        CHECK(same_bits(before, after, plan.output_floats), "the output depends on the image before");

        free(between);
        free(after);
        free(before);
        free(again);
        free(pixels);
        free(other);
        free(rgb);
        API(close)(encoder);
    }
    return test_end();
}
