/* Any encoder, of images or (-DAUDIO) of sound, in C and in C++: encodes what it is made for with one thread and with three, and prints a
 * digest of the output. Usage: every model.gguf */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

static API(error) error;

static void need(int32_t status, const char *what)
{
    if (status != 0) {
        fprintf(stderr, "%s: %s: %s\n", what, API(strerror)(status), error.message);
        exit(1);
    }
}

static void *memory(uint64_t bytes)
{
    void *p = malloc((size_t)bytes + 1);
    if (p == NULL) {
        exit(3);
    }
    memset(p, 0xff, (size_t)bytes + 1);
    return p;
}

static float *floats(uint64_t count) { return (float *)memory(count * sizeof(float)); }

static uint32_t noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 24;
}

/* The whole way from what a user has; the caller frees the output. */
static float *encode(ENCODER *encoder, API(plan_info) *plan)
{
    uint32_t state = 1;
    float *out;
#ifdef AUDIO
    static const uint32_t lengths[] = { 64, 100, 128, 200, 400, 3000 };
    const uint64_t samples = 12000;
    size_t i = 0;
    while (i < 6 && API(plan_mel)(encoder, lengths[i], 2, plan, &error) != 0) {
        ++i;
    }
    need(i == 6, "no length of a spectrogram is taken");
    need(API(reserve)(encoder, plan, &error), "reserve");
    {
        const uint64_t count = (uint64_t)plan->batch * plan->mel_bins * plan->frames;
        float *mel = floats(count);
        for (uint64_t n = 0; n < count; ++n) {
            mel[n] = (float)noise(&state) / 128.0f - 1.0f;
        }
        out = floats(plan->output_floats);
        need(API(encode_mel)(encoder, mel, plan->frames, plan->batch, NULL, 0, out, plan->output_floats, &error), "encode_mel");
        free(mel);
    }
    /* A small encoder may know fewer positions than the front end makes frames. */
    API(plan_info) whole;
    if (API(plan)(encoder, samples, &whole, &error) == 0) {
        float *pcm = floats(samples), *embedding = floats(whole.output_floats);
        for (uint64_t n = 0; n < samples; ++n) {
            pcm[n] = (float)noise(&state) / 256.0f - 0.5f;
        }
        need(API(reserve)(encoder, &whole, &error), "reserve");
        need(API(encode_pcm)(encoder, pcm, samples, NULL, 0, embedding, whole.output_floats, &error), "encode_pcm");
        free(pcm);
        free(embedding);
    }
#else
    const uint32_t width = 41, height = 29;
    uint8_t *rgb = (uint8_t *)memory(width * height * 3);
    for (uint32_t n = 0; n < width * height * 3; ++n) {
        rgb[n] = (uint8_t)noise(&state);
    }
    need(API(plan)(encoder, width, height, 1, plan, &error), "plan");
    need(API(reserve)(encoder, plan, &error), "reserve");
    out = floats(plan->output_floats);
    need(API(encode_rgb)(encoder, rgb, width, height, 1, NULL, 0, out, plan->output_floats, &error), "encode_rgb");
    free(rgb);
#endif
    return out;
}

int main(int argc, char **argv)
{
    uint64_t hash = 0xcbf29ce484222325u, first = 0;
    if (argc != 2) {
        return 2;
    }
    for (uint32_t threads = 1; threads <= 3; threads += 2) {
        API(options) options;
        API(plan_info) plan;
        ENCODER *encoder = NULL;
        float *out;
        memset(&options, 0, sizeof options);
        options.struct_size = sizeof options;
        options.threads = threads;
        need(API(open)(argv[1], &options, &encoder, &error), "open");
        out = encode(encoder, &plan);
        hash = 0xcbf29ce484222325u;
        for (uint64_t n = 0; n < plan.output_floats * sizeof *out; ++n) {
            hash = (hash ^ ((const uint8_t *)out)[n]) * 0x100000001b3u; /* FNV-1a */
        }
        free(out);
        API(close)(encoder);
        if (threads == 1) {
            first = hash;
        }
    }
    printf("%016llx\n", (unsigned long long)hash);
    return hash == first ? 0 : 1;
}
