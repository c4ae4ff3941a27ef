/* Prints a 64-bit hash of every tap, of preprocessed pixels and of the embeddings, image by image: through the public header only,
 * so that any build of an emitted encoder, on any machine, must print the same lines.
 *
 * By hand: cc -DENCODER=NAME -I OUT -I tests/runtime -o driver tests/cross_isa/driver.c OUT/NAME.c -lm -lpthread
 *          ./driver model.gguf variant=best threads=1,2 batch=1,4 images=4 instances=1 pixels=32x32,96x64 rgb=41x29
 * Each combination of threads and batch gives one block, and one per instance: instances run at the same time. Exit status 77: this CPU
 * or this build does not have the variant.
 */
#define _GNU_SOURCE
#include "test.h"

enum { MAX_LIST = 16, NO_VARIANT = 77 };

typedef struct {
    uint32_t width, height;
} size;

typedef struct {
    const char *model, *variant;
    uint32_t threads[MAX_LIST], batch[MAX_LIST], images, instances;
    size pixels[MAX_LIST], rgb[MAX_LIST];
    int thread_counts, batch_counts, pixel_sizes, rgb_sizes;
} job;

/* One instance: its own handle, and its own text. */
typedef struct {
    const job *job;
    uint32_t number, threads, batch;
    FILE *text;
    char *written;
    size_t length;
    /* The encode that runs, for the tap callback. */
    char place[40];
    uint32_t first_image, count;
} instance;

static uint64_t fnv1a(uint64_t hash, const void *memory, size_t bytes)
{
    const uint8_t *from = memory;
    for (size_t i = 0; i < bytes; ++i) {
        hash = (hash ^ from[i]) * 0x100000001b3ull;
    }
    return hash;
}

static const uint64_t EMPTY = 0xcbf29ce484222325ull;

static void line(instance *self, uint32_t image, const char *name, uint64_t hash)
{
    fprintf(self->text, "%s image %u %s %016llx\n", self->place, image, name, (unsigned long long)hash);
}

/* The images of a batch lie one after another, in a tap as in the output. */
static void lines(instance *self, const char *name, const uint8_t *data, size_t bytes)
{
    const size_t part = bytes / self->count;
    for (uint32_t i = 0; i < self->count; ++i) {
        line(self, self->first_image + i, name, fnv1a(EMPTY, data + part * i, part));
    }
}

static size_t element_bytes(const char *dtype)
{
    return strcmp(dtype, "u8") == 0 ? 1 : strcmp(dtype, "f16") == 0 || strcmp(dtype, "bf16") == 0 ? 2 : 4;
}

/* Row-major bytes of a view: rows of the last dimension, walked like an odometer. */
static void on_tap(void *user, const tap_t *tap)
{
    instance *self = user;
    const size_t element = element_bytes(tap->dtype);
    uint64_t elements = 1, at[4] = { 0 };
    uint8_t *data;
    for (uint32_t d = 0; d < tap->rank; ++d) {
        elements *= tap->shape[d];
    }
    data = need(malloc(elements * element + 1));
    for (uint64_t i = 0; i < elements; ++i) {
        const uint8_t *from = tap->data;
        for (uint32_t d = 0; d < tap->rank; ++d) {
            from += (int64_t)at[d] * tap->stride[d];
        }
        memcpy(data + i * element, from, element);
        for (uint32_t d = tap->rank; d-- > 0 && ++at[d] == tap->shape[d];) {
            at[d] = 0;
        }
    }
    lines(self, tap->name, data, elements * element);
    free(data);
}

static void check(int32_t status, const error_t *e, const char *what)
{
    stop_if(status, e, what);
}

/* Whatever the library does not write keeps these bytes, which are NaN as floats. */
static void *poisoned(uint64_t bytes)
{
    void *memory = aligned(bytes);
    memset(memory, 0xff, bytes);
    return memory;
}

static void encode(instance *self, encoder_t *encoder, size source, bool rgb, uint32_t first, uint32_t count)
{
    error_t e;
    plan_t plan;
    const size_t values = (size_t)source.width * source.height * 3;
    uint8_t *bytes = need(malloc(values * count));
    void *arena;
    float *out;
    (void)snprintf(self->place, sizeof self->place, "%s %ux%u", rgb ? "rgb" : "pixels", source.width, source.height);
    self->first_image = first;
    self->count = count;
    for (uint32_t i = 0; i < count; ++i) {
        random_bytes(bytes + values * i, values, first + i + 1);
    }
    check(rgb ? API(plan)(encoder, source.width, source.height, count, &plan, &e)
              : API(plan_pixels)(encoder, source.width, source.height, count, &plan, &e), &e, "plan");
    arena = poisoned(plan.arena_bytes);
    out = poisoned(plan.output_floats * sizeof *out);
    if (rgb) {
        const uint64_t floats = (uint64_t)plan.width * plan.height * 3 * count;
        float *pixels = poisoned(floats * sizeof *pixels);
        check(API(preprocess_rgb)(encoder, bytes, source.width, source.height, count, arena, plan.arena_bytes, pixels, floats, &e), &e, "preprocess_rgb");
        lines(self, "preprocessed", (const uint8_t *)pixels, floats * sizeof *pixels);
        free(pixels);
        check(API(encode_rgb)(encoder, bytes, source.width, source.height, count, arena, plan.arena_bytes, out, plan.output_floats, &e), &e, "encode_rgb");
    } else {
        float *pixels = aligned(values * count * sizeof *pixels);
        for (size_t i = 0; i < values * count; ++i) {
            pixels[i] = (float)(bytes[i] - 128) / 128.0f; /* exact: this program's own compiler must not matter */
        }
        check(API(encode_pixels)(encoder, pixels, source.width, source.height, count, arena, plan.arena_bytes, out, plan.output_floats, &e), &e, "encode_pixels");
        free(pixels);
    }
    lines(self, "output", (const uint8_t *)out, plan.output_floats * sizeof *out);
    free(out);
    free(arena);
    free(bytes);
}

