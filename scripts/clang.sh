#!/usr/bin/env bash
# The C tests and the examples by Clang, without a warning, on the library that test.sh has built: the other compiler of
# C that programs are built with. (C++ by Clang: cpp.sh.) Clang is installed by apt where it is missing, which needs root.
# Beside it: what test.sh needs. QDQ_BUILD_DIR names another build directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

install_clang() {
    command -v clang >/dev/null && command -v clang++ >/dev/null && return
    apt_install 'Clang' clang
}

# Cargo's folder is the first tree's: nothing of the library is compiled twice.
configure() {
    mkdir -p "$build"
    cmake -S . -B "$build/clang" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DQDQ_CXX_STANDARDS= \
        -DQDQ_CARGO_DIR="$(cd "$build" && pwd)/cargo"
}

build=${QDQ_BUILD_DIR:-build}
step 'Clang' install_clang
step 'CMake' . scripts/cmake.sh
step 'configure' configure
step 'build' cmake --build "$build/clang"
# On one set of kernels: they are the library's, and no compiler of C changes them.
step 'C tests' ctest --test-dir "$build/clang" --label-exclude cpp --exclude-regex '\.(scalar|avx512)$' --no-tests=error \
    --output-on-failure --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
