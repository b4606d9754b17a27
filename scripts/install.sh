#!/usr/bin/env bash
# Installs the library into a folder, moves the folder, and builds and runs programs with what is there, in every way
# that docs/install.md tells; makes the packages, and as root on Debian installs them, uses them and removes them.
# pkg-config, groff and Debian's tools are installed by apt where they are missing, which needs root. Beside them: what
# test.sh needs, and a C++ compiler. QDQ_BUILD_DIR names another build directory.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

install_tools() {
    local tool package missing=()
    while read -r tool package; do
        command -v "$tool" >/dev/null || missing+=("$package")
    done <<'TOOLS'
pkg-config pkg-config
groff groff-base
file file
dpkg-shlibdeps dpkg-dev
TOOLS
    [ ${#missing[@]} != 0 ] || return 0
    apt_install "${missing[*]}" "${missing[@]}"
}

cargo_dir() {
    sed -n 's/^QDQ_CARGO_DIR:PATH=//p' "$build/CMakeCache.txt"
}

build=${QDQ_BUILD_DIR:-build}
step 'tools' install_tools
step 'the manual is that of the header' python3 tools/manual/manual.py --check
step 'CMake' . scripts/cmake.sh
step 'configure' cmake -S . -B "$build"
step 'build' cmake --build "$build" --target qdq_cargo
work=$PWD/build/install
for part in prefix packages source; do
    step "$part" "c_tests/install/$part.sh" "$PWD" "$(cargo_dir)" "$work"
done
step 'every snippet was run' diff <(grep '/run\.sh$' "$work/snippets" | sort) <(sort -u "$work/ran")
