#!/usr/bin/env bash
# Emits an encoder as shaders and as C, encodes a picture with the C library, and has check.mjs compare: the same bits on every driver.
# usage: tests/web/run.sh tiny|medium [check.mjs's options and tests]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

template=qwen3_vl_vision
case ${1:-} in
tiny) # both ways of flash attention: fewer than 64 patches, and more
    runs=("f16 ggml-avx2 kept tests/data/crop.png" "f16 ggml-avx512 all tests/data/reference/qwen3vl/image.png")
    ;;
medium)
    runs=("f16 ggml-avx2 all tests/data/crop.png" "f16 ggml-avx512 kept tests/data/crop.png")
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
    read -r weights profile taps image <<<"$run"
    out=target/web/$preset-$weights-$profile
    mkdir -p "$out"
    model=$out/model.gguf
    "$ir" synth --template $template --preset "$preset" --weights "$weights" --output "$model"
    build=(--template $template --model "$model" --profile "$profile")
    "$ir" "${build[@]}" --target wgsl --taps "$taps" --output "$out/wgsl"
    "$ir" "${build[@]}" --target c --output "$out/c"
    rm -rf "$out/dump"
    "$ir" run "${build[@]}" --output "$out/run" --dump "$out/dump" "$image"
    expect=$("$ir" run --message-format json "${build[@]}" --output "$out/run" "$image" | node -pe \
        'require("fs").readFileSync(0, "utf8").trim().split("\n").map(JSON.parse).find((line) => line.reason === "run").sha256')
    printf '%s, %s weights, profile %s, taps %s: expecting %s\n' "$preset" "$weights" "$profile" "$taps" "$expect"
    node tests/web/check.mjs --dir "$out/wgsl" --gguf "$model" --image "$image" --expect "$expect" --dump "$out/dump" --c "$out/c" "$@"
done
