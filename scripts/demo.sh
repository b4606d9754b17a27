#!/usr/bin/env bash
# The demo, from a clean checkout: builds the library and examples/digits, then
# quantizes a network that reads handwritten digits and draws what that costs.
# It needs Rust, a C compiler, and cmake 3.21 or Python 3 (see cmake.sh).
# Arguments go to the program: --quick takes seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

need() {
    local tool=$1 where=$2
    PATH="$PATH:${HOME:-}/.cargo/bin" command -v "$tool" >/dev/null && return
    printf 'this needs %s: %s\n' "$tool" "$where" >&2
    exit 1
}

need cargo 'install Rust, see https://rustup.rs'
need cc 'install a C compiler (build-essential on Debian and Ubuntu)'
step 'CMake' . scripts/cmake.sh
step 'configure' cmake -S . -B build -DQDQ_BUILD_EXAMPLES=ON
step 'build' cmake --build build --target digits
printf '\n'
build/examples/digits/digits --chart build/digits.svg "$@"
