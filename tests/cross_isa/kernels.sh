#!/usr/bin/env bash
# The kernel test on an emulated 64-bit ARM: every kernel's NEON variant against the portable one, and the pinned results of all.
# usage: [ALLOW_MISSING=1] tests/cross_isa/kernels.sh
set -euo pipefail

target=aarch64-unknown-linux-gnu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"

missing() {
    printf 'kernels on %s: skipped, %s\n' "$target" "$1" >&2
    [ "${ALLOW_MISSING:-}" = 1 ] && exit 0
    exit 1
}
command -v qemu-aarch64 >/dev/null || missing "qemu-aarch64 is not installed: tests/setup.sh cross"
command -v aarch64-linux-gnu-gcc >/dev/null || missing "aarch64-linux-gnu-gcc is not installed: tests/setup.sh cross"
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    command -v rustup >/dev/null || missing "Rust's standard library for it is not installed, and there is no rustup to install it"
    rustup target add "$target" || missing "rustup target add $target failed"
fi

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
export ISOBIT_KERNELS_COMPILERS=aarch64-linux-gnu-gcc ISOBIT_KERNELS_LEVELS=-O2
cargo test --release --target "$target" --target-dir target/aarch64 --test kernels -- outputs_are_pinned every_variant
