#!/usr/bin/env bash
# Emits an encoder as shaders and as C, encodes a picture with the C library, and has check.mjs compare: the same bits on every driver.
# usage: tests/web/run.sh tiny|medium [check.mjs's options and tests]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

template=qwen3_vl_vision
case ${1:-} in
tiny)
    weights=(f16 q8_0)
    images=(tests/data/reference/qwen3vl/image.png tests/data/crop.png) # fewer than 64 patches, and more
    ;;
medium)
    weights=(f16)
    images=(tests/data/crop.png)
    ;;
*)
    printf 'usage: tests/web/run.sh tiny|medium [options of check.mjs]\n' >&2
    exit 2
    ;;
esac
preset=$1
shift

cargo build --quiet
ir=$PWD/target/debug/ir-build
npm --prefix tests/web ci --silent --no-audit --no-fund
for weight in "${weights[@]}"; do
    for profile in ggml-avx2 ggml-avx512; do
        out=target/web/$preset-$weight-$profile
        mkdir -p "$out"
        model=$out/model.gguf
        [ -f "$model" ] || "$ir" synth --template $template --preset "$preset" --weights "$weight" --output "$model"
        build=(--template $template --model "$model" --profile "$profile")
        "$ir" "${build[@]}" --target wgsl --output "$out/wgsl"
        "$ir" "${build[@]}" --target c --output "$out/c"
        for image in "${images[@]}"; do
            rm -rf "$out/dump"
            "$ir" run "${build[@]}" --output "$out/run" --dump "$out/dump" "$image"
            expect=$("$ir" run --message-format json "${build[@]}" --output "$out/run" "$image" | node -pe \
                'require("fs").readFileSync(0, "utf8").trim().split("\n").map(JSON.parse).find((line) => line.reason === "run").sha256')
            printf '%s, %s weights, profile %s: expecting %s\n' "$preset" "$weight" "$profile" "$expect"
            node tests/web/check.mjs --dir "$out/wgsl" --gguf "$model" --image "$image" --expect "$expect" --dump "$out/dump" --c "$out/c" "$@"
        done
    done
done
