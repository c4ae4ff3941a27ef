// Drives llama.cpp's real image encoder and preprocessing through a C interface; no error leaves it as an exception or an abort.
#include "oracle.h"

#include "clip-impl.h"
#include "clip.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "mtmd-image.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

struct oracle {
    clip_ctx *vision = nullptr;
    bool broken = false; // an abort left the context half-way through something
    oracle_announce_fn announce = nullptr;
    oracle_visit_fn visit = nullptr;
    void *user = nullptr;
    bool stopped = false;
};

namespace {

// Errors that the library only logs are kept here, so that a failed call can say why.
thread_local std::string last_log;
// The thread that entered the shim may unwind out of an abort; a worker thread of ggml may not.
thread_local bool inside_shim = false;

void keep_errors(ggml_log_level level, const char *text, void *) {
    if (level == GGML_LOG_LEVEL_ERROR && text) {
        last_log = text;
        while (!last_log.empty() && last_log.back() == '\n') last_log.pop_back();
    }
}

void on_abort(const char *message) {
    if (inside_shim) throw std::runtime_error(message);
    std::fprintf(stderr, "error: llama.cpp aborted on a worker thread: %s\n", message);
    std::fflush(nullptr);
    std::_Exit(3);
}

void mute() {
    static const bool once = [] {
        g_logger_state.log_callback = keep_errors;
        ggml_log_set(keep_errors, nullptr);
        ggml_set_abort_callback(on_abort);
        return true;
    }();
    (void)once;
}

void report(char *error, size_t size, const std::string &text) {
    if (error && size) std::snprintf(error, size, "%s", text.c_str());
}

template <typename F>
int32_t guarded(char *error, size_t size, oracle *self, F body) {
    struct scope {
        scope() { inside_shim = true; }
        ~scope() { inside_shim = false; }
    } here;
    mute();
    last_log.clear();
    try {
        body();
        return 0;
    } catch (const std::exception &e) {
        report(error, size, e.what());
    } catch (...) {
        report(error, size, "unknown C++ exception");
    }
    if (self) self->broken = true;
    return 1;
}

[[noreturn]] void fail(const std::string &what) {
    throw std::runtime_error(last_log.empty() ? what : what + ": " + last_log);
}

bool is_view(const ggml_tensor *t) {
    return t->op == GGML_OP_VIEW || t->op == GGML_OP_RESHAPE || t->op == GGML_OP_PERMUTE || t->op == GGML_OP_TRANSPOSE;
}

oracle_node describe(const ggml_tensor *t, bool computed) {
    oracle_node n = {};
    n.name = t->name;
    n.op = ggml_op_desc(t);
    n.type = ggml_type_name(t->type);
    for (int i = 0; i < 4; i++) {
        n.ne[i] = t->ne[i];
        n.nb[i] = t->nb[i];
    }
    n.data = computed ? t->data : nullptr;
    n.bytes = ggml_nbytes(t);
    n.element = ggml_blck_size(t->type) == 1 ? ggml_type_size(t->type) : 0;
    n.is_view = is_view(t);
    return n;
}

bool on_node(ggml_tensor *t, bool ask, void *user) {
    auto *self = static_cast<oracle *>(user);
    if (ask) {
        if (!self->announce) return false; // nothing is wanted: the whole graph runs as one piece
        const oracle_node n = describe(t, false);
        return self->announce(self->user, &n) != 0;
    }
    const oracle_node n = describe(t, true);
    if (self->visit && !self->visit(self->user, &n)) self->stopped = true;
    return !self->stopped;
}

clip_image_f32 make_image(uint32_t width, uint32_t height, const float *pixels) {
    clip_image_f32 image;
    image.set_size({int(width), int(height)}, false, false);
    if (pixels) image.cpy_buf(std::vector<float>(pixels, pixels + size_t(width) * height * 3));
    return image;
}

clip_image_u8 make_image(uint32_t width, uint32_t height, const uint8_t *rgb) {
    clip_image_u8 image;
    image.set_size({int(width), int(height)}, false);
    image.cpy_buf(std::vector<uint8_t>(rgb, rgb + size_t(width) * height * 3));
    return image;
}

void check_size(const oracle *self, uint32_t width, uint32_t height) {
    if (self->broken) throw std::runtime_error("an earlier call on this encoder failed");
    const clip_hparams *h = clip_get_hparams(self->vision);
    const uint32_t unit = uint32_t(h->patch_size) * uint32_t(h->n_merge);
    if (width == 0 || height == 0 || width % unit || height % unit || width > 46000 || height > 46000)
        throw std::runtime_error("pixel size " + std::to_string(width) + "x" + std::to_string(height) +
                                 " is not a positive multiple of " + std::to_string(unit) + " on both sides");
}

} // namespace

extern "C" int32_t oracle_open(const char *gguf, int32_t flash, oracle **out, char *error, size_t error_size) {
    *out = nullptr;
    auto *self = new (std::nothrow) oracle;
    if (!self) {
        report(error, error_size, "out of memory");
        return 1;
    }
    const int32_t failed = guarded(error, error_size, nullptr, [&] {
        clip_context_params p = {};
        p.use_gpu = false;
        p.flash_attn_type = flash ? CLIP_FLASH_ATTN_TYPE_ENABLED : CLIP_FLASH_ATTN_TYPE_DISABLED;
        p.image_min_tokens = -1;
        p.image_max_tokens = -1;
        p.warmup = false; // buffers are reserved for the real image size by the first encode
        p.cb_eval = on_node;
        p.cb_eval_user_data = self;
        const clip_init_result r = clip_init(gguf, p);
        if (r.ctx_a) clip_free(r.ctx_a);
        if (r.ctx_gen_a) clip_free(r.ctx_gen_a);
        self->vision = r.ctx_v;
        if (!self->vision) fail(std::string("llama.cpp cannot open ") + gguf + " as a vision encoder");
    });
    if (failed) {
        delete self;
        return failed;
    }
    *out = self;
    return 0;
}

