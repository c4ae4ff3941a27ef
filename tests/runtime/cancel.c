/* A progress callback sees every step once, may stop before any of them, and the handle works on afterwards. */
#include "test.h"

typedef struct {
    uint32_t stop_at, seen, steps;
    bool in_order;
} watch;

static int progress(void *user, uint32_t step, uint32_t steps, const char *name)
{
    watch *w = user;
    w->in_order = w->in_order && step == w->seen && step < steps && (w->seen == 0 || steps == w->steps) && name != NULL && name[0] != '\0';
    w->steps = steps;
    ++w->seen;
    return step == w->stop_at;
}

int main(int argc, char **argv)
{
    test_begin(argc, argv);
    for (int way = 0; way < 3; ++way) { /* one thread, three threads, the host's threads */
        watch w = { UINT32_MAX, 0, 0, true };
        options_t options = threads(way == 0 ? 1 : HOST_WORKERS);
        encoder_t *encoder;
        uint8_t *rgb = random_rgb(image_width, image_height, 1, 3);
        plan_t plan;
        float *whole, *out;
        uint32_t steps, stride;
        options.progress = progress;
        options.progress_user = &w;
        options.parallel_for = way == 2 ? host_parallel_for : NULL;
        encoder = open_model(argv[1], options);
        whole = encode_image(encoder, rgb, image_width, image_height, 1, 0, &plan);
        out = need(malloc(plan.output_floats * sizeof *out));
        EXPECT(OK, API(reserve)(encoder, &plan, &error));
        CHECK(w.in_order && w.seen == w.steps && w.steps > 0, "progress saw %u of %u steps", w.seen, w.steps);
        steps = w.steps;
        stride = steps / 12 + 1;
        for (uint32_t stop = 0; stop < steps; stop += stop + stride >= steps && stop + 1 < steps ? steps - 1 - stop : stride) {
            w = (watch){ stop, 0, 0, true };
            EXPECT(ERR_CANCELLED, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, NULL, 0, out, plan.output_floats, &error));
            CHECK(w.in_order && w.seen == stop + 1, "cancelled at step %u, saw %u", stop, w.seen);
            w = (watch){ UINT32_MAX, 0, 0, true };
            memset(out, 0xff, plan.output_floats * sizeof *out);
            if (stop % (4 * stride) == 0 || stop + 1 == steps) {
                EXPECT(OK, API(encode_rgb)(encoder, rgb, image_width, image_height, 1, NULL, 0, out, plan.output_floats, &error));
                CHECK(w.seen == steps && same_bits(out, whole, plan.output_floats), "other bits after a cancelled encode (step %u)", stop);
            }
        }
        free(out);
        free(whole);
        free(rgb);
        API(close)(encoder);
    }
    return test_end();
}
