#!/usr/bin/env bash
# Installs what building or testing needs and this machine lacks; where it cannot, it says what to install.
# usage: tests/setup.sh build|demo|test|cross|web  build: Rust and a C compiler; demo: also Python with venv;
#                                                  test: also what the oracle and the sanitizers need; cross: compilers and emulators of
#                                                  other machines; web: Node, Chromium and a Vulkan driver in software
set -euo pipefail

goal=${1:-}
case $goal in
build | demo | test | cross | web) ;;
*)
    printf 'usage: tests/setup.sh build|demo|test|cross|web\n' >&2
    exit 2
    ;;
esac

has() { command -v "$1" >/dev/null 2>&1; }

# --- one function per need: true if it is there ------------------------------------------------------------------
# shellcheck disable=SC2329
{
    need_make() { has make; }
    need_python() { python3 -c 'import ensurepip, venv' >/dev/null 2>&1; }
    need_cc() { has cc; }
    need_cxx() { has c++; }
    need_cmake() { has cmake; }
    need_libclang() {
        [ -n "${LIBCLANG_PATH:-}" ] && return 0
        compgen -G '/usr/lib/llvm*/lib/libclang[-.][0-9s]*' >/dev/null || compgen -G '/usr/lib*/libclang.so*' >/dev/null ||
            compgen -G '/usr/lib/*-linux-gnu/libclang[-.][0-9s]*' >/dev/null || compgen -G '/usr/local/lib*/libclang.so*' >/dev/null ||
            python3 -c 'import clang.native' >/dev/null 2>&1
    }
    need_clang() { has clang; }
    need_ccache() { has ccache; }
    need_valgrind() { has valgrind; }
    need_qemu() { has qemu-aarch64 && has qemu-riscv64; }
    need_cross_aarch64() { cross_compiles aarch64-linux-gnu-gcc; }
    need_cross_riscv64() { cross_compiles riscv64-linux-gnu-gcc; }
    need_gcc() { has gcc; }
    need_node() { has node && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; }
    need_npm() { has npm; }
    need_chromium() { has chromium || has chromium-browser || has google-chrome; }
    # Dawn refuses lavapipe before Mesa 24.
    need_lavapipe() {
        compgen -G '/usr/share/vulkan/icd.d/lvp_icd*.json' >/dev/null &&
            { ! has dpkg-query || dpkg --compare-versions "$(dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null)" ge 24; }
    }
    need_vulkan() { ldconfig -p | grep -q 'libvulkan\.so\.1'; }
    need_clang_rt() {
        local dir status=0
        dir=$(mktemp -d)
        printf 'int main(void) { return 0; }\n' >"$dir/a.c"
        clang -fsanitize=address,undefined "$dir/a.c" -o "$dir/a" >/dev/null 2>&1 || status=1
        rm -rf "$dir"
        return $status
    }
    need_gcc_sanitizers() {
        local dir status=0
        dir=$(mktemp -d)
        printf 'int main(void) { return 0; }\n' >"$dir/a.c"
        gcc -fsanitize=address,undefined "$dir/a.c" -o "$dir/a" >/dev/null 2>&1 || status=1
        rm -rf "$dir"
        return $status
    }
}

# A compiler without the C library of its target, or without its static form, is of no use.
cross_compiles() {
    local dir status=0
    has "$1" || return 1
    dir=$(mktemp -d)
    printf '#include <math.h>\nint main(int argc, char **argv) { (void)argv; return (int)expf((float)argc) == 0; }\n' >"$dir/a.c"
    "$1" -static "$dir/a.c" -o "$dir/a" -lm -lpthread >/dev/null 2>&1 || status=1
    rm -rf "$dir"
    return $status
}

# The compiler's run-time package carries its version; older releases ship it inside another one.
clang_rt_package() {
    local major package
    major=$(clang -dumpversion 2>/dev/null | cut -d. -f1)
    for package in "libclang-rt-$major-dev" "libclang-common-$major-dev" libclang-rt-dev; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            printf '%s' "$package"
            return
        fi
    done
    printf 'libclang-rt-dev'
}

