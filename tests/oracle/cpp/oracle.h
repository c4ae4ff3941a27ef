// C interface over the C++ encoders of llama.cpp: the whole surface that the Rust side of the oracle calls.
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct oracle oracle;

// One node of the compute graph. Dimensions and strides are ggml's: fastest first, strides in bytes.
// `data` is null while the node is only announced, and valid during the visit and no longer.
typedef struct oracle_node {
    const char *name, *op, *type;
    int64_t ne[4];
    uint64_t nb[4];
    const void *data;
    uint64_t bytes;   // span from the first to the last byte of the node, strides included
    uint64_t element; // bytes per element, 0 for a block-quantised type
    int32_t is_view;  // the node computes nothing, it renames bytes of another
} oracle_node;

// `announce` sees every node once, in execution order, before it runs: non-zero asks for a visit.
// `visit` sees the computed node: zero stops the encode. Both pointers null: the graph runs undisturbed.
typedef int32_t (*oracle_announce_fn)(void *user, const oracle_node *node);
typedef int32_t (*oracle_visit_fn)(void *user, const oracle_node *node);

// Every int32_t result: 0 is success, anything else failed and `error` (if not null) holds one line of text.
// A file may hold an encoder of images and one of sound: `audio` picks. Sizes of a spectrogram are frames (width) and mel bins (height).
int32_t oracle_open(const char *gguf, int32_t flash, int32_t audio, oracle **out, char *error, size_t error_size);
void oracle_close(oracle *);
uint32_t oracle_mel_bins(const oracle *); // 0 for an encoder of images
int32_t oracle_output_size(const oracle *, uint32_t width, uint32_t height, uint64_t *tokens, uint64_t *floats, char *error, size_t error_size);
// Encodes normalised interleaved pixels [height][width][3], or a spectrogram [mel bin][frame].
int32_t oracle_encode(oracle *, uint32_t threads, uint32_t width, uint32_t height, const float *values,
                      oracle_announce_fn announce, oracle_visit_fn visit, void *user,
                      float *out, uint64_t out_floats, char *error, size_t error_size);
// The encoder's own front end. `sink` gets everything that is to be encoded, in llama.cpp's order: of an image the tiles row by row, then
// the whole (or only that), of sound one spectrogram per piece.
typedef void (*oracle_values_fn)(void *user, uint32_t width, uint32_t height, const float *values, uint64_t floats, int32_t whole);
int32_t oracle_preprocess_rgb(const oracle *, const uint8_t *rgb, uint32_t width, uint32_t height,
                              oracle_values_fn sink, void *user, char *error, size_t error_size);
int32_t oracle_preprocess_pcm(const oracle *, const float *pcm, uint64_t samples,
                              oracle_values_fn sink, void *user, char *error, size_t error_size);
// Normalises 8-bit RGB that has the encoder's size already.
int32_t oracle_normalize(const oracle *, const uint8_t *rgb, uint32_t width, uint32_t height,
                         float *pixels, uint64_t floats, char *error, size_t error_size);

const char *oracle_ggml_version(void);
const char *oracle_cpu_features(void); // ISA features this build was compiled for, space separated
const char *oracle_libc(void);
const char *oracle_compiler(void);
#ifdef __cplusplus
}
#endif
