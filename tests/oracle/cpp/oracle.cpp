// Drives llama.cpp's real encoders and preprocessing through a C interface; no error leaves it as an exception or an abort.
#include "oracle.h"

#include "clip-impl.h"
#include "clip.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "ggml.h"
#include "mtmd-audio.h"
#include "mtmd-image.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

struct oracle {
    clip_ctx *encoder = nullptr;
    bool audio = false;
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

// A product of zero and memory that nothing writes (the rows between lines of an image in pixtral.cpp): it is zero unless that
// memory holds a NaN or an infinity, and then it would be whatever ran before.
bool is_zero_of_nothing(const ggml_tensor *t) {
    if (t->op != GGML_OP_SCALE) return false;
    const ggml_tensor *from = t->src[0];
    float factor = 1.0f;
    std::memcpy(&factor, t->op_params, sizeof factor);
    return factor == 0.0f && from->op == GGML_OP_NONE && !from->view_src && !(from->flags & GGML_TENSOR_FLAG_INPUT);
}

bool on_node(ggml_tensor *t, bool ask, void *user) {
    auto *self = static_cast<oracle *>(user);
    if (is_zero_of_nothing(t)) {
        if (!ask) std::memset(t->data, 0, ggml_nbytes(t));
        return true; // it is a piece of its own, so that it is cleared before anything reads it
    }
    if (ask) {
        if (!self->announce) return false; // nothing is wanted: the whole graph runs as one piece
        const oracle_node n = describe(t, false);
        return self->announce(self->user, &n) != 0;
    }
    const oracle_node n = describe(t, true);
    if (self->visit && !self->visit(self->user, &n)) self->stopped = true;
    return !self->stopped;
}

clip_image_f32 make_input(const oracle *self, uint32_t width, uint32_t height, const float *values) {
    clip_image_f32 input;
    input.set_size({int(width), int(height)}, false, self->audio);
    if (values) input.cpy_buf(std::vector<float>(values, values + size_t(width) * height * (self->audio ? 1 : 3)));
    return input;
}

clip_image_u8 make_image(uint32_t width, uint32_t height, const uint8_t *rgb) {
    clip_image_u8 image;
    image.set_size({int(width), int(height)}, false);
    image.cpy_buf(std::vector<uint8_t>(rgb, rgb + size_t(width) * height * 3));
    return image;
}

const uint32_t MAX_SIDE = 46000;

std::string size_text(uint32_t width, uint32_t height) { return std::to_string(width) + "x" + std::to_string(height); }

// The checks below only say in better words, and before anything runs, what the graphs assert; a wrong size of some encoders
// would not even do that, but repeat the position embedding.
enum class sizes { square, patches, merged };

sizes sizes_of(projector_type type) {
    switch (type) {
    case PROJECTOR_TYPE_MLP:
    case PROJECTOR_TYPE_MLP_NORM:
    case PROJECTOR_TYPE_LDP:
    case PROJECTOR_TYPE_LDPV2:
    case PROJECTOR_TYPE_GEMMA3:
    case PROJECTOR_TYPE_IDEFICS3:
    case PROJECTOR_TYPE_INTERNVL:
    case PROJECTOR_TYPE_JANUS_PRO: return sizes::square;
    case PROJECTOR_TYPE_LFM2:
    case PROJECTOR_TYPE_KIMIVL: return sizes::patches;
    default: return sizes::merged;
    }
}

void check_size(const oracle *self, uint32_t width, uint32_t height) {
    if (self->broken) throw std::runtime_error("an earlier call on this encoder failed");
    const clip_hparams *h = clip_get_hparams(self->encoder);
    if (self->audio) {
        if (width == 0 || width > (1u << 24) || height != uint32_t(h->n_mel_bins))
            throw std::runtime_error(std::to_string(height) + " mel bins of " + std::to_string(width) + " frames: the encoder takes " +
                                     std::to_string(h->n_mel_bins) + " bins");
        return;
    }
    const sizes allowed = sizes_of(clip_get_projector_type(self->encoder));
    const uint32_t side = uint32_t(h->image_size);
    if (allowed == sizes::square) {
        if (width == side && height == side) return; // pixels beyond the last patch are allowed
        throw std::runtime_error("pixel size " + size_text(width, height) + " is not " + size_text(side, side) + ", the encoder's only one");
    }
    const uint32_t unit = uint32_t(h->patch_size) * (allowed == sizes::merged ? uint32_t(h->n_merge) : 1u);
    if (width == 0 || height == 0 || width % unit || height % unit || width > MAX_SIDE || height > MAX_SIDE)
        throw std::runtime_error("pixel size " + size_text(width, height) + " is not a positive multiple of " + std::to_string(unit) +
                                 " on both sides");
}

void need(const oracle *self, bool audio) {
    if (self->audio != audio)
        throw std::runtime_error(std::string("this encoder takes ") + (self->audio ? "sound, not images" : "images, not sound"));
}

// The pairs of encoder and preprocessor that llama.cpp makes.
std::unique_ptr<mtmd_image_preprocessor> image_front_end(const clip_ctx *ctx) {
    switch (clip_get_projector_type(ctx)) {
    case PROJECTOR_TYPE_MLP:
    case PROJECTOR_TYPE_MLP_NORM:
    case PROJECTOR_TYPE_LDP:
    case PROJECTOR_TYPE_LDPV2:
    case PROJECTOR_TYPE_JANUS_PRO:
        if (!clip_get_hparams(ctx)->image_res_candidates.empty()) return std::make_unique<mtmd_image_preprocessor_llava_uhd>(ctx);
        return std::make_unique<mtmd_image_preprocessor_fixed_size>(ctx);
    case PROJECTOR_TYPE_GEMMA3: return std::make_unique<mtmd_image_preprocessor_fixed_size>(ctx);
    case PROJECTOR_TYPE_IDEFICS3: return std::make_unique<mtmd_image_preprocessor_idefics3>(ctx);
    case PROJECTOR_TYPE_INTERNVL: return std::make_unique<mtmd_image_preprocessor_internvl>(ctx);
    case PROJECTOR_TYPE_LFM2: return std::make_unique<mtmd_image_preprocessor_lfm2>(ctx);
    case PROJECTOR_TYPE_LIGHTONOCR: return std::make_unique<mtmd_image_preprocessor_longest_edge>(ctx);
    case PROJECTOR_TYPE_QWEN2VL:
    case PROJECTOR_TYPE_QWEN25VL:
    case PROJECTOR_TYPE_QWEN3VL:
    case PROJECTOR_TYPE_PIXTRAL:
    case PROJECTOR_TYPE_GEMMA4V:
    case PROJECTOR_TYPE_KIMIVL:
    case PROJECTOR_TYPE_GLM4V:
    case PROJECTOR_TYPE_PADDLEOCR: return std::make_unique<mtmd_image_preprocessor_dyn_size>(ctx);
    default: throw std::runtime_error("it is not known here how llama.cpp prepares images for this encoder");
    }
}

std::unique_ptr<mtmd_audio_preprocessor> audio_front_end(const clip_ctx *ctx) {
    switch (clip_get_projector_type(ctx)) {
    case PROJECTOR_TYPE_QWEN2A:
    case PROJECTOR_TYPE_QWEN25O:
    case PROJECTOR_TYPE_ULTRAVOX:
    case PROJECTOR_TYPE_VOXTRAL:
    case PROJECTOR_TYPE_GLMA:
    case PROJECTOR_TYPE_MERALION:
    case PROJECTOR_TYPE_MUSIC_FLAMINGO: return std::make_unique<mtmd_audio_preprocessor_whisper>(ctx);
    case PROJECTOR_TYPE_QWEN3A: return std::make_unique<mtmd_audio_preprocessor_qwen3a>(ctx);
    case PROJECTOR_TYPE_GEMMA4A: return std::make_unique<mtmd_audio_preprocessor_gemma4a>(ctx);
    case PROJECTOR_TYPE_LFM2A: return std::make_unique<mtmd_audio_preprocessor_conformer>(ctx);
    default: throw std::runtime_error("it is not known here how llama.cpp prepares sound for this encoder");
    }
}

} // namespace