static void encode_all(instance *self, encoder_t *encoder, const size *sizes, int count, bool rgb)
{
    for (int s = 0; s < count; ++s) {
        for (uint32_t image = 0; image < self->job->images; image += self->batch) {
            const uint32_t left = self->job->images - image;
            encode(self, encoder, sizes[s], rgb, image, left < self->batch ? left : self->batch);
        }
    }
}

static void *instance_main(void *given)
{
    instance *self = given;
    options_t options = threads(self->threads);
    encoder_t *encoder = NULL;
    error_t e;
    int32_t status;
    options.tap = on_tap;
    options.tap_user = self;
    options.variant = strcmp(self->job->variant, "best") == 0 ? NULL : self->job->variant;
    status = API(open)(self->job->model, &options, &encoder, &e);
    if (options.variant != NULL && (status == ERR_CPU || status == ERR_ARGUMENT)) {
        fprintf(stderr, "%s\n", e.message);
        exit(NO_VARIANT);
    }
    check(status, &e, self->job->model);
    self->text = need(open_memstream(&self->written, &self->length));
    fprintf(self->text, "= threads %u batch %u instance %u of %u variant %s\n", self->threads, self->batch, self->number + 1, self->job->instances, API(variant)(encoder));
    encode_all(self, encoder, self->job->pixels, self->job->pixel_sizes, false);
    encode_all(self, encoder, self->job->rgb, self->job->rgb_sizes, true);
    API(close)(encoder);
    fclose(self->text);
    return NULL;
}

static void run(const job *job, uint32_t thread_count, uint32_t batch)
{
    instance *all = need(calloc(job->instances, sizeof *all));
    pthread_t *running = need(calloc(job->instances, sizeof *running));
    for (uint32_t i = 0; i < job->instances; ++i) {
        all[i].job = job;
        all[i].number = i;
        all[i].threads = thread_count;
        all[i].batch = batch;
        if (pthread_create(&running[i], NULL, instance_main, &all[i]) != 0) {
            fputs("cannot start a thread\n", stderr);
            exit(3);
        }
    }
    for (uint32_t i = 0; i < job->instances; ++i) {
        pthread_join(running[i], NULL);
        fwrite(all[i].written, 1, all[i].length, stdout);
        free(all[i].written);
    }
    free(running);
    free(all);
}

static void usage(const char *what)
{
    fprintf(stderr, "cannot read %s; usage: driver model.gguf [variant=best] [threads=1,2] [batch=1,4] [images=4] [instances=1] [pixels=32x32,...] [rgb=41x29,...]\n", what);
    exit(2);
}

/* Splits `32x32,96x64` or `1,2`; a number alone has height 0. */
static int list(const char *text, size *out)
{
    int n = 0;
    while (*text != '\0') {
        char *end;
        if (n == MAX_LIST) {
            usage(text);
        }
        out[n].width = (uint32_t)strtoul(text, &end, 10);
        out[n].height = 0;
        if (*end == 'x') {
            out[n].height = (uint32_t)strtoul(end + 1, &end, 10);
        }
        if (end == text || (*end != ',' && *end != '\0') || out[n].width == 0) {
            usage(text);
        }
        ++n;
        text = *end == ',' ? end + 1 : end;
    }
    return n;
}

static int numbers(const char *text, uint32_t *out)
{
    size sizes[MAX_LIST];
    const int n = list(text, sizes);
    for (int i = 0; i < n; ++i) {
        out[i] = sizes[i].width;
    }
    return n;
}

int main(int argc, char **argv)
{
    job job = { .variant = "best", .threads = { 1 }, .batch = { 1 }, .images = 1, .instances = 1, .thread_counts = 1, .batch_counts = 1 };
    if (argc < 2) {
        usage("the model's path");
    }
    job.model = argv[1];
    for (int i = 2; i < argc; ++i) {
        const char *value = strchr(argv[i], '=');
        const size_t key = value == NULL ? 0 : (size_t)(value++ - argv[i]);
        uint32_t one[MAX_LIST];
        if (key == 7 && strncmp(argv[i], "variant", key) == 0) {
            job.variant = value;
        } else if (key == 7 && strncmp(argv[i], "threads", key) == 0) {
            job.thread_counts = numbers(value, job.threads);
        } else if (key == 5 && strncmp(argv[i], "batch", key) == 0) {
            job.batch_counts = numbers(value, job.batch);
        } else if (key == 6 && strncmp(argv[i], "images", key) == 0 && numbers(value, one) == 1) {
            job.images = one[0];
        } else if (key == 9 && strncmp(argv[i], "instances", key) == 0 && numbers(value, one) == 1) {
            job.instances = one[0];
        } else if (key == 6 && strncmp(argv[i], "pixels", key) == 0) {
            job.pixel_sizes = list(value, job.pixels);
        } else if (key == 3 && strncmp(argv[i], "rgb", key) == 0) {
            job.rgb_sizes = list(value, job.rgb);
        } else {
            usage(argv[i]);
        }
    }
    for (int t = 0; t < job.thread_counts; ++t) {
        for (int b = 0; b < job.batch_counts; ++b) {
            run(&job, job.threads[t], job.batch[b]);
        }
    }
    return 0;
}