# --- Rust: from rustup, never from here --------------------------------------------------------------------------
if ! has cargo; then
    printf 'setup: Rust is missing: install it with\n    curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs | sh\n' >&2
    exit 1
fi
if [ "$goal" = test ]; then
    for component in rustfmt clippy; do
        if ! cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1; then
            has rustup || {
                printf 'setup: cargo has no %s, and there is no rustup to add it\n' "$component" >&2
                exit 1
            }
            rustup component add "$component"
        fi
    done
fi

# --- needs, each with its package; without an optional one only its own tests are skipped ---------------------------
required=(make:make cc:gcc)
optional=()
if [ "$goal" = demo ]; then
    required+=(python:python3-venv)
fi
if [ "$goal" = test ]; then
    required=(make:make cc:gcc cxx:g++ cmake:cmake libclang:libclang-dev)
    optional=(gcc:gcc gcc_sanitizers:gcc clang:clang ccache:ccache valgrind:valgrind)
fi
if [ "$goal" = cross ]; then
    optional=(gcc:gcc clang:clang qemu:qemu-user
        cross_aarch64:gcc-aarch64-linux-gnu cross_aarch64:libc6-dev-arm64-cross
        cross_riscv64:gcc-riscv64-linux-gnu cross_riscv64:libc6-dev-riscv64-cross)
fi

if [ "$goal" = web ]; then
    optional=(node:nodejs npm:npm chromium:chromium vulkan:libvulkan1 lavapipe:mesa-vulkan-drivers)
fi

missing() { # prints the packages of those needs that are not met
    local each
    for each in "$@"; do
        "need_${each%%:*}" || printf '%s\n' "${each#*:}"
    done | sort -u
}

as_root=()
can_install=no
if has apt-get; then
    if [ "$(id -u)" = 0 ]; then
        can_install=yes
    elif has sudo && sudo -n true 2>/dev/null; then
        can_install=yes
        as_root=(sudo -n)
    fi
fi

install() {
    printf 'setup: installing %s\n' "$*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1 && return 0
    "${as_root[@]}" apt-get update -q >/dev/null && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# Debian 12 has a newer Mesa among its backports only.
add_backports() {
    local list=/etc/apt/sources.list.d/isobit-backports.list key=/usr/share/keyrings/debian-archive-keyring.gpg mirror
    [ "$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")" = bookworm ] || return 0
    apt-cache policy mesa-vulkan-drivers | grep -q bookworm-backports && return 0
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
    printf 'deb [signed-by=%s] %s bookworm-backports main\n' "$key" "${mirror:-http://deb.debian.org/debian}" | "${as_root[@]}" tee "$list" >/dev/null
    "${as_root[@]}" apt-get update -q >/dev/null
}

if [ "$goal" = web ] && ! need_lavapipe && [ $can_install = yes ]; then
    add_backports
    if apt-cache policy mesa-vulkan-drivers | grep -q bookworm-backports; then
        # what is still missing is said below, as for every package
        install -t bookworm-backports mesa-vulkan-drivers libvulkan1 || true
    fi
fi

# An installation may fail: what is missing after it is what counts, and is said at the end.
mapfile -t packages < <(missing "${required[@]}" "${optional[@]}")
if [ "${#packages[@]}" -gt 0 ]; then
    if [ $can_install = yes ]; then
        install "${packages[@]}" || true
    fi
fi
if [ "$goal" = test ] && has clang && ! need_clang_rt; then
    optional+=("clang_rt:$(clang_rt_package)")
    [ $can_install = no ] || install "$(clang_rt_package)" || true
fi

mapfile -t packages < <(missing "${required[@]}")
if [ "${#packages[@]}" -gt 0 ]; then
    printf 'setup: missing, and not installed from here: %s\n    sudo apt-get install %s\n(on another system: the packages of the same purpose)\n' \
        "${packages[*]}" "${packages[*]}" >&2
    exit 1
fi
mapfile -t packages < <(missing "${optional[@]}")
if [ "${#packages[@]}" -gt 0 ]; then
    printf 'setup: not there: %s; the tests that need it say so\n    sudo apt-get install %s\n' \
        "${packages[*]}" "${packages[*]}" >&2
fi
printf 'setup: ready for %s\n' "$goal"
