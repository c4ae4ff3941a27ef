#!/usr/bin/env bash
# Emits an encoder as shaders and as C, encodes a picture with the C library, and has check.mjs compare: on every driver the same bits, or values
# within the bound that a profile promises.
# usage: tests/web/run.sh tiny|medium [check.mjs's options and tests]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

template=qwen3_vl_vision
case ${1:-} in
# weights, profile, profile in C that it is compared with, taps, picture
tiny) # both ways of flash attention: fewer than 64 patches, and more
    runs=("f16 ggml-avx2 ggml-avx2 kept tests/data/crop.png" "f16 ggml-avx512 ggml-avx512 all tests/data/reference/qwen3vl/image.png"
        "f16 f32 f32 all tests/data/crop.png" "q8_0 fast f32 all tests/data/reference/qwen3vl/image.png")
    tests=()
    ;;
medium) # what depends on sizes
    runs=("f16 ggml-avx2 ggml-avx2 all tests/data/crop.png" "f16 ggml-avx512 ggml-avx512 kept tests/data/crop.png"
        "f16 f32 f32 all tests/data/crop.png" "f16 fast f32 all tests/data/crop.png")
    tests=(embedding chromium)
    ;;
*)
    printf 'usage: tests/web/run.sh tiny|medium [options of check.mjs]\n' >&2
    exit 2
    ;;
esac
preset=$1
shift

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    printf 'tests/web: no Node here (tests/setup.sh web says what to install)\n' >&2
    [[ " $* " == *" --allow-missing "* ]] && exit 0
    exit 1
fi
cargo build --quiet
ir=$PWD/target/debug/ir-build
npm --prefix tests/web ci --silent --no-audit --no-fund
for run in "${runs[@]}"; do
    read -r weights profile reference taps image <<<"$run"
    out=target/web/$preset-$weights-$profile
    mkdir -p "$out"
    model=$out/model.gguf
    "$ir" synth --template $template --preset "$preset" --weights "$weights" --output "$model"
    "$ir" --template $template --model "$model" --profile "$profile" --target wgsl --taps "$taps" --output "$out/wgsl"
    build=(--template $template --model "$model" --profile "$reference")
    "$ir" "${build[@]}" --target c --output "$out/c"
    rm -rf "$out/dump"
    "$ir" run "${build[@]}" --output "$out/run" --dump "$out/dump" "$image"
    expect=$("$ir" run --message-format json "${build[@]}" --output "$out/run" "$image" | node -pe \
        'require("fs").readFileSync(0, "utf8").trim().split("\n").map(JSON.parse).find((line) => line.reason === "run").sha256')
    printf '%s, %s weights, profile %s, taps %s: in C profile %s gives %s\n' "$preset" "$weights" "$profile" "$taps" "$reference" "$expect"
    chosen=("$@")
    if [[ " $* " != *" "[a-z]* ]]; then
        chosen+=("${tests[@]}")
    fi
    if [[ $(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).promise' "$out/wgsl/manifest.json") != bits ]]; then
        mapfile -t chosen < <(printf '%s\n' "$@" | grep '^--' || true)
        chosen+=(embedding tint)
    fi
    node tests/web/check.mjs --dir "$out/wgsl" --gguf "$model" --image "$image" --expect "$expect" --dump "$out/dump" --c "$out/c" "${chosen[@]}"
done
