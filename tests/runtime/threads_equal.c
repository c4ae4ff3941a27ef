/* The bits do not depend on threads, on who provides them, on the instruction set, or on other instances at work. */
#include "test.h"

static void compare(const char *model, options_t options, const char *what, uint32_t width, uint32_t height, const uint8_t *rgb, const float *wanted)
{
    encoder_t *encoder = NULL;
    plan_t plan;
    float *out;
    const int32_t status = API(open)(model, &options, &encoder, &error);
    if (options.variant != NULL && strcmp(options.variant, "portable") != 0 && (status == ERR_CPU || status == ERR_ARGUMENT)) {
        printf("skipped: %s\n", error.message);
        return;
    }
    stop_if(status, &error, what);
    CHECK(options.variant == NULL || strcmp(API(variant)(encoder), options.variant) == 0, "variant %s asked, %s in use", options.variant, API(variant)(encoder));
    for (int repeat = 0; repeat < 2; ++repeat) {
        out = encode_image(encoder, rgb, width, height, 1, 0xff * repeat, &plan);
        CHECK(same_bits(out, wanted, plan.output_floats), "%s: other bits for %u x %u", what, width, height);
        free(out);
    }
    API(close)(encoder);
}

/* Hosts that follow the rules in unusual ways. */
static void host_backwards(void *user, size_t tasks, void (*body)(void *arg, size_t begin, size_t end, unsigned worker), void *arg)
{
    for (size_t t = tasks; t-- > 0;) {
        body(arg, t, t + 1, (unsigned)(t % HOST_WORKERS));
    }
    body(arg, 0, 0, 0); /* an empty range is no task */
    (void)user;
}

static void host_last_worker(void *user, size_t tasks, void (*body)(void *arg, size_t begin, size_t end, unsigned worker), void *arg)
{
    (void)user;
    body(arg, 0, tasks, HOST_WORKERS - 1);
}

typedef struct {
    const char *model;
    uint32_t thread_count, width, height;
    const uint8_t *rgb;
    const float *wanted;
    int different;
} instance;

static void *instance_main(void *given)
{
    instance *self = given;
    encoder_t *encoder = open_model(self->model, threads(self->thread_count));
    for (int repeat = 0; repeat < 3; ++repeat) {
        plan_t plan;
        float *out = encode_image(encoder, self->rgb, self->width, self->height, 1, 0xff, &plan);
        self->different += !same_bits(out, self->wanted, plan.output_floats);
        free(out);
    }
    API(close)(encoder);
    return NULL;
}

int main(int argc, char **argv)
{
    static const uint32_t counts[] = { 2, 3, 7, 16 };
    static const char *const variants[] = { "portable", "avx2", "avx512" };
    float *wanted[2];
    uint8_t *rgb[2];
    uint32_t sizes[2][2];
    instance instances[2];
    pthread_t running[2];
    encoder_t *encoder;
    test_begin(argc, argv);
    encoder = open_model(argv[1], threads(1));
    for (int s = 0; s < 2; ++s) {
        plan_t plan;
        char what[40];
        options_t options = threads(HOST_WORKERS);
        int calls = 0;
        const uint32_t width = sizes[s][0] = s == 0 ? image_width : image_height * 2, height = sizes[s][1] = s == 0 ? image_height : image_width;
        rgb[s] = random_rgb(width, height, 1, 20 + (uint64_t)s);
        wanted[s] = encode_image(encoder, rgb[s], width, height, 1, 0, &plan);
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; ++i) {
            (void)snprintf(what, sizeof what, "%u threads", counts[i]);
            compare(argv[1], threads(counts[i]), what, width, height, rgb[s], wanted[s]);
        }
        options.parallel_for = host_parallel_for;
        options.parallel_user = &calls;
        compare(argv[1], options, "the host's threads", width, height, rgb[s], wanted[s]);
        CHECK(calls > 0, "parallel_for was never called");
        options.parallel_user = NULL;
        options.parallel_for = host_backwards;
        compare(argv[1], options, "the host's threads, backwards", width, height, rgb[s], wanted[s]);
        options.parallel_for = host_last_worker;
        compare(argv[1], options, "the host's threads, one worker", width, height, rgb[s], wanted[s]);
        for (size_t i = 0; i < sizeof variants / sizeof variants[0]; ++i) {
            options = threads(2);
            options.variant = variants[i];
            compare(argv[1], options, variants[i], width, height, rgb[s], wanted[s]);
        }
    }
    for (int i = 0; i < 2; ++i) {
        instances[i] = (instance){ argv[1], (uint32_t)i * 2 + 1, sizes[i][0], sizes[i][1], rgb[i], wanted[i], 0 };
        if (pthread_create(&running[i], NULL, instance_main, &instances[i]) != 0) {
            fputs("cannot start a thread\n", stderr);
            return 3;
        }
    }
    for (int i = 0; i < 2; ++i) {
        pthread_join(running[i], NULL);
        CHECK(instances[i].different == 0, "instance %d of two: %d of 3 encodes differ", i, instances[i].different);
        free(wanted[i]);
        free(rgb[i]);
    }
    API(close)(encoder);
    return test_end();
}
