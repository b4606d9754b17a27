#!/usr/bin/env bash
# Fuzzes the C functions under AddressSanitizer, from a clean checkout: replays
# the kept inputs, then tries new ones for so many seconds with each target.
#
#     scripts/fuzz.sh [SECONDS [TARGET...]]     30 seconds, all targets
#
# It needs rustup; a nightly toolchain, cargo-fuzz and g++ are installed where
# they are missing. New inputs go to build/fuzz-corpus, an
# input that fails to build/fuzz-artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh
export PATH="$PATH:${HOME:-}/.cargo/bin"

seconds=${1:-30}
targets=("${@:2}")
[ ${#targets[@]} != 0 ] || targets=(forward views phases gradient)
host=$(rustc -vV | sed -n 's/^host: //p')
programs=build/fuzz/$host/release

install_tools() {
    command -v c++ >/dev/null || apt_install 'a C++ compiler' g++
    if ! command -v rustup >/dev/null; then
        printf 'this needs rustup, for a nightly toolchain: see https://rustup.rs\n' >&2
        return 1
    fi
    cargo +nightly --version 2>/dev/null || rustup toolchain install nightly --profile minimal
    command -v cargo-fuzz >/dev/null || cargo install --quiet --locked cargo-fuzz
}

# Inputs are choices, not bytes that the code compares: to trace comparisons would only take time.
build() {
    cargo +nightly fuzz build --target-dir build/fuzz --no-trace-compares
}

run() {
    local target=$1
    shift
    mkdir -p "build/fuzz-corpus/$target" build/fuzz-artifacts
    "$programs/$target" -artifact_prefix="build/fuzz-artifacts/$target-" -max_len=400 -len_control=0 -timeout=60 \
        -rss_limit_mb=4096 -print_funcs=0 -verbosity=0 -print_final_stats=1 "$@"
}

# Without any, a replay would be of nothing.
replay() {
    compgen -G "fuzz/corpus/$1/*" >/dev/null || { printf 'fuzz/corpus/%s has no inputs\n' "$1" >&2; return 1; }
    run "$1" -runs=0 "fuzz/corpus/$1"
}

step 'nightly and cargo-fuzz' install_tools
step 'build' build
for target in "${targets[@]}"; do
    step "replay $target" replay "$target"
done
[ "$seconds" = 0 ] || for target in "${targets[@]}"; do
    step "fuzz $target" run "$target" -max_total_time="$seconds" "build/fuzz-corpus/$target" "fuzz/corpus/$target"
done
