#!/usr/bin/env bash
# The references, below build/reference/html (C and C++, by doxygen) and target/doc (Rust, by rustdoc); a warning is an error.
# Doxygen is installed by apt where there is none, which needs root.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh
. scripts/apt.sh

install_doxygen() {
    command -v doxygen >/dev/null && return
    apt_install 'doxygen' --no-install-recommends doxygen
}

step 'doxygen' install_doxygen
mkdir -p build
step 'the C and C++ reference' doxygen docs/Doxyfile
step 'the Rust reference' env RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --lib --locked --quiet
