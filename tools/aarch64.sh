#!/usr/bin/env bash
# The library on aarch64, from a clean checkout on Debian 12 (x86-64): builds it with a cross compiler, without a
# warning, and runs the Rust and the C tests in an emulator, on the NEON kernels and on the scalar ones.
#
# It installs the Debian packages that are missing (as root, or by sudo) and removes none; what it fetches and builds
# lies in build/aarch64. A Rust toolchain that has the target already is used as it is (rustup target add
# aarch64-unknown-linux-gnu); otherwise the compiler is Debian's rustc-web.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

target=aarch64-unknown-linux-gnu
work=$PWD/build/aarch64
export PATH="$PATH:${HOME:-}/.cargo/bin"

# The tools, installed where they are missing.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
    local package missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    as_root apt-get update --quiet --quiet
    # --no-remove: rustc-web stands in for Debian's rustc, and the cross compiler for gcc-multilib. Better to stop.
    as_root apt-get install --quiet --quiet --yes --no-remove --no-install-recommends \
        -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "${missing[@]}"
}

# The standard library comes from the package for arm64, of the compiler's very version. A package manager of its own,
# to which arm64 is this machine's architecture, finds and verifies it; the system's does not hear of arm64.
fetch_std() {
    local version apt=$work/apt
    version=$(dpkg-query --show --showformat='${Version}' rustc-web)
    [ "$(cat "$work/sysroot/version" 2>/dev/null)" = "$version" ] && return
    rm -rf "$work/sysroot" "$apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$work/sysroot"
    touch "$apt/status"
    # A source of packages that has none for arm64 fails: what counts is that the next line finds this one.
    apt_arm64 update || true
    (cd "$apt" && apt_arm64 download "libstd-rust-web-dev=$version")
    dpkg-deb --extract "$apt"/libstd-rust-web-dev_*_arm64.deb "$apt/root"
    mv "$apt/root/usr/lib" "$work/sysroot/lib"
    rm -rf "$apt"
    # Written last: its presence says that the library is whole.
    printf '%s\n' "$version" >"$work/sysroot/version"
}

apt_arm64() {
    # The sandbox user could not write to a directory that is not its own.
    apt-get --quiet --quiet -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=root \
        -o Dir::State="$work/apt" -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache="$work/apt/cache" "$@"
}

use_cross_tools() {
    install_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
    # Where the emulator finds the dynamic linker and the C library.
    export QEMU_LD_PREFIX=/usr/aarch64-linux-gnu
    # What runs a program for cargo, and for the tests that start themselves again.
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64 QDQ_TEST_RUNNER=qemu-aarch64
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_BUILD_TARGET=$target
    # Not the target directory of every day: two compilers in turn would build all of it again each time.
    export CARGO_TARGET_DIR=$work/cargo
    # A test that fails tells its file and line without it, and the tests build faster.
    export CARGO_PROFILE_TEST_DEBUG=false
}

use_rust() {
    # Encoded, for paths with spaces: the separator is the byte 31.
    export CARGO_ENCODED_RUSTFLAGS=-Dwarnings
    has_target || use_debian_rust
    "${RUSTC:-rustc}" --version
}

has_target() {
    local libraries
    libraries=$("${RUSTC:-rustc}" --print target-libdir --target $target 2>/dev/null) &&
        compgen -G "$libraries/libstd-*.rlib" >/dev/null
}

use_debian_rust() {
    install_packages rustc-web
    # Without any Rust of its own, the machine gets Debian's cargo as well.
    command -v cargo >/dev/null || install_packages cargo-web
    fetch_std
    export RUSTC=/usr/bin/rustc
    CARGO_ENCODED_RUSTFLAGS+=$'\x1f'--sysroot=$work/sysroot
}

# The C tests.

# The files with a main(), but for those that want arguments: isa_run starts other programs, which the emulator cannot,
# and golden reads what the Rust test of that name does.
c_programs() {
    basename --multiple --suffix .c $(grep --files-with-matches '\bmain(' c_tests/*.c) |
        grep --invert-match --line-regexp 'isa_run\|golden'
}

# with_headers FILE...: the files, and the one that defines what a header declares, for each header that they include.
with_headers() {
    local header
    printf '%s\n' "$@"
    for header in $(aarch64-linux-gnu-gcc -Iinclude -MM "$@" | grep --only-matching 'c_tests/[a-z_]*\.h'); do
        if [ -e "${header%.h}.c" ]; then printf '%s\n' "${header%.h}.c"; fi
    done
}

# compile_c NAME FLAG...: the flags say how it is linked with the library.
compile_c() {
    local sources name=$1
    shift
    # Twice: what a program includes itself, and what that needs in turn.
    sources=$(with_headers $(with_headers "c_tests/$name.c") | sort --unique)
    aarch64-linux-gnu-gcc -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -Iinclude -o "$work/c/$name" $sources "$@" \
        -pthread -lm
}

run_c() {
    local isa
    for isa in neon scalar; do
        printf '%s, %s\n' "$1" $isa
        QDQ_ISA=$isa qemu-aarch64 "$work/c/$1"
    done
}

test_c() {
    local name programs libraries=$CARGO_TARGET_DIR/$target/release
    programs=$(c_programs)
    mkdir -p "$work/c"
    # By the name that programs look for.
    cp "$libraries/libqdq.so" "$work/c/libqdq.so.0"
    for name in $programs; do
        compile_c "$name" "$work/c/libqdq.so.0" "-Wl,-rpath,$work/c"
        run_c "$name"
    done
    printf 'with the static archive:\n'
    compile_c values "$libraries/libqdq.a"
    run_c values
}

# The Rust tests. That its instruction set is expected keeps a test from running itself again on the others.

# All of them but one, on the kernels that the library picks by itself. The emulator cannot start a thread in a child that
# a process with threads has forked: it ends with a failed assertion of its own.
test_neon() {
    QDQ_TEST_EXPECT_ISA=neon cargo test --locked --no-fail-fast --lib --test '*' -- --skip a_fork_has_a_pool_of_its_own
}

# Without the slow ones: what is scalar here is the same source as elsewhere.
test_scalar() {
    QDQ_ISA=scalar QDQ_TEST_EXPECT_ISA=scalar \
        cargo test --locked --no-fail-fast --lib --test golden --test properties
}

unset QDQ_ISA
# An emulator takes its time: fewer random problems than natively, unless told.
export PROPTEST_CASES=${PROPTEST_CASES:-50}

step 'cross compiler and emulator' use_cross_tools
step 'Rust' use_rust
step 'build' cargo build --release --locked --lib
step 'build of the tests' cargo test --locked --no-run
step 'Rust tests on NEON' test_neon
step 'Rust tests on scalar' test_scalar
step 'C tests' test_c
printf '\nall passed in %d s\n' "$SECONDS"
