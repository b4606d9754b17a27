#!/usr/bin/env bash
# How many instructions each kernel takes, counted by callgrind and compared with
# the committed table; --accept rewrites the table instead. Valgrind is installed
# by apt where there is none, which needs root. Beside it: what test.sh needs.
# QDQ_BUILD_DIR names another build directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

install_valgrind() {
    command -v valgrind >/dev/null && return
    apt_install 'valgrind' valgrind
}

build=${QDQ_BUILD_DIR:-build}
step 'valgrind' install_valgrind
step 'CMake' . scripts/cmake.sh
step 'configure' cmake -S . -B "$build" -DQDQ_COUNT_INSTRUCTIONS=ON
step 'build' cmake --build "$build" --target count_instructions
step 'count' python3 benches/instructions/guard.py --program "$build/benches/instructions/count_instructions" \
    --library "$build/lib/libqdq.so" "$@"
