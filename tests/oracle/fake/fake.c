/* A library with the interface of an emitted encoder that computes nothing: it replays a recorded tap set, with the faults
 * that the environment asks for, so that tests can show that the comparison notices each of them.
 * FAKE_INDEX: text file, one tap per line: name op kernel dtype rank shape0..shape3 file. The last tap is the output. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int32_t status; char message[508]; } fake_error;
typedef struct {
    const char *name, *op, *kernel, *dtype;
    uint32_t index, rank;
    uint64_t shape[4];
    int64_t stride[4];
    const void *data;
} fake_tap;
typedef struct {
    uint32_t struct_size, threads;
    void (*parallel_for)(void *, size_t, void (*)(void *, size_t, size_t, unsigned), void *);
    void *parallel_user;
    int (*progress)(void *, uint32_t, uint32_t, const char *);
    void *progress_user;
    void (*tap)(void *, const fake_tap *);
    void *tap_user;
    const char *variant;
} fake_options;
typedef struct {
    uint32_t source_width, source_height, width, height, grid_rows, grid_cols, batch, threads;
    uint64_t tokens, embedding, output_floats, arena_bytes, flops;
} fake_plan_info;
typedef struct {
    char name[64], op[32], kernel[64], dtype[8], file[512];
    uint32_t rank;
    uint64_t shape[4], bytes;
    unsigned char *data;
} record;
typedef struct fake {
    fake_options options;
    record *records;
    int count;
} fake;

enum { ARENA = 1000 };

static int is(const char *variable, const char *value) {
    const char *set = getenv(variable);
    return set && strcmp(set, value) == 0;
}

static int32_t failed(fake_error *error, int32_t status, const char *message) {
    if (error) {
        error->status = status;
        snprintf(error->message, sizeof error->message, "%s", message);
    }
    return status;
}

static int load(record *r) {
    unsigned char head[10];
    uint64_t n = strcmp(r->dtype, "f16") == 0 ? 2 : 4;
    FILE *file = fopen(r->file, "rb");
    if (!file) return 0;
    for (uint32_t i = 0; i < r->rank; i++) n *= r->shape[i];
    r->bytes = n;
    r->data = malloc(n);
    int ok = r->data && fread(head, 1, sizeof head, file) == sizeof head && fseek(file, 10 + head[8] + 256 * head[9], SEEK_SET) == 0 &&
             fread(r->data, 1, n, file) == n;
    fclose(file);
    return ok;
}

int32_t fake_open(const char *path, const fake_options *options, fake **out, fake_error *error) {
    const char *index = getenv("FAKE_INDEX");
    (void)path;
    if (!index || options->struct_size != sizeof *options) return failed(error, 1, "no FAKE_INDEX, or another interface");
    FILE *file = fopen(index, "r");
    fake *self = calloc(1, sizeof *self);
    if (!file || !self) return failed(error, 2, "cannot read FAKE_INDEX");
    self->options = *options;
    self->records = calloc(1000, sizeof *self->records);
    for (record *r = self->records; self->count < 1000; r++, self->count++) {
        unsigned long long s[4];
        if (fscanf(file, "%63s %31s %63s %7s %u %llu %llu %llu %llu %511s", r->name, r->op, r->kernel, r->dtype, &r->rank, &s[0], &s[1], &s[2],
                   &s[3], r->file) != 10) break;
        for (int i = 0; i < 4; i++) r->shape[i] = s[i];
        if (!load(r)) return failed(error, 2, r->file);
    }
    fclose(file);
    *out = self;
    return 0;
}

static int32_t plan(const fake *self, uint32_t width, uint32_t height, uint32_t batch, fake_plan_info *info) {
    const record *output = &self->records[self->count - 1];
    memset(info, 0, sizeof *info);
    info->source_width = info->width = width;
    info->source_height = info->height = height;
    info->batch = batch;
    info->threads = self->options.threads;
    info->tokens = output->shape[0] + (getenv("FAKE_TOKENS") ? 1 : 0);
    info->embedding = output->shape[1];
    info->output_floats = info->tokens * info->embedding * batch;
    info->arena_bytes = ARENA;
    info->flops = 1000000;
    return 0;
}

int32_t fake_plan(const fake *self, uint32_t width, uint32_t height, uint32_t batch, fake_plan_info *info, fake_error *error) {
    (void)error;
    return plan(self, width, height, batch, info);
}

int32_t fake_plan_pixels(const fake *self, uint32_t width, uint32_t height, uint32_t batch, fake_plan_info *info, fake_error *error) {
    (void)error;
    return plan(self, width, height, batch, info);
}

int32_t fake_reserve(fake *self, const fake_plan_info *info, fake_error *error) {
    (void)self, (void)info, (void)error;
    return 0;
}

int32_t fake_preprocess_rgb(fake *self, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch, void *arena, uint64_t arena_bytes,
                            float *pixels, uint64_t floats, fake_error *error) {
    (void)self, (void)width, (void)height, (void)batch, (void)arena, (void)arena_bytes, (void)error;
    for (uint64_t i = 0; i < floats; i++) pixels[i] = ((float)rgb[i] / 255.0f - 0.5f) / 0.5f;
    if (getenv("FAKE_PIXEL")) pixels[floats / 2] += 1.0f / 1024;
    return 0;
}

/* Shows a tap; FAKE_PAD hands out rows with a gap behind each. */
static void show(fake *self, const record *r, const char *name, const unsigned char *data) {
    fake_tap tap = {name, r->op, r->kernel, r->dtype, 0, r->rank, {0}, {0}, data};
    int64_t step = strcmp(r->dtype, "f16") == 0 ? 2 : 4;
    unsigned char *padded = NULL;
    for (uint32_t i = r->rank; i-- > 0;) {
        tap.shape[i] = r->shape[i];
        tap.stride[i] = step;
        step *= (int64_t)r->shape[i];
    }
    if (getenv("FAKE_PAD") && r->rank == 2) {
        uint64_t row = r->bytes / r->shape[0];
        padded = calloc(r->shape[0], row + 12);
        for (uint64_t i = 0; i < r->shape[0]; i++) memcpy(padded + i * (row + 12), data + i * row, row);
        tap.data = padded;
        tap.stride[0] = (int64_t)row + 12;
    }
    self->options.tap(self->options.tap_user, &tap);
    free(padded);
}

