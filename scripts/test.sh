#!/usr/bin/env bash
# The project's tests, the Rust ones and the C ones, from a clean checkout. It
# needs Rust, a C compiler with make, and cmake 3.21 or Python 3 (see cmake.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

step 'CMake' . scripts/cmake.sh
step 'Rust tests' cargo test --workspace --locked
# What other scripts ask of this build is not asked here.
step 'configure' cmake -S . -B build -DQDQ_BUILD_TESTS=ON -DQDQ_TENSORFLOW=OFF -DQDQ_COUNT_INSTRUCTIONS=OFF
step 'build' cmake --build build
# In parallel, but for the tests that start many threads: they run alone.
step 'C tests' ctest --test-dir build --no-tests=error --output-on-failure --parallel "$CMAKE_BUILD_PARALLEL_LEVEL"
printf '\nall tests passed in %d s\n' "$SECONDS"
