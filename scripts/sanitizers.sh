#!/usr/bin/env bash
# No memory error and no data race, from a clean checkout: the C tests with a library that checks itself while it runs.
#
#     scripts/sanitizers.sh [address|thread|valgrind]...      all three where none is named
#
#     address    AddressSanitizer in the library and the tests, UndefinedBehaviorSanitizer in the tests, and in the
#                library what Rust has in its place: debug assertions and checked arithmetic
#     thread     ThreadSanitizer in the library, on the tests with threads
#     valgrind   memcheck on the library as it is released, on a part of the tests that reaches every kernel. It knows
#                no AVX-512: the other kernels run
#
# The sanitizers need a nightly Rust, which rustup installs where there is none; valgrind comes by apt, which needs root.
# Beside them: what test.sh needs. Everything is built below build/sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

work=$PWD/build/sanitizers
nightly=nightly

# The tools, installed where they are missing.

install_nightly() {
    cargo "+$nightly" --version && return
    if ! command -v rustup >/dev/null; then
        printf 'this needs a nightly Rust: https://rustup.rs, then rustup toolchain install %s\n' "$nightly" >&2
        return 1
    fi
    rustup toolchain install "$nightly" --profile minimal --no-self-update
}

install_valgrind() {
    command -v valgrind >/dev/null && return
    apt_install 'valgrind' valgrind
}

# Of the check that runs.
tests=() launch=()

# Builds.

# build_instrumented NAME RUSTFLAGS CMAKE_ARGUMENT...: the library and the tests in build/sanitizers/NAME that `tests` names.
# Optimised a little, or frames would not fit the stack of the pool's threads, and not across crates, which would take
# longer than all tests.
build_instrumented() {
    local name=$1 flags=$2
    shift 2
    (
        export RUSTUP_TOOLCHAIN=$nightly RUSTFLAGS=$flags
        export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
        export CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true
        name_target "$work/$name/cargo"
        configure "$name" "$@"
        cmake --build "$work/$name" --target isa_run "${tests[@]}"
    )
}

# A named target, even if it is this machine: the flags are then its alone, and what runs during the build is as usual.
# Cargo puts its libraries elsewhere; CMake finds them where it looks.
name_target() {
    CARGO_BUILD_TARGET=$(rustc "+$nightly" -vV | sed -n 's/^host: //p')
    export CARGO_BUILD_TARGET
    mkdir -p "$1/release"
    ln -sf "../$CARGO_BUILD_TARGET/release/libqdq.so" "../$CARGO_BUILD_TARGET/release/libqdq.a" "$1/release"
}

configure() {
    local name=$1
    shift
    cmake -S . -B "$work/$name" -DQDQ_BUILD_EXAMPLES=OFF "$@"
}

# run_tests NAME: those tests, on every instruction set, started by `launch`.
run_tests() {
    local name=$1 names
    names=$(IFS='|' && printf '%s' "${tests[*]}")
    "${launch[@]}" ctest --test-dir "$work/$name" --output-on-failure --no-tests=error --parallel "$CMAKE_BUILD_PARALLEL_LEVEL" \
        --tests-regex "^($names)(\.(scalar|avx2|avx512|neon))?\$"
}

# The checks.

# Not the tests that replace malloc, which is the sanitizer's then, nor those that measure stack or memory.
check_address() {
    local flags='-fsanitize=address,undefined -fno-sanitize-recover=all -g -O1'
    local tests=(advisories contract contract_views executor fenv golden pages quantizer thread_exit threads values
        values_static)
    step 'address: build' build_instrumented address -Zsanitizer=address \
        -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags"
    step 'address: tests' run_tests address
}

# Programs carry the runtime that Rust brings, whole, and show it to the library. It wants addresses where it expects
# them: no randomisation. It cannot follow a thread into the destructors of its keys: not thread_exit.
check_thread() {
    local runtime launch=(setarch --addr-no-randomize) tests=(executor quantizer threads)
    runtime=$(find "$(rustc "+$nightly" --print sysroot)" -name 'librustc-*_rt.tsan.a')
    step 'thread: sources of the standard library' rustup component add rust-src --toolchain "$nightly"
    # What the standard library's condition variables lock is seen only where it is instrumented as well.
    export CARGO_UNSTABLE_BUILD_STD=std,panic_unwind
    step 'thread: build' build_instrumented thread '-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer' \
        -DCMAKE_C_FLAGS=-g -DCMAKE_EXE_LINKER_FLAGS="-Wl,--whole-archive $runtime -Wl,--no-whole-archive -rdynamic -lm"
    TSAN_OPTIONS=halt_on_error=1 step 'thread: tests' run_tests thread
}

check_valgrind() {
    step 'valgrind: install' install_valgrind
    step 'valgrind: build' build_released
    step 'valgrind: tests' run_valgrind
}

build_released() {
    configure valgrind -DQDQ_CARGO_DIR="$PWD/build/cargo" -DCMAKE_C_FLAGS='-g -O1'
    cmake --build "$work/valgrind"
}

# Two at a time, for valgrind runs the threads of a program one after the other.
run_valgrind() {
    local avx2
    memcheck_all avx2 &
    avx2=$!
    memcheck_all scalar
    wait "$avx2"
}

# Hand-worked results, refusals, and every function, element type, layout and code type on a few lengths.
memcheck_all() {
    memcheck "$1" values
    memcheck "$1" contract_views
    memcheck "$1" pages 29
}

memcheck() {
    local isa=$1 name=$2
    shift 2
    printf '%s, %s\n' "$name" "$isa"
    QDQ_ISA=$isa valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite \
        "$work/valgrind/c_tests/$name" "$@"
}

step 'CMake' . scripts/cmake.sh
if [ $# = 0 ]; then
    set -- address thread valgrind
fi
for check in "$@"; do
    case $check in
        address | thread)
            step "$check: Rust" install_nightly
            "check_$check"
            ;;
        valgrind) check_valgrind ;;
        *)
            printf 'usage: scripts/sanitizers.sh [address|thread|valgrind]...\n' >&2
            exit 2
            ;;
    esac
done
printf '\nall passed in %d s\n' "$SECONDS"