int32_t fake_encode_pixels(fake *self, const float *pixels, uint32_t width, uint32_t height, uint32_t batch, void *arena, uint64_t arena_bytes,
                           float *out, uint64_t floats, fake_error *error) {
    (void)pixels, (void)width, (void)height;
    if (batch != 1) return failed(error, 6, "one image at a time");
    if (arena && ((uintptr_t)arena % 64 || arena_bytes != ARENA)) return failed(error, 8, "arena");
    if (arena) memset(arena, 0, ARENA);
    if (arena && getenv("FAKE_OVERRUN")) ((char *)arena)[ARENA] = 0;
    for (int i = 0; i < self->count; i++) {
        const record *r = &self->records[i];
        unsigned char *data = malloc(r->bytes);
        memcpy(data, r->data, r->bytes);
        if (is("FAKE_FLIP", r->name)) data[37 * 4] ^= 1;
        if (is("FAKE_NAN", r->name)) memset(data + 37 * 4, 0xff, 4);
        if (i == self->count - 1) memcpy(out, data, floats * sizeof *out);
        else if (self->options.tap && !is("FAKE_SKIP", r->name)) show(self, r, r->name, data);
        if (self->options.tap && is("FAKE_TWICE", r->name)) show(self, r, r->name, data);
        if (self->options.tap && i == 0 && getenv("FAKE_EXTRA")) show(self, r, "invented-0", data);
        free(data);
    }
    return 0;
}

int32_t fake_encode_rgb(fake *self, const uint8_t *rgb, uint32_t width, uint32_t height, uint32_t batch, void *arena, uint64_t arena_bytes,
                        float *out, uint64_t floats, fake_error *error) {
    (void)rgb;
    return fake_encode_pixels(self, NULL, width, height, batch, arena, arena_bytes, out, floats, error);
}

void fake_close(fake *self) {
    for (int i = 0; i < self->count; i++) free(self->records[i].data);
    free(self->records);
    free(self);
}

const char *fake_strerror(int32_t status) { return status == 0 ? "ok" : "fake failure"; }

const char *fake_variant(const fake *self) { return self->options.variant ? self->options.variant : "portable"; }

const char *fake_build_info(void) {
    static char text[160];
    const char *profile = getenv("FAKE_PROFILE"), *attention = getenv("FAKE_ATTENTION");
    snprintf(text, sizeof text, "{\"encoder\": \"fake\", \"taps\": \"%s\"%s%s%s, \"options\": {%s%s%s}}", getenv("FAKE_KEPT") ? "kept" : "all",
             profile ? ", \"profile\": \"" : "", profile ? profile : "", profile ? "\"" : "",
             attention ? "\"attention\": \"" : "", attention ? attention : "", attention ? "\"" : "");
    return text;
}
