/* A stand-in for an emitted encoder that tests call through its real header: tiles of 4 x 4 pixels are the tokens. */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake {
    fake_options options;
    uint64_t reserved;
};

static int32_t fail(fake_error *error, int32_t status, const char *message) {
    if (error != NULL) {
        error->status = status;
        snprintf(error->message, sizeof error->message, "%s", message);
    }
    return status;
}

int32_t fake_open(const char *path, const fake_options *options, fake **out, fake_error *error) {
    if (options->struct_size != sizeof *options || options->threads < 1) {
        return fail(error, FAKE_ERR_ARGUMENT, "options");
    }
    if (strcmp(path, "missing.gguf") == 0) {
        return fail(error, FAKE_ERR_IO, "cannot open missing.gguf");
    }
    if (strcmp(path, "tapless.gguf") == 0 && options->tap != NULL) {
        return fail(error, FAKE_ERR_ARGUMENT, "no taps");
    }
    if (options->variant != NULL && strcmp(options->variant, "portable") != 0) {
        return fail(error, FAKE_ERR_CPU, "no such variant");
    }
    *out = calloc(1, sizeof **out);
    (*out)->options = *options;
    return FAKE_OK;
}

int32_t fake_plan_pixels(const fake *f, uint32_t width, uint32_t height, uint32_t batch, fake_plan_info *info, fake_error *error) {
    if (width == 0 || height == 0 || width % 4 != 0 || height % 4 != 0) {
        return fail(error, FAKE_ERR_IMAGE, "");
    }
    memset(info, 0, sizeof *info);
    info->width = width;
    info->height = height;
    info->grid_rows = height / 4;
    info->grid_cols = width / 4;
    info->batch = batch;
    info->threads = f->options.threads;
    info->tokens = (uint64_t)info->grid_rows * info->grid_cols;
    info->embedding = 3;
    info->output_floats = batch * info->tokens * info->embedding;
    info->arena_bytes = info->tokens * batch * 256;
    info->flops = (uint64_t)1 << 40;
    return FAKE_OK;
}

int32_t fake_plan(const fake *f, uint32_t width, uint32_t height, uint32_t batch, fake_plan_info *info, fake_error *error) {
    int32_t status = fake_plan_pixels(f, (width + 3) / 4 * 4, (height + 3) / 4 * 4, batch, info, error);
    info->source_width = width;
    info->source_height = height;
    return status;
}

int32_t fake_reserve(fake *f, const fake_plan_info *info, fake_error *error) {
    (void)error;
    if (info->arena_bytes > f->reserved) {
        f->reserved = info->arena_bytes;
    }
    return FAKE_OK;
}

int32_t fake_preprocess_rgb(fake *f, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch, void *arena,
                            uint64_t arena_bytes, float *pixels, uint64_t pixel_floats, fake_error *error) {
    fake_plan_info info;
    (void)arena, (void)arena_bytes;
    fake_plan(f, width, height, batch, &info, error);
    if (info.arena_bytes > f->reserved || pixel_floats != (uint64_t)info.width * info.height * batch * 3) {
        return fail(error, FAKE_ERR_ARENA, "arena");
    }
    memset(pixels, 0, pixel_floats * sizeof *pixels);
    for (uint32_t b = 0; b < batch; b++) {
        for (uint32_t y = 0; y < height; y++) {
            for (uint32_t x = 0; x < width * 3; x++) {
                pixels[((uint64_t)b * info.height + y) * info.width * 3 + x] = rgb[((uint64_t)b * height + y) * width * 3 + x];
            }
        }
    }
    return FAKE_OK;
}

int32_t fake_encode_pixels(fake *f, const float *pixels, uint32_t width, uint32_t height, uint32_t batch, void *arena,
                           uint64_t arena_bytes, float *out, uint64_t out_floats, fake_error *error) {
    uint8_t codes[4] = {7, 8, 9, 10};
    static const char *const names[2] = {"copy", "sum"};
    uint64_t image = (uint64_t)width * height * 3;
    fake_plan_info info;
    (void)arena, (void)arena_bytes;
    fake_plan_pixels(f, width, height, batch, &info, error);
    if (info.arena_bytes > f->reserved || out_floats < info.output_floats) {
        return fail(error, FAKE_ERR_ARENA, "arena");
    }
    /* a tap may be written to, the caller's pixels may not */
    float *own = malloc(image * batch * sizeof(float));
    if (own == NULL) {
        return fail(error, FAKE_ERR_MEMORY, "memory");
    }
    memcpy(own, pixels, image * batch * sizeof(float));
    fake_tap taps[2] = {
        {"green-0", "copy", "copy.f32.exact", "f32", 0, 2, {image / 3 * batch, 1, 0, 0}, {12, 4, 0, 0}, own + 1},
        {"codes", "sum", "sum.u8.exact", "u8", 1, 1, {4, 0, 0, 0}, {1, 0, 0, 0}, codes},
    };
    for (uint32_t step = 0; step < 2; step++) {
        if (f->options.progress != NULL && f->options.progress(f->options.progress_user, step, 2, names[step]) != 0) {
            free(own);
            return fail(error, FAKE_ERR_CANCELLED, "cancelled");
        }
        if (f->options.tap != NULL) {
            f->options.tap(f->options.tap_user, &taps[step]);
        }
    }
    for (uint64_t t = 0; t < batch * info.tokens; t++) {
        out[t * 3] = (float)t;
        out[t * 3 + 1] = pixels[t / info.tokens * image];
        out[t * 3 + 2] = pixels[(t / info.tokens + 1) * image - 1];
    }
    free(own);
    return FAKE_OK;
}

int32_t fake_encode_rgb(fake *f, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch, void *arena,
                        uint64_t arena_bytes, float *out, uint64_t out_floats, fake_error *error) {
    fake_plan_info info;
    fake_plan(f, width, height, batch, &info, error);
    uint64_t floats = (uint64_t)info.width * info.height * batch * 3;
    float *pixels = malloc(floats * sizeof *pixels);
    int32_t status = fake_preprocess_rgb(f, rgb, width, height, batch, arena, arena_bytes, pixels, floats, error);
    if (status == FAKE_OK) {
        status = fake_encode_pixels(f, pixels, info.width, info.height, batch, arena, arena_bytes, out, out_floats, error);
    }
    free(pixels);
    return status;
}

void fake_close(fake *f) {
    free(f);
}

const char *fake_strerror(int32_t status) {
    static char text[32];
    snprintf(text, sizeof text, "status %d", (int)status);
    return text;
}

const char *fake_variant(const fake *f) {
    (void)f;
    return "portable";
}

const char *fake_build_info(void) {
    return "{\"encoder\": \"fake\"}";
}
