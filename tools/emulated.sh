#!/usr/bin/env bash
# The same bits on other processors, from a clean checkout on Debian or Ubuntu (x86-64): builds the library and its tests
# with a cross compiler, without a warning or a lint, and runs them in an emulator.
#
#     tools/emulated.sh [--whole] [aarch64|s390x]...      both where none is named
#
#     aarch64    the kernels of NEON, and the scalar ones
#     s390x      the scalar kernels on a processor whose numbers begin with their highest byte
#
# Without --whole, the tests that compare every kernel's bits with TensorFlow's and with the reference's, on fewer
# problems: minutes. With it every test that an emulator can run: the better part of an hour for each.
#
# Cross compilers and qemu-user are installed by apt, which needs root, and Rust's standard library for the processor by
# rustup, where they are missing. Everything is built below build/emulated.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

work=$PWD/build/emulated

# The tools, installed where they are missing.

install_cross_tools() {
    local packages=()
    command -v "qemu-$arch" >/dev/null || packages+=(qemu-user)
    command -v "$arch-linux-gnu-gcc" >/dev/null || packages+=("gcc-$arch-linux-gnu")
    [ -e "/usr/$arch-linux-gnu/lib/crt1.o" ] || packages+=("libc6-dev-$debian_arch-cross")
    [ ${#packages[@]} != 0 ] || return 0
    apt_install 'a cross compiler and an emulator' --no-install-recommends "${packages[@]}"
}

install_std() {
    local libraries
    libraries=$(rustc --print target-libdir --target "$target")
    compgen -G "$libraries/libstd-*.rlib" >/dev/null && return
    if ! command -v rustup >/dev/null; then
        printf 'this needs a Rust with the target %s: https://rustup.rs, then rustup target add %s\n' \
            "$target" "$target" >&2
        return 1
    fi
    rustup target add "$target"
}

# use ARCH: the tools for it are those that cargo and CMake use from now on.
use() {
    arch=$1 target=$1-unknown-linux-gnu
    case $arch in
        aarch64) debian_arch=arm64 isas=(neon scalar) ;;
        *) debian_arch=$arch isas=(scalar) ;;
    esac
    local variables=CARGO_TARGET_${target//-/_}
    variables=${variables^^}
    step "$arch: cross compiler and emulator" install_cross_tools
    step "$arch: Rust" install_std
    emulator=$(command -v "qemu-$arch")
    # Where the emulator finds the dynamic linker and the C library.
    export QEMU_LD_PREFIX=/usr/$arch-linux-gnu
    export CARGO_BUILD_TARGET=$target "${variables}_LINKER=$arch-linux-gnu-gcc" "${variables}_RUNNER=$emulator"
    # For the tests that start themselves again.
    export QDQ_TEST_RUNNER=$emulator
}

# One build for the Rust and the C tests, optimised across neither crates nor files: they compile in a third of the time.
use_profile() {
    export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=2
    export CARGO_ENCODED_RUSTFLAGS=-Dwarnings CARGO_TARGET_DIR=$work/cargo
}

# The Rust tests. That its instruction set is expected keeps a test from running itself again on the others.

test_rust() {
    local isa=$1
    shift
    QDQ_ISA=$isa QDQ_TEST_EXPECT_ISA=$isa cargo test --release --locked --no-fail-fast "$@"
}

# The C tests.

# Those of `c_tests`. Cargo puts the libraries of a named target elsewhere; CMake finds them where it looks.
build_c() {
    mkdir -p "$CARGO_TARGET_DIR/release"
    ln -sf "../$target/release/libqdq.so" "../$target/release/libqdq.a" "$CARGO_TARGET_DIR/release"
    cmake -S . -B "$work/$arch" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$arch" \
        -DCMAKE_C_COMPILER="$arch-linux-gnu-gcc" -DCMAKE_CXX_COMPILER= -DCMAKE_C_FLAGS=-O2 \
        -DCMAKE_CROSSCOMPILING_EMULATOR="$emulator" -DQDQ_CARGO_DIR="$CARGO_TARGET_DIR" -DQDQ_BUILD_EXAMPLES=OFF
    cmake --build "$work/$arch" --target isa_run "${c_tests[@]}"
}

# On every instruction set.
test_c() {
    local names
    names=$(IFS='|' && printf '%s' "${c_tests[*]}")
    ctest --test-dir "$work/$arch" --output-on-failure --no-tests=error --parallel "$CMAKE_BUILD_PARALLEL_LEVEL" \
        --tests-regex "^($names)(\.(scalar|neon))?\$"
}

# What is run.

# Everything that NEON and the order of bytes could change, but for the long lists, on the kernels that the library picks.
test_bits() {
    test_rust "${isas[0]}" --lib --test golden --test conversions --test codes --test transposed --test properties -- \
        --skip the_caches --skip many_channels --skip ties_and_overflow --skip every_range_end
    test_rust "${isas[0]}" --test boundaries -- lengths_of small_shapes offsets_apart one_number
}

# The emulator cannot start a thread in a child that a process with threads has forked: it ends with a failed assertion of
# its own.
test_whole() {
    local isa
    for isa in "${isas[@]}"; do
        test_rust "$isa" --lib --test '*' -- --skip a_fork_has_a_pool_of_its_own
    done
}

c_bits=(golden values values_0.1.0 values_static contract)
c_whole=("${c_bits[@]}" advisories alloc alloc_phases contract_views executor fenv quantizer threads)

run() {
    use "$1"
    # What is compiled for this processor alone, no other run of the lints has seen.
    step "$arch: lints" cargo clippy --locked --all-targets
    step "$arch: Rust tests" "test_$extent"
    step "$arch: C tests, build" build_c
    step "$arch: C tests" test_c
}

extent=bits c_tests=("${c_bits[@]}") cases=8
if [ "${1:-}" = --whole ]; then
    extent=whole c_tests=("${c_whole[@]}") cases=50
    shift
fi
[ $# != 0 ] || set -- aarch64 s390x
for arch in "$@"; do
    case $arch in
        aarch64 | s390x) ;;
        *)
            printf 'usage: tools/emulated.sh [--whole] [aarch64|s390x]...\n' >&2
            exit 2
            ;;
    esac
done
unset QDQ_ISA
# An emulator takes its time: fewer random problems than natively, unless told.
export PROPTEST_CASES=${PROPTEST_CASES:-$cases}
step 'CMake' . scripts/cmake.sh
use_profile
for arch in "$@"; do
    run "$arch"
done
printf '\nall passed in %d s\n' "$SECONDS"
