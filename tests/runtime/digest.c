/* Prints a digest of the output of each variant that this machine has: builds by different compilers must print the same. */
#include "test.h"

static uint64_t digest(const float *values, uint64_t floats)
{
    const uint8_t *bytes = (const uint8_t *)values;
    uint64_t hash = 0xcbf29ce484222325ull;
    for (uint64_t i = 0; i < floats * sizeof *values; ++i) {
        hash = (hash ^ bytes[i]) * 0x100000001b3ull; /* FNV-1a */
    }
    return hash;
}

int main(int argc, char **argv)
{
    static const char *const variants[] = { NULL, "portable", "avx2", "avx512" };
    test_begin(argc, argv);
    for (size_t v = 0; v < sizeof variants / sizeof variants[0]; ++v) {
        options_t options = threads(2);
        encoder_t *encoder = NULL;
        const uint32_t sizes[][3] = { { image_width, image_height, 2 }, { 32, 32, 1 }, { 160, 96, 1 } };
        int32_t status;
        options.variant = variants[v];
        status = API(open)(argv[1], &options, &encoder, &error);
        if (variants[v] != NULL && (status == ERR_CPU || status == ERR_ARGUMENT)) {
            fprintf(stderr, "skipped: %s\n", error.message);
            continue;
        }
        stop_if(status, &error, variants[v] == NULL ? "best" : variants[v]);
        printf("%s", variants[v] == NULL ? "best" : variants[v]);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; ++s) {
            plan_t plan;
            uint8_t *rgb = random_rgb(sizes[s][0], sizes[s][1], sizes[s][2], s + 1);
            float *out = encode_image(encoder, rgb, sizes[s][0], sizes[s][1], sizes[s][2], 0xff, &plan);
            printf(" %016llx", (unsigned long long)digest(out, plan.output_floats));
            free(out);
            free(rgb);
        }
        printf("\n");
        API(close)(encoder);
    }
    return 0;
}
