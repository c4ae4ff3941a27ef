#!/usr/bin/env bash
# Builds the oracle for one ISA profile in its own target folder, records the flags beside the binary, prints the binary's path last.
# usage: tests/oracle/build.sh PROFILE [build|test|clippy]     with PROFILE one of ggml-scalar ggml-avx2 ggml-avx512 ggml-avx512bf16
set -euo pipefail

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

profile=${1:-}
action=${2:-build}
case $profile in
ggml-scalar) options=(GGML_SSE42=OFF GGML_AVX=OFF GGML_AVX2=OFF GGML_FMA=OFF GGML_F16C=OFF GGML_BMI2=OFF) ;;
ggml-avx2) options=() ;;
ggml-avx512) options=(GGML_AVX512=ON) ;;
# VNNI changes no bit, but every CPU with BF16 has it: this is what llama.cpp builds natively there.
ggml-avx512bf16) options=(GGML_AVX512=ON GGML_AVX512_VNNI=ON GGML_AVX512_BF16=ON) ;;
*) fail "usage: tests/oracle/build.sh ggml-scalar|ggml-avx2|ggml-avx512|ggml-avx512bf16 [build|test|clippy]" ;;
esac
case $action in
build | test | clippy) ;;
*) fail "unknown action $action: build, test or clippy" ;;
esac

# --- what the build needs; nothing is installed here ---------------------------------------------------------------
[ "$(uname -m)" = x86_64 ] || fail "the profiles of this oracle are x86-64 builds, this machine is $(uname -m)"
[ -z "${SOURCE_DATE_EPOCH+set}" ] || fail "SOURCE_DATE_EPOCH is set: ggml would be built without AVX2 and without a word about it. Unset it"
command -v cargo >/dev/null || fail "cargo is missing: install Rust from https://rustup.rs"
command -v cmake >/dev/null || fail "cmake is missing: apt-get install cmake (or: pip install cmake)"
command -v "${CXX:-c++}" >/dev/null || fail "no C++ compiler: apt-get install g++ (or set CXX)"

find_libclang() {
    if [ -n "${LIBCLANG_PATH:-}" ]; then
        compgen -G "$LIBCLANG_PATH/libclang*.so*" >/dev/null || [ -f "$LIBCLANG_PATH" ] || fail "LIBCLANG_PATH=$LIBCLANG_PATH holds no libclang"
        return 0
    fi
    local pattern
    for pattern in '/usr/lib/llvm*/lib/libclang*.so*' '/usr/lib*/libclang*.so*' '/usr/lib/x86_64-linux-gnu/libclang*.so*' '/usr/local/lib*/libclang*.so*'; do
        if compgen -G "$pattern" >/dev/null; then return 0; fi
    done
    local native
    native=$(python3 -c 'import clang, os; print(os.path.join(os.path.dirname(clang.__file__), "native"))' 2>/dev/null) || native=
    if [ -n "$native" ] && compgen -G "$native/libclang*.so*" >/dev/null; then
        export LIBCLANG_PATH=$native
        return 0
    fi
    fail "libclang is missing (bindgen needs it): apt-get install libclang-dev, or: pip install libclang"
}
find_libclang
# A libclang without its own headers finds stddef.h nowhere; the C compiler's are good enough for bindgen.
if [ -z "${BINDGEN_EXTRA_CLANG_ARGS:-}" ] && ! compgen -G '/usr/lib/llvm*/lib/clang/*/include/stddef.h' >/dev/null &&
    ! compgen -G '/usr/lib*/clang/*/include/stddef.h' >/dev/null; then
    export BINDGEN_EXTRA_CLANG_ARGS="-I$("${CC:-cc}" -print-file-name=include)"
fi

# --- one profile, one set of flags: nothing from the caller's environment may leak into the reference ----------------
for name in $(compgen -e); do
    case $name in
    GGML_* | CMAKE_* | LLAMA_* | CFLAGS | CXXFLAGS | CPPFLAGS | RUSTFLAGS | CARGO_ENCODED_RUSTFLAGS | CARGO_BUILD_* | CARGO_PROFILE_*)
        [ "$name" = CMAKE_GENERATOR ] || unset "$name"
        ;;
    esac
done
# Release, whatever debug information the Rust profile asks for: that alone would turn llama.cpp's -O3 into -O2.
options+=(LLAMA_LIB_PROFILE=Release)
export "${options[@]}"
# build.rs holds the resolved options against the profile's.
export ORACLE_PROFILE=$profile

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
target=$root/target/oracle/$profile
# Third-party Rust crates are the same for all profiles: a new one starts with those of another, without anything of llama.cpp.
if [ ! -e "$target" ]; then
    for other in "$root"/target/oracle/*/release/isobit-oracle; do
        [ -x "$other" ] || continue
        rm -rf "$target.new"
        mkdir -p "$target.new"
        tar -C "$(dirname "$other")/.." --exclude='*llama[-_]cpp[-_]sys*' --exclude='*isobit[-_]oracle*' --exclude=.cargo-lock -cf - release |
            tar -C "$target.new" -xf -
        mv "$target.new" "$target"
        break
    done
fi
common=(--release --package isobit-oracle --target-dir "$target")
case $action in
test)
    cargo test "${common[@]}" >&2
    ;;
clippy)
    cargo clippy "${common[@]}" --all-targets -- -D warnings >&2
    ;;
esac
cargo build "${common[@]}" >&2

binary=$target/release/isobit-oracle
flags=$binary.flags
{
    printf 'profile: %s\n' "$profile"
    printf 'environment: %s\n' "${options[*]}"
    printf 'command: cargo build --release --package isobit-oracle\n'
    printf 'rustc: %s\n' "$(rustc --version)"
    "$binary" reference
} >"$flags.new"
grep -q "^isa profile: $profile\$" "$flags.new" || fail "the build is not $profile: $(cat "$flags.new")"
if cmp -s "$flags.new" "$flags"; then rm "$flags.new"; else mv "$flags.new" "$flags"; fi
printf '%s\n' "$binary"
