/* Encodes one image with one thread: the run whose instructions are counted, from API(encode_rgb) on.
 *
 * By hand: cc -DENCODER=NAME -I OUT -I tests/runtime -o driver tests/instructions/driver.c OUT/NAME.c -lm -lpthread
 *          ./driver model.gguf variant width height
 * Exit status 77: this CPU or this build does not have the variant.
 */
#include "test.h"

enum { NO_VARIANT = 77 };

int main(int argc, char **argv)
{
    options_t options = threads(1);
    encoder_t *encoder = NULL;
    error_t e;
    uint32_t width, height;
    plan_t plan;
    uint8_t *rgb;
    float *out;
    int32_t status;
    if (argc != 5) {
        fprintf(stderr, "usage: %s model.gguf variant width height\n", argv[0]);
        return 2;
    }
    width = (uint32_t)strtoul(argv[3], NULL, 10);
    height = (uint32_t)strtoul(argv[4], NULL, 10);
    options.variant = argv[2];
    status = API(open)(argv[1], &options, &encoder, &e);
    if (status == ERR_CPU || status == ERR_ARGUMENT) {
        fprintf(stderr, "%s\n", e.message);
        return NO_VARIANT;
    }
    stop_if(status, &e, argv[1]);
    plan = plan_image(encoder, width, height, 1);
    stop_if(API(reserve)(encoder, &plan, &e), &e, "reserve");
    rgb = random_rgb(width, height, 1, 1);
    out = aligned(plan.output_floats * sizeof *out);
    stop_if(API(encode_rgb)(encoder, rgb, width, height, 1, NULL, 0, out, plan.output_floats, &e), &e, "encode_rgb");
    printf("%s, %ux%u: %a\n", API(variant)(encoder), plan.width, plan.height, (double)out[0]);
    free(out);
    free(rgb);
    API(close)(encoder);
    return 0;
}
