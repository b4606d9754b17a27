#!/usr/bin/env bash
# qdq.hpp and qdq_dlpack.h with g++ and clang++, in C++17, 20 and 23, with Eigen and with two versions of DLPack; and
# qdq.hpp under the sanitizers. g++, Clang, Eigen and DLPack 0.6 are installed by apt where they are missing, which needs
# root; DLPack 1 comes from PyPI, into a virtual environment below build/. Beside it: what test.sh needs.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

has_header() {
    echo "#include <$1>" | c++ -std=c++17 -fsyntax-only -x c++ - 2>/dev/null
}

install_tools() {
    command -v g++ >/dev/null && command -v clang++ >/dev/null && has_header eigen3/Eigen/Core && has_header dlpack/dlpack.h && return
    apt_install 'g++, Clang, Eigen and DLPack' g++ clang libeigen3-dev libdlpack-dev
}

# The wheel of another library has the header; nothing of it is run.
install_dlpack_1() {
    local python
    python=$(tools/venv.sh c_tests/dlpack/requirements.txt build/dlpack-venv)
    dlpack_1=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tvm_ffi/include
    grep -q 'define DLPACK_MAJOR_VERSION 1' "$dlpack_1/dlpack/dlpack.h"
}

# build_and_test NAME CC CXX OPTION...: what is labelled cpp, in a build tree of its own.
build_and_test() {
    local tree=build/cpp-$1
    cmake -S . -B "$tree" -DCMAKE_C_COMPILER="$2" -DCMAKE_CXX_COMPILER="$3" -DCMAKE_C_FLAGS=-O2 -DCMAKE_CXX_FLAGS=-O2 \
        -DQDQ_CARGO_DIR="$PWD/build/cargo" -DQDQ_BUILD_EXAMPLES=OFF "${@:4}"
    cmake --build "$tree" --target qdq_hpp_tests qdq_dlpack_tests
    ctest --test-dir "$tree" --label-regex cpp --no-tests=error --output-on-failure \
        --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
}

# memory.c, which counts allocations, cannot do so beside the sanitizer's own.
sanitize() {
    local tree=build/cpp-sanitized flags='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all'
    cmake -S . -B "$tree" -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" \
        -DQDQ_CARGO_DIR="$PWD/build/cargo" -DQDQ_BUILD_EXAMPLES=OFF "-DQDQ_CXX_STANDARDS=20" \
        -DQDQ_DLPACK_INCLUDE_DIRS="$dlpack_1"
    cmake --build "$tree" --target qdq_hpp_tests qdq_dlpack_tests
    ctest --test-dir "$tree" --label-regex cpp --exclude-regex 'lifetime|document|refused|names' --no-tests=error \
        --output-on-failure --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
}

step 'g++, Clang, Eigen, DLPack 0.6' install_tools
step 'DLPack 1' install_dlpack_1
step 'CMake' . scripts/cmake.sh
# The folder that the compiler finds it in.
dlpack_0=$(echo '#include <dlpack/dlpack.h>' | c++ -M -x c++ - | grep -o '[^ ]*/dlpack/dlpack\.h')
dlpack_0=${dlpack_0%/dlpack/dlpack.h}
options=("-DQDQ_CXX_STANDARDS=17;20;23" "-DQDQ_DLPACK_INCLUDE_DIRS=$dlpack_0;$dlpack_1")
step 'GCC' build_and_test gcc gcc g++ "${options[@]}"
step 'Clang' build_and_test clang clang clang++ "${options[@]}"
step 'sanitizers' sanitize
