/* Encodes a binary PPM image (8-bit P6) and prints the first floats. Usage: example model.gguf image.ppm [threads] */
#include <stdio.h>
#include <stdlib.h>

#include "qwen3_vl_vision.h"

int main(int argc, char **argv)
{
    qwen3_vl_vision_options options = { .struct_size = sizeof options, .threads = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1 };
    qwen3_vl_vision_error error = { 0, "the image cannot be read, or memory is short" };
    qwen3_vl_vision_plan_info plan;
    qwen3_vl_vision *encoder = NULL;
    unsigned width, height;
    uint8_t *rgb = NULL;
    float *out = NULL;
    FILE *image = argc > 2 ? fopen(argv[2], "rb") : NULL;
    int failed = image == NULL || fscanf(image, "P6 %5u %5u 255", &width, &height) != 2 || fgetc(image) == EOF
        || qwen3_vl_vision_open(argv[1], &options, &encoder, &error) || qwen3_vl_vision_plan(encoder, width, height, 1, &plan, &error)
        || qwen3_vl_vision_reserve(encoder, &plan, &error) || (rgb = malloc((size_t)width * height * 3)) == NULL
        || fread(rgb, 3, (size_t)width * height, image) != (size_t)width * height
        || (out = malloc(plan.output_floats * sizeof *out)) == NULL
        || qwen3_vl_vision_encode_rgb(encoder, rgb, width, height, 1, NULL, 0, out, plan.output_floats, &error);
    if (failed) {
        fprintf(stderr, "%s\n", error.message);
    } else {
        printf("%u x %u -> %u x %u: %llu tokens of %llu floats\n", width, height, plan.width, plan.height,
            (unsigned long long)plan.tokens, (unsigned long long)plan.embedding);
        printf("%a %a %a %a\n", (double)out[0], (double)out[1], (double)out[2], (double)out[3]);
    }
    qwen3_vl_vision_close(encoder);
    free(out);
    free(rgb);
    return failed;
}