extern "C" void oracle_close(oracle *self) {
    if (!self) return;
    if (!self->broken) clip_free(self->vision); // a broken context is leaked: its state is unknown
    delete self;
}

extern "C" int32_t oracle_output_size(const oracle *self, uint32_t width, uint32_t height, uint64_t *tokens, uint64_t *floats,
                                      char *error, size_t error_size) {
    return guarded(error, error_size, nullptr, [&] {
        check_size(self, width, height);
        const clip_image_f32 image = make_image(width, height, static_cast<const float *>(nullptr));
        *tokens = uint64_t(clip_n_output_tokens(self->vision, &image));
        *floats = *tokens * uint64_t(clip_n_mmproj_embd(self->vision));
    });
}

extern "C" int32_t oracle_encode(oracle *self, uint32_t threads, uint32_t width, uint32_t height, const float *pixels,
                                 oracle_announce_fn announce, oracle_visit_fn visit, void *user,
                                 float *out, uint64_t out_floats, char *error, size_t error_size) {
    uint64_t tokens = 0, floats = 0;
    if (oracle_output_size(self, width, height, &tokens, &floats, error, error_size)) return 1;
    if (floats != out_floats || threads == 0 || threads > 512) {
        report(error, error_size, "output buffer has " + std::to_string(out_floats) + " floats, the encoder writes " +
                                      std::to_string(floats) + "; threads = " + std::to_string(threads));
        return 1;
    }
    return guarded(error, error_size, self, [&] {
        clip_image_f32_batch batch;
        batch.entries.push_back(make_image(width, height, pixels));
        std::vector<float> result(floats); // sized beforehand: an empty vector means that no result is wanted
        self->announce = announce;
        self->visit = visit;
        self->user = user;
        self->stopped = false;
        const bool ok = clip_image_batch_encode(self->vision, int(threads), &batch, result);
        self->announce = nullptr;
        self->visit = nullptr;
        if (!ok) fail("llama.cpp failed to encode");
        if (self->stopped) throw std::runtime_error("stopped by the caller");
        std::memcpy(out, result.data(), floats * sizeof(float));
    });
}

extern "C" int32_t oracle_preprocess(const oracle *self, const uint8_t *rgb, uint32_t width, uint32_t height,
                                     oracle_pixels_fn sink, void *user, char *error, size_t error_size) {
    return guarded(error, error_size, nullptr, [&] {
        if (width == 0 || height == 0 || width > 46000 || height > 46000) throw std::runtime_error("image size out of range");
        const mtmd_image_preprocessor_dyn_size front_end(self->vision);
        const mtmd_image_preproc_out done = front_end.preprocess(make_image(width, height, rgb));
        if (done.entries.size() != 1) throw std::runtime_error("preprocessing gave " + std::to_string(done.entries.size()) + " images");
        const clip_image_f32 &image = done.entries[0];
        const std::vector<float> &pixels = image.get_ro_buf();
        sink(user, uint32_t(image.nx()), uint32_t(image.ny()), pixels.data(), pixels.size());
    });
}

extern "C" int32_t oracle_normalize(const oracle *self, const uint8_t *rgb, uint32_t width, uint32_t height,
                                    float *pixels, uint64_t floats, char *error, size_t error_size) {
    return guarded(error, error_size, nullptr, [&] {
        check_size(self, width, height);
        const clip_hparams *h = clip_get_hparams(self->vision);
        clip_image_f32 image;
        image.from_u8(make_image(width, height, rgb));
        image.normalize(h->image_mean, h->image_std);
        const std::vector<float> &done = image.get_ro_buf();
        if (done.size() != floats) throw std::runtime_error("pixel buffer has the wrong size");
        std::memcpy(pixels, done.data(), floats * sizeof(float));
    });
}

extern "C" const char *oracle_ggml_version(void) { return ggml_version(); }

extern "C" const char *oracle_cpu_features(void) {
    static const std::string features = [] {
        std::string s;
        const auto add = [&](int has, const char *name) {
            if (has) s += (s.empty() ? "" : " ") + std::string(name);
        };
        add(ggml_cpu_has_sse3(), "sse3");
        add(ggml_cpu_has_ssse3(), "ssse3");
        add(ggml_cpu_has_avx(), "avx");
        add(ggml_cpu_has_avx2(), "avx2");
        add(ggml_cpu_has_bmi2(), "bmi2");
        add(ggml_cpu_has_f16c(), "f16c");
        add(ggml_cpu_has_fma(), "fma");
        add(ggml_cpu_has_avx_vnni(), "avx_vnni");
        add(ggml_cpu_has_avx512(), "avx512");
        add(ggml_cpu_has_avx512_vbmi(), "avx512_vbmi");
        add(ggml_cpu_has_avx512_vnni(), "avx512_vnni");
        add(ggml_cpu_has_avx512_bf16(), "avx512_bf16");
        add(ggml_cpu_has_amx_int8(), "amx_int8");
        add(ggml_cpu_has_llamafile(), "llamafile");
        return s;
    }();
    return features.c_str();
}

extern "C" const char *oracle_libc(void) {
#ifdef __GLIBC__
    static const std::string text = std::string("glibc ") + gnu_get_libc_version();
    return text.c_str();
#else
    return "unknown libc";
#endif
}

extern "C" const char *oracle_compiler(void) {
#ifdef __clang__
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown compiler";
#endif
}