extern "C" int32_t oracle_open(const char *gguf, int32_t flash, int32_t audio, oracle **out, char *error, size_t error_size) {
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
        clip_ctx *other = audio ? r.ctx_v : r.ctx_a;
        if (other) clip_free(other);
        if (r.ctx_gen_a) clip_free(r.ctx_gen_a);
        self->audio = audio != 0;
        self->encoder = audio ? r.ctx_a : r.ctx_v;
        if (!self->encoder) fail(std::string("llama.cpp cannot open ") + gguf + (audio ? " as an audio encoder" : " as a vision encoder"));
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
    if (!self->broken) clip_free(self->encoder); // a broken context is leaked: its state is unknown
    delete self;
}

extern "C" int32_t oracle_output_size(const oracle *self, uint32_t width, uint32_t height, uint64_t *tokens, uint64_t *floats,
                                      char *error, size_t error_size) {
    return guarded(error, error_size, nullptr, [&] {
        check_size(self, width, height);
        const clip_image_f32 input = make_input(self, width, height, nullptr);
        *tokens = uint64_t(clip_n_output_tokens(self->encoder, &input));
        *floats = *tokens * uint64_t(clip_n_mmproj_embd(self->encoder));
    });
}

extern "C" int32_t oracle_encode(oracle *self, uint32_t threads, uint32_t width, uint32_t height, const float *values,
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
        batch.is_audio = self->audio;
        batch.entries.push_back(make_input(self, width, height, values));
        std::vector<float> result(floats); // sized beforehand: an empty vector means that no result is wanted
        self->announce = announce;
        self->visit = visit;
        self->user = user;
        self->stopped = false;
        const bool ok = clip_image_batch_encode(self->encoder, int(threads), &batch, result);
        self->announce = nullptr;
        self->visit = nullptr;
        if (!ok) fail("llama.cpp failed to encode");
        if (self->stopped) throw std::runtime_error("stopped by the caller");
        std::memcpy(out, result.data(), floats * sizeof(float));
    });
}

