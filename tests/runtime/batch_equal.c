/* A batch gives each image the bits that it gets alone, and the three ways to encode give the same bits. */
#include "test.h"

enum { BATCH = 3 };

/* The smallest image of all: laws that depend on the number of rows must count those of one image, not of the batch. */
static void smallest(encoder_t *encoder)
{
    uint32_t width = 1, height = 1;
    plan_t plan, one;
    uint64_t floats;
    float *pixels, *together, *alone;
    void *arena;
    while (width < 4096 && API(plan_pixels)(encoder, width, plan_image(encoder, image_width, image_height, 1).height, 1, &plan, NULL) != OK) {
        ++width;
    }
    while (height < 4096 && API(plan_pixels)(encoder, width, height, 1, &one, NULL) != OK) {
        ++height;
    }
    EXPECT(OK, API(plan_pixels)(encoder, width, height, BATCH, &plan, &error));
    floats = (uint64_t)width * height * 3;
    pixels = need(malloc(floats * BATCH * sizeof *pixels));
    together = need(malloc(plan.output_floats * sizeof *together));
    alone = need(malloc(one.output_floats * sizeof *alone));
    arena = aligned(plan.arena_bytes);
    for (uint64_t i = 0; i < floats * BATCH; ++i) {
        pixels[i] = (float)(i * 2654435761u >> 8 & 255) / 127.5f - 1.0f;
    }
    EXPECT(OK, API(encode_pixels)(encoder, pixels, width, height, BATCH, arena, plan.arena_bytes, together, plan.output_floats, &error));
    for (uint32_t i = 0; i < BATCH; ++i) {
        EXPECT(OK, API(encode_pixels)(encoder, pixels + i * floats, width, height, 1, arena, plan.arena_bytes, alone, one.output_floats, &error));
        CHECK(same_bits(alone, together + i * one.output_floats, one.output_floats), "%u x %u pixels: image %u of the batch differs", width, height, i);
    }
    free(arena);
    free(alone);
    free(together);
    free(pixels);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv);
    const uint32_t sizes[][2] = { { image_width, image_height }, { image_height, image_width }, { image_width * 2, image_height } };
    for (uint32_t count = 1; count <= 2; ++count) {
        encoder_t *encoder = open_model(argv[1], threads(count));
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; ++s) {
            const uint32_t width = sizes[s][0], height = sizes[s][1];
            const size_t image_bytes = (size_t)width * height * 3;
            uint8_t *rgb = random_rgb(width, height, BATCH, s + 10);
            plan_t plan, one, pixel_plan;
            uint64_t image_floats;
            void *arena;
            float *pixels, *out;
            float *together = encode_image(encoder, rgb, width, height, BATCH, 0xff, &plan);
            CHECK(plan.batch == BATCH && plan.output_floats == plan.tokens * plan.embedding * BATCH, "the plan's output size is wrong");
            for (uint32_t i = 0; i < BATCH; ++i) {
                float *alone = encode_image(encoder, rgb + i * image_bytes, width, height, 1, 0x00, &one);
                CHECK(one.tokens == plan.tokens && one.output_floats * BATCH == plan.output_floats, "the plans of batch and image differ");
                CHECK(same_bits(alone, together + i * one.output_floats, one.output_floats), "%u x %u: image %u of the batch differs", width, height, i);
                free(alone);
            }

            /* preprocess_rgb, then encode_pixels */
            image_floats = (uint64_t)plan.width * plan.height * 3;
            pixels = need(malloc(image_floats * BATCH * sizeof *pixels));
            out = need(malloc(plan.output_floats * sizeof *out));
            arena = aligned(plan.arena_bytes);
            EXPECT(OK, API(preprocess_rgb)(encoder, rgb, width, height, BATCH, arena, plan.arena_bytes, pixels, image_floats * BATCH, &error));
            EXPECT(OK, API(plan_pixels)(encoder, plan.width, plan.height, BATCH, &pixel_plan, &error));
            CHECK(pixel_plan.arena_bytes <= plan.arena_bytes && pixel_plan.tokens == plan.tokens && pixel_plan.output_floats == plan.output_floats
                && pixel_plan.grid_rows == plan.grid_rows && pixel_plan.grid_cols == plan.grid_cols && pixel_plan.source_width == 0, "the plans of image and pixels differ");
            EXPECT(OK, API(encode_pixels)(encoder, pixels, plan.width, plan.height, BATCH, arena, pixel_plan.arena_bytes, out, plan.output_floats, &error));
            CHECK(same_bits(out, together, plan.output_floats), "%u x %u: encode_pixels and encode_rgb differ", width, height);

            /* the reserved arena */
            memset(out, 0, plan.output_floats * sizeof *out);
            EXPECT(OK, API(reserve)(encoder, &plan, &error));
            EXPECT(OK, API(encode_rgb)(encoder, rgb, width, height, BATCH, NULL, 0, out, plan.output_floats, &error));
            CHECK(same_bits(out, together, plan.output_floats), "%u x %u: the reserved arena gives other bits", width, height);
            free(arena);
            free(out);
            free(pixels);
            free(together);
            free(rgb);
        }
        smallest(encoder);
        API(close)(encoder);
    }
    return test_end();
}
