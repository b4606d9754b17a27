#!/usr/bin/env bash
# One tensor on several processes, from a clean checkout: builds the library and
# examples/mpi, and runs it on 2 and 3 ranks. Open MPI is installed by apt where
# no MPI is there, which needs root. Beside it: what demo.sh needs. QDQ_BUILD_DIR
# names another build directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

install_mpi() {
    command -v mpicc >/dev/null && command -v mpirun >/dev/null && return
    apt_install 'MPI (mpicc and mpirun)' openmpi-bin libopenmpi-dev
}

# Open MPI wants to be told that root and more ranks than cores are meant.
run() {
    local flags=()
    if [[ $(mpirun --version) == *'Open MPI'* ]]; then
        flags=(--oversubscribe)
        [ "$(id -u)" != 0 ] || flags+=(--allow-run-as-root)
    fi
    mpirun "${flags[@]}" -np "$1" "$build/examples/mpi/sharded"
}

build=${QDQ_BUILD_DIR:-build}
step 'MPI' install_mpi
step 'CMake' . scripts/cmake.sh
step 'configure' cmake -S . -B "$build" -DQDQ_BUILD_EXAMPLES=ON
step 'build' cmake --build "$build" --target sharded
step '2 ranks' run 2
step '3 ranks' run 3