namespace {

void hand_over(const clip_image_f32 &image, bool whole, oracle_values_fn sink, void *user) {
    const std::vector<float> &values = image.get_ro_buf();
    sink(user, uint32_t(image.nx()), uint32_t(image.ny()), values.data(), values.size(), whole);
}

} // namespace

extern "C" int32_t oracle_preprocess_rgb(const oracle *self, const uint8_t *rgb, uint32_t width, uint32_t height,
                                         oracle_values_fn sink, void *user, char *error, size_t error_size) {
    return guarded(error, error_size, nullptr, [&] {
        need(self, false);
        if (width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE) throw std::runtime_error("image size out of range");
        const mtmd_image_preproc_out done = image_front_end(self->encoder)->preprocess(make_image(width, height, rgb));
        for (const clip_image_f32 &image : done.entries) hand_over(image, !done.has_overview(), sink, user);
        if (done.has_overview()) hand_over(done.overview, true, sink, user);
    });
}

extern "C" int32_t oracle_preprocess_pcm(const oracle *self, const float *pcm, uint64_t samples,
                                         oracle_values_fn sink, void *user, char *error, size_t error_size) {
    return guarded(error, error_size, nullptr, [&] {
        need(self, true);
        const std::unique_ptr<mtmd_audio_preprocessor> front_end = audio_front_end(self->encoder);
        front_end->initialize();
        std::vector<mtmd_audio_mel> done;
        if (!front_end->preprocess(pcm, size_t(samples), done)) fail("llama.cpp failed to make a spectrogram");
        for (const mtmd_audio_mel &mel : done) sink(user, uint32_t(mel.n_len), uint32_t(mel.n_mel), mel.data.data(), mel.data.size(), true);
    });
}

extern "C" int32_t oracle_normalize(const oracle *self, const uint8_t *rgb, uint32_t width, uint32_t height,
                                    float *pixels, uint64_t floats, char *error, size_t error_size) {
    return guarded(error, error_size, nullptr, [&] {
        need(self, false);
        check_size(self, width, height);
        const clip_hparams *h = clip_get_hparams(self->encoder);
        clip_image_f32 image;
        image.from_u8(make_image(width, height, rgb));
        image.normalize(h->image_mean, h->image_std);
        const std::vector<float> &done = image.get_ro_buf();
        if (done.size() != floats) throw std::runtime_error("pixel buffer has the wrong size");
        std::memcpy(pixels, done.data(), floats * sizeof(float));
    });
}

extern "C" uint32_t oracle_mel_bins(const oracle *self) { return self->audio ? uint32_t(clip_get_hparams(self->encoder)->n_mel_bins) : 0; }

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
